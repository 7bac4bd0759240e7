"""Linear regression: excess error grows linearly under replace, and stays bounded where it accumulates."""

from collections.abc import Iterator
from typing import Any

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

D, ITEMS = 3, 30
TRUTH = {"family": "linear", "dimension": D, "noise": 1.0}
POOL = {"kind": "accumulate"}


def _linear(inputs: str, **more: Any) -> mc.Experiment:
    return recipe("linear", n=ITEMS, generations=10, truth=TRUTH, learner={"inputs": inputs}, **more)


@check(
    "replace: excess error s^2 d/(T - d - 1) t",
    "Gerstgrasser et al. 2404.01413; Dohmatob et al. 2402.07712",
    {"same inputs": _linear("same"), "new inputs": _linear("new")},
    defect=0.04,
)
def relabelled(run: Run) -> Iterator[Mean]:
    """Generation t has seen t labellings."""
    for t in (1, 10):
        yield Mean(f"E |w - w0|^2 at {t}", run.at("excess_error", t), laws.excess(ITEMS, D, t))


@check(
    "accumulate: s^2 d/(T - d - 1) sum 1/i^2 for the same inputs",
    "Gerstgrasser et al. 2404.01413",
    {"same inputs": _linear("same", workflow=POOL)},
    defect=0.04,
)
def labels_accumulate(run: Run) -> Iterator[Mean]:
    """Below pi^2/6 of the first."""
    for t in (2, 10):
        yield Mean(f"E |w - w0|^2 at {t}", run.at("excess_error", t), laws.excess(ITEMS, D, t, True))


@check(
    "accumulate, new inputs: s^2 sum_k d/(k (k T - d - 1)), 8-9 % less at d = 3 to 10",
    "derived",
    {"new inputs": _linear("new", workflow=POOL)},
    defect=0.04,
)
def new_inputs_accumulate(run: Run) -> Iterator[Mean]:
    """The k-th fit has k T inputs."""
    for t in (2, 10):
        law = sum(D / (k * (k * ITEMS - D - 1)) for k in range(1, t + 1))
        yield Mean(f"E |w - w0|^2 at {t}", run.at("excess_error", t), law)
