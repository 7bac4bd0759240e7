"""Mixtures of one-dimensional Gaussians, fitted by EM to the maximum or by scikit-learn."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator
from scipy.special import ndtr

from modelcollapse import aligned
from modelcollapse.errors import Problem
from modelcollapse.families import effort
from modelcollapse.families.base import REAL, Fit, Learner, check_rows
from modelcollapse.families.climbing import climb
from modelcollapse.families.scikit_learn import kmeans_start, scikit_learn_fit
from modelcollapse.families.settings import loose, mixture_problems
from modelcollapse.fields import Count, NotNegative, Positive, Probabilities, Real, Table, bad
from modelcollapse.grids import Grid, Resolution, masses_of_mixtures, of_mixtures
from modelcollapse.kernels.em import degenerate
from modelcollapse.kernels.quantiles import mixture_quantile
from modelcollapse.kernels.sampling import sample_mixtures
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Sizes, longest, per_replicate, repeated

HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)

SCIKIT_LEARN_REG = 1e-6
"""reg_covar of scikit-learn's GaussianMixture at its defaults."""


class MixtureParams(NamedTuple):
    """Weights, means and standard deviations, each ``(replicate, component)``.

    A dead component has weight 0 and keeps its last mean and std; a point has weight > 0 and std 0.
    """

    weight: Array
    mean: Array
    std: Array


