"""EM to the maximum of a one-dimensional mixture's likelihood: the E-step, the information, the climb."""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, lane_sum
from modelcollapse.kernels.compiling import LANES, compiled, inner
from modelcollapse.kernels.moments import weighted_moments
from modelcollapse.types import Array, IntArray

LOG_EVERY = 64
"""Blocks between logarithms of a running product: 64 factors of at most 6e4 components stay finite."""

DEAD, POINT, NOT_CONVERGED, UNIDENTIFIED, NONFINITE = 1, 2, 8, 16, 64  # as in types.Status


@inner
def _load(x: Array, weight: Array, size: int, first: int, items: Array, given: Array) -> None:
    """Take the next block of items and weights; what lies behind the last item has weight 0."""
    if first + LANES <= size:
        for lane in range(LANES):
            items[lane] = x[first + lane]
        if weight.size > 0:
            for lane in range(LANES):
                given[lane] = weight[first + lane]
        return
    for lane in range(LANES):
        inside = first + lane < size
        items[lane] = x[first + lane] if inside else x[first]
        given[lane] = (weight[first + lane] if weight.size > 0 else 1.0) if inside else 0.0


@inner
def _share_two(q: Array, top: Array, total: Array) -> None:
    """Turn the logits of two components into responsibilities, with one exponential."""
    qk, ql = q[0], q[1]
    for lane in range(LANES):
        d = qk[lane] - ql[lane]
        e = exp_negative(-abs(d))
        s = 1.0 + e
        g = 1.0 / s
        top[lane] = max(qk[lane], ql[lane])
        total[lane] = s
        qk[lane] = g if d > 0.0 else e * g
        ql[lane] = e * g if d > 0.0 else g


@inner
def _share(q: Array, components: int, top: Array, total: Array) -> None:
    """Turn logits into responsibilities; ``top`` + log ``total`` is the log of their sum of exponentials."""
    qk = q[0]
    for lane in range(LANES):
        top[lane] = qk[lane]
        total[lane] = 0.0
    for k in range(1, components):
        qk = q[k]
        for lane in range(LANES):
            top[lane] = max(top[lane], qk[lane])
    for k in range(components):
        qk = q[k]
        for lane in range(LANES):
            e = exp_negative(qk[lane] - top[lane])
            qk[lane] = e
            total[lane] += e
    for k in range(components):
        qk = q[k]
        for lane in range(LANES):
            qk[lane] /= total[lane]


@inner
def _add_pairs(given: Array, z: Array, q: Array, components: int, std: Array, lanes: Array) -> None:
    """Add r_k r_l (1, z, .., z^4) of a block, for each pair of components."""
    for k in range(components):
        for other in range(k + 1, components):
            zk = z[k if std[k] <= std[other] else other]
            qk, ql, out = q[k], q[other], lanes[k * components + other]
            for lane in range(LANES):
                y = zk[lane]
                v = given[lane] * (qk[lane] * ql[lane])
                v1 = v * y
                v2 = v1 * y
                v3 = v2 * y
                out[lane] += v
                out[LANES + lane] += v1
                out[2 * LANES + lane] += v2
                out[3 * LANES + lane] += v3
                out[4 * LANES + lane] += v3 * y


