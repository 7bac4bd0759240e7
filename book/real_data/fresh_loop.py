"""Alemohammad et al., Self-Consuming Generative Models Go MAD (arXiv 2307.01850), the fresh data loop."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import brentq

from book import drawing
from book.base import SEED, Row, mean_and_error
from book.sums import fitted
from modelcollapse.theory import shrinkage

SOURCE = "Alemohammad et al., Self-Consuming Generative Models Go MAD (arXiv 2307.01850), the fresh data loop"
TITLE = "The fresh data loop forgets how it began"
PAPER = (
    "n_r = 100 real and n_s = 900 synthetic items a generation, n_ini = 100 and 1,000 real ones at first,"
    " sampling bias λ = 1 and 0.8"
)
HERE = (
    "the same sizes with one Gaussian in one dimension; sums of normals are drawn and not the normals, "
    "which is equal in law"
)
CAPTION = (
    "Fits to 100 fresh real items and 900 items drawn from the last fit. **a** However many real items "
    "there were at "
    "first, the expected distance to the truth has one limit. **b** So has the mean variance; with "
    "sampling bias λ "
    "(synthetic variance times λ) it is lower, and the loop still does not collapse. Black: exact "
    "stationary laws. **c** "
    "How many real items a single fit needs to be as near to the truth, over n_r: above 1, without "
    "sampling bias "
    "synthetic data help; with it, they soon harm."
)
REAL, SYNTHETIC = 100, 900
BEGINNINGS, BIASES = (100, 1_000), (1.0, 0.8)
SWEEP = (10, 30, 100, 300, 900, 3_000, 10_000)
GENERATIONS, REPLICATES, SETTLED = 120, 4_000, 60


@dataclass(frozen=True)
class Loop:
    """Mean and variance of the models, ``(generation, replicate)`` from generation 1 on."""

    mean: np.ndarray
    variance: np.ndarray

    def distance(self) -> np.ndarray:
        """Squared Wasserstein-2 distance to the truth, N(0, 1)."""
        return self.mean**2 + (np.sqrt(self.variance) - 1.0) ** 2


def run(first: int, synthetic: int, bias: float, seed: int, generations: int = GENERATIONS) -> Loop:
    rng = np.random.default_rng([SEED, seed])
    truth = np.zeros(REPLICATES), np.ones(REPLICATES)
    models = [fitted(rng, [(first, *truth)])]
    for _ in range(generations - 1):
        mean, variance = models[-1]
        models.append(fitted(rng, [(REAL, *truth), (synthetic, mean, bias * variance)]))
    means, variances = zip(*models, strict=True)
    return Loop(np.array(means), np.array(variances))


def stationary(synthetic: int, bias: float) -> tuple[float, float]:
    """E V and E (M − μ0)² in the long run: the fixed point of the mix law, synthetic variance times the bias.

    B = (a + s λ A)/n + s² B and A = a + s (λ A + B) − B, with a and s the shares of real and synthetic items.
    """
    n = REAL + synthetic
    a, s = REAL / n, synthetic / n
    matrix = [[1.0 - s * bias, 1.0 - s], [-s * bias / n, 1.0 - s * s]]
    variance, error = np.linalg.solve(matrix, [a, a / n])
    return float(variance), float(error)


def worth(distance: float) -> float:
    """How many real items one fit needs for an expected distance: 2 (1 − c4(n) √(1 − 1/n)), about 3/(2n)."""
    return float(brentq(lambda n: 2.0 * (1.0 - shrinkage(n) * np.sqrt(1.0 - 1.0 / n)) - distance, 1.01, 1e7))


def compute() -> dict[str, dict]:
    loops = {
        (f, b): run(f, SYNTHETIC, b, i) for i, (f, b) in enumerate((f, b) for f in BEGINNINGS for b in BIASES)
    }
    sweep = {
        (n, b): run(REAL, n, b, 100 + i) for i, (n, b) in enumerate((n, b) for n in SWEEP for b in BIASES)
    }
    return {"loops": loops, "sweep": sweep}


def settled(values: np.ndarray) -> np.ndarray:
    """The mean of each replicate over the generations where nothing is left of the beginning."""
    return values[SETTLED:].mean(axis=0)


def draw(figure: Figure, data: dict[str, dict]) -> None:
    near, spread, size = drawing.panels(figure, 1, 3)
    t = np.arange(1, GENERATIONS + 1)
    for (first, bias), loop in data["loops"].items():
        colour = drawing.BLUE if bias == 1.0 else drawing.VERMILLION
        look = {"color": colour, "ls": "-" if first == BEGINNINGS[0] else (0, (4, 1.5)), "lw": 1.5}
        name = f"λ = {bias:g}, n_ini = {first:,}"
        near.plot(t, loop.distance().mean(axis=1), label=name, **look)
        spread.plot(t, loop.variance.mean(axis=1), **look)
    for bias in BIASES:
        drawing.law(
            spread, t[[0, -1]], [stationary(SYNTHETIC, bias)[0]] * 2, "law, limit" if bias == 1.0 else None
        )
    drawing.legend(spread, loc="lower right")
    for panel in (near, spread):
        panel.set_xlim(0, 60)
    near.set_yscale("log")
    near.set_ylim(1e-3, 10.0)
    spread.set_ylim(0.0, 1.05)
    drawing.label(near, "generation", "mean W₂², (units of x)²", "distance to the truth")
    drawing.label(spread, "generation", "mean variance, (units of x)²", "spread")
    drawing.legend(near, loc="upper right")
    for bias, colour in zip(BIASES, (drawing.BLUE, drawing.VERMILLION), strict=True):
        values = [worth(float(settled(data["sweep"][n, bias].distance()).mean())) / REAL for n in SWEEP]
        size.plot(SWEEP, values, color=colour, marker="o", ms=4, lw=1.2, label=f"λ = {bias:g}")
    size.axhline(1.0, color="0.6", lw=0.8)
    size.set_xscale("log")
    size.set_yscale("log")
    drawing.label(size, "synthetic items, n_s", "real items it is worth, over n_r", "n_r = 100")
    drawing.legend(size, loc="lower left")


def rows(data: dict[str, dict]) -> list[Row]:
    found = []
    for bias in BIASES:
        variance, square = stationary(SYNTHETIC, bias)
        means = {}
        for first in BEGINNINGS:
            loop, where = data["loops"][first, bias], f"λ = {bias:g}, n_ini = {first:,}"
            mean, error = means[first] = mean_and_error(settled(loop.variance))
            found.append(Row(f"{where}: mean V in the long run", mean, error, law=variance))
            mean, error = mean_and_error(settled(loop.mean**2))
            found.append(Row(f"{where}: mean (M − μ₀)² in the long run", mean, error, law=square))
        (one, e1), (two, e2) = (means[first] for first in BEGINNINGS)
        what = f"λ = {bias:g}: difference of the two limits of V"
        found.append(
            Row(
                what,
                one - two,
                float(np.hypot(e1, e2)),
                0.0,
                0.0,
                note="published: the limit does not depend on n_ini",
            )
        )
    best = max(worth(float(settled(data["sweep"][n, 1.0].distance()).mean())) / REAL for n in SWEEP)
    found.append(Row("λ = 1: most real items it is worth, over n_r", best, note="published: at least 1"))
    return found
