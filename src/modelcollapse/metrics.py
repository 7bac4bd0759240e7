"""Metrics: functions of a fitted model and the truth, so that a new one works on old results."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from modelcollapse.families.base import REAL, Family
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.sources import DataSet, Law, Truth
from modelcollapse.types import Array

SCORE_LIMIT = 8.2
"""Probabilities are integrated from Phi(-8.2) = 1e-16 to Phi(8.2)."""
TAIL_SCORE = float(ndtri(0.01))
STEPS_AT_ONCE = 2**22
"""Quantiles held in memory at a time, for the distance to a data set."""


Compute = Callable[[Law, Truth], Array]
Applies = Callable[[Family, Truth], bool]


@dataclass(frozen=True)
class Metric:
    """A number for each model, and all that tables and figures say of it.

    Attributes
    ----------
    name, label
        Its name in Python, and what it is in words.
    unit
        Its unit, where ``{x}`` stands for the items'; empty for a count.
    head
        The head of its column in the summary, in a word or two; empty where it has none.
    compute
        From models ``(model,)`` and the truth to ``(model,)``.
    applies
        Whether it can be computed for models of a family, compared with a truth.
    at_truth
        Its value for the truth itself: a number, or a function of the truth; without either it is
        that of the truth as a model, where the truth is of the learner's family and size.
    """

    name: str
    label: str
    unit: str
    head: str
    compute: Compute
    applies: Applies
    at_truth: float | Callable[[Truth], float] | None

    def value_at_truth(self, truth: Truth, same: Law | None) -> float:
        """The value at generation 0; ``same`` is the truth as a model of the learner's, if it is one."""
        if callable(self.at_truth):
            return self.at_truth(truth)
        if self.at_truth is not None:
            return self.at_truth
        return math.nan if same is None else float(self.compute(same, truth)[0])

    @property
    def is_distance(self) -> bool:
        """Whether it is 0 for the truth itself."""
        return self.at_truth == 0.0


METRICS: dict[str, Metric] = {}
"""All metrics by name; a new one is a decorated function in this file."""
SQUARE, PROBABILITY, NATS = "({x})²", "probability", "nats"


def on_the_line(family: Family, truth: Truth) -> bool:
    """Of models on the real line."""
    return family.items == REAL


def of_components(family: Family, truth: Truth) -> bool:
    """Of models that are Gaussians, or mixtures of them."""
    return family.items == REAL and "std" in family.dimensions


def of_categories(family: Family, truth: Truth) -> bool:
    """Of models that are distributions over categories."""
    return family.items == CATEGORIES


def between_laws(family: Family, truth: Truth) -> bool:
    """Of models with a density or with probabilities, and a truth that has them, too."""
    return isinstance(truth, Law)


def metric(
    label: str,
    unit: str,
    applies: Applies,
    head: str = "",
    at_truth: float | Callable[[Truth], float] | None = None,
) -> Callable[[Compute], Compute]:
    """Register a function of models and the truth under its own name; see `Metric`."""

    def register(function: Compute) -> Compute:
        name = function.__name__
        METRICS[name] = Metric(name, label, unit, head, function, applies, at_truth)
        return function

    return register


def metrics_of(family: Family, truth: Truth) -> dict[str, Metric]:
    """The metrics that apply to models of a family and a truth, by name."""
    return {name: one for name, one in METRICS.items() if one.applies(family, truth)}


@metric("total variance", SQUARE, on_the_line, "variance", lambda truth: float(truth.moments()[1][0]))
def total_variance(models: Law, truth: Truth) -> Array:
    """Variance of the whole model."""
    return models.moments()[1]


@metric("mean variance of the components alive", SQUARE, of_components, "of components")
def component_variance(models: Law, truth: Truth) -> Array:
    """Variance of the components alive, each counted once; a family of one component is that one."""
    weight, _, std = _components(models)
    alive = weight > 0.0
    return np.asarray(np.sum(np.where(alive, std**2, 0.0), axis=1) / alive.sum(axis=1))


@metric("components alive", "", of_components, "alive")
def components_alive(models: Law, truth: Truth) -> Array:
    """Components with a weight above 0."""
    return np.asarray((_components(models)[0] > 0.0).sum(axis=1), dtype=np.float64)


@metric("squared error of the mean", SQUARE, on_the_line, at_truth=0.0)
def squared_error_of_mean(models: Law, truth: Truth) -> Array:
    """(M - mu0)^2, the square of what the model's mean is off the truth's."""
    return (models.moments()[0] - truth.moments()[0]) ** 2


@metric("mass beyond the truth's 1 % quantiles", PROBABILITY, on_the_line, "tail mass", 0.02)
def tail_mass(models: Law, truth: Truth) -> Array:
    """P(X below the truth's 1 % quantile or above its 99 % quantile): 0.02 for the truth itself."""
    low, high = truth.quantile(np.array([[TAIL_SCORE, -TAIL_SCORE]]))[0]
    size = len(models.moments()[0])
    below = models.line.cdf(models.params, np.tile([low, high], (size, 1)))
    return np.asarray(below[:, 0] + (1.0 - below[:, 1]))


