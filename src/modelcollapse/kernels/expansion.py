"""Maximum likelihood to first order in 1/n, for mixtures of Gaussians: information and bias.

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

from modelcollapse.kernels.compiling import compiled, inner
from modelcollapse.kernels.newton import information
from modelcollapse.kernels.quadrature import MOMENTS, densities, lay_nodes, powers, scratch
from modelcollapse.types import Array, IntArray

SINGULAR = 1e-6
"""The least pivot of an information scaled to a unit diagonal."""


@inner
def gather(w: Array, m: Array, s: Array, now: Array, active: IntArray) -> int:
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
def expand(
    law: Array, count: int, nodes: Array, width: int, matrix: Array, root: Array, bias: Array, white: Array
) -> bool:
    """Fill the information of a law, its inverse's root and the bias; whether it is nearly singular.

    ``white`` gets the bias in units of standard deviations of a single item: bias = root' white.
    ``nodes`` is scratch ``(5 + component, node)``.
    """
    size, cross = 3 * count, np.empty((count * count, MOMENTS))
    sums, number = np.zeros((count, 3)), 0
    x, length, p, each, mass, f = nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5:]
    for k in range(count):
        sums[k, 0], sums[k, 2] = law[0, k], law[0, k]
    if count > 1:
        number = lay_nodes(law, count, mass, x, length, width)
        densities(x, number, law, count, f, p, each)
    for k in range(count):
        for other in range(k + 1, count):
            one, two, narrow = f[k], f[other], k if law[2, k] <= law[2, other] else other
            for i in range(number):
                mass[i] = length[i] * one[i] * (two[i] * each[i])
            powers(x, number, law[1, narrow], law[2, narrow], mass, width, cross[k * count + other])
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


@compiled
def expansion_batch(w: Array, m: Array, s: Array, width: int) -> tuple[Array, Array]:
    """Fisher information ``(replicate, 3 K, 3 K)`` and bias ``(replicate, 3 K)`` of mixtures of K components.

    All components must be alive, and none a point. The engine does not call it: tests and verification do.
    """
    replicates, components = w.shape
    most = 3 * components
    nodes = scratch(components, width)
    matrix, bias = np.empty((replicates, most, most)), np.empty((replicates, most))
    root, white, now = np.empty((most, most)), np.empty(most), np.empty((3, components))
    active = np.empty(components, dtype=np.int64)
    for r in range(replicates):
        count = gather(w[r], m[r], s[r], now, active)
        expand(now, count, nodes, width, matrix[r], root, bias[r], white)
    return matrix, bias
