"""Densities: the truth, the models of one replicate over generations, the last models of all."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from modelcollapse.experiment import Experiment
from modelcollapse.plots import style
from modelcollapse.results import experiment_of
from modelcollapse.sources import DataSet, Law, Truth
from modelcollapse.types import Array

BETWEEN = 3
"""Generations drawn between the first and the last."""
OTHERS = 12
"""Last models of other replicates drawn at most."""
EDGE, MODEL_EDGE = 4.0, 3.0
"""Drawn are the quantiles from Phi(-4) to Phi(4) of the truth, and from Phi(-3) to Phi(3) of models."""
HEADROOM = 2.2
"""Peaks more than this many times as high as the truth's are cut."""


class Look(NamedTuple):
    """How a model is drawn."""

    colour: str
    dash: Any
    width: float
    alpha: float
    zorder: float


LOOKS = (
    Look(style.SKY, "-", 1.3, 1.0, 3.0),
    Look(style.GREEN, (0, (1, 1)), 1.3, 1.0, 3.1),
    Look(style.ORANGE, (0, (5, 1.5)), 1.3, 1.0, 3.2),
    Look(style.BLUE, (0, (6, 1.5, 1, 1.5)), 1.3, 1.0, 3.3),
    Look(style.VERMILLION, "-", 2.0, 1.0, 3.4),
)
"""Of the generations drawn, first to last."""


def densities(panel: Axes, dataset: xr.Dataset) -> None:
    """Draw the truth and the models of the replicate in the middle, above the last of the others."""
    experiment, chosen = experiment_of(dataset), style.representative(dataset)
    fitted = dataset.isel(generation=dataset["generation"].values > 0)
    one, ends = fitted.isel(replicate=chosen), fitted.isel(generation=-1)
    others = [r for r in range(fitted.sizes["replicate"]) if r != chosen][:OTHERS]
    shown = {g: model_at(experiment, one.sel(generation=g)) for g in chosen_generations(one)}
    rest = [model_at(experiment, ends.isel(replicate=r)) for r in others]
    low, high = _range(experiment.source, [*shown.values(), *rest])
    truth_peak = _truth(panel, experiment.source, low, high)
    name, peaks = f"{list(shown)[-1]}, others", [truth_peak]
    look = Look(style.PURPLE, "-", 0.7, float(np.clip(8.0 / max(len(rest), 1), 0.2, 0.7)), 2.0)
    for i, model in enumerate(rest):
        peaks.append(_model(panel, model, low, high, look, None if i else name))
    for look, (generation, model) in zip(looks(len(shown)), shown.items(), strict=True):
        peaks.append(_model(panel, model, low, high, look, str(generation)))
    panel.set_xlim(low, high)
    panel.set_ylim(0.0, 1.05 * min(max(peaks), HEADROOM * truth_peak))
    name = style.variable(experiment)
    style.label(panel, name, f"density, 1 / unit of {name}")
    style.legend(panel, 4, _heading(len(rest), max(peaks) / truth_peak))


def _heading(others: int, height: float) -> str:
    whose = " of the middle replicate" if others else ""
    cut = "\nhigher peaks are cut" if height > HEADROOM else ""
    points = ", triangles are points" if height == np.inf else ""
    return f"generation{whose}{cut}{points}"


def chosen_generations(one: xr.Dataset) -> list[int]:
    """The first and the last generation and some between, as evenly as they were saved."""
    saved = one["generation"].values
    wanted = [saved[0], *np.linspace(0, saved[-1], BETWEEN + 2)[1:]]
    return sorted({int(saved[np.abs(saved - g).argmin()]) for g in wanted})


def model_at(experiment: Experiment, stored: xr.Dataset) -> Law:
    """The model of one replicate and generation of a result."""
    family = experiment.learner
    return Law(family, family.restore({n: stored[n].values[None] for n in family.dimensions}))


def looks(count: int) -> list[Look]:
    """The first and the last look are kept for the first and the last generation."""
    return [*LOOKS[: count - 1], LOOKS[-1]] if count > 1 else [LOOKS[-1]]


def _range(truth: Truth, models: list[Law]) -> tuple[float, float]:
    score = np.array([[-EDGE, EDGE]])
    low, high = truth.quantile(score)[0]
    ends = np.array([model.quantile(score * MODEL_EDGE / EDGE)[0] for model in models])
    return float(min(low, ends[:, 0].min())), float(max(high, ends[:, 1].max()))


def _truth(panel: Axes, truth: Truth, low: float, high: float) -> float:
    """Draw the real density, or the histogram of the real items; give its peak."""
    if isinstance(truth, DataSet):
        bins = min(100, int(np.ceil(2.0 * len(truth.values) ** (1.0 / 3.0))))  # Rice's rule
        height, edges = np.histogram(truth.values, bins, density=True)
        panel.stairs(height, edges, fill=True, color="0.85", gid="truth fill")
        panel.stairs(height, edges, color=style.BLACK, lw=0.9, label="truth", gid="truth", zorder=4)
        return float(height.max())
    assert isinstance(truth, Law)
    x = _grid(truth, low, high)
    density = smooth_density(truth, x)
    panel.fill_between(x, density, color="0.85", lw=0)
    panel.plot(x, density, color=style.BLACK, ls="--", lw=1.0, label="truth", gid="truth", zorder=4)
    return float(density.max())


def _model(panel: Axes, model: Law, low: float, high: float, look: Look, name: str | None) -> float:
    """Draw a model: its smooth part as a curve, its points as marks of full height; give its peak."""
    x = _grid(model, low, high)
    density = smooth_density(model, x)
    colour, dash, width, alpha, zorder = look
    how: dict[str, Any] = {"color": colour, "ls": dash, "lw": width, "alpha": alpha, "zorder": zorder}
    if density.any():
        panel.plot(x, density, label=name, gid="model", **how)
        name = None
    points = point_masses(model)
    for i, at in enumerate(points):
        panel.plot([at, at], [0.0, 0.97], label=None if i else name, gid="point", marker="^", ms=4,
                   markevery=[1], transform=panel.get_xaxis_transform(), **how)  # fmt: skip
    return np.inf if len(points) else float(density.max())


def _grid(law: Law, low: float, high: float) -> Array:
    """Points of an even grid, and more where the law bends, however narrow that is."""
    knots = np.sort(law.line.knots(law.params)[0])
    between = np.linspace(knots[:-1], knots[1:], 9).ravel()
    x = np.unique(np.concatenate([np.linspace(low, high, 801), between]))
    return x[(x >= low) & (x <= high)]


def point_masses(law: Law) -> Array:
    """Where a model's components that are points lie: weight above 0 and no spread; or the whole model."""
    if not hasattr(law.params, "std"):
        mean, variance = law.moments()
        return np.asarray(mean[variance == 0.0])
    weight = getattr(law.params, "weight", np.ones_like(law.params.mean))
    return np.unique(law.params.mean[(weight > 0.0) & (law.params.std == 0.0)])


def smooth_density(law: Law, x: Array) -> Array:
    """The density without the points: 0 on them."""
    with np.errstate(all="ignore"):
        density = np.exp(law.line.log_pdf(law.params, x[None, :])[0])
    return np.where(np.isfinite(density), density, 0.0)
