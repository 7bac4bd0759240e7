"""Laws, one kind a file; a new law is a function from a recipe to its expectations, and its place here."""

from modelcollapse.experiment import Experiment
from modelcollapse.theory.base import Expectation
from modelcollapse.theory.categories import category_laws
from modelcollapse.theory.gaussian import gaussian_laws, shrinkage
from modelcollapse.theory.kde import kernel_pool_laws, kernel_pool_recursion
from modelcollapse.theory.moments import moment_laws, moment_recursion
from modelcollapse.theory.pools import pool_laws, pool_recursion
from modelcollapse.theory.regression import regression_laws
from modelcollapse.theory.separated import separated_laws
from modelcollapse.theory.stationary import (
    golden_weight,
    stationary_deficit,
    verifier_threshold,
    weighted_error,
)
from modelcollapse.theory.vectors import vector_laws
from modelcollapse.theory.whole import poisson_laws

__all__ = [
    "LAWS",
    "Expectation",
    "expectations",
    "golden_weight",
    "kernel_pool_recursion",
    "moment_recursion",
    "pool_recursion",
    "shrinkage",
    "stationary_deficit",
    "verifier_threshold",
    "weighted_error",
]

LAWS = (
    moment_laws,
    pool_laws,
    kernel_pool_laws,
    gaussian_laws,
    vector_laws,
    separated_laws,
    category_laws,
    poisson_laws,
    regression_laws,
)
"""Functions from a recipe to its laws."""


def expectations(experiment: Experiment) -> list[Expectation]:
    """All laws known for a recipe; empty where none applies."""
    found: list[Expectation] = []
    for law in LAWS:
        found += law(experiment)
    return found
