"""Dohmatob et al., A Tale of Tails (arXiv 2402.07043); Suresh et al. (arXiv 2412.17646), Zipf-Mandelbrot."""

import numpy as np
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error
from book.categories.rates import survival

SOURCE = (
    "Dohmatob et al., A Tale of Tails (arXiv 2402.07043); Suresh et al. (arXiv 2412.17646), Zipf-Mandelbrot"
)
TITLE = "Heavy tails: what is never seen, and what is cut off"
PAPER = (
    "E_test = Σ p_i (1 − p_i)^T for p_i ~ i^-β, and with the tail cut at k; Zipf-Mandelbrot (1, 2.7) and "
    "(2, 5), m = n = 1,000, 10 generations"
)
HERE = (
    "a million categories, β = 1.5 and 2, 40 samples of each size; the Zipf-Mandelbrot laws as published,"
    " 200 replicates"
)
CAPTION = (
    "**a** The probability of all that T items do not show falls as T^−(1 − 1/β) (dotted slopes). **b** "
    "Where the items come from "
    "a model whose tail is cut at rank k, it stops near k^−(β − 1): more data do not help. **c** "
    "Categories alive under "
    "recursion, and the lower bound Σ (1 − exp(−n p_i g_t)) (dashed)."
)
CATEGORIES, REPLICATES, LOOPS = 1_000_000, 40, 200
BETAS, SIZES, CUTS = (1.5, 2.0), (10, 100, 1_000, 10_000, 100_000), (10, 100, 1_000)
MANDELBROT = ((1.0, 2.7), (2.0, 5.0))
N_SAMPLES, GENERATIONS = 1_000, 10


def zipf(beta: float, cut: int | None = None) -> np.ndarray:
    """p_i ~ i^-beta; with a cut, of the first ranks alone, as a share of all."""
    p = np.arange(1, CATEGORIES + 1) ** -beta
    return p[:cut] / p.sum()


def compute() -> dict[str, dict]:
    full = {(b, n): unseen(b, n, None) for b in BETAS for n in SIZES}
    cut = {(k, n): unseen(BETAS[0], n, k) for k in CUTS for n in SIZES}
    return {"full": full, "cut": cut, "loop": {of: loop(*of) for of in MANDELBROT}}


def unseen(beta: float, n: int, cut: int | None) -> np.ndarray:
    """The real probability of all categories that a sample does not show, ``(replicate,)``."""
    rng = np.random.default_rng([SEED, int(10 * beta), n, cut or 0])
    p = zipf(beta, cut)
    below = np.cumsum(p) / p.sum()
    seen = [np.unique(np.searchsorted(below, rng.random(n))) for _ in range(REPLICATES)]
    return np.array([1.0 - p[np.minimum(which, len(p) - 1)].sum() for which in seen])


def expected(beta: float, n: float, cut: int | None) -> float:
    """Sum of p_i (1 - p_i)^n, drawn from the ranks kept, and the probability of those cut off."""
    p = zipf(beta, cut)
    kept = p.sum()
    return float(p @ np.exp(n * np.log1p(-np.minimum(p / kept, 1.0 - 1e-15))) + max(1.0 - kept, 0.0))


def loop(exponent: float, shift: float) -> np.ndarray:
    """Categories alive, ``(replicate, generation)``."""
    zipf = {"categories": N_SAMPLES, "exponent": exponent, "shift": shift}
    experiment = mc.Experiment(
        n_samples=N_SAMPLES, generations=GENERATIONS, replicates=LOOPS, seed=SEED, engine="grouped",
        truth={"family": "categorical", "zipf": zipf}, learner={"family": "categorical"},
    )  # fmt: skip
    return mc.measure(mc.run(experiment), "categories_alive").values


def mandelbrot(exponent: float, shift: float) -> np.ndarray:
    p = (np.arange(1, N_SAMPLES + 1) + shift) ** -exponent
    return p / p.sum()


