"""Weighted mean and variance of items, in two centred passes."""

import numpy as np

from modelcollapse.kernels.arithmetic import lane_sum
from modelcollapse.kernels.compiling import LANES, compiled, inner
from modelcollapse.types import Array, IntArray


@inner
def weighted_moments(x: Array, weight: Array, size: int) -> tuple[float, float, float]:
    """Total weight, mean and second central moment of one replicate's items, in two passes.

    ``weight`` has the items' length, or length 0 for weight 1 each. Two passes, centred: a single
    pass loses all digits at an offset of 1e8.
    """
    weighted = weight.size > 0
    lanes = np.zeros(2 * LANES)
    center = x[0] if size else 0.0
    for i in range(0, size - LANES + 1, LANES):
        for lane in range(LANES):
            w = weight[i + lane] if weighted else 1.0
            lanes[lane] += w
            lanes[LANES + lane] += w * (x[i + lane] - center)
    for i in range(size - size % LANES, size):
        w = weight[i] if weighted else 1.0
        lanes[0] += w
        lanes[LANES] += w * (x[i] - center)
    total = lane_sum(lanes[0 : 0 + LANES])
    mean = center + lane_sum(lanes[LANES : LANES + LANES]) / total
    lanes.fill(0.0)
    for i in range(0, size - LANES + 1, LANES):
        for lane in range(LANES):
            w = weight[i + lane] if weighted else 1.0
            y = x[i + lane] - mean
            lanes[lane] += w * y
            lanes[LANES + lane] += w * (y * y)
    for i in range(size - size % LANES, size):
        w = weight[i] if weighted else 1.0
        y = x[i] - mean
        lanes[0] += w * y
        lanes[LANES] += w * (y * y)
    shift = lane_sum(lanes[0 : 0 + LANES]) / total  # what rounding left of the first pass
    variance = lane_sum(lanes[LANES : LANES + LANES]) / total - shift * shift
    return total, mean + shift, max(variance, 0.0)


@compiled
def moments(x: Array, weight: Array, size: IntArray) -> tuple[Array, Array, Array]:
    """Total weight, mean and second central moment, axis ``(replicate,)``, of items ``(replicate, item)``.

    ``weight`` has the items' shape, or no columns for weight 1 each. ``size`` items of a row count.
    """
    replicates = x.shape[0]
    total, mean, variance = np.empty(replicates), np.empty(replicates), np.empty(replicates)
    for r in range(replicates):
        total[r], mean[r], variance[r] = weighted_moments(x[r], weight[r], size[r])
    return total, mean, variance
