"""Gaussians in several dimensions and mixtures of them: factors, items, moments, densities.

All loops have a fixed order, so that the bits of a replicate depend on its own items alone; LAPACK and
BLAS give other last bits on other processors and in other batches.
"""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, log_positive
from modelcollapse.kernels.bits import COLLAPSED, NONFINITE, POINT, PRECISION_LIMIT, RANK_DEFICIENT
from modelcollapse.kernels.compiling import compiled, inner
from modelcollapse.kernels.counting import multinomial
from modelcollapse.kernels.em import ROUNDINGS, spacing
from modelcollapse.kernels.random import normals
from modelcollapse.types import Array, BitArray, IntArray

HALF_LOG_2PI = 0.9189385332046727
SINGULAR = 8.0 * 2.0**-52
"""Times d: what is left of a variance, as a share of it, where rounding alone may have left it."""
REACH = 64.0
"""Items within eight of the standard deviations that rounding leaves lie in a singular component's span."""


@inner
def floor_of(variance: float, mean: float, d: int) -> float:
    """The variance of one coordinate, given others, that cannot be told from 0."""
    point = 2.0**-50 * abs(mean) + 1e-154  # as of points on the line
    return float(SINGULAR * d * variance + point * point)


@inner
def factorise(mean: Array, covariance: Array, f: Array, order: IntArray, rest: Array) -> int:
    """Factor a covariance ``(d, d)`` as f f^T by Cholesky's method with pivots; give its rank.

    Each step takes the coordinate of which the steps before have explained the least share: nothing
    depends on the units of the coordinates. Column k of ``f`` belongs to the coordinate ``order[k]``,
    whose row ends there. A coordinate that is explained but for rounding gets no column of its own, so
    that singular covariances are factored as what they are; nothing is ever added to a variance.
    """
    d = mean.size
    for j in range(d):
        order[j] = -1
        rest[j] = covariance[j, j]
        for k in range(d):
            f[j, k] = 0.0
    for k in range(d):
        best, share = -1, 0.0
        for j in range(d):
            if rest[j] > floor_of(covariance[j, j], mean[j], d) and rest[j] / covariance[j, j] > share:
                best, share = j, rest[j] / covariance[j, j]
        if best < 0:
            return k
        order[k] = best
        pivot = math.sqrt(rest[best])
        for i in range(d):
            if rest[i] >= 0.0 and i != best:
                total = covariance[i, best]
                for a in range(k):
                    total -= f[i, a] * f[best, a]
                f[i, k] = total / pivot
                rest[i] = max(rest[i] - f[i, k] * f[i, k], 0.0)
        f[best, k] = pivot
        rest[best] = -1.0  # taken
    return d


@compiled
def factors(m: Array, c: Array, f: Array, rank: IntArray) -> None:
    """Factor covariances ``(row, component, d, d)`` into ``f``, and give their ranks in ``rank``."""
    d = m.shape[2]
    order, rest = np.empty(d, dtype=np.int64), np.empty(d)
    for r in range(m.shape[0]):
        for k in range(m.shape[1]):
            rank[r, k] = factorise(m[r, k], c[r, k], f[r, k], order, rest)


@compiled
def sample_vectors(w: Array, m: Array, f: Array, size: IntArray, state: BitArray, x: Array) -> None:
    """Draw items of mixtures, component after component: a multinomial, then d normals an item.

    Parameters are ``(replicate, component, ...)``, or one row for all, with factors ``f`` of the
    covariances; replicate r gets ``x[r, :size[r] * d]``, the coordinates of an item one after the other.
    """
    components, d, lanes = w.shape[1], m.shape[2], state.shape[2]
    block, used = np.empty(lanes, dtype=np.uint64), np.empty(1, dtype=np.int64)
    counts, scratch, z = np.empty(components, dtype=np.int64), np.empty((3, lanes)), np.empty(d)
    for r in range(x.shape[0]):
        row = r if w.shape[0] > 1 else 0
        counts[0] = size[r]
        if components > 1:
            used[0] = lanes
            multinomial(size[r], w[row], components, counts, state[r], block, used)
        normals(state[r], x[r], size[r] * d, scratch)
        last = 0
        for k in range(components):
            first, last = last, last + counts[k]
            for i in range(first, last):
                for j in range(d):
                    z[j] = x[r, i * d + j]
                for j in range(d):
                    total = 0.0
                    for a in range(d):
                        total += f[row, k, j, a] * z[a]
                    x[r, i * d + j] = m[row, k, j] + total


@inner
def moments_into(x: Array, weight: Array, size: int, mean: Array, c: Array, y: Array) -> float:
    """Total weight of items ``(item, d)``; their mean and covariance go to ``mean`` and ``c``.

    Two passes, centred; the second takes off what rounding left of the first. ``c`` is symmetric to
    the bit. ``weight`` has the items' length, or length 0 for weight 1 each.
    """
    d, total, weighted = mean.size, 0.0, weight.size > 0
    for j in range(d):
        y[j] = 0.0
    for i in range(size):
        w = weight[i] if weighted else 1.0
        total += w
        for j in range(d):
            y[j] += w * (x[i, j] - x[0, j])
    if not total > 0.0:
        return total
    for j in range(d):
        mean[j] = x[0, j] + y[j] / total
        for k in range(d):
            c[j, k] = 0.0
    shift = np.zeros(d)
    for i in range(size):
        w = weight[i] if weighted else 1.0
        for j in range(d):
            y[j] = x[i, j] - mean[j]
            shift[j] += w * y[j]
            wy = w * y[j]
            for k in range(j + 1):
                c[j, k] += wy * y[k]
    for j in range(d):
        shift[j] /= total
        mean[j] += shift[j]
        for k in range(j + 1):
            c[j, k] = c[j, k] / total - shift[j] * shift[k]
            c[k, j] = c[j, k]
        c[j, j] = max(c[j, j], 0.0)
    return total


