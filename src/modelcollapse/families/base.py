"""What a family is: how it is sampled, scored and fitted, for a batch of replicates at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from modelcollapse.errors import Problem
from modelcollapse.grids import Grid, Resolution
from modelcollapse.kernels.em import ROUNDINGS
from modelcollapse.streams import Streams
from modelcollapse.types import Array, BoolArray, IntArray, Params, Sizes


def at_precision(mean: Array, std: Array) -> BoolArray:
    """Where a spread, not 0, is within a few roundings of the mean."""
    return np.asarray((std > 0.0) & (std < ROUNDINGS * np.spacing(np.abs(mean))))


def check_rows(rows: int, replicates: int) -> None:
    """Parameters have a row for each replicate, or one for all."""
    if rows not in (1, replicates):
        raise ValueError(f"{rows} rows of parameters for {replicates} replicates")


@dataclass(frozen=True)
class Fit:
    """What a fit gives, a value for each replicate.

    Attributes
    ----------
    params
        The family's parameters, each array with a leading ``replicate`` axis.
    iterations, status
        ``(replicate,)``: passes over the data, and bits of `modelcollapse.types.Status`.
    """

    params: Params
    iterations: IntArray
    status: IntArray


class Family(Protocol):
    """A family with its fit settings: a frozen value, so it is part of the recipe.

    Items have the axes ``(replicate, item)``; where replicates have sizes of their own, a row is
    filled up to the longest and the rest of it means nothing. A family of other items than real
    numbers leaves out the methods of the real line.
    """

    name: ClassVar[str]
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]]
    """What `record` returns, with the axes after ``(replicate, generation)``."""

    def sample(self, params: Params, size: Sizes, streams: Streams) -> Array:
        """Draw ``size`` items for each replicate: ``(replicate, item)``."""

    def fit(
        self, x: Array, size: IntArray, weight: Array | None, start: Params | None, streams: Streams
    ) -> Fit:
        """Fit to weighted items; ``start`` holds the generating parameters, where they fit."""

    def record(self, params: Params) -> dict[str, Array]:
        """What a result stores of the parameters: the variables named in `dimensions`."""

    def restore(self, variables: Mapping[str, Array]) -> Params:
        """Turn stored variables back into parameters: the inverse of `record`."""

    def take(self, new: Params, old: Params, keep_old: Any) -> Params:
        """Replace the parameters of the replicates in the mask ``keep_old`` by the old ones."""

    def blank(self, replicates: int) -> Params:
        """Parameters that are not there: NaN."""

    def problems(self, n_samples: int) -> list[Problem]:
        """What does not fit together in the settings and N, each alone being right."""

    def notes(self, n_samples: int) -> list[str]:
        """What is allowed but should be known."""

    def sizes(self) -> Mapping[str, int]:
        """The lengths of the axes named in `dimensions`."""

    def least_values(self) -> int:
        """How many distinct values a data set must hold to be learned."""

    def fit_seconds(self, items: int) -> float:
        """What a fit takes on one core, to the order of magnitude."""

    # the real line
    def log_pdf(self, params: Params, x: Array) -> Array:
        """Log density at ``x`` ``(replicate, point)``."""

    def cdf(self, params: Params, x: Array) -> Array:
        """Distribution function at ``x`` ``(replicate, point)``."""

    def quantile(self, params: Params, score: Array) -> Array:
        """Quantiles at the probabilities Phi(score), Phi of the standard normal: precise in both tails."""

    def knots(self, params: Params) -> Array:
        """Points between which the density is smooth: ``(replicate, point)``."""

    def partial_mean(self, params: Params, score: Array) -> Array:
        """E X 1(X < q) at the quantile q of ``score``, ``(replicate, point)``."""

    def moments(self, params: Params) -> tuple[Array, Array]:
        """Total mean and total variance, ``(replicate,)``."""

    # counts on bins
    def grid(self, params: Params, resolution: Resolution) -> Grid:
        """Bins on which items of the models can be counted."""

    def masses(self, params: Params, grid: Grid) -> Array:
        """Probabilities of bins, ``(replicate, bin)``."""

    def widened(self, params: Params, variance: Array) -> Params:
        """Add a variance ``(replicate,)``, which may be negative, to that of every component, down to 0."""

    def least_spread(self, params: Params) -> Array:
        """The least standard deviation of a component alive, ``(replicate,)``."""