def draw(figure: Figure, data: dict[str, dict]) -> None:
    full, cut, loops = drawing.panels(figure, 1, 3)
    dense = np.geomspace(10, 1e5, 25)
    for beta, colour, marker in zip(BETAS, drawing.COLOURS, drawing.MARKERS, strict=False):
        y, error = np.array([mean_and_error(data["full"][beta, n]) for n in SIZES]).T
        drawing.points(full, SIZES, y, error, colour, f"β = {beta:g}", marker)
        drawing.law(
            full, dense, [expected(beta, n, None) for n in dense], "law" if beta == BETAS[0] else None
        )
        slope = 1.0 / beta - 1.0
        full.plot(dense, 1.6 * y[2] * (dense / SIZES[2]) ** slope, color=colour, ls=":", lw=1.0)
    for k, colour, marker in zip(CUTS, drawing.COLOURS, drawing.MARKERS, strict=False):
        y, error = np.array([mean_and_error(data["cut"][k, n]) for n in SIZES]).T
        drawing.points(cut, SIZES, y, error, colour, f"k = {k:,}", marker)
        drawing.law(cut, dense, [expected(BETAS[0], n, k) for n in dense], "law" if k == CUTS[0] else None)
    for panel, title in ((full, "whole tail"), (cut, "tail cut at k, β = 1.5")):
        panel.set_xscale("log")
        panel.set_yscale("log")
        drawing.label(panel, "items, T", "probability of what is unseen", title)
        drawing.legend(panel, loc="lower left")
    cut.set_ylim(5e-3, 1.0)
    t = np.arange(1, GENERATIONS + 1)
    for of, colour in zip(MANDELBROT, drawing.COLOURS, strict=False):
        drawing.band(loops, t, data["loop"][of][:, 1:], colour, f"(a, b) = ({of[0]:g}, {of[1]:g})")
        bound = sum(survival(N_SAMPLES * p, GENERATIONS) for p in mandelbrot(*of))
        drawing.law(loops, t, bound, "bound" if of == MANDELBROT[0] else None, (0, (4, 2)))
    loops.set_yscale("log")
    drawing.label(loops, "generation", "categories alive of 1,000", "recursion, n = 1,000")
    drawing.legend(loops, loc="upper right")


def rows(data: dict[str, dict]) -> list[Row]:
    found = []
    for beta in BETAS:
        for n in SIZES[1::2]:
            mean, error = mean_and_error(data["full"][beta, n])
            found.append(Row(f"β = {beta:g}, T = {n:,}: E_test", mean, error, law=expected(beta, n, None)))
        first, last = (np.log(data["full"][beta, n]) for n in (SIZES[1], SIZES[3]))
        slope, error = mean_and_error((last - first) / np.log(SIZES[3] / SIZES[1]))
        note = "published: the limit −(1 − 1/β)"
        found.append(
            Row(f"β = {beta:g}: slope, T = 100 to 10,000", slope, error, 1.0 / beta - 1.0, None, note=note)
        )
    for k in CUTS:
        mean, error = mean_and_error(data["cut"][k, SIZES[2]])
        found.append(
            Row(f"tail cut at {k:,}, T = 1,000: E_test", mean, error, law=expected(BETAS[0], SIZES[2], k))
        )
    for of in MANDELBROT:
        alive, p = data["loop"][of], mandelbrot(*of)
        name = f"Zipf-Mandelbrot ({of[0]:g}, {of[1]:g})"
        mean, error = mean_and_error(alive[:, 1])
        found.append(
            Row(f"{name}: alive at t = 1", mean, error, law=float((1.0 - (1.0 - p) ** N_SAMPLES).sum()))
        )
        mean, error = mean_and_error(alive[:, -1])
        bound = float(sum(survival(N_SAMPLES * one, GENERATIONS)[-1] for one in p))
        found.append(
            Row(
                f"{name}: alive at t = {GENERATIONS}",
                mean,
                error,
                bound,
                None,
                note="published: a lower bound",
            )
        )
    return found
