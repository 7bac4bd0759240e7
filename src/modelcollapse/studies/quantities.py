"""What figures and tables of a study show of each cell: how it ends, and how fast half is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from modelcollapse.metrics import METRICS, SPREAD
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.views import first_at_most, half_times, laws, measured, metrics_in, truth_of
from modelcollapse.types import Array, BoolArray

HALF = 0.5
QUANTILES = (0.1, 0.9)
DISTANCES = (
    "wasserstein2", "total_variation", "wasserstein2_nd", "frechet_distance", "l2_distance", "excess_error",
    "squared_error_of_rate", "squared_error_of_mean",
)  # fmt: skip
"""How far models end from the truth: of these the first that applies in most cells."""
STATISTICS = ("mean of log", "mean")
TYPICAL = "typical replicate"
"""Laws that are drawn: the one known in the most cells; of two, the typical trajectory, near the median."""


SLOW = ("wasserstein2", "kullback_leibler")
"""Distances that take about half a millisecond a model, where it is a mixture."""
MODELS, LEAST = 6_000, 8
"""Models that such distances are measured of, about; and of how many replicates a cell at least."""

Kind = Literal["ratio", "distance", "time", "factor"]
Curve = Callable[[str, str], Array]
"""What laws say of a metric's statistic at all fitted generations, ``(axes ..., generation)``."""


@dataclass(frozen=True)
class Quantity:
    """A number for each cell, and what is said of it.

    Attributes
    ----------
    kind
        ``"ratio"`` to the truth's, ``"distance"``, ``"time"`` in generations, or ``"factor"``.
    metric, label
        What it is of, and what it is in words.
    low, middle, high
        Its 10 %, 50 % and 90 % quantiles over replicates, ``(axes ...)``: NaN where nothing is known,
        infinite where most replicates never get there.
    law, law_label
        What a law says, NaN where none is known, and of what.
    reach
        Of a time: the least that a law comes to within the study, by what is waited for; NaN where none is
        known.
    last
        The last generation of the study.
    most
        Of how many replicates a cell at most it was measured, where not of all: the first.
    """

    kind: Kind
    metric: str
    label: str
    low: Array
    middle: Array
    high: Array
    law: Array
    reach: Array
    law_label: str
    last: int
    most: int | None = None

    @property
    def name(self) -> str:
        """What it is, in two words: ``"final total_variance"``."""
        return f"{'final' if self.kind in ('ratio', 'distance') else self.kind} {self.metric}"


def quantities(cells: Cells) -> list[Quantity]:
    """All that a figure of a study shows: spread and distance at the end, and half of the spread lost."""
    spread = _most_common(cells, tuple(pair[0] for pair in SPREAD.values()))
    distance = _most_common(cells, DISTANCES)
    fitted = cells.generations[cells.generations > 0].tolist()

    @cache
    def curve(name: str, statistic: str) -> Array:
        return laws(cells, name, statistic, fitted)

    found = []
    if spread:
        found.append(_spread(cells, spread, curve))
    if distance:
        found.append(_final(cells, distance, "distance", np.ones(cells.shape), curve))
    lost = _lost(cells, spread)
    return [*found, *([_speed(cells, lost, curve)] if lost else [])]


def factor(time: Quantity) -> Quantity:
    """How much longer the slowest tenth of the replicates takes than the fastest."""
    with np.errstate(invalid="ignore"):
        ratio = np.where(np.isinf(time.high), np.inf, time.high / time.low)
    none = np.full(ratio.shape, np.nan)
    label = "90 % quantile of that time by its 10 % quantile"
    return Quantity("factor", time.metric, label, none, ratio, none, none, none, "", time.last)


def _most_common(cells: Cells, names: tuple[str, ...]) -> str:
    """The metric of these that applies in the most cells; of several the first."""
    count = dict.fromkeys(names, 0)
    for index in cells:
        for name in {*metrics_in(cells, index)} & {*names}:
            count[name] += 1
    best = max(count, key=lambda name: count[name])
    return best if count[best] else ""


