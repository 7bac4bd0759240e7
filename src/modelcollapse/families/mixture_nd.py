"""Mixtures of Gaussians in several dimensions, fitted by EM to the maximum or by scikit-learn."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from modelcollapse.errors import Problem
from modelcollapse.families import scikit_learn, vectors
from modelcollapse.families.base import VECTORS, Fit
from modelcollapse.families.mixture import SCIKIT_LEARN_REG, lengths_differ
from modelcollapse.families.settings import loose, mixture_problems
from modelcollapse.families.vectors import Matrix, Vector, VectorLearner
from modelcollapse.fields import Count, Positive, Probabilities, Table, bad
from modelcollapse.kernels.em_vectors import em_vectors
from modelcollapse.kernels.vectors import degenerate_vectors
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Sizes, Status

NO_TRACE = np.empty(0)


class MixtureNdParams(NamedTuple):
    """Weights ``(replicate, component)``, means and covariances of the components.

    Means have the axes ``(replicate, component, dimension)``, covariances one ``dimension`` more.
    A dead component has weight 0 and keeps its last mean and covariance.
    """

    weight: Array
    mean: Array
    covariance: Array


class MixtureNd(VectorLearner):
    """A mixture of ``components`` Gaussians over vectors with full covariances, and how it is fitted.

    ``solver = "em"`` climbs to the maximum of the likelihood by EM: it ends when less than ``tolerance``
    nats, in total, are left to gain. A component whose covariance has become singular takes the items in
    its span, whole: the limit of the likelihood, as a point is on the line. ``solver = "scikit-learn"``
    is that library's own GaussianMixture at its own defaults.

    An M-step keeps the sample's mean and second moments wherever EM stops, so the total covariance of the
    model is the training set's.
    """

    name: ClassVar[str] = "mixture-nd"
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weight": ("component",),
        "mean": ("component", "dimension"),
        "covariance": ("component", "dimension", "other_dimension"),
        "total_mean": ("dimension",),
        "total_variance": (),
    }

    family: Literal["mixture-nd"] = "mixture-nd"
    components: Count = 2
    covariance: Literal["full"] = "full"
    solver: Literal["em", "scikit-learn"] = "em"
    start: Literal["model", "kmeans"] = "model"
    tolerance: Positive = 1e-5
    max_iterations: Count = 10000

    def tempered(self, params: MixtureNdParams, temperature: float) -> MixtureNdParams:
        """The covariance of every component times the temperature."""
        return params._replace(covariance=params.covariance * temperature)

    @property
    def weighs(self) -> bool:
        """EM does; scikit-learn's mixtures take no weights."""
        return self.solver == "em"

    def moments_kept(self, n: int) -> tuple[float, float]:
        """An M-step keeps the sample's moments; scikit-learn adds to the variance of every coordinate."""
        return 1.0, SCIKIT_LEARN_REG * self._dimension if self.solver == "scikit-learn" else 0.0

    def problems(self, n_samples: int) -> list[Problem]:
        """Too few items, or settings of ``em`` that scikit-learn's solver would not use."""
        return mixture_problems(self, n_samples, ("start", "tolerance", "max_iterations"))

    def notes(self, n_samples: int) -> list[str]:
        """A loose tolerance, in sampling standard deviations; few items for a covariance."""
        found = loose(self.tolerance)
        least = self.components * (self._dimension + 1)
        if n_samples < least:
            found.append(
                f"n_samples = {n_samples} items are too few for {self.components} covariances in "
                f"{self._dimension} dimensions ({least}): some will be singular"
            )
        return found

    def sizes(self) -> Mapping[str, int]:
        """Components and dimensions."""
        return {"component": self.components, **super().sizes()}

    def least_values(self) -> int:
        """One a component."""
        return self.components

    def fit_seconds(self, items: int) -> float:
        """Some tens of steps; k-means and a few steps in scikit-learn."""
        d = self.item_numbers()
        step = 2e-9 * items * self.components * (10 + d * d)
        return 1e-2 + 10 * step if self.solver == "scikit-learn" else 1e-5 + 40 * step

    def sample(self, params: MixtureNdParams, size: Sizes, streams: Streams) -> Array:
        """Draw items, component after component: a multinomial of counts, then normals."""
        return vectors.sample(*params, size, streams)

    def fit(
        self,
        x: Array,
        size: IntArray,
        weight: Array | None,
        start: MixtureNdParams | None,
        streams: Streams,
    ) -> Fit:
        """Fit by the chosen solver; a component that dies or becomes singular is a status."""
        if self.solver == "scikit-learn":
            parts, iterations, status = scikit_learn.vector_fit(self.components, x, size, weight, streams)
            return self._fitted(MixtureNdParams(*parts), iterations, status)
        if start is None or self.start == "kmeans":
            start = MixtureNdParams(*scikit_learn.kmeans_vectors(self.components, x, size, weight, streams))
        one = len(start.weight) == 1
        w, m, c = (np.repeat(part, len(x), axis=0) if one else part.copy() for part in start)
        given = np.empty((len(x), 0)) if weight is None else np.ascontiguousarray(weight)
        passes, status = em_vectors(
            np.ascontiguousarray(x), given, size, w, m, c, self.tolerance, self.max_iterations, NO_TRACE
        )
        return self._fitted(MixtureNdParams(w, m, c), passes, status)

    def _fitted(self, params: MixtureNdParams, passes: IntArray, status: IntArray) -> Fit:
        failed = (status & int(Status.NONFINITE)) != 0
        status = status | np.where(failed, 0, degenerate_vectors(*map(np.ascontiguousarray, params)))
        return Fit(params, passes, status)

    def spread(self, params: MixtureNdParams) -> tuple[Array, Array]:
        """Mean and covariance of the whole mixture, without cancellation."""
        mean, covariance = np.zeros(params.mean[:, 0].shape), np.zeros(params.covariance[:, 0].shape)
        for k in range(self.components):  # one after the other: the same bits in any batch
            mean += params.weight[:, k, None] * params.mean[:, k]
        for k in range(self.components):
            away = params.mean[:, k] - mean
            each = params.covariance[:, k] + away[:, :, None] * away[:, None, :]
            covariance += params.weight[:, k, None, None] * each
        return mean, covariance

    def record(self, params: MixtureNdParams) -> dict[str, Array]:
        """Parameters by the first coordinate of their means, dead components last, and the total moments."""
        order = np.lexsort((params.mean[:, :, 0], params.weight == 0.0), axis=1)
        total_mean, total_variance = self.moments(params)
        return {
            "weight": np.take_along_axis(params.weight, order, axis=1),
            "mean": np.take_along_axis(params.mean, order[:, :, None], axis=1),
            "covariance": np.take_along_axis(params.covariance, order[:, :, None, None], axis=1),
            "total_mean": total_mean,
            "total_variance": total_variance,
        }

    def restore(self, variables: Mapping[str, Array]) -> MixtureNdParams:
        """Read the parameters of a result."""
        return MixtureNdParams(variables["weight"], variables["mean"], variables["covariance"])

    def take(self, new: MixtureNdParams, old: MixtureNdParams, keep_old: Any) -> MixtureNdParams:
        """Keep the old parameters of some replicates."""
        parts = zip(new, old, strict=True)
        return MixtureNdParams(*(np.where(keep_old.reshape(-1, *[1] * (n.ndim - 1)), o, n) for n, o in parts))

    def blank(self, replicates: int) -> MixtureNdParams:
        """Parameters that are not there."""
        shape, d = (replicates, self.components), self._dimension
        return MixtureNdParams(*(np.full((*shape, *more), np.nan) for more in ((), (d,), (d, d))))

    def log_pdf(self, params: MixtureNdParams, x: Array) -> Array:
        """Log density; infinite in the span of a singular component, which has none elsewhere."""
        return vectors.log_density(*params, x)


