"""The grouped engine: a training set is counts on bins. Its cost hardly depends on N.

It is exact for the experiment with rounded items: each item is known by the bin it fell into. Widths follow
the model, a fraction of its least spread, so that late collapse stays resolved. A fit takes the middles of
the bins, weighted by their counts, and takes the variance that rounding adds, width^2/12, off every component
(Sheppard 1898, Proc. London Math. Soc. 29, 353). What is left of the rounding falls as the width squared: a
fit is noisier by a factor of 1 + width^2/(12 std^2) or its square. A mixture's fit is off besides, by the
fourth power of the width and whatever N is: see ``verification/grouped_order.py``. The noise of a fit falls
with N, so beyond a billion items bins are finer, by the sixth root of N: that share of the noise then falls.
Categories are their own bins: for them nothing is rounded.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
from scipy.special import ndtri

from modelcollapse.engines.base import Cost
from modelcollapse.errors import Problem
from modelcollapse.families.base import REAL, Family, Fit, RealFamily
from modelcollapse.grids import Grid, Resolution, merged, occupied
from modelcollapse.kernels.counting import multinomials
from modelcollapse.kernels.grids import add_counts, midpoints
from modelcollapse.kernels.picking import pick_counts
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Params, Sizes, Status, per_replicate

PARTS = 6.0
"""Bins that the least spread holds at least: at most 12, since widths are powers of two."""
MANY = 1e9
"""Items beyond which bins are finer, in proportion to the sixth root: see the module's docstring."""
COARSE = 2.0
"""A spread of fewer bins than this is not resolved."""
USUAL_BINS, BINS_EACH = 300, 40
"""Bins of a model, and of each component where there are many."""
FEWEST = 60
"""Items from which on this engine was compared with exact fits: ``verification/grouped_order.py``."""
LOST = 1e-6
"""Items expected beyond the ends of a grid at most; they are counted in its end bins."""