@inner
def e_step(
    x: Array, weight: Array, size: int, logit: Array, now: Array, components: int, pairs: bool,
    sums: Array, cross: Array,
) -> float:  # fmt: skip
    """One pass over the items of one replicate; returns the log-likelihood without n/2 log(2 pi).

    With responsibilities r_k and z_k = (x - mean_k)/std_k it fills
    ``sums[k] = sum r_k (1, z_k, z_k^2)`` and, if ``pairs``, ``cross[k K + l] = sum r_k r_l (1, z, .., z^4)``
    for k < l, z of the narrower of the two: what Newton's method needs beside (Louis 1982), in the
    variable in which it is small.

    ``now`` has rows weight, mean and std, ``logit`` is log(weight_k/std_k). The largest logit is
    subtracted before any exponential, so an item may lie any number of stds away from every component.
    """
    mean, std = now[1], now[2]
    weighted = weight.size > 0
    items, given = np.zeros(LANES), np.ones(LANES)
    z, q = np.empty((components, LANES)), np.empty((components, LANES))
    top, total, product, height = np.empty(LANES), np.empty(LANES), np.ones(LANES), np.zeros(LANES)
    lanes = np.zeros((components, 3 * LANES))
    cross_lanes = np.zeros((components * components if pairs else 1, 5 * LANES))
    logs = 0.0
    blocks = (size + LANES - 1) // LANES
    for block in range(blocks):
        _load(x, weight, size, block * LANES, items, given)
        for k in range(components):
            center, scale, constant = mean[k], 1.0 / std[k], logit[k]
            zk, qk = z[k], q[k]
            for lane in range(LANES):
                y = (items[lane] - center) * scale
                zk[lane] = y
                qk[lane] = constant - 0.5 * (y * y)
        if components == 2:
            _share_two(q, top, total)
        else:
            _share(q, components, top, total)
        if weighted:
            for lane in range(LANES):
                height[lane] += given[lane] * (top[lane] + math.log(total[lane]))
        else:
            for lane in range(LANES):
                height[lane] += given[lane] * top[lane]
                product[lane] *= total[lane] if given[lane] > 0.0 else 1.0
            if block % LOG_EVERY == LOG_EVERY - 1 or block == blocks - 1:
                for lane in range(LANES):
                    logs += math.log(product[lane])
                    product[lane] = 1.0
        for k in range(components):
            zk, qk, out = z[k], q[k], lanes[k]
            for lane in range(LANES):
                r = given[lane] * qk[lane]
                y = zk[lane]
                out[lane] += r
                out[LANES + lane] += r * y
                out[2 * LANES + lane] += r * y * y
        if pairs:
            _add_pairs(given, z, q, components, std, cross_lanes)
    for k in range(components):
        for j in range(3):
            sums[k, j] = lane_sum(lanes[k][j * LANES : j * LANES + LANES])
    for index in range(components * components if pairs else 0):
        for j in range(5):
            cross[index, j] = lane_sum(cross_lanes[index][j * LANES : j * LANES + LANES])
    return lane_sum(height[0 : 0 + LANES]) + logs


@inner
def information(
    total: float, now: Array, components: int, sums: Array, cross: Array, share: float,
    matrix: Array, score: Array,
) -> None:  # fmt: skip
    """Fill the score and the information of a mixture's log-likelihood at its present parameters.

    Coordinates a component: its logit, its mean in units of its std, the log of its std; the
    matrix has rows in this order, component after component. The matrix is the complete-data
    information less ``share`` times the missing information (Louis 1982): at share 1 the observed
    information, whose step is Newton's, at share 0 nearly the step of EM. The logits' common
    shift, which changes nothing, gets an information of its own so that the matrix can be inverted.
    """
    weight, mean, std = now[0], now[1], now[2]
    matrix.fill(0.0)
    for k in range(components):
        a, first, second = 3 * k, sums[k, 1], sums[k, 2]
        score[a] = sums[k, 0] - total * weight[k]
        score[a + 1] = first
        score[a + 2] = second - sums[k, 0]
        for other in range(components):
            matrix[a, 3 * other] = total / components - total * weight[k] * weight[other]
        matrix[a, a] += total * weight[k]
        matrix[a + 1, a + 1] = sums[k, 0]
        matrix[a + 1, a + 2] = 2.0 * first
        matrix[a + 2, a + 1] = 2.0 * first
        matrix[a + 2, a + 2] = 2.0 * second
    # d_k = (1, z_k, z_k^2 - 1) as polynomials in the z of the narrower component of each pair
    poly = np.zeros((2, 3, 3))
    for k in range(components):
        for other in range(k + 1, components):
            narrow, wide = (k, other) if std[k] <= std[other] else (other, k)
            p = std[narrow] / std[wide]
            q = (mean[narrow] - mean[wide]) / std[wide]
            poly[0, 0, 0], poly[0, 1, 1], poly[0, 2, 0], poly[0, 2, 2] = 1.0, 1.0, -1.0, 1.0
            poly[1, 0, 0], poly[1, 1, 0], poly[1, 1, 1] = 1.0, q, p
            poly[1, 2, 0], poly[1, 2, 1], poly[1, 2, 2] = q * q - 1.0, 2.0 * p * q, p * p
            moment = cross[k * components + other]
            for i in range(3):
                for j in range(3):
                    own, across, theirs = 0.0, 0.0, 0.0
                    for a in range(3):
                        for b in range(3):
                            own += poly[0, i, a] * poly[0, j, b] * moment[a + b]
                            across += poly[0, i, a] * poly[1, j, b] * moment[a + b]
                            theirs += poly[1, i, a] * poly[1, j, b] * moment[a + b]
                    matrix[3 * narrow + i, 3 * narrow + j] -= share * own
                    matrix[3 * wide + i, 3 * wide + j] -= share * theirs
                    matrix[3 * narrow + i, 3 * wide + j] += share * across
                    matrix[3 * wide + j, 3 * narrow + i] += share * across


