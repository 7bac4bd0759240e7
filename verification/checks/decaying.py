"""Real data that become rarer: the share halves, by exact counts and per item."""

from collections.abc import Iterator

import numpy as np

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe, spread_and_error
from verification.registry import Run, check
from verification.statements import Mean


def _decaying(half_life: float, family: str = "gaussian", **how: str) -> mc.Experiment:
    work = {"kind": "decaying", "real": 0.5, "half_life": half_life, **how}
    return recipe(family, n=16, save={"every": 3}, workflow=work)


@check(
    "share a_t = a 2^(-(t - 2)/half life): A' and B' of a mix whose share is a_t",
    "derived; process: Bakshi and Chakraborty 2602.10531",
    {
        "half life 2": _decaying(2.0),
        "half life 4, mixture": _decaying(4.0, "mixture"),
        "half life 2, per item": _decaying(2.0, assignment="per-sample"),
        "half life 3, per item, categorical": _decaying(3.0, "categorical", assignment="per-sample"),
    },
    defect=0.03,
)
def decaying(run: Run) -> Iterator[Mean]:
    """New real items, synthetic ones in the place of those that are left out."""
    work, (spread, error) = run.experiment.workflow, spread_and_error(run.experiment)
    by_item = work.assignment == "per-sample"
    for t in (3, 6, 12):
        real = run.n * work.real * 2.0 ** (-(np.arange(2, t + 1) - 2) / work.half_life)
        real = real if by_item else np.floor(real + 0.5)
        a, b = laws.parts(run.n, [(r / run.n, r, run.n - r) for r in real], by_item)
        yield Mean(f"E V_{t}", run.at(spread, t), run.v0 * a)
        yield Mean(f"E (M_{t} - mu0)^2", run.at(error, t), run.v0 * b, defect=0.06)