@compiled
def moments_of_vectors(x: Array, weight: Array, size: IntArray, m: Array, c: Array) -> Array:
    """Total weight ``(replicate,)`` of items ``(replicate, item, d)``; moments go to ``m`` and ``c``."""
    total, y = np.empty(x.shape[0]), np.empty(x.shape[2])
    for r in range(x.shape[0]):
        total[r] = moments_into(x[r], weight[r], size[r], m[r], c[r], y)
    return total


@inner
def solve(x: Array, mean: Array, f: Array, order: IntArray, rank: int, y: Array) -> float:
    """Standardise an item: its scores go to ``y[:rank]``; give their sum of squares."""
    square = 0.0
    for k in range(rank):
        j = order[k]
        away = x[j] - mean[j]
        for a in range(k):
            away -= f[j, a] * y[a]
        y[k] = away / f[j, k]
        square += y[k] * y[k]
    return square


@inner
def spanned(x: Array, mean: Array, c: Array, f: Array, order: IntArray, rank: int, y: Array) -> bool:
    """Whether an item lies in the span of a singular component, to rounding."""
    d = mean.size
    solve(x, mean, f, order, rank, y)
    for j in range(d):
        away = x[j] - mean[j]
        for a in range(rank):
            away -= f[j, a] * y[a]
        size = 2.0**-48 * abs(mean[j])
        if away * away > REACH * floor_of(c[j, j], mean[j], d) + size * size:
            return False
    return True


@compiled
def log_densities(w: Array, m: Array, c: Array, x: Array, out: Array) -> None:
    """Log densities of mixtures at points ``(replicate, point, d)``; infinite in a singular part's span."""
    d, components = m.shape[2], m.shape[1]
    f, order = np.empty((components, d, d)), np.empty((components, d), dtype=np.int64)
    rank, constant, y, rest = (
        np.empty(components, dtype=np.int64),
        np.empty(components),
        np.empty(d),
        np.empty(d),
    )
    for r in range(x.shape[0]):
        row = r if w.shape[0] > 1 else 0
        for k in range(components):
            rank[k] = factorise(m[row, k], c[row, k], f[k], order[k], rest)
            constant[k] = log_weight(w[row, k], f[k], order[k], rank[k]) - d * HALF_LOG_2PI
        for i in range(x.shape[1]):
            top, total = -np.inf, 0.0
            for k in range(components):
                if w[row, k] <= 0.0:
                    continue
                if rank[k] < d:
                    if spanned(x[r, i], m[row, k], c[row, k], f[k], order[k], rank[k], y):
                        top, total = np.inf, 1.0
                    continue
                value = constant[k] - 0.5 * solve(x[r, i], m[row, k], f[k], order[k], d, y)
                if value > top:
                    total = total * exp_negative(top - value) + 1.0 if total > 0.0 else 1.0
                    top = value
                elif top < np.inf:
                    total += exp_negative(value - top)
            out[r, i] = top + log_positive(total) if total > 0.0 and top < np.inf else top


@inner
def log_weight(w: float, f: Array, order: IntArray, rank: int) -> float:
    """Log of a component's weight over the determinant of its factor."""
    total = log_positive(w) if w > 0.0 else -np.inf
    for k in range(rank):
        total -= log_positive(f[order[k], k])
    return total


@compiled
def degenerate_vectors(w: Array, m: Array, c: Array) -> IntArray:
    """Status bits of mixtures ``(replicate, component, ...)``: singular, points, one point, at precision."""
    d = m.shape[2]
    f, order, rest = np.empty((d, d)), np.empty(d, dtype=np.int64), np.empty(d)
    flags = np.zeros(w.shape[0], dtype=np.int64)
    for r in range(w.shape[0]):
        for k in range(w.shape[1]):
            if not w[r, k] > 0.0:
                continue
            trace, near = 0.0, False
            for j in range(d):
                if not math.isfinite(m[r, k, j]) or not math.isfinite(c[r, k, j, j]):
                    flags[r] |= NONFINITE
                trace += c[r, k, j, j]
                near |= 0.0 < math.sqrt(c[r, k, j, j]) < ROUNDINGS * spacing(abs(m[r, k, j]))
            if factorise(m[r, k], c[r, k], f, order, rest) < d:
                flags[r] |= RANK_DEFICIENT
            if trace == 0.0:
                flags[r] |= POINT | (COLLAPSED if w[r, k] > 1.0 - 1e-15 else 0)
            if near:
                flags[r] |= PRECISION_LIMIT
    return flags
