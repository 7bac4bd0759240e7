"""Pools that grow: the whole pool, and as many items picked from it."""

from collections.abc import Iterator
from typing import Any

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe, spread_and_error
from verification.registry import Run, check
from verification.statements import Mean

N = 8


def _recipes(kind: str) -> dict[str, mc.Experiment]:
    both: dict[str, Any] = {"workflow": {"kind": kind}, "save": {"every": 4}}
    found = {
        f"{family}, exact": recipe(family, n=N, **both) for family in ("gaussian", "mixture", "categorical")
    }
    found["categorical, grouped"] = recipe("categorical", "grouped", n=N, **both)
    found["gaussian, grouped"] = recipe(engine="grouped", **both)
    found["gaussian, diffusion"] = recipe(engine="diffusion", **both)
    return found


def _statements(run: Run, t: int, law: float) -> Iterator[Mean]:
    spread, error = spread_and_error(run.experiment)
    a, b = run.v0 * law, run.v0 * (1.0 - law)
    yield Mean(f"E V_{t}", run.at(spread, t), a, about=run.off(a, b))
    yield Mean(f"E (M_{t} - mu0)^2", run.at(error, t), b, defect=0.06, about=run.off(b, b))


@check(
    "E V_t = V0 prod (1 - 1/(n k^2)), B_t = V0 - that",
    "Kazdan et al. 2410.16713",
    _recipes("accumulate"),
    defect=0.02,
)
def accumulate(run: Run) -> Iterator[Mean]:
    """A fit to all items so far."""
    for t in (4, 12):
        yield from _statements(run, t, laws.accumulate(run.n, t))


@check(
    "accumulate, limit: V0 sin(pi/sqrt n)/(pi/sqrt n)",
    "Kazdan et al. 2410.16713",
    {"t = 100": recipe(n=N, generations=100, workflow={"kind": "accumulate"}, save={"every": 100})},
    defect=0.02,
)
def accumulate_without_end(run: Run) -> Iterator[Mean]:
    """At t = 100 a share of 1/(100 n) is still to be lost."""
    law = run.v0 * laws.accumulate_limit(N)
    yield Mean("E V_100", run.at("total_variance", 100), law, about=law / (100 * N))


@check(
    "accumulate-subsample: E V_t",
    "derived; process: Kazdan et al.",
    _recipes("accumulate-subsample"),
    defect=0.02,
)
def accumulate_subsample(run: Run) -> Iterator[Mean]:
    """A fit to n of the pool's t n items."""
    for t in (4, 12):
        yield from _statements(run, t, laws.subsample(run.n, t))
