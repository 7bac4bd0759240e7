"""Grids: bins on the real line that merge into coarser ones, or categories, which are their own bins."""

from dataclasses import dataclass

import numpy as np

from modelcollapse.kernels import grids as kernels
from modelcollapse.types import Array, IntArray, Parts

MOST_BINS = 4096
"""Bins of a grid at most; where a spread would need more, they are wider, and a status says so."""


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
        Bins in the least spread of a component, at least; at most twice as many.
    reach
        ``(replicate or 1,)``: stds that the grid goes beyond every mean.
    """

    parts: float
    reach: Array


def categories(count: int) -> Grid:
    """The grid of categories 0, 1, 2, ..."""
    return _single(0, 0, count, rounded=False)


def _single(exponent: int, first: int, bins: int, rounded: bool = True) -> Grid:
    """One grid for all replicates."""
    place = np.array([[exponent], [first], [bins]], dtype=np.int64)
    return Grid(place[0], place[1], place[2], rounded)


def of_mixtures(parts: Parts, resolution: Resolution) -> Grid:
    """The grid of each mixture ``(replicate, component)``, of a single one for each reach."""
    count = max(len(parts[0]), len(resolution.reach))
    exponent, first, bins = (np.empty(count, dtype=np.int64) for _ in range(3))
    kernels.choose_grids(*parts, resolution.reach, resolution.parts, MOST_BINS, exponent, first, bins)
    return Grid(exponent, first, bins)


def masses_of_mixtures(parts: Parts, grid: Grid) -> Array:
    """Probabilities ``(replicate, bin)`` of bins under mixtures; the end bins are open."""
    mass = np.empty((len(grid.bins), grid.most))
    kernels.mixture_masses(*parts, grid.exponent, grid.first, grid.bins, mass)
    return mass


def of_values(values: Array, resolution: Resolution) -> Grid:
    """The grid of a data set ``(item,)``, eight times as fine as that of a Gaussian of its spread."""
    width = float(values.std()) / (8.0 * resolution.parts)
    exponent = int(np.frexp(width)[1]) - 1
    while (values.max() - values.min()) / 2.0**exponent > MOST_BINS - 3:
        exponent += 1
    first, last = (int(np.floor(end / 2.0**exponent)) for end in (values.min(), values.max()))
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


def merged(grids: tuple[Grid, ...]) -> Grid:
    """The finest grid into whose bins those of all the grids merge."""
    exponent = np.max([grid.exponent for grid in grids], axis=0)
    shifts = [exponent - grid.exponent for grid in grids]
    first = np.min([grid.first >> shift for grid, shift in zip(grids, shifts, strict=True)], axis=0)
    last = np.max(
        [(grid.first + grid.bins - 1) >> shift for grid, shift in zip(grids, shifts, strict=True)], axis=0
    )
    return Grid(exponent, first, last - first + 1, grids[0].rounded)
