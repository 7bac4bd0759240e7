"""EM to the maximum of a one-dimensional mixture's likelihood, from any start."""

import math

import numpy as np

from modelcollapse.kernels.bits import (
    COLLAPSED,
    DEAD,
    NONFINITE,
    NOT_CONVERGED,
    POINT,
    PRECISION_LIMIT,
    UNIDENTIFIED,
)
from modelcollapse.kernels.compiling import (
    as_bits,
    as_float,
    borrowing,
    brief,
    compact,
    compiled,
    inner,
    widest_vectors,
)
from modelcollapse.kernels.estep import e_step, work_rows
from modelcollapse.kernels.newton import information, newton_step, walk
from modelcollapse.types import Array, BoolArray, IntArray

ROUNDINGS = 8.0
"""A spread of so many units in the last place of the mean is where float64 ends.

There the rounding of the items, of variance ulp^2/12, adds a thousandth to the variance.
"""


@inner
def is_point(mean: float, std: float) -> bool:
    """Whether a component's spread is a rounding of its mean, or its square would underflow."""
    return std <= 2.0**-50 * abs(mean) + 1e-154


@inner
def spacing(x: float) -> float:
    """The distance from a positive number to the next."""
    return as_float(as_bits(x) + 1) - x


@borrowing
def copy(source: Array, count: int, target: Array) -> None:
    """Copy parameters element by element: numba's slice assignment takes seconds to compile."""
    compact()
    for k in range(count):
        target[0, k], target[1, k], target[2, k] = source[0, k], source[1, k], source[2, k]


@borrowing
def _m_step(
    total: float, reg_covar: float, now: Array, count: int, sums: Array, after: Array
) -> tuple[float, bool, bool]:
    """EM's next parameters, rows weight, mean and std of ``after``; a component that is a point gets std 0.

    Returns the longest change of a mean, in stds, or of the log of a std; whether there is a point; and
    whether a variance is rough: it is a difference, and where a mean has moved by many of the new stds,
    too few of its digits are left. It is then kept wide enough for the next pass to tell.
    """
    compact()
    longest, pointed, rough = 0.0, False, False
    for k in range(count):
        std, shift = now[2, k], sums[k, 1] / sums[k, 0]
        spread = sums[k, 2] / sums[k, 0] - shift * shift
        after[0, k] = sums[k, 0] / total
        after[1, k] = now[1, k] + std * shift
        variance = std * std * spread
        if spread < 1e-6 * shift * shift:
            variance, rough = 1e-6 * shift * shift * std * std, True
        after[2, k] = math.sqrt(max(variance, 0.0) + reg_covar)
        if is_point(after[1, k], after[2, k]):
            after[2, k], pointed = 0.0, True
        else:
            longest = max(longest, abs(shift), abs(math.log(after[2, k] / std)))
    return longest, pointed, rough


@borrowing
def _drop(now: Array, active: IntArray, count: int, gone: int) -> int:
    """Leave a component out of the active ones; the others' weights add up to 1 again."""
    compact()
    rest = 0.0
    for k in range(count):
        rest += now[0, k] if k != gone else 0.0
    for k in range(count - 1):
        old = k if k < gone else k + 1
        active[k] = active[old]
        now[0, k], now[1, k], now[2, k] = now[0, old] / rest, now[1, old], now[2, old]
    return count - 1


@inner
def _accelerate(
    total: float, share: float, now: Array, count: int, sums: Array, cross: Array, step: Array
) -> tuple[float, bool]:
    """Newton's step from the sums of a pass, and the gain it promises (-1 where there is no maximum).

    Where the information is not positive, or Newton's last step failed (``share`` < 1), the step is
    one between EM's and Newton's. The second value says whether there is a step at all.
    """
    compact()
    size = 3 * count
    matrix, score = np.empty((size, size)), np.empty(size)
    promised, found, part = -1.0, False, 1.0
    while True:
        information(total, now, count, sums, cross, part, matrix, score)
        gain = newton_step(matrix, score, size, step)
        found = gain > 0.0
        if part < 1.0:
            return promised, found
        promised, part = gain, min(share, 0.95)
        if found and share == 1.0:
            return promised, found


