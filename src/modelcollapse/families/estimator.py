"""Any object with `fit(X)` and `sample(n)` as a family: scikit-learn's densities, or one's own model.

X is ``(n, 1)`` for real numbers and ``(n, d)`` for vectors. Calls are serialised and on one thread, as
scikit-learn's are elsewhere here; what an object raises is a status.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from scipy.special import ndtr

from modelcollapse.errors import Problem
from modelcollapse.families import objects
from modelcollapse.families.base import VECTORS, Fit, check_rows
from modelcollapse.families.closed_form import parts_of
from modelcollapse.families.either import EitherLearner
from modelcollapse.families.objects import Plain, plain
from modelcollapse.families.scikit_learn import alone, seed_of
from modelcollapse.fields import bad
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, ItemArray, Sizes, Status, per_replicate

MEASURED = 4096
"""Items by which a model is measured that does not say what its moments are."""


def _settings(value: Any) -> tuple[tuple[str, Plain], ...]:
    allowed = "must be a table of numbers, texts and booleans"
    try:
        pairs = dict(value) if isinstance(value, tuple) else value
    except (TypeError, ValueError):
        raise bad(allowed) from None
    if not isinstance(pairs, Mapping):
        raise bad(allowed)
    found = {str(name): plain(one) for name, one in pairs.items()}
    wrong = [name for name, one in found.items() if one is None]
    if wrong:
        raise bad(f"{allowed}; {', '.join(wrong)} is none of these")
    if "random_state" in found:
        raise bad("must leave out random_state: a new one comes from the replicate's stream at each call")
    return tuple((name, one) for name, one in sorted(found.items()) if one is not None)


Settings = Annotated[
    tuple[tuple[str, Any], ...], BeforeValidator(_settings), PlainSerializer(dict, return_type=dict)
]


class EstimatorParams(NamedTuple):
    """Fitted objects, and what is known of them.

    Attributes
    ----------
    model
        ``(replicate,)``, None where the first fit failed.
    mean, variance
        ``(replicate[, dimension])`` and ``(replicate,)``: total moments, of vectors the trace.
    own
        ``(replicate, MEASURED[, dimension])``, items of the model by which it is measured; no columns
        where closed forms do it.
    """

    model: npt.NDArray[Any]
    mean: Array
    variance: Array
    own: Array


class Estimator(EitherLearner):
    """An object named in the recipe, with its settings; it is copied for every fit.

    Before every fit and every draw the object gets a new integer ``random_state`` from the replicate's
    stream. Total moments and tails are exact for scikit-learn's Gaussian mixtures and for its kernel
    density with Gaussian kernels. Any other model is measured by `MEASURED` items of its own, which it
    draws from a seed of their own: they are no part of a training set, and move no stream.
    """

    name: ClassVar[str] = "estimator"
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {"total_mean": (), "total_variance": ()}

    family: Literal["estimator"] = "estimator"
    object_name: Annotated[str, BeforeValidator(objects.known)] = Field(alias="name")
    settings: Settings = ()

    _thing: Any = PrivateAttr()

    @model_validator(mode="after")
    def _can_be_made(self) -> "Estimator":
        try:
            self._thing = objects.prototype(self.object_name, dict(self.settings))
        except Exception as error:  # in the object's own words
            raise bad(f"is refused: {error}", "settings") from None
        kernel = getattr(self._thing, "kernel", "gaussian")
        if self.object_name in objects.CLASSES and kernel not in ("gaussian", "tophat"):
            raise bad('is refused: only kernels "gaussian" and "tophat" can be sampled', "settings")
        return self

    @model_serializer(mode="wrap")
    def _as_in_toml(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        table = handler(self)
        if "object_name" in table:
            table["name"] = table.pop("object_name")
        return dict(table)

    def __eq__(self, other: object) -> bool:
        """Two are equal if a recipe says the same of them."""
        return isinstance(other, Estimator) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        """Hash what a recipe says."""
        return hash((self.object_name, self.settings))

    @classmethod
    def of_vectors(cls) -> "type[Estimator]":
        """The same of vectors."""
        return _EstimatorOfVectors

    def moments_kept(self, n: int) -> tuple[float, float] | None:
        """An M-step keeps the sample's moments, and so do kernels, but for what they add."""
        d, thing = self._dimension or 1, self._thing
        if self.object_name == "sklearn.mixture.GaussianMixture":
            return 1.0, d * float(thing.reg_covar)
        kernels = self.object_name == "sklearn.neighbors.KernelDensity"
        if not kernels or thing.kernel != "gaussian":
            return None
        widths = {"scott": n ** (-1 / (d + 4)), "silverman": (n * (d + 2) / 4) ** (-1 / (d + 4))}
        return 1.0, d * float(widths.get(thing.bandwidth, thing.bandwidth)) ** 2

    def problems(self, n_samples: int) -> list[Problem]:
        """Fewer items than components."""
        least = getattr(self._thing, "n_components", 1)
        if not isinstance(least, int) or n_samples >= max(least, 1):
            return []
        allowed = f"must be at least {least} for learner.settings.n_components = {least}"
        return [Problem("n_samples", n_samples, allowed)]

    @property
    def weighs(self) -> bool:
        """Whether the object's `fit` takes weights."""
        return objects.takes(self._thing.fit, "sample_weight")

    def offers(self, *names: str) -> bool:
        """A density only where the object has `score_samples`."""
        scored = hasattr(self._thing, "score_samples")
        return super().offers(*names) and (scored or "log_pdf" not in names)

    def item_numbers(self) -> int:
        """An item has as many numbers as there are dimensions."""
        return self._dimension or 1

    def fit_seconds(self, items: int) -> float:
        """A call of scikit-learn, and a few passes."""
        return 5e-3 + 1e-6 * items * self.item_numbers()

    def sample(self, params: EstimatorParams, size: Sizes, streams: Streams) -> ItemArray:
        """Let each model draw; NaN where it fails, which the next fit will say."""
        sizes, d = per_replicate(size, len(streams)), self._dimension or 1
        check_rows(len(params.model), len(streams))
        items = np.empty((len(streams), int(sizes.max(initial=0)), d))
        for r, stream in enumerate(streams):
            if sizes[r] == 0:  # no seed either: whether a replicate is asked for none depends on the others
                continue
            model = params.model[r if len(params.model) > 1 else 0]
            items[r, : sizes[r]] = objects.drawn(model, int(sizes[r]), d, seed_of(stream))
        return items if self._dimension is not None else items[:, :, 0]

    def fit(
        self,
        x: ItemArray,
        size: IntArray,
        weight: Array | None,
        start: EstimatorParams | None,
        streams: Streams,
    ) -> Fit:
        """Fit a copy of the object for each replicate; what goes wrong is a status."""
        params, iterations = self.blank(len(x)), np.zeros(len(x), dtype=np.int64)
        own: list[Array] = []
        status = np.zeros(len(x), dtype=np.int64)
        for r, stream in enumerate(streams):
            row, seed = x[r, : size[r]].reshape(int(size[r]), -1), seed_of(stream)
            model = self._fitted(row, None if weight is None else weight[r, : size[r]], seed)
            mean, variance, drawn = self._measured(model, seed)
            own.append(drawn)
            if not (np.isfinite(mean).all() and np.isfinite(variance)):
                status[r] = int(Status.SOLVER_FAILED)
                continue
            params.model[r], params.variance[r] = model, variance
            params.mean[r] = mean if self._dimension is not None else mean[0]
            iterations[r] = int(getattr(model, "n_iter_", 1))
            status[r] |= 0 if getattr(model, "converged_", True) else int(Status.NOT_CONVERGED)
            status[r] |= int(Status.COLLAPSED) if variance == 0.0 else 0
        return Fit(params._replace(own=self._together(own)), iterations, status)

    def _fitted(self, row: Array, weight: Array | None, seed: int) -> Any:
        if not np.isfinite(row).all():
            return None
        try:
            with alone():
                return objects.fitted(self._thing, row, weight, seed)
        except Exception:  # whatever an object of the user's raises is a status of its replicate
            return None

    def _measured(self, model: Any, seed: int) -> tuple[Array, float, Array]:
        """Mean ``(dimension,)``, total variance, and the items drawn for it where that was needed."""
        d = self._dimension or 1
        parts = parts_of(model)
        if parts is not None:
            weight, means, variances, h = parts
            mean = (weight[:, None] * means).sum(axis=0)
            away = (weight[:, None] * (means - mean) ** 2).sum()
            return mean, float(away + (weight[:, None] * variances).sum() + d * h**2), np.empty((0, d))
        aside = int(np.random.SeedSequence(seed, spawn_key=(1,)).generate_state(1)[0])
        x = objects.drawn(model, MEASURED, d, aside)
        return x.mean(axis=0), float(x.var(axis=0).sum()), x

    def _together(self, own: list[Array]) -> Array:
        """The items drawn by each, NaN where one needed none or has none."""
        d = self._dimension or 1
        together = np.full((len(own), max((len(x) for x in own), default=0), d), np.nan)
        for r, x in enumerate(own):
            together[r, : len(x)] = x
        return together if self._dimension is not None else together[:, :, 0]

    def record(self, params: EstimatorParams) -> dict[str, Array]:
        """The total moments; the objects are not stored."""
        return {"total_mean": params.mean, "total_variance": params.variance}

    def take(self, new: EstimatorParams, old: EstimatorParams, keep_old: Any) -> EstimatorParams:
        """Keep the old objects of some replicates."""
        own = self._together([np.atleast_2d((o if keep else n).T).T for n, o, keep in
                              zip(new.own, old.own, keep_old, strict=True)])  # fmt: skip
        mean = np.where(keep_old.reshape(-1, *[1] * (new.mean.ndim - 1)), old.mean, new.mean)
        model, variance = (np.where(keep_old, o, n) for n, o in
                           ((new.model, old.model), (new.variance, old.variance)))  # fmt: skip
        return EstimatorParams(model, mean, variance, own)

    def blank(self, replicates: int) -> EstimatorParams:
        """No objects."""
        inner = () if self._dimension is None else (self._dimension,)
        mean, variance = np.full((replicates, *inner), np.nan), np.full(replicates, np.nan)
        return EstimatorParams(
            np.full(replicates, None, dtype=object), mean, variance, np.empty((replicates, 0, *inner))
        )

    def moments(self, params: EstimatorParams) -> tuple[Array, Array]:
        """Total mean and variance."""
        return params.mean, params.variance

    def cdf(self, params: EstimatorParams, x: Array) -> Array:
        """Distribution function at ``x`` ``(replicate, point)``, exact where the moments are."""
        below = np.full(x.shape, np.nan)
        for r, model in enumerate(params.model):
            parts = parts_of(model)
            if parts is not None:
                weight, means, variances, h = parts
                std = np.sqrt(variances[:, 0] + h**2)
                inside = ndtr((x[r][:, None] - means[:, 0]) / std)
                below[r] = (inside * weight).sum(axis=1)
            elif model is not None:
                below[r] = (params.own[r] <= x[r][:, None]).mean(axis=1)
        return below

    def log_pdf(self, params: EstimatorParams, x: Array) -> Array:
        """Log density at ``x`` ``(replicate, point)``, where the object has `score_samples`."""
        scored = np.full(x.shape, np.nan)
        for r, model in enumerate(params.model):
            try:
                with alone():
                    scored[r] = model.score_samples(x[r][:, None])
            except Exception:  # NaN stands for what an object cannot say
                continue
        return scored


class _EstimatorOfVectors(Estimator):
    """The same of vectors: the total variance is the sum of those of all dimensions."""

    items: ClassVar[str] = VECTORS
    dimensions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "total_mean": ("dimension",),
        "total_variance": (),
    }
