"""Shares of categories among n items, to first order in 1/n."""

import math

import numpy as np

from modelcollapse.kernels.bits import OUTSIDE_RANGE
from modelcollapse.kernels.compiling import compiled
from modelcollapse.kernels.random import normals
from modelcollapse.types import Array, BitArray, IntArray


@compiled
def displaced_shares(p: Array, size: IntArray, variance: Array, state: BitArray) -> tuple[Array, IntArray]:
    """Shares of categories among ``size`` items: p + Normal(0, variance (diag p - p p')), kept from 0 to 1.

    ``p`` ``(replicate or 1, category)``; returns shares ``(replicate, category)`` and bits: `OUTSIDE_RANGE`
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
                flags[r] = OUTSIDE_RANGE
            out[r, i] = share
            norm += share
        for i in range(categories):
            out[r, i] /= norm
    return out, flags
