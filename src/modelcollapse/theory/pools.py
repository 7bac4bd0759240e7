"""Spread and its error where a pool grows."""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import Categorical
from modelcollapse.theory.base import Expectation, of_spread, spread_of_truth
from modelcollapse.types import Array
from modelcollapse.workflows import Accumulate, AccumulateSubsample

POOL_SOURCES = {
    Accumulate: "E {V}_t = {V}_0 prod_(k<=t) (1 - 1/(n k^2)); Kazdan et al. 2024, arXiv 2410.16713",
    AccumulateSubsample: "accumulate-subsample law, derived; the process is that of Kazdan et al. 2024, "
    "arXiv 2410.16713",
}
POOL_WITH_REAL = "accumulate law with real items, derived; the process is that of Gerstgrasser et al. 2024"


def pool_laws(experiment: Experiment) -> list[Expectation]:
    """Spread and its error where a pool grows, for any fit that keeps its training set's two moments."""
    work, learner = experiment.workflow, experiment.learner
    keeps = learner.moments_kept(experiment.n_samples) == (1.0, 0.0)
    if not keeps or not isinstance(work, Accumulate | AccumulateSubsample):
        return []
    letter = "H" if isinstance(learner, Categorical) else "V"
    source = POOL_SOURCES[type(work)].format(V=letter)
    source = POOL_WITH_REAL if isinstance(work, Accumulate) and work.real > 0.0 else source
    error = f"{letter}_0 - E {letter}_t, derived: on average an item of the pool has the truth's moments"
    return of_spread(experiment, pool_recursion, source, error)


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
