"""Categories: Wright and Fisher's drift, exactly for two of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import binom, chi2

import modelcollapse as mc
from modelcollapse.engines import ENGINES
from modelcollapse.recursion import generations
from modelcollapse.streams import COMMON_KEY, generators
from modelcollapse.types import Array, Status
from verification import laws
from verification.checks.recipes import FIVE, recipe
from verification.registry import Run, check
from verification.statements import Chance, Mean

BOTH = ("exact", "grouped")
TWO: dict[str, Any] = {"family": "categorical", "probabilities": [0.3, 0.7]}
ZIPF = {"family": "categorical", "zipf": {"categories": 200, "exponent": 1.0, "shift": 2.7}}


def _on(*engines: str, **how: Any) -> dict[str, mc.Experiment]:
    return {engine: recipe("categorical", engine, **how) for engine in engines}


@check(
    "E H_t = H_0 q^t",
    "Seddik et al. 2404.05090; Shumailov et al. 2024",
    {
        f"Zipf, {engine}": one
        for engine, one in _on(*BOTH, n=60, generations=30, truth=ZIPF, save={"every": 10}).items()
    }
    | {
        f"diffusion, {name}": one
        for name, one in _on("diffusion", generations=400, save={"every": 100}).items()
    },
    defect=0.01,
)
def heterozygosity(run: Run) -> Iterator[Mean]:
    """H_0 is computed here, from Zipf's law and the list."""
    p = (np.arange(1, 201) + 2.7) ** -1.0 if run.n == 60 else np.array(FIVE)
    h0 = 1.0 - ((p / p.sum()) ** 2).sum()
    for t in run.experiment.saved()[1:]:
        law = h0 * run.q**t
        yield Mean(f"E H_{t}", run.at("heterozygosity", t), law, about=run.off(law, 0.0))


@check(
    "absorbed at category i with probability p_i",
    "Seddik et al. 2404.05090; Shumailov et al. 2024",
    _on(*BOTH, n=6, generations=150, save={"every": 150}),
    defect=0.1,
)
def absorption(run: Run) -> Iterator[Mean]:
    """At t = 25 n, all but 1e-10 of the replicates are absorbed."""
    last = run.result["probability"].sel(generation=150).values
    for i, p in enumerate(FIVE):
        yield Mean(f"P(the end is category {i})", last[:, i] > 0.5, p, defect=0.1 if p > 0.2 else 0.2)


@check(
    "two categories: the chain's matrix",
    "Wright 1931",
    _on(*BOTH, n=12, generations=20, truth=TWO),
    defect=0.02,
)
def two_categories(run: Run) -> Iterator[Chance]:
    """All counts of a generation, by chi-square; ``sees`` is the largest error of a probability, about."""
    counts = np.arange(run.n + 1)
    first = binom.pmf(counts, run.n, TWO["probabilities"][0])
    for t in (1, 2, 7, 20):
        law = first @ np.linalg.matrix_power(laws.drift(run.n), t - 1)
        share = run.result["probability"].sel(generation=t).values[:, 0]
        seen = np.bincount(np.rint(run.n * share).astype(int), minlength=run.n + 1)
        size = len(share)
        often = size * law > 5.0
        cells, expected = seen[often], size * law[often]
        least = expected.argmin()  # the rare ones are counted with the rarest of the others
        cells[least] += seen[~often].sum()
        expected[least] += size * law[~often].sum()
        away = float(((cells - expected) ** 2 / expected).sum())
        p = float(chi2.sf(away, len(cells) - 1))
        yield Chance(f"counts at {t}", p, away, 4.5 / np.sqrt(size), size)


def _times(experiment: mc.Experiment, replicates: int, seed: int) -> Array:
    """The first generation with one category, of each replicate; all go on until all are there."""
    engine, streams = (
        ENGINES[experiment.engine](experiment.learner),
        generators(seed, COMMON_KEY, range(replicates)),
    )
    time = np.zeros(replicates)
    for state, info in generations(
        engine, experiment.workflow, experiment.source, experiment.n_samples, experiment.start, streams
    ):
        alive = (info.status & int(Status.COLLAPSED)) == 0
        time[(time == 0) & ~alive] = state.generation
        if not alive.any():
            return time
    raise AssertionError


@check(
    "time to one category, exactly",
    "the chain's matrix, Wright 1931",
    _on(*BOTH, n=10, truth=TWO),
    defect=0.04,
    simulate=_times,
)
def time_of_two(run: Run) -> Iterator[Mean]:
    """E T = 1 + the first row of counts times (I - Q)^-1 1."""
    inner = laws.drift(run.n)[1:-1, 1:-1]
    start = binom.pmf(np.arange(1, run.n), run.n, 0.3)
    yield Mean(
        "E T", run.result, 1.0 + start @ np.linalg.solve(np.eye(run.n - 1) - inner, np.ones(run.n - 1))
    )


@check(
    "time to one: about -2 n sum (1 - p_i) ln(1 - p_i), 7 to 10 % too long at n = 10, 1 % at n = 200",
    "diffusion limit",
    {"n 10": recipe("categorical", "grouped", n=10), "n 200": recipe("categorical", "grouped", n=200)},
    defect=0.05,
    simulate=_times,
)
def time_of_five(run: Run) -> Iterator[Mean]:
    """From above: the law is divided by 1.085 and 1.01."""
    too_long, about = (0.085, 0.015) if run.n == 10 else (0.01, 0.005)
    law = laws.time_to_one(np.array(FIVE), run.n) / (1.0 + too_long)
    yield Mean("E T", run.result, law, about=about * law)


@check("1 - exp(-n p g_t) <= P(alive at t)", "Suresh et al. 2412.17646", _on(*BOTH, n=40), defect=0.1)
def survival_of_the_rare(run: Run) -> Iterator[Mean]:
    """A bound, of the rarest of five."""
    for t in (1, 3, 8):
        alive = run.result["probability"].sel(generation=t).values[:, 4] > 0.0
        yield Mean(f"P(alive at {t})", alive, laws.survival(run.n * FIVE[4], t), scale=1.0, kind="at least")
