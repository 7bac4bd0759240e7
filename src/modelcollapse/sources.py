"""What one draws from: a family with parameters, or a data set. Workflows make sources; engines draw.

Truth and model are the same kind of thing here. Both answer for their distribution too, so that
metrics can compare a model with the truth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeAlias, cast

import numpy as np
from scipy.special import ndtr, ndtri

from modelcollapse import grids
from modelcollapse.families.base import REAL, VECTORS, Family, RealFamily
from modelcollapse.families.vectors import VectorFamily, trace
from modelcollapse.grids import Grid, Resolution
from modelcollapse.streams import Streams
from modelcollapse.types import Array, ItemArray, Params, Sizes, per_replicate

ROUNDS = 200
"""Times that items which a rule keeps are drawn, at most."""
LEAST_DRAWN = 64
"""Items drawn at a time, at least, where a rule keeps only some of them."""

LEVELS = 2**14
"""Probabilities at which a quantile of a log density is computed: it is off by one part in so many."""


class Source(Protocol):
    """A distribution of items, for one replicate or a batch of them: all that an engine asks of it."""

    def sample(self, size: Sizes, streams: Streams) -> ItemArray:
        """Draw ``size`` items for each stream: ``(replicate, item)``."""

    def grid(self, resolution: Resolution) -> Grid:
        """Bins on which its items can be counted."""

    def masses(self, grid: Grid) -> Array:
        """Probabilities of the bins of its grid, ``(replicate or 1, bin)``."""

    def rounding(self, grid: Grid) -> Array:
        """The variance that counting on its grid adds to that of its items, ``(replicate or 1,)``."""


@dataclass(frozen=True)
class Law:
    """A family with parameters: a truth or a model."""

    family: Family
    params: Params

    @property
    def items(self) -> str:
        """What its items are."""
        return self.family.items

    @property
    def line(self) -> RealFamily:
        """The family, where its items are real numbers."""
        if self.family.items != REAL:
            raise TypeError(f"the items of a {self.family.name} are {self.family.items}, not {REAL}")
        return cast(RealFamily, self.family)

    @property
    def space(self) -> VectorFamily:
        """The family, where its items are vectors."""
        if self.family.items != VECTORS:
            raise TypeError(f"the items of a {self.family.name} are {self.family.items}, not {VECTORS}")
        return cast(VectorFamily, self.family)

    def sample(self, size: Sizes, streams: Streams) -> ItemArray:
        """Draw from the family."""
        return self.family.sample(self.params, size, streams)

    def moments(self) -> tuple[Array, Array]:
        """Total mean and variance: ``(replicate,)`` or ``(1,)``.

        Of vectors, the mean is ``(replicate, dimension)``, and the variance the trace of the covariance.
        """
        family = self.space if self.items == VECTORS else self.line
        return family.moments(self.params)

    def covariance(self) -> Array:
        """Total covariance of vectors, ``(replicate or 1, dimension, dimension)``."""
        return self.space.spread(self.params)[1]

    def quantile(self, score: Array) -> Array:
        """Quantiles at the probabilities Phi(score), of real numbers: ``(replicate or 1, point)``."""
        return self.line.quantile(self.params, score)

    @cached_property
    def log_densities(self) -> Array:
        """Log densities at `LEVELS` evenly spaced quantiles of one law of real numbers, in order: what
        quantiles of the log density are read from."""
        score = ndtri((np.arange(LEVELS) + 0.5) / LEVELS)
        return np.sort(self.line.log_pdf(self.params, self.quantile(score[None]))[0])

    def grid(self, resolution: Resolution) -> Grid:
        """The family's bins."""
        return self.family.grid(self.params, resolution)

    def masses(self, grid: Grid) -> Array:
        """The family's probabilities."""
        return self.family.masses(self.params, grid)

    def rounding(self, grid: Grid) -> Array:
        """width^2/12, for densities that are smooth within a bin (Sheppard); categories are not rounded."""
        return grid.width() ** 2 / 12.0


