"""What is left to scikit-learn: k-means starts, and its own GaussianMixture at its own defaults.

Both draw a seed from the replicate's stream at each call: an integer ``random_state`` kept over
generations would return the same draw again and again. Threads are held to one.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from modelcollapse.families.vectors import factor
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Parts, Status

_LOCK = threading.Lock()


@cache
def _one_thread() -> Any:
    import sklearn.cluster  # loads the libraries whose threads the controller looks for
    from threadpoolctl import ThreadpoolController

    assert sklearn.cluster is not None
    return ThreadpoolController()


@contextmanager
def alone() -> Iterator[None]:
    """Call scikit-learn on one thread and without its warnings: what they say are statuses here.

    Limits of threads and filters of warnings belong to the process, so one fit has them at a time.
    """
    with _LOCK, _one_thread().limit(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def seed_of(stream: np.random.Generator) -> int:
    """An integer ``random_state`` from a replicate's stream, for one call."""
    return int(stream.integers(2**32, dtype=np.uint64))


def kmeans_start(components: int, x: Array, size: IntArray, weight: Array | None, streams: Streams) -> Parts:
    """Start EM from the clusters of k-means; an empty cluster is a dead component.

    A cluster without spread borrows the mean variance within clusters: a start should not be a
    point. Where no cluster has a spread, the data are at most ``components`` distinct points.
    """
    parts = tuple(np.zeros((len(x), components)) for _ in range(3))
    for r, stream in enumerate(streams):
        row = x[r, : size[r]]
        given = np.ones(len(row)) if weight is None else weight[r, : size[r]]
        seed = seed_of(stream)
        if not np.isfinite(row).all():  # the fit will say so
            parts[0][r], parts[1][r], parts[2][r] = 1.0 / components, np.nan, np.nan
            continue
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float64 the fit says so
            labels = _labels(components, row, given, seed)
            counts = np.bincount(labels, given, components)
            center = np.average(row, weights=given)
            alive = counts > 0.0
            share = np.where(alive, counts, 1.0)
            mean = center + np.bincount(labels, given * (row - center), components) / share
            variance = np.bincount(labels, given * (row - mean[labels]) ** 2, components) / share
            pooled = float(variance @ counts) / counts.sum()
            spread = np.where(variance > 0.0, variance, pooled)
            for part, value in zip(parts, (counts / counts.sum(), mean, np.sqrt(spread)), strict=True):
                part[r] = value
    return parts  # type: ignore[return-value]


def _labels(components: int, row: Array, given: Array, seed: int) -> IntArray:
    from sklearn.cluster import KMeans

    if len(row) <= components:
        return np.arange(len(row))
    scale = max(float(np.abs(row - row[0]).max()), 1e-300)
    # k-means squares: keep it from over- and underflow
    column = ((row - row[0]) / scale).reshape(len(row), -1)
    with alone():
        model = KMeans(components, n_init=1, random_state=seed).fit(column, sample_weight=given)
    return np.asarray(model.labels_, dtype=np.int64)


def kmeans_vectors(
    components: int, x: Array, size: IntArray, weight: Array | None, streams: Streams
) -> tuple[Array, Array, Array]:
    """Start EM on vectors ``(replicate, item, dimension)`` from the clusters of k-means; as `kmeans_start`.

    A cluster of a singular covariance borrows that within all clusters.
    """
    d = x.shape[2]
    weights, means, covariances = (np.zeros((len(x), components, *more)) for more in ((), (d,), (d, d)))
    for r, stream in enumerate(streams):
        row, seed = x[r, : size[r]], seed_of(stream)
        given = np.ones(len(row)) if weight is None else weight[r, : size[r]]
        if not np.isfinite(row).all():
            weights[r], means[r] = 1.0 / components, np.nan
            continue
        labels = _labels(components, row, given, seed)
        weights[r] = np.bincount(labels, given, components) / given.sum()
        for k in np.flatnonzero(weights[r] > 0.0):
            own, w = row[labels == k], given[labels == k]
            means[r, k] = own[0] + np.einsum("n,ni->i", w, own - own[0]) / w.sum()
            away = own - means[r, k]
            covariances[r, k] = np.einsum("n,ni,nj->ij", w, away, away) / w.sum()
        pooled = np.einsum("k,kij->ij", weights[r], covariances[r])
        _, rank = factor(means[r][None], covariances[r][None])
        covariances[r, rank[0] < d] = pooled
    return weights, means, covariances


