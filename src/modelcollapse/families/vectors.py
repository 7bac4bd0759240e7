"""What families over vectors share. Items have the axes ``(replicate, item, dimension)``."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Protocol, Self

import numpy as np
from pydantic import BeforeValidator, PrivateAttr

from modelcollapse.families.base import VECTORS, Family, Learner, check_rows
from modelcollapse.fields import Real, whole
from modelcollapse.kernels import vectors as kernels
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Params, Sizes, per_replicate

MOST = 1_000
"""Dimensions at most: a covariance is stored for each model."""
HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)
Dimension = Annotated[
    int, BeforeValidator(lambda v: whole(v, 1, MOST, f"must be an integer from 1 to {MOST}"))
]
Vector = tuple[Real, ...]
Matrix = tuple[Vector, ...]


class VectorFamily(Family, Protocol):
    """A family over vectors, which has the first two moments."""

    def spread(self, params: Params) -> tuple[Array, Array]:
        """Total mean ``(replicate, dimension)`` and covariance ``(replicate, dimension, dimension)``."""

    def moments(self, params: Params) -> tuple[Array, Array]:
        """Total mean ``(replicate, dimension)``, and the trace of the covariance ``(replicate,)``."""

    def log_pdf(self, params: Params, x: Array) -> Array:
        """Log density ``(replicate, point)`` at points ``(replicate, point, dimension)``."""


class VectorLearner(Learner):
    """What learners of vectors answer alike: how many dimensions there are is the truth's to say."""

    items: ClassVar[str] = VECTORS
    tempers: ClassVar[bool] = True

    _dimension: int = PrivateAttr(0)

    def of(self, dimension: int) -> Self:
        """The family in so many dimensions."""
        sized = self.model_copy()
        sized._dimension = dimension
        return sized

    def suited(self, source: Any) -> Self:
        """The family in the dimensions of the truth's items."""
        return self.of(source.moments()[0].shape[1])

    def item_numbers(self) -> int:
        """An item has as many numbers as there are dimensions."""
        return max(self._dimension, 1)

    def sizes(self) -> Mapping[str, int]:
        """The dimensions, and once more, for the columns of a covariance."""
        return {"dimension": self._dimension, "other_dimension": self._dimension}

    def spread(self, params: Params) -> tuple[Array, Array]:
        """Total mean and total covariance."""
        raise NotImplementedError

    def moments(self, params: Params) -> tuple[Array, Array]:
        """Total mean, and the trace of the total covariance."""
        mean, covariance = self.spread(params)
        return mean, trace(covariance)


def trace(covariance: Array) -> Array:
    """The sum of the variances ``(replicate,)``, one after the other: the same bits in any batch."""
    total = np.zeros(len(covariance))
    for j in range(covariance.shape[1]):
        total += covariance[:, j, j]
    return total


def factor(mean: Array, covariance: Array) -> tuple[Array, IntArray]:
    """Factors f with f f^T = covariance ``(row, component, d, d)``, and the ranks ``(row, component)``."""
    f, rank = np.empty(covariance.shape), np.empty(covariance.shape[:2], dtype=np.int64)
    kernels.factors(np.ascontiguousarray(mean), np.ascontiguousarray(covariance), f, rank)
    return f, rank


def sample(weight: Array, mean: Array, covariance: Array, size: Sizes, streams: Streams) -> Array:
    """Draw items of mixtures with parameters ``(row, component, ...)``: ``(replicate, item, dimension)``."""
    check_rows(len(weight), len(streams))
    sizes, d = per_replicate(size, len(streams)), mean.shape[2]
    most = int(sizes.max(initial=0))
    flat = np.empty((len(streams), most * d))
    f, _ = factor(mean, covariance)
    w, m = np.ascontiguousarray(weight), np.ascontiguousarray(mean)
    kernels.sample_vectors(w, m, f, sizes, streams.state, flat)
    items = flat.reshape(len(streams), most, d)
    lost = ~np.isfinite(covariance).all(axis=(1, 2, 3))  # beyond float64, where a factor says nothing
    if lost.any():
        items[np.broadcast_to(lost, (len(streams),))] = np.nan
    return items


def log_density(weight: Array, mean: Array, covariance: Array, x: Array) -> Array:
    """Log densities of mixtures at points ``(replicate, point, dimension)``."""
    out = np.empty(x.shape[:2])
    w, m, c, at = map(np.ascontiguousarray, (weight, mean, covariance, x))
    kernels.log_densities(w, m, c, at, out)
    return out


def covariance_problem(rows: Matrix, dimension: int) -> str:
    """Say why rows are no covariance of so many dimensions; nothing if they are one."""
    lengths = {len(row) for row in rows}
    if len(rows) != dimension or lengths != {dimension}:
        shown = f"{len(rows)} rows of {' and '.join(map(str, sorted(lengths)))}"
        return f"must have {dimension} rows of {dimension} numbers, as the mean has; this has {shown}"
    matrix = np.array(rows)
    if np.abs(matrix - matrix.T).max() > 1e-12 * np.abs(matrix).max():
        i, j = (int(k) for k in np.unravel_index(np.abs(matrix - matrix.T).argmax(), matrix.shape))
        return f"must be symmetric; row {i + 1} has {rows[i][j]!r} where row {j + 1} has {rows[j][i]!r}"
    matrix = symmetric(rows)
    least = float(np.linalg.eigvalsh(matrix)[0])
    if np.any(np.diag(matrix) <= 0.0) or least <= 0.0:
        return f"must be positive definite; its smallest eigenvalue is {least:.6g}"
    _, rank = factor(np.zeros((1, 1, dimension)), matrix[None, None])
    if rank[0, 0] < dimension:
        return f"must be positive definite beyond rounding; its smallest eigenvalue is {least:.6g}"
    return ""


def symmetric(rows: Matrix) -> Array:
    """The matrix of rows that are symmetric but for rounding."""
    matrix = np.array(rows, dtype=np.float64)
    return np.asarray((matrix + matrix.T) / 2.0)
