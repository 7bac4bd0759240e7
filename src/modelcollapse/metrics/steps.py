"""Distances of models that are items, each with its share: their distribution functions are steps."""

from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from modelcollapse.sources import DataSet, Law, Truth
from modelcollapse.types import Array


def wasserstein2_of_steps(models: Law, truth: Truth) -> Array:
    """Squared Wasserstein-2 distance of each model to the truth, ``(model,)``, in closed form."""
    family: Any = models.family
    found = np.empty(len(models.moments()[0]))
    partial: dict[int, Array] = {}  # models of equal shares have the same steps
    for r in range(len(found)):
        items, up_to = family.steps(models.params, r)
        if not (len(items) and np.isfinite(items).all()):
            found[r] = np.nan
        elif isinstance(truth, DataSet):
            found[r] = _to_items(items, up_to, truth.ordered)
        elif models.params.weight.size:
            found[r] = _to_law(items, np.diff(up_to, prepend=0.0), _partial_means(truth, up_to), truth)
        else:
            n = len(items)
            if n not in partial:
                partial[n] = _partial_means(truth, up_to)
            found[r] = _to_law(items, np.full(n, 1.0 / n), partial[n], truth)
    return found


def _to_items(items: Array, up_to: Array, others: Array) -> float:
    """The integral over u of the squared difference of two step functions, on the steps of both."""
    theirs = np.arange(1, len(others) + 1) / len(others)
    ends = np.unique(np.concatenate([up_to, theirs]))
    ends = ends[np.diff(ends, prepend=0.0) > 1e-14]  # one step, and a rounding of it
    middle = ends - np.diff(ends, prepend=0.0) / 2.0
    own = items[np.minimum(np.searchsorted(up_to, middle), len(items) - 1)]
    other = others[np.minimum(np.searchsorted(theirs, middle), len(others) - 1)]
    return float((np.diff(ends, prepend=0.0) * (own - other) ** 2).sum())


def _partial_means(truth: Law, up_to: Array) -> Array:
    """E (Y - mu0) over each step of probability, ``(step,)``."""
    probability = up_to[:-1]
    low = np.minimum(probability, 1.0 - probability)
    score = (np.where(probability < 0.5, 1.0, -1.0) * ndtri(low))[None, :]
    center = truth.moments()[0][0]
    below = truth.line.partial_mean(truth.params, score)[0] - center * ndtr(score[0])
    return np.diff(np.concatenate([[0.0], below, [0.0]]))


def _to_law(items: Array, share: Array, partial: Array, truth: Law) -> float:
    """E X^2 + E Y^2 - 2 sum_i x_(i) E[Y; Y in the i-th step], about the truth's mean."""
    away = items - truth.moments()[0][0]
    second = (share * away**2).sum() + float(truth.moments()[1][0])
    return float(max(second - 2.0 * (away * partial).sum(), 0.0))
