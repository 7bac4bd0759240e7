"""Maximum likelihood to first order in 1/n, for mixtures of Gaussians: information, bias, pooled laws.

The maximum likelihood estimate from n items of a law theta is, in any coordinates,

    theta + b/n + e,    e ~ Normal(0, I^-1/n),    with errors of the next order,

I the Fisher information an item and b the bias (Cox and Snell 1968, J. R. Stat. Soc. B 30, 248):

    b^a = -1/2 I^ab E[s_b h],    h = I^cd (d^2 p/dtheta_c dtheta_d)/p,    s the score.

This short form of theirs is derived: E[l_cd l_b] + 1/2 E[l_bcd], contracted with I^cd, loses its third
derivatives by Bartlett's identities; it is Amari's -1/2 Gamma^(m), the coefficients of the mixture
connection. In a mixture p's second derivatives are components times polynomials, so that with
responsibilities r_k and z_k = (x - mean_k)/std_k

    h = sum_k r_k Q_k(z_k) + constant,    Q_k of degree 4,

and both I and b follow from the moments E[r_k r_l (1, z, .., z^6)] of pairs of components alone.

Coordinates a component, as in `newton.information`: its logit, its mean in units of its std, the log of its
std. Means are counted from the first component's, so that precision ends with the spread and not with
the distance from 0.
"""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, lane_sum
from modelcollapse.kernels.compiling import compiled, inner, widest_vectors
from modelcollapse.kernels.em import ROUNDINGS, is_point, spacing
from modelcollapse.kernels.newton import information, newton_step, walk
from modelcollapse.kernels.random import normals
from modelcollapse.streams import LANES
from modelcollapse.types import Array, BitArray, IntArray

DEAD, POINT, COLLAPSED, LIMIT, OUTSIDE = 1, 2, 4, 32, 512  # as in types.Status
STEPS = np.array([-6.5, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.5, 6.5])
"""Where quadrature panels end, in stds from each component's mean."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)
CLOSE = 0.3
"""An end of a panel within so many stds of the last one, the narrower's, is left out."""
FEWEST = 25.0
"""Items of a component, five standard deviations of their own number: below, first order is not enough."""
SINGULAR = 1e-6
"""The least pivot of an information scaled to a unit diagonal."""
MOMENTS = 7


# laws and nodes


@inner
def _gather(w: Array, m: Array, s: Array, now: Array, active: IntArray) -> int:
    """Gather the components alive, means counted from the first one's; 0 if one of them is a point."""
    count, norm = 0, 0.0
    for k in range(w.size):
        if w[k] > 0.0:
            if s[k] == 0.0:
                return 0
            active[count] = k
            now[0, count], now[1, count], now[2, count] = w[k], m[k] - m[active[0]], s[k]
            norm += w[k]
            count += 1
    for k in range(count):
        now[0, k] /= norm
    return count


@inner
def _panels(law: Array, count: int, at: IntArray, edges: Array) -> int:
    """Lay the ends of quadrature panels, in order: `STEPS` around each component. Returns their number.

    Of two ends that nearly meet one is enough; so laws that are nearly equal share their panels.
    """
    number, last = 0, 0.0
    for k in range(count):
        at[k] = 0
    while True:
        best, lowest = -1, np.inf
        for k in range(count):
            if at[k] < STEPS.size:
                x = law[1, k] + law[2, k] * STEPS[at[k]]
                if x < lowest:
                    best, lowest = k, x
        if best < 0:
            return number
        at[best] += 1
        if number == 0 or lowest - edges[number - 1] > CLOSE * min(law[2, best], last):
            edges[number], last = lowest, law[2, best]
            number += 1


@inner
def _lay_nodes(edges: Array, number: int, x: Array, length: Array, width: int) -> int:
    """Gauss-Legendre nodes between the ends, and their lengths; filled up to whole blocks of ``width``."""
    total = 0
    for i in range(NODES.size):
        for j in range(number - 1):
            half = 0.5 * (edges[j + 1] - edges[j])
            x[total + j] = edges[j] + half * (1.0 + NODES[i])
            length[total + j] = half * WEIGHTS[i]
        total += number - 1
    while total % width:
        x[total], length[total] = edges[0], 0.0
        total += 1
    return total


