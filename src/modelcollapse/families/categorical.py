"""Categories, fitted by their frequencies: under replace, the Wright-Fisher model of genetic drift.

A training set of n items is a multinomial of counts, and the next model is counts/n. So the probability
of each category is a gene frequency in a population of n (Wright 1931), H = 1 - sum p^2 the
heterozygosity; Seddik et al. 2024 (arXiv 2404.05090) study the same chain as model collapse.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, PrivateAttr, model_validator

from modelcollapse.families.base import Fit, Learner, check_rows
from modelcollapse.fields import NotNegative, Probabilities, Table, bad, whole
from modelcollapse.grids import Grid, Resolution, categories
from modelcollapse.kernels.counting import multinomials
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Sizes, Status, per_replicate, repeated

CATEGORIES = "categories"
MOST = 10**7
"""Categories of a Zipf law at most."""


class CategoricalParams(NamedTuple):
    """The probability of each category, ``(replicate, category)``; a lost one has probability 0."""

    probability: Array


class Categorical(Learner):
    """A distribution over categories 0, 1, 2, ...; its fit takes the frequencies.

    It has no settings. How many categories there are is the truth's to say: `of` gives the family
    for so many.
    """

    name: ClassVar[str] = "categorical"
    items: ClassVar[str] = CATEGORIES
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {"probability": ("category",)}

    counted: ClassVar[bool] = True
    tempers: ClassVar[bool] = True

    family: Literal["categorical"] = "categorical"

    _categories: int = PrivateAttr(0)

    def of(self, categories: int) -> "Categorical":
        """The family with so many categories."""
        sized = self.model_copy()
        sized._categories = categories
        return sized

    def suited(self, source: Any) -> "Categorical":
        """The family with as many categories as the truth has."""
        return self.of(source.params.probability.shape[1])

    def tempered(self, params: CategoricalParams, temperature: float) -> CategoricalParams:
        """Probabilities to the power 1/temperature, normalised: a language model's temperature."""
        largest = params.probability.max(axis=1, keepdims=True)
        power = (params.probability / largest) ** (1.0 / temperature)
        return CategoricalParams(power / power.sum(axis=1, keepdims=True))

    def moments_kept(self, n: int) -> tuple[float, float]:
        """Frequencies are the means of the categories' indicators, whose variances follow."""
        return 1.0, 0.0

    def sizes(self) -> Mapping[str, int]:
        """One axis, of the categories."""
        return {"category": self._categories}

    def fit_seconds(self, items: int) -> float:
        """Counting."""
        return 1e-5 + 2e-9 * (items + self._categories)

    def sample(self, params: CategoricalParams, size: Sizes, streams: Streams) -> ItemArray:
        """Draw numbers of categories, in their order: a multinomial of counts, then each so many times.

        The order says nothing: a training set is a set.
        """
        probability, sizes = params.probability, per_replicate(size, len(streams))
        check_rows(len(probability), len(streams))
        mass = repeated(probability, len(streams))
        counts = np.empty(mass.shape, dtype=np.int64)
        multinomials(sizes, mass, np.full(len(streams), mass.shape[1]), streams.state, counts)
        items = np.zeros((len(streams), int(sizes.max(initial=0))), dtype=np.int64)
        every = np.arange(mass.shape[1])
        for r, count in enumerate(counts):
            items[r, : sizes[r]] = np.repeat(every, count)
        return items

    def fit(
        self,
        x: ItemArray,
        size: IntArray,
        weight: Array | None,
        start: CategoricalParams | None,
        streams: Streams,
    ) -> Fit:
        """Take the weighted frequencies; weights count as repeated items."""
        cells = x + self._categories * np.arange(len(x))[:, None]  # all replicates are counted at once
        there = np.arange(x.shape[1]) < size[:, None]
        given = None if weight is None else weight[there]
        counts = np.bincount(cells[there], given, len(x) * self._categories)
        counts = counts.reshape(len(x), self._categories).astype(np.float64)
        total = counts.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            probability = counts / total[:, None]
        alive = (counts > 0.0).sum(axis=1)
        status = np.where(alive < self._categories, int(Status.CATEGORY_LOST), 0)
        status |= np.where(alive == 1, int(Status.COLLAPSED), 0)
        status = np.where(np.isfinite(total) & (total > 0.0), status, int(Status.NONFINITE))
        return Fit(CategoricalParams(probability), np.ones(len(x), dtype=np.int64), status)

    def record(self, params: CategoricalParams) -> dict[str, Array]:
        """The probabilities."""
        return {"probability": params.probability}

    def restore(self, variables: Mapping[str, Array]) -> CategoricalParams:
        """Read the parameters of a result."""
        return CategoricalParams(variables["probability"])

    def take(self, new: CategoricalParams, old: CategoricalParams, keep_old: Any) -> CategoricalParams:
        """Keep the old parameters of some replicates."""
        return CategoricalParams(np.where(keep_old[:, None], old.probability, new.probability))

    def blank(self, replicates: int) -> CategoricalParams:
        """Parameters that are not there."""
        return CategoricalParams(np.full((replicates, self._categories), np.nan))

    def grid(self, params: CategoricalParams, resolution: Resolution) -> Grid:
        """The categories."""
        return categories(self._categories)

    def masses(self, params: CategoricalParams, grid: Grid) -> Array:
        """Their probabilities."""
        return params.probability


Categories = Annotated[int, BeforeValidator(lambda v: whole(v, 2, MOST, "must be an integer from 2 to 10^7"))]


class Zipf(Table):
    """The law of Zipf and Mandelbrot: p_i in proportion to (i + shift)^-exponent, i = 1, 2, ...

    Suresh et al. 2024 (arXiv 2412.17646) take an exponent of 1 with a shift of 2.7, and 2 with 5.
    """

    categories: Categories
    exponent: NotNegative
    shift: NotNegative = 0.0

    def probabilities(self) -> Array:
        """The probability of each category, ``(category,)``."""
        logit = -self.exponent * np.log(np.arange(1, self.categories + 1) + self.shift)
        share = np.exp(logit - logit[0])
        return np.asarray(share / share.sum())


class CategoricalTruth(Table):
    """Categories as the real distribution: their probabilities as a list, from a file or by Zipf's law.

    A file holds counts or probabilities, as a column of a CSV file or a one-dimensional ``.npy``
    array; they are divided by their sum.
    """

    items: ClassVar[str] = CATEGORIES

    family: Literal["categorical"] = "categorical"
    probabilities: Probabilities | None = None
    path: str | None = None
    column: str | None = None
    zipf: Zipf | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> "CategoricalTruth":
        given = [name for name in ("probabilities", "path", "zipf") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise bad(f"must have one of probabilities, path and zipf; this has {found}")
        if self.column is not None and self.path is None:
            raise bad("is for categories from a file; leave it out", "column")
        if self.path is None and (self._given() > 0.0).sum() < 2:
            raise bad("must leave at least two categories a probability above 0", given[0])
        return self

    def _given(self) -> Array:
        if self.zipf is not None:
            return self.zipf.probabilities()
        share = np.array(self.probabilities)
        return np.asarray(share / share.sum())

    def law(self, read: Array | None = None) -> tuple[Categorical, CategoricalParams]:
        """The family and its parameters, one row for all replicates; ``read`` is what a file holds."""
        probability = self._given() if read is None else read
        return Categorical().of(len(probability)), CategoricalParams(probability[None, :])
