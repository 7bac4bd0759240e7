"""Linear regression on labels that the last model gave.

The t-th model has seen t labellings: generation 1 is fitted to the truth's labels, generation t to those of
model t - 1. T inputs are normal of unit variance in d dimensions, so that E trace (X'X)^-1 = d/(T - d - 1).
"""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.linear import Linear
from modelcollapse.sources import Law
from modelcollapse.theory.base import Expectation, replaces
from modelcollapse.types import Array
from modelcollapse.workflows import Accumulate

REPLACE_SOURCE = (
    "E|w_t - w_0|^2 = s^2 d/(T - d - 1) t, t labellings; Dohmatob et al. 2024, arXiv 2402.07712; "
    "Gerstgrasser et al. 2024, arXiv 2404.01413"
)
SAME_SOURCE = (
    "E|w_t - w_0|^2 = s^2 d/(T - d - 1) sum_(k<=t) 1/k^2; Gerstgrasser et al. 2024, arXiv 2404.01413"
)
NEW_SOURCE = (
    "E|w_t - w_0|^2 = s^2 sum_(k<=t) d/(k (k T - d - 1)), derived; the process is that of Gerstgrasser "
    "et al. 2024, arXiv 2404.01413"
)


def regression_laws(experiment: Experiment) -> list[Expectation]:
    """The excess error of least squares under replace and accumulate, without real labels after the first."""
    learner, source, work = experiment.learner, experiment.source, experiment.workflow
    if not isinstance(learner, Linear) or not isinstance(source, Law) or learner.ridge > 0.0:
        return []
    assert isinstance(source.family, Linear)
    n, d = experiment.n_samples, source.params.coefficient.shape[1]
    pool = isinstance(work, Accumulate) and work.real == 0.0
    if n <= d + 1 or not (replaces(experiment) or pool):
        return []
    kind = "replace" if not pool else learner.inputs
    noise = (source.family.label_noise, learner.label_noise)
    names = {"replace": REPLACE_SOURCE, "same": SAME_SOURCE, "new": NEW_SOURCE}

    def at(t: Array) -> Array:
        return np.asarray(excess(n, d, noise, kind, int(t.max()))[t.astype(int) - 1])

    return [Expectation("excess_error", "mean", "mean excess error", names[kind], at)]


def excess(n: int, d: int, noise: tuple[float, float], kind: str, generations: int) -> Array:
    """E |w_t - w_0|^2 at t = 1..generations: each labelling adds s^2 times a trace.

    Parameters
    ----------
    n, d
        Items of a training set, or what a generation adds to the pool, and dimensions.
    noise
        The standard deviations of the truth's labels, which generation 1 sees, and of the models'.
    kind
        ``"replace"``; of accumulate ``"same"`` or ``"new"`` inputs.

    Notes
    -----
    Write P for X'X of a pool of k n inputs, of which X_k are the last n. What the k-th model's
    coefficients are off those that labelled the last part is P^-1 X_k' e, of expected squared length
    s^2 E trace P^-1 X_k' X_k P^-1. For the same inputs each time P = k X'X, and that is s^2/k^2 E trace
    (X'X)^-1. For new ones the k parts of the pool are alike, so that it is s^2/k E trace P^-1.
    """
    k = np.arange(1, generations + 1)
    first = d / (n - d - 1.0)
    trace = {
        "replace": np.full(generations, first),
        "same": first / k**2.0,
        "new": d / (k * (k * float(n) - d - 1.0)),
    }[kind]
    variance = np.where(k == 1, noise[0] ** 2, noise[1] ** 2)
    return np.asarray(np.cumsum(variance * trace))
