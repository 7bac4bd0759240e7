"""Entropy, and how unlike the items are that a model makes; what it makes that the truth does not.

Of a mixture, expectations over the model are sums over panels in the normal score of its own probabilities.
"""

import math

import numpy as np
from scipy.special import entr, ndtr, ndtri

from modelcollapse.families.base import REAL, Family
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.metrics.base import NATS, PROBABILITY, metric, of_categories, of_components
from modelcollapse.metrics.categories import probability_of
from modelcollapse.metrics.line import components, panels, scores
from modelcollapse.sources import DataSet, Law, Truth
from modelcollapse.types import Array, BoolArray

HALF_LOG_2PIE = 0.5 * math.log(2.0 * math.pi * math.e)
RARE = 0.05
"""What the truth's rarest categories together hold at most."""
UNLIKELY = 0.01
"""The share of the truth's own items that are thought of as ones it hardly makes."""
LEVELS = 1000
"""Equally likely items of a component at which densities are compared; of the truth, twenty times as many."""
NUMBERS = 2**22
"""Densities held in memory at a time."""


def _dense(family: Family) -> bool:
    """Whether a stored model has a density on the line, and says where it bends."""
    needs = ("log_pdf", "quantile", "knots")
    return family.items == REAL and not family.remembers and family.offers(*needs)


def with_entropy(family: Family, truth: Truth) -> bool:
    """Of models with a density, or with probabilities."""
    return family.items == CATEGORIES or _dense(family)


def between_gaussians(family: Family, truth: Truth) -> bool:
    """Of models that are Gaussians or mixtures of them, and a truth with a density."""
    return of_components(family, truth) and isinstance(truth, Law)


def against_data(family: Family, truth: Truth) -> bool:
    """Of models with a density and a data set as truth."""
    return _dense(family) and isinstance(truth, DataSet)


def _entropy_of_truth(truth: Truth) -> float:
    return float(entropy(truth, truth)[0]) if isinstance(truth, Law) else np.nan


@metric("entropy", NATS, with_entropy, at_truth=_entropy_of_truth, costly=True)
def entropy(models: Law, truth: Truth) -> Array:
    """E -log p of the model's own items; of a density it may be negative, and is -inf with a point in it."""
    if models.items == CATEGORIES:
        return np.asarray(entr(models.params.probability).sum(axis=1))
    if not hasattr(models.params, "weight") and hasattr(models.params, "std"):
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(models.params.std) + HALF_LOG_2PIE)
    score, weight = panels(scores(models, models), 6)
    density = models.line.log_pdf(models.params, models.quantile(score))
    density[weight == 0.0] = 0.0  # a panel of no length: 0 times infinity is no number
    return np.asarray(-np.einsum("mp,mp->m", density, weight) / weight.sum(axis=1))


def _of_truth(truth: Truth) -> float:
    """E |X - Y| of two items of the truth: of sorted values, the sum of (2 i - n - 1) x_i by n^2/2."""
    if isinstance(truth, DataSet):
        x = truth.ordered
        n = len(x)
        return float(2.0 * np.sum((2.0 * np.arange(1, n + 1) - n - 1.0) * (x - x.mean())) / n**2)
    return float(distance_of_items(truth, truth)[0]) if hasattr(truth.params, "std") else np.nan


@metric("mean distance of two items", "{x}", of_components, at_truth=_of_truth)
def distance_of_items(models: Law, truth: Truth) -> Array:
    """E |X - Y| of two items of the model (Gini's mean difference).

    The difference of an item of component j and one of k is normal, of mean m and variance s^2; the mean
    of its size is s sqrt(2/pi) exp(-m^2/(2 s^2)) + m (2 Phi(m/s) - 1).
    """
    weight, mean, std = components(models)
    total = np.zeros(len(mean))
    for k in range(mean.shape[1]):
        away, spread = np.abs(mean - mean[:, [k]]), np.hypot(std, std[:, [k]])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = np.where(spread > 0.0, away / spread, np.inf)
            size = spread * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * z * z) + away * (2.0 * ndtr(z) - 1.0)
        total += weight[:, k] * np.sum(np.where(weight > 0.0, weight * size, 0.0), axis=1)
    return total


def distinct_categories(probability: Array, n: int) -> Array:
    """How many different categories n items are of, on average: sum of 1 - (1 - p)^n, ``(model,)``."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(n * np.log1p(-probability)).sum(axis=1))


def rare(truth: Truth) -> BoolArray:
    """Which of the truth's categories are its rarest: together at most `RARE`, and one at least."""
    p = probability_of(truth)[0]
    order = np.argsort(np.where(p > 0.0, p, np.inf), kind="stable")[: int((p > 0.0).sum())]
    count = max(1, int(np.sum(np.cumsum(p[order]) <= RARE * (1.0 + 1e-12))))
    return np.asarray(np.isin(np.arange(len(p)), order[:count]))


def _rare_of_truth(truth: Truth) -> float:
    return float(probability_of(truth)[0] @ rare(truth))


@metric("probability of the truth's rarest categories", PROBABILITY, of_categories, at_truth=_rare_of_truth)
def rare_mass(models: Law, truth: Truth) -> Array:
    """The tail of a truth over categories: those that hold 5 % of it at most, from the rarest on."""
    return np.asarray(models.params.probability @ rare(truth).astype(np.float64))


@metric("mass where the truth hardly has any", PROBABILITY, between_gaussians, at_truth=UNLIKELY, costly=True)
def stray_mass(models: Law, truth: Truth) -> Array:
    """P(p0(X) no higher than for the least likely 1 % of the truth's own items), over items X of the model.

    Of equally likely items, a thousand of each component of the model.
    """
    assert isinstance(truth, Law)
    own = truth.line.log_pdf(truth.params, truth.quantile(_evenly(20 * LEVELS)[None, :]))[0]
    level = np.quantile(own, UNLIKELY, method="inverted_cdf")
    score = _evenly(LEVELS)
    weight, mean, std = components(models)
    mass = np.zeros(len(mean))
    for k in range(mean.shape[1]):
        x = mean[:, [k]] + std[:, [k]] * score
        density = truth.line.log_pdf(truth.params, x.reshape(1, -1)).reshape(x.shape)
        mass += weight[:, k] * np.mean(density <= level, axis=1)
    return mass


def _evenly(count: int) -> Array:
    """Normal scores of so many equally likely items."""
    return np.asarray(ndtri((np.arange(count) + 0.5) / count))


@metric("log loss on the real items", NATS, against_data, costly=True)
def log_loss(models: Law, truth: Truth) -> Array:
    """Mean of -log p over the items of a data set: the nats that a real item costs; infinite for a point."""
    assert isinstance(truth, DataSet)
    x, count = truth.ordered, len(models.moments()[0])
    total, at_once = np.zeros(count), max(1, NUMBERS // count)
    for first in range(0, len(x), at_once):
        some = np.broadcast_to(x[first : first + at_once], (count, len(x[first : first + at_once])))
        density = models.line.log_pdf(models.params, np.ascontiguousarray(some))
        density[np.isposinf(density)] = -np.inf  # on a point, which has no density beside it
        total -= density.sum(axis=1)
    return total / len(x)
