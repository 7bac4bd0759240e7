"""Shumailov et al. (Nature 631, 755, 2024), the authors' notebook: a 2-D mixture on one blob."""

import warnings

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture

from book import drawing
from book.base import SEED, Row

SOURCE = (
    "Shumailov et al., The Curse of Recursion (Nature 631, 755, 2024), the authors' notebook: a 2-D "
    "mixture on one blob"
)
TITLE = "Two components on one blob of 1,000 items, 2,000 generations"
PAPER = (
    "make_blobs with one centre, std 1; two components, full covariance, tol 1e-5, at most 2,000 "
    "iterations, N = 1,000; stds at the end about 0.01"
)
HERE = "the same with scikit-learn's mixture at those settings, one path"
CAPTION = (
    "The training sets of one path at the generations that were published, all on the axes of the "
    "first. The components first share the blob, then drift and narrow; in the end next to nothing of "
    "it is left. One path: others take other ways and other times. scikit-learn adds 1e-6 to every "
    "variance in each fit, which keeps the standard deviations near √(N 1e-6) = 0.03."
)
N_SAMPLES, GENERATIONS, SHOWN = 1_000, 2_000, (0, 50, 100, 150, 200, 350, 2_000)


def compute() -> dict[str, np.ndarray]:
    items, _ = make_blobs(N_SAMPLES, centers=1, random_state=SEED)
    truth_mean, rng = items.mean(axis=0), np.random.RandomState(SEED)  # scikit-learn's, which draws on
    sets, spread = {}, []
    for t in range(GENERATIONS + 1):
        if t in SHOWN:
            sets[str(t)] = items - truth_mean
        spread.append(items.std(axis=0))
        if t == GENERATIONS:
            break
        mixture = GaussianMixture(2, tol=1e-5, max_iter=2_000, random_state=rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            items = mixture.fit(items).sample(N_SAMPLES)[0]
    return {**sets, "spread": np.array(spread)}


def draw(figure: Figure, data: dict[str, np.ndarray]) -> None:
    panels = drawing.panels(figure, 2, 4, height=2.4)
    figure.set_size_inches(8.6, 4.7)
    for panel, t in zip(panels, SHOWN, strict=False):
        items = data.get(str(t), np.empty((0, 2)))
        panel.plot(items[:, 0], items[:, 1], ".", ms=1.5, color=drawing.BLUE, rasterized=True)
        panel.set_xlim(-5, 5)
        panel.set_ylim(-5, 5)
        panel.set_aspect("equal")
        drawing.label(panel, "x₁", "x₂", f"generation {t:,}")
    spread, last = data["spread"], panels[-1]
    for axis, colour in ((0, drawing.BLUE), (1, drawing.VERMILLION)):
        last.plot(np.arange(len(spread)), spread[:, axis], color=colour, lw=1.0, label=f"x{'₁₂'[axis]}")
    last.set_yscale("log")
    drawing.label(last, "generation", "std of the items", "spread")
    drawing.legend(last)


def rows(data: dict[str, np.ndarray]) -> list[Row]:
    note = "published: stds of the components in one path, about; here: of all items in one path"
    return [
        Row(f"std of x{'₁₂'[i]} at the end", float(data["spread"][-1, i]), None, 0.01, None, note=note)
        for i in (0, 1)
    ]
