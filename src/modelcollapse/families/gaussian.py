"""One Gaussian, by maximum likelihood (ddof 0), with the unbiased variance (ddof 1), or its mean alone."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from scipy.special import log_ndtr, ndtr

from modelcollapse import aligned
from modelcollapse.errors import Problem
from modelcollapse.families.base import REAL, Fit, Learner, at_precision, check_rows
from modelcollapse.fields import Ddof, Positive, Real, Table
from modelcollapse.grids import Grid, Resolution, masses_of_mixtures, of_mixtures
from modelcollapse.kernels.compiling import LANES
from modelcollapse.kernels.moments import moments
from modelcollapse.kernels.sampling import sample_mixtures
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Parts, Sizes, Status, longest, per_replicate

HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)
STEPS = np.array([-8.0, -6.5, -5.0, -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 5.0, 6.5, 8.0])


class GaussianParams(NamedTuple):
    """Mean and standard deviation, each ``(replicate,)``."""

    mean: Array
    std: Array


class OneGaussian(Learner):
    """What all families of one Gaussian share, however it is fitted."""

    items: ClassVar[str] = REAL
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "mean": (),
        "std": (),
        "total_mean": (),
        "total_variance": (),
    }

    tempers: ClassVar[bool] = True

    def tempered(self, params: GaussianParams, temperature: float) -> GaussianParams:
        """The variance times the temperature."""
        return GaussianParams(params.mean, params.std * np.sqrt(temperature))

    def fit_seconds(self, items: int) -> float:
        """Two passes."""
        return 1e-5 + 2e-9 * items

    def sample(self, params: GaussianParams, size: Sizes, streams: Streams) -> Array:
        """Draw normals."""
        sizes = per_replicate(size, len(streams))
        items = aligned.empty((len(streams), longest(size)))
        check_rows(len(params.mean), len(streams))
        sample_mixtures(*self._parts(params), sizes, streams.state, items)
        return items

    def record(self, params: GaussianParams) -> dict[str, Array]:
        """Mean and std, and again as total moments, which every family of real numbers has."""
        mean, variance = self.moments(params)
        return {"mean": mean, "std": params.std, "total_mean": mean, "total_variance": variance}

    def restore(self, variables: Mapping[str, Array]) -> GaussianParams:
        """Read the parameters of a result."""
        return GaussianParams(variables["mean"], variables["std"])

    def take(self, new: GaussianParams, old: GaussianParams, keep_old: Any) -> GaussianParams:
        """Keep the old parameters of some replicates."""
        return GaussianParams(*(np.where(keep_old, o, n) for n, o in zip(new, old, strict=True)))

    def blank(self, replicates: int) -> GaussianParams:
        """Parameters that are not there."""
        return GaussianParams(np.full(replicates, np.nan), np.full(replicates, np.nan))

    def moments(self, params: GaussianParams) -> tuple[Array, Array]:
        """Mean and variance."""
        return params.mean, params.std**2

    def _standardised(self, params: GaussianParams, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (x - params.mean[:, None]) / params.std[:, None]
        return np.asarray(np.where(np.isnan(z), 0.0, z))  # an item on a point

    def log_pdf(self, params: GaussianParams, x: Array) -> Array:
        """Log density; of a point -inf, and +inf on it."""
        z = self._standardised(params, x)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return np.where(np.isinf(z), -np.inf, -0.5 * z * z - np.log(params.std)[:, None] - HALF_LOG_2PI)

    def cdf(self, params: GaussianParams, x: Array) -> Array:
        """Distribution function."""
        step = (params.std == 0.0)[:, None]
        z = self._standardised(params, x)
        return np.where(step, (x >= params.mean[:, None]).astype(float), ndtr(z))

    def quantile(self, params: GaussianParams, score: Array) -> Array:
        """Quantiles: the score is the standardised quantile itself."""
        return np.asarray(params.mean[:, None] + params.std[:, None] * score)

    def knots(self, params: GaussianParams) -> Array:
        """Points across the bulk and the tails."""
        return np.asarray(params.mean[:, None] + params.std[:, None] * STEPS)

    def partial_mean(self, params: GaussianParams, score: Array) -> Array:
        """E X 1(X < q) = m Phi(score) - s phi(score)."""
        density = np.exp(-0.5 * score * score - HALF_LOG_2PI)
        below = np.exp(log_ndtr(score))
        return np.asarray(params.mean[:, None] * below - params.std[:, None] * density)

    def _parts(self, params: GaussianParams) -> Parts:
        return np.ones((len(params.mean), 1)), params.mean[:, None], params.std[:, None]

    def grid(self, params: GaussianParams, resolution: Resolution) -> Grid:
        """Bins that the model's spread holds many of."""
        return of_mixtures(self._parts(params), resolution)

    def masses(self, params: GaussianParams, grid: Grid) -> Array:
        """Probabilities of bins."""
        return masses_of_mixtures(self._parts(params), grid)

    def widened(self, params: GaussianParams, variance: Array) -> GaussianParams:
        """Add to the variance."""
        return GaussianParams(params.mean, np.sqrt(np.maximum(params.std**2 + variance, 0.0)))

    def least_spread(self, params: GaussianParams) -> Array:
        """The standard deviation."""
        return params.std


