"""The mixture nearest in likelihood to a pool of mixtures: the fit to endlessly many items of the pool."""

import math

import numpy as np

from modelcollapse.kernels.bits import OUTSIDE_RANGE
from modelcollapse.kernels.compiling import compiled, inner
from modelcollapse.kernels.newton import information, newton_step, walk
from modelcollapse.kernels.quadrature import MOMENTS, densities, lay_nodes, powers, scratch
from modelcollapse.types import Array, IntArray


@inner
def _collect(
    w: Array, m: Array, s: Array, size: IntArray, law: Array, now: Array, active: IntArray
) -> tuple[int, int, int, float]:
    """Collect the parts ``(part, component)`` of one replicate into one law, and where to start from.

    ``law`` gets the components of all parts with items, as one mixture; ``now`` the largest part's, means
    counted from its first one alive. A component that is dead in a part is dead in the whole, as it is
    for EM that starts from the last model. Returns the largest part, how many components the law has and
    how many are alive (-1 if one is a point), and the total size.
    """
    largest, total, norm = 0, 0.0, 0.0
    for j in range(size.size):
        total += size[j]
        largest = j if size[j] > size[largest] else largest
    count, parts = 0, 0
    for k in range(w.shape[1]):
        alive = w[largest, k] > 0.0
        for j in range(size.size):
            alive = alive and (size[j] == 0 or w[j, k] > 0.0)
        if alive:
            active[count] = k
            norm += w[largest, k]
            count += 1
    if count == 0:
        return largest, 0, -1, total
    for i in range(count):
        k = active[i]
        now[0, i], now[1, i] = w[largest, k] / norm, m[largest, k] - m[largest, active[0]]
        now[2, i] = s[largest, k]
    for j in range(size.size):
        for k in range(w.shape[1]):
            if size[j] > 0 and w[j, k] > 0.0:
                if s[j, k] == 0.0:
                    return largest, parts, -1, total
                law[0, parts] = w[j, k] * (size[j] / total)
                law[1, parts], law[2, parts] = m[j, k] - m[largest, active[0]], s[j, k]
                parts += 1
    return largest, parts, count, total


@inner
def _average_step(
    w: Array, m: Array, s: Array, size: IntArray, largest: int, total: float, active: IntArray, count: int,
    step: Array,
) -> None:  # fmt: skip
    """The mean of the parts' displacements from the largest one: right to first order."""
    for i in range(count):
        k, a = active[i], 3 * i
        step[a], step[a + 1], step[a + 2] = 0.0, 0.0, 0.0
        for j in range(size.size):
            if j != largest and size[j] > 0:
                share = size[j] / total
                step[a] += share * math.log(w[j, k] / w[largest, k])
                step[a + 1] += share * (m[j, k] - m[largest, k]) / s[largest, k]
                step[a + 2] += share * math.log(s[j, k] / s[largest, k])


@inner
def _pooled_moments(law: Array, parts: int, now: Array) -> None:
    """Mean and variance of a law, as the only component: the maximum in closed form."""
    mean, variance = 0.0, 0.0
    for k in range(parts):
        mean += law[0, k] * law[1, k]
    for k in range(parts):
        away = law[1, k] - mean
        variance += law[0, k] * (law[2, k] * law[2, k] + away * away)
    now[0, 0], now[1, 0], now[2, 0] = 1.0, mean, math.sqrt(variance)


@inner
def _newton(
    law: Array, parts: int, now: Array, count: int, nodes: Array, width: int, q: Array, step: Array
) -> bool:
    """Climb, in place, to the mixture nearest to a law in Kullback-Leibler; whether the top was reached.

    The law is a mixture of ``parts`` components. Moments are taken under the law less the present
    mixture, whose own are known: what quadrature misses is then a share of their difference, however
    small that is beside 1.
    """
    size = 3 * count
    cross, sums, moment = np.empty((count * count, MOMENTS)), np.empty((count, 3)), np.empty(MOMENTS)
    matrix, score, after = np.empty((size, size)), np.empty(size), np.empty((3, count))
    x, length, p, each, mass, f = nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5:]
    number = lay_nodes(law, parts, mass, x, length, width)
    densities(x, number, law, parts, f, q, each)
    for _ in range(50):
        densities(x, number, now, count, f, p, each)
        for k in range(count):
            one = f[k]
            for i in range(number):
                mass[i] = length[i] * (q[i] - p[i]) * (one[i] * each[i])
            powers(x, number, now[1, k], now[2, k], mass, width, moment)
            sums[k, 0], sums[k, 1], sums[k, 2] = now[0, k] + moment[0], moment[1], now[0, k] + moment[2]
            for other in range(k + 1, count):
                two, narrow = f[other], k if now[2, k] <= now[2, other] else other
                for i in range(number):
                    mass[i] = length[i] * q[i] * (one[i] * each[i]) * (two[i] * each[i])
                powers(x, number, now[1, narrow], now[2, narrow], mass, width, cross[k * count + other])
        information(1.0, now, count, sums, cross, 1.0, matrix, score)
        gain = newton_step(matrix, score, size, step)
        top = 0.0 <= gain < 1e-9  # the error that this step leaves is about its square
        if gain < 0.0:
            information(1.0, now, count, sums, cross, 0.5, matrix, score)
            gain = newton_step(matrix, score, size, step)
        if not gain >= 0.0:
            return False
        walk(now, count, step, 0.7, after)
        for k in range(count):
            now[0, k], now[1, k], now[2, k] = after[0, k], after[1, k], after[2, k]
        if top:
            return True
    return False


@compiled
def pooled(w: Array, m: Array, s: Array, size: IntArray, width: int) -> tuple[Array, Array, Array, IntArray]:
    """The mixtures nearest in likelihood to pools of mixtures: the fit to endlessly many items of the pool.

    Parameters ``(part, replicate, component)``, ``size`` ``(part, replicate)``. Returns weights,
    means and stds ``(replicate, component)`` and bits: `OUTSIDE_RANGE` where no top was found. A pool of one
    part is that part.
    """
    parts, replicates, components = w.shape
    nodes = scratch(parts * components, width)
    law, q = np.empty((3, parts * components)), np.empty(nodes.shape[1])
    now, after, step = np.empty((3, components)), np.empty((3, components)), np.empty(3 * components)
    active = np.empty(components, dtype=np.int64)
    out, flags = np.empty((3, replicates, components)), np.zeros(replicates, dtype=np.int64)
    for r in range(replicates):
        mine, own = w[:, r], size[:, r]
        largest, all_parts, count, total = _collect(mine, m[:, r], s[:, r], own, law, now, active)
        for k in range(components):
            out[0, r, k], out[1, r, k], out[2, r, k] = w[largest, r, k], m[largest, r, k], s[largest, r, k]
        if own[largest] == total:
            continue
        if count < 0:
            flags[r] = OUTSIDE_RANGE
            continue
        if count == 1:
            _pooled_moments(law, all_parts, now)
        else:
            _average_step(mine, m[:, r], s[:, r], own, largest, total, active, count, step)
            walk(now, count, step, 0.7, after)
            for k in range(count):
                now[0, k], now[1, k], now[2, k] = after[0, k], after[1, k], after[2, k]
            flags[r] = 0 if _newton(law, all_parts, now, count, nodes, width, q, step) else OUTSIDE_RANGE
        for k in range(components):
            out[0, r, k] = 0.0
        for k in range(count):
            out[0, r, active[k]], out[2, r, active[k]] = now[0, k], now[2, k]
            out[1, r, active[k]] = m[largest, r, active[0]] + now[1, k]
    return out[0], out[1], out[2], flags
