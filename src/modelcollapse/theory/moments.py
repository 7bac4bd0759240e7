"""Spread and its error where no pool grows, for any fit that reproduces the sample's two moments."""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import CATEGORIES, Categorical
from modelcollapse.families.gaussian import Gaussian
from modelcollapse.families.gaussian_nd import GaussianNd
from modelcollapse.families.kde import Kde
from modelcollapse.theory.base import Expectation, of_spread, replaces, spread_of_truth
from modelcollapse.theory.parts import parts_of
from modelcollapse.types import Array
from modelcollapse.workflows import Augment, Biased, Decaying, Mix, Weighted
from modelcollapse.workflows.base import Flow

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
MIX_SOURCE = "mix law, derived; the process is that of Shumailov et al. 2024, Nature 631, 755"
SOURCES: dict[type[Flow], str] = {
    Mix: MIX_SOURCE,
    Augment: "augment law, derived; the process is that of Alemohammad et al. 2023, arXiv 2307.01850",
    Weighted: "weighted law, derived; the process is that of He et al. 2025, arXiv 2502.18049",
    Biased: "biased sampling law, derived; Alemohammad et al. 2023, arXiv 2307.01850, have its unbiased case",
    Decaying: "mix law with shares that fall, derived",
}


def moment_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error, for any fit that reproduces the sample's two moments."""
    kept = experiment.learner.moments_kept(experiment.n_samples)
    work = experiment.workflow
    if kept is None or type(work) not in SOURCES or not _tempers_as_a_whole(experiment):
        return []
    if replaces(experiment) and isinstance(experiment.learner, Kde):
        return of_spread(experiment, moment_recursion, KERNEL_SOURCE, KERNEL_SOURCE)
    spread = error = SOURCES[type(work)]
    if replaces(experiment) and isinstance(experiment.learner, Categorical):
        spread, error = DRIFT_SOURCES
    elif replaces(experiment) and kept == (1.0, 0.0):
        spread, error = REPLACE_SOURCES
    elif replaces(experiment) and kept[0] > 1.0 and isinstance(experiment.learner, Gaussian | GaussianNd):
        spread, error = UNBIASED_SOURCES
    return of_spread(experiment, moment_recursion, spread, error)


def _tempers_as_a_whole(experiment: Experiment) -> bool:
    """Whether a temperature, if there is one, multiplies the variance of the whole model."""
    one_gaussian = "component" not in experiment.learner.sizes() and experiment.learner.items != CATEGORIES
    return not isinstance(experiment.workflow, Biased) or one_gaussian


def moment_recursion(experiment: Experiment, generations: int) -> tuple[Array, Array]:
    """A_t = E V_t and B_t = E (M_t - mu0)^2 at t = 0..generations, exactly.

    The model's variance is kappa v + r, of the training set's variance v (divided by its weight): kappa is
    n/(n - ddof), r what is added at each fit. The next training set has n_r real, n_s synthetic and n_k kept
    items with the weights a, s, c (their shares, unless the workflow weighs them; b = s + c), f A is
    the variance of synthetic items (f the temperature, else 1), n the size of the current training set. Then

        B' = a^2 V0/n_r + s^2 f A/n_s + c^2 E v (n - n_k)/(n_k (n - 1)) + b^2 B
        E v' = a V0 + s (f A + B) + c (E v + B) - B'

    and with each of n items drawing its source

        B' = [a V0 + s f A + c (1 - c) E v + a b B]/n + b^2 B.

    A fixed real set of m items and mean m_R, of which n_r are drawn without replacement, adds 2 a b C to B',
    where C = E (M - mu0)(m_R - mu0) starts at V0 over the size of the first training set, which it is a part
    of, and goes on as C' = a V0/m + b C.
    """
    parts, truth_variance = parts_of(experiment), spread_of_truth(experiment)
    variance, error = np.empty(generations + 1), np.empty(generations + 1)
    variance[0], error[0] = truth_variance, 0.0
    n = experiment.n_samples
    sample, mean_error = (1.0 - 1.0 / n) * truth_variance, truth_variance / n
    shared = truth_variance / n  # C
    for t in range(1, generations + 1):
        kappa, added = _kept(experiment, n)
        model = kappa * sample + added
        variance[t], error[t] = model, mean_error
        now = parts(t + 1)
        a, s, c = now.weights
        b = s + c
        drawn = now.noise(truth_variance, model, sample, mean_error, n)
        drawn += 2.0 * a * b * shared if now.held else 0.0
        # b B - b^2 B is a b B: nothing is subtracted that need not be
        spread = a * truth_variance + s * now.factor * model + c * sample
        sample = spread + a * b * mean_error - drawn
        shared = (a * truth_variance / now.held if now.held else 0.0) + b * shared
        mean_error = drawn + b * b * mean_error
        n = now.size
    return variance, error


def _kept(experiment: Experiment, n: int) -> tuple[float, float]:
    kept: tuple[float, float] | None = experiment.learner.moments_kept(n)
    assert kept is not None
    return kept
