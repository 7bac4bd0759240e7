"""Quadrature of Gaussian mixtures: nodes where the law is, densities there, and sums over them.

A law is rows weight, mean and std of components, ``(3, component)``.
"""

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, lane_sum
from modelcollapse.kernels.compiling import inner, widest_vectors
from modelcollapse.types import Array

STEPS = np.array([-6.5, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.5, 6.5])
"""Where quadrature panels end, in stds from each component's mean."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)
CLOSE = 0.3
"""An end of a panel within so many stds of the last one, the narrower's, is left out."""
MOMENTS = 7
"""Powers of z that `powers` sums: 0 to 6."""


@inner
def scratch(components: int, width: int) -> Array:
    """Room for the nodes of laws of so many components in all, ``(5 + component, node)``."""
    return np.empty((5 + components, components * STEPS.size * NODES.size + width))


@inner
def _lay_panels(law: Array, count: int, edges: Array) -> int:
    """Lay the ends of quadrature panels, in order: `STEPS` around each component. Returns their number.

    Of two ends that nearly meet one is enough; so laws that are nearly equal share their panels.
    """
    number, last, at = 0, 0.0, np.zeros(count, dtype=np.int64)
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
def lay_nodes(law: Array, count: int, edges: Array, x: Array, length: Array, width: int) -> int:
    """Lay Gauss-Legendre nodes ``x`` for a law, with their lengths; filled up to whole blocks of ``width``.

    ``edges`` is scratch. Returns the number of nodes.
    """
    number, total = _lay_panels(law, count, edges), 0
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
def densities(x: Array, nodes: int, law: Array, count: int, f: Array, p: Array, each: Array) -> None:
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
def powers(x: Array, nodes: int, mean: float, std: float, mass: Array, width: int, out: Array) -> None:
    """Sum mass (1, z, .., z^6) over the nodes, which fill whole blocks of ``width`` lanes."""
    widest_vectors()
    lanes, narrow = np.zeros((MOMENTS, width)), 1.0 / std
    for first in range(0, nodes, width):
        y, given = x[first : first + width], mass[first : first + width]
        for lane in range(width):
            z = (y[lane] - mean) * narrow
            g = given[lane]
            lanes[0, lane] += g
            g *= z
            lanes[1, lane] += g
            g *= z
            lanes[2, lane] += g
            g *= z
            lanes[3, lane] += g
            g *= z
            lanes[4, lane] += g
            g *= z
            lanes[5, lane] += g
            lanes[6, lane] += g * z
    for power in range(MOMENTS):
        out[power] = lane_sum(lanes[power])
