"""What EM takes: how long a step is, and how many there are. Measured, and right to a factor of about three.

A fit begins at the model that made its data, so a few plain steps do where components lie apart. Where they
overlap, where there are more of them than the truth has, or where each has few items, the likelihood is flat
along some direction. Its curvature there is of the order 1/sqrt(N) of the others', and so many more steps are
needed, each of which looks at all pairs of components.
"""

import math
from typing import Any

import numpy as np

PLAIN = 1.5e-8
"""Seconds an item and component: two or three steps of EM."""
PAIR = 4.5e-9
"""Seconds an item and pair of components of one step with second derivatives."""
USUAL = 0.7
"""Such steps of a fit at least, on average."""
APART = 2.2
"""Stds between neighbouring means of a truth below which its components overlap."""
SPARE, OVERLAPPING = 3.0, 1.0
"""Steps per sqrt(N) with more components than the truth has, and with components that overlap."""
FEW, STEPS_OF_FEW = 1.5, 12.0
"""With N = 1.5 components^3 items or fewer, a fit takes about 12 steps more; of more items, fewer."""


def easy(components: int, items: int) -> float:
    """Seconds of a fit to a truth of as many components, that lie apart."""
    if components < 3:
        return 4e-9 * items
    return items * (PLAIN * components + PAIR * USUAL * components**2)


def times(components: int, source: Any, items: int, most: int) -> float:
    """How many times as long a fit to ``items`` items of a truth takes; ``most`` steps at most."""
    steps = min(most, _more(components, source, items))
    return (easy(components, 1) + steps * PAIR * components**2) / easy(components, 1)


def _more(components: int, source: Any, items: int) -> float:
    """Steps beyond the usual ones."""
    found = STEPS_OF_FEW * min(1.0, FEW * components**3 / items) if components > 2 else 0.0
    params = getattr(source, "params", None)
    known = hasattr(params, "mean") and hasattr(params, "std")
    mean, std = (np.ravel(getattr(params, name)) if known else np.zeros(0) for name in ("mean", "std"))
    if known and len(mean) < components:
        return found + SPARE * math.sqrt(items)
    if components > 2 and (not known or _overlap(mean, std)):
        return found + OVERLAPPING * math.sqrt(items)
    return found


def _overlap(mean: Any, std: Any) -> bool:
    """Whether some neighbours among the components overlap."""
    order = np.argsort(mean)
    wider = np.maximum(std[order][1:], std[order][:-1])
    return bool((np.diff(mean[order]) < APART * wider).any())
