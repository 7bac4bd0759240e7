"""Items counted on bins. Bin i of a grid with exponent e holds i 2^e <= x < (i + 1) 2^e.

Widths are powers of two and edges are multiples of them, so that bins merge into coarser ones exactly.
A grid of each replicate: ``exponent``, the number ``first`` of its first bin, and how many ``bins`` it has.
"""

import math

import numpy as np

from modelcollapse.kernels.compiling import borrowing, brief, compiled
from modelcollapse.kernels.counting import multinomial
from modelcollapse.types import Array, BitArray, IntArray

PRECISION = 51
"""Bits of the largest place that a bin's number may have."""


@borrowing
def _log2_floor(x: float) -> int:
    """The largest whole e with 2^e <= x."""
    _, exponent = math.frexp(x)
    return exponent - 1


@brief
def choose_grids(
    w: Array, m: Array, s: Array, reach: Array, parts: Array, most: int,
    exponent: IntArray, first: IntArray, bins: IntArray,
) -> None:  # fmt: skip
    """Choose the grid of each mixture ``(replicate, component)``; a single row is the mixture of all.

    The least spread holds at least ``parts`` bins, and the grid goes ``reach`` stds out on both sides, of
    which a single one is that of all; where this takes more than ``most`` bins they are wider. A mixture of
    points has bins of a rounding.
    """
    for r in range(exponent.size):
        row, one = (r if w.shape[0] > 1 else 0), (r if reach.size > 1 else 0)
        far = reach[one]
        low, high, least, place = np.inf, -np.inf, np.inf, 1e-290
        for k in range(w.shape[1]):
            if w[row, k] <= 0.0:
                continue
            low = min(low, m[row, k] - far * s[row, k])
            high = max(high, m[row, k] + far * s[row, k])
            least = min(least, s[row, k]) if s[row, k] > 0.0 else least
        place = max(place, abs(low), abs(high))
        e = _log2_floor(place) - PRECISION
        if least < np.inf:
            e = max(e, _log2_floor(least / parts[one]))
        while (high - low) / 2.0**e > most - 2:
            e += 1
        exponent[r] = e
        first[r] = math.floor(low / 2.0**e)
        bins[r] = math.floor(high / 2.0**e) - first[r] + 1


@borrowing
def _tail(z: float) -> float:
    """Probability of a standard normal beyond |z|, on z's own side."""
    return 0.5 * math.erfc(abs(z) * 0.7071067811865476)


@compiled
def mixture_masses(
    w: Array, m: Array, s: Array, exponent: IntArray, first: IntArray, bins: IntArray, mass: Array
) -> None:
    """Probabilities of bins under mixtures: ``mass`` ``(replicate, bin)``. The end bins are open.

    Each bin is computed from the tail of its own side, so that small masses keep their digits.
    """
    for r in range(mass.shape[0]):
        row, width = (r if w.shape[0] > 1 else 0), 2.0 ** exponent[r]
        out = mass[r]
        for i in range(out.size):
            out[i] = 0.0
        for k in range(w.shape[1]):
            if w[row, k] <= 0.0:
                continue
            if s[row, k] == 0.0:
                i = math.floor(m[row, k] / width) - first[r]
                out[min(max(i, 0), bins[r] - 1)] += w[row, k]
                continue
            z, tail = -np.inf, 0.0
            for i in range(bins[r]):
                up = ((first[r] + i + 1) * width - m[row, k]) / s[row, k] if i < bins[r] - 1 else np.inf
                beyond = _tail(up)
                if z >= 0.0:
                    out[i] += w[row, k] * (tail - beyond)
                elif up <= 0.0:
                    out[i] += w[row, k] * (beyond - tail)
                else:
                    out[i] += w[row, k] * (1.0 - tail - beyond)
                z, tail = up, beyond


@compiled
def add_counts(
    count: IntArray, exponent: IntArray, first: IntArray, bins: IntArray,
    new_exponent: IntArray, new_first: IntArray, state: BitArray, total: IntArray,
) -> None:  # fmt: skip
    """Add counts ``(replicate, bin)`` to those of other grids that reach as far.

    Into coarser bins they merge exactly. Among the finer bins of a bin its items are divided at random, each
    as likely in one as in another.
    """
    block, used = np.empty(state.shape[2], dtype=np.uint64), np.empty(1, dtype=np.int64)
    for r in range(count.shape[0]):
        there = False
        for i in range(bins[r]):
            there = there or count[r, i] > 0
        if not there:  # and its grid may be anywhere
            continue
        shift, lanes = new_exponent[r] - exponent[r], state[r]
        finer = 1 << max(-shift, 0)
        even, part = np.ones(finer), np.empty(finer, dtype=np.int64)
        used[0] = block.size
        for i in range(bins[r]):
            if count[r, i] == 0:
                continue
            if shift >= 0:
                total[r, ((first[r] + i) >> min(shift, 63)) - new_first[r]] += count[r, i]
                continue
            multinomial(count[r, i], even, finer, part, lanes, block, used)
            for j in range(finer):
                if part[j] > 0:
                    total[r, (first[r] + i) * finer + j - new_first[r]] += part[j]


@compiled
def midpoints(
    count: IntArray, exponent: IntArray, first: IntArray, bins: IntArray, x: Array, weight: Array
) -> IntArray:
    """Middles of the bins that hold items, and their counts as floats, both ``(replicate, bin)``.

    Gives how many bins of a replicate do, ``(replicate,)``. Empty ones are left out, so that a fit does not
    depend on how far a grid goes.
    """
    held = np.zeros(count.shape[0], dtype=np.int64)
    for r in range(count.shape[0]):
        width = 2.0 ** exponent[r]
        for i in range(bins[r]):
            if count[r, i] > 0:
                x[r, held[r]] = (first[r] + i + 0.5) * width
                weight[r, held[r]] = float(count[r, i])
                held[r] += 1
    return held
