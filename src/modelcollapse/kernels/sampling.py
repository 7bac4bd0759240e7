"""Items drawn from mixtures, a batch of replicates at a time."""

import numpy as np

from modelcollapse.kernels.compiling import compiled, widest_vectors
from modelcollapse.kernels.counting import multinomial
from modelcollapse.kernels.random import normals
from modelcollapse.types import Array, BitArray, IntArray


@compiled
def sample_mixtures(w: Array, m: Array, s: Array, size: IntArray, state: BitArray, x: Array) -> None:
    """Draw items of one-dimensional mixtures, component after component: a multinomial, then normals.

    Parameters are ``(replicate, component)``, or one row for all; replicate r gets ``x[r, :size[r]]``.
    Items of a training set are exchangeable, so their order carries nothing.
    """
    widest_vectors()
    components, lanes = w.shape[1], state.shape[2]
    block, used = np.empty(lanes, dtype=np.uint64), np.empty(1, dtype=np.int64)
    counts, scratch = np.empty(components, dtype=np.int64), np.empty((3, lanes))
    for r in range(x.shape[0]):
        row = r if w.shape[0] > 1 else 0
        counts[0] = size[r]
        if components > 1:
            used[0] = lanes
            multinomial(size[r], w[row], components, counts, state[r], block, used)
        normals(state[r], x[r], size[r], scratch)
        last = 0
        for k in range(components):
            first, last = last, last + counts[k]
            mean, std = m[row, k], s[row, k]  # read once: x might overlap them, for all LLVM knows
            for i in range(first, last):
                x[r, i] = mean + std * x[r, i]
