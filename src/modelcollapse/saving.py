"""Which generations a result stores."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from modelcollapse.fields import Count, Table, bad

LOG_SAVED = 250
"""Generations saved by ``save = "log"`` at most: 176 of 2,000, 209 of a million."""


class Every(Table):
    """Save every ``every``-th generation."""

    every: Count


def check(value: Any) -> Any:
    """Take ``"all"``, ``"log"`` or ``{every = 10}``."""
    if value in ("all", "log") or isinstance(value, Every):
        return value
    if isinstance(value, Mapping) and set(value) == {"every"}:
        return Every(**value)
    raise bad('must be "all", "log" or {every = a whole number}')


Save: TypeAlias = Literal["all", "log"] | Every


def saved(save: Save, last: int) -> list[int]:
    """The generations that are stored of 0..last: always 0 and the last."""
    if isinstance(save, Every):
        return sorted({*range(0, last + 1, save.every), last})
    if save == "all":
        return list(range(last + 1))
    return sorted({0, last, *_log_grid(last)})


def most(save: Save, last: int) -> int:
    """How many generations are stored at most, without listing them."""
    if isinstance(save, Every):
        return last // save.every + 2
    return last + 1 if save == "all" else min(last, LOG_SAVED) + 2


def _log_grid(last: int) -> list[int]:
    """80 generations a decade, or 40, or 20, whichever are at most `LOG_SAVED`.

    The grids are nested and none depends on the last generation otherwise, so that a longer recipe
    saves what a shorter one does.
    """
    for per_decade in (80, 40, 20, 10):
        steps = np.arange(int(np.log10(last) * per_decade) + 1) / per_decade
        grid = sorted({int(g) for g in (10.0**steps).round()})
        if len(grid) <= LOG_SAVED:
            break
    return grid
