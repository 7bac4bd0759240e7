"""Laws, one kind a file; a new law is a function from a recipe to its expectations, and its place here."""

from modelcollapse.experiment import Experiment
from modelcollapse.theory.base import Expectation
from modelcollapse.theory.gaussian import gaussian_laws, shrinkage
from modelcollapse.theory.moments import moment_laws, moment_recursion
from modelcollapse.theory.pools import pool_laws, pool_recursion
from modelcollapse.theory.stationary import (
    golden_weight,
    pool_cost,
    spread_of_given_set,
    stationary_deficit,
    weighted_error,
)
from modelcollapse.theory.verified import verified_laws, verified_limit, verifier_threshold

__all__ = [
    "LAWS",
    "Expectation",
    "expectations",
    "golden_weight",
    "moment_recursion",
    "pool_cost",
    "pool_recursion",
    "shrinkage",
    "spread_of_given_set",
    "stationary_deficit",
    "verified_limit",
    "verifier_threshold",
    "weighted_error",
]

LAWS = (moment_laws, pool_laws, gaussian_laws, verified_laws)
"""Functions from a recipe to its laws."""


def expectations(experiment: Experiment) -> list[Expectation]:
    """All laws known for a recipe; empty where none applies."""
    found: list[Expectation] = []
    for law in LAWS:
        found += law(experiment)
    return found
