"""One Gaussian in several dimensions, fitted by maximum likelihood (ddof 0) or unbiased (ddof 1)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from modelcollapse.errors import Problem
from modelcollapse.families import vectors
from modelcollapse.families.base import VECTORS, Fit
from modelcollapse.families.vectors import Dimension, Matrix, Vector, VectorLearner
from modelcollapse.fields import Ddof, Table, bad
from modelcollapse.kernels.vectors import degenerate_vectors, moments_of_vectors
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Sizes, Status


class GaussianNdParams(NamedTuple):
    """Mean ``(replicate, dimension)`` and covariance ``(replicate, dimension, dimension)``."""

    mean: Array
    covariance: Array


class GaussianNd(VectorLearner):
    """A Gaussian over vectors with a full covariance; sums of squares are divided by n - ddof.

    From n <= d items the covariance is singular. It is kept and sampled as it is: the next items lie in
    the span of these, and the status `RANK_DEFICIENT` says so. Nothing is ever added to a variance.
    """

    name: ClassVar[str] = "gaussian-nd"
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "mean": ("dimension",),
        "covariance": ("dimension", "other_dimension"),
        "total_mean": ("dimension",),
        "total_variance": (),
    }

    family: Literal["gaussian-nd"] = "gaussian-nd"
    ddof: Ddof = 0

    def tempered(self, params: GaussianNdParams, temperature: float) -> GaussianNdParams:
        """The covariance times the temperature."""
        return params._replace(covariance=params.covariance * temperature)

    def moments_kept(self, n: int) -> tuple[float, float]:
        """The covariance is divided by n - ddof."""
        return n / (n - self.ddof), 0.0

    def problems(self, n_samples: int) -> list[Problem]:
        """Too few items to divide by N - ddof."""
        if n_samples > self.ddof:
            return []
        allowed = f"must be at least {self.ddof + 1} for learner.ddof = {self.ddof}"
        return [Problem("n_samples", n_samples, allowed)]

    def fit_seconds(self, items: int) -> float:
        """Two passes, the second over all pairs of coordinates."""
        d = self.item_numbers()
        return 1e-5 + 1e-9 * items * d * (3 + d) + 1e-9 * d**3

    def sample(self, params: GaussianNdParams, size: Sizes, streams: Streams) -> Array:
        """Draw normals: the mean and a factor of the covariance times d standard normals."""
        one = np.ones((len(params.mean), 1))
        return vectors.sample(one, params.mean[:, None], params.covariance[:, None], size, streams)

    def fit(
        self,
        x: Array,
        size: IntArray,
        weight: Array | None,
        start: GaussianNdParams | None,
        streams: Streams,
    ) -> Fit:
        """Take the weighted mean and covariance, in two passes; weights count as repeated items."""
        given = np.empty((len(x), 0)) if weight is None else weight
        mean, covariance = np.full((len(x), x.shape[2]), np.nan), np.full((len(x), *x.shape[2:] * 2), np.nan)
        total = moments_of_vectors(np.ascontiguousarray(x), given, size, mean, covariance)
        with np.errstate(divide="ignore", invalid="ignore"):
            covariance *= (total / (total - self.ddof))[:, None, None]
        status = degenerate_vectors(np.ones((len(x), 1)), mean[:, None], covariance[:, None])
        finite = np.isfinite(mean).all(axis=1) & np.isfinite(covariance).all(axis=(1, 2))
        status = np.where(finite, status, int(Status.NONFINITE))
        return Fit(GaussianNdParams(mean, covariance), np.ones(len(x), dtype=np.int64), status)

    def spread(self, params: GaussianNdParams) -> tuple[Array, Array]:
        """Mean and covariance."""
        return params.mean, params.covariance

    def record(self, params: GaussianNdParams) -> dict[str, Array]:
        """Mean and covariance, and the total moments, which every family of vectors has."""
        mean, variance = self.moments(params)
        return {
            "mean": mean,
            "covariance": params.covariance,
            "total_mean": mean,
            "total_variance": variance,
        }

    def restore(self, variables: Mapping[str, Array]) -> GaussianNdParams:
        """Read the parameters of a result."""
        return GaussianNdParams(variables["mean"], variables["covariance"])

    def take(self, new: GaussianNdParams, old: GaussianNdParams, keep_old: Any) -> GaussianNdParams:
        """Keep the old parameters of some replicates."""
        return GaussianNdParams(
            np.where(keep_old[:, None], old.mean, new.mean),
            np.where(keep_old[:, None, None], old.covariance, new.covariance),
        )

    def blank(self, replicates: int) -> GaussianNdParams:
        """Parameters that are not there."""
        d = self._dimension
        return GaussianNdParams(np.full((replicates, d), np.nan), np.full((replicates, d, d), np.nan))

    def log_pdf(self, params: GaussianNdParams, x: Array) -> Array:
        """Log density; of a singular covariance infinite in its span and -inf elsewhere."""
        one = np.ones((len(params.mean), 1))
        return vectors.log_density(one, params.mean[:, None], params.covariance[:, None], x)


class GaussianNdTruth(Table):
    """A Gaussian over vectors as the real distribution: mean and covariance, or N(0, I) by its dimension."""

    items: ClassVar[str] = VECTORS

    family: Literal["gaussian-nd"] = "gaussian-nd"
    mean: Vector | None = Field(default=None, min_length=1, max_length=vectors.MOST)
    covariance: Matrix | None = Field(default=None, min_length=1)
    dimension: Dimension | None = None

    @model_validator(mode="after")
    def _fits(self) -> "GaussianNdTruth":
        given = [name for name in ("mean", "covariance", "dimension") if getattr(self, name) is not None]
        if given not in (["mean", "covariance"], ["dimension"]):
            found = " and ".join(given) or "none"
            raise bad(f"must have mean and covariance, or dimension alone for N(0, I); this has {found}")
        if self.mean is not None and self.covariance is not None:
            problem = vectors.covariance_problem(self.covariance, len(self.mean))
            if problem:
                raise bad(problem, "covariance")
        return self

    def law(self) -> tuple[GaussianNd, GaussianNdParams]:
        """The family and its parameters, one row for all replicates."""
        if self.mean is None or self.covariance is None:
            d = self.dimension or 1
            return GaussianNd().of(d), GaussianNdParams(np.zeros((1, d)), np.eye(d)[None])
        mean, covariance = np.array([self.mean]), vectors.symmetric(self.covariance)[None]
        return GaussianNd().of(len(self.mean)), GaussianNdParams(mean, covariance)
