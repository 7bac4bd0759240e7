"""Newton's method from parameters near the maximum: the fast way to fit two components to many items."""

import math

import numpy as np

from modelcollapse.kernels.compiling import borrowing, compact, compiled, inner, widest_vectors
from modelcollapse.kernels.estep import TWO_ROWS, two_sums
from modelcollapse.kernels.newton import information, newton_step, walk
from modelcollapse.types import Array, BoolArray, IntArray

LEAST_ITEMS = 50.0
"""Items that each component must have."""
LEAST_SIZE = 500
"""Items below which a sprint saves nothing that is worth compiling it for."""
LEAST_SCALE = 1e-3
"""The least ratio of a component's spread to the whole's: narrower ones lose their digits in a difference."""
LEAST_ROUNDINGS = 1e4
"""The least ratio of a component's spread to a rounding of the mean."""
MOST_PASSES = 5
CAUTION = 1000.0
"""What is expected to be left after the last step, so many times, must be below the tolerance.

Over 1,725 fits of five mixtures at N = 600 to 20,000 the most that was left was a tenth of the tolerance.
"""


def suits(items: int, components: int, max_iterations: int, reg_covar: float) -> bool:
    """Whether a sprint should be tried on so many items of weight 1, with these settings of the climb."""
    return components == 2 and items >= LEAST_SIZE and max_iterations > MOST_PASSES and reg_covar == 0.0


@borrowing
def mixture_moments(now: Array) -> tuple[float, float]:
    """Mean and variance of a whole mixture, without cancellation."""
    compact()
    count, mean, variance = now.shape[1], 0.0, 0.0
    for k in range(count):
        mean += now[0, k] * (now[1, k] - now[1, 0])
    mean += now[1, 0]
    for k in range(count):
        variance += now[0, k] * (now[2, k] * now[2, k] + (now[1, k] - mean) * (now[1, k] - mean))
    return mean, variance


@borrowing
def _ready(n: int, now: Array) -> bool:
    """Whether all components have enough items, and none is much narrower than the whole or a rounding."""
    compact()
    _, variance = mixture_moments(now)
    for k in range(now.shape[1]):
        narrow = max(LEAST_SCALE * math.sqrt(variance), LEAST_ROUNDINGS * 2.0**-52 * abs(now[1, k]))
        if not (now[0, k] * n >= LEAST_ITEMS and now[2, k] > narrow):
            return False
    return True


@borrowing
def _restore_moments(now: Array, mean: float, variance: float) -> None:
    """Move and stretch a mixture a little, so that its mean and variance are the sample's.

    At the maximum they are (an M-step keeps both), so this takes nothing from a fit next to it.
    """
    compact()
    own_mean, own_variance = mixture_moments(now)
    factor = math.sqrt(variance / own_variance)
    for k in range(now.shape[1]):
        now[1, k] = mean + factor * (now[1, k] - own_mean)
        now[2, k] *= factor


@inner
def sprint(x: Array, n: int, now: Array, tolerance: float, work: Array) -> tuple[int, bool]:
    """Climb by Newton's steps, two components, in place; gives the passes and whether it got there.

    The start are parameters that the items may have been drawn with, so the maximum lies a few sampling
    errors away, and a pass needs no likelihood. Newton's error after a step is a multiple c of the square of
    the one before. The gain that a parabola promises, G, is the square of an error, so two passes tell
    c^2 = G_2/G_1^2, and what will be left after the step of the second, c^2 G_2^2: with `CAUTION` times
    that below the tolerance, the step is the last. Long steps, slow ends, an information that is not
    positive, and steps whose scores at both ends say that the likelihood fell are not for a sprint: it
    then leaves ``now`` as it was.
    """
    compact()
    count = now.shape[1]
    size = 3 * count
    matrix, score, step = np.empty((size, size)), np.empty(size), np.zeros(size)
    sums, cross, total = np.empty((count, 3)), np.empty((count * count, 5)), np.empty(3)
    at, after = now.copy(), now.copy()
    before, passes = 0.0, 0
    if not _ready(n, now):
        return passes, False
    while passes < MOST_PASSES:
        passes += 1
        two_sums(x, n, at, sums, cross, total, work)
        information(float(n), at, count, sums, cross, 1.0, matrix, score)
        along = 0.0
        for i in range(size):
            along += step[i] * score[i]
        gain = newton_step(matrix, score, size, step)
        # the last step has won before + along/2 nats, by the trapezoidal rule
        if not gain >= 0.0 or (passes > 1 and (gain > 0.1 * before or 2.0 * before + along < 0.0)):
            return passes, False
        if not walk(at, count, step, 0.5, after):
            return passes, False
        left = gain if passes == 1 else CAUTION * gain * (gain / before) * (gain / before)
        if left < tolerance:
            k = 0 if at[2, 0] <= at[2, 1] else 1
            shift = total[1] / n
            variance = at[2, k] * at[2, k] * (total[2] / n - shift * shift)
            _restore_moments(after, at[1, k] + at[2, k] * shift, variance)
            for i in range(count):
                now[0, i], now[1, i], now[2, i] = after[0, i], after[1, i], after[2, i]
            return passes, True
        at, after, before = after, at, gain
    return passes, False


@compiled
def sprint_batch(
    x: Array, size: IntArray, w: Array, m: Array, s: Array, tolerance: float, width: int
) -> tuple[IntArray, BoolArray]:
    """Fit mixtures of two ``(replicate, component)`` to items ``(replicate, item)`` of weight 1, in place,
    where it can be done by `sprint`.

    Returns the passes over the items, and which replicates got to the maximum; the others are as they
    were. Components are all alive in those that are tried. ``width`` is the number of lanes.
    """
    compact()
    widest_vectors()
    replicates, components = w.shape
    passes, there = np.zeros(replicates, dtype=np.int64), np.zeros(replicates, dtype=np.bool_)
    now = np.empty((3, components))
    work = np.empty((TWO_ROWS, width))
    for r in range(replicates):
        if size[r] < LEAST_SIZE:
            continue
        for k in range(components):
            now[0, k], now[1, k], now[2, k] = w[r, k], m[r, k], s[r, k]
        passes[r], there[r] = sprint(x[r], size[r], now, tolerance, work)
        for k in range(components):
            w[r, k], m[r, k], s[r, k] = now[0, k], now[1, k], now[2, k]
    return passes, there
