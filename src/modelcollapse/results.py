"""The result: an xarray.Dataset that carries its recipe; assembled, and measured by any metric."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse.experiment import Experiment
from modelcollapse.families.base import Family
from modelcollapse.metrics import METRICS
from modelcollapse.recursion import Info
from modelcollapse.sources import DataSet, Law, Source
from modelcollapse.types import Array, Params, Status
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


def shapes(experiment: Experiment) -> dict[str, tuple[int, ...]]:
    """The shape of each variable of one replicate and generation; nothing is allocated."""
    learner = experiment.learner
    sizes = learner.sizes()
    found = {name: tuple(sizes[d] for d in axes) for name, axes in learner.dimensions.items()}
    return found | dict.fromkeys(BOOKKEEPING, ())


def allocate(experiment: Experiment, saved: int) -> Variables:
    """Make the arrays of a result, ``(replicate, generation, ...)``, NaN where nothing is known yet."""
    variables: Variables = {}
    for name, shape in shapes(experiment).items():
        whole = (experiment.replicates, saved, *shape)
        if name in BOOKKEEPING:
            variables[name] = np.zeros(whole, dtype=np.int32 if name == "status" else np.int64)
        else:
            variables[name] = np.full(whole, np.nan)
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
    variables: Variables, rows: slice, column: int, family: Family, block: Sequence[tuple[Params, Info]]
) -> None:
    """Write some generations of some replicates, from ``column`` on."""
    shape = (rows.stop - rows.start, len(block))
    columns = slice(column, column + len(block))
    fields = zip(*(params for params, _ in block), strict=True)
    together = [np.stack(field, axis=1).reshape(shape[0] * shape[1], *field[0].shape[1:]) for field in fields]
    for name, value in family.record(type(block[0][0])(*together)).items():
        variables[name][rows, columns] = value.reshape(*shape, *value.shape[1:])
    counts = np.stack([info.counts for _, info in block], axis=1)
    for i, name in enumerate(COUNTS):
        variables[name][rows, columns] = counts[:, :, i]
    variables["iterations"][rows, columns] = np.stack([info.iterations for _, info in block], axis=1)
    variables["status"][rows, columns] = np.stack([info.status for _, info in block], axis=1)


def assemble(experiment: Experiment, variables: Variables, saved: Sequence[int]) -> xr.Dataset:
    """Make the Dataset: dimensions, coordinates, labels, the recipe and the versions."""
    dimensions = {
        name: ("replicate", "generation", *experiment.learner.dimensions.get(name, ())) for name in variables
    }
    data = {name: (dimensions[name], value[:, : len(saved)]) for name, value in variables.items()}
    if isinstance(experiment.source, DataSet):
        data["truth_value"] = (("truth_item",), experiment.source.values.copy())
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
    values = dataset["truth_value"].values if "truth_value" in dataset else np.empty(0)
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