@inner
def newton_step(matrix: Array, score: Array, size: int, step: Array) -> float:
    """Solve matrix step = score; return the gain a parabola promises, or -1 if it is not a maximum.

    The matrix, scaled to a unit diagonal, must have Cholesky pivots above 1e-8: below, the
    likelihood is flat or a saddle.
    """
    factor = np.zeros((size, size))
    scale = np.empty(size)
    for i in range(size):
        if not matrix[i, i] > 0.0:
            return -1.0
        scale[i] = 1.0 / math.sqrt(matrix[i, i])
    for i in range(size):
        for j in range(i + 1):
            value = matrix[i, j] * scale[i] * scale[j]
            for k in range(j):
                value -= factor[i, k] * factor[j, k]
            if i == j:
                if not value > 1e-8:
                    return -1.0
                factor[i, i] = math.sqrt(value)
            else:
                factor[i, j] = value / factor[j, j]
    gain = 0.0
    for i in range(size):
        value = score[i] * scale[i]
        for k in range(i):
            value -= factor[i, k] * step[k]
        step[i] = value / factor[i, i]
        gain += 0.5 * step[i] * step[i]
    for i in range(size - 1, -1, -1):
        value = step[i]
        for k in range(i + 1, size):
            value -= factor[k, i] * step[k]
        step[i] = value / factor[i, i]
    for i in range(size):
        step[i] *= scale[i]
    return gain


@inner
def is_point(mean: float, std: float) -> bool:
    """Whether a component's spread is a rounding of its mean, or its square would underflow."""
    return std <= 2.0**-50 * abs(mean) + 1e-154


@inner
def _exact_variance(
    x: Array, weight: Array, size: int, logit: Array, now: Array, count: int, k: int, center: float
) -> float:
    """Component k's variance about ``center`` under the present responsibilities, in a second pass."""
    total, second = 0.0, 0.0
    for i in range(size):
        top, norm, own = -np.inf, 0.0, 0.0
        for j in range(count):
            z = (x[i] - now[1, j]) / now[2, j]
            top = max(top, logit[j] - 0.5 * z * z)
        for j in range(count):
            z = (x[i] - now[1, j]) / now[2, j]
            e = math.exp(logit[j] - 0.5 * z * z - top)
            norm += e
            own = e if j == k else own
        own *= (weight[i] if weight.size > 0 else 1.0) / norm
        total += own
        second += own * (x[i] - center) * (x[i] - center)
    return second / total


