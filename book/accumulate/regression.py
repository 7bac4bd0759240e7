"""Gerstgrasser et al. (arXiv 2404.01413); Dey and Donoho (arXiv 2410.22812)."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error

SOURCE = (
    "Gerstgrasser et al., Is Model Collapse Inevitable? (arXiv 2404.01413) [q]; Dey and Donoho (arXiv "
    "2410.22812) [q]"
)
TITLE = "Regression: errors that add up, and errors that stay below π²/6"
PAPER = (
    "least squares on the same inputs relabelled; replace grows linearly, accumulate stays below π²/6 of "
    "the first error; augmenting keeps an efficiency above 6/π²"
)
HERE = "d = 10, T = 100 inputs, noise 1, 30 generations, 300 replicates"
CAPTION = (
    "**a** Where each model labels the inputs for the next, every labelling adds the same error. **b** "
    "Where all labels are "
    "kept, the t-th adds 1/t² of it: the sum stays below π²/6. New inputs each time do a little better. "
    "**c** The same as an "
    "efficiency, the first error over the t-th: it goes to 0 where data are discarded, and stays above "
    "6/π² = 0.608 where "
    "they are kept."
)
DIMENSION, N_SAMPLES, GENERATIONS, REPLICATES = 10, 100, 30, 300
RUNS = {
    "replace": ("mix", "same"),
    "accumulate": ("accumulate", "same"),
    "accumulate, new inputs": ("accumulate", "new"),
}


def compute() -> dict[str, xr.Dataset]:
    return {name: run(*how) for name, how in RUNS.items()}


def run(kind: str, inputs: str) -> xr.Dataset:
    experiment = mc.Experiment(
        n_samples=N_SAMPLES, generations=GENERATIONS, replicates=REPLICATES, seed=SEED,
        truth={"family": "linear", "dimension": DIMENSION, "noise": 1.0},
        learner={"family": "linear", "inputs": inputs}, workflow={"kind": kind},
    )  # fmt: skip
    return mc.run(experiment)


def errors(dataset: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The excess error, ``(replicate, generation)`` from generation 1 on, and its law."""
    law = next(
        one
        for one in mc.expectations(mc.Experiment.from_json(dataset.attrs["recipe"]))
        if one.metric == "excess_error"
    )
    values = mc.measure(dataset, "excess_error").isel(generation=slice(1, None)).values
    return values, law.at(dataset["generation"].values[1:])


def draw(figure: Figure, data: dict[str, xr.Dataset]) -> None:
    replace, pool, efficient = drawing.panels(figure, 1, 3)
    t = np.arange(1, GENERATIONS + 1)
    for (name, dataset), colour in zip(data.items(), drawing.COLOURS, strict=False):
        values, law = errors(dataset)
        panel, first = (replace if name == "replace" else pool), law[0]
        drawing.band(panel, t, values / first, colour, name)
        drawing.law(panel, t, law / first, "law" if "new" not in name else None)
        efficient.plot(t, values[:, 0].mean() / values.mean(axis=0), color=colour, lw=1.5, label=name)
        drawing.law(efficient, t, first / law, "law" if name == "replace" else None)
    for panel, level in ((pool, np.pi**2 / 6), (efficient, 6 / np.pi**2)):
        panel.axhline(level, color="0.5", lw=0.8, ls="--")
    pool.annotate(
        "π²/6", (GENERATIONS, np.pi**2 / 6), (-2, 3), textcoords="offset points", fontsize=7, ha="right"
    )
    efficient.annotate(
        "6/π²", (GENERATIONS, 6 / np.pi**2), (-2, -10), textcoords="offset points", fontsize=7, ha="right"
    )
    pool.set_ylim(0, 4)
    efficient.set_ylim(0, 1.25)
    drawing.label(replace, "generation", "excess error over the first one's law", "replace")
    drawing.label(pool, "generation", "excess error over the first one's law", "accumulate")
    drawing.label(efficient, "generation", "efficiency", "what is left of the information")
    for panel, place in ((replace, "upper left"), (pool, "upper left"), (efficient, "upper right")):
        drawing.legend(panel, loc=place)


def rows(data: dict[str, xr.Dataset]) -> list[Row]:
    found = []
    for name, dataset in data.items():
        values, law = errors(dataset)
        for at in (1, GENERATIONS):
            found.append(
                Row(
                    f"{name}: excess error at t = {at}",
                    *mean_and_error(values[:, at - 1]),
                    law=float(law[at - 1]),
                )
            )
    values, law = errors(data["accumulate"])
    mean, error = mean_and_error(values[:, -1] / law[0])
    found.append(Row(f"accumulate: error at t = {GENERATIONS} over the first", mean, error, np.pi**2 / 6,
                     law=float(law[-1] / law[0]), note="published: below π²/6 [q]"))  # fmt: skip
    return found