def vector_fit(
    components: int, x: Array, size: IntArray, weight: Array | None, streams: Streams
) -> tuple[tuple[Array, Array, Array], IntArray, IntArray]:
    """Fit scikit-learn's GaussianMixture to vectors at its defaults; as `scikit_learn_fit`."""
    from sklearn.mixture import GaussianMixture

    if weight is not None:
        raise ValueError("scikit-learn's GaussianMixture takes no weights")
    d = x.shape[2]
    weights, means, covariances = (np.zeros((len(x), components, *more)) for more in ((), (d,), (d, d)))
    iterations, status = np.zeros(len(x), dtype=np.int64), np.zeros(len(x), dtype=np.int64)
    for r, stream in enumerate(streams):
        row = x[r, : size[r]]
        model = GaussianMixture(components, random_state=seed_of(stream))
        try:
            with alone():
                model.fit(row)
        except ValueError:
            status[r] = int(Status.SOLVER_FAILED)
            weights[r, 0], means[r] = 1.0, row.mean(axis=0)
            covariances[r] = np.einsum("ni,nj->ij", row - means[r, 0], row - means[r, 0]) / len(row)
            continue
        alive = model.weights_ * size[r] > 1e-9  # it gives an empty component ten roundings
        weights[r] = np.where(alive, model.weights_, 0.0) / model.weights_[alive].sum()
        means[r], covariances[r] = model.means_, (model.covariances_ + model.covariances_.mT) / 2.0
        iterations[r] = model.n_iter_
        status[r] |= 0 if model.converged_ else int(Status.NOT_CONVERGED)
        status[r] |= 0 if alive.all() else int(Status.COMPONENT_DEAD)
    return (weights, means, covariances), iterations, status


def scikit_learn_fit(
    components: int, x: Array, size: IntArray, weight: Array | None, streams: Streams
) -> tuple[Parts, IntArray, IntArray]:
    """Fit scikit-learn's GaussianMixture at its defaults: k-means start, tol 1e-3, reg_covar 1e-6.

    An error of the solver is a status; the parameters are then one component with the sample's
    mean and variance, for a caller that has no last model to keep.
    """
    from sklearn.mixture import GaussianMixture

    if weight is not None:
        raise ValueError("scikit-learn's GaussianMixture takes no weights")
    parts = tuple(np.zeros((len(x), components)) for _ in range(3))
    iterations = np.zeros(len(x), dtype=np.int64)
    status = np.zeros(len(x), dtype=np.int64)
    for r, stream in enumerate(streams):
        model = GaussianMixture(components, random_state=seed_of(stream))
        try:
            with alone():
                model.fit(x[r, : size[r], None])
        except ValueError:
            status[r] = int(Status.SOLVER_FAILED)
            row = x[r, : size[r]]
            parts[0][r, 0], parts[1][r], parts[2][r] = 1.0, row.mean(), row.std()
            continue
        alive = model.weights_ * size[r] > 1e-9  # it gives an empty component ten roundings
        parts[0][r] = np.where(alive, model.weights_, 0.0) / model.weights_[alive].sum()
        parts[1][r] = model.means_[:, 0]
        parts[2][r] = np.sqrt(model.covariances_[:, 0, 0])
        iterations[r] = model.n_iter_
        status[r] |= 0 if model.converged_ else int(Status.NOT_CONVERGED)
        status[r] |= 0 if alive.all() else int(Status.COMPONENT_DEAD)
    return parts, iterations, status  # type: ignore[return-value]
