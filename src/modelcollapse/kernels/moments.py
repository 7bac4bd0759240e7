"""Weighted mean and variance of items, in two centred passes."""

import numpy as np

from modelcollapse.kernels.arithmetic import lane_sum
from modelcollapse.kernels.compiling import compiled, inner, widest_vectors
from modelcollapse.types import Array, IntArray


@inner
def weighted_moments(x: Array, weight: Array, size: int, width: int) -> tuple[float, float, float]:
    """Total weight, mean and second central moment of one replicate's items, in two passes.

    ``weight`` has the items' length, or length 0 for weight 1 each. Two passes, centred: a single
    pass loses all digits at an offset of 1e8.
    """
    weighted = weight.size > 0
    total, first, second = np.zeros(width), np.zeros(width), np.zeros(width)
    whole = size - size % width
    center, count = x[0] if size else 0.0, float(size)
    if weighted:
        for i in range(0, whole, width):
            items, given = x[i : i + width], weight[i : i + width]
            for lane in range(width):
                total[lane] += given[lane]
                first[lane] += given[lane] * (items[lane] - center)
    else:
        for i in range(0, whole, width):
            items = x[i : i + width]
            for lane in range(width):
                first[lane] += items[lane] - center
    for i in range(whole, size):
        w = weight[i] if weighted else 1.0
        total[0] += w if weighted else 0.0
        first[0] += w * (x[i] - center)
    if weighted:
        count = lane_sum(total)
    mean = center + lane_sum(first) / count
    for lane in range(width):
        first[lane] = 0.0
    for i in range(0, whole, width):
        items = x[i : i + width]
        if weighted:
            given = weight[i : i + width]
            for lane in range(width):
                y = items[lane] - mean
                first[lane] += given[lane] * y
                second[lane] += given[lane] * (y * y)
        else:
            for lane in range(width):
                y = items[lane] - mean
                first[lane] += y
                second[lane] += y * y
    for i in range(whole, size):
        w, y = weight[i] if weighted else 1.0, x[i] - mean
        first[0] += w * y
        second[0] += w * (y * y)
    shift = lane_sum(first) / count  # what rounding left of the first pass
    variance = lane_sum(second) / count - shift * shift
    return count, mean + shift, max(variance, 0.0)


@compiled
def moments(x: Array, weight: Array, size: IntArray, width: int) -> tuple[Array, Array, Array]:
    """Total weight, mean and second central moment, axis ``(replicate,)``, of items ``(replicate, item)``.

    ``weight`` has the items' shape, or no columns for weight 1 each. ``size`` items of a row count.
    """
    widest_vectors()
    replicates = x.shape[0]
    total, mean, variance = np.empty(replicates), np.empty(replicates), np.empty(replicates)
    for r in range(replicates):
        total[r], mean[r], variance[r] = weighted_moments(x[r], weight[r], size[r], width)
    return total, mean, variance
