"""What the figures of the book share: panels, bands, law lines, legends, in the package's colours."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION

COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, "#666666")
MARKERS = "osD^vP*"
TEXT, SMALL = 8.0, 7.0
LETTERS = "abcdefghijklmnop"


def panels(figure: Figure, rows: int, columns: int, height: float = 2.9, **options: Any) -> list[Axes]:
    """Panels in reading order, each with its letter."""
    figure.set_size_inches(7.4 if columns > 1 else 4.6, height * rows)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    axes = list(np.ravel(figure.subplots(rows, columns, squeeze=False, **options)))
    for panel, letter in zip(axes, LETTERS, strict=False):
        panel.tick_params(labelsize=SMALL)
        panel.spines[["top", "right"]].set_visible(False)
        if len(axes) > 1:
            panel.set_title(letter, loc="left", fontsize=TEXT + 1, fontweight="bold")
    return axes


def label(panel: Axes, x: str, y: str, title: str = "") -> None:
    """Name the axes, and say in a few words what the panel shows."""
    panel.set_xlabel(x, fontsize=TEXT)
    panel.set_ylabel(y, fontsize=TEXT)
    if title:
        panel.set_title(title, fontsize=TEXT)


def law(panel: Axes, x: Any, y: Any, name: str | None = None, dash: Any = "-") -> None:
    """A law: thin and black, above what was simulated."""
    panel.plot(x, y, color=BLACK, lw=0.8, ls=dash, zorder=5, label=name)


def band(
    panel: Axes, x: Any, values: np.ndarray, colour: str, name: str | None, middle: str = "mean"
) -> None:
    """The mean or the median of ``(replicate, x)``, and a band that holds 80 % of the replicates."""
    low, high = np.nanquantile(values, [0.1, 0.9], axis=0)
    line = values.mean(axis=0) if middle == "mean" else np.median(values, axis=0)
    panel.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
    panel.plot(x, line, color=colour, lw=1.5, label=name)


def paths(
    panel: Axes, x: Any, values: np.ndarray, colour: str, name: str | None = None, most: int = 12
) -> None:
    """Single replicates of ``(replicate, x)``, thin."""
    for i, path in enumerate(values[:most]):
        panel.plot(
            x,
            path,
            color=colour,
            lw=0.6,
            alpha=0.6,
            label=name if i == 0 else None,
            rasterized=len(path) > 400,
        )


def points(
    panel: Axes, x: Any, y: Any, error: Any, colour: str, name: str | None = None, marker: str = "o"
) -> None:
    """Means with bars of two standard errors."""
    bars = None if error is None else 2.0 * np.asarray(error)
    panel.errorbar(
        x, y, bars, color=colour, ls="none", marker=marker, ms=4.0, lw=1.0, capsize=2.0, label=name
    )


def published(panel: Axes, x: Any, y: Any, name: str | None = "published") -> None:
    """Published values: open squares."""
    panel.plot(x, y, ls="none", marker="s", ms=7.5, mfc="none", mec=VERMILLION, mew=1.0, label=name, zorder=4)


def legend(panel: Axes, **options: Any) -> None:
    """Explain the lines: laws, which are black, last."""
    handles, names = panel.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: getattr(handles[i], "get_color", str)() == BLACK)
    looks = {"fontsize": SMALL, "frameon": False, "handlelength": 1.8, "labelspacing": 0.35, **options}
    panel.legend([handles[i] for i in order], [names[i] for i in order], **looks)
