"""Bertrand et al. (arXiv 2310.00429): fixed real data; the law is derived here."""

import numpy as np
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error
from modelcollapse.theory import stationary_deficit

SOURCE = (
    "Bertrand et al., stability of iterative retraining (arXiv 2310.00429): fixed real data; the law is "
    "derived here"
)
TITLE = "The same real items again, or fresh ones: three times the loss"
PAPER = "theorems on fixed real data mixed with synthetic data, no figure of this"
HERE = "one Gaussian, N = 100, real shares 0.05 to 0.8, 5,000 replicates, generations 100 to 200"
CAPTION = (
    "The share of the variance that is missing in the long run. Replaying the same real items costs (3 − "
    "2 λ) times as "
    "much as drawing fresh ones, λ the real share: nearly three times while it is small."
)
N_SAMPLES, GENERATIONS, REPLICATES = 100, 200, 5_000
SETTLED, EVERY = 100, 10
SHARES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
KINDS = ("fresh", "fixed")


def compute() -> dict[tuple[str, float], np.ndarray]:
    """1 - V/V0 of each replicate: its mean over every tenth generation from 100 on."""
    return {(kind, share): deficit(kind, share) for kind in KINDS for share in SHARES}


def deficit(kind: str, share: float) -> np.ndarray:
    experiment = mc.Experiment(
        n_samples=N_SAMPLES, generations=GENERATIONS, replicates=REPLICATES, seed=SEED,
        save={"every": EVERY},
        truth={"family": "gaussian", "mean": 0, "std": 1}, learner={"family": "gaussian"},
        workflow={"kind": "mix", "real": share, "real_source": kind},
    )  # fmt: skip
    late = mc.run(experiment)["total_variance"].sel(generation=slice(SETTLED, None))
    return 1.0 - late.mean("generation").values


def draw(figure: Figure, data: dict[tuple[str, float], np.ndarray]) -> None:
    loss, ratio = drawing.panels(figure, 1, 2)
    dense = np.linspace(0.04, 0.9, 100)
    means = {key: mean_and_error(values) for key, values in data.items()}
    for kind, colour, marker in zip(KINDS, drawing.COLOURS, drawing.MARKERS, strict=False):
        y, error = np.array([means[kind, share] for share in SHARES]).T
        drawing.points(loss, SHARES, y, error, colour, f"{kind} real items", marker)
        drawing.law(
            loss,
            dense,
            [stationary_deficit(N_SAMPLES, x, kind) for x in dense],
            "law" if kind == "fixed" else None,
        )
    loss.set_xscale("log")
    loss.set_yscale("log")
    loss.set_xticks(SHARES, [f"{x:g}" for x in SHARES])
    loss.minorticks_off()
    drawing.label(loss, "real share λ", "missing variance, 1 − E V/V₀")
    drawing.legend(loss)
    y, error = quotient(means)
    drawing.points(ratio, SHARES, y, error, drawing.GREEN, "here, ± 2 standard errors")
    drawing.law(ratio, dense, 3.0 - 2.0 * dense, "law: 3 − 2 λ")
    ratio.set_ylim(0, 5)
    drawing.label(ratio, "real share λ", "loss with fixed over with fresh items")
    drawing.legend(ratio)


def quotient(means: dict[tuple[str, float], tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """The ratio of the two losses and its standard error, to first order."""
    fresh, fixed = (np.array([means[kind, share] for share in SHARES]) for kind in KINDS)
    ratio = fixed[:, 0] / fresh[:, 0]
    return ratio, abs(ratio) * np.hypot(fresh[:, 1] / fresh[:, 0], fixed[:, 1] / fixed[:, 0])


def rows(data: dict[tuple[str, float], np.ndarray]) -> list[Row]:
    return [
        Row(
            f"{kind}, λ = {share:g}: 1 − E V/V₀",
            *mean_and_error(v),
            law=stationary_deficit(N_SAMPLES, share, kind),
        )
        for (kind, share), v in data.items()
    ]
