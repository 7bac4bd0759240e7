"""What a generation looks like: densities and histograms on fixed places, to be laid side by side."""

from typing import Any

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.base import REAL
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.sources import DataSet, Law
from modelcollapse.types import Array, Params

POINTS, BINS = 201, 50
EDGE = 4.5
"""Shown are the quantiles of the truth from Phi(-4.5) to Phi(4.5)."""


class View:
    """Where the densities of a recipe are looked at: points on the line, or categories."""

    def __init__(self, experiment: Experiment) -> None:
        """Choose the places from the truth alone: they do not move."""
        self.experiment = experiment
        self.on_the_line = experiment.learner.items == REAL
        self.of_categories = experiment.learner.items == CATEGORIES
        if self.on_the_line:
            low, high = experiment.source.quantile(np.array([[-EDGE, EDGE]]))[0]
            room = 0.02 * (high - low)
            self.x = np.linspace(low - room, high + room, POINTS)
            self.edges = np.linspace(low - room, high + room, BINS + 1)
        else:
            count = experiment.learner.sizes().get("category", 0) if self.of_categories else 0
            self.x = np.arange(count, dtype=np.float64)
            self.edges = np.arange(count + 1) - 0.5

    def truth(self) -> Array:
        """The truth's density at the points; of a data set its histogram, read off there."""
        source = self.experiment.source
        if isinstance(source, DataSet):
            height, edges = np.histogram(source.values, self.edges, density=True)
            return np.asarray(height[np.clip(np.searchsorted(edges, self.x) - 1, 0, len(height) - 1)])
        assert isinstance(source, Law)
        if self.of_categories:
            return np.asarray(source.params.probability[0])
        return self._density(source) if self.on_the_line else np.empty(0)

    def model(self, params: Params) -> Array | None:
        """One model's density at the points; None where it has none."""
        law = Law(self.experiment.learner, params)
        if self.of_categories:
            return np.asarray(params.probability[0])
        return self._density(law) if self.on_the_line and law.family.offers("log_pdf") else None

    def _density(self, law: Law) -> Array:
        with np.errstate(all="ignore"):
            density = np.exp(law.line.log_pdf(law.params, self.x[None, :])[0])
        return np.where(np.isfinite(density), density, 0.0)

    def training(self, data: Any, replicate: int) -> Array | None:
        """How much of a training set lies in each bin; None where an engine holds no items.

        Items count as they do in the fit. Counts on bins are spread evenly over each of them.
        """
        if hasattr(data, "x"):
            return self._of_items(data, replicate)
        if not hasattr(data, "count"):
            return None
        count = data.count[replicate]
        if self.of_categories:
            return np.asarray(count[: len(self.x)])
        grid = data.grid
        ends = (grid.first[replicate] + np.arange(len(count) + 1)) * 2.0 ** float(grid.exponent[replicate])
        below = np.concatenate([[0.0], np.cumsum(count, dtype=np.float64)])
        return np.asarray(np.diff(np.interp(self.edges, ends, below)))

    def _of_items(self, data: Any, replicate: int) -> Array | None:
        size = int(data.size[replicate])
        items, weight = data.x[replicate, :size], data.weight
        weight = None if weight is None else weight[replicate, :size]
        if self.of_categories:
            return np.asarray(np.bincount(items, weight, minlength=len(self.x)))
        low, high = self.edges[0], self.edges[-1]
        place = np.clip((items - low) * (BINS / (high - low)), -1.0, BINS).astype(np.int64)
        inside = (items >= low) & (place < BINS)
        weight = None if weight is None else weight[inside]
        return np.asarray(np.bincount(place[inside], weight, minlength=BINS))