@inner
def _densities(x: Array, nodes: int, law: Array, count: int, f: Array, p: Array, each: Array) -> None:
    """Weights times densities at the nodes, ``f`` ``(component, node)``; their sum p, and 1/p."""
    widest_vectors()
    for i in range(nodes):
        p[i] = 1e-300
    for k in range(count):
        mean, narrow, own = law[1, k], 1.0 / law[2, k], f[k]
        height = law[0, k] * narrow * 0.3989422804014327
        for i in range(nodes):
            z = (x[i] - mean) * narrow
            own[i] = height * exp_negative(-0.5 * z * z)
        for i in range(nodes):
            p[i] += own[i]
    for i in range(nodes):
        each[i] = 1.0 / p[i]


@inner
def _powers(x: Array, nodes: int, mean: float, std: float, mass: Array, width: int, out: Array) -> None:
    """Sum mass (1, z, .., z^6) over the nodes, which fill whole blocks of ``width`` = `LANES` lanes."""
    widest_vectors()
    lanes, narrow = np.zeros(MOMENTS * LANES), 1.0 / std
    for first in range(0, nodes, width):
        y, given = x[first : first + width], mass[first : first + width]
        for lane in range(width):
            z = (y[lane] - mean) * narrow
            g = given[lane]
            lanes[lane] += g
            g *= z
            lanes[LANES + lane] += g
            g *= z
            lanes[2 * LANES + lane] += g
            g *= z
            lanes[3 * LANES + lane] += g
            g *= z
            lanes[4 * LANES + lane] += g
            g *= z
            lanes[5 * LANES + lane] += g
            lanes[6 * LANES + lane] += g * z
    for power in range(MOMENTS):
        out[power] = lane_sum(lanes[power * width : (power + 1) * width])


# information and bias


@inner
def _whiten(matrix: Array, size: int, root: Array) -> bool:
    """Fill ``root``, lower triangular, with root' root = matrix^-1; returns whether it is nearly singular.

    A pivot below `SINGULAR` is replaced by 1: that coordinate then moves as if the others were known.
    """
    factor, scale, singular = np.zeros((size, size)), np.empty(size), False
    for i in range(size):
        scale[i] = 1.0 / math.sqrt(max(matrix[i, i], 1e-300))
    for i in range(size):
        for j in range(i + 1):
            value = matrix[i, j] * scale[i] * scale[j]
            for k in range(j):
                value -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = value / factor[j, j]
            elif value > SINGULAR:
                factor[i, i] = math.sqrt(value)
            else:
                factor[i, i], singular = 1.0, True
    for j in range(size):  # the inverse of the factor, a column at a time
        for i in range(size):
            root[i, j] = 0.0
        root[j, j] = 1.0 / factor[j, j]
        for i in range(j + 1, size):
            value = 0.0
            for k in range(j, i):
                value -= factor[i, k] * root[k, j]
            root[i, j] = value / factor[i, i]
    for i in range(size):
        for j in range(i + 1):
            root[i, j] *= scale[j]
    return singular


@inner
def _curvature(root: Array, size: int, law: Array, count: int, q: Array) -> None:
    """Fill ``q[k]`` with the coefficients of Q_k(z), of h = sum_k r_k Q_k(z_k) + constant.

    p's second derivatives over p, contracted with the inverse information C = root' root, in the
    coordinates a (logits), m and s (mean, log std) of the components:

        a_k a_l: delta_kl r_k - r_k w_l - r_l w_k + constant
        a_k m_j: (delta_jk - w_k) r_j z_j,    a_k s_j: (delta_jk - w_k) r_j (z_j^2 - 1)
        m m: r (z^2 - 1),    m s: r (z^3 - 3 z),    s s: r (z^4 - 4 z^2 + 1), within a component.
    """
    c = np.empty((3, 3))
    for k in range(count):
        logit, to_mean, to_std = 0.0, 0.0, 0.0
        for i in range(3):
            for j in range(3):
                c[i, j] = 0.0
                for row in range(3 * k, size):
                    c[i, j] += root[row, 3 * k + i] * root[row, 3 * k + j]
        for row in range(size):
            others = 0.0
            for other in range(count):
                others += law[0, other] * root[row, 3 * other]
            logit += others * root[row, 3 * k]
            to_mean += others * root[row, 3 * k + 1]
            to_std += others * root[row, 3 * k + 2]
        to_mean, to_std = 2.0 * (c[0, 1] - to_mean), 2.0 * (c[0, 2] - to_std)
        q[k, 0] = c[0, 0] - 2.0 * logit - to_std - c[1, 1] + c[2, 2]
        q[k, 1] = to_mean - 6.0 * c[1, 2]
        q[k, 2] = to_std + c[1, 1] - 4.0 * c[2, 2]
        q[k, 3] = 2.0 * c[1, 2]
        q[k, 4] = c[2, 2]


