"""What one asks of a study: a metric in all cells, when half of the truth is lost, and what laws say."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr

from modelcollapse import results
from modelcollapse.lab import cores
from modelcollapse.metrics import METRICS
from modelcollapse.results import at_truth
from modelcollapse.studies.cells import Cells, Index, is_study
from modelcollapse.theory import Expectation, expectations
from modelcollapse.types import Array, IntArray

HALF = 0.5
"""The share of the truth's value that a first passage is about."""


def measure(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Compute a metric for every replicate and generation of a result: ``(replicate, generation)``.

    Of a study, for every cell: ``(axes ..., replicate, generation)``, with NaN where nothing is computed yet.

    Parameters
    ----------
    dataset
        A result or a study, or part of one: select generations first where a metric takes long.
    name
        A metric that applies to the family and the truth: all are listed in ``docs/recipe.md``.
    """
    return measure_study(dataset, name) if is_study(dataset) else results.measure(dataset, name)


def measure_study(dataset: xr.Dataset, name: str, generations: Sequence[int] | None = None) -> xr.DataArray:
    """Compute a metric in all cells: ``(axes ..., replicate, generation)``.

    Parameters
    ----------
    dataset
        A study, or a part of one.
    name
        A metric that applies in one cell at least.
    generations
        Saved generations to measure; all if not given.

    Returns
    -------
    xarray.DataArray
        NaN for replicates that are not done, and in cells where the metric does not apply.
    """
    return measured(Cells.of(dataset), name, generations)


def measured(
    cells: Cells, name: str, generations: Sequence[int] | None = None, most: int | None = None
) -> xr.DataArray:
    """As `measure_study`, of a study that is read already; of the first ``most`` replicates that are done."""
    columns = _columns(cells, generations)
    replicates = cells.dataset.sizes["replicate"]
    values = np.full((*cells.shape, replicates, len(columns)), np.nan)

    def fill(index: Index) -> bool:
        with np.errstate(
            all="ignore"
        ):  # of models that are points; it does not reach into threads from outside
            found = cells.measure(index, name, columns, most)
        if found is not None:
            values[index][cells.rows(index, most)] = found
        return found is not None

    with ThreadPoolExecutor(cores()) as pool:  # most of the time is in kernels, which let others work
        applies = list(pool.map(fill, cells))
    if not any(applies):
        known = dict.fromkeys(n for index in cells for n in metrics_in(cells, index))
        raise ValueError(f"metric = {name!r}: must be one of {', '.join(known)}")
    long_name = METRICS[name].label
    return _labelled(cells, values, ("replicate", "generation"), columns, name, long_name)


def metrics_in(cells: Cells, index: Index) -> list[str]:
    """The metrics that apply in a cell."""
    experiment = cells.experiment(index)
    return [n for n, metric in METRICS.items() if metric.applies(experiment.learner, experiment.source)]


def truth_of(cells: Cells, name: str) -> Array:
    """A metric of the truth itself in each cell, ``(axes ...)``; NaN where it has none or does not apply."""
    values = np.full(cells.shape, np.nan)
    for index in cells:
        experiment = cells.experiment(index)
        if METRICS[name].applies(experiment.learner, experiment.source):
            values[index] = at_truth(experiment, name)
    return values


def half_time(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """The first saved generation in which a metric is at most half of what it is for the truth.

    Returns
    -------
    xarray.DataArray
        ``(axes ..., replicate)``. Infinite where that never happens within the study. NaN where the
        replicate is not done, or the metric does not apply or is not above 0 for the truth.
    """
    return half_times(Cells.of(dataset), name)


def half_times(cells: Cells, name: str) -> xr.DataArray:
    """As `half_time`, of a study that is read already."""
    fitted = cells.generations[cells.generations > 0]
    values = measured(cells, name, fitted.tolist()).values
    first = first_at_most(values, HALF * truth_of(cells, name)[..., None], fitted)
    there = np.isfinite(values).any(axis=-1) | np.isinf(values).any(axis=-1)
    label = f"first generation with at most half of the truth's {METRICS[name].label}"
    return _labelled(cells, np.where(there, first, np.nan), ("replicate",), [], name, label)


def first_at_most(values: Array, limit: Array, generations: IntArray) -> Array:
    """The first generation at which values ``(..., generation)`` are at most a limit ``(...)``.

    Infinite where they never are; NaN where the limit is no number above 0.
    """
    reached = values <= limit[..., None]
    first = np.where(reached.any(axis=-1), generations[reached.argmax(axis=-1)], np.inf)
    return np.where(limit > 0.0, first, np.nan)


def expected(dataset: xr.Dataset, name: str, generation: int, statistic: str = "mean") -> xr.DataArray:
    """What a law says of a metric at a generation >= 1: ``(axes ...)``, NaN where none is known.

    Parameters
    ----------
    statistic
        ``"mean"``, ``"median"``, ``"share"``; of ``"mean of log"`` its exponential, the typical trajectory.
    """
    cells = Cells.of(dataset)
    law = laws(cells, name, statistic, [generation])
    label = f"law of the {statistic}: {METRICS[name].label}"
    return _labelled(cells, law[..., 0], (), [], name, label)


def laws(cells: Cells, name: str, statistic: str, generations: Sequence[int]) -> Array:
    """What laws say at generations >= 1, ``(axes ..., generation)``; NaN where none is known."""
    t = np.asarray(generations, dtype=np.float64)
    values = np.full((*cells.shape, len(t)), np.nan)
    for index in cells:
        law = law_in(cells, index, name, statistic)
        if law is not None:
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # a law may leave float64, as what it speaks of
                at = law.at(t)
                values[index] = np.exp(at) if statistic == "mean of log" else at
    return values


def law_in(cells: Cells, index: Index, name: str, statistic: str) -> Expectation | None:
    """The law of a metric's mean, median or share in a cell: one that says what it is, no bound."""
    for law in expectations(cells.experiment(index)):
        if (law.metric, law.statistic, law.sense) == (name, statistic, "equal"):
            return law
    return None


def _columns(cells: Cells, generations: Sequence[int] | None) -> list[int]:
    """Where generations are saved."""
    saved = cells.generations.tolist()
    if generations is None:
        return list(range(len(saved)))
    missing = [g for g in generations if g not in saved]
    if missing:
        raise ValueError(f"generation {missing[0]} was not saved")
    return [saved.index(g) for g in generations]


def _labelled(
    cells: Cells, values: Array, dims: tuple[str, ...], columns: Sequence[int], name: str, long_name: str
) -> xr.DataArray:
    """Numbers in each cell with the study's coordinates."""
    frame = (
        cells.dataset["done"] if "replicate" in dims else cells.dataset["done"].isel(replicate=0, drop=True)
    )
    coordinates = dict(frame.coords)
    if "generation" in dims:
        coordinates["generation"] = cells.dataset["generation"][list(columns)]
    return xr.DataArray(values, coordinates, (*cells.axes, *dims), name, {"long_name": long_name})
