"""Laws: what a metric must be on average, by published or derived formulas. Each names its source.

n items a training set, q = 1 - 1/n. M and V are a model's total mean and variance, mu0 and V0 the
truth's. A = E V and B = E (M - mu0)^2 over replicates.

A model of categories is as many variables, one a category: 1 for its items and 0 for all others. Each
has the mean p and the variance p (1 - p), so that laws that are linear in V and B hold of the sums over
categories, too: of H = 1 - sum p^2 in the place of V, and of sum (p - p0)^2 in the place of (M - mu0)^2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, psi

from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import Categorical
from modelcollapse.families.gaussian import Gaussian
from modelcollapse.families.mixture import Mixture
from modelcollapse.metrics import METRICS, SPREAD
from modelcollapse.sources import Law
from modelcollapse.types import Array
from modelcollapse.workflows import Accumulate, AccumulateSubsample, Mix

SCIKIT_LEARN_REG = 1e-6
"""reg_covar of scikit-learn's GaussianMixture at its defaults."""


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
POOL_SOURCES = {
    Accumulate: "E {V}_t = {V}_0 prod_(k<=t) (1 - 1/(n k^2)); Kazdan et al. 2024, arXiv 2410.16713",
    AccumulateSubsample: "accumulate-subsample law, derived; the process is that of Kazdan et al. 2024, "
    "arXiv 2410.16713",
}
POOL_WITH_REAL = "accumulate law with real items, derived; the process is that of Gerstgrasser et al. 2024"
MIX_SOURCE = "mix law, derived; the process is that of Shumailov et al. 2024, Nature 631, 755"


@dataclass(frozen=True)
class Expectation:
    """A law of one metric for one recipe.

    Attributes
    ----------
    metric
        The metric it speaks of, as in `modelcollapse.metrics`.
    statistic
        ``"mean"`` or ``"mean of log"`` over replicates.
    label, source
        The law in words, and where it comes from.
    at
        Its value at generations ``(generation,)`` >= 1.
    """

    metric: str
    statistic: str
    label: str
    source: str
    at: Callable[[Array], Array]


Recursion = Callable[[Experiment, int], tuple[Array, Array]]
"""From a recipe and a last generation to A_t and B_t, ``(generation,)`` from 0 on."""


def expectations(experiment: Experiment) -> list[Expectation]:
    """All laws known for a recipe; empty where none applies."""
    found: list[Expectation] = []
    for law in LAWS:
        found += law(experiment)
    return found


def moment_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error under `mix`, for any fit that reproduces the sample's two moments."""
    fits = isinstance(experiment.learner, Gaussian | Mixture | Categorical)
    if not fits or not isinstance(experiment.workflow, Mix):
        return []
    spread, error = MIX_SOURCE, MIX_SOURCE
    if _replaces(experiment) and isinstance(experiment.learner, Categorical):
        spread, error = DRIFT_SOURCES
    elif _replaces(experiment) and _estimator(experiment) == (1.0, 0.0):
        spread, error = REPLACE_SOURCES
    elif _replaces(experiment) and isinstance(experiment.learner, Gaussian):
        spread, error = UNBIASED_SOURCES
    return _of_spread(experiment, moment_recursion, spread, error)


def _replaces(experiment: Experiment) -> bool:
    """Whether each training set is synthetic, all of it."""
    work = experiment.workflow
    return isinstance(work, Mix) and work.real == work.kept == 0.0


def _of_spread(experiment: Experiment, recursion: Recursion, spread: str, error: str) -> list[Expectation]:
    """The two laws of a recursion of A_t and B_t, with the source of each."""

    def law(i: int, source: str) -> Expectation:
        name = SPREAD[experiment.learner.items][i]
        label = f"mean {METRICS[name].label}"
        return Expectation(
            name, "mean", label, source, lambda t: recursion(experiment, int(t.max()))[i][t.astype(int)]
        )

    return [law(0, spread), law(1, error)]


def spread_of_truth(experiment: Experiment) -> float:
    """V0, or H_0 of categories."""
    truth = experiment.source
    return METRICS[SPREAD[truth.items][0]].value_at_truth(truth, truth if isinstance(truth, Law) else None)


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
    kappa, added = _estimator(experiment)
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


def pool_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error where a pool grows, for any fit that keeps its training set's two moments."""
    work, learner = experiment.workflow, experiment.learner
    fits = isinstance(learner, Gaussian | Mixture | Categorical) and _estimator(experiment) == (1.0, 0.0)
    if not fits or not isinstance(work, Accumulate | AccumulateSubsample):
        return []
    letter = "H" if isinstance(learner, Categorical) else "V"
    source = POOL_SOURCES[type(work)].format(V=letter)
    source = POOL_WITH_REAL if isinstance(work, Accumulate) and work.real > 0.0 else source
    error = f"{letter}_0 - E {letter}_t, derived: on average an item of the pool has the truth's moments"
    return _of_spread(experiment, pool_recursion, source, error)


