"""Metrics of distributions over categories."""

import numpy as np

from modelcollapse.metrics.base import PROBABILITY, metric, of_categories
from modelcollapse.sources import Law, Truth
from modelcollapse.types import Array


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
    return np.asarray(np.sum((models.params.probability - probability_of(truth)) ** 2, axis=1))


@metric("total variation distance", PROBABILITY, of_categories, "total var.", 0.0)
def total_variation(models: Law, truth: Truth) -> Array:
    """Half the sum of |p - p_0|: the most that the two differ in the probability of any event."""
    return np.asarray(0.5 * np.sum(np.abs(models.params.probability - probability_of(truth)), axis=1))


@metric("the truth's probability of lost categories", PROBABILITY, of_categories, "missing", 0.0)
def missing_mass(models: Law, truth: Truth) -> Array:
    """Sum of the truth's p_0 over the categories that the model cannot draw (Good 1953)."""
    return np.asarray((models.params.probability == 0.0) @ probability_of(truth)[0])


@metric("rarest category alive", "", of_categories, yes_or_no=True)
def rarest_alive(models: Law, truth: Truth) -> Array:
    """1 where the truth's rarest category (the first of them) has a probability above 0, else 0."""
    return np.asarray((models.params.probability[:, rarest(truth)] > 0.0), dtype=np.float64)


@metric("one category left", "", of_categories, yes_or_no=True)
def one_category_left(models: Law, truth: Truth) -> Array:
    """1 where the model can draw a single category, else 0."""
    return np.asarray((categories_alive(models, truth) == 1.0), dtype=np.float64)


def rarest(truth: Truth) -> int:
    """The number of the first of the truth's rarest categories: those that it has."""
    p = probability_of(truth)[0]
    return int(np.argmin(np.where(p > 0.0, p, np.inf)))


def probability_of(truth: Truth) -> Array:
    """The truth's probabilities, ``(1, category)``."""
    assert isinstance(truth, Law)
    return np.asarray(truth.params.probability)


def divergence_of_categories(probability: Array, truth: Truth) -> Array:
    """Nats lost a real item, ``(model,)``; infinite where a category of the truth is lost."""
    real = probability_of(truth)[0]
    there = real > 0.0
    with np.errstate(divide="ignore"):
        lost = np.log(real[there]) - np.log(probability[:, there])
    return np.asarray(np.maximum(np.sum(real[there] * lost, axis=1), 0.0))