class MixtureNdTruth(Table):
    """A mixture over vectors as the real distribution; ``stds`` stands for round components."""

    items: ClassVar[str] = VECTORS

    family: Literal["mixture-nd"] = "mixture-nd"
    weights: Probabilities
    means: tuple[Vector, ...] = Field(min_length=1)
    covariances: tuple[Matrix, ...] | None = Field(default=None, min_length=1)
    stds: tuple[Positive, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "MixtureNdTruth":
        if (self.covariances is None) == (self.stds is None):
            given = "both" if self.stds is not None else "neither"
            raise bad(f"must have one of covariances and stds; this has {given}")
        widths = len(self.stds) if self.stds is not None else len(self.covariances or ())
        problem = lengths_differ([len(self.weights), len(self.means), widths])
        if problem:
            raise bad(problem if self.stds is not None else problem.replace("stds", "covariances"))
        lengths = sorted({len(mean) for mean in self.means})
        if len(lengths) > 1 or not 0 < lengths[0] <= vectors.MOST:
            found = " and ".join(map(str, lengths))
            raise bad(f"must all have one length, from 1 to {vectors.MOST}; these have {found}", "means")
        for i, rows in enumerate(self.covariances or ()):
            problem = vectors.covariance_problem(rows, lengths[0])
            if problem:
                raise bad(f"number {i + 1} {problem}", "covariances")
        return self

    def law(self) -> tuple[MixtureNd, MixtureNdParams]:
        """The family and its parameters, one row for all replicates."""
        weight, d = np.array([self.weights]), len(self.means[0])
        if self.stds is not None:
            covariance = np.array(self.stds)[:, None, None] ** 2 * np.eye(d)
        else:
            covariance = np.array([vectors.symmetric(rows) for rows in self.covariances or ()])
        params = MixtureNdParams(weight / weight.sum(), np.array([self.means]), covariance[None])
        return MixtureNd(components=len(self.weights)).of(d), params