@borrowing
def _single(y: Array, v: Array, n: int, reg_covar: float, now: Array) -> int:
    """Fit the one component that is left: the items' mean and variance, in two centred passes."""
    compact()
    total, mean, shift, second = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        w = v[i] if v.size > 0 else 1.0
        total += w
        mean += w * (y[i] - y[0])
    mean = y[0] + mean / total
    for i in range(n):
        w = v[i] if v.size > 0 else 1.0
        shift += w * (y[i] - mean)
        second += w * (y[i] - mean) * (y[i] - mean)
    shift /= total
    now[0, 0], now[1, 0] = 1.0, mean + shift
    now[2, 0] = math.sqrt(max(second / total - shift * shift, 0.0) + reg_covar)
    if not np.isfinite(now[2, 0]):
        return NONFINITE
    if is_point(now[1, 0], now[2, 0]):
        now[2, 0] = 0.0
        return POINT
    return 0


@inner
def _climb(
    y: Array, v: Array, n: int, now: Array, active: IntArray, count: int, tolerance: float,
    max_iterations: int, reg_covar: float, plain: bool, trace: Array, work: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Climb from the active components ``now`` to the maximum, in place, as `em_batch` says.

    Returns the passes, the status bits and how many components are left.
    """
    compact()
    after, back = np.empty((3, count)), np.empty((3, count))
    sums, cross, step = np.empty((count, 3)), np.empty((count * count, 5)), np.zeros(3 * count)
    total = float(n)
    if v.size > 0:
        total = 0.0
        for i in range(n):
            total += v[i]
    drop = min(1e-6, 0.1 * tolerance) if tolerance > 0.0 else 1e-12
    previous, gain_before, newton, share, passes = -np.inf, np.inf, False, 1.0, 0
    while count > 1:
        height = e_step(y, v, n, now, count, sums, cross[:0] if plain else cross, work)
        passes += 1
        if not np.isfinite(height):
            return passes, NONFINITE, count
        if newton and height < previous - 1e-13 * abs(previous):
            copy(back, count, now)  # the likelihood has fallen: take EM's step instead
            newton, share = False, 0.5 * share
            if passes >= max_iterations:
                return passes, NOT_CONVERGED, count
            continue
        if passes <= trace.size:
            trace[passes - 1] = height
        weakest = 0
        for k in range(1, count):
            weakest = k if sums[k, 0] < sums[weakest, 0] else weakest
        if sums[weakest, 0] < drop:
            count = _drop(now, active, count, weakest)
            previous, gain_before, newton = -np.inf, np.inf, False
            continue
        longest, pointed, rough = _m_step(total, reg_covar, now, count, sums, after)
        gain = height - previous
        ratio = min(abs(gain / gain_before), 1.0 - 1e-9) if gain_before != 0.0 else 0.0
        promised, found = -1.0, False
        if not plain:
            promised, found = _accelerate(total, share, now, count, sums, cross, step)
        top = promised >= 0.0 and promised < tolerance and not rough
        flat = promised < 0.0 and abs(gain) * max(1.0, ratio / (1.0 - ratio)) < tolerance and not rough
        if pointed or top or flat or (passes >= max_iterations and not rough):
            copy(after, count, now)
            if pointed:
                return passes, POINT, count
            if top:
                return passes, 0, count
            return passes, (0 if plain else UNIDENTIFIED) if flat else NOT_CONVERGED, count
        previous, gain_before = height if not rough else -np.inf, gain
        newton = found and longest < 0.7 and not rough
        if newton:
            share = min(1.0, 2.0 * share)
            copy(after, count, back)
            walk(now, count, step, 0.7, after)
        copy(after, count, now)
    return max(passes, 1), _single(y, v, n, reg_covar, now), 1


@borrowing
def _gather(w: Array, m: Array, s: Array, now: Array, active: IntArray) -> int:
    """Gather the components alive; their number, or -1 if one of them is a point."""
    compact()
    count, norm, points = 0, 0.0, 0
    for k in range(w.size):
        if w[k] > 0.0:
            now[0, count], now[1, count], now[2, count] = w[k], m[k], s[k]
            active[count] = k
            norm += w[k]
            count += 1
            points += 1 if s[k] == 0.0 else 0
    for k in range(count):
        now[0, k] /= norm
    return count if points == 0 else -1


@compiled
def em_batch(
    x: Array, weight: Array, size: IntArray, w: Array, m: Array, s: Array, done: BoolArray,
    tolerance: float, max_iterations: int, reg_covar: float, plain: bool, trace: Array, width: int,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """Fit one-dimensional mixtures to items ``(replicate, item)`` by climbing to the maximum, in place.

    Parameters are ``(replicate, component)``; components of weight 0 are left as they are, and so are
    replicates that are ``done``. Returns passes and status bits, ``(replicate,)``.

    Each pass gives the likelihood, the EM step, the score and the information. The next parameters
    are Newton's where the information is positive and the step is modest, else EM's; a step after
    which the likelihood has fallen is taken back. The end is reached when a parabola promises less
    than ``tolerance`` nats; where the information is not positive, when the gains of EM, added up
    as a geometric series, do. The parameters returned always come out of an M-step, so they keep the
    sample's mean and second moment (with reg_covar = 0).

    A component with less than a tenth of the tolerance in items, or 1e-6, is dropped before the next
    E-step, and its weight stays 0. Where a component has become a point, or began as one (std 0),
    the replicate's climb ends there with the bit `POINT`: the caller knows what to do with it.

    ``plain`` takes EM steps alone. ``trace``, if it has room, gets the log-likelihood of each
    pass of the last replicate. ``reg_covar`` is added to every variance of every M-step, and
    forces plain steps. ``weight`` has no columns for weight 1 each. ``width`` is the number of lanes.
    """
    compact()
    widest_vectors()
    replicates, components = w.shape
    passes, flags = np.zeros(replicates, dtype=np.int64), np.zeros(replicates, dtype=np.int64)
    now, active = np.empty((3, components)), np.empty(components, dtype=np.int64)
    work = np.empty((work_rows(components), width))
    plain = plain or reg_covar > 0.0
    for r in range(replicates):
        if done[r]:
            continue
        count = _gather(w[r], m[r], s[r], now, active)
        if count <= 0:
            flags[r] = POINT
            continue
        passes[r], flags[r], count = _climb(
            x[r], weight[r], size[r], now, active, count,
            tolerance, max_iterations, reg_covar, plain, trace, work,
        )  # fmt: skip
        if flags[r] & NONFINITE == 0:
            for k in range(components):
                w[r, k] = 0.0
            for k in range(count):
                w[r, active[k]], m[r, active[k]], s[r, active[k]] = now[0, k], now[1, k], now[2, k]
        for k in range(components):
            flags[r] |= DEAD if w[r, k] == 0.0 else 0
    return passes, flags


@brief
def degenerate(w: Array, m: Array, s: Array) -> IntArray:
    """Status bits of mixtures ``(replicate, component)``: one point; a spread near a rounding of its mean."""
    flags = np.zeros(w.shape[0], dtype=np.int64)
    for r in range(w.shape[0]):
        for k in range(w.shape[1]):
            if w[r, k] > 1.0 - 1e-15 and s[r, k] == 0.0:
                flags[r] |= COLLAPSED
            if w[r, k] > 0.0 and 0.0 < s[r, k] < ROUNDINGS * spacing(abs(m[r, k])):
                flags[r] |= PRECISION_LIMIT
    return flags
