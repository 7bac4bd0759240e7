"""Spread and its error under `mix`, for any fit that reproduces the sample's two moments."""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import Categorical
from modelcollapse.families.gaussian import Gaussian
from modelcollapse.families.gaussian_nd import GaussianNd
from modelcollapse.theory.base import Expectation, of_spread, replaces, spread_of_truth
from modelcollapse.types import Array
from modelcollapse.workflows import Mix

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
MIX_SOURCE = "mix law, derived; the process is that of Shumailov et al. 2024, Nature 631, 755"


def moment_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error under `mix`, for any fit that reproduces the sample's two moments."""
    kept = experiment.learner.moments_kept(experiment.n_samples)
    if kept is None or not isinstance(experiment.workflow, Mix):
        return []
    spread, error = MIX_SOURCE, MIX_SOURCE
    if replaces(experiment) and isinstance(experiment.learner, Categorical):
        spread, error = DRIFT_SOURCES
    elif replaces(experiment) and kept == (1.0, 0.0):
        spread, error = REPLACE_SOURCES
    elif replaces(experiment) and isinstance(experiment.learner, Gaussian | GaussianNd):
        spread, error = UNBIASED_SOURCES
    return of_spread(experiment, moment_recursion, spread, error)


def moment_recursion(experiment: Experiment, generations: int) -> tuple[Array, Array]:
    """A_t = E V_t and B_t = E (M_t - mu0)^2 at t = 0..generations, exactly.

    The model's variance is kappa v + r, of the training set's variance v (divided by n): kappa is
    n/(n - ddof), r the reg_covar added at each fit. A next training set of n_r real, n_s synthetic
    and n_k kept items (shares a, s, c; b = s + c) then has, fresh and with exact counts,

        B' = [n_r V0 + n_s A + n_k E v (n - n_k)/(n - 1)]/n^2 + b^2 B
        E v' = a V0 + s (A + B) + c (E v + B) - B'

    and with each item drawing its source

        B' = [a V0 + s A + c (1 - c) E v + a b B]/n + b^2 B.

    A fixed real set R of mean m_R replaces n_r V0/n^2 in B' by a^2 V0/n_r + 2 a b C, where
    C = E (M - mu0)(m_R - mu0) starts at V0/n and goes on as C' = a V0/n_r + b C.
    """
    n = experiment.n_samples
    work = experiment.workflow
    truth_variance = spread_of_truth(experiment)
    shares = np.array(work.shares())
    if work.assignment == "stratified":
        shares = np.array(work.counts(n)) / n
    a, s, c = shares
    b = s + c
    kept = experiment.learner.moments_kept(n)
    assert kept is not None
    kappa, added = kept
    variance, error = np.empty(generations + 1), np.empty(generations + 1)
    variance[0], error[0] = truth_variance, 0.0
    sample, mean_error = (1.0 - 1.0 / n) * truth_variance, truth_variance / n
    shared = truth_variance / n  # C
    fixed = truth_variance / (a * n) if a > 0.0 else 0.0  # E (m_R - mu0)^2
    fresh = work.real_source == "fresh"
    for t in range(1, generations + 1):
        model = kappa * sample + added
        variance[t], error[t] = model, mean_error
        if work.assignment == "per-sample":
            drawn = (a * truth_variance + s * model + c * (1.0 - c) * sample + a * b * mean_error) / n
        else:
            drawn = (s * model + c * sample * (n - c * n) / max(n - 1, 1)) / n
            drawn += a * truth_variance / n if fresh else a * a * fixed + 2.0 * a * b * shared
        # b B - b^2 B is a b B: nothing is subtracted that need not be
        sample = a * truth_variance + s * model + c * sample + a * b * mean_error - drawn
        shared = a * fixed + b * shared
        mean_error = drawn + b * b * mean_error
    return variance, error


def stationary_deficit(n: int, share: float, workflow: str = "fresh") -> float:
    """1 - E V/V0 in the long run for a share of real data and no kept part (share n whole); derived.

    ``workflow`` is ``"fresh"`` or ``"fixed"`` (exact counts), or ``"per-sample"`` (fresh; Wright's
    island model). A fixed real set costs (3 - 2 share) times as much as a fresh one.
    """
    if workflow == "per-sample":
        return (1.0 / n) / (1.0 - (1.0 - share) ** 2 * (1.0 - 1.0 / n))
    fresh = 1.0 / (n * share * (2.0 - share) + 1.0 - share)
    return fresh if workflow == "fresh" else (3.0 - 2.0 * share) * fresh
