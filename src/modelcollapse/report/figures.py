"""Figures as inline SVG: each panel of an overview by itself, so that it can be read on a telephone, too."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from modelcollapse import plots
from modelcollapse.report.markup import Markup, element, wide

SIZE = (4.2, 3.3)
"""Inches of a panel."""
DOTS = 2000
"""Points of scattered dots beyond which they are stored as pixels."""
DPI = 200
SETTINGS: dict[Any, Any] = {"svg.hashsalt": "modelcollapse", "svg.fonttype": "path"}

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
SHAPES = frozenset(
    ("svg", "g", "defs", "path", "use", "clipPath", "pattern", "rect", "image", "circle", "polygon")
)
"""Elements that are kept; what draws nothing (metadata, comments, titles, styles) is left out."""
NO_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has not. Comments repeat a figure's texts, and may hold them."""
LONG = re.compile(r"-?\d+\.\d{3,}")


@dataclass(frozen=True)
class Panel:
    """A figure: what it shows, in words, and its SVG."""

    label: str
    svg: Markup


def panels_of(dataset: xr.Dataset) -> list[Panel]:
    """The panels of a result's overview, one by one."""
    figure = plots.plot(dataset)
    figure.suptitle("")
    figure.supxlabel("")
    figure.set_size_inches(*SIZE)
    return [_alone(figure, panel, number) for number, panel in enumerate(list(figure.axes))]


def _alone(figure: Figure, panel: Axes, number: int) -> Panel:
    for other in figure.axes:
        other.set_visible(other is panel)
        other.set_in_layout(other is panel)
    panel.set_subplotspec(GridSpec(1, 1, figure=figure)[0])
    panel.set_title("", loc="left")
    panel.patch.set_visible(False)
    for line in panel.lines:
        if line.get_linestyle() == "None" and len(line.get_xdata(orig=False)) > DOTS:  # type: ignore[arg-type]
            line.set_rasterized(True)
    y, x = panel.get_ylabel().replace("\n", " "), panel.get_xlabel()
    label = f"{y[:1].upper()}{y[1:]} against {x}"
    return Panel(label, inline(figure, f"f{number}-", label))


def whole(dataset: xr.Dataset, kind: str | None, number: int, label: str) -> Panel:
    """A figure as it is, with all its panels: of a study."""
    figure = plots.plot(dataset, kind)
    figure.suptitle("")
    return Panel(label, inline(figure, f"f{number}-", label))


def inline(figure: Figure, prefix: str, label: str) -> Markup:
    """A figure as an SVG element whose ids begin with a prefix, so that several can stand in one page."""
    file = io.BytesIO()
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(file, format="svg", dpi=DPI, facecolor="none", metadata={"Date": None})
    root = ET.fromstring(NO_XML.sub("", file.getvalue().decode("utf-8")))
    width = float(root.get("width", "0pt").removesuffix("pt")) / 72.0
    box = {"viewBox": root.get("viewBox", ""), "class": "chart", "role": "img", "aria-label": label}
    root.attrib = box | {"style": f"--width: {width:.2f}in"}
    _clean(root, prefix)
    return Markup(ET.tostring(root, encoding="unicode"))


def _clean(node: ET.Element, prefix: str) -> None:
    """Names without namespaces, ids with a prefix, numbers of two digits, nothing that does not draw."""
    node.tag = str(node.tag).removeprefix(SVG)
    node.text = node.tail = None
    node.attrib = dict(_attributes(node, prefix))
    for child in list(node):
        if isinstance(child.tag, str) and child.tag.removeprefix(SVG) in SHAPES:
            _clean(child, prefix)
        else:
            node.remove(child)


def _attributes(node: ET.Element, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in node.attrib.items():
        if name == "id":
            if node.tag in (
                "path",
                "clipPath",
                "pattern",
                "image",
            ):  # what others point to; the rest are names
                yield name, f"{prefix}{value}"
        elif name in (LINK, "href"):
            yield "href", f"#{prefix}{value[1:]}" if value.startswith("#") else value
        elif name == "d":
            yield name, LONG.sub(_short, " ".join(value.split()))
        elif name in ("x", "y"):
            yield name, LONG.sub(_short, value)
        elif not name.startswith("{"):
            yield name, value.replace("url(#", f"url(#{prefix}")


def _short(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")


def shown(panel: Panel, number: int, caption: str) -> Markup:
    """A figure with its number and caption."""
    words = element("figcaption", element("b", f"Figure {number}. "), caption)
    return element("figure", wide(panel.svg, panel.label), words)
