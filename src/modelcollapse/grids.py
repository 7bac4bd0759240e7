"""Grids: bins on the real line that merge into coarser ones, or categories, which are their own bins."""

from dataclasses import dataclass

import numpy as np

from modelcollapse.kernels import grids as kernels
from modelcollapse.types import Array, IntArray, Parts

MOST_BINS = 4096
"""Bins of a grid at most; where a spread would need more, they are wider, and a status says so."""


ABSENT = 2**40
"""An exponent above all others."""


@dataclass(frozen=True)
class Grid:
    """The bins of each replicate.

    Attributes
    ----------
    exponent
        ``(replicate,)``: bins are 2^exponent wide, and their edges are multiples of it.
    first, bins
        ``(replicate,)``: the number of the first bin, whose edge is first 2^exponent, and how many there are.
    rounded
        Whether an item is rounded to the middle of its bin; a category is not.
    """

    exponent: IntArray
    first: IntArray
    bins: IntArray
    rounded: bool = True

    @property
    def most(self) -> int:
        """The bins of the replicate that has most."""
        return int(self.bins.max(initial=0))

    def width(self) -> Array:
        """Widths of the bins, ``(replicate,)``; 0 where nothing is rounded."""
        return np.ldexp(1.0, self.exponent) if self.rounded else np.zeros(len(self.exponent))

    def repeated(self, replicates: int) -> "Grid":
        """The same grid for each of many replicates."""
        if len(self.exponent) == replicates:
            return self
        exponent, first, bins = (np.repeat(a, replicates) for a in (self.exponent, self.first, self.bins))
        return Grid(exponent, first, bins, self.rounded)


@dataclass(frozen=True)
class Resolution:
    """How fine a grid is to be: bins that the least spread holds at least, and stds from end to end.

    Attributes
    ----------
    parts
        Bins in the least spread of a component, at least; at most twice as many. One number, or one for each
        reach.
    reach
        ``(replicate or 1,)``: stds that the grid goes beyond every mean.
    """

    parts: float | Array
    reach: Array


def categories(count: int) -> Grid:
    """The grid of categories 0, 1, 2, ..."""
    return _single(0, 0, count, rounded=False)


def whole_numbers(first: IntArray, bins: IntArray) -> Grid:
    """The grids of whole numbers, as many as ``bins`` ``(replicate,)`` from ``first`` on."""
    return Grid(np.zeros_like(first), first, bins, rounded=False)


def _single(exponent: int, first: int, bins: int, rounded: bool = True) -> Grid:
    """One grid for all replicates."""
    place = np.array([[exponent], [first], [bins]], dtype=np.int64)
    return Grid(place[0], place[1], place[2], rounded)


def of_mixtures(parts: Parts, resolution: Resolution) -> Grid:
    """The grid of each mixture ``(replicate, component)``, of a single one for each reach."""
    count = max(len(parts[0]), len(resolution.reach))
    exponent, first, bins = (np.empty(count, dtype=np.int64) for _ in range(3))
    fine, reach = resolution.parts, resolution.reach
    least = fine if isinstance(fine, np.ndarray) else np.full(len(reach), float(fine))
    kernels.choose_grids(*parts, reach, least, MOST_BINS, exponent, first, bins)
    return Grid(exponent, first, bins)


def masses_of_mixtures(parts: Parts, grid: Grid) -> Array:
    """Probabilities ``(replicate, bin)`` of bins under mixtures; the end bins are open."""
    mass = np.empty((len(grid.bins), grid.most))
    kernels.mixture_masses(*parts, grid.exponent, grid.first, grid.bins, mass)
    return mass


def of_values(values: Array, resolution: Resolution) -> Grid:
    """The grid of a data set ``(item,)``: half of `MOST_BINS`, or an eighth of the width for a Gaussian.

    Data may have clusters much narrower than the whole, and empty bins cost little.
    """
    low, high = float(values.min()), float(values.max())
    width = min(float(values.std()) / (8.0 * float(np.max(resolution.parts))), 2.0 * (high - low) / MOST_BINS)
    exponent = int(np.frexp(width)[1]) - 1
    while (high - low) / 2.0**exponent > MOST_BINS - 4:
        exponent += 1
    exponent = max(exponent, int(np.frexp(max(abs(low), abs(high)))[1]) - 1 - kernels.PRECISION)
    first, last = (int(np.floor(end / 2.0**exponent)) for end in (low, high))
    return _single(exponent, first - 1, last - first + 3)


def masses_of_values(values: Array, grid: Grid) -> Array:
    """Shares ``(1, bin)`` of a data set's items; an item between two middles is divided among them.

    So the mean is kept even where the data are rounded themselves, to a width that the bins' is no part of.
    """
    place = values / 2.0 ** int(grid.exponent[0]) - grid.first[0] - 0.5
    left = np.floor(place).astype(np.int64)
    right = place - left
    bins = int(grid.bins[0])
    share = np.bincount(left, 1.0 - right, bins) + np.bincount(left + 1, right, bins)
    return (share / len(values))[None, :]


def rounding_of_values(values: Array, grid: Grid) -> Array:
    """The variance that dividing items among two middles adds, ``(1,)``: width^2 times the mean f (1 - f)."""
    place = values / 2.0 ** int(grid.exponent[0]) - 0.5
    right = place - np.floor(place)
    return grid.width() ** 2 * np.mean(right * (1.0 - right))


def occupied(grid: Grid, count: IntArray) -> Grid:
    """The bins from the first to the last that holds an item; none of a replicate without items."""
    some = count > 0
    start = some.argmax(axis=1)
    end = some.shape[1] - some[:, ::-1].argmax(axis=1)
    bins = np.where(some[np.arange(len(some)), start], end - start, 0)
    return Grid(grid.exponent, grid.first + start, bins, grid.rounded)


def merged(grids: tuple[Grid, ...], drawn: tuple[bool, ...]) -> Grid:
    """The grid of data that are put together.

    Widths are the finest of the parts that were drawn anew, so that they follow the models; of parts that
    were kept, where there are no others. They are wider where that would take more than `MOST_BINS`.

    Parameters
    ----------
    grids
        The parts' bins that hold items; a part without bins does not count.
    drawn
        Which parts were drawn and not kept.
    """
    exponents, bins = np.stack([grid.exponent for grid in grids]), np.stack([grid.bins for grid in grids])
    present = bins > 0
    anew = present & np.array(drawn)[:, None]
    some = np.where(anew.any(axis=0), anew, present)
    exponent = np.where(some, exponents, ABSENT).min(axis=0)
    first = np.stack([grid.first for grid in grids]).astype(float)
    low = np.where(present, np.ldexp(first, exponents), np.inf).min(axis=0)
    high = np.where(present, np.ldexp(first + bins, exponents), -np.inf).max(axis=0)
    empty = ~present.any(axis=0)
    low, high = np.where(empty, 0.0, low), np.where(empty, 1.0, high)
    if not grids[0].rounded:  # categories stay what they are, however many there are
        start, end = low.astype(np.int64), high.astype(np.int64)
        return Grid(np.zeros_like(start), start, end - start, rounded=False)
    widest = np.ceil(np.log2((high - low) / (MOST_BINS - 2)))
    place = np.floor(np.log2(np.maximum(np.abs(low), np.abs(high)))) - kernels.PRECISION
    exponent = np.where(empty, 0, np.maximum(exponent, np.maximum(widest, place).astype(np.int64)))
    start = np.floor(np.ldexp(low, -exponent)).astype(np.int64)
    end = np.ceil(np.ldexp(high, -exponent)).astype(np.int64)
    return Grid(exponent, start, end - start, grids[0].rounded)