@inner
def _take(now: Array, count: int, step: Array, after: Array) -> None:
    """Walk along a step, at most 0.7 stds of a mean or of a log std, 1.4 of a logit."""
    longest, norm = 0.7, 0.0
    for k in range(count):
        longest = max(longest, 0.5 * abs(step[3 * k]))
        longest = max(longest, abs(step[3 * k + 1]))
        longest = max(longest, abs(step[3 * k + 2]))
    factor = 0.7 / longest
    for k in range(count):
        after[0, k] = now[0, k] * math.exp(factor * step[3 * k])
        after[1, k] = now[1, k] + now[2, k] * factor * step[3 * k + 1]
        after[2, k] = now[2, k] * math.exp(factor * step[3 * k + 2])
        norm += after[0, k]
    for k in range(count):
        after[0, k] /= norm


@inner
def _gather(w: Array, m: Array, s: Array, now: Array, active: IntArray) -> int:
    """Gather the components alive; their number, or -1 if one of them is a point."""
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


@inner
def _m_step(
    y: Array, v: Array, n: int, total: float, reg_covar: float, logit: Array, now: Array, count: int,
    sums: Array, after: Array,
) -> tuple[float, bool]:  # fmt: skip
    """EM's next parameters, rows weight, mean and std of ``after``; a component that is a point gets std 0.

    Returns the longest change of a mean, in stds, or of the log of a std, and whether there is a point.
    """
    longest, pointed = 0.0, False
    for k in range(count):
        std, shift = now[2, k], sums[k, 1] / sums[k, 0]
        spread = sums[k, 2] / sums[k, 0] - shift * shift
        after[0, k] = sums[k, 0] / total
        after[1, k] = now[1, k] + std * shift
        variance = std * std * spread
        if spread < 1e-6 * shift * shift:  # too few digits left of the difference
            variance = _exact_variance(y, v, n, logit, now, count, k, after[1, k])
        after[2, k] = math.sqrt(max(variance, 0.0) + reg_covar)
        if is_point(after[1, k], after[2, k]):
            after[2, k], pointed = 0.0, True
        else:
            longest = max(longest, abs(shift), abs(math.log(after[2, k] / std)))
    return longest, pointed


@inner
def _drop(now: Array, active: IntArray, count: int, gone: int) -> int:
    """Leave a component out of the active ones; the others' weights add up to 1 again."""
    rest = 0.0
    for k in range(count):
        rest += now[0, k] if k != gone else 0.0
    for k in range(count - 1):
        old = k if k < gone else k + 1
        active[k] = active[old]
        now[0, k], now[1, k], now[2, k] = now[0, old] / rest, now[1, old], now[2, old]
    return count - 1


@inner
def _copy(source: Array, count: int, target: Array) -> None:
    """Copy element by element: numba's slice assignment takes seconds to compile."""
    for k in range(count):
        target[0, k], target[1, k], target[2, k] = source[0, k], source[1, k], source[2, k]


@inner
def _accelerate(
    total: float, share: float, now: Array, count: int, sums: Array, cross: Array, step: Array
) -> tuple[float, bool]:
    """Newton's step from the sums of a pass, and the gain it promises (-1 where there is no maximum).

    Where the information is not positive, or Newton's last step failed (``share`` < 1), the step is
    one between EM's and Newton's. The second value says whether there is a step at all.
    """
    size = 3 * count
    matrix, score = np.empty((size, size)), np.empty(size)
    promised, found = -1.0, False
    for attempt in range(2):
        part = 1.0 if attempt == 0 else min(share, 0.95)
        information(total, now, count, sums, cross, part, matrix, score)
        gain = newton_step(matrix, score, size, step)
        found = gain > 0.0
        promised = gain if attempt == 0 else promised
        if found and share == 1.0:
            break
    return promised, found


