"""``engine = "auto"``: which engine takes a recipe, and why."""

from typing import Any

import numpy as np

from modelcollapse.engines.diffusion import DiffusionEngine
from modelcollapse.engines.grouped import COARSE, PARTS, GroupedEngine
from modelcollapse.families.base import REAL, Family
from modelcollapse.grids import Resolution

FEW_ITEMS = 4_000
"""Items up to which it costs no more to hold each of them than to count them on bins."""
REACH = 8.0
"""Stds beyond a mean that a training set reaches, roughly."""
MOST_HELD = 10**8
"""Items beyond which a training set is not held in memory."""


def choose(experiment: Any) -> tuple[str, str]:
    """The name of the most faithful engine whose cost is in reason, and the reason in words.

    Categories are counted, which is exact. Real items are held where they are few, else counted on bins;
    where that is refused, they are held, or, beyond what memory holds, followed by their estimates. The
    number of generations does not enter, so that a longer run of a recipe is the same run.
    """
    learner: Family = experiment.learner
    refusal = GroupedEngine(learner).refuses(experiment)
    grows, n = experiment.workflow.grows, experiment.n_samples
    items = n if grows else experiment.workflow.largest(n, 2)  # of a training set
    if refusal:
        if items > MOST_HELD and not DiffusionEngine(learner).refuses(experiment):
            return (
                "diffusion",
                "these are too many items to hold, and the grouped engine refuses the recipe",
            )
        return "exact", f"the grouped engine {refusal[0].allowed}"
    if learner.items != REAL:
        return "grouped", f"counts of {learner.items} are exact, and their cost does not depend on N"
    if grows:
        return "grouped", "a pool counted on bins costs the same however it grows; rounding is corrected for"
    if items <= FEW_ITEMS:
        return "exact", f"up to {FEW_ITEMS} items it costs no more to hold each of them"
    if not _resolved(experiment):
        return "exact", "the truth's components are too far apart for bins as fine as the narrowest needs"
    return "grouped", f"beyond {FEW_ITEMS} items, counts on bins cost less; rounding is corrected for"


def _resolved(experiment: Any) -> bool:
    """Whether a grid of the most bins is fine enough for a truth that is a law."""
    if not hasattr(experiment.truth, "law"):
        return True
    family, params = experiment.truth.law()
    width = family.grid(params, Resolution(PARTS, np.array([REACH]))).width()
    return bool(np.all(family.least_spread(params) >= COARSE * width))
