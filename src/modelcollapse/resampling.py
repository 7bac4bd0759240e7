"""How far a median or a share over replicates may be off: intervals that drop no replicate.

Values may be infinite: a time not reached, a divergence from a point. So the ends of intervals are members of
the sample (``inverted_cdf``). A median is NumPy's: of an even number the mean of two, or as infinite as one.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from modelcollapse.types import Array


@dataclass(frozen=True)
class Estimate:
    """A statistic over replicates with its interval; the ends are NaN where one replicate is all there is."""

    value: float
    low: float
    high: float


def middle(n: int) -> int:
    """The rank of the median of n, from 1; the lower one of two, which is what resamples are taken of."""
    return (n + 1) // 2


def median(values: Array, level: float) -> Estimate:
    """The median of ``(replicate,)`` and its bootstrap percentile interval, without drawing anything.

    Draw n of n replicates with replacement: the k-th least of them is the one of rank ceil(n U), where U is
    the k-th least of n uniforms, a Beta(k, n - k + 1). So the percentiles that resamples tend to are those
    of a beta distribution (Efron 1979; Maritz and Jarrett 1978).
    """
    ordered = np.sort(values)
    n = len(ordered)
    value = float(np.median(values))
    if n == 1:
        return Estimate(value, math.nan, math.nan)
    tail = (1.0 - level) / 2.0
    low, high = ordered[_ranks(betaincinv(middle(n), n - middle(n) + 1, np.array([tail, 1.0 - tail])), n)]
    return Estimate(value, float(low), float(high))


def resampled_medians(values: Array, resamples: int, stream: np.random.Generator) -> Array:
    """Medians of so many resamples of ``(replicate,)``, drawn from their exact distribution: see `median`."""
    n = len(values)
    return np.asarray(np.sort(values)[_ranks(stream.beta(middle(n), n - middle(n) + 1, resamples), n)])


def _ranks(uniform: Array, n: int) -> Array:
    return np.asarray(np.clip(np.ceil(n * uniform), 1, n).astype(np.int64) - 1)


def interval(statistic: float, resampled: Array, level: float) -> Estimate:
    """A statistic with the percentiles of its resamples."""
    ends = np.quantile(resampled, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], method="inverted_cdf")
    return Estimate(statistic, float(ends[0]), float(ends[1]))


def share(count: int, n: int, level: float) -> Estimate:
    """A share of replicates and its exact binomial interval (Clopper and Pearson 1934).

    A bootstrap would say of 0 of 64 that the share is 0 for certain.
    """
    tail = (1.0 - level) / 2.0
    low = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, tail))
    high = 1.0 if count == n else float(betaincinv(count + 1, n - count, 1.0 - tail))
    return Estimate(count / n, low, high)
