"""Counts drawn exactly, for totals from 0 to 2^53, at a cost that does not depend on them.

Every sampler is exact up to rounding and to the 52 random bits of a uniform. By rejection, a count has its
probability right to about 1e-7 of itself where the standard deviation is 5e7, as that of 2^53 fair coins,
and better in proportion below: its cell is hit by 4e7 uniforms. The mean is right to 1e-7 standard
deviations. By search, a probability is right to 2^-53 or so, so that what is less likely than that in a
single draw is never drawn. To see any of these takes more than 10^13 draws.
"""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, log_positive
from modelcollapse.kernels.compiling import borrowing, compiled, fma, inner
from modelcollapse.kernels.logarithms import log_factorial_ratio, log_rest
from modelcollapse.kernels.random import pair, uniform, unit
from modelcollapse.types import Array, BitArray, IntArray

FEW = 10.0
"""Mean below which counts are searched from 0 upwards. The rejections below are valid from here on."""
NEVER = 1e-18
"""A search ends where single counts are less likely than this: the rounding of its sum is larger."""


@borrowing
def _binomial_by_search(n: float, p: float, u: float) -> float:
    """Count up from 0 until the probabilities passed exceed ``u``; p <= 1/2."""
    odds = p / (1.0 - p)
    chance = exp_negative(n * (log_rest(-p, 1.0) - p))
    k = 0.0
    while u > chance and k < n and chance > NEVER:
        u -= chance
        chance *= (n - k) * odds / (k + 1.0)
        k += 1.0
    return k


@borrowing
def _binomial_by_rejection(n: float, p: float, state: BitArray, block: BitArray, used: IntArray) -> float:
    """Transformed rejection with a squeeze for n p >= 10, p <= 1/2.

    BTRS of Hormann (1993), J. Stat. Comput. Simul. 46, 101, counted from the mode so that no digits go
    to the mean.
    """
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    squeeze = 0.92 - 4.2 / b
    mode = np.floor((n + 1.0) * p)
    centre = fma(n, p, -mode) + 0.5
    while True:
        first = pair(state, block, used)
        u, v = unit(block[first]) - 0.5, unit(block[first + 1])
        edge = 0.5 - abs(u)
        d = np.floor((2.0 * a / edge + b) * u + centre)
        if edge >= 0.07 and v <= squeeze:
            return float(mode + d)
        if d < -mode or d > n - mode:
            continue
        tilt = log_positive((n - mode + 1.0) * p / ((mode + 1.0) * (1.0 - p)))
        height = log_factorial_ratio(mode, d) + log_factorial_ratio(n - mode, -d) + d * tilt
        if log_positive(v * (2.83 + 5.1 / b) * spread / (a / (edge * edge) + b)) <= height:
            return float(mode + d)


@borrowing
def binomial(n: int, p: float, state: BitArray, block: BitArray, used: IntArray) -> int:
    """Draw the number of successes in ``n`` trials; n from 0 to 2^53. A p that is no number is 0."""
    if n <= 0 or not p > 0.0:
        return 0
    if p >= 1.0:
        return n
    less = min(p, 1.0 - p)
    if n * less < FEW:
        k = int(_binomial_by_search(float(n), less, uniform(state, block, used)))
    else:
        k = int(_binomial_by_rejection(float(n), less, state, block, used))
    return n - k if p > 0.5 else k


@inner
def multinomial(
    n: int, mass: Array, bins: int, out: IntArray, state: BitArray, block: BitArray, used: IntArray
) -> None:
    """Put ``n`` items into bins with probabilities proportional to ``mass[:bins]``: ``out[:bins]``.

    One binomial a bin, out of those left, given the bins before. What lies behind a bin is added up from
    the last bin on, so that nothing is subtracted, and the binomial is of the smaller side. So every
    count, however small its mass, has its mean to within about ``bins`` roundings. Bins without positive
    mass stay empty; where all are such, no item is put anywhere.
    """
    behind = np.empty(bins)
    total = 0.0
    for i in range(bins - 1, -1, -1):
        behind[i] = total
        total += mass[i] if mass[i] > 0.0 else 0.0
    left = n
    for i in range(bins):
        k = 0
        if left > 0 and mass[i] > 0.0:
            more = mass[i] > behind[i]
            part = behind[i] if more else mass[i]
            k = binomial(left, part / (mass[i] + behind[i]), state, block, used)
            if more:
                k = left - k
        out[i] = k
        left -= k


@compiled
def multinomials(n: IntArray, mass: Array, bins: IntArray, state: BitArray, out: IntArray) -> None:
    """Draw the `multinomial` of every replicate.

    ``n`` and ``bins`` have the axis ``(replicate,)``, ``mass`` and ``out`` ``(replicate, bin)``, the
    ``state`` ``(replicate, word, lane)``. Behind a replicate's last bin, ``out`` is 0.
    """
    block, used = np.empty(state.shape[2], dtype=np.uint64), np.empty(1, dtype=np.int64)
    for r in range(n.size):
        used[0] = block.size
        for i in range(bins[r], out.shape[1]):
            out[r, i] = 0
        multinomial(n[r], mass[r], bins[r], out[r], state[r], block, used)
