"""Kazdan et al. (arXiv 2410.16713), multivariate Gaussian modelling, the authors' code."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error

SOURCE = (
    "Kazdan et al., Collapse or Thrive? (arXiv 2410.16713), multivariate Gaussian modelling, the authors'"
    " code"
)
TITLE = "Replace, accumulate, accumulate and subsample: Gaussians"
PAPER = "d = 1, 3, 10, 31, 100; n = 10, 32, 100, 316, 1,000; 100 generations, 100 seeds, ddof 0"
HERE = "d = 1, the same n, generations and number of seeds"
CAPTION = (
    "The mean variance over generations for five sizes n. **a** Where each generation replaces the data, "
    "it goes to 0 "
    "as (1 − 1/n)^t. **b** Where they pile up, it stops at sin(π/√n)/(π/√n) of the truth's. **c** Where n"
    " items are "
    "picked from the pile, it stops too, lower: what is missing is lost in the first generations. Black: "
    "exact laws, "
    "the third derived for this project."
)
SIZES = (10, 32, 100, 316, 1_000)
GENERATIONS, REPLICATES = 100, 100
KINDS = {"mix": "replace", "accumulate": "accumulate", "accumulate-subsample": "accumulate-subsample"}


def compute() -> dict[tuple[str, int], xr.Dataset]:
    return {(kind, n): run(kind, n) for kind in KINDS for n in SIZES}


def run(kind: str, n: int) -> xr.Dataset:
    experiment = mc.Experiment(
        n_samples=n, generations=GENERATIONS, replicates=REPLICATES, seed=SEED, workflow={"kind": kind},
        truth={"family": "gaussian", "mean": 0, "std": 1}, learner={"family": "gaussian"},
    )  # fmt: skip
    return mc.run(experiment)


def expected(dataset: xr.Dataset, statistic: str = "mean") -> np.ndarray:
    """E V, or E log V, at generations 1, 2, ..."""
    laws = mc.expectations(mc.Experiment.from_json(dataset.attrs["recipe"]))
    law = next(one for one in laws if (one.metric, one.statistic) == ("total_variance", statistic))
    return law.at(dataset["generation"].values[1:])


def draw(figure: Figure, data: dict[tuple[str, int], xr.Dataset]) -> None:
    panels = drawing.panels(figure, 1, 3, sharey=True)
    for panel, (kind, title) in zip(panels, KINDS.items(), strict=True):
        for colour, n in zip(drawing.COLOURS, SIZES, strict=False):
            dataset = data[kind, n].isel(generation=slice(1, None))
            t, variance = dataset["generation"].values, dataset["total_variance"].values
            mean, error = variance.mean(axis=0), variance.std(axis=0, ddof=1) / np.sqrt(len(variance))
            panel.fill_between(t, mean - 2 * error, mean + 2 * error, color=colour, alpha=0.25, lw=0)
            panel.plot(t, mean, color=colour, lw=1.5, label=f"n = {n:,}")
            drawing.law(panel, t, expected(data[kind, n]), "law" if n == SIZES[0] else None)
        panel.set_xscale("log")
        drawing.label(panel, "generation", "mean variance, (units of x)²" if kind == "mix" else "", title)
        panel.set_ylim(0, 1.35)
    drawing.legend(panels[0], loc="lower left")


def rows(data: dict[tuple[str, int], xr.Dataset]) -> list[Row]:
    found = []
    for (kind, n), dataset in data.items():
        last = dataset["total_variance"].sel(generation=GENERATIONS).values
        if kind == "mix":  # the mean is carried by rare paths, that of the log by all
            mean, error = mean_and_error(np.log(last))
            law, what = expected(dataset, "mean of log")[-1], "mean log V"
        else:
            mean, error = mean_and_error(last)
            law, what = expected(dataset)[-1], "mean V"
        found.append(
            Row(f"{KINDS[kind]}, n = {n:,}: {what} at t = {GENERATIONS}", mean, error, law=float(law))
        )
    return found
