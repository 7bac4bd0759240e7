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
        """How many items of a training set lie in each bin; None where an engine holds no items."""
        if hasattr(data, "x") and self.on_the_line:
            items = data.x[replicate, : data.size[replicate]]
            return np.asarray(np.histogram(items, self.edges)[0])
        if hasattr(data, "x") and self.of_categories:
            items = data.x[replicate, : data.size[replicate]]
            return np.asarray(np.bincount(items.astype(np.int64), minlength=len(self.x))[: len(self.x)])
        if not hasattr(data, "count"):
            return None
        if self.of_categories:
            return np.asarray(data.count[replicate][: len(self.x)])
        grid, count = data.grid, data.count[replicate]
        middles = (grid.first[replicate] + np.arange(len(count)) + 0.5) * 2.0 ** grid.exponent[replicate]
        return np.asarray(np.histogram(middles, self.edges, weights=count.astype(np.float64))[0])
