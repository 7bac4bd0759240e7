"""The result: an xarray.Dataset that carries its recipe; assembled, and measured by any metric."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse.experiment import Experiment
from modelcollapse.families.base import Family
from modelcollapse.metrics import METRICS, metrics_of
from modelcollapse.recursion import Info
from modelcollapse.sources import Law
from modelcollapse.types import Array, IntArray, Params, Status
from modelcollapse.version import __version__

SCHEMA = 1
COUNTS = ("n_real", "n_synthetic", "n_kept")
BOOKKEEPING = (*COUNTS, "iterations", "status")
LABELS = {
    "weight": "weight of a component",
    "mean": "mean of a component",
    "std": "standard deviation of a component",
    "probability": "probability of a category",
    "rate": "mean of the numbers",
    "coefficient": "coefficient of a dimension of the inputs",
    "bandwidth": "standard deviation of a kernel",
    "covariance": "covariance of a component",
    "total_mean": "mean of the model",
    "total_variance": "variance of the model",
    "n_real": "real items in the training set",
    "n_synthetic": "synthetic items in the training set",
    "n_kept": "items kept from the last training set",
    "iterations": "passes of the fit over the training set",
    "status": "what has happened to the replicate",
    "truth_value": "the real items",
    "truth_vector": "the real items, vectors",
    "truth_probability": "probability of a category in the truth",
}
HELD: dict[str, tuple[str, tuple[str, ...]]] = {
    "data": ("truth_value", ("truth_item",)),
    "data-nd": ("truth_vector", ("truth_item", "dimension")),
    "categorical": ("truth_probability", ("category",)),
}
"""The variable and its axes that keep what a truth's file held, so that a result needs no file."""
MEASURED = 1_000
"""Replicates that summaries and profiles measure costly metrics on: the first ones."""
GENERATIONS_AT_ONCE = 64
MODELS_AT_ONCE, COSTLY_AT_ONCE, NUMBERS_AT_ONCE = 4096, 512, 2**22
"""Models that are measured at a time at most, by a costly metric (6 kB of its own a model), and numbers of
those, or of generations that are recorded."""

Variables = dict[str, np.ndarray[Any, Any]]


def shapes(experiment: Experiment) -> dict[str, tuple[int, ...]]:
    """The shape of each variable of one replicate and generation; nothing is allocated."""
    learner = experiment.learner
    sizes = learner.sizes()
    found = {name: tuple(sizes[d] for d in axes) for name, axes in learner.dimensions.items()}
    return found | dict.fromkeys((*remembered(experiment), *BOOKKEEPING), ())


def remembered(experiment: Experiment) -> list[str]:
    """Metrics that are measured while a recipe runs, since no result stores the learner's parameters."""
    learner = experiment.learner
    if not learner.remembers:
        return []
    known = metrics_of(learner, experiment.source)
    return [name for name in known if name not in learner.dimensions]


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
    if "total_mean" in variables:
        mean, variance = experiment.source.moments()
        variables["total_mean"][:, 0] = mean[0]
        variables["total_variance"][:, 0] = variance[0]
    for name in remembered(experiment):
        metric = metrics_of(experiment.learner, experiment.source)[name]
        variables[name][:, 0] = metric.value_at_truth(experiment.source, None)


def put(
    variables: Variables,
    rows: slice,
    column: int,
    experiment: Experiment,
    block: Sequence[tuple[Params, Info]],
) -> None:
    """Write some generations of some replicates, from ``column`` on."""
    shape = (rows.stop - rows.start, len(block))
    columns = slice(column, column + len(block))
    if experiment.learner.remembers:
        recorded = [_measured(experiment, params) for params, _ in block]
        values = {name: np.stack([one[name] for one in recorded], axis=1) for name in recorded[0]}
    else:
        values = _recorded(experiment.learner, [params for params, _ in block], shape)
    for name, value in values.items():
        variables[name][rows, columns] = value
    counts = np.stack([info.counts for _, info in block], axis=1)
    for i, name in enumerate(COUNTS):
        variables[name][rows, columns] = counts[:, :, i]
    variables["iterations"][rows, columns] = np.stack([info.iterations for _, info in block], axis=1)
    variables["status"][rows, columns] = np.stack([info.status for _, info in block], axis=1)