@inner
def _rescaled(q: Array, p: float, shift: float, out: Array) -> None:
    """Coefficients of Q(p z + shift), of degree 4, by Horner's rule."""
    for i in range(5):
        out[i] = 0.0
    for power in range(4, -1, -1):
        for i in range(4, 0, -1):
            out[i] = out[i] * shift + out[i - 1] * p
        out[0] = out[0] * shift + q[power]


@inner
def _slant(law: Array, count: int, cross: Array, q: Array, out: Array) -> None:
    """Fill ``out`` with E[s h], of the score s and h = sum_k r_k Q_k(z_k), from the moments of pairs.

    r_k^2 is r_k less its products with the others: E[r_k d h] = w_k E[d Q_k under component k]
    + sum_l E[r_k r_l d (Q_l - Q_k)], with d = 1, z_k, z_k^2 - 1.
    """
    wide_q, moment, heights = np.empty(5), np.empty(3), 0.0
    for k in range(count):
        w = law[0, k]
        out[3 * k] = w * (q[k, 0] + q[k, 2] + 3.0 * q[k, 4])
        out[3 * k + 1] = w * (q[k, 1] + 3.0 * q[k, 3])
        out[3 * k + 2] = w * (2.0 * q[k, 2] + 12.0 * q[k, 4])
    for k in range(count):
        for other in range(k + 1, count):
            narrow, wide = (k, other) if law[2, k] <= law[2, other] else (other, k)
            p = law[2, narrow] / law[2, wide]
            shift = (law[1, narrow] - law[1, wide]) / law[2, wide]
            _rescaled(q[wide], p, shift, wide_q)
            for i in range(3):
                moment[i] = 0.0
                for j in range(5):
                    moment[i] += (wide_q[j] - q[narrow, j]) * cross[k * count + other, i + j]
            first = shift * moment[0] + p * moment[1]
            second = shift * first + p * (shift * moment[1] + p * moment[2])
            out[3 * narrow] += moment[0]
            out[3 * narrow + 1] += moment[1]
            out[3 * narrow + 2] += moment[2] - moment[0]
            out[3 * wide] -= moment[0]
            out[3 * wide + 1] -= first
            out[3 * wide + 2] -= second - moment[0]
    for k in range(count):
        heights += out[3 * k]
    for k in range(count):
        out[3 * k] -= law[0, k] * heights


@inner
def _expand(
    law: Array, count: int, nodes: Array, width: int, matrix: Array, root: Array, bias: Array, white: Array
) -> bool:
    """Fill the information of a law, its inverse's root and the bias; whether it is nearly singular.

    ``white`` gets the bias in units of standard deviations of a single item: bias = root' white.
    ``nodes`` is scratch ``(5 + component, node)``.
    """
    size, cross = 3 * count, np.empty((count * count, MOMENTS))
    sums, at = np.zeros((count, 3)), np.empty(count, dtype=np.int64)
    x, length, p, each, mass, f = nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5:]
    for k in range(count):
        sums[k, 0], sums[k, 2] = law[0, k], law[0, k]
    number = 0
    if count > 1:
        number = _lay_nodes(mass, _panels(law, count, at, mass), x, length, width)
        _densities(x, number, law, count, f, p, each)
    for k in range(count):
        for other in range(k + 1, count):
            one, two, narrow = f[k], f[other], k if law[2, k] <= law[2, other] else other
            for i in range(number):
                mass[i] = length[i] * one[i] * (two[i] * each[i])
            _powers(x, number, law[1, narrow], law[2, narrow], mass, width, cross[k * count + other])
    information(1.0, law, count, sums, cross, 1.0, matrix, bias)
    singular = _whiten(matrix, size, root)
    q = np.empty((count, 5))
    _curvature(root, size, law, count, q)
    _slant(law, count, cross, q, bias)
    for i in range(size):
        white[i] = 0.0
        for j in range(i + 1):
            white[i] -= 0.5 * root[i, j] * bias[j]
    for j in range(size):
        bias[j] = 0.0
        for i in range(j, size):
            bias[j] += root[i, j] * white[i]
    return singular


