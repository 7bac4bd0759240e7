"""Shumailov et al. (arXiv 2305.17493; Nature 631, 755, 2024), the authors' notebook."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error

SOURCE = (
    "Shumailov et al., The Curse of Recursion (arXiv 2305.17493; Nature 631, 755, 2024), the authors' "
    "notebook"
)
TITLE = "One Gaussian refitted 1,000 times: fresh samples each time, and all of them pooled"
PAPER = "n = 100, 500, 1,000 and 10,000, 1,000 generations, variance divided by n, one path each"
HERE = "the same sizes, 100 replicates each; pools of n >= 1,000 items on the grouped engine"
CAPTION = (
    "**a** From fresh synthetic samples alone the spread of every path goes to 0, n = 100 first: lines "
    "are medians. "
    "**b** Where all samples so far are pooled, it settles: at the mean that the product law gives, a "
    "little lower for "
    "small n. **c** The mean drifts until the spread is gone, and stops where it is; its mean squared "
    "error follows "
    "its law. One path of each size, as published, would show any of this and the opposite."
)
SIZES = (100, 500, 1_000, 10_000)
GENERATIONS, REPLICATES = 1_000, 100
KINDS = ("mix", "accumulate")


def compute() -> dict[tuple[str, int], xr.Dataset]:
    return {(kind, n): run(kind, n) for kind in KINDS for n in SIZES}


def run(kind: str, n: int) -> xr.Dataset:
    experiment = mc.Experiment(
        n_samples=n, generations=GENERATIONS, replicates=REPLICATES, seed=SEED, save="log",
        truth={"family": "gaussian", "mean": 0, "std": 1}, learner={"family": "gaussian"},
        workflow={"kind": kind}, engine="grouped" if kind == "accumulate" else "exact",
    )  # fmt: skip
    return mc.run(experiment)


def laws(dataset: xr.Dataset) -> dict[tuple[str, str], np.ndarray]:
    """All laws of a result, by metric and statistic, at its generations from 1 on."""
    t = dataset["generation"].values[1:]
    known = mc.expectations(mc.Experiment.from_json(dataset.attrs["recipe"]))
    return {(law.metric, law.statistic): law.at(t) for law in known}


def draw(figure: Figure, data: dict[tuple[str, int], xr.Dataset]) -> None:
    panels = drawing.panels(figure, 1, 3)
    for colour, n in zip(drawing.COLOURS, SIZES, strict=False):
        replace, pooled = data["mix", n].isel(generation=slice(1, None)), data["accumulate", n]
        t = replace["generation"].values
        law = laws(data["mix", n])
        std = replace["std"].values
        drawing.band(panels[0], t, std, colour, f"n = {n:,}", middle="median")
        typical = np.exp(0.5 * law["total_variance", "mean of log"])
        drawing.law(panels[0], t, typical, "exp(E log std)" if n == SIZES[0] else None)
        after = pooled.isel(generation=slice(1, None))
        drawing.band(panels[1], t, after["total_variance"].values, colour, f"n = {n:,}")
        name = "law: E V" if n == SIZES[0] else None
        drawing.law(panels[1], t, laws(pooled)["total_variance", "mean"], name)
        square = replace["total_mean"].values ** 2
        panels[2].plot(t, square.mean(axis=0), color=colour, lw=1.5, label=f"n = {n:,}")
        name = "law: V₀ (1 − qᵗ)" if n == SIZES[0] else None
        drawing.law(panels[2], t, law["squared_error_of_mean", "mean"], name)
    panels[2].set_yscale("log")
    for panel in panels:
        panel.set_xscale("log")
    drawing.label(panels[0], "generation", "standard deviation, units of x", "fresh samples: median, 80 %")
    drawing.label(panels[1], "generation", "variance, (units of x)²", "pooled: mean, 80 %")
    drawing.label(panels[2], "generation", "mean (M − μ₀)², (units of x)²", "fresh samples")
    panels[0].set_ylim(bottom=0.0)
    for panel, place in zip(panels, ("lower left", "upper right", "lower right"), strict=True):
        drawing.legend(panel, loc=place)


def rows(data: dict[tuple[str, int], xr.Dataset]) -> list[Row]:
    found = []
    for n in SIZES:
        dataset = data["mix", n]
        law, last = laws(dataset), GENERATIONS
        variance = dataset["total_variance"].sel(generation=last).values
        log, error = mean_and_error(np.log(variance))
        expected = float(law["total_variance", "mean of log"][-1])
        found.append(Row(f"fresh, n = {n:,}: mean log V at t = {last:,}", log, error, law=expected))
        near = int(
            np.argmin(abs(dataset["generation"].values - min(n, last)))
        )  # later it is carried by rare paths
        at = int(dataset["generation"].values[near])
        square, error = mean_and_error(dataset["total_mean"].values[:, near] ** 2)
        expected = float(law["squared_error_of_mean", "mean"][near - 1])
        found.append(Row(f"fresh, n = {n:,}: mean (M − μ₀)² at t = {at:,}", square, error, law=expected))
        pooled = data["accumulate", n]
        mean, error = mean_and_error(pooled["total_variance"].sel(generation=last).values)
        expected = float(laws(pooled)["total_variance", "mean"][-1])
        found.append(Row(f"pooled, n = {n:,}: mean V at t = {last:,}", mean, error, law=expected))
    return found
