"""Weighted sampling, n B and its least, and biased sampling, E V_t = T^(t-1) V0."""

from collections.abc import Iterator
from typing import Any

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe, spread_and_error
from verification.registry import Run, check
from verification.statements import Mean

BEST = laws.golden(1.0)
KNOWN: dict[str, Any] = {"known_std": 2.0}


def _weighted(
    w: float, real: int, synthetic: int, family: str = "gaussian", generations: int = 60, **learner: Any
) -> mc.Experiment:
    work = {"kind": "weighted", "weight": w, "real": real, "synthetic": synthetic}
    return recipe(
        family, n=8, generations=generations, save={"every": generations // 3}, workflow=work, learner=learner
    )


@check(
    "known variance: n B = [w^2 + k (1 - w)^2]/[w (2 - w)] V0; w* V0 at w* = (sqrt(k^2 + 4k) - k)/2",
    "He et al. 2502.18049",
    {
        "k 1, golden": _weighted(BEST, 8, 8, **KNOWN),
        "k 1, weight 0.3": _weighted(0.3, 8, 8, **KNOWN),
        "k 0.4, best": _weighted(laws.golden(0.4), 8, 20, **KNOWN),
        "k 2, weight 0.8": _weighted(0.8, 8, 4, **KNOWN),
    },
    defect=0.04,
)
def weighted_with_a_known_variance(run: Run) -> Iterator[Mean]:
    """The long run: three generations, 20 apart."""
    work = run.experiment.workflow
    k = work.real / work.synthetic
    error = work.real * run.late("squared_error_of_mean", 20)
    if work.weight == laws.golden(k):
        yield Mean("n B = w* V0", error, run.v0 * work.weight)
    else:
        law = work.real * laws.weighted_error(work.weight, work.real, work.synthetic, known=True)
        yield Mean("n B", error, run.v0 * law)


@check(
    "n B = [w^2 + k (1 - w)^2]/[w (2 - w) + k (1 - w)^2/n] V0, E V = V0 - B",
    "derived",
    {
        "k 1, golden": _weighted(BEST, 8, 8),
        "k 1, weight 0.3": _weighted(0.3, 8, 8),
        "k 0.4, weight 0.5, mixture": _weighted(0.5, 8, 20, "mixture"),
        "k 2, weight 0.8, categorical": _weighted(0.8, 8, 4, "categorical"),
    },
    defect=0.04,
)
def weighted_maximum_likelihood(run: Run) -> Iterator[Mean]:
    """The long run, of a variance that is fitted."""
    work, names = run.experiment.workflow, spread_and_error(run.experiment)
    b = laws.weighted_error(work.weight, work.real, work.synthetic, known=False)
    yield Mean("B", run.late(names[1], 20), run.v0 * b)
    yield Mean("E V", run.late(names[0], 20), run.v0 * (1.0 - b), defect=0.01)


@check(
    "weights: B' = w^2 V0/n_r + (1 - w)^2 (A/n_s + B), A' = w V0 + (1 - w)(A + B) - B'",
    "derived; process: He et al. 2502.18049",
    {
        "0.3 on 8 of 16": _weighted(0.3, 8, 8, generations=6),
        "0.8 on 4 of 24": _weighted(0.8, 4, 20, generations=6),
    },
    defect=0.03,
)
def weighted_at_first(run: Run) -> Iterator[Mean]:
    """The transient after 8 real items."""
    work = run.experiment.workflow
    for t in (2, 4, 6):
        made = [(work.weight, work.real, work.synthetic)] * (t - 1)
        a, b = laws.parts(run.n, made)
        yield Mean(f"E V_{t}", run.at("total_variance", t), run.v0 * a)
        yield Mean(f"E (M_{t} - mu0)^2", run.at("squared_error_of_mean", t), run.v0 * b, defect=0.06)


def _biased(temperature: float, engine: str = "exact", **how: Any) -> mc.Experiment:
    work = {"kind": "biased", "temperature": temperature, **how.pop("workflow", {})}
    return recipe(engine=engine, generations=8, save={"every": 2}, workflow=work, **how)


@check(
    "unbiased: E V_t = T^(t-1) V0; B_t = (V0/n)(1 - T^t)/(1 - T)",
    "Alemohammad et al. 2307.01850",
    {
        f"T {temperature}, {engine}": _biased(temperature, engine, learner={"ddof": 1})
        for temperature, engine in ((0.6, "exact"), (0.9, "exact"), (1.3, "exact"), (0.8, "grouped"))
    },
    defect=0.02,
)
def biased(run: Run) -> Iterator[Mean]:
    """The first training set is real."""
    temperature = run.experiment.workflow.temperature
    for t in (2, 4, 8):
        a = run.v0 * temperature ** (t - 1)
        b = run.v0 / run.n * (1.0 - temperature**t) / (1.0 - temperature)
        # each of the fits adds noise of the variance that it has
        yield Mean(f"E V_{t}", run.at("total_variance", t), a, about=run.off(a, a * t / run.n))
        yield Mean(f"B_{t}", run.at("squared_error_of_mean", t), b, defect=0.06, about=run.off(b, b))


@check(
    "biased with real items: B' = w^2 V0/n_r + (1 - w)^2 (T A/n_s + B)",
    "derived; process: Alemohammad et al. 2307.01850",
    {"4 of 20 at 0.7": _biased(0.7, workflow={"real": 0.2})},
    defect=0.02,
)
def biased_with_real_items(run: Run) -> Iterator[Mean]:
    """Maximum likelihood, by exact counts."""
    for t in (2, 8):
        a, b = laws.parts(run.n, [(0.2, 4, 16)] * (t - 1), temperature=0.7)
        yield Mean(f"E V_{t}", run.at("total_variance", t), run.v0 * a)
        yield Mean(f"E (M_{t} - mu0)^2", run.at("squared_error_of_mean", t), run.v0 * b, defect=0.06)