def pool_recursion(experiment: Experiment, generations: int) -> tuple[Array, Array]:
    """A_t = E V_t and B_t = E (M_t - mu0)^2 at t = 0..generations where a pool grows, exactly.

    Every item, real or synthetic, is distributed about mu0 with second moment V0, so that the pool of
    t n items has E v = V0 - b, where b is the squared error of its mean. A model fitted to all of it
    has the same moments: e = 0 below. One fitted to n items picked from it has a mean that is off the
    pool's by e = v f/n more, f = (t n - n)/(t n - 1). So

        B_t = b + e,    A_t = V0 - B_t.

    A generation adds n a real items and n s synthetic ones, s = 1 - a; the pool's mean moves by its
    share s of the way to the model's:

        b' = [(t + s)^2 b + s^2 e + s A_t/n + a V0/n]/(t + 1)^2.

    With a = 0 and e = 0 that is E V_t = V0 prod (1 - 1/(n k^2)) of Kazdan et al.; with a = 0 alone,
    E V_t = V0 (1 - f_t/n) q prod_(r<t) [1 - (1 + f_r q)/(n (r + 1)^2)].
    """
    n, work = experiment.n_samples, experiment.workflow
    a = work.counts(n)[0] / n
    s = 1.0 - a
    v0 = spread_of_truth(experiment)
    spread, error = np.empty(generations + 1), np.empty(generations + 1)
    spread[0], error[0] = v0, 0.0
    of_pool = v0 / n  # b
    for t in range(1, generations + 1):
        picked = isinstance(work, AccumulateSubsample) and t > 1
        extra = (v0 - of_pool) * (t * n - n) / (t * n - 1) / n if picked else 0.0
        error[t] = of_pool + extra
        spread[t] = v0 - error[t]
        drawn = s * s * extra + (s * spread[t] + a * v0) / n
        of_pool = ((t + s) ** 2 * of_pool + drawn) / (t + 1) ** 2
    return spread, error


def _estimator(experiment: Experiment) -> tuple[float, float]:
    """Factor and addition by which the model's variance differs from the training set's."""
    learner, n = experiment.learner, experiment.n_samples
    if isinstance(learner, Gaussian):
        return n / (n - learner.ddof), 0.0
    if isinstance(learner, Categorical):
        return 1.0, 0.0
    assert isinstance(learner, Mixture)
    return 1.0, SCIKIT_LEARN_REG if learner.solver == "scikit-learn" else learner.reg_covar


def gaussian_laws(experiment: Experiment) -> list[Expectation]:
    """One Gaussian learned from a Gaussian, replace: log variance, standard deviation, Wasserstein-2."""
    learner, source, n = experiment.learner, experiment.source, experiment.n_samples
    truth_is_gaussian = isinstance(source, Law) and isinstance(source.family, Gaussian)
    both = isinstance(learner, Gaussian) and truth_is_gaussian
    if not both or not _replaces(experiment) or n < 2:
        return []
    variance = float(source.moments()[1][0])
    ddof = learner.ddof
    drift = float(psi((n - 1) / 2.0)) + np.log(2.0) - np.log(n - ddof)
    shrink = shrinkage(n) * np.sqrt((n - 1) / (n - ddof))
    factor = (1.0 - 1.0 / n) * n / (n - ddof)
    found = [
        Expectation(
            "total_variance", "mean of log", "mean log of the variance",
            "E log(V_t/V0) = t [psi((n-1)/2) + ln 2 - ln(n - ddof)], derived from chi-square",
            lambda t: np.log(variance) + t * drift,
        ),
        Expectation(
            "wasserstein2", "mean", "mean squared Wasserstein-2",
            "derived; first order in Shumailov et al. 2024",
            lambda t: _gaussian_wasserstein2(experiment, t, shrink, factor),
        ),
    ]  # fmt: skip
    if ddof == 1:
        found.append(
            Expectation(
                "std", "mean", "mean standard deviation",
                "E std_t = c4(n)^t std_0, Bertrand et al. 2023 (arXiv 2310.00429)",
                lambda t: np.sqrt(variance) * shrink**t,
            )
        )  # fmt: skip
    return found


def _gaussian_wasserstein2(experiment: Experiment, t: Array, shrink: float, factor: float) -> Array:
    """E [(M - mu0)^2 + (S - S0)^2] = B_t + E V_t + V0 - 2 S0 E S_t."""
    variance = float(experiment.source.moments()[1][0])
    error = moment_recursion(experiment, int(t.max()))[1][t.astype(int)]
    return np.asarray(error + variance * (factor**t + 1.0 - 2.0 * shrink**t))


def shrinkage(n: int) -> float:
    """c4(n): E of the unbiased standard deviation of n normals of standard deviation 1."""
    return float(np.sqrt(2.0 / (n - 1)) * np.exp(gammaln(n / 2.0) - gammaln((n - 1) / 2.0)))


def stationary_deficit(n: int, share: float, workflow: str = "fresh") -> float:
    """1 - E V/V0 in the long run for a share of real data and no kept part (share n whole); derived.

    ``workflow`` is ``"fresh"`` or ``"fixed"`` (exact counts), or ``"per-sample"`` (fresh; Wright's
    island model). A fixed real set costs (3 - 2 share) times as much as a fresh one.
    """
    if workflow == "per-sample":
        return (1.0 / n) / (1.0 - (1.0 - share) ** 2 * (1.0 - 1.0 / n))
    fresh = 1.0 / (n * share * (2.0 - share) + 1.0 - share)
    return fresh if workflow == "fresh" else (3.0 - 2.0 * share) * fresh


LAWS = (moment_laws, pool_laws, gaussian_laws)
"""Functions from a recipe to its laws; a new law is a function and its place in this tuple."""
