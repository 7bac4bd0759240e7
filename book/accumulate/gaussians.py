"""Kazdan et al. (arXiv 2410.16713), multivariate Gaussian modelling, the authors' code."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
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
HERE = "d = 1 with the same n, 100 replicates; d = 3, 10 and 31 with n = 100, 30 replicates; 100 generations"
CAPTION = (
    "The mean variance over generations for five sizes n. **a** Where each generation replaces the data, "
    "it goes to 0 "
    "as (1 − 1/n)^t. **b** Where they pile up, it stops at sin(π/√n)/(π/√n) of the truth's. **c** Where n"
    " items are "
    "picked from the pile, it stops too, lower: what is missing is lost in the first generations. Black: "
    "exact laws, "
    "the third derived for this project. **Below** n = 100 in more dimensions: the trace of the covariance "
    "obeys "
    "the same laws, whatever d is."
)
SIZES = (10, 32, 100, 316, 1_000)
GENERATIONS, REPLICATES = 100, 100
DIMENSIONS, N_VECTORS, OF_VECTORS = (3, 10, 31), 100, 30
KINDS = {"mix": "replace", "accumulate": "accumulate", "accumulate-subsample": "accumulate-subsample"}


def compute() -> dict[tuple[str, int, int], xr.Dataset]:
    """By workflow, n and d."""
    line = {(kind, n, 1): run(kind, n, 1) for kind in KINDS for n in SIZES}
    return line | {(kind, N_VECTORS, d): run(kind, N_VECTORS, d) for kind in KINDS for d in DIMENSIONS}


def run(kind: str, n: int, d: int) -> xr.Dataset:
    truth = (
        {"family": "gaussian", "mean": 0, "std": 1} if d == 1 else {"family": "gaussian-nd", "dimension": d}
    )
    experiment = mc.Experiment(
        n_samples=n, generations=GENERATIONS, replicates=REPLICATES if d == 1 else OF_VECTORS, seed=SEED,
        truth=truth, learner={"family": truth["family"]}, workflow={"kind": kind},
    )  # fmt: skip
    return mc.run(experiment)


def expected(dataset: xr.Dataset, statistic: str = "mean") -> np.ndarray:
    """E V, or E log V, at generations 1, 2, ..."""
    laws = mc.expectations(mc.Experiment.from_json(dataset.attrs["recipe"]))
    law = next(one for one in laws if (one.metric, one.statistic) == ("total_variance", statistic))
    return law.at(dataset["generation"].values[1:])


def draw(figure: Figure, data: dict[tuple[str, int, int], xr.Dataset]) -> None:
    panels = drawing.panels(figure, 2, 3, height=2.6, sharex=True, sharey=True)
    above, below = panels[:3], panels[3:]
    for i, (kind, title) in enumerate(KINDS.items()):
        for colour, n in zip(drawing.COLOURS, SIZES, strict=False):
            _curve(above[i], data[kind, n, 1], 1, colour, f"n = {n:,}", n == SIZES[0])
        for colour, d in zip(drawing.COLOURS, (1, *DIMENSIONS), strict=False):
            _curve(below[i], data[kind, N_VECTORS, d], d, colour, f"d = {d}", d == 1)
        above[i].set_xscale("log")
        above[i].set_ylim(0, 1.35)
        drawing.label(above[i], "", "mean variance, (units of x)²" if i == 0 else "", title)
        drawing.label(
            below[i], "generation", "mean trace over d, (units of x)²" if i == 0 else "", f"n = {N_VECTORS}"
        )
    drawing.legend(above[0], loc="lower left")
    drawing.legend(below[0], loc="lower left")


def _curve(panel: Axes, dataset: xr.Dataset, d: int, colour: str, name: str, first: bool) -> None:
    """Mean over replicates, two standard errors, and the law."""
    part = dataset.isel(generation=slice(1, None))
    t, variance = part["generation"].values, part["total_variance"].values / d
    mean, error = variance.mean(axis=0), variance.std(axis=0, ddof=1) / np.sqrt(len(variance))
    panel.fill_between(t, mean - 2 * error, mean + 2 * error, color=colour, alpha=0.25, lw=0)
    panel.plot(t, mean, color=colour, lw=1.5, label=name)
    drawing.law(panel, t, expected(dataset) / d, "law" if first else None)


def rows(data: dict[tuple[str, int, int], xr.Dataset]) -> list[Row]:
    found = []
    for (kind, n, d), dataset in data.items():
        last = dataset["total_variance"].sel(generation=GENERATIONS).values
        if kind == "mix" and d == 1:  # the mean is carried by rare paths, that of the log by all
            mean, error = mean_and_error(np.log(last))
            law, what = expected(dataset, "mean of log")[-1], "mean log V"
        else:
            mean, error = mean_and_error(last)
            law, what = expected(dataset)[-1], "mean V" if d == 1 else "mean trace"
        found.append(
            Row(
                f"{KINDS[kind]}, n = {n:,}, d = {d}: {what} at t = {GENERATIONS}", mean, error, law=float(law)
            )
        )
    return found
