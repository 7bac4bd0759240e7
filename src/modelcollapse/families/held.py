"""What families share whose model is its own training set: the bootstrap, and kernels about each item.

Their parameters point to the training set and copy nothing, so that a pool is held in memory once,
however many models were fitted to it.
"""

from typing import Any, NamedTuple

import numpy as np

from modelcollapse.families.base import at_precision, check_rows
from modelcollapse.kernels.compiling import LANES
from modelcollapse.kernels.moments import moments
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Sizes, Status, per_replicate


class Held(NamedTuple):
    """Items ``(replicate, item)``, or ``(replicate, item, dimension)``, and how many of each row count.

    ``weight`` has a column for each item, or no columns where each counts once.
    """

    items: ItemArray
    size: IntArray
    weight: Array

    def row(self, r: int) -> tuple[Array, Array | None]:
        """The items of one replicate, and what each counts for, if that is not once."""
        size = int(self.size[r])
        return self.items[r, :size], self.weight[r, :size] if self.weight.size else None


def hold(x: ItemArray, size: IntArray, weight: Array | None) -> Held:
    """Keep a training set as it is."""
    return Held(x, size, np.empty((len(x), 0)) if weight is None else weight)


def none_held(replicates: int, dimension: int | None) -> Held:
    """No items at all; of vectors where there is a dimension."""
    shape = (replicates, 0) if dimension is None else (replicates, 0, dimension)
    return Held(np.empty(shape), np.zeros(replicates, dtype=np.int64), np.empty((replicates, 0)))


def moments_of(held: Held) -> tuple[Array, Array, Array]:
    """Total weight, mean and variance (divided by n) of the items, of each replicate.

    Of vectors the mean is ``(replicate, dimension)``, and the variance the sum of those of all
    dimensions, the trace of the covariance.
    """
    if held.items.ndim == 2:
        return moments(held.items, held.weight, held.size, LANES)
    total, variance = np.empty(len(held.items)), np.empty(len(held.items))
    mean = np.empty((len(held.items), held.items.shape[2]))
    for r in range(len(held.items)):
        row, weight = held.row(r)
        count = np.ones(len(row)) if weight is None else weight
        total[r] = count.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            center = (count[:, None] * (row - row[:1])).sum(axis=0) / total[r] + row[:1].sum(axis=0)
            away = row - center
            shift = (count[:, None] * away).sum(axis=0) / total[r]  # what rounding left
            spread = (count[:, None] * away**2).sum(axis=0) / total[r] - shift**2
        mean[r], variance[r] = center + shift, np.maximum(spread, 0.0).sum()
    return total, mean, variance


def status_of(mean: Array, variance: Array) -> IntArray:
    """What a model's mean and total variance say of it; a vector's largest mean counts."""
    far = mean if mean.ndim == 1 else mean[np.arange(len(mean)), np.abs(mean).argmax(axis=1)]
    status = np.where(variance == 0.0, int(Status.COLLAPSED | Status.POINT_MASS), 0)
    status |= np.where(at_precision(far, np.sqrt(variance)), int(Status.PRECISION_LIMIT), 0)
    finite = np.isfinite(mean.reshape(len(mean), -1)).all(axis=1) & np.isfinite(variance)
    return np.where(finite, status, int(Status.NONFINITE))


def redraw(held: Held, size: Sizes, streams: Streams) -> ItemArray:
    """Draw items with replacement, each as often as its weight says."""
    sizes = per_replicate(size, len(streams))
    check_rows(len(held.items), len(streams))
    drawn = np.empty((len(streams), int(sizes.max(initial=0)), *held.items.shape[2:]))
    for r, stream in enumerate(streams):
        row, weight = held.row(r if len(held.items) > 1 else 0)
        if len(row) == 0:  # a model that is not there
            drawn[r, : sizes[r]] = np.nan
        elif weight is None:
            drawn[r, : sizes[r]] = row[stream.integers(len(row), size=sizes[r])]
        else:
            up_to = np.cumsum(weight)
            place = np.searchsorted(up_to, stream.random(sizes[r]) * up_to[-1], side="right")
            last = int(np.flatnonzero(weight)[-1])  # what rounding may put beyond it
            drawn[r, : sizes[r]] = row[np.minimum(place, last)]
    return drawn


def take_held(new: Held, old: Held, keep_old: Any) -> Held:
    """Keep the old items of some replicates; rows are filled up to the longest."""
    width = max(new.items.shape[1], old.items.shape[1])
    weighted = bool(new.weight.size or old.weight.size)
    items = np.zeros((len(new.items), width, *new.items.shape[2:]), new.items.dtype)
    weight = np.zeros((len(items), width if weighted else 0))
    size = np.where(keep_old, old.size, new.size)
    for r, keep in enumerate(keep_old):
        row, counts = (old if keep else new).row(r)
        items[r, : len(row)] = row
        if weighted:
            weight[r, : len(row)] = 1.0 if counts is None else counts
    return Held(items, size, weight)
