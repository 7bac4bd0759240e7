"""What may take too long for a page: distances, and laws of many categories. Some of them are left out."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS
from modelcollapse.page import wire
from modelcollapse.sources import DataSet, Law
from modelcollapse.theory import expectations
from modelcollapse.theory.categories import MOST_CHAINS, MOST_ITEMS
from modelcollapse.types import IntArray

SHARE = 0.3
"""Of the time of a run, what slow metrics may take."""
QUANTILES = 100_000
"""Replicates times items of a data set up to which distances to it are computed."""
PRODUCTS = 3e9
"""Multiplications of a chain of categories, up to which its laws are shown: some tenths of a second."""
DRAWN = 120
"""Generations at which a law is drawn, about."""


class Budget:
    """Sees that slow metrics take no more than a part of the time: they are measured now and then."""

    def __init__(self, experiment: Experiment, metrics: list[str], fast: bool) -> None:
        """Take the recipe."""
        source, replicates = experiment.source, experiment.replicates
        far = isinstance(source, DataSet) and replicates * len(source.values) > QUANTILES
        self._slow = {name for name in metrics if METRICS[name].costly and not experiment.learner.remembers}
        self.left_out = self._slow if fast or far else set()
        self._took, self._rate = 0.0, 0.0
        self.begin()

    def begin(self) -> float:
        """Begin to count the time of the run: now."""
        self._began = time.monotonic()
        return self._began

    def places(self, name: str, count: int, needed: bool) -> IntArray:
        """Which of the generations of a line are measured: the last one, if ``needed`` is set."""
        if name not in self._slow:
            return np.arange(count)
        left = SHARE * (time.monotonic() - self._began) - self._took
        most = count if self._rate == 0.0 else int(left / self._rate)
        if self._rate == 0.0 or most < 1:  # not known yet; or no time for it
            return np.arange(count)[-1:] if needed or self._rate == 0.0 else np.arange(0)
        return np.unique(np.linspace(count - 1, 0, min(most, count)).round().astype(int))

    @contextmanager
    def spent(self, name: str, count: int) -> Iterator[None]:
        """Count the time of measuring some generations."""
        began = time.monotonic()
        yield
        if name in self._slow:
            took = time.monotonic() - began
            self._took += took
            self._rate = took / count


def quick(experiment: Experiment) -> bool:
    """Whether all laws of a recipe are known in some tenths of a second: chains of categories may not be."""
    source, n = experiment.source, experiment.n_samples
    if not isinstance(source, Law) or not hasattr(source.params, "probability"):
        return True
    many = source.params.probability.shape[1]
    chained = n <= MOST_ITEMS and many <= MOST_CHAINS
    return not chained or float(n) * n * many * experiment.generations <= PRODUCTS


def laws(experiment: Experiment, metrics: list[str], saved: list[int]) -> list[dict[str, Any]]:
    """Laws of some metrics, each at some of the generations that are sent."""
    steps = np.array(saved[1:], dtype=np.float64)
    few = np.linspace(0, len(steps) - 1, min(len(steps), DRAWN)).round().astype(int)
    steps = steps[np.unique(few)]
    found = []
    for law in expectations(experiment) if quick(experiment) else ():
        if law.metric not in metrics or law.sense != "equal":
            continue
        with np.errstate(all="ignore"):
            values = law.at(steps)
        kept = np.isfinite(values)
        points = zip(steps[kept].astype(int).tolist(), values[kept], strict=True)
        found.append(
            {
                "metric": law.metric,
                "statistic": law.statistic,
                "label": law.label,
                "source": law.source,
                "values": [[t, float(f"{value:.{wire.DIGITS}g}")] for t, value in points],
            }
        )
    return found
