"""The exact engine: a training set is its items. Exact for itself; its cost grows with N."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modelcollapse import aligned
from modelcollapse.engines.base import Cost
from modelcollapse.errors import Problem
from modelcollapse.families.base import Family, Fit
from modelcollapse.kernels.picking import shuffle_pick
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Params, Sizes, per_replicate


@dataclass(frozen=True)
class Items:
    """Items ``(replicate, item, ...)``, of which the first ``size`` ``(replicate,)`` of a row count.

    ``weight`` ``(replicate, item)`` is what each counts for in a fit, where that is not 1.
    """

    x: ItemArray
    size: IntArray
    weight: Array | None = None


@dataclass(frozen=True)
class ExactEngine:
    """Hold every item of every replicate."""

    family: Family

    def draw(self, source: Source, size: Sizes, streams: Streams) -> Items:
        """Draw items from a source."""
        return Items(source.sample(size, streams), per_replicate(size, len(streams)))

    def pick(self, data: Items, size: Sizes, streams: Streams) -> Items:
        """Pick items without replacement, each subset of a size as likely as any other."""
        sizes = per_replicate(size, len(streams))
        plain = data.x.ndim == 2
        every = data.x if plain else np.tile(np.arange(data.x.shape[1]), (len(data.x), 1))
        picked: ItemArray = np.zeros((len(streams), int(sizes.max(initial=0))), dtype=every.dtype)
        shuffle_pick(every, data.size, sizes, streams.state, picked)
        if not plain:  # items that are no single numbers are picked by their places
            picked = data.x[np.arange(len(data.x))[:, None], picked]
        return Items(picked, sizes)

    def merge(self, *data: Items, weights: tuple[float, ...] | None = None) -> Items:
        """Put the items of each replicate one after the other."""
        merged = data[0] if len(data) == 1 else self._joined(data)
        if weights is None:
            return merged
        ones = [replace(part, x=np.full(part.x.shape[:2], w)) for part, w in zip(data, weights, strict=True)]
        return replace(merged, weight=ones[0].x if len(ones) == 1 else self._joined(tuple(ones)).x)

    def _joined(self, data: tuple[Items, ...]) -> Items:
        size = np.sum([part.size for part in data], axis=0)
        parts = [part.x for part in data]
        kind = np.result_type(*parts)
        if all(np.all(part.size == part.x.shape[1]) for part in data):
            shape = (len(parts[0]), sum(part.shape[1] for part in parts), *parts[0].shape[2:])
            merged = aligned.empty(shape, kind)
            return Items(np.concatenate(parts, axis=1, out=merged), size)
        merged = np.zeros((len(size), int(size.max(initial=0)), *parts[0].shape[2:]), kind)
        for r in range(len(size)):
            rows = [part.x[r, : part.size[r]] for part in data]
            merged[r, : size[r]] = np.concatenate(rows)
        return Items(merged, size)

    def fit(self, data: Items, start: Params | None, streams: Streams) -> Fit:
        """Fit the family to the items, each of weight 1 unless weights were given."""
        return self.family.fit(data.x, data.size, data.weight, start, streams)

    def model(self, params: Params) -> Law:
        """The family with the fitted parameters."""
        return Law(self.family, params)

    def refuses(self, experiment: Any) -> list[Problem]:
        """Nothing: what it cannot hold in memory, the lab's limits refuse."""
        return []

    def notes(self, n_samples: int) -> list[str]:
        """Nothing that need be said."""
        return []

    def cost(self, n_samples: int, effort: float = 1.0) -> Cost:
        """Drawing and fitting N items; the current and the next training set, and its parts."""
        numbers = n_samples * self.family.item_numbers()
        seconds = 1e-8 * numbers + effort * self.family.fit_seconds(n_samples)
        return Cost(seconds, 8 * 3 * numbers)
