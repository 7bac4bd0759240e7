"""Estimates near a law: displaced by the noise and bias of first order, and what of them is dead by now."""

import math

import numpy as np

from modelcollapse.kernels.bits import COLLAPSED, DEAD, NONFINITE, OUTSIDE_RANGE, POINT, PRECISION_LIMIT
from modelcollapse.kernels.compiling import brief, compiled, inner
from modelcollapse.kernels.em import ROUNDINGS, is_point, spacing
from modelcollapse.kernels.expansion import expand, gather
from modelcollapse.kernels.newton import walk
from modelcollapse.kernels.quadrature import scratch
from modelcollapse.kernels.random import normals
from modelcollapse.types import Array, BitArray, IntArray

FEWEST = 25.0
"""Items of a component, five standard deviations of their own number: below, first order is not enough."""


@compiled
def displaced(
    w: Array, m: Array, s: Array, size: IntArray, variance: Array, state: BitArray
) -> tuple[Array, Array, Array, IntArray]:
    """Estimates from ``size`` items of mixtures: theta + variance b + Normal(0, variance I^-1).

    Parameters ``(replicate or 1, component)``; ``size`` and ``variance`` ``(replicate,)``, the
    latter 1/n for a draw of n items, 1/m - 1/n for m of n, 0 for no displacement at all.
    Returns weights, means and stds ``(replicate, component)`` and bits: `OUTSIDE_RANGE` where first order
    in 1/n does not hold, because the step is too long, the information nearly singular, the bias as
    long as a standard deviation, or a component left with a handful of items.
    """
    replicates, components, width = size.size, w.shape[1], state.shape[2]
    most = 3 * components
    nodes, lanes = scratch(components, width), np.empty((3, width))
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
            count = gather(w[row], m[row], s[row], now, active)
            singular = count > 0 and expand(now, count, nodes, width, matrix, root, bias, white)
            length = 0.0
            for i in range(3 * count):
                length += white[i] * white[i]
        if count == 0:
            flags[r] = OUTSIDE_RANGE
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
        flags[r] = OUTSIDE_RANGE if outside else 0
    return out[0], out[1], out[2], flags


@inner
def _finite(w: Array, m: Array, s: Array) -> bool:
    """Whether all parameters of a mixture are numbers."""
    finite = True
    for k in range(w.size):
        finite = finite and np.isfinite(w[k]) and np.isfinite(m[k]) and np.isfinite(s[k])
    return finite


@brief
def settled(w: Array, m: Array, s: Array, size: IntArray) -> tuple[Array, Array, IntArray]:
    """Let components with less than one item die, and spreads that are roundings become points.

    Parameters ``(replicate, component)``; returns weights, stds and the status bits of the models. Where
    a parameter is not finite, `NONFINITE` is the only bit, for there is no model.
    """
    weight, std = w.copy(), s.copy()
    flags = np.zeros(size.size, dtype=np.int64)
    for r in range(size.size):
        if not _finite(w[r], m[r], s[r]):
            flags[r] = NONFINITE
            continue
        norm, bits = 0.0, 0
        for k in range(w.shape[1]):
            items = size[r] * w[r, k]
            if items < FEWEST and items > 0.0:
                bits |= OUTSIDE_RANGE
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
                bits |= (POINT | COLLAPSED if weight[r, k] > 1.0 - 1e-15 else POINT) | PRECISION_LIMIT
            elif std[r, k] < ROUNDINGS * spacing(abs(m[r, k])):
                bits |= PRECISION_LIMIT
        flags[r] = bits
    return weight, std, flags
