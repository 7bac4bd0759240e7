"""Synthetic data that a verifier lets through: the limit of many items, and where a verifier is too bad."""

import numpy as np
from scipy.special import ndtr, ndtri

from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import Categorical
from modelcollapse.families.gaussian import HALF_LOG_2PI, Gaussian
from modelcollapse.sources import Law
from modelcollapse.theory.base import Expectation, of_spread, spread_of_truth
from modelcollapse.types import Array
from modelcollapse.workflows import Verified

SOURCE = "limit of many items, derived; the verifier is that of Feng et al. 2024, arXiv 2406.07515"
ABOUT = "for many items a training set, and fewer generations than those"


def verified_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error of Gaussians and categories, as N grows."""
    if verified_limit(experiment, 1) is None:
        return []
    return of_spread(experiment, _limit, SOURCE, SOURCE, ABOUT)


def _limit(experiment: Experiment, generations: int) -> tuple[Array, Array]:
    found = verified_limit(experiment, generations)
    assert found is not None
    return found


def verified_limit(experiment: Experiment, generations: int) -> tuple[Array, Array] | None:
    """V_t and (M_t - mu0)^2, or those of categories, at t = 0..generations, without the noise of sampling.

    A Gaussian N(M, S^2) of which right items are kept with probability phi and wrong ones with psi has

        Z = psi + (phi - psi) P,   E X^j = [psi m_j + (phi - psi) P r_j]/Z,

    P being the probability of the region, m_j the moments of the model and r_j those of the truncated
    normal. Of categories, the odds of right to wrong are multiplied by phi/psi. Real and kept items then
    enter by their shares. None where the rule or the learner is another one.
    """
    work, learner = experiment.workflow, experiment.learner
    if not isinstance(work, Verified):
        return None
    if isinstance(learner, Categorical):
        return _of_categories(experiment, work, generations)
    region = _region(experiment, work)
    if not isinstance(learner, Gaussian) or region is None or learner.known_std is not None:
        return None
    return _of_gaussians(experiment, work, region, generations)


def verifier_threshold(phi: float, psi: float) -> float:
    """The largest error rate of labels from which a verifier's choice still teaches the right ones.

    p* = 1/(1 + psi/phi) of Feng et al. 2024 (arXiv 2406.07515): binary labels, of which right ones are kept
    with probability phi and wrong ones with psi. The step is sharp only as items a dimension grow.
    """
    return phi / (phi + psi)


def _region(experiment: Experiment, work: Verified) -> tuple[float, float] | None:
    """The ends of the region that is right; None where it is no interval that is known."""
    if work.likelihood is None:
        return work.ends()
    source = experiment.source
    if not isinstance(source, Law) or not isinstance(source.family, Gaussian):
        return None
    mean, variance = (float(part[0]) for part in source.moments())
    reach = -float(ndtri(work.likelihood / 2.0)) * np.sqrt(variance)
    return mean - reach, mean + reach


def _of_gaussians(
    experiment: Experiment, work: Verified, region: tuple[float, float], generations: int
) -> tuple[Array, Array]:
    mean0, v0 = (float(part[0]) for part in experiment.source.moments())
    real, synthetic, kept = work.shares()
    spread, error = np.empty(generations + 1), np.empty(generations + 1)
    mean, variance = mean0, v0
    spread[0], error[0] = v0, 0.0
    for t in range(1, generations + 1):
        spread[t], error[t] = variance, (mean - mean0) ** 2
        m, v = passed(mean, variance, region, work.phi, work.psi)
        middle = real * mean0 + synthetic * m + kept * mean
        within = real * v0 + synthetic * v + kept * variance
        between = real * (mean0 - middle) ** 2 + synthetic * (m - middle) ** 2 + kept * (mean - middle) ** 2
        mean, variance = middle, within + between
    return spread, error


def passed(
    mean: float, variance: float, region: tuple[float, float], phi: float, psi: float
) -> tuple[float, float]:
    """Mean and variance of a Gaussian's items that a verifier lets through."""
    std = np.sqrt(variance)
    low, high = ((end - mean) / std for end in region)
    inside = float(ndtr(high) - ndtr(low)) if low < 0.0 else float(ndtr(-low) - ndtr(-high))
    if inside <= 0.0 and psi == 0.0:  # nothing is let through: the last model is kept
        return mean, variance
    dense = [float(np.exp(-0.5 * z * z - HALF_LOG_2PI)) if np.isfinite(z) else 0.0 for z in (low, high)]
    ends = [z * d if np.isfinite(z) else 0.0 for z, d in zip((low, high), dense, strict=True)]
    chance = psi + (phi - psi) * inside
    first = (phi - psi) * (dense[0] - dense[1]) / chance
    second = (psi + (phi - psi) * (inside + ends[0] - ends[1])) / chance
    return mean + float(std) * first, variance * (second - first * first)


def _of_categories(experiment: Experiment, work: Verified, generations: int) -> tuple[Array, Array]:
    source = experiment.source
    assert isinstance(source, Law)
    first: Array = source.params.probability[0]
    chance = np.full(len(first), work.psi)
    chance[list(work.right or ())] = work.phi
    real, synthetic, kept = work.shares()
    spread, error, share = np.empty(generations + 1), np.empty(generations + 1), first
    spread[0], error[0] = spread_of_truth(experiment), 0.0
    for t in range(1, generations + 1):
        spread[t], error[t] = 1.0 - np.sum(share**2), np.sum((share - first) ** 2)
        weight = share * chance
        chosen = weight / weight.sum() if weight.sum() > 0.0 else share
        share = real * first + synthetic * chosen + kept * share
    return spread, error
