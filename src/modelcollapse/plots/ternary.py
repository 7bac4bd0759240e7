"""A triangle of real, synthetic and kept shares: a hexagon a cell, with laws as contour lines."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.tri import Triangulation

from modelcollapse.plots import style
from modelcollapse.plots.scales import SHARES
from modelcollapse.plots.shades import Numbers, Shades
from modelcollapse.types import Array

HEIGHT = 0.5 * np.sqrt(3.0)
CORNERS = np.array([(0.5, HEIGHT), (0.0, 0.0), (1.0, 0.0)])
"""Where all items are real (the top), synthetic (left) and kept (right)."""
STEP = 0.2
"""Between ticks."""
SIDES = ((2, 0, 1, "← {}", -60.0), (0, 1, 2, "← {}", 60.0), (1, 2, 0, "{} →", 0.0))
"""Of each share: its ticks run from one corner, where it is 0, to another, where it is 1, and point away from
the third; its name with the way it grows, and how that is turned."""


def points(shares: Array) -> Array:
    """Where shares ``(cell, 3)`` of real, synthetic and kept lie in the plane, ``(cell, 2)``."""
    return np.asarray(shares @ CORNERS)


def ternary_map(panel: Axes, shares: Array, numbers: Numbers, shades: Shades) -> None:
    """Draw numbers ``(cell,)`` at their shares ``(cell, 3)``."""
    values, law, reach = numbers
    at = points(shares)
    step = _step(shares)
    turn = np.deg2rad(np.arange(30.0, 390.0, 60.0))
    hexagon = step / np.sqrt(3.0) * np.column_stack([np.cos(turn), np.sin(turn)])
    shades.paint(panel, [center + hexagon for center in at], values)
    _frame(panel, step)
    _contours(panel, at, law, reach, shades)


def _step(shares: Array) -> float:
    """The least difference between shares: the distance of neighbours."""
    steps = np.diff(np.unique(np.round(shares, 9)))
    return float(steps.min()) if len(steps) else 1.0


def _frame(panel: Axes, step: float) -> None:
    """Draw ticks and names along the sides, a little off the cells."""
    panel.set_axis_off()
    panel.set_aspect("equal")
    away = 0.62 * step
    middle = CORNERS.mean(axis=0)
    for share, (start, end, third, name, turn) in zip(SHARES, SIDES, strict=True):
        out = 0.5 * (CORNERS[start] + CORNERS[end]) - middle
        out /= np.hypot(*out)
        a, b = CORNERS[start] + away * out, CORNERS[end] + away * out
        panel.plot(*zip(a, b, strict=True), color=style.BLACK, lw=0.7, gid="side")
        tick = 0.025 * (CORNERS[start] - CORNERS[third])
        for value in np.arange(0.0, 1.0 + 1e-9, STEP):
            foot = a + value * (b - a)
            panel.plot(*zip(foot, foot + tick, strict=True), color=style.BLACK, lw=0.7)
            x, y = foot + 2.6 * tick
            panel.text(x, y, f"{value:.1f}", fontsize=style.SMALL, ha="center", va="center")
        x, y = 0.5 * (a + b) + 0.18 * out
        panel.text(x, y, name.format(share), rotation=turn, fontsize=style.TEXT, ha="center", va="center",
                   rotation_mode="anchor")  # fmt: skip
    panel.set_xlim(-0.14 - away, 1.14 + away)
    panel.set_ylim(-0.22 - away, HEIGHT + 0.06 + away)


def _contours(panel: Axes, at: Array, law: Array, reach: Array, shades: Shades) -> None:
    """Draw a law on the triangles whose corners all have a number."""
    if np.linalg.matrix_rank(at - at[0]) < 2:
        return
    triangles = Triangulation(at[:, 0], at[:, 1])

    def contour(values: Array, levels: Array, dashes: Any) -> Any:
        known = np.isfinite(values)
        whole = known[triangles.triangles].all(axis=1)
        if not whole.any():
            return None
        triangles.set_mask(~whole)
        return panel.tricontour(triangles, np.where(known, values, 0.0), levels=levels, colors=style.BLACK,
                                linewidths=0.9, linestyles=[dashes])  # fmt: skip

    shades.lines(contour, law, reach)
