"""Vectors: ellipses of models in the plane, and the eigenvalues of covariances in other dimensions."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modelcollapse.experiment import Experiment
from modelcollapse.metrics.vectors import eigenvalues
from modelcollapse.plots import density, style
from modelcollapse.results import experiment_of
from modelcollapse.sources import Law, Truth
from modelcollapse.types import Array

OTHERS = 12
"""Last models of other replicates drawn at most."""
SHOWN = 1_000
"""Real items of a data set that are drawn at most."""
RADIUS = 2.0
"""Ellipses hold the points up to so many standard deviations: 86 % of a component."""
TURN = np.linspace(0.0, 2.0 * np.pi, 121)


def models(panel: Axes, dataset: xr.Dataset) -> None:
    """Draw the truth and the models of the replicate in the middle, above the last of the others."""
    if experiment_of(dataset).learner.sizes()["dimension"] == 2:
        ellipses(panel, dataset)
    else:
        spectrum(panel, dataset)


def ellipses(panel: Axes, dataset: xr.Dataset) -> None:
    """Draw the components of models in the plane as ellipses of two standard deviations."""
    experiment, shown, rest, last = _chosen(dataset)
    _truth(panel, experiment.source)
    for i, model in enumerate(rest):
        name = None if i else f"{last}, others"
        _ellipses(panel, model, density.Look(style.PURPLE, "-", 0.7, _faint(rest), 2.0), name, "others")
    for look, (generation, model) in zip(density.looks(len(shown)), shown.items(), strict=True):
        _ellipses(panel, model, look, str(generation), "model")
    panel.set_aspect("equal", adjustable="datalim")
    panel.autoscale_view()
    columns = getattr(experiment.truth, "columns", None) or ("first coordinate", "second coordinate")
    style.label(panel, *columns)
    whose = " of the middle replicate" if rest else ""
    style.legend(panel, 4, f"generation{whose}\nellipses: {RADIUS:g} sd of a component")


def spectrum(panel: Axes, dataset: xr.Dataset) -> None:
    """Draw the eigenvalues of total covariances, the largest first."""
    experiment, shown, rest, last = _chosen(dataset)
    truth = eigenvalues(_covariance(experiment.source))[0]
    rank, seen = np.arange(1, len(truth) + 1), [truth]
    marker = "." if len(truth) <= style.FEW else ""
    for i, model in enumerate(rest):
        seen.append(eigenvalues(model.covariance())[0])
        panel.plot(rank, _there(seen[-1]), color=style.PURPLE, lw=0.7, alpha=_faint(rest), marker=marker,
                   ms=3, label=None if i else f"{last}, others", gid="others")  # fmt: skip
    for look, (generation, model) in zip(density.looks(len(shown)), shown.items(), strict=True):
        seen.append(eigenvalues(model.covariance())[0])
        panel.plot(rank, _there(seen[-1]), color=look.colour, ls=look.dash, lw=look.width, zorder=look.zorder,
                   marker=marker, ms=5, label=str(generation), gid="model")  # fmt: skip
    panel.plot(rank, _there(truth), color=style.BLACK, ls="--", lw=1.0, marker=marker, ms=5, label="truth",
               gid="truth", zorder=4)  # fmt: skip
    values = np.concatenate(seen)
    values = values[values > 1e-15 * values.max()]
    if values.size and values.max() > 100.0 * values.min():
        panel.set_yscale("log")
        panel.set_ylim(0.5 * values.min(), 2.0 * values.max())
    else:
        panel.set_ylim(bottom=0.0)
    panel.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    style.label(panel, "eigenvalue of the covariance, by size", "variance, (units of x)²")
    style.legend(panel, 4, f"generation{' of the middle replicate' if rest else ''}")


def _chosen(dataset: xr.Dataset) -> tuple[Experiment, dict[int, Law], list[Law], int]:
    """Models of the middle replicate by generation, the last ones of others, and the last generation."""
    experiment, chosen = experiment_of(dataset), style.representative(dataset)
    fitted = dataset.isel(generation=dataset["generation"].values > 0)
    one, ends = fitted.isel(replicate=chosen), fitted.isel(generation=-1)
    others = [r for r in range(fitted.sizes["replicate"]) if r != chosen][:OTHERS]
    generations = density.chosen_generations(one)
    shown = {g: density.model_at(experiment, one.sel(generation=g)) for g in generations}
    rest = [density.model_at(experiment, ends.isel(replicate=r)) for r in others]
    return experiment, shown, rest, generations[-1]


def _faint(rest: list[Law]) -> float:
    return float(np.clip(8.0 / max(len(rest), 1), 0.2, 0.7))


def _there(values: Array) -> Array:
    return np.where(values > 0.0, values, np.nan)


def _covariance(source: Truth) -> Array:
    return np.asarray(source.covariance())  # type: ignore[union-attr]


def _truth(panel: Axes, truth: Truth) -> None:
    """Draw the real components, or the real items."""
    if isinstance(truth, Law):
        _ellipses(panel, truth, density.Look(style.BLACK, "--", 1.0, 1.0, 4.0), "truth", "truth")
        return
    items = truth.values[:: max(1, len(truth.values) // SHOWN)]
    panel.plot(*items.T, ls="none", marker=".", ms=2, mew=0, color="0.65", label="truth", gid="truth",
               rasterized=len(items) > SHOWN // 2)  # fmt: skip


def _ellipses(panel: Axes, law: Law, look: density.Look, name: str | None, gid: str) -> None:
    """Draw the components alive, each as an ellipse with a dot in the middle where it is small."""
    params = law.params
    mean, covariance = params.mean.reshape(-1, 2), params.covariance.reshape(-1, 2, 2)
    weight = params.weight.ravel() if hasattr(params, "weight") else np.ones(1)
    for m, c in zip(mean[weight > 0.0], covariance[weight > 0.0], strict=True):
        size, axes = np.linalg.eigh(c)
        radius = RADIUS * np.sqrt(np.maximum(size, 0.0))
        x, y = m[:, None] + axes @ (radius[:, None] * np.array([np.cos(TURN), np.sin(TURN)]))
        panel.plot(x, y, color=look.colour, ls=look.dash, lw=look.width, alpha=look.alpha, zorder=look.zorder,
                   label=name, gid=gid)  # fmt: skip
        panel.plot(*m[:, None], color=look.colour, marker="+", ms=4, mew=0.8, ls="none", alpha=look.alpha,
                   zorder=look.zorder, gid=f"{gid} mean")  # fmt: skip
        name = None
