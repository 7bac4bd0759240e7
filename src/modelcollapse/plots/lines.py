"""A study along one axis, a line for each value of another: median, band over replicates, and the law."""

from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from modelcollapse.plots import style
from modelcollapse.plots.scales import Scale, name_axes, number, round_numbers
from modelcollapse.studies.quantities import Quantity
from modelcollapse.types import Array

COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)
MARKERS = "osD^vP"
SPAN = 30.0
"""Numbers that span more than this factor get a logarithmic axis."""
DECADES = 8.0
"""Of a logarithmic axis at most."""


class Look(NamedTuple):
    """How a line is drawn, what it is called, and how far aside its points lie where they are not joined."""

    colour: Any
    marker: str
    name: str
    aside: float


def colours(scale: Scale | None) -> list[Any]:
    """A colour for each value: of few ones that are told apart, of many or of numbers in order."""
    count = 1 if scale is None else len(scale.values)
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    return list(matplotlib.colormaps["viridis"](np.linspace(0.0, 0.92, count)))


def lines(panel: Axes, x: Scale, series: Scale | None, quantity: Quantity, which: Any) -> None:
    """Draw a quantity along an axis; ``which`` selects the panel's numbers, ``(x, series)``."""
    low, middle, high, law = (
        which(part) for part in (quantity.low, quantity.middle, quantity.high, quantity.law)
    )
    top, ceiling = _scale(panel, quantity)
    order = np.argsort(x.position)
    at = x.position[order]
    for i, colour in enumerate(colours(series)):
        name = series.labels[i] if series is not None else "median"
        look = Look(
            colour, MARKERS[i % len(MARKERS)], name, 0.12 * (i % 5 - 2) if series is not None else 0.0
        )
        height = top * (ceiling / top) ** ((i + 1) / (middle.shape[1] + 1))
        parts = [np.where(np.isinf(part), ceiling, part)[order, i] for part in (low, middle, high)]
        _one(panel, x.numeric, at, parts, look, quantity.name)
        never = np.isinf(middle[order, i])
        panel.plot(at[never], np.full(int(never.sum()), height), color=colour, ls="none", marker=look.marker,
                   ms=4.0, mfc="white", mew=0.9, gid=f"never {quantity.name}", zorder=3)  # fmt: skip
        known = np.where(np.isfinite(law[order, i]), law[order, i], np.nan)
        if np.isfinite(known).any():
            panel.plot(at, known, color=colour if series is not None else style.BLACK, ls=(0, (4, 2)), lw=1.1,
                       gid=f"law {quantity.name}", zorder=4)  # fmt: skip
    margin = 0.03 * float(x.high.max() - x.low.min())
    panel.set_xlim(at[0] - margin, at[-1] + margin) if x.numeric else panel.set_xlim(-0.5, len(at) - 0.5)
    name_axes(panel, x)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=style.TEXT)


def _one(panel: Axes, joined: bool, at: Array, parts: list[Array], look: Look, name: str) -> None:
    """Draw one line with its band; where values are names without distances, points with bars."""
    low, middle, high = parts
    middle = np.where(np.isfinite(middle) & (middle < panel.get_ylim()[1]), middle, np.nan)
    points: dict[str, Any] = {"color": look.colour, "marker": look.marker, "mew": 0, "label": look.name}
    if joined:
        panel.fill_between(at, low, high, color=look.colour, alpha=0.16, lw=0, gid=f"band {name}")
        panel.plot(at, middle, lw=1.5, ms=3.6, gid=f"median {name}", zorder=3, **points)
    else:
        panel.vlines(at + look.aside, low, high, color=look.colour, lw=1.5, alpha=0.6, gid=f"band {name}")
        panel.plot(at + look.aside, middle, ls="none", ms=5, gid=f"median {name}", zorder=3, **points)


def _scale(panel: Axes, quantity: Quantity) -> tuple[float, float]:
    """Choose the vertical axis from all panels' numbers; what is infinite is drawn between these two."""
    ends = np.concatenate([quantity.low.ravel(), quantity.middle.ravel(), quantity.high.ravel()])
    seen = ends[np.isfinite(ends)]
    positive = seen[seen > 0.0]
    panel.set_ylabel(style.balanced(quantity.label, style.LONGEST), fontsize=style.TEXT, parse_math=False)
    if quantity.kind == "time":
        return _of_times(panel, quantity, float(positive.min(initial=quantity.last)), np.isinf(ends).any())
    if positive.size and positive.max() > SPAN * positive.min():
        high = float(positive.max())
        panel.set_yscale("log", nonpositive="clip")
        panel.set_ylim(0.7 * max(float(positive.min()), high * 10.0**-DECADES), 1.5 * high)
    else:
        high = 1.05 * float(seen.max(initial=1.0 if quantity.kind == "ratio" else 0.0)) or 1.0
        panel.set_ylim(min(0.0, float(seen.min(initial=0.0))), high)
    return panel.get_ylim()[1], panel.get_ylim()[1]


def _of_times(panel: Axes, quantity: Quantity, least: float, infinite: bool) -> tuple[float, float]:
    """A logarithmic axis with a strip at its top for what did not happen within the study."""
    last = float(quantity.last)
    high = last * (last / least) ** 0.2 if last > least else 2.0 * last
    panel.set_yscale("log")
    panel.set_ylim(0.8 * least, high if infinite else 1.1 * last)
    panel.yaxis.set_major_locator(FixedLocator(round_numbers(least, last)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(value))))
    panel.yaxis.set_minor_formatter(NullFormatter())
    if infinite:
        panel.axhspan(last, high, color="0.9", lw=0, zorder=0, gid="more than")
        panel.set_title(f"grey: more than {quantity.last:,} generations", loc="right", fontsize=style.SMALL)
    return last, high
