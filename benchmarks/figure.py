"""The figure: what a generation of one replicate costs as N grows, the lab's engines and the rivals."""

from collections.abc import Mapping
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogFormatterMathtext, NullFormatter, NullLocator

from benchmarks.contenders import ALL

BLUE, GREEN, VERMILLION = "#0072B2", "#009E73", "#D55E00"  # Okabe and Ito
GREY, DARK = "#999999", "#444444"
LOOKS: dict[str, dict[str, Any]] = {
    "exact": {"color": BLUE, "lw": 2.0, "marker": "o", "ms": 4},
    "grouped": {"color": GREEN, "lw": 2.0, "marker": "s", "ms": 4},
    "diffusion": {"color": VERMILLION, "lw": 2.0, "marker": "D", "ms": 3.6},
    "scikit-learn": {"color": DARK, "ls": "--", "marker": "x", "ms": 5},
    "scikit-learn-tight": {"color": DARK, "ls": "-", "marker": "x", "ms": 5},
    "numpy": {"color": "#000000", "ls": "-", "marker": "+", "ms": 6},
    "gmmx": {"color": "#56B4E9", "ls": "--", "marker": "^", "ms": 4, "mfc": "white"},
    "gmmx-tight": {"color": "#56B4E9", "ls": "-", "marker": "^", "ms": 4},
    "pomegranate": {"color": "#CC79A7", "ls": "--", "marker": "v", "ms": 4, "mfc": "white"},
    "pomegranate-tight": {"color": "#CC79A7", "ls": "-", "marker": "v", "ms": 4},
    "mlpack": {"color": "#E69F00", "ls": "-", "marker": "p", "ms": 4},
}


def draw(report: Mapping[str, Any]) -> Figure:
    """Draw cost against N, both logarithmic; a dashed line does not run EM to the maximum."""
    rows = report["rows"]["items"]
    made = Figure(figsize=(7.2, 4.0), layout="constrained", facecolor="white")
    FigureCanvasAgg(made)
    panel = made.subplots()
    for contender in ALL:
        own = sorted((r for r in rows if r["contender"] == contender.name), key=lambda r: r["n_samples"])
        if not own:
            continue
        x = [r["n_samples"] for r in own]
        y = [r["ms"]["median"] for r in own]
        look = {"lw": 1.1, **LOOKS[contender.name]}
        panel.plot(x, y, label=contender.label, zorder=3 if contender.ours else 2, **look)
        low, high = [r["ms"]["low"] for r in own], [r["ms"]["high"] for r in own]
        panel.vlines(x, low, high, color=look["color"], lw=0.8, zorder=2)
    panel.set_xscale("log")
    panel.set_yscale("log")
    decades = range(2, 1 + max(len(str(r["n_samples"])) for r in rows))
    panel.xaxis.set_major_locator(FixedLocator([10.0**d for d in decades]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(LogFormatterMathtext())
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel("N, items in a training set", fontsize=9)
    panel.set_ylabel("milliseconds a generation of one replicate", fontsize=9)
    panel.tick_params(labelsize=8)
    panel.grid(axis="y", color="#dddddd", lw=0.5)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    handles, labels = panel.get_legend_handles_labels()
    last = {label: line.get_ydata()[-1] for line, label in zip(handles, labels, strict=True)}
    ours = [c.label for c in ALL if c.ours and c.label in last]
    others = sorted((label for label in labels if label not in ours), key=lambda label: -last[label])
    by_label = dict(zip(labels, handles, strict=True))
    ordered = [*others, *ours]
    made.legend(
        [by_label[label] for label in ordered],
        ordered,
        fontsize=7.5,
        frameon=False,
        loc="outside right center",
        handlelength=2.6,
    )
    box = report["machine"]
    note = (
        f"Two components, one thread; medians and ranges over rounds. Dashed: EM stops before the maximum.\n"
        f"{box['processor']}, {report['date']}{', a quick try' if report['quick'] else ''}."
    )
    made.supxlabel(note, fontsize=6.5, x=0.01, ha="left", color="#444444")
    return made
