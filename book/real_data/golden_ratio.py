"""He et al. (arXiv 2502.18049), the authors' code."""

import numpy as np
from matplotlib.figure import Figure

from book import drawing
from book.base import SEED, Row, mean_and_error

SOURCE = (
    "He et al., golden ratio weighting (arXiv 2502.18049), the authors' code: weight w on real, 1 - w on "
    "synthetic data"
)
TITLE = "The best weight of fresh real data is the golden ratio"
PAPER = (
    "n = m = 100 (k = 1), p = 2 dimensions, 200 generations, errors averaged over t >= 150, w from 0.20 "
    "to 0.80"
)
HERE = (
    "the same, 2,000 replicates; also k = n/m = 1/4 and 4; means are drawn and not the items, which is "
    "equal in law"
)
CAPTION = (
    "The mean is fitted to n fresh real items with weight w and to n/k items of the last model with "
    "weight 1 − w. In "
    "the long run its squared error, times n, is [w² + k (1 − w)²]/[w (2 − w)] of the variance (black), "
    "least at "
    "w* = (√(k² + 4k) − k)/2 (squares), where it equals w*. For as many synthetic as real items that is "
    "the golden "
    "ratio, 0.618, and not 1: old models carry what older real data said."
)
N_SAMPLES, DIMENSIONS, GENERATIONS, FROM, REPLICATES = 100, 2, 200, 150, 2_000
RATIOS = (0.25, 1.0, 4.0)
WEIGHTS = tuple(np.round(np.arange(0.20, 0.801, 0.05), 2))


def compute() -> dict[tuple[float, float], np.ndarray]:
    """n (M - mu0)^2 a dimension, averaged over the last generations, by ratio, weight and replicate."""
    return {(k, w): errors(k, w, i) for i, (k, w) in enumerate((k, w) for k in RATIOS for w in WEIGHTS)}


def errors(k: float, w: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng([SEED, seed])
    shape, std = (REPLICATES, DIMENSIONS), N_SAMPLES**-0.5
    mean, total = rng.normal(0.0, std, shape), np.zeros(REPLICATES)
    for t in range(2, GENERATIONS + 1):
        real = rng.normal(0.0, std, shape)
        synthetic = mean + rng.normal(0.0, std * np.sqrt(k), shape)
        mean = w * real + (1.0 - w) * synthetic
        total += (mean**2).mean(axis=1) * (t >= FROM)
    return N_SAMPLES * total / (GENERATIONS - FROM + 1)


def law(k: float, w: np.ndarray | float) -> np.ndarray | float:
    return (w**2 + k * (1.0 - w) ** 2) / (w * (2.0 - w))


def best(k: float) -> float:
    return float((np.sqrt(k * k + 4.0 * k) - k) / 2.0)


def draw(figure: Figure, data: dict[tuple[float, float], np.ndarray]) -> None:
    (panel,) = drawing.panels(figure, 1, 1, height=3.2)
    dense = np.linspace(0.15, 1.0, 200)
    for k, colour, marker in zip(RATIOS, drawing.COLOURS, drawing.MARKERS, strict=False):
        found = np.array([mean_and_error(data[k, w]) for w in WEIGHTS])
        drawing.points(panel, WEIGHTS, *found.T, colour, f"k = n/m = {k:g}", marker)
        drawing.law(panel, dense, law(k, dense), "law" if k == RATIOS[0] else None)
        panel.plot(best(k), law(k, best(k)), marker="s", ms=8, mfc="none", mec=drawing.BLACK, zorder=6)
        panel.annotate(f"{best(k):.3f}", (best(k), law(k, best(k))), (0, -14), textcoords="offset points",
                       fontsize=drawing.SMALL, ha="center")  # fmt: skip
    panel.set_ylim(0, 4)
    panel.set_xlim(0.15, 1.0)
    drawing.label(panel, "weight w of the fresh real items", "n E (M − μ₀)²/V₀ in the long run")
    drawing.legend(panel, loc="upper right")


def rows(data: dict[tuple[float, float], np.ndarray]) -> list[Row]:
    found = [
        Row(f"k = 1, w = {w:.2f}: n E (M − μ₀)²/V₀", *mean_and_error(data[1.0, w]), law=float(law(1.0, w)))
        for w in WEIGHTS[::2]
    ]
    for k in (0.25, 4.0):
        w = min(WEIGHTS, key=lambda one: abs(one - best(k)))
        found.append(
            Row(
                f"k = {k:g}, w = {w:.2f}: n E (M − μ₀)²/V₀", *mean_and_error(data[k, w]), law=float(law(k, w))
            )
        )
    value, error = optimum(1.0, data)
    note = "parabola through the five lowest"
    return [*found, Row("k = 1: best w", value, error, best(1.0), 0.0, best(1.0), note=note)]


def optimum(k: float, data: dict[tuple[float, float], np.ndarray]) -> tuple[float, float]:
    """Where a parabola through the five lowest points is least, with a bootstrap error."""
    w = np.array(WEIGHTS)
    values = np.array([data[k, one] for one in WEIGHTS])
    rng = np.random.default_rng(SEED)

    def least(means: np.ndarray) -> float:
        middle = int(np.clip(np.argmin(means), 2, len(w) - 3))
        part = slice(middle - 2, middle + 3)
        a, b, _ = np.polyfit(w[part], means[part], 2)
        return float(-b / (2.0 * a))

    drawn = [least(values[:, rng.integers(REPLICATES, size=REPLICATES)].mean(axis=1)) for _ in range(100)]
    return least(values.mean(axis=1)), float(np.std(drawn))
