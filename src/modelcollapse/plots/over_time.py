"""Curves over generations: every replicate, the median, the 10-90 % band, and the law."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from modelcollapse.metrics import METRICS, SPREAD
from modelcollapse.plots import style
from modelcollapse.results import experiment_of, measure
from modelcollapse.theory import Expectation, expectations
from modelcollapse.types import Array

QUANTILES = (0.1, 0.5, 0.9)
POINTS = 200
"""Generations that are drawn at most."""
MODELS = 4000
"""Models that a slow metric takes at most for one curve: 25 generations at least, 160 replicates at most."""
MANY = 200
"""With more replicates than this, single ones are stored as pixels in SVG and PDF."""
SPAN = 100.0
"""A metric that spans more than this factor gets a logarithmic axis."""

SPREADS = [spread for spread, _ in SPREAD.values()]
LOOKS = ((style.BLUE, "-"), (style.VERMILLION, "-."))
LINES = 500
"""Replicates that are drawn as thin lines at most: more would hide the band. The band is of all."""


def thinned(dataset: xr.Dataset, points: int = POINTS) -> xr.Dataset:
    """Select generations, evenly among those saved, first and last included, to draw or measure."""
    saved = dataset.sizes["generation"]
    index = np.linspace(0, saved - 1, min(saved, points + 1)).round().astype(int)
    return dataset.isel(generation=np.unique(index))


def has_components(dataset: xr.Dataset) -> bool:
    """Tell whether the learner is a mixture of more than one component."""
    return dataset.sizes.get("component", 1) > 1


def metrics(panel: Axes, dataset: xr.Dataset, names: tuple[str, ...]) -> None:
    """Draw one metric over generations, or two of the same units, each with its laws."""
    experiment = experiment_of(dataset)
    known = expectations(experiment)
    curves, seen, remarks = [], [], []
    for name, look in zip(names, LOOKS, strict=False):
        values = measured(dataset, name)
        of = METRICS[name].head if len(names) > 1 else ""
        curves += _ensemble(panel, values, look, of)
        seen.append(values.values.ravel())
        t = values["generation"].values
        for law in known:
            if law.metric == name:
                _law(panel, t, law, of)
        remarks.append(_remark(name, values.values[:, -1]))
    _scale(panel, np.concatenate(curves), np.concatenate(seen))
    _generations(panel, dataset)
    metric = METRICS[names[0]]
    name = metric.head if len(names) > 1 else metric.label
    unit = metric.unit.format(x=f"units of {style.variable(experiment)}")
    style.label(panel, "generation", f"{name}, {unit}" if unit else name)
    style.legend(panel, 2, "; ".join(filter(None, remarks)))


def measured(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Measure some generations: without 0 where the metric is a distance, and 0 there by definition."""
    slow = METRICS[name].costly
    points = min(POINTS, max(25, MODELS // dataset.sizes["replicate"])) if slow else POINTS
    part = thinned(dataset, points).isel(replicate=slice(MODELS // 25 if slow else None))
    if METRICS[name].is_distance:
        part = part.isel(generation=part["generation"].values > 0)
    with np.errstate(all="ignore"):
        values = measure(part, name).transpose("replicate", "generation")
    return values.where(values.notnull(), np.inf) if METRICS[name].is_distance else values  # from points


def band(values: Array) -> Array:
    """The 10 %, 50 % and 90 % quantiles over replicates: ``(quantile, generation)``."""
    with np.errstate(invalid="ignore"):  # inf - inf, between two that are infinite
        return np.asarray(np.quantile(values, QUANTILES, axis=0))


def _ensemble(panel: Axes, values: xr.DataArray, look: tuple[str, str], name: str) -> list[Array]:
    """Draw all replicates, and the median and band where there is more than one; give the latter."""
    t, rows, metric = values["generation"].values, _finite(values.values), str(values.name)
    colour, dash = look
    marker = "." if len(t) <= style.FEW else ""
    if METRICS[metric].yes_or_no and len(rows) > 1:
        share = rows.mean(axis=0)
        panel.plot(t, share, color=colour, ls=dash, lw=1.8, marker=marker, gid=f"share {metric}",
                   label="share of replicates")  # fmt: skip
        return [share]
    if len(rows) == 1:
        panel.plot(t, rows[0], color=colour, ls=dash, lw=1.3, marker=marker,
                   label=name or "the replicate", gid=f"replicate {metric}")  # fmt: skip
        return [rows[0]]
    alpha = float(np.clip(4.0 / len(rows), 0.02, 0.5))
    thin = rows[:LINES]
    dots = marker if len(rows) <= MANY else ""
    panel.plot(t, thin.T, color=colour, lw=0.5, alpha=alpha, marker=dots, ms=2,
               gid=f"replicate {metric}", rasterized=len(rows) > MANY)  # fmt: skip
    low, middle, high = _finite(band(values.values))
    panel.fill_between(t, low, high, color=colour, alpha=0.2, lw=0, gid=f"band {metric}")
    panel.plot(t, middle, color=colour, ls=dash, lw=1.8, marker=marker, gid=f"median {metric}",
               label=f"{name}: median" if name else "median")  # fmt: skip
    return [low, middle, high]


def _law(panel: Axes, t: Array, law: Expectation, of: str) -> None:
    """Draw a law at generations >= 1; of a mean of logs, its exponential, the typical trajectory.

    A bound is dotted, for the curves need not follow it.
    """
    t = t[t > 0]
    typical = law.statistic == "mean of log"
    values = np.exp(law.at(t)) if typical else law.at(t)
    bound = law.sense != "equal"
    dash = (0, (1, 2.5)) if bound else ":" if typical else (0, (5, 2))
    what = f"bound: {law.sense} this, the {law.statistic}" if bound else f"law of the {law.statistic}"
    panel.plot(t, values, color=style.BLACK, ls=dash, lw=1.2,
               marker="x" if len(t) <= style.FEW else "", gid=f"law {law.metric} {law.statistic}",
               label=f"{of}: {what}" if of else what,
               zorder=5)  # fmt: skip


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)


def _scale(panel: Axes, curves: Array, seen: Array) -> None:
    """Take a logarithmic axis where the curves span more than two decades, else one from 0."""
    low, high = _positive_range(curves)
    if high <= SPAN * low:
        panel.set_ylim(bottom=0.0)
        return
    panel.set_yscale("log", nonpositive="clip")  # a line that ends at 0 leaves downwards
    low, high = _positive_range(seen)
    panel.set_ylim(0.5 * low, 2.0 * high)


def _positive_range(values: Array) -> tuple[float, float]:
    positive = values[np.isfinite(values) & (values > 0.0)]
    return (float(positive.min()), float(positive.max())) if positive.size else (1.0, 1.0)


def _generations(panel: Axes, dataset: xr.Dataset) -> None:
    last = int(dataset["generation"].values[-1])
    margin = 0.25 if last <= style.FEW else 0.0
    panel.set_xlim(-margin, last + margin)
    panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _remark(name: str, last: Array) -> str:
    """Count the replicates that the panel cannot show at the end."""
    where = f"of {len(last)} replicates at the end"
    if not np.isfinite(last).all():
        return f"infinite for {int((~np.isfinite(last)).sum())} {where}"
    if name in SPREADS and not last.all():
        return f"exactly 0 for {int((last == 0.0).sum())} {where}"
    return ""


def weights(panel: Axes, dataset: xr.Dataset) -> None:
    """Draw the weights of all components of all replicates, as points and never as lines.

    Components are stored in the order of their means; a line would claim that one lives on.
    """
    part = thinned(dataset, POINTS // 2)
    experiment, chosen = experiment_of(dataset), style.representative(dataset)
    weight = part["weight"].transpose("replicate", "generation", "component").values
    t = part["generation"].values
    others = np.delete(weight, chosen, axis=0)
    if len(others):
        _dots(panel, t, others, (style.BLUE, "o", 1.6), f"{len(others)} others")
    _dots(panel, t, weight[[chosen]], (style.VERMILLION, "D", 2.4),
          "middle replicate" if len(others) else "the replicate")  # fmt: skip
    if experiment.start is not None:
        for i, value in enumerate(np.unique(experiment.start.weight)):
            panel.axhline(value, color=style.BLACK, ls=(0, (5, 2)), lw=1.0, gid="truth weight",
                          label=None if i else "truth")  # fmt: skip
    panel.set_ylim(-0.03, 1.03)
    _generations(panel, dataset)
    style.label(panel, "generation", "weights of the components")
    style.legend(panel, 3)


def _dots(panel: Axes, t: Array, weight: Array, look: tuple[str, str, float], name: str) -> None:
    """Draw points ``(replicate, generation, component)``."""
    colour, marker, size = look
    x = np.broadcast_to(t[:, None], weight.shape)
    panel.plot(x.ravel(), weight.ravel(), ls="none", marker=marker, mew=0, ms=size, color=colour,
               alpha=float(np.clip(8.0 / len(weight), 0.05, 0.9)), label=name, gid=f"weights {name}",
               rasterized=len(weight) > MANY)  # fmt: skip
