"""Metrics of distributions over whole numbers that have a rate."""

import numpy as np

from modelcollapse.metrics.base import SQUARE, metric, of_rates
from modelcollapse.sources import Law, Truth
from modelcollapse.types import Array


@metric("rate", "", of_rates, "rate")
def rate(models: Law, truth: Truth) -> Array:
    """The mean of the model's numbers."""
    return np.asarray(models.params.rate)


@metric("squared error of the rate", SQUARE, of_rates, "squared error", 0.0)
def squared_error_of_rate(models: Law, truth: Truth) -> Array:
    """(rate - rate_0)^2."""
    assert isinstance(truth, Law)
    return np.asarray((models.params.rate - truth.params.rate) ** 2)


@metric("alive", "", of_rates, "share alive", 1.0, yes_or_no=True)
def alive(models: Law, truth: Truth) -> Array:
    """1 where the model can draw anything but 0, else 0."""
    return np.asarray((models.params.rate > 0.0), dtype=np.float64)
