"""Real and synthetic items of any numbers: fresh, fixed, from a pool, and growing."""

from collections.abc import Iterator
from typing import Any

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

FIXED = {"real_source": "fixed"}


def _augment(real: int, synthetic: int, n: int = 20, engine: str = "exact", **more: Any) -> mc.Experiment:
    return recipe(
        n=n, engine=engine, workflow={"kind": "augment", "real": real, "synthetic": synthetic, **more}
    )


@check(
    "real and synthetic items of any numbers: A_t, B_t",
    "derived; process: Alemohammad et al. 2307.01850, Bertrand et al. 2310.00429",
    {
        "fresh": _augment(10, 30),
        "fresh, from few": _augment(10, 90, n=10),
        "fixed": _augment(10, 30, **FIXED),
        "from a pool": _augment(5, 25, pool=15, **FIXED),
        "from a pool of all": _augment(5, 25, pool=20, **FIXED),
        "grouped": _augment(50, 150, n=100, engine="grouped"),
        "diffusion": _augment(500, 500, n=1000, engine="diffusion", **FIXED),
    },
    defect=0.02,
)
def augment(run: Run) -> Iterator[Mean]:
    """The first fits, and those in which a fixed set is felt."""
    work = run.experiment.workflow
    pool = 0 if work.real_source == "fresh" else (work.pool or work.real)
    for t in (2, 12):
        a, b = laws.augment(run.n, work.real, work.synthetic, t, pool)
        noise = run.v0 * b
        law = run.v0 * a
        yield Mean(f"E V_{t}", run.at("total_variance", t), law, about=run.off(law, noise))
        error = run.at("squared_error_of_mean", t)
        yield Mean(f"E (M_{t} - mu0)^2", error, noise, defect=0.06, about=run.off(noise, noise))


@check(
    "training sets that grow linearly: E V_t = V0 prod (1 - 1/n_k)",
    "derived; Shumailov et al. 2024",
    {"exact": recipe(n=10, workflow={"kind": "augment", "real": 0, "synthetic": 10, "growth": 1.0})},
    defect=0.02,
)
def growing(run: Run) -> Iterator[Mean]:
    """n_k = 10 k items in generation k."""
    law = run.v0
    for t in range(1, 13):
        law *= 1.0 - 1.0 / (10 * t)
        if t in (2, 12):
            yield Mean(f"E V_{t}", run.at("total_variance", t), law)
