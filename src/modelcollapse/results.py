"""The result: an xarray.Dataset that carries its recipe; assembled, measured, saved, loaded, checked."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse.errors import DataError, Problem, StorageError
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS
from modelcollapse.sources import DataSet, Law, Source
from modelcollapse.types import Array, IntArray, Status
from modelcollapse.version import __version__

SCHEMA = 1
COUNTS = ("n_real", "n_synthetic", "n_kept")
BOOKKEEPING = (*COUNTS, "iterations", "status")
LABELS = {
    "weight": "weight of a component",
    "mean": "mean of a component",
    "std": "standard deviation of a component",
    "total_mean": "mean of the model",
    "total_variance": "variance of the model",
    "n_real": "real items in the training set",
    "n_synthetic": "synthetic items in the training set",
    "n_kept": "items kept from the last training set",
    "iterations": "passes of the fit over the training set",
    "status": "what has happened to the replicate",
    "truth_value": "the real items",
}
MODELS_AT_ONCE = 4096

Variables = dict[str, np.ndarray[Any, Any]]


def allocate(experiment: Experiment, saved: int) -> Variables:
    """Make the arrays of a result, ``(replicate, generation, ...)``, NaN where nothing is known yet."""
    shape = (experiment.replicates, saved)
    blank = experiment.learner.record(experiment.learner.blank(1))
    variables: Variables = {
        name: np.full((*shape, *value.shape[1:]), np.nan) for name, value in blank.items()
    }
    for name in BOOKKEEPING:
        variables[name] = np.zeros(shape, dtype=np.int64 if name != "status" else np.int32)
    _put_truth(experiment, variables)
    return variables


def _put_truth(experiment: Experiment, variables: Variables) -> None:
    """Generation 0: the truth, with parameters if it is of the learner's family and size."""
    if experiment.start is not None:
        for name, value in experiment.learner.record(experiment.start).items():
            variables[name][:, 0] = value[0]
    mean, variance = experiment.source.moments()
    variables["total_mean"][:, 0] = mean[0]
    variables["total_variance"][:, 0] = variance[0]


def put(
    variables: Variables, rows: slice, column: int, record: Mapping[str, Array], counts: IntArray,
    iterations: IntArray, status: IntArray,
) -> None:  # fmt: skip
    """Write one generation of some replicates."""
    for name, value in record.items():
        variables[name][rows, column] = value
    for i, name in enumerate(COUNTS):
        variables[name][rows, column] = counts[:, i]
    variables["iterations"][rows, column] = iterations
    variables["status"][rows, column] = status


def assemble(experiment: Experiment, variables: Variables, saved: Sequence[int]) -> xr.Dataset:
    """Make the Dataset: dimensions, coordinates, labels, the recipe and the versions."""
    dimensions = {
        name: ("replicate", "generation", *experiment.learner.dimensions.get(name, ())) for name in variables
    }
    data = {name: (dimensions[name], value[:, : len(saved)]) for name, value in variables.items()}
    if isinstance(experiment.source, DataSet):
        data["truth_value"] = (("truth_item",), experiment.source.values)
    coordinates = {
        "replicate": np.arange(experiment.replicates),
        "generation": np.asarray(saved, dtype=np.int64),
    }
    dataset = xr.Dataset(data, coordinates, attrs=_attributes(experiment))
    for name in dataset.data_vars:
        dataset[name].attrs["long_name"] = LABELS.get(str(name), str(name))
    dataset["status"].attrs["flag_masks"] = np.array([int(s) for s in Status], dtype=np.int32)
    dataset["status"].attrs["flag_meanings"] = " ".join(str(s.name).lower() for s in Status)
    return dataset


def _attributes(experiment: Experiment) -> dict[str, Any]:
    import numba

    return {
        "recipe": experiment.to_json(),
        "seed": str(experiment.seed),
        "schema": SCHEMA,
        "modelcollapse_version": __version__,
        "numpy_version": np.__version__,
        "numba_version": numba.__version__,
        "notes": "; ".join(experiment.notes()),
    }


