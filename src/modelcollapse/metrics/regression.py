"""Metrics of models that are linear in their inputs, whose covariance is the identity."""

import numpy as np

from modelcollapse.metrics.base import metric, of_coefficients
from modelcollapse.sources import Law, Truth
from modelcollapse.types import Array


@metric("excess error", "(units of labels)²", of_coefficients, "excess error", 0.0)
def excess_error(models: Law, truth: Truth) -> Array:
    """E (x w - x w_0)^2 = |w - w_0|^2: the squared error on new inputs, beyond that of the labels' noise."""
    assert isinstance(truth, Law)
    return np.asarray(np.sum((models.params.coefficient - truth.params.coefficient) ** 2, axis=1))


@metric("squared length of w", "(units of labels)²", of_coefficients, "squared length")
def squared_length(models: Law, truth: Truth) -> Array:
    """|w|^2: the variance of the labels without their noise."""
    return np.asarray(np.sum(models.params.coefficient**2, axis=1))
