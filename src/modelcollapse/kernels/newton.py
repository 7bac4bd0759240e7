"""Score, information and steps of a one-dimensional mixture's log-likelihood.

Coordinates a component: its logit, its mean in units of its std, the log of its std; vectors and
matrices have them in this order, component after component.
"""

import math

import numpy as np

from modelcollapse.kernels.compiling import borrowing, compact, inner
from modelcollapse.types import Array


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
    compact()
    weight = now[0]
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = 0.0
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
    _subtract_missing(share, now, components, cross, np.empty((2, 3, 3)), matrix)


@borrowing
def _subtract_missing(
    share: float, now: Array, components: int, cross: Array, poly: Array, matrix: Array
) -> None:
    """Take ``share`` times the missing information off the complete data's, pair by pair of components.

    ``poly`` ``(of the pair, row, power)`` holds d_k = (1, z_k, z_k^2 - 1) as polynomials in the z of the
    narrower of a pair. (Lengths of loops are read off it: known ones would be unrolled, four deep.)
    """
    compact()
    mean, std = now[1], now[2]
    powers = poly.shape[2]
    for k in range(components):
        for other in range(k + 1, components):
            narrow, wide = (k, other) if std[k] <= std[other] else (other, k)
            _polynomials(std[narrow] / std[wide], (mean[narrow] - mean[wide]) / std[wide], poly)
            moment = cross[k * components + other]
            for one in range(poly.shape[0]):
                for two in range(poly.shape[0]):
                    row, column = 3 * (wide if one else narrow), 3 * (wide if two else narrow)
                    sign = share if one != two else -share
                    for i in range(powers):
                        for j in range(powers):
                            value = 0.0
                            for a in range(powers):
                                for b in range(powers):
                                    value += poly[one, i, a] * poly[two, j, b] * moment[a + b]
                            matrix[row + i, column + j] += sign * value


@borrowing
def _polynomials(p: float, q: float, poly: Array) -> None:
    """The polynomials of `_subtract_missing`, where the wider component's z is p z + q."""
    compact()
    for i in range(poly.shape[1]):
        for j in range(poly.shape[2]):
            poly[0, i, j], poly[1, i, j] = 0.0, 0.0
    poly[0, 0, 0], poly[0, 1, 1], poly[0, 2, 0], poly[0, 2, 2] = 1.0, 1.0, -1.0, 1.0
    poly[1, 0, 0], poly[1, 1, 0], poly[1, 1, 1] = 1.0, q, p
    poly[1, 2, 0], poly[1, 2, 1], poly[1, 2, 2] = q * q - 1.0, 2.0 * p * q, p * p


@borrowing
def factorise(matrix: Array, size: int, factor: Array, scale: Array) -> bool:
    """Factorise a matrix, scaled to a unit diagonal, by Cholesky's method; False where it is not positive.

    Pivots must be above 1e-8: below, the likelihood is flat or a saddle.
    """
    compact()
    for i in range(size):
        if not matrix[i, i] > 0.0:
            return False
        scale[i] = 1.0 / math.sqrt(matrix[i, i])
    for i in range(size):
        for j in range(i + 1):
            value = matrix[i, j] * scale[i] * scale[j]
            for k in range(j):
                value -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = value / factor[j, j]
            elif value > 1e-8:
                factor[i, i] = math.sqrt(value)
            else:
                return False
    return True


@borrowing
def solve(factor: Array, scale: Array, score: Array, size: int, step: Array) -> float:
    """Solve matrix step = score by the factors; return the gain that a parabola promises."""
    compact()
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
def newton_step(matrix: Array, score: Array, size: int, step: Array) -> float:
    """Solve matrix step = score; return the gain a parabola promises, or -1 if it is not a maximum."""
    compact()
    factor, scale = np.empty((size, size)), np.empty(size)
    if not factorise(matrix, size, factor, scale):
        return -1.0
    return solve(factor, scale, score, size, step)


@borrowing
def walk(now: Array, count: int, step: Array, most: float, after: Array) -> bool:
    """Go along a step, at most ``most`` stds of a mean or of a log std, twice that of a logit.

    Returns whether that was the whole step.
    """
    compact()
    longest, norm = most, 0.0
    for k in range(count):
        longest = max(longest, 0.5 * abs(step[3 * k]))
        longest = max(longest, abs(step[3 * k + 1]))
        longest = max(longest, abs(step[3 * k + 2]))
    factor = most / longest
    for k in range(count):
        after[0, k] = now[0, k] * math.exp(factor * step[3 * k])
        after[1, k] = now[1, k] + now[2, k] * factor * step[3 * k + 1]
        after[2, k] = now[2, k] * math.exp(factor * step[3 * k + 2])
        norm += after[0, k]
    for k in range(count):
        after[0, k] /= norm
    return longest == most
