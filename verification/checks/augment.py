"""Numbers of real and synthetic items: fresh, growing, and picked from a fixed set of real ones."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe, spread_and_error
from verification.registry import Run, check
from verification.statements import Mean

N = 12


def _augment(family: str = "gaussian", engine: str = "exact", **how: Any) -> mc.Experiment:
    own = {"n", "generations", "save"}
    workflow = {"kind": "augment"} | {k: v for k, v in how.items() if k not in own}
    settings = {"n": N, "generations": 8, "save": {"every": 4}} | {k: v for k, v in how.items() if k in own}
    return recipe(family, engine, workflow=workflow, **settings)


def _statements(run: Run, t: int, law: tuple[float, float]) -> Iterator[Mean]:
    spread, error = spread_and_error(run.experiment)
    a, b = run.v0 * law[0], run.v0 * law[1]
    yield Mean(f"E V_{t}", run.at(spread, t), a, about=run.off(a, run.v0 - a))
    yield Mean(f"E (M_{t} - mu0)^2", run.at(error, t), b, defect=0.06, about=run.off(b, b))


FRESH = {
    f"4 + 6 after 12, {family}": _augment(family, real=4, synthetic=6)
    for family in ("gaussian", "mixture", "categorical")
}
FRESH |= {
    "10 + 30 after 12": _augment(real=10, synthetic=30),
    "40 + 60 after 120, grouped": _augment(engine="grouped", n=120, real=40, synthetic=60),
    "6 t^0.7": _augment(real=0, synthetic=6, growth=0.7),
    "3 t^0.5 + 6 t^0.5": _augment(real=3, synthetic=6, growth=0.5),
    "6 t^1.5, categorical": _augment("categorical", real=0, synthetic=6, growth=1.5),
}


@check(
    "sizes: B' = w^2 V0/n_r + (1 - w)^2 (A/n_s + B), w = n_r/n; growth: E V_t = V0 prod (1 - 1/n_t)",
    "derived; process: Alemohammad et al. 2307.01850, Shumailov et al. 2305.17493",
    FRESH,
    defect=0.02,
)
def fresh_numbers(run: Run) -> Iterator[Mean]:
    """Generation t has real t^growth and synthetic t^growth items."""
    work = run.experiment.workflow
    for t in (4, 8):
        factor = np.arange(2, t + 1) ** float(work.growth)
        real, synthetic = (np.floor(part * factor + 0.5) for part in (work.real, work.synthetic))
        made = list(zip(real / (real + synthetic), real, synthetic, strict=True))
        kept = run.q * float(np.prod(1.0 - 1.0 / synthetic))
        law = laws.parts(run.n, made) if work.real > 0 else (kept, 1.0 - kept)
        yield from _statements(run, t, law)


def _settled(real: int, synthetic: int, pool: int, **how: Any) -> mc.Experiment:
    settles = 7 * (real + synthetic) // real
    return _augment(
        real=real, synthetic=synthetic, pool=pool, real_source="fixed", generations=2 * settles,
        save={"every": settles}, **how,
    )  # fmt: skip


@check(
    "fixed pool of m real items, n_r of them drawn: the deficit is 1 + 2 (1 - lam) n_r/m that of fresh",
    "derived",
    {
        "4 of 4, 6 synthetic": _settled(4, 6, 4),
        "4 of 9, 6 synthetic": _settled(4, 6, 9),
        "3 of 40, 7 synthetic": _settled(3, 7, 40),
        "3 of 5, 9 synthetic, categorical": _settled(3, 9, 5, family="categorical"),
    },
    defect=0.02,
)
def a_pool_of_real_items(run: Run) -> Iterator[Mean]:
    """In the long run, averaged over what is held; 12 items at first."""
    work = run.experiment.workflow
    b = laws.pool_of_real(work.real, work.synthetic, work.pool)
    yield from _statements(run, run.experiment.generations, (1.0 - b, b))


@check(
    "one given set: E[V | R] = V_R n lam (2 - lam)/(n lam (2 - lam) + 1 - lam)",
    "derived; process: Bertrand et al. 2310.00429",
    {"6 of 15": _augment(real=6, synthetic=9, real_source="fixed", n=6, generations=30, save="all")},
    defect=0.01,
)
def one_set_for_ever(run: Run) -> Iterator[Mean]:
    """The first model is fitted to the set alone, so that its variance is V_R: a ratio, path by path."""
    n, lam = 15, 0.4
    settled = n * lam * (2.0 - lam)
    ratio = run.late("total_variance", 15) / run.at("total_variance", 1)
    yield Mean("E[V | R]/V_R", ratio, settled / (settled + 1.0 - lam))