# displaced laws


@inner
def _scratch(components: int, width: int) -> Array:
    """Room for the nodes of laws of so many components in all, ``(5 + component, node)``."""
    return np.empty((5 + components, components * STEPS.size * NODES.size + width))


@compiled
def displaced(
    w: Array, m: Array, s: Array, size: IntArray, variance: Array, state: BitArray
) -> tuple[Array, Array, Array, IntArray]:
    """Estimates from ``size`` items of mixtures: theta + variance b + Normal(0, variance I^-1).

    Parameters ``(replicate or 1, component)``; ``size`` and ``variance`` ``(replicate,)``, the
    latter 1/n for a draw of n items, 1/m - 1/n for m of n, 0 for no displacement at all.
    Returns weights, means and stds ``(replicate, component)`` and bits: `OUTSIDE` where first order
    in 1/n does not hold, because the step is too long, the information nearly singular, the bias as
    long as a standard deviation, or a component left with a handful of items.
    """
    replicates, components, width = size.size, w.shape[1], state.shape[2]
    most = 3 * components
    nodes, lanes = _scratch(components, width), np.empty((3, width))
    matrix, root, bias, white = np.empty((most, most)), np.empty((most, most)), np.empty(most), np.empty(most)
    now, after, step = np.empty((3, components)), np.empty((3, components)), np.empty(most)
    active, noise = np.empty(components, dtype=np.int64), np.empty(most)
    out = np.empty((3, replicates, components))
    flags, count, singular, length = np.zeros(replicates, dtype=np.int64), -1, False, 0.0
    for r in range(replicates):
        row = r if len(w) > 1 else 0
        for k in range(components):
            out[0, r, k], out[1, r, k], out[2, r, k] = w[row, k], m[row, k], s[row, k]
        if variance[r] == 0.0:
            continue
        if count < 0 or len(w) > 1:
            count = _gather(w[row], m[row], s[row], now, active)
            singular = count > 0 and _expand(now, count, nodes, width, matrix, root, bias, white)
            length = 0.0
            for i in range(3 * count):
                length += white[i] * white[i]
        if count == 0:
            flags[r] = OUTSIDE
            continue
        normals(state[r], noise, 3 * count, lanes)
        deviation = math.sqrt(variance[r])
        part = min(variance[r], deviation / math.sqrt(length + 1e-300))  # of the bias
        for j in range(3 * count):
            step[j] = part * bias[j]
            for i in range(j, 3 * count):
                step[j] += deviation * root[i, j] * noise[i]
        outside = not walk(now, count, step, 1.0, after) or singular or part < variance[r]
        for k in range(count):
            outside = outside or size[r] * after[0, k] < FEWEST
            out[0, r, active[k]], out[2, r, active[k]] = after[0, k], after[2, k]
            out[1, r, active[k]] = m[row, active[0]] + after[1, k]
        flags[r] = OUTSIDE if outside else 0
    return out[0], out[1], out[2], flags


@compiled
def expansion_batch(w: Array, m: Array, s: Array, width: int) -> tuple[Array, Array]:
    """Fisher information ``(replicate, 3 K, 3 K)`` and bias ``(replicate, 3 K)`` of mixtures of K components.

    All components must be alive, and none a point. ``width`` is `LANES`.
    """
    replicates, components = w.shape
    most = 3 * components
    nodes = _scratch(components, width)
    matrix, bias = np.empty((replicates, most, most)), np.empty((replicates, most))
    root, white, now = np.empty((most, most)), np.empty(most), np.empty((3, components))
    active = np.empty(components, dtype=np.int64)
    for r in range(replicates):
        count = _gather(w[r], m[r], s[r], now, active)
        _expand(now, count, nodes, width, matrix[r], root, bias[r], white)
    return matrix, bias


