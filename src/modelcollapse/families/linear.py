"""Linear regression: items are inputs with labels, and a model labels inputs again.

Inputs x are normal, of unit variance in each of d dimensions; the label of x is x w and normal noise. What
a generation learns from are the labels that the last model gave: to the same inputs as ever, or to new ones
(Gerstgrasser et al. 2024, arXiv 2404.01413; Dohmatob et al. 2024, arXiv 2402.07712).
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, PrivateAttr, model_validator

from modelcollapse.families.base import PAIRS, Fit, Learner, check_rows
from modelcollapse.fields import NotNegative, Real, Table, bad, whole
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Sizes, Status, per_replicate

MOST = 1000
"""Dimensions of the inputs at most."""


class LinearParams(NamedTuple):
    """Coefficients, and the inputs that the model was fitted to, where it labels them again.

    Attributes
    ----------
    coefficient
        ``(replicate, dimension)``.
    inputs
        ``(replicate, item, dimension)``, without items where new inputs are drawn. No result stores them.
    """

    coefficient: Array
    inputs: Array


class Linear(Learner):
    """Least squares, with labels for the same inputs again or for new ones.

    ``noise`` is the standard deviation of the labels that a model gives; left out, it is the truth's.
    ``ridge`` is added to the diagonal of X'X. How many dimensions there are is the truth's to say: `of`
    gives the family for so many.
    """

    name: ClassVar[str] = "linear"
    items: ClassVar[str] = PAIRS
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {"coefficient": ("dimension",)}

    family: Literal["linear"] = "linear"
    inputs: Literal["same", "new"] = "same"
    noise: NotNegative | None = None
    ridge: NotNegative = 0.0

    _dimension: int = PrivateAttr(0)
    _noise: float = PrivateAttr(0.0)

    def of(self, dimension: int, noise: float) -> "Linear":
        """The family in so many dimensions; the noise is taken where the settings have none."""
        sized = self.model_copy()
        sized._dimension = dimension
        sized._noise = noise if self.noise is None else self.noise
        return sized

    def suited(self, source: Any) -> "Linear":
        """The family with the truth's dimensions, and with its noise where no other is given."""
        return self.of(source.params.coefficient.shape[1], source.family.label_noise)

    @property
    def label_noise(self) -> float:
        """The standard deviation of the labels' noise."""
        return self._noise

    def sizes(self) -> Mapping[str, int]:
        """One axis, of the inputs' dimensions."""
        return {"dimension": self._dimension}

    def item_numbers(self) -> int:
        """The input and the label."""
        return self._dimension + 1

    def fit_seconds(self, items: int) -> float:
        """A decomposition of the inputs."""
        return 5e-5 + 4e-9 * items * (self._dimension + 1) ** 2

    def sample(self, params: LinearParams, size: Sizes, streams: Streams) -> ItemArray:
        """Label inputs: ``(replicate, item, dimension + 1)``, the label last.

        The model's own inputs come first, in their order; where there are not enough, new ones follow.
        """
        sizes = per_replicate(size, len(streams))
        check_rows(len(params.coefficient), len(streams))
        d = params.coefficient.shape[1]
        items = np.zeros((len(streams), int(sizes.max(initial=0)), d + 1))
        one = len(params.coefficient) == 1
        for r, (stream, count) in enumerate(zip(streams, sizes, strict=True)):
            own, w = params.inputs[0 if one else r][:count], params.coefficient[0 if one else r]
            own = own[np.isfinite(own).all(axis=1)]
            x = items[r, :count, :d]
            x[: len(own)] = own
            x[len(own) :] = stream.standard_normal((count - len(own), d))
            items[r, :count, d] = np.einsum("id,d->i", x, w) + self._noise * stream.standard_normal(count)
        return items

    def fit(
        self,
        x: ItemArray,
        size: IntArray,
        weight: Array | None,
        start: LinearParams | None,
        streams: Streams,
    ) -> Fit:
        """Least squares; weights count as repeated items. Of too few, the shortest solution, and a status."""
        d = x.shape[2] - 1
        coefficient, status = np.full((len(x), d), np.nan), np.zeros(len(x), dtype=np.int64)
        for r, count in enumerate(size):
            inputs, labels = x[r, :count, :d], x[r, :count, d]
            if not (np.isfinite(inputs).all() and np.isfinite(labels).all()):
                status[r] = int(Status.NONFINITE)
                continue
            coefficient[r], rank = self._solved(inputs, labels, None if weight is None else weight[r, :count])
            status[r] = int(Status.RANK_DEFICIENT) if rank < d else 0
        remembered = x[:, :, :d] if self.inputs == "same" else x[:, :0, :d]
        there = np.arange(remembered.shape[1]) < size[:, None]
        if not there.all():  # rows of different lengths: what they are filled up with is no input
            remembered = np.where(there[:, :, None], remembered, np.nan)
        return Fit(LinearParams(coefficient, remembered), np.ones(len(x), dtype=np.int64), status)

    def _solved(self, inputs: Array, labels: Array, weight: Array | None) -> tuple[Array, int]:
        """Coefficients of one replicate, and the rank of its inputs, the ridge's rows included."""
        if weight is not None:
            root = np.sqrt(weight)
            inputs, labels = inputs * root[:, None], labels * root
        if self.ridge > 0.0:
            d = inputs.shape[1]
            inputs = np.concatenate([inputs, np.sqrt(self.ridge) * np.eye(d)])
            labels = np.concatenate([labels, np.zeros(d)])
        solution, _, rank, _ = np.linalg.lstsq(inputs, labels, rcond=None)
        return np.asarray(solution, dtype=np.float64), int(rank)

    def without_items(self, params: LinearParams) -> LinearParams:
        """The coefficients alone."""
        return params._replace(inputs=params.inputs[:, :0])

    def record(self, params: LinearParams) -> dict[str, Array]:
        """The coefficients."""
        return {"coefficient": params.coefficient}

    def restore(self, variables: Mapping[str, Array]) -> LinearParams:
        """Read the coefficients of a result: a model without inputs of its own."""
        coefficient = variables["coefficient"]
        return LinearParams(coefficient, np.empty((len(coefficient), 0, coefficient.shape[1])))

    def take(self, new: LinearParams, old: LinearParams, keep_old: Any) -> LinearParams:
        """Keep the old coefficients of some replicates; inputs are the last training set's, and no fit."""
        return new._replace(coefficient=np.where(keep_old[:, None], old.coefficient, new.coefficient))

    def blank(self, replicates: int) -> LinearParams:
        """Parameters that are not there."""
        d = self._dimension
        return LinearParams(np.full((replicates, d), np.nan), np.empty((replicates, 0, d)))


def _coefficients(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST:
        raise bad(f"must be a list of 1 to {MOST} numbers")
    return value


def _dimension(value: Any) -> int:
    return whole(value, 1, MOST, f"must be an integer from 1 to {MOST}")


class LinearTruth(Table):
    """Labels that are linear in the inputs: by their ``coefficients``, or 0 in so many ``dimension``s."""

    items: ClassVar[str] = PAIRS

    family: Literal["linear"] = "linear"
    coefficients: Annotated[tuple[Real, ...], BeforeValidator(_coefficients)] | None = None
    dimension: Annotated[int, BeforeValidator(_dimension)] | None = None
    noise: NotNegative

    @model_validator(mode="after")
    def _one_of_two(self) -> "LinearTruth":
        if (self.coefficients is None) == (self.dimension is None):
            found = "none" if self.coefficients is None else "both"
            raise bad(f"must have one of coefficients and dimension; this has {found}")
        return self

    def law(self) -> tuple[Linear, LinearParams]:
        """The family and its parameters, one row for all replicates."""
        w = np.zeros(self.dimension or 0) if self.coefficients is None else np.array(self.coefficients)
        return Linear(inputs="new").of(len(w), self.noise), LinearParams(w[None], np.empty((1, 0, len(w))))
