"""Items counted on bins. Bin i of a grid with exponent e holds i 2^e <= x < (i + 1) 2^e.

Widths are powers of two and edges are multiples of them, so that bins merge into coarser ones exactly.
A grid of each replicate: ``exponent``, the number ``first`` of its first bin, and how many ``bins`` it has.
"""

import math

import numpy as np

from modelcollapse.kernels.compiling import borrowing, compiled
from modelcollapse.types import Array, IntArray

PRECISION = 51
"""Bits of the largest place that a bin's number may have."""


@borrowing
def _log2_floor(x: float) -> int:
    """The largest whole e with 2^e <= x."""
    _, exponent = math.frexp(x)
    return exponent - 1


@compiled
def choose_grids(
    w: Array, m: Array, s: Array, reach: Array, parts: float, most: int,
    exponent: IntArray, first: IntArray, bins: IntArray,
) -> None:  # fmt: skip
    """Choose the grid of each mixture ``(replicate, component)``; a single row is the mixture of all.

    The least spread holds at least ``parts`` bins, and the grid goes ``reach`` stds out on both sides, of
    which a single one is that of all; where this takes more than ``most`` bins they are wider. A mixture of
    points has bins of a rounding.
    """
    for r in range(exponent.size):
        row, far = (r if w.shape[0] > 1 else 0), reach[r if reach.size > 1 else 0]
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
            e = max(e, _log2_floor(least / parts))
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
    new_exponent: IntArray, new_first: IntArray, total: IntArray,
) -> None:  # fmt: skip
    """Add counts ``(replicate, bin)`` to those of grids that are as coarse or coarser."""
    for r in range(count.shape[0]):
        shift = new_exponent[r] - exponent[r]
        for i in range(bins[r]):
            total[r, ((first[r] + i) >> shift) - new_first[r]] += count[r, i]


@compiled
def midpoints(
    count: IntArray, exponent: IntArray, first: IntArray, bins: IntArray, x: Array, weight: Array
) -> None:
    """Middles of bins and their counts as floats, both ``(replicate, bin)``."""
    for r in range(count.shape[0]):
        width = 2.0 ** exponent[r]
        for i in range(bins[r]):
            x[r, i] = (first[r] + i + 0.5) * width
            weight[r, i] = float(count[r, i])
