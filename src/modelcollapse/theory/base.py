"""Laws: what a metric must be on average, by published or derived formulas. Each names its source.

n items a training set, q = 1 - 1/n. M and V are a model's total mean and variance, mu0 and V0 the
truth's. A = E V and B = E (M - mu0)^2 over replicates.

A model of categories is as many variables, one a category: 1 for its items and 0 for all others. Each
has the mean p and the variance p (1 - p), so that laws that are linear in V and B hold of the sums over
categories, too: of H = 1 - sum p^2 in the place of V, and of sum (p - p0)^2 in the place of (M - mu0)^2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS, SPREAD
from modelcollapse.sources import Law
from modelcollapse.types import Array
from modelcollapse.workflows import Mix


@dataclass(frozen=True)
class Expectation:
    """A law of one metric for one recipe.

    Attributes
    ----------
    metric
        The metric it speaks of, as in `modelcollapse.metrics`.
    statistic
        ``"mean"``, ``"mean of log"``, ``"median"`` or ``"share"`` over replicates; a share is the mean of a
        metric that is 1 or 0.
    label, source
        The law in words, and where it comes from.
    at
        Its value at generations ``(generation,)`` >= 1.
    sense
        Whether the statistic equals the value, or a bound says that it is at least or at most that.
    about
        Where the law is no exact one: how far it may be off, in words.
    """

    metric: str
    statistic: str
    label: str
    source: str
    at: Callable[[Array], Array]
    sense: Literal["equal", "at least", "at most"] = "equal"
    about: str = ""


Recursion = Callable[[Experiment, int], tuple[Array, Array]]
"""From a recipe and a last generation to A_t and B_t, ``(generation,)`` from 0 on."""


def replaces(experiment: Experiment) -> bool:
    """Whether each training set is synthetic, all of it."""
    work = experiment.workflow
    return type(work) is Mix and work.real == work.kept == 0.0


def of_spread(
    experiment: Experiment, recursion: Recursion, spread: str, error: str, about: str = ""
) -> list[Expectation]:
    """The two laws of a recursion of A_t and B_t, with the source of each."""

    def law(i: int, source: str) -> Expectation:
        name = SPREAD[experiment.learner.items][i]
        label = f"mean {METRICS[name].label}"
        return Expectation(
            name,
            "mean",
            label,
            source,
            lambda t: recursion(experiment, int(t.max()))[i][t.astype(int)],
            about=about,
        )

    return [law(0, spread), law(1, error)]


def spread_of_truth(experiment: Experiment) -> float:
    """V0, or H_0 of categories."""
    truth = experiment.source
    return METRICS[SPREAD[truth.items][0]].value_at_truth(truth, truth if isinstance(truth, Law) else None)
