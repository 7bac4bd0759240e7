"""What the two families of mixtures say of their settings alike."""

import math
from typing import Any

from modelcollapse.errors import Problem


def mixture_problems(learner: Any, n_samples: int, of_em: tuple[str, ...]) -> list[Problem]:
    """Too few items, or settings ``of_em`` that scikit-learn's solver would not use."""
    found = []
    if n_samples < 2 * learner.components:
        allowed = f"must be at least {2 * learner.components} for learner.components = {learner.components}"
        found.append(Problem("n_samples", n_samples, allowed))
    for name in of_em:
        value = getattr(learner, name)
        if learner.solver != "em" and value != type(learner).model_fields[name].default:
            found.append(Problem(f"learner.{name}", value, 'is for solver = "em" only; leave it out'))
    return found


def loose(tolerance: float) -> list[str]:
    """A tolerance that leaves more than a hundredth of a sampling standard deviation."""
    short = math.sqrt(2.0 * tolerance)
    if short <= 0.01:
        return []
    return [
        f"learner.tolerance = {tolerance:g}: a fit may end up to {short:.2g} "
        "sampling standard deviations short of the maximum"
    ]
