"""Colours of cells: perceptually even, logarithmic where numbers span decades; what is no number is apart."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from modelcollapse.plots import style
from modelcollapse.plots.scales import number, round_numbers
from modelcollapse.studies.quantities import Quantity
from modelcollapse.types import Array

SPAN = 20.0
"""Numbers that span more than this factor get a logarithmic scale."""
DECADES = 8.0
"""Of colours at most; less is drawn in the lowest."""
DASHES = (0, (4, 2))
NEVER, EMPTY, HATCH = "0.83", "white", "0.7"
"""Where there is no number because it is infinite, and because nothing is done yet."""
OF_RATIOS = np.array([0.01, 0.1, 0.5])
AROUND = [patheffects.withStroke(linewidth=2.2, foreground="white", alpha=0.8)]
LEVELS = 6
"""Contour lines of a law, about."""


Numbers = tuple[Array, Array, Array]
"""Of a panel: what is coloured, what a law says of it, and how far that comes to half."""


class Shades:
    """The colours of one quantity in all its panels."""

    def __init__(self, quantity: Quantity) -> None:
        """Choose the scale from all cells together."""
        values = quantity.middle[np.isfinite(quantity.middle)]
        positive = values[values > 0.0]
        self.quantity = quantity
        self.log = bool(positive.size and values.max() > SPAN * positive.min()) or (
            quantity.kind == "time" and positive.size > 0 and values.max() > 4.0 * positive.min()
        )
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        self.cut = False
        if self.log:
            low = max(float(positive.min()), high * 10.0**-DECADES)
            self.cut = bool((values < low).any())
            self.norm: Normalize = LogNorm(low, high)
        else:
            floor = 1.0 if quantity.kind == "factor" else 0.0
            low = floor if floor <= low < 0.5 * high else low
            high = max(high, 1.0) if quantity.kind == "ratio" else high
            self.norm = Normalize(low, high if high > low else low + 1.0)
        near = quantity.kind in ("ratio", "time")
        self.map: Colormap = matplotlib.colormaps["viridis" if near else "viridis_r"]

    def paint(self, panel: Axes, polygons: Sequence[Array], values: Array) -> None:
        """Fill a polygon a cell: by its number, neutral if that is infinite, hatched if there is none."""
        edge: dict[str, Any] = {"linewidths": 0.4, "edgecolors": "white"}
        kinds = {
            "cells": np.isfinite(values), "never": np.isinf(values), "not done": np.isnan(values)
        }  # fmt: skip
        for kind, mask in kinds.items():
            chosen = [polygon for polygon, here in zip(polygons, mask, strict=True) if here]
            if not chosen:
                continue
            if kind == "cells":
                drawn = PolyCollection(chosen, cmap=self.map, norm=self.norm, **edge)
                drawn.set_array(values[mask])
            elif kind == "never":
                drawn = PolyCollection(chosen, facecolors=NEVER, **edge)
            else:
                drawn = PolyCollection(
                    chosen, facecolors=EMPTY, edgecolors=HATCH, hatch="////", linewidths=0.0
                )
            drawn.set_gid(f"{kind} {self.quantity.name}")
            panel.add_collection(drawn)

    def bar(self, figure: Figure, panels: Sequence[Axes]) -> None:
        """Draw the scale of colours beside its panels; where no cell has a number, a grey one without any."""
        numbers = bool(np.isfinite(self.quantity.middle).any())
        mappable = ScalarMappable(self.norm, self.map if numbers else ListedColormap([NEVER]))
        bar = figure.colorbar(mappable, ax=list(panels), extend="min" if self.cut else "neither",
                              pad=0.02, aspect=22, fraction=0.06, shrink=0.9)  # fmt: skip
        bar.set_label(style.balanced(self.quantity.label, 38), fontsize=style.TEXT)
        bar.ax.tick_params(labelsize=style.TEXT)
        bar.outline.set_linewidth(0.6)
        if not numbers:
            bar.set_ticks([])
        elif self.log:
            bar.ax.yaxis.set_major_locator(FixedLocator(self._round()))
            bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(value))))

    def _round(self) -> list[float]:
        return round_numbers(self.norm.vmin or 1.0, self.norm.vmax or 1.0)

    def levels(self, law: Array) -> Array:
        """Values at which contour lines of a law are drawn: round ones that it passes."""
        law = law[np.isfinite(law)]
        if law.size < 4:
            return np.empty(0)
        if self.log and self.quantity.kind == "ratio":
            ticks = OF_RATIOS
        elif self.log:
            ticks = np.array(self._round())
        else:
            ticks = np.asarray(
                MaxNLocator(LEVELS, steps=[1, 2, 5, 10]).tick_values(
                    self.norm.vmin or 0.0, self.norm.vmax or 1.0
                )
            )
        return np.asarray(ticks[(ticks > law.min()) & (ticks < law.max())])

    def key(self) -> list[Any]:
        """What is no number, for a legend."""
        middle = self.quantity.middle
        found: list[Any] = []
        if np.isinf(middle).any():
            found.append(Patch(fc=NEVER, label=self._infinite()))
        if _crosses_half(self.quantity.reach):
            found.append(Line2D([], [], color=style.BLACK, ls=DASHES, lw=1.2, label="border by law"))
        if np.isnan(middle).any():
            found.append(Patch(fc=EMPTY, ec=HATCH, hatch="////", lw=0.0, label="not done"))
        return found

    def _infinite(self) -> str:
        if self.quantity.kind == "time":
            return f"more than {self.quantity.last:,} generations"
        if self.quantity.kind == "factor":
            return f"90 % quantile beyond {self.quantity.last:,}"
        return "infinite"

    def lines(self, contour: Any, law: Array, reach: Array) -> None:
        """Draw what a law says as lines, and dashed the border of where it comes to half.

        ``contour(values, levels, dashes)`` draws contours; of logs, where the colours are logarithmic.
        """
        levels = self.levels(law)
        if len(levels):
            with np.errstate(divide="ignore", invalid="ignore"):
                height, steps = (np.log10(law), np.log10(levels)) if self.log else (law, levels)
            drawn = contour(height, steps, "solid")
            if drawn is not None:
                drawn.set_gid(f"law {self.quantity.name}")
                _outlined(drawn, levels)
        if _crosses_half(reach):
            with np.errstate(divide="ignore"):
                drawn = contour(np.log10(reach), [0.0], DASHES)
            if drawn is not None:
                drawn.set_gid(f"border {self.quantity.name}")
                drawn.set_path_effects(AROUND)


def _crosses_half(reach: Array) -> bool:
    """Whether a law comes to half in some cells, and does not in others."""
    there = reach[np.isfinite(reach)]
    return bool(there.size and there.min() < 1.0 < there.max())


def _outlined(lines: Any, levels: Array) -> None:
    """Write the levels on contour lines, each at another place, with white around them to be seen."""
    lines.set_path_effects(AROUND)
    places = []
    for path, share in zip(lines.get_paths(), np.linspace(0.25, 0.75, len(levels)), strict=True):
        if len(path.vertices):
            places.append(tuple(path.vertices[int(share * (len(path.vertices) - 1))]))
    names = dict(zip(lines.levels, map(number, levels.tolist()), strict=True))
    for text in lines.axes.clabel(
        lines, fontsize=style.SMALL - 0.5, inline_spacing=2, fmt=names, manual=places
    ):
        text.set_path_effects(AROUND)
