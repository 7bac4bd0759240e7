"""``engine = "auto"``: which engine takes a recipe, and why."""

from typing import Any

from modelcollapse.engines.diffusion import DiffusionEngine
from modelcollapse.engines.grouped import GroupedEngine
from modelcollapse.families.base import REAL, Family

FEW_ITEMS = 4_000
"""Items up to which it costs no more to hold each of them than to count them on bins."""
MOST_HELD = 10**8
"""Items beyond which a training set is not held in memory."""


def choose(experiment: Any) -> tuple[str, str]:
    """The name of the most faithful engine whose cost is in reason, and the reason in words.

    Categories are counted, which is exact. Real items are held where they are few, else counted on bins;
    where that is refused, they are held, or, beyond what memory holds, followed by their estimates. The
    number of generations does not enter, so that a longer run of a recipe is the same run.
    """
    learner: Family = experiment.learner
    if GroupedEngine(learner).refuses(experiment):
        if experiment.n_samples > MOST_HELD and not DiffusionEngine(learner).refuses(experiment):
            return (
                "diffusion",
                "these are too many items to hold, and the grouped engine refuses the recipe",
            )
        return "exact", "the grouped engine refuses the recipe"
    if learner.items != REAL:
        return "grouped", "counts of categories are exact, and their cost does not depend on N"
    if experiment.workflow.grows:
        return "grouped", "a pool counted on bins costs the same however it grows; rounding is corrected for"
    if experiment.n_samples <= FEW_ITEMS:
        return "exact", f"up to {FEW_ITEMS} items it costs no more to hold each of them"
    return "grouped", f"beyond {FEW_ITEMS} items, counts on bins cost less; rounding is corrected for"