# pooled laws


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
    at = np.empty(parts, dtype=np.int64)
    number = _lay_nodes(mass, _panels(law, parts, at, mass), x, length, width)
    _densities(x, number, law, parts, f, q, each)
    for _ in range(50):
        _densities(x, number, now, count, f, p, each)
        for k in range(count):
            one = f[k]
            for i in range(number):
                mass[i] = length[i] * (q[i] - p[i]) * (one[i] * each[i])
            _powers(x, number, now[1, k], now[2, k], mass, width, moment)
            sums[k, 0], sums[k, 1], sums[k, 2] = now[0, k] + moment[0], moment[1], now[0, k] + moment[2]
            for other in range(k + 1, count):
                two, narrow = f[other], k if now[2, k] <= now[2, other] else other
                for i in range(number):
                    mass[i] = length[i] * q[i] * (one[i] * each[i]) * (two[i] * each[i])
                _powers(x, number, now[1, narrow], now[2, narrow], mass, width, cross[k * count + other])
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
    means and stds ``(replicate, component)`` and bits: `OUTSIDE` where no top was found. A pool of one
    part is that part.
    """
    parts, replicates, components = w.shape
    nodes = _scratch(parts * components, width)
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
            flags[r] = OUTSIDE
            continue
        if count == 1:
            _pooled_moments(law, all_parts, now)
        else:
            _average_step(mine, m[:, r], s[:, r], own, largest, total, active, count, step)
            walk(now, count, step, 0.7, after)
            for k in range(count):
                now[0, k], now[1, k], now[2, k] = after[0, k], after[1, k], after[2, k]
            flags[r] = 0 if _newton(law, all_parts, now, count, nodes, width, q, step) else OUTSIDE
        for k in range(components):
            out[0, r, k] = 0.0
        for k in range(count):
            out[0, r, active[k]], out[2, r, active[k]] = now[0, k], now[2, k]
            out[1, r, active[k]] = m[largest, r, active[0]] + now[1, k]
    return out[0], out[1], out[2], flags


@compiled
def settled(w: Array, m: Array, s: Array, size: IntArray) -> tuple[Array, Array, IntArray]:
    """Let components with less than one item die, and spreads that are roundings become points.

    Parameters ``(replicate, component)``; returns weights, stds and the status bits of the models.
    """
    weight, std = w.copy(), s.copy()
    flags = np.zeros(size.size, dtype=np.int64)
    for r in range(size.size):
        norm, bits = 0.0, 0
        for k in range(w.shape[1]):
            items = size[r] * w[r, k]
            if items < FEWEST and items > 0.0:
                bits |= OUTSIDE
            if items < 1.0:
                weight[r, k] = 0.0
            norm += weight[r, k]
        for k in range(w.shape[1]):
            if norm == 0.0:
                weight[r, k] = w[r, k]  # no items at all
            elif norm != 1.0:
                weight[r, k] /= norm
            if weight[r, k] == 0.0:
                bits |= DEAD
            elif is_point(m[r, k], std[r, k]):
                std[r, k] = 0.0
                bits |= (POINT | COLLAPSED if weight[r, k] > 1.0 - 1e-15 else POINT) | LIMIT
            elif std[r, k] < ROUNDINGS * spacing(abs(m[r, k])):
                bits |= LIMIT
        flags[r] = bits
    return weight, std, flags


# categories


@compiled
def displaced_shares(p: Array, size: IntArray, variance: Array, state: BitArray) -> tuple[Array, IntArray]:
    """Shares of categories among ``size`` items: p + Normal(0, variance (diag p - p p')), kept from 0 to 1.

    ``p`` ``(replicate or 1, category)``; returns shares ``(replicate, category)`` and bits: `OUTSIDE`
    where a category has fewer than five items, but some, before or after.
    """
    replicates, categories = size.size, p.shape[1]
    lanes, noise = np.empty((3, state.shape[2])), np.empty(categories)
    out, flags = np.empty((replicates, categories)), np.zeros(replicates, dtype=np.int64)
    for r in range(replicates):
        row = r if len(p) > 1 else 0
        if variance[r] == 0.0:
            for i in range(categories):
                out[r, i] = p[row, i]
            continue
        normals(state[r], noise, categories, lanes)
        deviation, common, norm = math.sqrt(variance[r]), 0.0, 0.0
        for i in range(categories):
            noise[i] *= math.sqrt(p[row, i])
            common += noise[i]
        for i in range(categories):
            share = max(p[row, i] + deviation * (noise[i] - p[row, i] * common), 0.0)
            if (p[row, i] > 0.0 and size[r] * p[row, i] < 5.0) or (share > 0.0 and size[r] * share < 5.0):
                flags[r] = OUTSIDE
            out[r, i] = share
            norm += share
        for i in range(categories):
            out[r, i] /= norm
    return out, flags
