"""What one draws from: a family with parameters, or a data set. Workflows make sources; engines draw.

Truth and model are the same kind of thing here. A source answers for its distribution too, so
that metrics can compare a model with it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy.special import ndtr

from modelcollapse import grids
from modelcollapse.families.base import Family
from modelcollapse.grids import Grid, Resolution
from modelcollapse.streams import Streams
from modelcollapse.types import Array, Params, Sizes, per_replicate


class Source(Protocol):
    """A distribution of items, for one replicate or a batch of them."""

    def sample(self, size: Sizes, streams: Streams) -> Array:
        """Draw ``size`` items for each stream: ``(replicate, item)``."""

    def moments(self) -> tuple[Array, Array]:
        """Mean and variance (divided by n for a data set), ``(replicate,)`` or ``(1,)``."""

    def quantile(self, score: Array) -> Array:
        """Quantiles at the probabilities Phi(score), ``(replicate or 1, point)``."""

    def grid(self, resolution: Resolution) -> Grid:
        """Bins on which its items can be counted."""

    def masses(self, grid: Grid) -> Array:
        """Probabilities of the bins of its grid, ``(replicate or 1, bin)``."""


@dataclass(frozen=True)
class Law:
    """A family with parameters: a truth or a model."""

    family: Family
    params: Params

    def sample(self, size: Sizes, streams: Streams) -> Array:
        """Draw from the family."""
        return self.family.sample(self.params, size, streams)

    def moments(self) -> tuple[Array, Array]:
        """Total mean and variance."""
        return self.family.moments(self.params)

    def quantile(self, score: Array) -> Array:
        """Quantiles of the family."""
        return self.family.quantile(self.params, score)

    def grid(self, resolution: Resolution) -> Grid:
        """The family's bins."""
        return self.family.grid(self.params, resolution)

    def masses(self, grid: Grid) -> Array:
        """The family's probabilities."""
        return self.family.masses(self.params, grid)


@dataclass(frozen=True, eq=False)
class DataSet:
    """Real items ``(item,)``, drawn with replacement: the empirical distribution.

    The values are a read-only copy, for they are part of a recipe.
    """

    values: Array

    def __post_init__(self) -> None:
        """Keep a copy nobody can write to."""
        values = np.array(self.values, dtype=np.float64)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def sample(self, size: Sizes, streams: Streams) -> Array:
        """Draw items with replacement."""
        sizes = per_replicate(size, len(streams))
        items = np.empty((len(streams), int(sizes.max(initial=0))))
        for r, stream in enumerate(streams):
            items[r, : sizes[r]] = self.values[stream.integers(len(self.values), size=sizes[r])]
        return items

    @cached_property
    def ordered(self) -> Array:
        """The values in order."""
        return np.sort(self.values)

    @cached_property
    def _moments(self) -> tuple[Array, Array]:
        mean = self.values.mean()
        away = self.values - mean
        return np.array([mean + away.mean()]), np.array([np.mean(away**2) - away.mean() ** 2])

    def moments(self) -> tuple[Array, Array]:
        """Mean and variance of the items, divided by n: what drawing with replacement sees."""
        return self._moments

    def quantile(self, score: Array) -> Array:
        """The smallest item with at least Phi(score) of the items at or below it."""
        n = len(self.values)
        rank = np.ceil(n * ndtr(score) - 1e-9).astype(np.int64)
        return np.asarray(self.ordered[np.clip(rank, 1, n) - 1])

    def grid(self, resolution: Resolution) -> Grid:
        """One grid for all replicates."""
        return grids.of_values(self.values, resolution)

    def masses(self, grid: Grid) -> Array:
        """Shares of the items."""
        return grids.masses_of_values(self.values, grid)

    def __eq__(self, other: Any) -> bool:
        """Two data sets are equal if their values are, in order."""
        return isinstance(other, DataSet) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        """Hash the values."""
        return hash(self.values.tobytes())
