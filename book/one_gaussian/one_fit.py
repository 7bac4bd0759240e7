"""Shumailov et al. (arXiv 2305.17493; Nature 631, 755, 2024), the authors' notebook."""

import numpy as np
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error
from modelcollapse.theory import shrinkage

SOURCE = (
    "Shumailov et al., The Curse of Recursion (arXiv 2305.17493; Nature 631, 755, 2024), the authors' "
    "notebook"
)
TITLE = "The standard deviation that one fit finds"
PAPER = (
    "the maximum likelihood estimate of a Gaussian's standard deviation, 1,000 repeats of each of nine "
    "sample sizes"
)
HERE = "the same; the grouped engine beyond 100,000 items"
CAPTION = (
    "One fit loses little: the expected standard deviation of n normals is c4(n) sqrt(1 - 1/n), about 1 -"
    " 3/(4n), and it "
    "scatters by about 1/sqrt(2n). A recursion pays that again in each generation. The published values "
    "agree with the law, "
    "that for n = 30 at two of its own standard errors."
)
PUBLISHED = {  # n: mean, standard deviation over 1,000 repeats
    10: (0.92062, 0.2212), 30: (0.98313, 0.1320), 100: (0.99160, 0.0676), 500: (0.99778, 0.0310),
    1_000: (0.99947, 0.0222), 10_000: (0.99969, 0.00728), 100_000: (0.99995, 0.00223),
    1_000_000: (1.0, 0.00073), 10_000_000: (1.0, 0.00023),
}  # fmt: skip
REPLICATES = 1_000
MOST_ITEMS = 100_000


def compute() -> dict[int, tuple[float, float, float]]:
    """Mean and standard deviation of the estimate, by n."""
    found = {}
    for n in PUBLISHED:
        experiment = mc.Experiment(
            n_samples=n, generations=1, replicates=REPLICATES, seed=SEED,
            truth={"family": "gaussian", "mean": 0, "std": 1}, learner={"family": "gaussian"},
            engine="exact" if n <= MOST_ITEMS else "grouped",
        )  # fmt: skip
        std = mc.run(experiment)["std"].sel(generation=1).values
        found[n] = (*mean_and_error(std), float(std.std(ddof=1)))
    return found


def expected(n: float) -> float:
    return shrinkage(n) * (1.0 - 1.0 / n) ** 0.5


def scatter(n: float) -> float:
    """The standard deviation of the estimate; beyond 1,000 items the difference has lost its digits."""
    return (1.0 - 1.0 / n - expected(n) ** 2) ** 0.5 if n <= 1_000 else (0.5 / n) ** 0.5


def draw(figure: Figure, data: dict[int, tuple[float, float, float]]) -> None:
    mean, spread, apart = drawing.panels(figure, 1, 3)
    n, dense = list(data), np.geomspace(8, 2e7, 200)
    drawing.law(mean, dense, [expected(k) for k in dense], "law: c4(n) √(1 − 1/n)")
    drawing.points(mean, n, [data[k][0] for k in n], [data[k][1] for k in n], drawing.BLUE, "here")
    drawing.published(mean, n, [PUBLISHED[k][0] for k in n])
    drawing.label(mean, "items, n", "mean standard deviation", "what one fit finds")
    drawing.law(spread, dense, [scatter(k) for k in dense], "law, about 1/√(2n)")
    drawing.points(spread, n, [data[k][2] for k in n], None, drawing.BLUE, "here")
    drawing.published(spread, n, [PUBLISHED[k][1] for k in n])
    spread.set_yscale("log")
    drawing.label(spread, "items, n", "its sd over 1,000 repeats", "how far it scatters")
    apart.axhspan(-2, 2, color="0.92", lw=0)
    apart.axhline(0.0, color=drawing.BLACK, lw=0.8)
    drawing.points(apart, n, [(data[k][0] - expected(k)) / data[k][1] for k in n], None, drawing.BLUE, "here")
    errors = {k: PUBLISHED[k][1] / 1000**0.5 for k in n}
    drawing.published(apart, n, [(PUBLISHED[k][0] - expected(k)) / errors[k] for k in n])
    apart.set_ylim(-4, 4)
    drawing.label(apart, "items, n", "(mean − law)/standard error", "and how that fits the law")
    for panel in (mean, spread, apart):
        panel.set_xscale("log")
        panel.set_xticks([10, 1e3, 1e5, 1e7])
        drawing.legend(panel, loc="lower right" if panel is mean else "upper right")


def rows(data: dict[int, tuple[float, float, float]]) -> list[Row]:
    found = []
    for n, (mean, error, _) in data.items():
        there, there_spread = PUBLISHED[n]
        law = expected(n)
        found.append(
            Row(
                f"mean std, n = {n:,}",
                mean,
                error,
                there,
                there_spread / 1000**0.5,
                law,
                note="law: c4(n) √(1 − 1/n)",
            )
        )
    for n, (_, _, spread) in data.items():
        error = spread / (2.0 * REPLICATES) ** 0.5
        there = PUBLISHED[n][1]
        found.append(Row(f"sd of std, n = {n:,}", spread, error, there, there / 2000**0.5, scatter(n)))
    return found
