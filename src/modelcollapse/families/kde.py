"""A kernel density: a Gaussian about each item of the training set, all of the same bandwidth.

Fitted again and again to its own samples, the spread grows: each generation adds h^2 to the variance
of the items (Kazdan et al. 2024, arXiv 2410.16713, have it among their learners).
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, model_validator
from scipy.special import ndtr

from modelcollapse.errors import Problem
from modelcollapse.families.base import VECTORS, Fit
from modelcollapse.families.either import EitherLearner
from modelcollapse.families.held import (
    Held,
    hold,
    moments_of,
    none_held,
    redraw,
    status_of,
    take_held,
)
from modelcollapse.fields import Ddof, bad, number
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Sizes, per_replicate

RULES = ("scott", "scaled")


def _bandwidth(value: Any) -> Any:
    allowed = 'must be a number > 0, from 1e-150 to 1e150, or "scott" or "scaled"'
    if isinstance(value, str):
        if value not in RULES:
            raise bad(allowed)
        return value
    return number(value, allowed, 1e-150, 1e150)


class KernelParams(NamedTuple):
    """The items about which the kernels lie, see `Held`, and the bandwidth ``(replicate,)``."""

    items: ItemArray
    size: IntArray
    weight: Array
    bandwidth: Array

    @property
    def held(self) -> Held:
        """The items alone."""
        return Held(self.items, self.size, self.weight)


class Kde(EitherLearner):
    """A Gaussian kernel density. ``bandwidth`` is the kernels' standard deviation h, or a rule for it.

    ``"scott"`` is n^(-1/(d + 4)), as scikit-learn's KernelDensity has it: not scaled by the data.
    ``"scaled"`` is that times the standard deviation of the data, whose sum of squares is divided by
    n - ddof (Scott 1992); of vectors, the root of the mean variance of their d dimensions. In a weighted
    training set n is the total weight.
    """

    name: ClassVar[str] = "kde"
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "bandwidth": (),
        "total_mean": (),
        "total_variance": (),
    }

    family: Literal["kde"] = "kde"
    bandwidth: Annotated[float | Literal["scott", "scaled"], BeforeValidator(_bandwidth)]
    ddof: Ddof = 0

    @model_validator(mode="after")
    def _has_a_use(self) -> "Kde":
        if self.ddof and self.bandwidth != "scaled":
            raise bad('is for bandwidth = "scaled"; leave it out', "ddof")
        return self

    @classmethod
    def of_vectors(cls) -> "type[Kde]":
        """The same of vectors."""
        return _KdeOfVectors

    def problems(self, n_samples: int) -> list[Problem]:
        """Too few items to divide by N - ddof."""
        if n_samples > self.ddof:
            return []
        return [Problem("n_samples", n_samples, "must be at least 2 for learner.ddof = 1")]

    def moments_kept(self, n: int) -> tuple[float, float]:
        """Kernels add d h^2 to the (total) variance: fixed, or in proportion to that of the data."""
        d = self._dimension or 1
        shrink = n ** (-2.0 / (d + 4))
        if self.bandwidth == "scaled":
            return 1.0 + shrink * n / (n - self.ddof), 0.0
        return 1.0, d * (shrink if isinstance(self.bandwidth, str) else self.bandwidth**2)

    def item_numbers(self) -> int:
        """An item has as many numbers as there are dimensions."""
        return self._dimension or 1

    def fit_seconds(self, items: int) -> float:
        """Two passes, picking items and a normal each; the kernels' tails."""
        return 3e-5 + 5e-8 * items * self.item_numbers()

    def sample(self, params: KernelParams, size: Sizes, streams: Streams) -> ItemArray:
        """Pick items with replacement, and move each by a normal of its kernel."""
        sizes = per_replicate(size, len(streams))
        drawn = redraw(params.held, sizes, streams)
        for r, stream in enumerate(streams):
            h = params.bandwidth[r if len(params.bandwidth) > 1 else 0]
            part = drawn[r, : sizes[r]]
            part += h * stream.standard_normal(part.shape)
        return drawn

    def fit(
        self,
        x: ItemArray,
        size: IntArray,
        weight: Array | None,
        start: KernelParams | None,
        streams: Streams,
    ) -> Fit:
        """Keep the items, and find the bandwidth."""
        held = hold(x, size, weight)
        params = KernelParams(*held, self._width(held))
        status = status_of(*self.moments(params))
        return Fit(params, np.ones(len(x), dtype=np.int64), status)

    def _width(self, held: Held) -> Array:
        d = self._dimension or 1
        if not isinstance(self.bandwidth, str):
            return np.full(len(held.items), self.bandwidth)
        total, _, variance = moments_of(held)
        # one by one: a vectorised power may round otherwise in a batch of another size
        shrink = np.array([math.pow(t, -1.0 / (d + 4)) if t > 0.0 else math.nan for t in total])
        if self.bandwidth == "scott":
            return shrink
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.sqrt(variance / d * (total / (total - self.ddof))) * shrink)

    def record(self, params: KernelParams) -> dict[str, Array]:
        """The bandwidth and the total moments; the items are not stored."""
        mean, variance = self.moments(params)
        return {"bandwidth": params.bandwidth, "total_mean": mean, "total_variance": variance}

    def take(self, new: KernelParams, old: KernelParams, keep_old: Any) -> KernelParams:
        """Keep the old items and bandwidth of some replicates."""
        held = take_held(new.held, old.held, keep_old)
        return KernelParams(*held, np.where(keep_old, old.bandwidth, new.bandwidth))

    def blank(self, replicates: int) -> KernelParams:
        """No items."""
        return KernelParams(*none_held(replicates, self._dimension), np.full(replicates, np.nan))

    def moments(self, params: KernelParams) -> tuple[Array, Array]:
        """Total mean, and total variance S + d h^2, S that of the items."""
        _, mean, variance = moments_of(params.held)
        return mean, np.asarray(variance + (self._dimension or 1) * params.bandwidth**2)

    def cdf(self, params: KernelParams, x: Array) -> Array:
        """Distribution function at ``x`` ``(replicate, point)``: the mean of the kernels'."""
        below = np.empty(x.shape)
        for r, h in enumerate(params.bandwidth):
            row, weight = params.held.row(r)
            away = x[r][:, None] - row
            inside = ndtr(away / h) if h > 0.0 else (away >= 0.0).astype(np.float64)
            if weight is not None:
                below[r] = (inside * weight).sum(axis=1) / weight.sum()
            else:
                below[r] = inside.mean(axis=1) if len(row) else np.nan
        return below


class _KdeOfVectors(Kde):
    """The same of vectors: the total variance is the sum of those of all dimensions."""

    items: ClassVar[str] = VECTORS
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "bandwidth": (),
        "total_mean": ("dimension",),
        "total_variance": (),
    }
