"""A result as a profile looks at it: its metrics at the first generation and at a later one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS, Metric, metrics_of
from modelcollapse.profile.table import Row
from modelcollapse.resampling import median
from modelcollapse.results import MEASURED, experiment_of, measure
from modelcollapse.sources import Law
from modelcollapse.types import Array

SLOW = ("kullback_leibler",)
"""Metrics that take long of mixtures, beside those that are costly."""


@dataclass(frozen=True)
class Case:
    """A result up to the generation that is looked at, and what its metrics are."""

    dataset: xr.Dataset
    experiment: Experiment
    known: dict[str, Metric]
    level: float
    others: tuple[xr.Dataset, ...] = ()
    resamples: int = 0
    seed: int = 0

    @classmethod
    def of(cls, dataset: xr.Dataset, generation: int | None, level: float) -> "Case":
        """Take a result up to a saved generation, the last if none is given."""
        if not 0.0 < level < 1.0:
            raise ValueError(f"level = {level!r}: must lie between 0 and 1")
        saved = dataset["generation"].values
        if not (saved > 0).any():
            raise ValueError("there is no profile: the result holds the truth alone, and no model")
        if generation is not None and (generation < 1 or generation not in saved):
            raise ValueError(
                f"generation = {generation!r}: must be a saved one, from {saved[saved > 0][0]} on"
            )
        last = saved[-1] if generation is None else generation
        part = dataset.isel(generation=saved <= last).transpose("replicate", "generation", ...)
        experiment = experiment_of(dataset)
        return cls(part, experiment, metrics_of(experiment.learner, experiment.source), level)

    @property
    def first(self) -> int:
        """The first fitted generation that is saved."""
        generations = self.dataset["generation"].values
        return int(generations[generations > 0][0])

    @property
    def last(self) -> int:
        """The generation that is looked at."""
        return int(self.dataset["generation"].values[-1])

    def one_of(self, names: Sequence[str]) -> str | None:
        """The first of these metrics that applies."""
        return next((name for name in names if name in self.known), None)

    def ends(self, name: str) -> tuple[Array, Array]:
        """A metric at the first generation and the last, each ``(replicate,)``."""
        slow = METRICS[name].costly or name in SLOW
        part = self.dataset.isel(replicate=slice(MEASURED if slow else None))
        values = measured(part.sel(generation=[self.first, self.last]), name)
        return values[:, 0], values[:, 1]

    def truth(self, name: str) -> float:
        """A metric of the truth; NaN where it has none."""
        start = self.experiment.start
        same = None if start is None else Law(self.experiment.learner, start)
        return self.known[name].value_at_truth(self.experiment.source, same)

    def row(self, meaning: str, names: Sequence[str], what: str, ratio: bool = False) -> Row:
        """The median of the first metric of these that applies, or why there is none."""
        name = self.one_of(names)
        if name is None:
            learner, truth = self.experiment.learner.name, self.experiment.truth.family
            return Row(
                meaning, what, note=f"no such metric where the learner is {learner} and the truth {truth}"
            )
        label, truth = self.known[name].label, self.truth(name)
        unit = self.known[name].unit.format(x="x").replace("(x)", "x")
        values = self.ends(name)
        if ratio and truth > 0.0:
            with np.errstate(over="ignore"):
                values, truth = (values[0] / truth, values[1] / truth), 1.0
            label, unit = f"{label} / the truth's", ""
        return self.medians(Row(meaning, label, unit, truth), *values)

    def medians(self, row: Row, first: Array, last: Array) -> Row:
        """A row with medians in it, where every replicate has a number."""
        lacking = int((np.isnan(first) | np.isnan(last)).sum())
        if lacking:
            note = f"{lacking} of {len(last)} replicates have no number"
            return replace(row, note=note)
        count = self.dataset.sizes["replicate"]
        note = row.note or (f"of the first {len(last)} replicates" if len(last) < count else "")
        ends = median(first, self.level), median(last, self.level)
        return replace(row, first=ends[0], last=ends[1], note=note)


def measured(part: xr.Dataset, name: str) -> Array:
    """A metric ``(replicate, generation)``; a distance without a number is infinite."""
    with np.errstate(all="ignore"):
        values = measure(part, name).transpose("replicate", "generation").values
    lost = METRICS[name].is_distance  # from points
    return np.where(np.isnan(values), np.inf, values) if lost else np.asarray(values)
