"""Heat maps of a study over two axes, with laws as contour lines."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from modelcollapse.plots import style
from modelcollapse.plots.scales import Scale, name_axes
from modelcollapse.plots.shades import Numbers, Shades
from modelcollapse.types import Array


def heat_map(panel: Axes, x: Scale, y: Scale, numbers: Numbers, shades: Shades) -> None:
    """Draw numbers ``(x, y)`` as coloured slots, and what a law says of them as lines."""
    values, law, reach = numbers
    corners = [
        np.array([(x.low[i], y.low[j]), (x.high[i], y.low[j]), (x.high[i], y.high[j]), (x.low[i], y.high[j])])
        for i, j in np.ndindex(values.shape)
    ]
    shades.paint(panel, corners, values.ravel())
    panel.set_xlim(x.low.min(), x.high.max())
    panel.set_ylim(y.low.min(), y.high.max())
    name_axes(panel, x, y)
    panel.spines[["top", "right", "left", "bottom"]].set_visible(False)
    if x.numeric and y.numeric:
        _contours(panel, x, y, law, reach, shades)


def _contours(panel: Axes, x: Scale, y: Scale, law: Array, reach: Array, shades: Shades) -> None:
    """Draw a law where it is known; a slot for 0 is no neighbour of the others."""
    across, up = ([i for i in np.argsort(s.position) if not s.zero[i]] for s in (x, y))
    if len(across) < 2 or len(up) < 2:
        return

    def contour(values: Array, levels: Array, dashes: Any) -> Any:
        return panel.contour(x.position[across], y.position[up], np.ma.masked_invalid(values), levels=levels,
                             colors=style.BLACK, linewidths=0.9, linestyles=[dashes])  # fmt: skip

    shades.lines(contour, *(numbers[np.ix_(across, up)].T for numbers in (law, reach)))
