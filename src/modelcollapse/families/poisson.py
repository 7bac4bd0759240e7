"""Whole numbers, fitted by a Poisson distribution: the rate is their mean.

The sum of n Poisson numbers is a Poisson number, so the sums S_t of the training sets are a Galton-Watson
process: S_(t+1) given S_t is Poisson of mean S_t. Its mean stays, and it dies out (Suresh et al. 2024,
arXiv 2412.17646).
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator
from scipy.special import gammaln, log_ndtr, pdtr, pdtrc, xlogy

from modelcollapse.families.base import WHOLE, Fit, Learner, check_rows
from modelcollapse.fields import Table, number
from modelcollapse.grids import Grid, Resolution, whole_numbers
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Sizes, Status, per_replicate

LARGEST_RATE = 1e6
"""A larger rate would need too many bins, and is a Gaussian to all intents."""


class PoissonParams(NamedTuple):
    """The rate, ``(replicate,)``; 0 where the model knows nothing but zeros."""

    rate: Array


class Poisson(Learner):
    """A Poisson distribution over 0, 1, 2, ...; its fit takes the mean of the items. It has no settings."""

    name: ClassVar[str] = "poisson"
    items: ClassVar[str] = WHOLE
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {"rate": ()}
    counted: ClassVar[bool] = True

    family: Literal["poisson"] = "poisson"

    def fit_seconds(self, items: int) -> float:
        """A pass, and the draws, which are NumPy's."""
        return 1e-5 + 2e-8 * items

    def sample(self, params: PoissonParams, size: Sizes, streams: Streams) -> ItemArray:
        """Draw whole numbers ``(replicate, item)``."""
        sizes = per_replicate(size, len(streams))
        check_rows(len(params.rate), len(streams))
        items = np.zeros((len(streams), int(sizes.max(initial=0))), dtype=np.int64)
        rates = np.broadcast_to(params.rate, (len(streams),))
        for row, stream, rate, count in zip(items, streams, rates, sizes, strict=True):
            row[:count] = stream.poisson(rate, count)
        return items

    def fit(
        self,
        x: ItemArray,
        size: IntArray,
        weight: Array | None,
        start: PoissonParams | None,
        streams: Streams,
    ) -> Fit:
        """Take the weighted mean; weights count as repeated items."""
        there = np.arange(x.shape[1]) < size[:, None]
        if weight is None:
            total, added = size.astype(np.float64), np.where(there, x, 0).sum(axis=1).astype(np.float64)
        else:
            counts = np.where(there, weight, 0.0)
            total = _sums(counts, size)
            added = _sums(np.where(there, counts * x, 0.0), size)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = added / total
        status = np.where(rate == 0.0, int(Status.COLLAPSED), 0)
        status = np.where(np.isfinite(rate), status, int(Status.NONFINITE))
        return Fit(PoissonParams(rate), np.ones(len(x), dtype=np.int64), status)

    def record(self, params: PoissonParams) -> dict[str, Array]:
        """The rate."""
        return {"rate": params.rate}

    def restore(self, variables: Mapping[str, Array]) -> PoissonParams:
        """Read the parameters of a result."""
        return PoissonParams(variables["rate"])

    def take(self, new: PoissonParams, old: PoissonParams, keep_old: Any) -> PoissonParams:
        """Keep the old parameters of some replicates."""
        return PoissonParams(np.where(keep_old, old.rate, new.rate))

    def blank(self, replicates: int) -> PoissonParams:
        """Parameters that are not there."""
        return PoissonParams(np.full(replicates, np.nan))

    def grid(self, params: PoissonParams, resolution: Resolution) -> Grid:
        """The whole numbers about the rate, each its own bin.

        P(X >= rate + d) <= exp(-d^2/(2 rate + 2d/3)) and P(X <= rate - d) <= exp(-d^2/(2 rate)) (Bernstein):
        beyond the ends lies no more than beyond the normal score that the resolution reaches to.
        """
        nats = -log_ndtr(-resolution.reach)
        above = nats / 3.0 + np.sqrt(nats**2 / 9.0 + 2.0 * nats * params.rate)
        first = np.maximum(np.floor(params.rate - np.sqrt(2.0 * nats * params.rate)), 0.0).astype(np.int64)
        last = np.ceil(params.rate + above).astype(np.int64)
        return whole_numbers(first, last - first + 1)

    def masses(self, params: PoissonParams, grid: Grid) -> Array:
        """Probabilities ``(replicate, number)``; the end bins take what lies beyond them."""
        rate, first, bins = params.rate[:, None], grid.first[:, None], grid.bins[:, None]
        place = np.arange(grid.most)
        number = first + place
        mass = np.exp(xlogy(number, rate) - rate - gammaln(number + 1.0))
        mass = np.where(place < bins, mass, 0.0)
        mass[:, 0] += np.where(first > 0, pdtr(np.maximum(first - 1, 0), rate), 0.0)[:, 0]
        mass[np.arange(len(mass)), grid.bins - 1] += pdtrc(first + bins - 1, rate)[:, 0]
        return np.asarray(mass / _sums(mass, grid.bins)[:, None])


def _sums(values: Array, size: IntArray) -> Array:
    """Sum the first ``size`` of each row, by itself: roundings must not depend on the longest row."""
    return np.array([row[:count].sum() for row, count in zip(values, size, strict=True)])


def _rate(value: Any) -> float:
    return number(value, "must be a number > 0, from 1e-150 to 1e6", 1e-150, LARGEST_RATE)


class PoissonTruth(Table):
    """A Poisson distribution as the real one."""

    items: ClassVar[str] = WHOLE

    family: Literal["poisson"] = "poisson"
    rate: Annotated[float, BeforeValidator(_rate)]

    def law(self) -> tuple[Poisson, PoissonParams]:
        """The family and its parameters, one row for all replicates."""
        return Poisson(), PoissonParams(np.array([self.rate]))