class Gaussian(OneGaussian):
    """A Gaussian on the real line.

    ``ddof`` is what the sum of squares is divided by: n - ddof. With ``known_std`` the standard deviation
    is that, and the mean alone is fitted, as in He et al. 2025 (arXiv 2502.18049).
    """

    name: ClassVar[str] = "gaussian"
    counted: ClassVar[bool] = True

    family: Literal["gaussian"] = "gaussian"
    ddof: Ddof = 0
    known_std: Positive | None = None

    def moments_kept(self, n: int) -> tuple[float, float]:
        """The variance is divided by n - ddof; one that is known owes nothing to the sample's."""
        return (n / (n - self.ddof), 0.0) if self.known_std is None else (0.0, self.known_std**2)

    def problems(self, n_samples: int) -> list[Problem]:
        """Too few items to divide by N - ddof, and a ddof where nothing is divided by it."""
        if self.known_std is not None:
            allowed = "is for a fitted variance: leave it out where learner.known_std is given"
            return [Problem("learner.ddof", self.ddof, allowed)] if self.ddof else []
        if n_samples > self.ddof:
            return []
        allowed = f"must be at least {self.ddof + 1} for learner.ddof = {self.ddof}"
        return [Problem("n_samples", n_samples, allowed)]

    def fit(
        self,
        x: Array,
        size: IntArray,
        weight: Array | None,
        start: GaussianParams | None,
        streams: Streams,
    ) -> Fit:
        """Take the weighted mean and variance, in two passes; weights count as repeated items."""
        given = np.empty((len(x), 0)) if weight is None else weight
        total, mean, variance = moments(x, given, size, LANES)
        if self.known_std is None:
            std = np.sqrt(variance * (total / (total - self.ddof)))
        else:
            std = np.full(len(x), self.known_std)
        status = np.where(std == 0.0, int(Status.COLLAPSED | Status.POINT_MASS), 0)
        status |= np.where(at_precision(mean, std), int(Status.PRECISION_LIMIT), 0)
        status = np.where(np.isfinite(mean) & np.isfinite(std), status, int(Status.NONFINITE))
        return Fit(GaussianParams(mean, std), np.ones(len(x), dtype=np.int64), status)

    def widened(self, params: GaussianParams, variance: Array) -> GaussianParams:
        """Add to the variance, but to one that is known."""
        return params if self.known_std is not None else super().widened(params, variance)


class GaussianTruth(Table):
    """A Gaussian as the real distribution."""

    items: ClassVar[str] = REAL

    family: Literal["gaussian"] = "gaussian"
    mean: Real
    std: Positive

    def law(self) -> tuple[Gaussian, GaussianParams]:
        """The family and its parameters, one row for all replicates."""
        return Gaussian(), GaussianParams(np.array([self.mean]), np.array([self.std]))
