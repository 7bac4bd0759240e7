"""Figures of a study: which kinds there are, which axes span them, and what explains lines and colours."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from modelcollapse.metrics import METRICS
from modelcollapse.plots import style
from modelcollapse.plots.layout import View, grid
from modelcollapse.plots.lines import lines
from modelcollapse.plots.maps import heat_map
from modelcollapse.plots.scales import Scale, scale_of, shares_of, simplex_of
from modelcollapse.plots.shades import Numbers, Shades
from modelcollapse.plots.ternary import ternary_map
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.quantities import TYPICAL, Quantity, factor, quantities
from modelcollapse.types import Array

ENOUGH = 3
"""Numbers that an axis of a map has at least."""


def check(dataset: xr.Dataset) -> None:
    """Refuse a study of which there is nothing to draw."""
    cells = Cells.of(dataset)
    if not (cells.generations > 0).any() or not any(cells.done(index).any() for index in cells):
        raise ValueError("there is nothing to plot: no cell of the study is done yet")


def default_kind(dataset: xr.Dataset) -> str:
    """A triangle where shares are swept, a map where two axes have numbers enough, else lines."""
    cells = Cells.of(dataset)
    if simplex_of(cells) is not None:
        return "ternary"
    return "map" if len(_wide(cells)) > 1 else "lines"


def _wide(cells: Cells) -> list[str]:
    """Axes of numbers, `ENOUGH` of them or more; those with the most come first."""
    scales = [scale_of(cells, axis) for axis in cells.axes]
    wide = [scale for scale in scales if scale.numeric and len(scale.values) >= ENOUGH]
    return [scale.axis for scale in sorted(wide, key=lambda scale: -len(scale.values))]


def heat_maps(dataset: xr.Dataset) -> Figure:
    """Draw `kind = "map"`."""
    cells = Cells.of(dataset)
    simplex = simplex_of(cells)
    rest = [axis for axis in cells.axes if axis != simplex and axis not in _wide(cells)]
    two = [axis for axis in (*_wide(cells), *rest) if cells.dataset.sizes[axis] > 1][:2]
    if len(two) < 2:
        raise ValueError('kind = "map": the study has no two axes to span one; "lines" needs one')
    x, y = (scale_of(cells, axis) for axis in sorted(two, key=cells.axes.index))
    view = View(cells, (x.axis, y.axis), quantities(cells))

    def panel(axes: Axes, place: tuple[int, ...], quantity: Quantity, shades: Shades) -> None:
        heat_map(axes, x, y, _numbers(view, quantity, place), shades)

    return _coloured(view, panel)


def triangles(dataset: xr.Dataset) -> Figure:
    """Draw `kind = "ternary"`."""
    cells = Cells.of(dataset)
    axis = simplex_of(cells)
    if axis is None:
        raise ValueError(
            'kind = "ternary": no axis of the study is a simplex of real, synthetic and kept shares'
        )
    shares = shares_of(cells, axis)
    view = View(cells, (axis,), quantities(cells))

    def panel(axes: Axes, place: tuple[int, ...], quantity: Quantity, shades: Shades) -> None:
        ternary_map(axes, shares, _numbers(view, quantity, place), shades)

    return _coloured(view, panel)


def lines_of(dataset: xr.Dataset) -> Figure:
    """Draw `kind = "lines"`."""
    cells = Cells.of(dataset)
    scales = [scale_of(cells, axis) for axis in cells.axes if axis != simplex_of(cells)]
    if not scales:
        raise ValueError('kind = "lines": the study has no axis to draw along; a simplex is none')
    x, *more = sorted(scales, key=lambda s: (s.numeric, len(s.values)), reverse=True)
    series = more[0] if more else None
    view = View(cells, (x.axis, *([series.axis] if series else [])), quantities(cells))
    said = _said(view, view.quantities, "Shaded: 10-90 % of replicates.", "Dashed")
    places = view.places()
    figure, panels = grid(view, view.quantities, 3.6 if len(places) < 3 else 2.6, 2.7, said)
    for (row, column), panel in np.ndenumerate(panels):

        def which(values: Array, place: tuple[int, ...] = places[column]) -> Array:
            part = view.select(values, place)
            return part if series else part[:, None]

        lines(panel, x, series, view.quantities[row], which)
    for row in panels if len(places) > 1 else ():
        _outer_labels_alone(row)
    # Above the first row small multiples have their names.
    _name_lines(panels[min(len(places), len(panels), 2) - 1, 0], view.quantities, series)
    return figure


def _numbers(view: View, quantity: Quantity, place: tuple[int, ...]) -> Numbers:
    middle, law, reach = (
        view.select(part, place) for part in (quantity.middle, quantity.law, quantity.reach)
    )
    return middle, law, reach


Draw = Callable[[Axes, tuple[int, ...], Quantity, Shades], None]


def _coloured(view: View, draw: Draw) -> Figure:
    """Panels of colours: a row a quantity, a column a small multiple; of one column a square of four."""
    shown = list(view.quantities)
    times = [quantity for quantity in shown if quantity.kind == "time"]
    if times and view.cells.dataset.sizes["replicate"] > 1:
        spread = factor(times[0])
        shown += [spread] if np.isfinite(spread.middle).any() else []
    width = 3.9 if len(view.places()) == 1 else 2.9
    said = _said(view, shown, "Colours: medians over replicates.", "Black lines")
    figure, panels = grid(view, shown, width, 2.9, said)
    for row, quantity in zip(panels, shown, strict=True):
        shades = Shades(quantity)
        for place, panel in zip(view.places(), row, strict=True):
            draw(panel, place, quantity, shades)
        shades.bar(figure, row)
        key = shades.key()
        if key:
            box = row[0].legend(handles=key, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3,
                                fontsize=style.SMALL, frameon=False, handlelength=1.4, borderpad=0.0,
                                columnspacing=1.0, handletextpad=0.5)  # fmt: skip
            box.set_in_layout(False)  # it is as high as the panel's letter
        _outer_labels_alone(row)
    return figure


def _outer_labels_alone(row: Any) -> None:
    """Name the vertical axis of the first panel of a row only."""
    for panel in row[1:]:
        panel.set_ylabel("")


def _said(view: View, shown: list[Quantity], what: str, lines: str) -> list[str]:
    """What colours or bands are, and of what the laws are."""
    what = what if view.cells.dataset.sizes["replicate"] > 1 else "One replicate a cell."
    said, few = [what], [quantity for quantity in shown if quantity.most is not None]
    known = {quantity.law_label for quantity in shown if np.isfinite(quantity.law).any()}
    if known:
        laws = "mean" if known == {"mean"} else TYPICAL
        more = ", or of the mean where that alone is known" if len(known) > 1 else ""
        timed = any(q.kind == "time" and np.isfinite(q.law).any() for q in shown)
        times = " (of times: when that comes to half)" if timed else ""
        said.append(f"{lines}: law of the {laws}{more}{times}.")
    return [*said, *(f"{_upper(METRICS[q.metric].label)}: the first {q.most} replicates." for q in few)]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _name_lines(panel: Axes, shown: list[Quantity], series: Scale | None) -> None:
    """Explain the lines above a panel."""
    handles, names = panel.get_legend_handles_labels()
    if any(np.isfinite(quantity.law).any() for quantity in shown):
        handles.append(Line2D([], [], color=style.BLACK, ls=(0, (4, 2)), lw=1.1))
        names.append("law")
    box = panel.legend(handles, names, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4,
                       fontsize=style.SMALL, frameon=False, title=series.name if series else None,
                       title_fontsize=style.SMALL, alignment="left", borderpad=0.0, columnspacing=1.0,
                       labelspacing=0.3)  # fmt: skip
    for text in box.get_texts():  # names are anybody's
        text.set_parse_math(False)


KINDS: dict[str, Callable[[xr.Dataset], Figure]] = {"map": heat_maps, "ternary": triangles, "lines": lines_of}
"""All kinds of figures of a study."""
