"""A Poisson distribution learned from one: its rate is a martingale that dies out."""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.poisson import Poisson
from modelcollapse.sources import Law
from modelcollapse.theory.base import Expectation, replaces
from modelcollapse.types import Array
from modelcollapse.workflows import Accumulate

SURVIVAL_SOURCE = (
    "P(alive at t) = 1 - exp(-n rate_0 g_t), g_1 = 1, g_(k+1) = 1 - exp(-g_k); Suresh et al. 2024"
)


def poisson_laws(experiment: Experiment) -> list[Expectation]:
    """Mean and squared error of the rate where nothing but the first training set is real, and survival.

    Given the rates so far, the sum of a training set drawn from the last model is Poisson of mean
    n rate_(t-1), so that under replace each generation adds rate_0/n to the squared error. Fitted to a
    pool of t n items, the rate moves 1/t of the way to the mean of the new ones: the t-th adds
    rate_0/(n t^2).
    """
    source, work, n = experiment.source, experiment.workflow, experiment.n_samples
    both = isinstance(experiment.learner, Poisson) and isinstance(source, Law)
    pool = isinstance(work, Accumulate) and work.real == 0.0
    if not both or not (replaces(experiment) or pool):
        return []
    assert isinstance(source, Law)
    rate = float(source.params.rate[0])
    error = (
        "E (rate_t - rate_0)^2 = rate_0/n sum_(k<=t) 1/k^2, derived"
        if pool
        else "E (rate_t - rate_0)^2 = rate_0 t/n, derived: the variance of a Poisson number is its mean"
    )
    found = [
        Expectation("rate", "mean", "mean rate", "E rate_t = rate_0: a martingale; Suresh et al. 2024",
                    lambda t: np.full(len(t), rate)),
        Expectation("squared_error_of_rate", "mean", "mean squared error of the rate", error,
                    lambda t: rate / n * (_sums_of_inverse_squares(t) if pool else t)),
    ]  # fmt: skip
    if not pool:
        found.append(
            Expectation("alive", "share", "share of replicates alive", SURVIVAL_SOURCE,
                        lambda t: survival(n * rate, t))
        )  # fmt: skip
    return found


def _sums_of_inverse_squares(t: Array) -> Array:
    """Sum over k <= t of 1/k^2."""
    return np.asarray(np.cumsum(1.0 / np.arange(1, int(t.max()) + 1) ** 2.0)[t.astype(int) - 1])


def iterated(t: Array) -> Array:
    """g_t: g_1 = 1, g_(k+1) = 1 - exp(-g_k); about 2/t in the end."""
    g = np.ones(int(t.max()))
    for k in range(1, len(g)):
        g[k] = -np.expm1(-g[k - 1])
    return np.asarray(g[t.astype(int) - 1])


def survival(expected: float, t: Array) -> Array:
    """P(S_t > 0) where S_1 is Poisson of mean ``expected``, and S_(t+1) given S_t of mean S_t.

    E exp(-g S) = exp(-m (1 - exp(-g))) for a Poisson S of mean m. So P(S_t = 0) = E exp(-S_(t-1)), the
    g of which is 1, is E exp(-g_2 S_(t-2)) and, down to the first, exp(-g_t expected).
    """
    return np.asarray(-np.expm1(-expected * iterated(t)))