@metric("squared Wasserstein-2", SQUARE, on_the_line, "W2^2", 0.0)
def wasserstein2(models: Law, truth: Truth) -> Array:
    """W2^2 = integral over u of (F^-1(u) - G^-1(u))^2: on the line, the quantiles are the best transport.

    Between laws by Gauss-Legendre panels in the normal score of u, broken where either density
    bends; against a data set in closed form on each of its steps.
    """
    if isinstance(truth, DataSet):
        return _wasserstein2_to_data(models, truth)
    assert isinstance(truth, Law)
    own, theirs = _scores(models, models), _scores(truth, truth)
    breaks = np.concatenate([own, np.broadcast_to(theirs, (len(own), theirs.shape[1]))], axis=1)
    score, weight = _panels(breaks, 5)
    theirs = truth.quantile(score.reshape(1, -1)).reshape(score.shape)
    return np.asarray(np.einsum("mp,mp->m", weight, (models.quantile(score) - theirs) ** 2))


@metric("heterozygosity", PROBABILITY, of_categories, "H")
def heterozygosity(models: Law, truth: Truth) -> Array:
    """1 - sum p^2: the probability that two items are of different categories."""
    p = models.params.probability
    return np.asarray(np.sum(p * (1.0 - p), axis=1))


@metric("categories alive", "", of_categories, "alive")
def categories_alive(models: Law, truth: Truth) -> Array:
    """Categories with a probability above 0."""
    return np.asarray((models.params.probability > 0.0).sum(axis=1), dtype=np.float64)


@metric("squared error of the probabilities", "", of_categories, at_truth=0.0)
def squared_error_of_probabilities(models: Law, truth: Truth) -> Array:
    """Sum over categories of (p - p_0)^2: what `squared_error_of_mean` is on the line."""
    return np.asarray(np.sum((models.params.probability - _probability(truth)) ** 2, axis=1))


@metric("total variation distance", PROBABILITY, of_categories, "total var.", 0.0)
def total_variation(models: Law, truth: Truth) -> Array:
    """Half the sum of |p - p_0|: the most that the two differ in the probability of any event."""
    return np.asarray(0.5 * np.sum(np.abs(models.params.probability - _probability(truth)), axis=1))


@metric("Kullback-Leibler divergence", NATS, between_laws, "KL (nats)", 0.0)
def kullback_leibler(models: Law, truth: Truth) -> Array:
    """E log(p/q) under the truth p: nats lost a real item.

    Infinite where the model is a point, or a category of the truth is lost. NaN for a data set as
    truth: a sample has no density.
    """
    if models.items == CATEGORIES:
        return _divergence_of_categories(models.params.probability, truth)
    if not isinstance(truth, Law):
        return np.full(len(models.moments()[0]), np.nan)
    theirs, own = _scores(models, truth), _scores(truth, truth)
    breaks = np.concatenate([theirs, np.broadcast_to(own, (len(theirs), own.shape[1]))], axis=1)
    score, weight = _panels(breaks, 6)
    x = truth.quantile(score.reshape(1, -1))
    lost = truth.line.log_pdf(truth.params, x).reshape(score.shape)
    lost = lost - models.line.log_pdf(models.params, x.reshape(score.shape))
    lost[np.isneginf(lost)] = np.inf  # on a point, which has no density beside it
    lost[weight == 0.0] = 0.0  # a panel of no length: 0 times infinity is no number
    total = weight.sum(axis=1)
    plain = np.einsum("mp,mp->m", lost, weight) / total
    # E (q/p - 1) is 0, and with it the integrand is nowhere negative: it keeps its digits where q is near p
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.einsum("mp,mp->m", lost + np.expm1(-lost), weight) / total
        return np.asarray(np.where(np.abs(plain - near) < 1e-10, near, plain))


SPREAD = {
    REAL: ("total_variance", "squared_error_of_mean"),
    CATEGORIES: ("heterozygosity", "squared_error_of_probabilities"),
}
"""By items: how far a model spreads, and the squared error of what it spreads about: V and B of the laws."""


def _probability(truth: Truth) -> Array:
    assert isinstance(truth, Law)
    return np.asarray(truth.params.probability)


def _divergence_of_categories(probability: Array, truth: Truth) -> Array:
    real = _probability(truth)[0]
    there = real > 0.0
    with np.errstate(divide="ignore"):
        lost = np.log(real[there]) - np.log(probability[:, there])
    return np.asarray(np.maximum(np.sum(real[there] * lost, axis=1), 0.0))


def _components(models: Law) -> tuple[Array, Array, Array]:
    params = models.params
    if hasattr(params, "weight"):
        return params.weight, params.mean, params.std
    return np.ones((len(params.mean), 1)), params.mean[:, None], params.std[:, None]


def _scores(law: Law, under: Law) -> Array:
    """The knots of a law as normal scores of their probabilities under another, or the same."""
    knots = law.line.knots(law.params)
    if len(under.moments()[0]) == len(knots):
        below = under.line.cdf(under.params, knots)
    else:  # one law for all
        below = under.line.cdf(under.params, knots.reshape(1, -1)).reshape(knots.shape)
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
