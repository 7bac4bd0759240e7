"""Metrics of models over vectors: of the covariance, and distances that have a closed form.

Total variance, the squared error of the mean and components are those of the line, in `metrics.line`.
"""

import numpy as np

from modelcollapse.families import vectors
from modelcollapse.families.base import Family
from modelcollapse.families.gaussian_nd import GaussianNd
from modelcollapse.metrics.base import SQUARE, metric, of_vectors
from modelcollapse.sources import Law, Truth
from modelcollapse.types import Array, IntArray

MODELS_AT_ONCE = 2**20
"""Pairs of components that are compared at a time, times the square of the dimension."""


def both_gaussian(family: Family, truth: Truth) -> bool:
    """Of one Gaussian over vectors, compared with another."""
    return isinstance(family, GaussianNd) and isinstance(truth, Law) and isinstance(truth.family, GaussianNd)


def not_both_gaussian(family: Family, truth: Truth) -> bool:
    """Of models of vectors of which one side is no single Gaussian."""
    return of_vectors(family, truth) and not both_gaussian(family, truth)


def between_laws_of_vectors(family: Family, truth: Truth) -> bool:
    """Of Gaussians and mixtures of them over vectors, compared with such."""
    return of_vectors(family, truth) and isinstance(truth, Law)


def _log_determinants(covariance: Array) -> Array:
    """Log determinants ``(model,)``; -infinity where a covariance is singular, to rounding."""
    f, rank = _factors(covariance)
    d = covariance.shape[1]
    size = np.linalg.slogdet(np.where((rank == d)[:, None, None], f, np.eye(d)))[1]
    return np.where(rank == d, 2.0 * size, -np.inf)


def _factors(covariance: Array) -> tuple[Array, IntArray]:
    """Factors ``(model, d, d)`` and ranks ``(model,)``."""
    origin = np.zeros((len(covariance), 1, covariance.shape[1]))
    f, rank = vectors.factor(origin, covariance[:, None])
    return f[:, 0], rank[:, 0]


@metric("determinant of the covariance", "", of_vectors, "", lambda truth: float(_determinants(truth)[0]))
def determinant(models: Law, truth: Truth) -> Array:
    """Determinant of the total covariance, the square of the volume a model fills; 0 of a singular one."""
    return _determinants(models)


def _determinants(source: Truth) -> Array:
    return np.exp(_log_determinants(_covariance(source)))


def _covariance(source: Truth) -> Array:
    return np.asarray(source.covariance())  # type: ignore[union-attr]


@metric(
    "log determinant of the covariance", "nats", of_vectors, "log det",
    lambda truth: float(_log_determinants(_covariance(truth))[0]),
)  # fmt: skip
def log_determinant(models: Law, truth: Truth) -> Array:
    """Log of the determinant of the total covariance; -infinity where it is singular."""
    return _log_determinants(_covariance(models))


@metric("effective rank", "", of_vectors, "eff. rank", lambda truth: float(_effective(_covariance(truth))[0]))
def effective_rank(models: Law, truth: Truth) -> Array:
    """exp of the entropy of the covariance's eigenvalues, as shares of their sum (Roy and Vetterli 2007).

    d where all are equal, 1 where one is left, 0 of a point.
    """
    return _effective(_covariance(models))


def eigenvalues(covariance: Array) -> Array:
    """Eigenvalues ``(model, d)`` of covariances, the largest first; rounding below 0 is 0."""
    return np.asarray(np.maximum(np.linalg.eigvalsh(covariance)[:, ::-1], 0.0))


