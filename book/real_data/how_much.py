"""Shumailov et al. (Nature 631, 755, 2024) keep 10 % of the original data; how much is enough?."""

import numpy as np
from matplotlib.figure import Figure

from book import drawing
from book.base import SEED, Row, mean_and_error
from book.sums import fitted
from modelcollapse.theory import stationary_deficit

SOURCE = (
    "Shumailov et al. (Nature 631, 755, 2024) keep 10 % of the original data [q]; how much is enough is "
    "asked here"
)
TITLE = "How much real data is enough? Three questions, three answers"
PAPER = "a language model with 10 % of the original data in each generation: minor degradation, no law"
HERE = (
    "one Gaussian, 2,000 generations, 400 replicates, at most 5 % of the variance to be lost; sums of "
    "normals are drawn and not the normals, which is equal in law"
)
CAPTION = (
    "Three readings of 'enough', against the number of fresh real items in each training set. **a** The"
    " mean over replicates is within 5 % of the truth's with ten of them, whatever N is: the count "
    "decides, not the share (a large N has not lost as much yet after 2,000 generations). **b** That 95"
    " % of the replicates are within 5 % at the end takes more than a thousand, since single paths "
    "wander by about V₀/√n_r. **c** That they have been within it in all 2,000 generations takes "
    "several thousand of N = 100,000; for N = 10,000 and less no number is enough, since even real data"
    " alone scatter too far. Grey: what is asked for; dotted: 10 % real data."
)
SIZES = (1_000, 10_000, 100_000)
GENERATIONS, REPLICATES, LOSS, COUNTS = 2_000, 400, 0.05, 14


def counts(n: int) -> list[int]:
    """Numbers of real items from 1 to all of them, evenly on a log scale."""
    return sorted({int(k) for k in np.geomspace(1, n, COUNTS).round()})


def compute() -> dict[tuple[int, int], np.ndarray]:
    """By N and real items, ``(3, replicate)``: V at the end, whether it is within then, whether it "
    "always was."""
    return {
        (n, real): run(n, real, seed)
        for seed, (n, real) in enumerate((n, k) for n in SIZES for k in counts(n))
    }


def run(n: int, real: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng([SEED, seed])
    truth = np.zeros(REPLICATES), np.ones(REPLICATES)
    model, always = fitted(rng, [(n, *truth)]), np.ones(REPLICATES, dtype=bool)
    late = np.zeros(REPLICATES)
    for t in range(2, GENERATIONS + 1):
        always &= model[1] >= 1.0 - LOSS
        model = fitted(rng, [(real, *truth), (n - real, *model)])
        late += model[1] * (t > GENERATIONS // 2)
    now = model[1] >= 1.0 - LOSS
    return np.array([late / (GENERATIONS - GENERATIONS // 2), now, always & now])


def draw(figure: Figure, data: dict[tuple[int, int], np.ndarray]) -> None:
    panels = drawing.panels(figure, 1, 3)
    titles = ("on average", "this path, at the end", "this path, always")
    for i, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        for n, colour, marker in zip(SIZES, drawing.COLOURS, drawing.MARKERS, strict=False):
            found = np.array([mean_and_error(data[n, real][i]) for real in counts(n)])
            panel.errorbar(counts(n), found[:, 0], 2 * found[:, 1], color=colour, marker=marker, ms=3.5,
                           lw=1.0, elinewidth=0.8, label=f"N = {n:,}")  # fmt: skip
            panel.axvline(n / 10, color=colour, lw=0.7, ls=":")
            if i == 0:
                dense = np.geomspace(1, n, 60)
                law = [1.0 - stationary_deficit(n, k / n) for k in dense]
                drawing.law(panel, dense, law, "law, long run" if n == SIZES[-1] else None)
        panel.axhline(1.0 - LOSS if i == 0 else 0.95, color="0.6", lw=0.8)
        panel.set_xscale("log")
        drawing.label(panel, "fresh real items a generation", "", title)
    panels[0].set_ylim(0.6, 1.05)
    panels[0].set_ylabel("mean variance over the truth's", fontsize=drawing.TEXT)
    panels[1].set_ylabel("share of replicates above 0.95 V₀", fontsize=drawing.TEXT)
    panels[2].set_ylabel("share that never left", fontsize=drawing.TEXT)
    drawing.legend(panels[0], loc="lower right")


def rows(data: dict[tuple[int, int], np.ndarray]) -> list[Row]:
    found = []
    for n in SIZES:
        real = min((k for k in counts(n) if k >= 8), key=lambda k: abs(k - 10))
        law = 1.0 - stationary_deficit(n, real / n)
        what = f"N = {n:,}, {real} fresh items: mean V/V₀ (second half)"
        found.append(
            Row(
                what, *mean_and_error(data[n, real][0]), law=law, about=n > 1_000, note="law: in the long run"
            )
        )
        for i, name in ((1, "at the end"), (2, "always")):
            enough = [k for k in counts(n) if data[n, k][i].mean() >= 0.95]
            what = f"N = {n:,}: first count tried with 95 % of replicates within 5 % {name}"
            found.append(Row(what, float(min(enough)) if enough else float("nan")))
    return found
