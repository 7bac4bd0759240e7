"""Metrics: functions of a fitted model and the truth, so that a new one works on old results."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from modelcollapse.sources import DataSet, Law, Source
from modelcollapse.types import Array

SCORE_LIMIT = 8.2
"""Probabilities are integrated from Phi(-8.2) = 1e-16 to Phi(8.2)."""
TAIL_SCORE = float(ndtri(0.01))
COARSE = 2000
"""Larger data sets are taken in this many groups of neighbours for the Wasserstein distance."""


@dataclass(frozen=True)
class Metric:
    """A number for each model: its name, what it is, its value for the truth itself, and its source."""

    name: str
    label: str
    at_truth: float
    compute: Callable[[Law, Source], Array]


METRICS: dict[str, Metric] = {}
"""All metrics by name; a new one is a decorated function in this file."""


def metric(
    label: str, at_truth: float = np.nan
) -> Callable[[Callable[[Law, Source], Array]], Callable[[Law, Source], Array]]:
    """Register a function of models ``(model,)`` and the truth under its own name."""

    def register(function: Callable[[Law, Source], Array]) -> Callable[[Law, Source], Array]:
        METRICS[function.__name__] = Metric(function.__name__, label, at_truth, function)
        return function

    return register


@metric("total variance")
def total_variance(models: Law, truth: Source) -> Array:
    """Variance of the whole model."""
    return models.moments()[1]


@metric("mean variance of the components alive")
def component_variance(models: Law, truth: Source) -> Array:
    """Variance of the components alive, each counted once; a family of one component is that one."""
    weight, _, std = _components(models)
    alive = weight > 0.0
    return np.asarray(np.sum(np.where(alive, std**2, 0.0), axis=1) / alive.sum(axis=1))


@metric("components alive")
def components_alive(models: Law, truth: Source) -> Array:
    """Components with a weight above 0."""
    return np.asarray((_components(models)[0] > 0.0).sum(axis=1), dtype=np.float64)


@metric("squared error of the mean", at_truth=0.0)
def squared_error_of_mean(models: Law, truth: Source) -> Array:
    """(M - mu0)^2, the square of what the model's mean is off the truth's."""
    return (models.moments()[0] - truth.moments()[0]) ** 2


@metric("mass beyond the truth's 1 % quantiles", at_truth=0.02)
def tail_mass(models: Law, truth: Source) -> Array:
    """P(X below the truth's 1 % quantile or above its 99 % quantile): 0.02 for the truth itself."""
    low, high = truth.quantile(np.array([[TAIL_SCORE, -TAIL_SCORE]]))[0]
    size = len(models.moments()[0])
    below = models.family.cdf(models.params, np.tile([low, high], (size, 1)))
    return np.asarray(below[:, 0] + (1.0 - below[:, 1]))


@metric("squared Wasserstein-2 distance to the truth", at_truth=0.0)
def wasserstein2(models: Law, truth: Source) -> Array:
    """W2^2 = integral over u of (F^-1(u) - G^-1(u))^2: on the line, the quantiles are the best transport.

    Between laws by Gauss-Legendre panels in the normal score of u, broken where either density
    bends; against a data set in closed form on each of its steps.
    """
    if isinstance(truth, DataSet):
        return _wasserstein2_to_data(models, truth)
    assert isinstance(truth, Law)
    breaks = [
        _scores(models),
        np.broadcast_to(_scores(truth), (len(models.moments()[0]), _scores(truth).shape[1])),
    ]
    score, weight = _panels(np.concatenate(breaks, axis=1), 5)
    theirs = truth.quantile(score.reshape(1, -1)).reshape(score.shape)
    return np.asarray(np.einsum("mp,mp->m", weight, (models.quantile(score) - theirs) ** 2))


@metric("Kullback-Leibler divergence of the model from the truth, nats", at_truth=0.0)
def kullback_leibler(models: Law, truth: Source) -> Array:
    """E log(p/q) under the truth p: nats lost a real item. Infinite where the model is a point.

    NaN for a data set as truth: a sample has no density.
    """
    size = len(models.moments()[0])
    if not isinstance(truth, Law):
        return np.full(size, np.nan)
    score, weight = _panels(_scores(truth), 16)
    x = truth.quantile(score)
    own = truth.family.log_pdf(truth.params, x)
    theirs = models.family.log_pdf(models.params, np.broadcast_to(x, (size, x.shape[1])))
    counts = weight[0] > 0.0  # a panel of no length has none, and 0 times infinity is no number
    lost = (own - theirs)[:, counts] * weight[:, counts]
    return np.asarray(lost.sum(axis=1) / weight.sum())


def _components(models: Law) -> tuple[Array, Array, Array]:
    params = models.params
    if hasattr(params, "weight"):
        return params.weight, params.mean, params.std
    return np.ones((len(params.mean), 1)), params.mean[:, None], params.std[:, None]


def _scores(law: Law) -> Array:
    """The normal scores of a law's knots."""
    below = law.family.cdf(law.params, law.family.knots(law.params))
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(ndtri(below), -SCORE_LIMIT, SCORE_LIMIT))


def _panels(breaks: Array, order: int) -> tuple[Array, Array]:
    """Nodes and weights, ``(model, point)``, of Gauss-Legendre panels between breaks, for E f(score)."""
    ends = np.full((len(breaks), 1), SCORE_LIMIT)
    edges = np.sort(np.concatenate([-ends, breaks, ends], axis=1), axis=1)
    node, node_weight = np.polynomial.legendre.leggauss(order)
    half, middle = np.diff(edges, axis=1) / 2.0, (edges[:, 1:] + edges[:, :-1]) / 2.0
    score = (middle[:, :, None] + half[:, :, None] * node).reshape(len(edges), -1)
    weight = (half[:, :, None] * node_weight).reshape(len(edges), -1)
    return score, weight * np.exp(-0.5 * score**2) / np.sqrt(2.0 * np.pi)


def _wasserstein2_to_data(models: Law, truth: DataSet) -> Array:
    """E X^2 + E Y^2 - 2 sum_i x_(i) E[Y; Y in its i-th n-quantile], about the data's mean."""
    groups = np.array_split(truth.ordered, min(len(truth.ordered), COARSE))
    values = np.array([group.mean() for group in groups])
    center = float(truth.moments()[0][0])
    mean, variance = models.moments()
    probability = np.cumsum([len(group) for group in groups[:-1]]) / len(truth.ordered)
    low = np.minimum(probability, 1.0 - probability)
    score = np.where(probability < 0.5, 1.0, -1.0) * ndtri(low)
    partial = models.family.partial_mean(models.params, score[None, :])
    partial = partial - center * ndtr(score)
    edges = np.zeros((len(mean), 1))
    steps = np.diff(np.concatenate([edges, partial, (mean - center)[:, None]], axis=1), axis=1)
    second = variance + (mean - center) ** 2 + float(truth.moments()[1][0])
    return np.maximum(second - 2.0 * steps @ (values - center), 0.0)
