"""A mixture whose components hardly overlap: each keeps its own items, and the weights drift."""

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.mixture import Mixture
from modelcollapse.sources import Law
from modelcollapse.theory.base import Expectation, replaces
from modelcollapse.types import Array

APART = 10.0
"""Standard deviations, of the wider of two neighbours, between their means: beyond, they share no items."""


def separated_laws(experiment: Experiment) -> list[Expectation]:
    """1 - sum of squared weights of a well-separated mixture under replace: counts of items are multinomial.

    The weights are then the frequencies of Wright and Fisher's model, as those of categories are.
    """
    start, n = experiment.start, experiment.n_samples
    of_mixture = isinstance(experiment.learner, Mixture) and isinstance(experiment.source, Law)
    if not of_mixture or not replaces(experiment) or start is None:
        return []
    if getattr(experiment.learner, "start", None) != "model" or not separated(start.mean[0], start.std[0]):
        return []
    h0 = float(np.sum(start.weight[0] * (1.0 - start.weight[0])))
    return [
        Expectation(
            "weight_heterozygosity", "mean", "mean 1 - sum of squared weights",
            "E H_t = (1 - 1/n)^t H_0: counts of separate components are multinomial; derived",
            lambda t: h0 * (1.0 - 1.0 / n) ** t,
            about=f"components begin {APART:g} standard deviations apart or more: exact without overlap",
        )
    ]  # fmt: skip


def separated(mean: Array, std: Array) -> bool:
    """Whether neighbours are `APART`; a single component is not."""
    order = np.argsort(mean)
    wider = np.maximum(std[order][1:], std[order][:-1])
    return len(mean) > 1 and bool(np.all(np.diff(mean[order]) >= APART * wider))


def component_variance_after(variance: float, weight: float, n: int) -> float:
    """E of a separate component's next variance where it has two items or more, else of no matter.

    Given n_k >= 2 items, n_k V'/V is chi-square of n_k - 1 degrees of freedom: V' is V (1 - 1/n_k) on
    average, and n_k is binomial.
    """
    from scipy.stats import binom

    count = np.arange(2, n + 1)
    chance = binom.pmf(count, n, weight)
    return float(variance * np.sum(chance * (1.0 - 1.0 / count)) / chance.sum())
