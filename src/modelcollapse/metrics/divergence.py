"""The Kullback-Leibler divergence, of whatever has a density or probabilities."""

import numpy as np

from modelcollapse.families.base import VECTORS, Family
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.metrics.base import NATS, between_laws, metric
from modelcollapse.metrics.categories import divergence_of_categories
from modelcollapse.metrics.line import SCORE_LIMIT, panels, scores
from modelcollapse.metrics.vectors import both_gaussian, divergence_of_gaussians
from modelcollapse.sources import Law, Truth
from modelcollapse.types import Array

EVENLY = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, 34)[1:-1]
"""Normal scores at which panels end for models that do not say where they bend."""


def has_divergence(family: Family, truth: Truth) -> bool:
    """Between laws; over vectors, between Gaussians, for which it has a closed form."""
    return both_gaussian(family, truth) if family.items == VECTORS else between_laws(family, truth)


@metric("Kullback-Leibler divergence", NATS, has_divergence, "KL (nats)", 0.0)
def kullback_leibler(models: Law, truth: Truth) -> Array:
    """E log(p/q) under the truth p: nats lost a real item.

    Infinite where the model is a point, or a category of the truth is lost. NaN for a data set as
    truth: a sample has no density.
    """
    if models.items == CATEGORIES:
        return divergence_of_categories(models.params.probability, truth)
    if models.items == VECTORS:
        return divergence_of_gaussians(models, truth)
    if not isinstance(truth, Law):
        return np.full(len(models.moments()[0]), np.nan)
    count, own = len(models.moments()[0]), scores(truth, truth)
    theirs = scores(models, truth) if models.family.offers("knots") else np.tile(EVENLY, (count, 1))
    breaks = np.concatenate([theirs, np.broadcast_to(own, (count, own.shape[1]))], axis=1)
    score, weight = panels(breaks, 6)
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
