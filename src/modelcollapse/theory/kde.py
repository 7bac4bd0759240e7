"""Kernel densities where a pool grows: what kernels add to the variance is not capped."""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.kde import Kde
from modelcollapse.theory.base import Expectation, of_spread, spread_of_truth
from modelcollapse.types import Array
from modelcollapse.workflows import Accumulate, AccumulateSubsample

SOURCE = "kernels on a pool, derived: an item's second moment grows by that of its kernel; h fixed and no "
SOURCE += "real items added, V_0 + h^2 (1 + 1/2 + ... + 1/t - 1); the process is that of Kazdan et al. 2024"


def kernel_pool_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error of a kernel density where a pool grows."""
    known = isinstance(experiment.workflow, Accumulate | AccumulateSubsample)
    if not isinstance(experiment.learner, Kde) or not known:
        return []
    return of_spread(experiment, kernel_pool_recursion, SOURCE, SOURCE)


def kernel_pool_recursion(experiment: Experiment, generations: int) -> tuple[Array, Array]:
    """A_t = E V_t and B_t = E (M_t - mu0)^2 at t = 0..generations where a pool grows, exactly; derived.

    Let m be the second moment about mu0 of an item of the pool, t n items in generation t, and b the
    squared error of the pool's mean, so that its variance is m - b on average. A model fitted to all of
    it has the mean's error B = b, one fitted to n items picked from it B = b + e, e = (m - b) f/n with
    f = (t n - n)/(t n - 1). Either way its items have the second moment m, so that their variance
    is m - B, and the kernels make A = kappa (m - B) + r of it: kappa = 1 and r = h^2, or r = 0 and
    kappa - 1 = n_t^(-2/5) n_t/(n_t - ddof) for a training set of n_t items.

    A generation adds n a real items and n s synthetic ones, s = 1 - a, these with second moment A + B:

        m' = [t m + s (A + B) + a V0]/(t + 1)
        b' = [(t + s)^2 b + s^2 e + s A/n + a V0/n]/(t + 1)^2.

    With h fixed and a = 0, m' = m + h^2/(t + 1): the second moment is V0 + h^2 (H_t - 1), H_t harmonic,
    and grows for ever.
    """
    n, work, learner = experiment.n_samples, experiment.workflow, experiment.learner
    a = work.counts(n)[0] / n
    s = 1.0 - a
    v0 = spread_of_truth(experiment)
    spread, error = np.empty(generations + 1), np.empty(generations + 1)
    spread[0], error[0] = v0, 0.0
    second, of_pool = v0, v0 / n  # m, b
    for t in range(1, generations + 1):
        picked = isinstance(work, AccumulateSubsample)
        extra = (second - of_pool) * (t * n - n) / (t * n - 1) / n if picked and t > 1 else 0.0
        kept = learner.moments_kept(n if picked else t * n)
        assert kept is not None
        error[t] = of_pool + extra
        spread[t] = kept[0] * (second - error[t]) + kept[1]
        drawn = s * s * extra + (s * spread[t] + a * v0) / n
        of_pool = ((t + s) ** 2 * of_pool + drawn) / (t + 1) ** 2
        second = (t * second + s * (spread[t] + error[t]) + a * v0) / (t + 1)
    return spread, error
