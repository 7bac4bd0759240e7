"""What all figures share: colours that colour-blind readers tell apart, the canvas, the title."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS, SPREAD
from modelcollapse.results import experiment_of, measure
from modelcollapse.sources import DataSet

# Okabe and Ito, Color Universal Design, 2008
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

SMALL = 7.0
TEXT = 8.0
LONGEST = 44
"""Characters of a line beside a panel: the height of one of four."""
FEW = 12
"""Curves with at most this many generations get markers: one point alone makes no line."""


def canvas(dataset: xr.Dataset, rows: int, columns: int, *captions: str) -> tuple[Figure, list[Axes]]:
    """Make an empty figure that says what was run, with its panels in reading order."""
    width, height = (5.2, 4.0) if rows * columns == 1 else (3.7 * columns, 3.1 * rows + 0.5)
    replicates = dataset.sizes["replicate"]
    sentences = list(captions) if replicates > 1 else []
    notes = dataset.attrs.get("notes")
    sentences += [f"Note: {notes}."] if notes else []
    heading = title(experiment_of(dataset), replicates, int(width * 15))
    figure = sheet(width, height, heading, sentences)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]
    for panel, letter in zip(axes, "abcdef", strict=False):
        panel.tick_params(labelsize=TEXT)
        panel.spines[["top", "right"]].set_visible(False)
        if len(axes) > 1:
            panel.set_title(letter, loc="left", fontsize=TEXT + 1, fontweight="bold", x=-0.12)
    return figure, axes


def sheet(width: float, height: float, heading: str, sentences: list[str]) -> Figure:
    """Make an empty figure, in inches, with a heading above and a caption beneath."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(heading, fontsize=TEXT, parse_math=False)
    caption = textwrap.fill(" ".join(sentences), int(width * 18))
    figure.supxlabel(caption, fontsize=SMALL, x=0.01, ha="left", parse_math=False)
    return figure


def label(panel: Axes, x: str, y: str) -> None:
    """Name the axes of a panel."""
    panel.set_xlabel(x, fontsize=TEXT, parse_math=False)
    panel.set_ylabel(textwrap.fill(y, LONGEST), fontsize=TEXT, parse_math=False)