@dataclass(frozen=True)
class Counts:
    """Items by the bins they lie in.

    Attributes
    ----------
    count, grid
        ``(replicate, bin)``, and where the bins are.
    rounding
        ``(replicate,)``: the variance that rounding has added, a mean over the items.
    drawn
        Whether they were drawn from a source, and not picked out of others or put together.
    streams
        What they were drawn with: items of a bin may have to be divided among finer ones.
    """

    count: IntArray
    grid: Grid
    rounding: Array
    drawn: bool
    streams: Streams


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
        resolution = _shared(size, self.parts) if isinstance(size, int) else _resolution(size, self.parts)
        grid = source.grid(resolution)
        mass = source.masses(grid)
        rounding = source.rounding(grid)
        grid = grid.repeated(len(streams))
        if len(mass) < len(streams):
            mass = np.repeat(mass, len(streams), axis=0)
        if len(rounding) < len(streams):
            rounding = np.repeat(rounding, len(streams))
        count = np.empty(mass.shape, dtype=np.int64)
        multinomials(sizes, mass, grid.bins, streams.state, count)
        return Counts(count, grid, rounding, True, streams)

    def pick(self, data: Counts, size: Sizes, streams: Streams) -> Counts:
        """Pick items without replacement: a multivariate hypergeometric of counts."""
        count = np.empty_like(data.count)
        pick_counts(data.count, data.grid.bins, per_replicate(size, len(streams)), streams.state, count)
        return Counts(count, data.grid, data.rounding, False, streams)

    def merge(self, *data: Counts, weights: tuple[float, ...] | None = None) -> Counts:
        """Add counts, on a grid as fine as those of the parts that were just drawn.

        Items move within bins, coarser ones or finer ones, and the variance this adds is remembered: a bin
        of width w that becomes one of W adds abs(W^2 - w^2)/12 to that of each of its items.
        """
        if len(data) == 1:
            return data[0]
        sizes = np.stack([part.count.sum(axis=1) for part in data])
        grid = merged(
            tuple(occupied(part.grid, part.count) for part in data), tuple(part.drawn for part in data)
        )
        total, rounding = np.zeros((len(grid.bins), grid.most), dtype=np.int64), np.zeros(len(grid.bins))
        streams = data[0].streams
        shares = sizes / np.maximum(sizes.sum(axis=0), 1)  # exactly 1 where all items are of one part
        for share, part in zip(shares, data, strict=True):
            own = part.grid
            place = (own.exponent, own.first, own.bins, grid.exponent, grid.first)
            add_counts(part.count, *place, streams.state, total)
            rounding += share * (part.rounding + np.abs(grid.width() ** 2 - own.width() ** 2) / 12.0)
        return Counts(total, grid, rounding, False, streams)

    def fit(self, data: Counts, start: Params | None, streams: Streams) -> Fit:
        """Fit the family to the middles of the bins, and take off the variance that rounding adds."""
        grid = data.grid
        x, weight = np.zeros(data.count.shape), np.zeros(data.count.shape)
        held = midpoints(data.count, grid.exponent, grid.first, grid.bins, x, weight)
        if not grid.rounded:
            return self.family.fit((x - 0.5).astype(np.int64), held, weight, start, streams)
        rounding = data.rounding
        family = cast(RealFamily, self.family)
        wider = None if start is None else family.widened(start, rounding)
        fit = family.fit(x, held, weight, wider, streams)
        params = family.widened(fit.params, -rounding)
        least = family.least_spread(params)
        enough = COARSE * grid.width()
        if np.count_nonzero((least >= enough) & (least < np.inf)) == len(least):  # so none is a point either
            return Fit(params, fit.iterations, fit.status)
        status = fit.status | np.where(least < enough, int(Status.GRID_COARSE), 0)
        status |= np.where(least == 0.0, int(Status.POINT_MASS), 0)
        status |= np.where(family.moments(params)[1] == 0.0, int(Status.COLLAPSED), 0)
        return Fit(params, fit.iterations, status)

    def model(self, params: Params) -> Law:
        """The family with the fitted parameters."""
        return Law(self.family, params)

    def refuses(self, experiment: Any) -> list[Problem]:
        """A solver without weights, items that lie on no bins, and workflows for single items."""
        found = []
        if not self.family.counted:
            found.append(
                Problem("engine", "grouped", f"counts items on bins, and a {self.family.name} has none")
            )
        if experiment.workflow.exact_alone:
            found.append(Problem("engine", "grouped", experiment.workflow.exact_alone))
        if self.family.counted and not self.family.weighs:
            allowed = 'cannot be used with learner.solver = "scikit-learn", which takes no weights'
            found.append(Problem("engine", "grouped", allowed))
        return found

    def notes(self, n_samples: int) -> list[str]:
        """Too few items for counts on bins to be more than a makeshift."""
        if n_samples >= FEWEST or self.family.items != REAL:
            return []
        return [
            f'engine = "grouped" with N = {n_samples}: components of a few items may fall into one bin; '
            f"from N = {FEWEST} on it was compared with exact fits"
        ]

    def cost(self, n_samples: int, effort: float = 1.0) -> Cost:
        """What 300 bins take, or a bin a category; of N > 1e9 up to four times that."""
        parts = max(self.family.sizes().values(), default=0)
        on_bins = self.family.items == REAL or not parts
        bins = max(USUAL_BINS, BINS_EACH * parts) if on_bins else parts
        return Cost(1e-5 + 6.5e-8 * bins + effort * self.family.fit_seconds(bins), 8 * 5 * bins)


def _resolution(size: IntArray, parts: float) -> Resolution:
    """How fine the grids of so many items are, each by its own number."""
    reach = -ndtri(np.minimum(LOST / np.maximum(size, 1), 0.1))
    return Resolution(parts * np.maximum(size / MANY, 1.0) ** (1.0 / 6.0), reach)


@cache
def _shared(size: int, parts: float) -> Resolution:
    """How fine one grid is for replicates of so many items each."""
    return _resolution(np.array([size]), parts)
