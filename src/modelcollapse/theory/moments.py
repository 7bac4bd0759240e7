"""Spread and its error under `mix` and its relatives, for fits that reproduce the sample's two moments."""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import Categorical
from modelcollapse.families.gaussian import Gaussian
from modelcollapse.families.gaussian_nd import GaussianNd
from modelcollapse.families.kde import Kde
from modelcollapse.theory.base import Expectation, of_spread, replaces, spread_of_truth
from modelcollapse.theory.schedule import Made, schedule
from modelcollapse.types import Array
from modelcollapse.workflows import Augment, Biased, Decaying, Mix, Weighted

REPLACE_SOURCES = (
    "E V_t = (1 - 1/n)^t V0, derived: each fit keeps the sample's moments",
    "Var M_t = V0 - E V_t, derived: each fit keeps the sample's moments",
)
DRIFT_SOURCES = (
    "E H_t = (1 - 1/n)^t H_0; Seddik et al. 2024, arXiv 2404.05090",
    "E sum (p_t - p_0)^2 = H_0 - E H_t, derived: frequencies are a martingale",
)
UNBIASED_SOURCES = (
    "E V_t = V0, unbiased; Bertrand et al. 2023, arXiv 2310.00429",
    "E (M_t - mu0)^2 = V0 t/n; Bertrand et al. 2023, arXiv 2310.00429",
)
KERNEL_SOURCE = "derived: items keep their mean and variance, and each fit adds that of its kernels"
SOURCES = {
    Mix.name: "mix law, derived; the process is that of Shumailov et al. 2024, Nature 631, 755",
    Decaying.name: "mix law with counts that change, derived",
    Biased.name: "mix law with a temperature, derived; unbiased and of synthetic data alone, E V_t is "
    "T^(t-1) V0: Alemohammad et al. 2023, arXiv 2307.01850",
    Augment.name: "mix law of any two numbers, derived; the process is that of Alemohammad et al. 2023 "
    "(arXiv 2307.01850) and Bertrand et al. 2023 (arXiv 2310.00429)",
    Weighted.name: "mix law with weights, derived; in the long run, of a known variance, He et al. 2025 "
    "(arXiv 2502.18049)",
}


def moment_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error, for any fit that reproduces the sample's two moments."""
    kept = kept_moments(experiment, experiment.n_samples)
    if kept is None or schedule(experiment) is None:
        return []
    if replaces(experiment) and isinstance(experiment.learner, Kde):
        return of_spread(experiment, moment_recursion, KERNEL_SOURCE, KERNEL_SOURCE)
    spread = error = SOURCES[experiment.workflow.name]
    if replaces(experiment) and isinstance(experiment.learner, Categorical):
        spread, error = DRIFT_SOURCES
    elif replaces(experiment) and kept == (1.0, 0.0):
        spread, error = REPLACE_SOURCES
    elif replaces(experiment) and kept[0] > 1.0 and isinstance(experiment.learner, Gaussian | GaussianNd):
        spread, error = UNBIASED_SOURCES
    return of_spread(experiment, moment_recursion, spread, error)


def kept_moments(experiment: Experiment, n: int) -> tuple[float, float] | None:
    """What a fit to n items makes of their variance: a factor and an addition; see `Family.moments_kept`."""
    factors: tuple[float, float] | None = experiment.learner.moments_kept(n)
    return factors


def moment_recursion(experiment: Experiment, generations: int) -> tuple[Array, Array]:
    """A_t = E V_t and B_t = E (M_t - mu0)^2 at t = 0..generations, exactly.

    A fit keeps the mean of its training set and makes kappa v + r of its variance v (divided by the sum
    of weights): kappa is n/(n - ddof), r the reg_covar added at each fit. Synthetic items have the
    variance S = T A, T being a temperature, else 1. A next training set of n_r real, n_s synthetic and n_k
    kept items, which have the shares a, s, c of its weight (b = s + c), then has the mean

        a m_r + s m_s + c m_k, so that  B' = D + b^2 B,
        D = a^2 V0/n_r + s^2 S/n_s + c^2 E v (n - n_k)/(n - 1)/n_k,

    n being the size of the last training set. Its second moment about mu0 gives

        E v' = a V0 + s (S + B) + c (E v + B) - B'.

    Where each item draws its source, D = [a V0 + s S + c (1 - c) E v + a b B]/n. Where the real items are
    picked from m fixed ones R of mean m_R, the noise of picking is a^2 V0 (1/n_r - 1/m), and what all
    generations share adds a^2 V0/m + 2 a b C, where C = E (M - mu0)(m_R - mu0) starts at V0/max(m, n) and
    goes on as C' = a V0/m + b C.
    """
    made_of = schedule(experiment)
    assert made_of is not None
    v0, size = spread_of_truth(experiment), float(experiment.n_samples)
    variance, error = np.empty(generations + 1), np.empty(generations + 1)
    variance[0], error[0] = v0, 0.0
    sample, mean_error = (1.0 - 1.0 / size) * v0, v0 / size
    shared = v0 / max(made_of(2).fixed, size)  # C
    for t in range(1, generations + 1):
        kept = kept_moments(experiment, int(size))
        assert kept is not None
        variance[t], error[t] = kept[0] * sample + kept[1], mean_error
        made = made_of(t + 1)
        a, s, c = made.shares
        b = s + c
        synthetic = made.temperature * variance[t]
        if made.by_item:
            drawn = (a * v0 + s * synthetic + c * (1.0 - c) * sample + a * b * mean_error) / made.size
        else:
            drawn = _noise(made, v0, synthetic, sample, size) + 2.0 * a * b * shared * (made.fixed > 0)
        # b B - b^2 B is a b B: nothing is subtracted that need not be
        sample = a * v0 + s * synthetic + c * sample + a * b * mean_error - drawn
        shared = (a * v0 / made.fixed if made.fixed else 0.0) + b * shared
        mean_error = drawn + b * b * mean_error
        size = made.size
    return variance, error


def _noise(made: Made, v0: float, synthetic: float, sample: float, size: float) -> float:
    """The variance of a training set's mean, given the last model and what is left of its training set.

    Fixed real items count in full: (1/n_r - 1/m) of picking and 1/m of the set make 1/n_r.
    """
    real, drawn, kept = made.items
    a, s, c = made.shares
    noise = a * a * v0 / real if real else 0.0
    noise += s * s * synthetic / drawn if drawn else 0.0
    return noise + (c * c * sample * (size - kept) / max(size - 1.0, 1.0) / kept if kept else 0.0)
