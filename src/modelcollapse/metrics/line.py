"""Metrics of models on the real line; spread, mean and parts also of models over vectors."""

import numpy as np
from scipy.special import ndtr, ndtri

from modelcollapse.metrics.base import (
    PROBABILITY,
    SQUARE,
    metric,
    of_numbers,
    of_parts,
    of_several_components,
    on_the_line,
    transported,
    with_support,
)
from modelcollapse.metrics.steps import wasserstein2_of_steps
from modelcollapse.sources import DataSet, Law, Truth
from modelcollapse.types import Array

SCORE_LIMIT = 8.2
"""Probabilities are integrated from Phi(-8.2) = 1e-16 to Phi(8.2)."""
TAIL_SCORE = float(ndtri(0.01))
STEPS_AT_ONCE = 2**22
"""Quantiles held in memory at a time, for the distance to a data set."""


@metric("total variance", SQUARE, of_numbers, "variance", lambda truth: float(truth.moments()[1][0]))
def total_variance(models: Law, truth: Truth) -> Array:
    """Variance of the whole model; of vectors the trace of its covariance."""
    return models.moments()[1]


@metric("mean variance of the components alive", SQUARE, of_parts, "of components")
def component_variance(models: Law, truth: Truth) -> Array:
    """Variance of the components alive, each counted once; a family of one component is that one.

    Of vectors, the trace of a component's covariance.
    """
    weight, variance = _variances(models)
    alive = weight > 0.0
    return np.asarray(np.sum(np.where(alive, variance, 0.0), axis=1) / alive.sum(axis=1))


@metric("components alive", "", of_parts, "alive")
def components_alive(models: Law, truth: Truth) -> Array:
    """Components with a weight above 0."""
    return np.asarray((_variances(models)[0] > 0.0).sum(axis=1), dtype=np.float64)


@metric("1 - sum of squared weights", PROBABILITY, of_several_components)
def weight_heterozygosity(models: Law, truth: Truth) -> Array:
    """1 - sum w^2: the probability that two items are of different components."""
    weight = models.params.weight
    return np.asarray(np.sum(weight * (1.0 - weight), axis=1))


@metric("std above a tenth of the truth's", "", on_the_line("moments"), at_truth=1.0, yes_or_no=True)
def a_tenth_as_wide(models: Law, truth: Truth) -> Array:
    """1 where the model's standard deviation is above a tenth of the truth's, else 0."""
    return (models.moments()[1] > 0.01 * truth.moments()[1]).astype(np.float64)


@metric("squared error of the mean", SQUARE, of_numbers, at_truth=0.0)
def squared_error_of_mean(models: Law, truth: Truth) -> Array:
    """(M - mu0)^2, the square of what the model's mean is off the truth's; of vectors, of its length."""
    square = (models.moments()[0] - truth.moments()[0]) ** 2
    return square if square.ndim == 1 else np.asarray(square.sum(axis=1))


@metric("mass beyond the truth's 1 % quantiles", PROBABILITY, on_the_line("cdf"), "tail mass", 0.02)
def tail_mass(models: Law, truth: Truth) -> Array:
    """P(X below the truth's 1 % quantile or above its 99 % quantile): 0.02 for the truth itself."""
    low, high = truth.quantile(np.array([[TAIL_SCORE, -TAIL_SCORE]]))[0]
    size = len(models.moments()[0])
    below = models.line.cdf(models.params, np.tile([low, high], (size, 1)))
    return np.asarray(below[:, 0] + (1.0 - below[:, 1]))


def _distinct_in(truth: Truth) -> float:
    return float(len(np.unique(truth.values, axis=0))) if isinstance(truth, DataSet) else np.inf


@metric("distinct items", "", with_support, "distinct", _distinct_in)
def distinct_items(models: Law, truth: Truth) -> Array:
    """How many different items the model can draw: those that are left of the training sets before."""
    return np.asarray(models.family.distinct(models.params))  # type: ignore[attr-defined]


@metric("squared Wasserstein-2", SQUARE, transported, "W2^2", 0.0, costly=True)
def wasserstein2(models: Law, truth: Truth) -> Array:
    """W2^2 = integral over u of (F^-1(u) - G^-1(u))^2: on the line, the quantiles are the best transport.

    Between laws by Gauss-Legendre panels in the normal score of u, broken where either density
    bends; where either is a data set, in closed form on each of its steps.
    """
    if models.family.offers("steps"):
        return wasserstein2_of_steps(models, truth)
    if isinstance(truth, DataSet):
        return _wasserstein2_to_data(models, truth)
    assert isinstance(truth, Law)
    own, theirs = scores(models, models), scores(truth, truth)
    breaks = np.concatenate([own, np.broadcast_to(theirs, (len(own), theirs.shape[1]))], axis=1)
    score, weight = panels(breaks, 5)
    theirs = truth.quantile(score.reshape(1, -1)).reshape(score.shape)
    return np.asarray(np.einsum("mp,mp->m", weight, (models.quantile(score) - theirs) ** 2))


def components(models: Law) -> tuple[Array, Array, Array]:
    """Weights, means and stds, ``(model, component)``, of models that are Gaussians or mixtures of them."""
    params = models.params
    if hasattr(params, "weight"):
        return params.weight, params.mean, params.std
    return np.ones((len(params.mean), 1)), params.mean[:, None], params.std[:, None]


def _variances(models: Law) -> tuple[Array, Array]:
    """Weights and variances of the components, ``(model, component)``."""
    params = models.params
    if hasattr(params, "covariance"):
        return params.weight, np.einsum("rkii->rk", params.covariance)
    if hasattr(params, "weight"):
        return params.weight, params.std**2
    return np.ones((len(params.mean), 1)), params.std[:, None] ** 2


def scores(law: Law, under: Law) -> Array:
    """The knots of a law as normal scores of their probabilities under another, or the same."""
    knots = law.line.knots(law.params)
    if len(under.moments()[0]) == len(knots):
        below = under.line.cdf(under.params, knots)
    else:  # one law for all
        below = under.line.cdf(under.params, knots.reshape(1, -1)).reshape(knots.shape)
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(ndtri(below), -SCORE_LIMIT, SCORE_LIMIT))


def panels(breaks: Array, order: int) -> tuple[Array, Array]:
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
    values = truth.ordered
    n, center = len(values), float(truth.moments()[0][0])
    probability = np.arange(1, n) / n
    low = np.minimum(probability, 1.0 - probability)
    score = (np.where(probability < 0.5, 1.0, -1.0) * ndtri(low))[None, :]
    mean, variance = models.moments()
    crossed = np.empty(len(mean))
    at_once = max(1, STEPS_AT_ONCE // n)
    for first in range(0, len(mean), at_once):
        rows = slice(first, first + at_once)
        params = type(models.params)(*(part[rows] for part in models.params))
        partial = models.line.partial_mean(params, score) - center * ndtr(score)
        ends = (np.zeros((len(partial), 1)), (mean[rows] - center)[:, None])
        steps = np.diff(np.concatenate([ends[0], partial, ends[1]], axis=1), axis=1)
        crossed[rows] = steps @ (values - center)
    second = variance + (mean - center) ** 2 + float(truth.moments()[1][0])
    return np.maximum(second - 2.0 * crossed, 0.0)