@inner
def _climb(
    y: Array, v: Array, n: int, now: Array, active: IntArray, count: int, tolerance: float,
    max_iterations: int, reg_covar: float, plain: bool, trace: Array,
) -> tuple[int, int, int]:  # fmt: skip
    """Climb from the active components ``now`` to the maximum, in place, as `em_batch` says.

    Returns the passes, the status bits and how many components are left.
    """
    total, center, variance = weighted_moments(y, v, n)
    after, back, logit = np.empty((3, count)), np.empty((3, count)), np.empty(count)
    sums, cross, step = np.empty((count, 3)), np.empty((count * count, 5)), np.zeros(3 * count)
    drop = min(1e-6, 0.1 * tolerance) if tolerance > 0.0 else 1e-12
    previous, gain_before, newton, share, passes = -np.inf, np.inf, False, 1.0, 0
    while count > 1:
        for k in range(count):
            logit[k] = math.log(now[0, k]) - math.log(now[2, k])
        height = e_step(y, v, n, logit, now, count, not plain, sums, cross)
        passes += 1
        if not np.isfinite(height):
            return passes, NONFINITE, count
        if newton and height < previous - 1e-13 * abs(previous):
            _copy(back, count, now)  # the likelihood has fallen: take EM's step instead
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
        longest, pointed = _m_step(y, v, n, total, reg_covar, logit, now, count, sums, after)
        gain = height - previous
        ratio = min(abs(gain / gain_before), 1.0 - 1e-9) if gain_before != 0.0 else 0.0
        promised, found = -1.0, False
        if not plain:
            promised, found = _accelerate(total, share, now, count, sums, cross, step)
        top = promised >= 0.0 and promised < tolerance
        flat = promised < 0.0 and abs(gain) * max(1.0, ratio / (1.0 - ratio)) < tolerance
        if pointed or top or flat or passes >= max_iterations:
            _copy(after, count, now)
            if pointed:
                return passes, POINT, count
            if top:
                return passes, 0, count
            return passes, (0 if plain else UNIDENTIFIED) if flat else NOT_CONVERGED, count
        previous, gain_before = height, gain
        newton = found and longest < 0.7
        if newton:
            share = min(1.0, 2.0 * share)
            _copy(after, count, back)
            _take(now, count, step, after)
        _copy(after, count, now)
    now[0, 0], now[1, 0], now[2, 0] = 1.0, center, math.sqrt(variance + reg_covar)
    if is_point(center, now[2, 0]):
        now[2, 0] = 0.0
        return max(passes, 1), POINT, 1
    return max(passes, 1), 0, 1


@compiled
def em_batch(
    x: Array, weight: Array, size: IntArray, w: Array, m: Array, s: Array,
    tolerance: float, max_iterations: int, reg_covar: float, plain: bool, trace: Array,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """Fit one-dimensional mixtures to items ``(replicate, item)`` by climbing to the maximum, in place.

    Parameters are ``(replicate, component)``; components of weight 0 are left as they are.
    Returns passes and status bits, ``(replicate,)``.

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
    forces plain steps. ``weight`` has no columns for weight 1 each.
    """
    replicates, components = w.shape
    passes, flags = np.zeros(replicates, dtype=np.int64), np.zeros(replicates, dtype=np.int64)
    now, active = np.empty((3, components)), np.empty(components, dtype=np.int64)
    for r in range(replicates):
        count = _gather(w[r], m[r], s[r], now, active)
        if count <= 0:
            flags[r] = POINT
            continue
        passes[r], flags[r], count = _climb(
            x[r], weight[r], size[r], now, active, count,
            tolerance, max_iterations, reg_covar, plain or reg_covar > 0.0, trace,
        )  # fmt: skip
        if flags[r] & NONFINITE == 0:
            for k in range(components):
                w[r, k] = 0.0
            for k in range(count):
                w[r, active[k]], m[r, active[k]], s[r, active[k]] = now[0, k], now[1, k], now[2, k]
        for k in range(components):
            flags[r] |= DEAD if w[r, k] == 0.0 else 0
    return passes, flags