def at_once(experiment: Experiment, replicates: int) -> int:
    """How many generations of some replicates are recorded together: it costs a tenth, but they are held."""
    numbers = replicates * sum(math.prod(shape) for shape in shapes(experiment).values())
    return min(GENERATIONS_AT_ONCE, max(1, NUMBERS_AT_ONCE // numbers))


def _recorded(family: Family, each: Sequence[Params], shape: tuple[int, int]) -> dict[str, Array]:
    """What a family records of some generations, all of them together: ``(replicate, generation, ...)``."""
    fields = zip(*each, strict=True)
    together = [np.stack(field, axis=1).reshape(shape[0] * shape[1], *field[0].shape[1:]) for field in fields]
    with np.errstate(over="ignore"):  # infinite where float64 has no number so large
        values = family.record(type(each[0])(*together))
    return {name: value.reshape(*shape, *value.shape[1:]) for name, value in values.items()}


def _measured(experiment: Experiment, params: Params) -> dict[str, Array]:
    """What is stored of one generation whose parameters are not: ``(replicate, ...)``."""
    learner, truth = experiment.learner, experiment.source
    known, models = metrics_of(learner, truth), Law(learner, params)
    with np.errstate(over="ignore"):  # infinite where float64 has no number so large
        metrics = {name: known[name].compute(models, truth) for name in remembered(experiment)}
        return {**learner.record(params), **metrics}


def assemble(experiment: Experiment, variables: Variables, saved: Sequence[int]) -> xr.Dataset:
    """Make the Dataset: dimensions, coordinates, labels, the recipe and the versions."""
    dimensions = {
        name: ("replicate", "generation", *experiment.learner.dimensions.get(name, ())) for name in variables
    }
    data = {name: (dimensions[name], value[:, : len(saved)]) for name, value in variables.items()}
    if experiment.held is not None:
        variable, axes = HELD[experiment.truth.family]
        data[variable] = (axes, experiment.held.copy())
    coordinates = {
        "replicate": np.arange(experiment.replicates),
        "generation": np.asarray(saved, dtype=np.int64),
    }
    dataset = xr.Dataset(data, coordinates, attrs=_attributes(experiment))
    for name in dataset.data_vars:
        dataset[name].attrs["long_name"] = label(str(name))
    dataset["status"].attrs.update(flags(), flag_masks=np.array([int(s) for s in Status], dtype=np.int32))
    return dataset


def label(name: str) -> str:
    """What a variable is, in words."""
    return LABELS.get(name, METRICS[name].label if name in METRICS else name)


def flags() -> dict[str, Any]:
    """The bits of a status and their names, as attributes of the variable."""
    names = " ".join(str(member.name).lower() for member in Status)
    return {"flag_masks": [int(member) for member in Status], "flag_meanings": names}


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
    """The recipe a result came from; what its truth's file held is stored with it."""
    held = [dataset[name].values for name, _ in HELD.values() if name in dataset]
    values = held[0] if held else np.empty(0)
    return Experiment.from_json(dataset.attrs["recipe"], values)


def measure(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Compute a metric for every replicate and generation of a result: ``(replicate, generation)``.

    Parameters
    ----------
    dataset
        A result, or part of one: select generations first where a metric takes long.
    name
        A metric that applies to the result's family and truth: all are listed in ``docs/recipe.md``.
    """
    experiment, dimensions = experiment_of(dataset), ("replicate", "generation")
    stored = {
        n: dataset[n].transpose(*dimensions, ...).values
        for n in needed(experiment, name)
        if n in dataset or not experiment.learner.remembers
    }
    values = evaluate(experiment, name, stored, dataset["generation"].values)
    coordinates = {d: dataset[d] for d in dimensions}
    return xr.DataArray(values, coordinates, dimensions, name, {"long_name": METRICS[name].label})


def needed(experiment: Experiment, name: str) -> tuple[str, ...]:
    """The stored variables that a metric is computed from.

    Raises
    ------
    ValueError
        Where the metric does not apply to the recipe's family and truth.
    """
    known = metrics_of(experiment.learner, experiment.source)
    if name not in known:
        raise ValueError(f"metric = {name!r}: must be one of {', '.join(known)}")
    return (name,) if experiment.learner.remembers else tuple(experiment.learner.dimensions)


def evaluate(experiment: Experiment, name: str, stored: Variables, generations: IntArray) -> Array:
    """Compute a metric that applies from what is stored, each variable ``(replicate, generation, ...)``."""
    family, truth, metric = experiment.learner, experiment.source, METRICS[name]
    if family.remembers:
        if name not in stored:
            raise ValueError(f"metric = {name!r}: was not measured while the recipe ran; run it again")
        return np.array(stored[name])
    fitted, replicates = generations > 0, next(iter(stored.values())).shape[0]
    replicate, generation = np.nonzero(np.tile(fitted, (replicates, 1)))
    values = np.empty((replicates, len(fitted)))
    of_one = sum(math.prod(value.shape[2:]) for value in stored.values())
    most = COSTLY_AT_ONCE if metric.costly else MODELS_AT_ONCE
    at_once = min(most, max(1, NUMBERS_AT_ONCE // max(of_one, 1)))
    for i in range(0, len(replicate), at_once):  # nothing is copied whole: it may fill most of the memory
        rows = replicate[i : i + at_once], generation[i : i + at_once]
        params = family.restore({name: value[rows] for name, value in stored.items()})
        with np.errstate(over="ignore"):  # infinite where float64 has no number so large
            values[rows] = metric.compute(Law(family, params), truth)
    if not fitted.all():
        values[:, ~fitted] = at_truth(experiment, name)
    return values


def at_truth(experiment: Experiment, name: str) -> float:
    """A metric of the truth itself, generation 0; NaN where it has none."""
    same = None if experiment.start is None else Law(experiment.learner, experiment.start)
    return METRICS[name].value_at_truth(experiment.source, same)


def first_generation(dataset: xr.Dataset, name: str, value: float) -> xr.DataArray:
    """The first saved generation in which a metric has a value, ``(replicate,)``; NaN where it never has.

    ``first_generation(dataset, "categories_alive", 1)`` is when one category is left.
    """
    reached = measure(dataset, name).transpose("replicate", "generation") == value
    first = dataset["generation"].values[reached.values.argmax(axis=1)].astype(np.float64)
    return xr.DataArray(
        np.where(reached.values.any(axis=1), first, np.nan),
        {"replicate": dataset["replicate"]},
        ("replicate",),
    )
