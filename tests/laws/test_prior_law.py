"""The whole loop at once (Geweke 2004): a prior is invariant under sampling and posterior draws.

Each replicate's truth is a draw from the prior. A generation draws items from the last model and a model
from the posterior given the items; so the models of every generation have the prior's distribution, however
few the items are. It holds, too, where some items are kept (they are replaced one part after the other, as
in Gibbs sampling) and for the whole pool of accumulate, all of whose items have one law given the model.
"""

import numpy as np
import pytest
from conftest import assert_law
from scipy import stats
from scipy.special import polygamma, psi

from modelcollapse.engines.exact import ExactEngine
from modelcollapse.families.bayesian_gaussian import BayesianGaussian
from modelcollapse.families.gaussian import GaussianParams
from modelcollapse.recursion import generations
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.workflows import Accumulate, Mix

MEAN, STRENGTH, SHAPE, SCALE = 1.0, 2.0, 3.0, 4.0
REPLICATES, GENERATIONS = 4000, (1, 3, 8)
FAMILY = BayesianGaussian(mean=MEAN, strength=STRENGTH, shape=SHAPE, scale=SCALE)


class PosteriorMean(BayesianGaussian):
    """A mutant: the mean is the posterior's, and not drawn."""

    def _drawn(self, n, mean, variance, streams):
        drawn = super()._drawn(n, mean, variance, streams)
        if not n.any():
            return drawn
        return GaussianParams((self.strength * self.mean + n * mean) / (self.strength + n), drawn.std)


class Shape(BayesianGaussian):
    """A mutant: half a degree of freedom too many."""

    def _drawn(self, n, mean, variance, streams):
        off = self.model_copy(update={"shape": self.shape + 0.5}) if n.any() else self
        return BayesianGaussian._drawn(off, n, mean, variance, streams)


class Strength(BayesianGaussian):
    """A mutant: the posterior of another prior's mean, of one item more."""

    def _drawn(self, n, mean, variance, streams):
        off = self.model_copy(update={"strength": self.strength + 1.0}) if n.any() else self
        return BayesianGaussian._drawn(off, n, mean, variance, streams)


def models(n, family=FAMILY, flow=None, seed=0):
    """Models of some generations, a row of the truth for each replicate."""
    streams = generators(seed, (9,) * 8, range(REPLICATES))
    truth = Law(family, family.prior(streams))
    steps = generations(ExactEngine(family), flow or Mix(), truth, n, None, streams)
    found = {state.generation: state.params for state, _ in (next(steps) for _ in range(max(GENERATIONS)))}
    return {t: found[t] for t in GENERATIONS}


def pvalues(params):
    """Kolmogorov and Smirnov of the mean, the variance and the standardised mean against the prior."""
    of_mean = stats.t(2 * SHAPE, MEAN, np.sqrt(SCALE / (SHAPE * STRENGTH)))
    score = (params.mean - MEAN) / params.std * np.sqrt(STRENGTH)
    return (
        stats.kstest(params.mean, of_mean.cdf).pvalue,
        stats.kstest(params.std**2, stats.invgamma(SHAPE, scale=SCALE).cdf).pvalue,
        stats.kstest(score, "norm").pvalue,
    )


FLOWS = {"replace": Mix(), "kept": Mix(kept=0.5), "accumulate": Accumulate()}


@pytest.mark.parametrize("n", [2, 10])
@pytest.mark.parametrize("flow", FLOWS)
def test_the_prior_is_invariant(n, flow):
    """Sees 0.065 of the mean's sd, 0.04 in E log variance, 12 % of its variance; distributions 0.04 apart."""
    for t, params in models(n, flow=FLOWS[flow], seed=1).items():
        log_variance = np.log(params.std**2)
        assert_law(params.mean, MEAN, f"mean at {t}")
        assert_law((params.mean - MEAN) ** 2, SCALE / ((SHAPE - 1) * STRENGTH), f"its variance at {t}")
        assert_law(log_variance, np.log(SCALE) - psi(SHAPE), f"log variance at {t}")
        away = (log_variance - np.log(SCALE) + psi(SHAPE)) ** 2
        assert_law(away, float(polygamma(1, SHAPE)), f"its variance at {t}")
        found = pvalues(params)
        print(f"n = {n}, {flow}, generation {t}: p = {', '.join(f'{p:.3g}' for p in found)}")
        assert min(found) > 1e-5


@pytest.mark.parametrize("n", [2, 10])
@pytest.mark.parametrize("mutant", [PosteriorMean, Shape, Strength])
def test_a_wrong_posterior_is_told(n, mutant):
    family = mutant(mean=MEAN, strength=STRENGTH, shape=SHAPE, scale=SCALE)
    found = pvalues(models(n, family, seed=2)[8])
    print(f"{mutant.__name__}, n = {n}: p = {min(found):.3g}")
    assert min(found) < 1e-7


def test_another_prior_is_told():
    """Truths of another scale, by 1.3: one generation of ten items does not hide it."""
    streams = generators(4, (9,) * 8, range(REPLICATES))
    other = BayesianGaussian(mean=MEAN, strength=STRENGTH, shape=SHAPE, scale=1.3 * SCALE)
    steps = generations(ExactEngine(FAMILY), Mix(), Law(other, other.prior(streams)), 10, None, streams)
    state, _ = next(steps)
    assert min(pvalues(state.params)) < 1e-7
