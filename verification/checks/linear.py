"""Linear regression on the last model's labels: what excess error each labelling adds."""

from collections.abc import Iterator

import numpy as np

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

NOISE = 0.5


def _regression(n: int, d: int, inputs: str, kind: str = "mix") -> mc.Experiment:
    truth = {"family": "linear", "coefficients": [1.0] * d, "noise": NOISE}
    return recipe(
        "linear", n=n, generations=6, truth=truth, learner={"inputs": inputs},
        workflow={"kind": kind}, save={"every": 3},
    )  # fmt: skip


def _first(run: Run) -> tuple[int, float]:
    """How many dimensions there are, and s^2 d/(T - d - 1)."""
    d = len(run.experiment.truth.coefficients)
    return d, NOISE**2 * d / (run.n - d - 1)


@check(
    "replace: excess error s^2 d/(T - d - 1) t, the same inputs or new ones",
    "Gerstgrasser et al. 2404.01413; Dohmatob et al. 2402.07712",
    {
        f"{d} of {n}, {inputs} inputs": _regression(n, d, inputs)
        for n, d in ((20, 3), (40, 10))
        for inputs in ("same", "new")
    },
    defect=0.06,
)
def regression_replaced(run: Run) -> Iterator[Mean]:
    """Proportional to the number of labellings."""
    for t in (3, 6):
        yield Mean(f"E |w_{t} - w0|^2", run.at("excess_error", t), _first(run)[1] * t)


@check(
    "accumulate, the same inputs: s^2 d/(T - d - 1) sum_(i<=t) 1/i^2",
    "Gerstgrasser et al. 2404.01413",
    {"3 of 20": _regression(20, 3, "same", "accumulate")},
    defect=0.06,
)
def regression_accumulated(run: Run) -> Iterator[Mean]:
    """It stays below pi^2/6 of the first."""
    for t in (3, 6):
        yield Mean(f"E |w_{t} - w0|^2", run.at("excess_error", t), _first(run)[1] * laws.harmonic(t, 2.0))


@check(
    "accumulate, new inputs: s^2 sum_(k<=t) d/(k (k T - d - 1)), 8 to 9 % less at d = 3 to 10",
    "derived; process: Gerstgrasser et al. 2404.01413",
    {"3 of 20": _regression(20, 3, "new", "accumulate")},
    defect=0.04,
)
def regression_accumulated_with_new_inputs(run: Run) -> Iterator[Mean]:
    """The pool's X'X is Wishart of k T inputs, and a k-th of it is the last part's."""
    d = _first(run)[0]
    for t in (3, 6):
        k = np.arange(1, t + 1)
        law = NOISE**2 * float(np.sum(d / (k * (k * run.n - d - 1.0))))
        yield Mean(f"E |w_{t} - w0|^2", run.at("excess_error", t), law)
