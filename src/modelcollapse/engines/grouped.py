"""The grouped engine: a training set is counts on bins. Its cost does not depend on N.

It is exact for the experiment with rounded items: each item is known by the bin it fell into. Widths follow
the model, a fraction of its least spread, so that late collapse stays resolved. A fit takes the middles of
the bins, weighted by their counts, and takes the variance that rounding adds, width^2/12, off every component
(Sheppard 1898, Proc. London Math. Soc. 29, 353). What is left of the rounding falls as the width squared: a
fit is noisier by a factor of 1 + width^2/(12 std^2) or its square. A mixture's fit is off besides, by the
fourth power of the width and whatever N is: see ``verification/grouped_order.py``. Categories are their
own bins: for them nothing is rounded.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.special import ndtri

from modelcollapse.engines.base import Cost
from modelcollapse.errors import Problem
from modelcollapse.families.base import Family, Fit, RealFamily
from modelcollapse.fields import LARGEST
from modelcollapse.grids import Grid, Resolution, merged
from modelcollapse.kernels.counting import multinomials, pick_counts
from modelcollapse.kernels.grids import add_counts, midpoints
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import IntArray, Params, Sizes, Status, per_replicate

PARTS = 6.0
"""Bins that the least spread holds at least: at most 12, since widths are powers of two."""
COARSE = 2.0
"""A spread of fewer bins than this is not resolved."""
LOST = 1e-6
"""Items expected beyond the ends of a grid at most; they are counted in its end bins."""


@dataclass(frozen=True)
class Counts:
    """Counts ``(replicate, bin)`` of items, of which the grid says where the bins are."""

    count: IntArray
    grid: Grid


@dataclass(frozen=True)
class GroupedEngine:
    """Hold how many items of every replicate lie in each bin.

    ``parts`` is for studies of the bin width; a recipe takes the default.
    """

    family: Family
    parts: float = PARTS

    def draw(self, source: Source, size: Sizes, streams: Streams) -> Counts:
        """Draw a multinomial over the probabilities of the bins."""
        sizes = per_replicate(size, len(streams))
        # each replicate's by its own size: a grid must not depend on the others of a batch
        several = sizes if isinstance(size, np.ndarray) else sizes[:1]
        reach = -ndtri(np.minimum(LOST / np.maximum(several, 1), 0.1))
        grid = source.grid(Resolution(self.parts, reach))
        mass = source.masses(grid)
        grid = grid.repeated(len(streams))
        if len(mass) < len(streams):
            mass = np.repeat(mass, len(streams), axis=0)
        count = np.empty(mass.shape, dtype=np.int64)
        multinomials(sizes, mass, grid.bins, streams.state, count)
        return Counts(count, grid)

    def pick(self, data: Counts, size: Sizes, streams: Streams) -> Counts:
        """Pick items without replacement: a multivariate hypergeometric of counts."""
        count = np.empty_like(data.count)
        pick_counts(data.count, data.grid.bins, per_replicate(size, len(streams)), streams.state, count)
        return Counts(count, data.grid)

    def merge(self, *data: Counts) -> Counts:
        """Add counts, on the coarsest of the grids."""
        if len(data) == 1:
            return data[0]
        grid = merged(tuple(part.grid for part in data))
        total = np.zeros((len(grid.bins), grid.most), dtype=np.int64)
        for part in data:
            own = part.grid
            add_counts(part.count, own.exponent, own.first, own.bins, grid.exponent, grid.first, total)
        return Counts(total, grid)

    def fit(self, data: Counts, start: Params | None, streams: Streams) -> Fit:
        """Fit the family to the middles of the bins, and take off the variance that rounding adds."""
        grid = data.grid
        x, weight = np.zeros(data.count.shape), np.zeros(data.count.shape)
        midpoints(data.count, grid.exponent, grid.first, grid.bins, x, weight)
        if not grid.rounded:
            return self.family.fit((x - 0.5).astype(np.int64), grid.bins, weight, start, streams)
        rounding = grid.width() ** 2 / 12.0
        family = cast(RealFamily, self.family)
        wider = None if start is None else family.widened(start, rounding)
        fit = family.fit(x, grid.bins, weight, wider, streams)
        params = family.widened(fit.params, -rounding)
        coarse = family.least_spread(params) < COARSE * grid.width()
        return Fit(params, fit.iterations, fit.status | np.where(coarse, int(Status.GRID_COARSE), 0))

    def model(self, params: Params) -> Law:
        """The family with the fitted parameters."""
        return Law(self.family, params)

    def refuses(self, experiment: Any) -> list[Problem]:
        """A solver without weights, a family without bins, and more items than an integer counts exactly."""
        found = []
        if getattr(self.family, "solver", "em") != "em":
            allowed = 'cannot be used with learner.solver = "scikit-learn", which takes no weights'
            found.append(Problem("engine", "grouped", allowed))
        most = experiment.workflow.largest(experiment.n_samples, experiment.generations)
        if most > LARGEST:
            allowed = (
                f"with generations = {experiment.generations} makes a pool of {most} items; at most 2^53"
            )
            found.append(Problem("n_samples", experiment.n_samples, allowed))
        return found

    def cost(self, n_samples: int) -> Cost:
        """What some 200 bins take, whatever N is."""
        return Cost(3e-5, 8 * 4 * 300)