def _spread(cells: Cells, name: str, curve: Curve) -> Quantity:
    """The spread at the end, by the truth's where that is above 0."""
    truth = truth_of(cells, name)
    if not (truth[~np.isnan(truth)] > 0.0).all():
        return _final(cells, name, "distance", np.ones(cells.shape), curve)
    return _final(cells, name, "ratio", truth, curve)


def _final(cells: Cells, name: str, kind: Kind, unit: Array, curve: Curve) -> Quantity:
    """A metric at the end, by a unit for each cell."""
    last, most = int(cells.generations[-1]), _most(cells, name)
    values = measured(cells, name, [last], most).values[..., 0]
    if METRICS[name].is_distance:  # from points there is none
        values = np.where(np.isnan(values) & _applied(cells, name, most), np.inf, values)
    low, middle, high = bands(values / unit[..., None])
    none = np.full(cells.shape, np.nan)
    law, statistic = _best_law(cells, lambda one: curve(name, one)[..., -1] / unit)
    label = METRICS[name].label + (" / the truth's" if kind == "ratio" else "") + ", at the end"
    return Quantity(kind, name, label, low, middle, high, law, none, statistic, last, most)


def _most(cells: Cells, name: str) -> int | None:
    """Of how many replicates a cell a slow distance is measured, where there are too many for all."""
    slow = METRICS[name].costly or (name in SLOW and "component" in cells.dataset.dims)
    most = max(LEAST, MODELS // int(np.prod(cells.shape, dtype=int)))
    return most if slow and cells.dataset.sizes["replicate"] > most else None


def _applied(cells: Cells, name: str, most: int | None) -> BoolArray:
    """Where a metric was measured, ``(axes ..., replicate)``."""
    done = np.zeros((*cells.shape, cells.dataset.sizes["replicate"]), dtype=bool)
    for index in cells:
        done[index][cells.rows(index, most)] = name in metrics_in(cells, index)
    return done


def _lost(cells: Cells, spread: str) -> str:
    """The metric whose half is waited for: of components where all cells have them, else of the whole."""
    for name in ("component_variance", spread):
        truth = truth_of(cells, name) if name else np.zeros(cells.shape)
        several = name != "component_variance" or "component" in cells.dataset.dims
        if several and (truth > 0.0).all():
            return name
    return ""


def _speed(cells: Cells, name: str, curve: Curve) -> Quantity:
    """The time until half is lost, and when laws come to half."""
    low, middle, high = bands(half_times(cells, name).values)
    fitted = cells.generations[cells.generations > 0]
    half = HALF * truth_of(cells, name)

    def crossing(statistic: str) -> Array:
        law = curve(name, statistic)
        return np.where(np.isnan(law).all(axis=-1), np.nan, first_at_most(law, half, fitted))

    law, statistic = _best_law(cells, crossing)
    reach = np.fmin.reduce(curve(name, "mean of log" if statistic == TYPICAL else statistic), axis=-1) / half
    label = f"generations until half of the {METRICS[name].label} is lost"
    last = int(cells.generations[-1])
    return Quantity("time", name, label, low, middle, high, law, reach, statistic, last)


def _best_law(cells: Cells, values: Callable[[str], Array]) -> tuple[Array, str]:
    """The law of the statistic that is known in the most cells, and which it is."""
    best, said = np.full(cells.shape, np.nan), "mean"
    for statistic in STATISTICS:
        found = values(statistic)
        if (~np.isnan(found)).sum() > (~np.isnan(best)).sum():
            best, said = found, TYPICAL if statistic == "mean of log" else statistic
    return best, said


def bands(values: Array) -> tuple[Array, Array, Array]:
    """Two quantiles over the last axis of the numbers there are, the median between; infinite ones too."""
    flat = values.reshape(-1, values.shape[-1])
    found = np.full((3, len(flat)), np.nan)
    for i, row in enumerate(flat):
        there = row[~np.isnan(row)]
        if there.size:
            low, high = np.quantile(there, QUANTILES, method="inverted_cdf")
            found[:, i] = low, np.median(there), high
    low, middle, high = found.reshape(3, *values.shape[:-1])
    return low, middle, high
