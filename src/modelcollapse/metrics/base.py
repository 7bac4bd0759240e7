"""What a metric is: a function of a fitted model and the truth, so that a new one works on old results."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from modelcollapse.families.base import PAIRS, REAL, VECTORS, WHOLE, Family
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.sources import Law, Truth
from modelcollapse.types import Array

Compute = Callable[[Law, Truth], Array]
Applies = Callable[[Family, Truth], bool]


@dataclass(frozen=True)
class Metric:
    """A number for each model, and all that tables and figures say of it.

    Attributes
    ----------
    name, label
        Its name in Python, and what it is in words.
    unit
        Its unit, where ``{x}`` stands for the items'; empty for a count.
    head
        The head of its column in the summary, in a word or two; empty where it has none.
    compute
        From models ``(model,)`` and the truth to ``(model,)``.
    applies
        Whether it can be computed for models of a family, compared with a truth.
    at_truth
        Its value for the truth itself: a number, or a function of the truth; without either it is
        that of the truth as a model, where the truth is of the learner's family and size.
    costly
        Whether ten models take as long as a millisecond: tables and figures then measure fewer of them.
    yes_or_no
        Whether it is 1 or 0: tables and figures then show the share of the replicates that have 1.
    """

    name: str
    label: str
    unit: str
    head: str
    compute: Compute
    applies: Applies
    at_truth: float | Callable[[Truth], float] | None
    costly: bool = False
    yes_or_no: bool = False

    def value_at_truth(self, truth: Truth, same: Law | None) -> float:
        """The value at generation 0; ``same`` is the truth as a model of the learner's, if it is one."""
        if callable(self.at_truth):
            return self.at_truth(truth)
        if self.at_truth is not None:
            return self.at_truth
        return math.nan if same is None else float(self.compute(same, truth)[0])

    @property
    def is_distance(self) -> bool:
        """Whether it is 0 for the truth itself."""
        return self.at_truth == 0.0


METRICS: dict[str, Metric] = {}
"""All metrics by name; a new one is a decorated function in a file of this folder."""
SQUARE, PROBABILITY, NATS = "({x})²", "probability", "nats"


def on_the_line(*needs: str) -> Applies:
    """Of models on the real line that offer what a metric needs of them."""

    def applies(family: Family, truth: Truth) -> bool:
        return family.items == REAL and family.offers(*needs)

    return applies


def of_components(family: Family, truth: Truth) -> bool:
    """Of models that are Gaussians, or mixtures of them."""
    return family.items == REAL and "std" in family.dimensions


def of_numbers(family: Family, truth: Truth) -> bool:
    """Of models on the real line, and of vectors."""
    return family.items in (REAL, VECTORS)


def of_vectors(family: Family, truth: Truth) -> bool:
    """Of models of vectors that know their covariance: no kernels, items or objects."""
    return family.items == VECTORS and family.offers("spread")


def of_parts(family: Family, truth: Truth) -> bool:
    """Of models that are Gaussians, or mixtures of them, and of mixtures over vectors."""
    return of_components(family, truth) or (family.items == VECTORS and "weight" in family.dimensions)


def of_categories(family: Family, truth: Truth) -> bool:
    """Of models that are distributions over categories."""
    return family.items == CATEGORIES


def of_several_components(family: Family, truth: Truth) -> bool:
    """Of models that are mixtures."""
    return of_components(family, truth) and "weight" in family.dimensions


def of_rates(family: Family, truth: Truth) -> bool:
    """Of models that are distributions over whole numbers, with a rate."""
    return family.items == WHOLE and "rate" in family.dimensions


def of_coefficients(family: Family, truth: Truth) -> bool:
    """Of models that are linear in their inputs."""
    return family.items == PAIRS and "coefficient" in family.dimensions


def in_steps(family: Family, truth: Truth) -> bool:
    """Of models on the real line that are items, each with its share."""
    return family.items == REAL and family.offers("steps")


def transported(family: Family, truth: Truth) -> bool:
    """Of models on the real line whose quantiles are known."""
    return on_the_line("quantile", "knots", "partial_mean")(family, truth) or in_steps(family, truth)


def with_support(family: Family, truth: Truth) -> bool:
    """Of models that are a number of items."""
    return family.offers("distinct")


def between_laws(family: Family, truth: Truth) -> bool:
    """Of models with a density or with probabilities, and a truth that has them, too."""
    scored = family.items == CATEGORIES or (family.items == REAL and family.offers("log_pdf"))
    return isinstance(truth, Law) and scored


def metric(
    label: str,
    unit: str,
    applies: Applies,
    head: str = "",
    at_truth: float | Callable[[Truth], float] | None = None,
    costly: bool = False,
    yes_or_no: bool = False,
) -> Callable[[Compute], Compute]:
    """Register a function of models and the truth under its own name; see `Metric`."""

    def register(function: Compute) -> Compute:
        name = function.__name__
        METRICS[name] = Metric(name, label, unit, head, function, applies, at_truth, costly, yes_or_no)
        return function

    return register


def metrics_of(family: Family, truth: Truth) -> dict[str, Metric]:
    """The metrics that apply to models of a family and a truth, by name."""
    return {name: one for name, one in METRICS.items() if one.applies(family, truth)}


SPREAD = {
    REAL: ("total_variance", "squared_error_of_mean"),
    VECTORS: ("total_variance", "squared_error_of_mean"),
    CATEGORIES: ("heterozygosity", "squared_error_of_probabilities"),
    WHOLE: ("rate", "squared_error_of_rate"),
    PAIRS: ("squared_length", "excess_error"),
}
"""By items: how far a model spreads, and the squared error of what it spreads about: V and B of the laws."""
