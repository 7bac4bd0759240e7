"""A result on disk: a zarr folder, written whole or not at all, that knows whether it is whole."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse.errors import DataError, Problem, RecipeError, StorageError
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS
from modelcollapse.results import LABELS, SCHEMA, experiment_of, shapes
from modelcollapse.version import __version__

VARIABLES = tuple(dict.fromkeys((*LABELS, *METRICS)))
"""What a result can hold, in order: of learners that remember, metrics that were measured in the run, too."""

UNKNOWN = ("learner.name", "learner.settings", "learner.family", "truth.family", "workflow.kind")
"""Fields of a whole recipe that this process may not know: an object, or a table, that another registered."""


def digest(dataset: xr.Dataset) -> str:
    """The SHA-256 of a result's recipe and numbers."""
    sha = hashlib.sha256(str(dataset.attrs.get("recipe")).encode())
    for name in sorted(map(str, dataset.variables)):
        values = np.ascontiguousarray(dataset[name].values)
        if values.dtype.kind not in "biufcU":  # the names along an axis of a study
            values = values.astype(str)
        sha.update(f"{name} {dataset[name].dims} {values.shape} {values.dtype.str}".encode())
        sha.update(values.reshape(-1).view(np.uint8).data)  # the bytes, without a copy
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
    path = place(path)
    try:
        if not path.parent.is_dir():
            raise _refused(path, "its folder does not exist")
        if not os.access(path.parent, os.W_OK):
            raise _refused(path, "its folder is not writable")
        free = shutil.disk_usage(path.parent).free
        if free < needed:
            raise _refused(path, f"{needed} bytes are needed and {free} are free")
        recover(path)
        if not path.exists():
            return
        _check_ours(path)
    except OSError as error:
        raise _refused(path, f"cannot be used: {error}") from None
    if overwrite:
        return
    found = load(path)
    if not _comes_out_again(found, experiment):
        hint = "use --overwrite to replace it, or another --out"
        raise StorageError(
            [Problem("--out", str(path), f"holds another result; {hint}"), *differences(found, experiment)]
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

    It is written beside its place and renamed into it, so that a reader never sees a part. What was
    there before is moved aside for that moment; if the process is killed just then, the next `save`
    or run there puts it back. With ``overwrite`` false nothing is replaced.

    Raises
    ------
    StorageError
        Where it cannot be written; what was there before is as it was.
    """
    path = place(path)
    if "recipe" not in dataset.attrs or "schema" not in dataset.attrs:
        raise _refused(path, "cannot hold this: it is no result of modelcollapse")
    if _is_study(str(dataset.attrs["recipe"])):
        raise _refused(path, "cannot hold a study: its own folder is what keeps it; `mc.cell` gives a result")
    temporary, old = (_beside(path, str(os.getpid()), kind) for kind in ("new", "old"))
    dataset = dataset.transpose("replicate", "generation", ...)
    dataset = dataset.assign_attrs(digest=digest(dataset))
    try:
        if path.exists():
            if not overwrite:
                raise _refused(path, "exists")
            _check_ours(path)
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


def _is_study(recipe: str) -> bool:
    """Whether a recipe is that of a study; one that is none at all is for whoever reads it."""
    try:
        return "sweep" in json.loads(recipe)
    except (ValueError, TypeError, RecursionError):
        return False


def place(path: str | Path) -> Path:
    """The folder that is meant: what a link points to, with its full path."""
    try:
        place = Path(path).resolve()
        loop, here = place.is_symlink(), place == Path.cwd()
    except (OSError, RuntimeError, ValueError) as error:
        raise _refused(Path(path), f"cannot be used: {error}") from None
    if loop:  # Python 3.13 leaves a link that leads to itself as it is
        raise _refused(Path(path), "cannot be used: its link leads to itself")
    if not place.name or here:
        raise _refused(Path(path), "must name a folder of its own")
    return place


def _beside(path: Path, process: str, kind: str) -> Path:
    """A folder beside a result's, for the moment of saving; its name is short whatever the result's is."""
    return path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.{process}.{kind}")


def _check_ours(path: Path) -> None:
    """Refuse to replace anything but a result, whole or damaged, or an empty folder."""
    known = {*VARIABLES, "replicate", "generation", "zarr.json"}
    if not path.is_dir() or not {entry.name for entry in path.iterdir()} <= known:
        raise _refused(path, "is something else than a result, and is left alone")


def recover(path: Path) -> None:
    """Put back what a save that was killed between its two renames had moved aside, and clear up."""
    for old in path.parent.glob(_beside(path, "*", "old").name):
        if _alive(old):
            continue
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(path)
    for new in path.parent.glob(_beside(path, "*", "new").name):
        if not _alive(new):
            shutil.rmtree(new, ignore_errors=True)


def _alive(leftover: Path) -> bool:
    """Whether the process that a temporary folder is named after is still there."""
    try:
        os.kill(int(leftover.name.split(".")[-2]), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


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
    try:
        path = place(path)
        if not path.exists() and os.access(path.parent, os.W_OK):
            recover(path)
        missing = not path.exists()
    except OSError as error:
        raise StorageError(f"cannot be read: {error}", str(path)) from None
    if missing:
        raise DataError("no such result", str(path))
    try:
        with xr.open_zarr(path, chunks=None, consolidated=False) as opened:
            dataset: xr.Dataset = opened.load()
    except Exception as error:
        what = "is no result of modelcollapse, or is damaged"
        raise StorageError(f"{what} ({type(error).__name__})", str(path)) from None
    _check_whole(dataset, str(path))
    return dataset[[name for name in VARIABLES if name in dataset]]


def _check_whole(dataset: xr.Dataset, path: str) -> None:
    """Check schema, hash, recipe and variables of what was read, in this order."""
    schema = dataset.attrs.get("schema")
    if type(schema) is not int or schema < 1 or "recipe" not in dataset.attrs:
        raise StorageError("is no result of modelcollapse", path)
    if schema > SCHEMA:
        version = dataset.attrs.get("modelcollapse_version")
        said = f"written by version {version}; this is {__version__}, which cannot read it"
        raise StorageError(said, path)
    if dataset.attrs.get("digest") != digest(dataset):
        raise StorageError("is damaged: its numbers do not have the hash stored with them", path)
    try:
        experiment = experiment_of(dataset)
        there = {str(name): dataset[name].shape[2:] for name in shapes(experiment)}
    except RecipeError as error:
        own = any(problem.field in UNKNOWN for problem in error.problems)
        said = f"({error})" if own else "(RecipeError)"
        raise StorageError(f"{'' if own else 'is damaged: '}its recipe cannot be read {said}", path) from None
    except Exception as error:
        raise StorageError(f"is damaged: its recipe cannot be read ({type(error).__name__})", path) from None
    if there != shapes(experiment) or 0 in dataset.sizes.values():
        raise StorageError("is damaged: its variables are not those of its recipe", path)
