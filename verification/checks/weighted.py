"""Weighted and biased sampling: n B and its least; E V_t = lam_b^(t-1) V0."""

from collections.abc import Iterator
from typing import Any

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

GOLDEN = 0.618


def _weighted(weight: float, synthetic: int, learner: dict[str, Any]) -> mc.Experiment:
    work = {"kind": "weighted", "weight": weight, "real": 20, "synthetic": synthetic}
    return recipe(n=20, generations=30, workflow=work, learner=learner, save={"every": 2})


@check(
    "weight w on real items: n B = [w^2 + k (1 - w)^2]/[w (2 - w)] V0, or with the weighted ML variance",
    "He et al. 2502.18049; derived",
    {
        "known, golden": _weighted(GOLDEN, 20, {"known_std": 2.0}),
        "known, k = 1/2": _weighted(0.3, 40, {"known_std": 2.0}),
        "ML, golden": _weighted(GOLDEN, 20, {}),
        "ML, k = 1/2": _weighted(0.3, 40, {}),
    },
    defect=0.04,
)
def weighted(run: Run) -> Iterator[Mean]:
    """In generation 2, and in the long run, which is the published formula."""
    work, known = run.experiment.workflow, run.experiment.learner.known_std is not None
    for t in (2, 30):
        a, b = laws.weighted(work.weight, work.real, work.synthetic, t, known)
        if t == 30:
            k, w = work.real / work.synthetic, work.weight
            loss = 0.0 if known else k * (1.0 - w) ** 2 / work.real
            b = (w * w + k * (1.0 - w) ** 2) / (w * (2.0 - w) + loss) / work.real
        yield Mean(f"E (M_{t} - mu0)^2", run.at("squared_error_of_mean", t), run.v0 * b)
        if not known:
            yield Mean(f"E V_{t}", run.at("total_variance", t), run.v0 * a, defect=0.02)


@check(
    "biased sampling: E V_t = lam_b^(t-1) V0, B_t = (V0/n)(1 - lam_b^t)/(1 - lam_b)",
    "Alemohammad et al. 2307.01850, in our count of t",
    {
        "cold, exact": recipe(workflow={"kind": "biased", "temperature": 0.8}, learner={"ddof": 1}),
        "hot, exact": recipe(workflow={"kind": "biased", "temperature": 1.1}, learner={"ddof": 1}),
        "cold, grouped": recipe(
            engine="grouped", workflow={"kind": "biased", "temperature": 0.8}, learner={"ddof": 1}
        ),
    },
    defect=0.03,
)
def biased(run: Run) -> Iterator[Mean]:
    """The first temperature is felt in generation 2."""
    lam = run.experiment.workflow.temperature
    for t in (1, 2, 8):
        a, b = run.v0 * lam ** (t - 1), run.v0 / run.n * (1.0 - lam**t) / (1.0 - lam)
        yield Mean(f"E V_{t}", run.at("total_variance", t), a, about=run.off(a, b))
        error = run.at("squared_error_of_mean", t)
        yield Mean(f"E (M_{t} - mu0)^2", error, b, defect=0.06, about=run.off(b, b))
