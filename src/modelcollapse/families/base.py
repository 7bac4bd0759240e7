"""What a family is: how it is sampled, scored and fitted, for a batch of replicates at once.

`Family` is what the recursion needs, whatever an item is; `RealFamily` adds what is known of items
that are real numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from modelcollapse.errors import Problem
from modelcollapse.fields import Table
from modelcollapse.grids import Grid, Resolution
from modelcollapse.kernels.em import ROUNDINGS
from modelcollapse.streams import Streams
from modelcollapse.types import Array, BoolArray, IntArray, ItemArray, Params, Sizes

REAL = "real numbers"
VECTORS = "vectors"
WHOLE = "whole numbers"
PAIRS = "inputs with labels"
"""What the items of a family or a truth can be: see `Family.items`."""


def at_precision(mean: Array, std: Array) -> BoolArray:
    """Where a spread, not 0, is within a few roundings of the mean."""
    return np.asarray((std > 0.0) & (std < ROUNDINGS * np.spacing(np.abs(mean))))


def check_rows(rows: int, replicates: int) -> None:
    """Parameters have a row for each replicate, or one for all."""
    if rows not in (1, replicates):
        raise ValueError(f"{rows} rows of parameters for {replicates} replicates")


@dataclass(frozen=True)
class Fit:
    """What a fit gives, a value for each replicate.

    Attributes
    ----------
    params
        The family's parameters, each array with a leading ``replicate`` axis.
    iterations, status
        ``(replicate,)``: passes over the data, and bits of `modelcollapse.types.Status`.
    """

    params: Params
    iterations: IntArray
    status: IntArray


class Family(Protocol):
    """A family with its fit settings: a frozen value, so it is part of the recipe.

    Items have the axes ``(replicate, item)``; where replicates have sizes of their own, a row is
    filled up to the longest and the rest of it means nothing. Nothing above the families assumes
    that an item is a float.
    """

    name: ClassVar[str]
    items: ClassVar[str]
    """What its items are, in the words of a message. A learner learns from a truth of the same items."""
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]]
    """What `record` returns, with the axes after ``(replicate, generation)``."""
    counted: ClassVar[bool]
    """Whether its items can be counted on bins: it has `grid` and `masses`."""
    tempers: ClassVar[bool]
    """Whether its models can be `tempered`: sampled with more or less noise than they have."""
    remembers: ClassVar[bool]
    """Whether its parameters are data or objects, which no result stores: it has no `restore`, and metrics
    are measured while it runs."""

    @property
    def weighs(self) -> bool:
        """Whether its fit takes weights: items that count as more or less than one."""

    def sample(self, params: Params, size: Sizes, streams: Streams) -> ItemArray:
        """Draw ``size`` items for each replicate: ``(replicate, item)``."""

    def fit(
        self, x: ItemArray, size: IntArray, weight: Array | None, start: Params | None, streams: Streams
    ) -> Fit:
        """Fit to weighted items; ``start`` holds the generating parameters, where they fit."""

    def record(self, params: Params) -> dict[str, Array]:
        """What a result stores of the parameters: the variables named in `dimensions`."""

    def restore(self, variables: Mapping[str, Array]) -> Params:
        """Turn stored variables back into parameters: the inverse of `record`."""

    def take(self, new: Params, old: Params, keep_old: Any) -> Params:
        """Replace the parameters of the replicates in the mask ``keep_old`` by the old ones."""

    def blank(self, replicates: int) -> Params:
        """Parameters that are not there: NaN."""

    def suited(self, source: Any) -> Self:
        """The family with what only the truth can say: how many categories, or dimensions, there are."""

    def moments_kept(self, n: int) -> tuple[float, float] | None:
        """Factor and addition by which a fit to n items changes their variance (divided by n) while it keeps
        their mean; None where it does neither: see ``theory``."""

    def offers(self, *names: str) -> bool:
        """Whether it can do all of these, for metrics that need them: ``"cdf"``, ``"quantile"``, ..."""

    def problems(self, n_samples: int) -> list[Problem]:
        """What does not fit together in the settings and N, each alone being right."""

    def notes(self, n_samples: int) -> list[str]:
        """What is allowed but should be known."""

    def sizes(self) -> Mapping[str, int]:
        """The lengths of the axes named in `dimensions`."""

    def least_values(self) -> int:
        """How many distinct values a data set must hold to be learned."""

    def item_numbers(self) -> int:
        """How many numbers an item has: of memory alone."""

    def without_items(self, params: Params) -> Params:
        """Parameters without the items that a model may remember: what a result stores is the same."""

    def tempered(self, params: Params, temperature: float) -> Params:
        """Parameters of the density p^(1/temperature), normalised: a Gaussian's variance times temperature.

        Of a mixture, each component's: its weights stay.
        """

    def fit_seconds(self, items: int) -> float:
        """What a fit takes on one core, to the order of magnitude, where nothing makes it hard."""

    def effort(self, source: Any, items: int) -> float:
        """How many times as long it takes with this truth and so many items."""

    def grid(self, params: Params, resolution: Resolution) -> Grid:
        """Bins on which items of the models can be counted; the resolution is for real numbers."""

    def masses(self, params: Params, grid: Grid) -> Array:
        """Probabilities of bins, ``(replicate, bin)``."""


class Learner(Table):
    """A family as a table of a recipe: what most of them answer alike."""

    counted: ClassVar[bool] = False
    remembers: ClassVar[bool] = False
    tempers: ClassVar[bool] = False
    learns: ClassVar[tuple[str, ...]] = ()
    """The items it can learn from, where those are not its own `items` alone."""

    def suited(self, source: Any) -> Self:
        """Nothing is the truth's to say."""
        return self

    def moments_kept(self, n: int) -> tuple[float, float] | None:
        """Neither mean nor variance is kept."""
        return None

    @property
    def weighs(self) -> bool:
        """Whether items can count differently in its fit."""
        return True

    def effort(self, source: Any, items: int) -> float:
        """No truth is harder than others."""
        return 1.0

    def offers(self, *names: str) -> bool:
        """What it has methods for."""
        return all(hasattr(self, name) for name in names)

    def problems(self, n_samples: int) -> list[Problem]:
        """Nothing: one item is enough."""
        return []

    def notes(self, n_samples: int) -> list[str]:
        """Nothing that need be said."""
        return []

    def sizes(self) -> Mapping[str, int]:
        """No axes of its own."""
        return {}

    def least_values(self) -> int:
        """One is enough."""
        return 1

    def item_numbers(self) -> int:
        """An item is one number."""
        return 1

    def without_items(self, params: Params) -> Params:
        """There are none."""
        return params

    def tempered(self, params: Params, temperature: float) -> Params:
        """Nothing is tempered; the recipe has been refused."""
        raise NotImplementedError

    def grid(self, params: Params, resolution: Resolution) -> Grid:
        """There are no bins; the grouped engine has refused the recipe."""
        raise NotImplementedError

    def masses(self, params: Params, grid: Grid) -> Array:
        """There are no bins; the grouped engine has refused the recipe."""
        raise NotImplementedError


class RealFamily(Family, Protocol):
    """A family on the real line: its items are real numbers, and it has a distribution function."""

    def log_pdf(self, params: Params, x: Array) -> Array:
        """Log density at ``x`` ``(replicate, point)``."""

    def cdf(self, params: Params, x: Array) -> Array:
        """Distribution function at ``x`` ``(replicate, point)``."""

    def quantile(self, params: Params, score: Array) -> Array:
        """Quantiles at the probabilities Phi(score), Phi of the standard normal: precise in both tails."""

    def knots(self, params: Params) -> Array:
        """Points between which the density is smooth: ``(replicate, point)``."""

    def partial_mean(self, params: Params, score: Array) -> Array:
        """E X 1(X < q) at the quantile q of ``score``, ``(replicate, point)``."""

    def moments(self, params: Params) -> tuple[Array, Array]:
        """Total mean and total variance, ``(replicate,)``."""

    def widened(self, params: Params, variance: Array) -> Params:
        """Add a variance ``(replicate,)``, which may be negative, to that of every component, down to 0."""

    def least_spread(self, params: Params) -> Array:
        """The least standard deviation of a component alive, ``(replicate,)``."""
