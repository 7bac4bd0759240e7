"""Categories: their probabilities in the truth, and in the last models of all replicates."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modelcollapse.plots import style
from modelcollapse.results import experiment_of
from modelcollapse.types import Array

OTHERS = 12
"""Last models of other replicates drawn at most."""
MANY = 40
"""With more categories than this, they are drawn by their rank, on a logarithmic axis."""
SPAN = 100.0
"""Probabilities that span more than this factor get a logarithmic axis."""


def probabilities(panel: Axes, dataset: xr.Dataset) -> None:
    """Draw each category's probability in the truth, and in the last model of every replicate.

    Few categories stand in their own order; many, in the order of the truth's probabilities.
    """
    experiment, chosen = experiment_of(dataset), style.representative(dataset)
    truth: Array = experiment.source.params.probability[0]  # type: ignore[union-attr]
    last = dataset["probability"].isel(generation=-1).transpose("replicate", "category").values
    many = len(truth) > MANY
    order = np.argsort(-truth, kind="stable") if many else np.arange(len(truth))
    x, truth, last = np.arange(len(truth)) + int(many), truth[order], last[:, order]
    others = np.delete(last, chosen, axis=0)[:OTHERS]
    size = 3.0 if many else 4.5
    if len(others):
        panel.plot(np.tile(x, len(others)), _there(others).ravel(), ls="none", marker="o", mew=0,
                   ms=0.8 * size, color=style.SKY, alpha=float(np.clip(6.0 / len(others), 0.3, 0.8)),
                   label=f"{len(others)} others", gid="others", rasterized=others.size > 4000)  # fmt: skip
    name = "middle replicate" if len(others) else "the replicate"
    panel.plot(x, _there(last[chosen]), ls="none", marker="D", mew=0, ms=size, color=style.VERMILLION,
               label=name, gid="model", zorder=3)  # fmt: skip
    if many:
        panel.plot(x, _there(truth), color=style.BLACK, lw=1.2, ls=(0, (5, 2)), label="truth", gid="truth")
    else:
        panel.hlines(truth, x - 0.4, x + 0.4, color=style.BLACK, lw=1.2, label="truth", gid="truth")
    _axes(panel, truth, last, many)
    style.label(panel, "category, by its rank in the truth" if many else "category", "probability")
    there = truth > 0.0
    lost = f"lost {int((last[chosen][there] == 0.0).sum()):,} of {int(there.sum()):,}"
    whose = "middle replicate " if len(others) else ""
    style.legend(panel, 3, f"generation {int(dataset['generation'].values[-1])}: {whose}{lost} categories")


def _there(probability: Array) -> Array:
    """Leave out the categories that are lost: the heading counts them."""
    return np.where(probability > 0.0, probability, np.nan)


def _axes(panel: Axes, truth: Array, last: Array, many: bool) -> None:
    positive = np.concatenate([truth[truth > 0.0], last[last > 0.0]])
    if many:
        panel.set_xscale("log")
    else:
        panel.set_xlim(-0.6, len(truth) - 0.4)
        panel.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    if truth.max() > SPAN * truth[truth > 0.0].min():
        panel.set_yscale("log")
        panel.set_ylim(0.5 * positive.min(), 2.0 * positive.max())
    else:
        panel.set_ylim(0.0, 1.05 * positive.max())