def balanced(text: str, width: int) -> str:
    """Break a text into lines of about the same length, of so many characters at most."""
    lines = -(-len(text) // width)
    return min((textwrap.fill(text, wide) for wide in range(len(text) // (lines + 1), width + 1)),
               key=lambda filled: (filled.count("\n"), max(map(len, filled.split("\n")))))  # fmt: skip


def legend(panel: Axes, columns: int, heading: str = "") -> None:
    """Explain the lines above the panel, where they cover nothing."""
    box = panel.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, fontsize=SMALL, frameon=False,
        title=heading or None, title_fontsize=SMALL, alignment="left", columnspacing=1.2,
        handlelength=2.2, borderpad=0.0, labelspacing=0.3,
    )  # fmt: skip
    for handle in box.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def title(experiment: Experiment, replicates: int, width: int) -> str:
    """Say what was run: truth and learner, then sizes and workflow."""
    return "\n".join(joined(line, width) for line in title_lines(experiment, replicates))


def title_lines(experiment: Experiment, replicates: int) -> tuple[list[str], list[str]]:
    """The parts of a title's two lines."""
    said = parts(experiment)
    count = f"{replicates} replicate{'s' * (replicates > 1)}"
    sizes = [said["size"], said["workflow"], count, said["seed"], said["engine"]]
    return [said["truth"], said["learner"]], list(filter(None, sizes))


def parts(experiment: Experiment) -> dict[str, str]:
    """What was run, in parts; empty where nothing need be said."""
    return {
        "truth": f"truth: {_truth(experiment)}",
        "learner": f"learner: {_learner(experiment)}",
        "size": f"N = {experiment.n_samples:,}",
        "workflow": f"{experiment.workflow.kind}: {', '.join(experiment.workflow.describe())}",
        "seed": f"seed {experiment.seed}",
        "engine": f"engine: {experiment.engine}" if experiment.engine != "exact" else "",
    }


def joined(parts: list[str], width: int) -> str:
    """Join parts by dots, breaking lines only between them."""
    text = parts[0]
    for part in parts[1:]:
        fits = len(text.rsplit("\n", 1)[-1]) + len(part) + 3 <= width
        text += (" · " if fits else "\n") + part
    return text


def _truth(experiment: Experiment) -> str:
    truth: Any = experiment.truth
    if isinstance(experiment.source, DataSet):
        return f"{_file(truth)} ({len(experiment.source.values)} items)"
    if truth.family == "categorical":
        count = f"{experiment.source.params.probability.shape[1]:,} categories"
        zipf = truth.zipf
        if zipf is not None:
            return f"{count}, Zipf (exponent {zipf.exponent:g}, shift {zipf.shift:g})"
        return f"{_file(truth)} ({count})" if truth.path else count
    if truth.family.endswith("-nd"):
        d = experiment.learner.sizes()["dimension"]
        parts = f"mixture of {len(truth.weights)} Gaussians" if hasattr(truth, "weights") else "Gaussian"
        return f"{parts}, {d} dimension{'s' * (d > 1)}"
    if truth.family == "mixture":
        return f"mixture of {len(truth.weights)} Gaussians"
    if truth.family == "linear":
        dimension = experiment.source.params.coefficient.shape[1]
        return f"linear in {dimension} dimension{'s' * (dimension > 1)} (noise {truth.noise:g})"
    if truth.family == "poisson":
        return f"Poisson (rate {truth.rate:g})"
    return "Gaussian" if truth.family == "gaussian" else str(truth.family)


def _file(truth: Any) -> str:
    """Name a data file, and the column if one was chosen."""
    columns = getattr(truth, "columns", None) or (getattr(truth, "column", None),)
    return ", ".join([Path(truth.path).name, *filter(None, columns)])


IN_WORDS = {
    "categorical": "frequencies",
    "poisson": "Poisson",
    "bayesian-gaussian": "Gaussian (posterior draws)",
}
"""Learners whose name is not how one would call them in a title."""


def _learner(experiment: Experiment) -> str:
    learner = experiment.learner
    if learner.name in ("mixture", "mixture-nd"):
        solver = "EM" if learner.solver == "em" else learner.solver
        return f"mixture of {learner.components} ({solver})"
    if learner.name == "gaussian":
        known = learner.known_std
        return f"Gaussian (ddof {learner.ddof})" if known is None else f"Gaussian (known std {known:g})"
    if learner.name == "gaussian-nd":
        return f"Gaussian (ddof {learner.ddof})"
    if learner.name == "linear":
        ridge = f", ridge {learner.ridge:g}" if learner.ridge else ""
        return f"least squares ({learner.inputs} inputs{ridge})"
    if learner.name == "kde":
        return f"kernel density (bandwidth {_value(learner.bandwidth)})"
    if learner.name == "estimator":
        return str(learner.object_name).rsplit(".", 1)[-1]
    return IN_WORDS.get(learner.name, str(learner.name))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def variable(experiment: Experiment) -> str:
    """Name what the items are: a data set's column, else x."""
    return str(getattr(experiment.truth, "column", None) or "x")


def representative(dataset: xr.Dataset) -> int:
    """The replicate in the middle by its last spread; of two in the middle, the lower."""
    spread, _ = SPREAD[experiment_of(dataset).learner.items]
    last = measure(dataset.isel(generation=[-1]), spread).values[:, 0]
    return int(np.argsort(last, kind="stable")[(len(last) - 1) // 2])


def middle(dataset: xr.Dataset) -> str:
    """Say which replicate stands in the middle."""
    spread, _ = SPREAD[experiment_of(dataset).learner.items]
    return f"Middle replicate: median {METRICS[spread].label} at the end."