def experiment_of(dataset: xr.Dataset) -> Experiment:
    """The recipe a result came from; a data set as truth is stored with it."""
    values = dataset["truth_value"].values if "truth_value" in dataset else None
    return Experiment.from_json(dataset.attrs["recipe"], values)


def measure(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Compute a metric for every replicate and generation of a result: ``(replicate, generation)``.

    Parameters
    ----------
    dataset
        A result, or part of one: select generations first where a metric takes long.
    name
        One of ``total_variance``, ``component_variance``, ``components_alive``, ``tail_mass``,
        ``wasserstein2``, ``kullback_leibler``, ``squared_error_of_mean``.
    """
    if name not in METRICS:
        raise ValueError(f"metric = {name!r}: must be one of {', '.join(METRICS)}")
    metric = METRICS[name]
    experiment = experiment_of(dataset)
    family, truth = experiment.learner, experiment.source
    fitted = dataset["generation"].values > 0
    part = dataset.isel(generation=fitted).transpose("replicate", "generation", ...)
    shape = (part.sizes["replicate"], part.sizes["generation"])
    flat = {n: _flat(part[n].values, shape) for n in family.dimensions}
    values = np.full((shape[0], len(fitted)), metric.at_truth)
    computed = [
        metric.compute(Law(family, family.restore(_rows(flat, i))), truth)
        for i in range(0, shape[0] * shape[1], MODELS_AT_ONCE)
    ]
    if computed:
        values[:, fitted] = np.concatenate(computed).reshape(shape)
    values[:, ~fitted] = _at_truth(metric.name, metric.at_truth, truth, experiment)
    dimensions = ("replicate", "generation")
    coordinates = {d: dataset[d] for d in dimensions}
    return xr.DataArray(values, coordinates, dimensions, name, {"long_name": metric.label})


def _flat(values: Array, shape: tuple[int, int]) -> Array:
    return values.reshape(shape[0] * shape[1], *values.shape[2:])


def _rows(flat: Mapping[str, Array], first: int) -> dict[str, Array]:
    return {name: value[first : first + MODELS_AT_ONCE] for name, value in flat.items()}


def _at_truth(name: str, known: float, truth: Source, experiment: Experiment) -> float:
    """A metric's value at generation 0, where the model is the truth."""
    if name == "total_variance":
        return float(truth.moments()[1][0])
    if name in ("component_variance", "components_alive") and experiment.start is not None:
        return float(METRICS[name].compute(Law(experiment.learner, experiment.start), truth)[0])
    if name == "kullback_leibler" and not isinstance(truth, Law):
        return np.nan
    return known


def digest(dataset: xr.Dataset) -> str:
    """The SHA-256 of a result's recipe and numbers."""
    sha = hashlib.sha256(str(dataset.attrs.get("recipe")).encode())
    for name in sorted(map(str, dataset.variables)):
        values = np.ascontiguousarray(dataset[name].values)
        sha.update(f"{name} {dataset[name].dims} {values.shape} {values.dtype.str}".encode())
        sha.update(values.tobytes())
    return sha.hexdigest()


def differences(dataset: xr.Dataset, experiment: Experiment) -> list[Problem]:
    """The fields in which a result's recipe differs from another."""
    theirs, ours = _fields(experiment_of(dataset)), _fields(experiment)
    return [
        Problem(name, ours.get(name), f"the result there has {theirs.get(name)!r}")
        for name in sorted({*theirs, *ours})
        if theirs.get(name) != ours.get(name)
    ]


def _fields(experiment: Experiment) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    table = experiment.table() | {"truth": experiment.table()["truth"] | experiment.content()["truth"]}
    for name, value in table.items():
        inner = value if isinstance(value, dict) else {"": value}
        fields.update({f"{name}.{key}".rstrip("."): v for key, v in inner.items()})
    if "truth.sha256" in fields:  # the content counts, not the path
        fields.pop("truth.path", None)
        fields.pop("truth.column", None)
    return fields


def check_target(path: str | Path, experiment: Experiment, overwrite: bool, needed: int = 0) -> None:
    """Refuse a place for a result before any work: not writable, too small, or of another recipe.

    A result with the same recipe but fewer generations or replicates may be replaced: what it
    holds comes out again, to the bit.
    """
    import zarr  # here, so that a run that is interrupted does not wait for it

    assert zarr is not None
    path = Path(path)
    try:
        exists = path.exists() or path.is_symlink()
        parent = path.absolute().parent
        if not parent.is_dir():
            raise _refused(path, "its folder does not exist")
        if not os.access(parent, os.W_OK):
            raise _refused(path, "its folder is not writable")
        free = shutil.disk_usage(parent).free
        if free < needed:
            raise _refused(path, f"{needed} bytes are needed and {free} are free")
        if not exists or overwrite:
            return
        path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise _refused(path, f"cannot be used: {error}") from None
    found = load(path)
    if not _comes_out_again(found, experiment):
        hint = "use --overwrite to replace it, or another --out"
        raise StorageError(
            [
                *differences(found, experiment),
                Problem("--out", str(path), f"holds another result; {hint}"),
            ],
            str(path),
        )


def _comes_out_again(dataset: xr.Dataset, experiment: Experiment) -> bool:
    """Whether another recipe gives all the numbers that a result holds."""
    theirs = experiment_of(dataset)
    return (
        (theirs.seed, theirs.key(), theirs.content())
        == (experiment.seed, experiment.key(), experiment.content())
        and theirs.replicates <= experiment.replicates
        and set(dataset["generation"].values.tolist()) <= set(experiment.saved())
    )


def _refused(path: Path, reason: str) -> StorageError:
    return StorageError([Problem("--out", str(path), reason)], str(path))


def save(dataset: xr.Dataset, path: str | Path, overwrite: bool = True) -> None:
    """Write a result as a zarr store: whole or not at all.

    It is written beside its place and renamed into it, so that a reader, or a crash, never sees a
    part. What was there before is replaced, unless ``overwrite`` is false.

    Raises
    ------
    StorageError
        Where it cannot be written; what was there before is as it was.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise _refused(path, "exists")
    if path.exists() and not (path / "zarr.json").exists() and (path.is_file() or any(path.iterdir())):
        raise _refused(path, "is something else than a result, and is left alone")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    dataset = dataset.assign_attrs(digest=digest(dataset))
    try:
        dataset.to_zarr(temporary, mode="w", zarr_format=3, consolidated=False, encoding=_encoding(dataset))
        if path.exists():
            path.rename(old)
        temporary.rename(path)
    except OSError as error:
        raise _refused(path, f"cannot be written: {error}") from None
    finally:
        if old.exists() and not path.exists():
            old.rename(path)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _encoding(dataset: xr.Dataset) -> dict[str, Any]:
    """Chunks of whole replicates, about 16 MiB each."""
    encoding = {}
    for name in map(str, dataset.variables):
        shape = dataset[name].shape
        row = max(int(np.prod(shape[1:])) * 8, 1)
        first = max(1, min(shape[0], 2**24 // row)) if shape else 1
        encoding[name] = {"chunks": (first, *shape[1:])}
    return encoding


def load(path: str | Path) -> xr.Dataset:
    """Read a result into memory and check that it is whole.

    Raises
    ------
    DataError
        Where there is no such file.
    StorageError
        Where it is damaged, no result, or written by a newer version.
    """
    path = Path(path)
    if not path.exists():
        raise DataError("no such result", str(path))
    try:
        with xr.open_zarr(path, chunks=None, consolidated=False) as opened:
            dataset: xr.Dataset = opened.load()
    except Exception as error:
        raise StorageError(f"is damaged or no result: {type(error).__name__}", str(path)) from None
    schema = dataset.attrs.get("schema")
    if not isinstance(schema, int) or "recipe" not in dataset.attrs:
        raise StorageError("is no result of modelcollapse", str(path))
    if schema > SCHEMA:
        version = dataset.attrs.get("modelcollapse_version")
        here = __version__
        raise StorageError(f"written by version {version}; this is {here}, which cannot read it", str(path))
    if dataset.attrs.get("digest") != digest(dataset):
        raise StorageError("is damaged: its numbers do not have the hash stored with them", str(path))
    return dataset