def _effective(covariance: Array) -> Array:
    values = eigenvalues(covariance)
    total = values.sum(axis=1)
    share = values / np.where(total > 0.0, total, 1.0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.sum(np.where(share > 0.0, share * np.log(share), 0.0), axis=1)
    return np.where(total > 0.0, np.exp(entropy), 0.0)


@metric("squared Wasserstein-2", SQUARE, both_gaussian, "W2^2", 0.0)
def wasserstein2_nd(models: Law, truth: Truth) -> Array:
    """Between Gaussians: of the means, and of the covariances by Bures; see `frechet_distance`."""
    return _frechet(models, truth)


@metric("squared Frechet distance", SQUARE, not_both_gaussian, "Frechet", 0.0)
def frechet_distance(models: Law, truth: Truth) -> Array:
    """Squared Wasserstein-2 distance between the Gaussians that have the model's and the truth's moments.

    A lower bound of that between the two themselves (Gelbrich 1990); of features of images it is the FID.
    """
    return _frechet(models, truth)


def _frechet(models: Law, truth: Truth) -> Array:
    """|m - m0|^2 + tr S + tr S0 - 2 tr (S S0)^(1/2); with S = F F^T the last is F^T F0's nuclear norm."""
    away = models.moments()[0] - truth.moments()[0]
    ours, theirs = _covariance(models), _covariance(truth)
    f, g = _factors(ours)[0], _factors(theirs)[0][0]
    both = np.linalg.svd(np.einsum("mij,ik->mjk", f, g), compute_uv=False).sum(axis=1)
    apart = vectors.trace(ours) + vectors.trace(theirs) - 2.0 * both
    return np.asarray(np.sum(away**2, axis=1) + np.maximum(apart, 0.0))


def divergence_of_gaussians(models: Law, truth: Truth) -> Array:
    """Nats lost a real item, in closed form; infinite where the model's covariance is singular.

    With A = F^-1 F0 and its singular values s: (sum of s^2 - 1 - log s^2, and |F^-1 (m - m0)|^2)/2.
    """
    away = (models.moments()[0] - truth.moments()[0])[:, :, None]
    f, rank = _factors(_covariance(models))
    d = f.shape[1]
    whole = rank == d
    g = np.broadcast_to(_factors(_covariance(truth))[0][0], f.shape)
    solved = np.linalg.solve(np.where(whole[:, None, None], f, np.eye(d)), np.concatenate([g, away], axis=2))
    excess = np.linalg.svd(solved[:, :, :d], compute_uv=False) ** 2 - 1.0
    with np.errstate(divide="ignore"):
        lost = np.sum(excess - np.log1p(excess), axis=1) + np.sum(solved[:, :, d] ** 2, axis=1)
    return np.where(whole, 0.5 * lost, np.inf)


@metric("squared L2 distance of the densities", "1 / volume", between_laws_of_vectors, "L2^2", 0.0)
def l2_distance(models: Law, truth: Truth) -> Array:
    """The integral of (p - p0)^2 in closed form: two Gaussians' densities overlap by N(m_1; m_2, S_1 + S_2).

    As in Shumailov et al. 2024 for mixtures in the plane. Infinite where a component is singular.
    """
    assert isinstance(truth, Law)
    ours, theirs = _parts(models), _parts(truth)
    own = _overlaps(theirs, theirs)[0]
    values = np.empty(len(ours[0]))
    each = ours[0].shape[1] * max(ours[0].shape[1], theirs[0].shape[1]) * ours[1].shape[2] ** 2
    at_once = max(1, MODELS_AT_ONCE // each)
    for i in range(0, len(values), at_once):
        part = tuple(one[i : i + at_once] for one in ours)
        there = tuple(np.broadcast_to(one, (len(part[0]), *one.shape[1:])) for one in theirs)
        with np.errstate(invalid="ignore"):
            values[i : i + at_once] = _overlaps(part, part) - 2.0 * _overlaps(part, there) + own
    return np.where(np.isnan(values), np.inf, np.maximum(values, 0.0))


def _parts(law: Law) -> tuple[Array, Array, Array]:
    """Weights, means and covariances of the components, ``(model, component, ...)``."""
    params = law.params
    if hasattr(params, "weight"):
        return params.weight, params.mean, params.covariance
    return np.ones((len(params.mean), 1)), params.mean[:, None], params.covariance[:, None]


def _overlaps(one: tuple[Array, ...], other: tuple[Array, ...]) -> Array:
    """The integral of p q ``(model,)`` of mixtures; infinite where both have mass in a singular part."""
    weight = one[0][:, :, None] * other[0][:, None, :]
    away = one[1][:, :, None] - other[1][:, None, :]
    both = one[2][:, :, None] + other[2][:, None, :]
    d, shape = away.shape[-1], weight.shape
    f, rank = _factors(both.reshape(-1, d, d))
    whole = rank == d
    f = np.where(whole[:, None, None], f, np.eye(d))
    z = np.linalg.solve(f, away.reshape(-1, d, 1))[:, :, 0]
    log = -0.5 * np.sum(z**2, axis=1) - np.linalg.slogdet(f)[1] - d * vectors.HALF_LOG_2PI
    density = np.where(whole, np.exp(log), np.inf).reshape(shape)
    return np.asarray(np.sum(np.where(weight > 0.0, weight * density, 0.0), axis=(1, 2)))
