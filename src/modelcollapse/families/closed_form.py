"""What scikit-learn's own densities are, in closed form: mixtures of Gaussians, or of kernels."""

from typing import Any, TypeAlias

import numpy as np

from modelcollapse.types import Array

Parts: TypeAlias = tuple[Array, Array, Array, float]


def parts_of(model: Any) -> Parts | None:
    """A model as a mixture: weights, means and variances ``(part[, dimension])``, and a bandwidth.

    None where it is not one of scikit-learn's Gaussian mixtures, or its kernel density with Gaussian
    kernels: those say what they are.
    """
    made = type(model)
    if not made.__module__.startswith("sklearn."):
        return None
    if made.__name__ in ("GaussianMixture", "BayesianGaussianMixture"):
        return np.asarray(model.weights_), np.asarray(model.means_), _variances(model), 0.0
    if made.__name__ == "KernelDensity" and model.kernel == "gaussian" and model.metric == "euclidean":
        items = np.asarray(model.tree_.data)
        weight = np.ones(len(items)) if model.tree_.sample_weight is None else model.tree_.sample_weight
        weight = np.asarray(weight, dtype=np.float64)
        return weight / weight.sum(), items, np.zeros(items.shape), float(model.bandwidth_)
    return None


def _variances(model: Any) -> Array:
    """The variances of each component in each dimension, whatever shape scikit-learn keeps them in."""
    kept, shape = np.asarray(model.covariances_), model.means_.shape
    if model.covariance_type == "full":
        return np.asarray(np.diagonal(kept, axis1=1, axis2=2))
    if model.covariance_type == "tied":
        return np.broadcast_to(np.diagonal(kept), shape)
    return np.broadcast_to(kept if kept.ndim == 2 else kept[:, None], shape)
