"""How far a mean or a share over replicates is from a law, as a normal score: z.

A mean of squares, over few replicates, has no normal z: where the mean came out small, so did its standard
error. Of 100 squares of normals the plain z is beyond 4 once in 340 times, not once in 16,000.
"""

import math

import numpy as np
from scipy.special import betainc, ndtri

from modelcollapse.types import Array

LEAST = 1e-300
"""The least probability whose normal score is given: beyond 37."""


def mean_and_error(values: Array) -> tuple[float, float]:
    """Mean and its standard error ``(replicate,)``; NaN for one alone, or where one is not finite.

    Numbers are divided by the largest first, whose square may be beyond float64.
    """
    scale = float(np.abs(values).max(initial=0.0))
    if not 0.0 < scale < math.inf:  # a NaN, too
        with np.errstate(invalid="ignore"):  # inf - inf
            return float(values.mean()), 0.0 if scale == 0.0 and len(values) > 1 else math.nan
    if 1e-100 < scale < 1e100:
        scale = 1.0  # to the bit as it always was
    each = values / scale
    error = float(each.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return float(each.mean()) * scale, error * scale


def of_mean(values: Array, expected: float, squares_of: int = 0) -> float:
    """z of a mean ``(replicate,)``; NaN where there is no standard error.

    Of numbers that cannot be negative, the cube root of measured/expected is taken, whose distribution is
    nearly normal while that of the mean is skewed (E. B. Wilson, M. M. Hilferty, PNAS 17, 684, 1931: of
    chi-square; here with the relative error of the replicates). Of 100 squares of normals such a z is
    beyond 4 once in 4,000 times, of 400 once in 25,000; of logarithmic normals with a deviation of 0.8 once
    in 2,000 and 6,000. Of any other numbers it is (measured - expected)/standard error.

    Parameters
    ----------
    squares_of
        Where each value is the squared length of a vector of so many coordinates, each normal about 0 or with
        heavier tails: the relative error is then sqrt(2/dimensions) at least, whatever these replicates say.
    """
    measured, error = mean_and_error(values)
    if not error > 0.0:
        return math.nan
    if not (0.0 < expected < math.inf and measured > 0.0 and values.min() >= 0.0):
        return (measured - expected) / error
    relative = error / measured
    if squares_of:
        relative = max(relative, math.sqrt(2.0 / squares_of / len(values)))
    root = math.expm1(math.log1p((measured - expected) / expected) / 3.0)  # 1e-14 has its digits, too
    return (root + relative**2 / 9.0) / (relative / 3.0)


def of_share(found: int, count: int, expected: float) -> float:
    """z of a share: the normal score of a binomial's tail from ``found`` on. Right for few, too."""
    if found > count * expected:
        return max(-float(ndtri(max(betainc(found, count - found + 1, expected), LEAST))), 0.0)
    if found == count:  # found = count * expected to rounding
        return 0.0
    return min(float(ndtri(max(betainc(count - found, found + 1, 1.0 - expected), LEAST))), 0.0)
