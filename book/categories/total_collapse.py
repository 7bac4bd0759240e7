"""Kazdan et al., Collapse or Thrive? (arXiv 2410.16713): time until one of ten categories is left."""

import numpy as np
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row
from modelcollapse.engines import ENGINES
from modelcollapse.recursion import generations
from modelcollapse.streams import generators

SOURCE = "Kazdan et al., Collapse or Thrive? (arXiv 2410.16713): time until one of ten categories is left"
TITLE = "Time to total collapse grows with n"
PAPER = "K = 10 uniform categories, n = 10 to 100,000; values read off a log plot"
HERE = "the same; 2,000 replicates at n = 10 to 12 at n = 100,000"
CAPTION = (
    "The time until one category is left is proportional to n. The diffusion limit, −2 n Σ (1 − p) ln(1 −"
    " p), is "
    "reached from below: the chain is faster by a few per cent at n = 10. Bands hold 80 % of the "
    "replicates: single "
    "times differ threefold at every n."
)
CATEGORIES = 10
PUBLISHED = {10: 17.0, 100: 200.0, 1_000: 1.8e3, 10_000: 1.7e4, 100_000: 1.9e5}
REPLICATES = {10: 2_000, 100: 2_000, 1_000: 300, 10_000: 60, 100_000: 12}


def compute() -> dict[int, np.ndarray]:
    """By n, the generation at which each replicate has one category left."""
    return {n: times(n, replicates) for n, replicates in REPLICATES.items()}


def times(n: int, replicates: int) -> np.ndarray:
    experiment = mc.Experiment(
        n_samples=n, generations=1, replicates=replicates, seed=SEED, engine="grouped",
        truth={"family": "categorical", "probabilities": [1.0 / CATEGORIES] * CATEGORIES},
        learner={"family": "categorical"},
    )  # fmt: skip
    learner, source = experiment.learner, experiment.source
    streams = generators(SEED, experiment.key(), range(replicates))
    steps = generations(
        ENGINES["grouped"](learner), experiment.workflow, source, n, experiment.start, streams
    )
    first = np.zeros(replicates, dtype=np.int64)
    for state, _ in steps:  # endless: it ends when all are collapsed
        collapsed = (state.params.probability == 1.0).any(axis=1)
        first[collapsed & (first == 0)] = state.generation
        if collapsed.all():
            return first
    raise AssertionError


def limit(n: int) -> float:
    p = 1.0 / CATEGORIES
    return -2.0 * n * CATEGORIES * (1.0 - p) * np.log(1.0 - p)


def draw(figure: Figure, data: dict[int, np.ndarray]) -> None:
    left, right = drawing.panels(figure, 1, 2)
    n = np.array(list(data))
    law = np.array([limit(k) for k in n])
    for panel, by in ((left, np.ones(len(n))), (right, law)):
        low, high = np.array([np.quantile(data[k], [0.1, 0.9]) for k in n]).T
        panel.fill_between(
            n, low / by, high / by, color=drawing.BLUE, alpha=0.18, lw=0, label="80 % of replicates"
        )
        mean = np.array([data[k].mean() for k in n])
        error = np.array([data[k].std(ddof=1) / len(data[k]) ** 0.5 for k in n])
        drawing.law(panel, n, law / by, "diffusion limit")
        drawing.points(panel, n, mean / by, error / by, drawing.BLUE, "mean, ± 2 standard errors")
        drawing.published(panel, n, np.array([PUBLISHED[k] for k in n]) / by, "published, read off a plot")
        panel.set_xscale("log")
    left.set_yscale("log")
    right.set_ylim(0, 2)
    drawing.label(left, "items, n", "generations until one is left")
    drawing.label(right, "items, n", "the same, over the diffusion limit")
    drawing.legend(left)
    drawing.legend(right, loc="lower right", ncols=2)


def rows(data: dict[int, np.ndarray]) -> list[Row]:
    note = "published: read off a log plot; law: the diffusion limit"
    return [
        Row(
            f"mean time, n = {n:,}",
            float(t.mean()),
            float(t.std(ddof=1) / len(t) ** 0.5),
            PUBLISHED[n],
            law=limit(n),
            about=True,
            note=note,
        )
        for n, t in data.items()
    ]
