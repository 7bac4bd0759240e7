"""The bootstrap: the model is the training set itself, and synthetic items are some of it again.

Nothing is smoothed and nothing is new: each generation keeps the items that were drawn, about 63 % of
the distinct ones at first. An item's share of the model drifts as a gene's frequency does, so all laws
of the categorical family hold of its items, and all laws of variances hold exactly.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from modelcollapse.families.base import VECTORS, Fit
from modelcollapse.families.either import EitherLearner
from modelcollapse.families.held import (
    Held,
    hold,
    moments_of,
    none_held,
    redraw,
    status_of,
    take_held,
)
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Sizes


class Empirical(EitherLearner):
    """The empirical distribution of the training set; it has no settings."""

    name: ClassVar[str] = "empirical"
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {"total_mean": (), "total_variance": ()}

    family: Literal["empirical"] = "empirical"

    @classmethod
    def of_vectors(cls) -> "type[Empirical]":
        """The same of vectors."""
        return _EmpiricalOfVectors

    def moments_kept(self, n: int) -> tuple[float, float]:
        """The model is the sample."""
        return 1.0, 0.0

    def item_numbers(self) -> int:
        """An item has as many numbers as there are dimensions."""
        return self._dimension or 1

    def fit_seconds(self, items: int) -> float:
        """Two passes and picking; metrics sort the items."""
        return 3e-5 + 1e-7 * items * self.item_numbers()

    def sample(self, params: Held, size: Sizes, streams: Streams) -> ItemArray:
        """Draw items with replacement."""
        return redraw(params, size, streams)

    def fit(
        self, x: ItemArray, size: IntArray, weight: Array | None, start: Held | None, streams: Streams
    ) -> Fit:
        """Keep the items."""
        params = hold(x, size, weight)
        return Fit(params, np.ones(len(x), dtype=np.int64), status_of(*self.moments(params)))

    def record(self, params: Held) -> dict[str, Array]:
        """The total moments; the items are not stored."""
        mean, variance = self.moments(params)
        return {"total_mean": mean, "total_variance": variance}

    def take(self, new: Held, old: Held, keep_old: Any) -> Held:
        """Keep the old items of some replicates."""
        return take_held(new, old, keep_old)

    def blank(self, replicates: int) -> Held:
        """No items."""
        return none_held(replicates, self._dimension)

    def moments(self, params: Held) -> tuple[Array, Array]:
        """Mean and variance of the items, divided by their number."""
        _, mean, variance = moments_of(params)
        return mean, variance

    def cdf(self, params: Held, x: Array) -> Array:
        """The share of the items at or below ``x`` ``(replicate, point)``."""
        below = np.empty(x.shape)
        for r in range(len(x)):
            items, up_to = self.steps(params, r)
            share = np.concatenate([[0.0], up_to])
            below[r] = share[np.searchsorted(items, x[r], side="right")] if len(items) else np.nan
        return below

    def steps(self, params: Held, r: int) -> tuple[Array, Array]:
        """One replicate's items in order, and the share of the model up to and with each: ``(item,)``."""
        row, weight = params.row(r)
        if weight is None:
            return np.sort(row), np.arange(1, len(row) + 1) / max(len(row), 1)
        order = np.argsort(row, kind="stable")
        up_to = np.cumsum(weight[order])
        return row[order], up_to / up_to[-1]

    def distinct(self, params: Held) -> Array:
        """How many different items there are, ``(replicate,)``: the support of the model."""
        count = np.empty(len(params.size))
        for r in range(len(count)):
            row, weight = params.row(r)
            count[r] = len(np.unique(row if weight is None else row[weight > 0.0], axis=0))
        return count


class _EmpiricalOfVectors(Empirical):
    """The same of vectors: the total variance is the sum of those of all dimensions."""

    items: ClassVar[str] = VECTORS
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "total_mean": ("dimension",),
        "total_variance": (),
    }