class Mixture(Learner):
    """A mixture of ``components`` Gaussians on the real line, and how it is fitted.

    ``solver = "em"`` climbs to the maximum of the likelihood: it ends when less than ``tolerance``
    nats, in total, are left to gain. ``solver = "scikit-learn"`` is that library's own
    GaussianMixture at its own defaults, which stops about two steps after its k-means start.

    An M-step keeps the sample's mean and second moment wherever EM stops (with ``reg_covar = 0``),
    so the total variance of the model is the training set's.
    """

    name: ClassVar[str] = "mixture"
    items: ClassVar[str] = REAL
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weight": ("component",),
        "mean": ("component",),
        "std": ("component",),
        "total_mean": (),
        "total_variance": (),
    }

    counted: ClassVar[bool] = True
    tempers: ClassVar[bool] = True

    family: Literal["mixture"] = "mixture"
    components: Count = 2
    solver: Literal["em", "scikit-learn"] = "em"
    start: Literal["model", "kmeans"] = "model"
    tolerance: Positive = 1e-5
    max_iterations: Count = 10000
    reg_covar: NotNegative = 0.0

    def tempered(self, params: MixtureParams, temperature: float) -> MixtureParams:
        """The variance of every component times the temperature."""
        return params._replace(std=params.std * np.sqrt(temperature))

    @property
    def weighs(self) -> bool:
        """EM does; scikit-learn's mixtures take no weights."""
        return self.solver == "em"

    def moments_kept(self, n: int) -> tuple[float, float]:
        """An M-step keeps the sample's moments; what regularises is added."""
        return 1.0, SCIKIT_LEARN_REG if self.solver == "scikit-learn" else self.reg_covar

    def problems(self, n_samples: int) -> list[Problem]:
        """Too few items, or settings of ``em`` that scikit-learn's solver would not use."""
        return mixture_problems(self, n_samples, ("start", "tolerance", "max_iterations", "reg_covar"))

    def notes(self, n_samples: int) -> list[str]:
        """A loose tolerance, in sampling standard deviations; a regularised covariance."""
        found = loose(self.tolerance)
        if self.reg_covar > 0.0:
            found.append(
                f"learner.reg_covar = {self.reg_covar:g} is added every generation: without real "
                f"data the variance settles near N reg_covar = {n_samples * self.reg_covar:g}"
            )
        return found

    def sizes(self) -> Mapping[str, int]:
        """One axis, of the components."""
        return {"component": self.components}

    def least_values(self) -> int:
        """One a component."""
        return self.components

    def fit_seconds(self, items: int) -> float:
        """A few steps of EM, after k-means where it starts there; scikit-learn's own take longer."""
        if self.solver == "scikit-learn":
            return 5e-3 + 1e-6 * items
        return (2e-3 if self.start == "kmeans" else 1e-5) + effort.easy(self.components, items)

    def effort(self, source: Any, items: int) -> float:
        """EM takes long where components overlap, or are more than the truth's."""
        if self.solver == "scikit-learn":
            return 1.0
        return effort.times(self.components, source, items, self.max_iterations)

    def sample(self, params: MixtureParams, size: Sizes, streams: Streams) -> Array:
        """Draw items, component after component: a multinomial of counts, then normals."""
        sizes = per_replicate(size, len(streams))
        items = aligned.empty((len(streams), longest(size)))
        check_rows(len(params.weight), len(streams))
        sample_mixtures(*params, sizes, streams.state, items)
        return items

    def fit(
        self,
        x: Array,
        size: IntArray,
        weight: Array | None,
        start: MixtureParams | None,
        streams: Streams,
    ) -> Fit:
        """Fit by the chosen solver; a component that dies or becomes a point is a status."""
        if self.solver == "scikit-learn":
            parts, iterations, status = scikit_learn_fit(self.components, x, size, weight, streams)
            params = MixtureParams(*parts)
            return Fit(params, iterations, status | degenerate(*params))
        if start is None or self.start == "kmeans":
            start = MixtureParams(*kmeans_start(self.components, x, size, weight, streams))
        parts, iterations, status = climb(
            x, size, weight, start, self.tolerance, self.max_iterations, self.reg_covar
        )
        params = MixtureParams(*parts)
        return Fit(params, iterations, status | degenerate(*params))

    def record(self, params: MixtureParams) -> dict[str, Array]:
        """Parameters in the order of their means, dead components last, and the total moments."""
        order = np.lexsort((params.mean, params.weight == 0.0), axis=1)
        weight, mean, std = (np.take_along_axis(part, order, axis=1) for part in params)
        total_mean, total_variance = self.moments(params)
        return {
            "weight": weight,
            "mean": mean,
            "std": std,
            "total_mean": total_mean,
            "total_variance": total_variance,
        }

    def restore(self, variables: Mapping[str, Array]) -> MixtureParams:
        """Read the parameters of a result."""
        return MixtureParams(variables["weight"], variables["mean"], variables["std"])

    def take(self, new: MixtureParams, old: MixtureParams, keep_old: Any) -> MixtureParams:
        """Keep the old parameters of some replicates."""
        mask = keep_old[:, None]
        return MixtureParams(*(np.where(mask, o, n) for n, o in zip(new, old, strict=True)))

    def blank(self, replicates: int) -> MixtureParams:
        """Parameters that are not there."""
        return MixtureParams(*(np.full((replicates, self.components), np.nan) for _ in range(3)))

    def moments(self, params: MixtureParams) -> tuple[Array, Array]:
        """Mean and variance of the whole mixture, without cancellation."""
        mean = np.einsum("rk,rk->r", params.weight, params.mean)
        with np.errstate(over="ignore", invalid="ignore"):
            square = (params.mean - mean[:, None]) ** 2 + params.std**2
        return mean, np.einsum("rk,rk->r", params.weight, square)

    def _standardised(self, params: MixtureParams, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (x[:, None, :] - params.mean[:, :, None]) / params.std[:, :, None]
        return np.asarray(np.where(np.isnan(z), 0.0, z))  # an item on a point

    def log_pdf(self, params: MixtureParams, x: Array) -> Array:
        """Log density; -inf where only points are left, +inf on a point."""
        z = self._standardised(params, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            logit = np.log(params.weight) - np.log(params.std) - HALF_LOG_2PI
            logit = np.where(params.weight > 0.0, logit, -np.inf)[:, :, None]
            each = np.where(np.isinf(z), -np.inf, logit - 0.5 * z * z)
            return np.asarray(np.logaddexp.reduce(each, axis=1))

    def cdf(self, params: MixtureParams, x: Array) -> Array:
        """Distribution function."""
        z = self._standardised(params, x)
        step = (params.std == 0.0)[:, :, None]
        below = np.where(step, (x[:, None, :] >= params.mean[:, :, None]).astype(float), ndtr(z))
        return np.asarray(np.einsum("rk,rkp->rp", params.weight, below))

    def quantile(self, params: MixtureParams, score: Array) -> Array:
        """Quantiles by bracketed Newton steps."""
        weight, mean, std = map(np.ascontiguousarray, params)
        return mixture_quantile(weight, mean, std, repeated(np.atleast_2d(score), len(weight)))

    def knots(self, params: MixtureParams) -> Array:
        """Means and points 1, 2, 3, 4.5 and 6.5 stds away, of the components alive."""
        steps = np.array([-6.5, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.5, 6.5])
        alive = params.weight > 0.0
        first = np.take_along_axis(params.mean, alive.argmax(axis=1)[:, None], axis=1)
        mean, std = np.where(alive, params.mean, first), np.where(alive, params.std, 0.0)
        return np.asarray((mean[:, :, None] + std[:, :, None] * steps).reshape(len(mean), -1))

    def partial_mean(self, params: MixtureParams, score: Array) -> Array:
        """E X 1(X < q): sum of w (m Phi(z) - s phi(z)) over components."""
        x = self.quantile(params, score)
        z = self._standardised(params, x)
        step = (params.std == 0.0)[:, :, None]
        mean, std = params.mean[:, :, None], params.std[:, :, None]
        below = np.where(step, 0.0, ndtr(z))
        density = np.exp(-0.5 * z * z - HALF_LOG_2PI)
        smooth = np.einsum("rk,rkp->rp", params.weight, mean * below - std * density)
        # a point that the quantile lies on gives just what is missing of the probability
        reached = np.einsum("rk,rkp->rp", params.weight, np.where(step, x[:, None] > mean, below))
        passed = np.einsum("rk,rkp->rp", params.weight, np.where(step, (x[:, None] > mean) * mean, 0.0))
        on_point = np.any(step & (x[:, None] == mean), axis=1)
        return np.asarray(smooth + passed + np.where(on_point, (ndtr(score) - reached) * x, 0.0))

    def grid(self, params: MixtureParams, resolution: Resolution) -> Grid:
        """Bins that the least spread of a component alive holds many of."""
        return of_mixtures(params, resolution)

    def masses(self, params: MixtureParams, grid: Grid) -> Array:
        """Probabilities of bins."""
        return masses_of_mixtures(params, grid)

    def widened(self, params: MixtureParams, variance: Array) -> MixtureParams:
        """Add to the variance of every component that is no point."""
        square = np.where(params.std > 0.0, params.std**2 + variance[:, None], 0.0)
        return MixtureParams(params.weight, params.mean, np.sqrt(np.maximum(square, 0.0)))

    def least_spread(self, params: MixtureParams) -> Array:
        """The least standard deviation of a component alive."""
        return np.asarray(np.where(params.weight > 0.0, params.std, np.inf).min(axis=1))


def lengths_differ(lengths: list[int]) -> str:
    """Say that weights, means and stds are not of one length; nothing if they are."""
    if len(set(lengths)) == 1:
        return ""
    found = f"{lengths[0]}, {lengths[1]} and {lengths[2]}"
    return f"weights, means and stds must be of one length; these have {found}"


class MixtureTruth(Table):
    """A mixture as the real distribution: all three lists are given."""

    items: ClassVar[str] = REAL

    family: Literal["mixture"] = "mixture"
    weights: Probabilities
    means: tuple[Real, ...] = Field(min_length=1)
    stds: tuple[Positive, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _lengths(self) -> "MixtureTruth":
        problem = lengths_differ([len(self.weights), len(self.means), len(self.stds)])
        if problem:
            raise bad(problem)
        return self

    def law(self) -> tuple[Mixture, MixtureParams]:
        """The family and its parameters, one row for all replicates."""
        weight = np.array([self.weights])
        params = MixtureParams(weight / weight.sum(), np.array([self.means]), np.array([self.stds]))
        return Mixture(components=len(self.weights)), params