@dataclass(frozen=True, eq=False)
class Filtered:
    """Items of a law that are kept by a rule: what is drawn is kept or thrown away, until there are enough.

    ``chance`` gives the probability of each item ``(replicate, item)`` to be kept. Where a replicate's items
    are hardly ever kept, so that `ROUNDS` rounds do not give enough (of 10,000, below a chance of 5 %), the
    rest are NaN, and its fit is not finite: the last model is kept, with a status.
    """

    law: Law
    chance: Callable[[ItemArray], Array]

    def sample(self, size: Sizes, streams: Streams) -> ItemArray:
        """Draw, keep, and draw again what is missing."""
        wanted = per_replicate(size, len(streams))
        items: ItemArray | None = None
        held = np.zeros(len(streams), dtype=np.int64)
        for _ in range(ROUNDS):
            missing = wanted - held
            if not missing.any():
                break
            # each replicate's numbers depend on itself alone: one that has enough draws nothing
            sizes = np.where(missing > 0, np.maximum(missing, LEAST_DRAWN), 0)
            drawn = self.law.sample(sizes, streams)
            drawn[np.arange(drawn.shape[1]) >= sizes[:, None]] = 0  # what means nothing is no odd number
            chance = self.chance(drawn)
            if items is None:  # as many numbers an item as the law's have
                items = np.full((len(streams), int(wanted.max(initial=0)), *drawn.shape[2:]), np.nan)
            for r, stream in enumerate(streams):
                if missing[r] == 0:
                    continue
                count = int(sizes[r])
                kept = drawn[r, :count][stream.random(count) < chance[r, :count]]
                if len(kept) > missing[r]:  # any of them alike: a sample's order means something
                    kept = stream.permutation(kept)[: missing[r]]
                items[r, held[r] : held[r] + len(kept)] = kept
                held[r] += len(kept)
        return self.law.sample(0, streams) if items is None else items

    def grid(self, resolution: Resolution) -> Grid:
        """There are no bins; the grouped engine has refused the recipe."""
        raise NotImplementedError

    def masses(self, grid: Grid) -> Array:
        """There are no bins; the grouped engine has refused the recipe."""
        raise NotImplementedError

    def rounding(self, grid: Grid) -> Array:
        """There are no bins; the grouped engine has refused the recipe."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class DataSet:
    """Real items ``(item,)``, drawn with replacement: the empirical distribution.

    The values are a read-only copy, for they are part of a recipe.
    """

    items: ClassVar[str] = REAL

    values: Array

    def __post_init__(self) -> None:
        """Keep a copy nobody can write to."""
        values = np.array(self.values, dtype=np.float64)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def sample(self, size: Sizes, streams: Streams) -> Array:
        """Draw items with replacement."""
        sizes = per_replicate(size, len(streams))
        items = np.empty((len(streams), int(sizes.max(initial=0)), *self.values.shape[1:]))
        for r, stream in enumerate(streams):
            items[r, : sizes[r]] = self.values[stream.integers(len(self.values), size=sizes[r])]
        return items

    @cached_property
    def distinct(self) -> int:
        """How many of the items differ."""
        return len(np.unique(self.values, axis=0))

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

    def rounding(self, grid: Grid) -> Array:
        """What dividing items among two middles adds."""
        return grids.rounding_of_values(self.values, grid)

    def __eq__(self, other: Any) -> bool:
        """Two data sets are equal if their values are, in order."""
        return isinstance(other, DataSet) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        """Hash the values."""
        return hash(self.values.tobytes())


@dataclass(frozen=True, eq=False)
class VectorSet(DataSet):
    """Real vectors ``(item, dimension)``, drawn with replacement."""

    items: ClassVar[str] = VECTORS

    @cached_property
    def _spread(self) -> tuple[Array, Array]:
        mean = self.values.mean(axis=0)
        mean = mean + (self.values - mean).mean(axis=0)
        away = self.values - mean
        return mean[None], np.einsum("ni,nj->ij", away, away)[None] / len(away)

    def moments(self) -> tuple[Array, Array]:
        """Mean ``(1, dimension)`` and total variance ``(1,)`` of the items, divided by n."""
        mean, covariance = self._spread
        return mean, trace(covariance)

    def covariance(self) -> Array:
        """Covariance of the items ``(1, dimension, dimension)``, divided by n."""
        return self._spread[1]


Truth: TypeAlias = Law | DataSet
"""What a recipe's truth is: a law, or real items."""
