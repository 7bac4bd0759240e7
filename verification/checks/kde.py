"""Kernel densities: S is the variance of the data, the model's is S + h^2."""

from collections.abc import Iterator
from typing import Any

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import GAUSSIAN, recipe
from verification.registry import Run, check
from verification.statements import Mean

H = 1.0
PLANE: dict[str, Any] = {"family": "gaussian-nd", "mean": [0.0, 1.0], "covariance": [[1.0, 0.5], [0.5, 2.0]]}


def _kernels(
    bandwidth: float | str = H, n: int = 20, generations: int = 6, truth: Any = GAUSSIAN, **how: Any
) -> mc.Experiment:
    learner = {"bandwidth": bandwidth, **how.pop("learner", {})}
    return recipe(
        "kde", n=n, generations=generations, truth=truth, learner=learner,
        save={"every": generations // 2}, **how,
    )  # fmt: skip


@check(
    "replace: E S_1 = q V0, E S' = q (S + h^2)",
    "derived; process: Kazdan et al. 2410.16713",
    {
        "h 1": _kernels(),
        "scott, n^(-1/5) whatever the data": _kernels("scott"),
        "h 1, vectors": _kernels(truth=PLANE),
    },
    defect=0.03,
)
def kernels_replaced(run: Run) -> Iterator[Mean]:
    """The model's variance less h^2, d h^2 of vectors."""
    d = 2 if run.experiment.truth.family == "gaussian-nd" else 1
    added = d * (H**2 if run.experiment.learner.bandwidth == H else run.n**-0.4)
    data = run.q * (3.0 if d == 2 else 4.0)
    for t in range(1, 7):
        if t in (3, 6):
            yield Mean(f"E S_{t}", run.at("total_variance", t) - added, data)
        data = run.q * (data + added)


@check(
    "replace, stationary: S = (n - 1) h^2",
    "derived",
    {"n 5": _kernels(n=5, generations=60)},
    defect=0.06,
)
def kernels_in_the_long_run(run: Run) -> Iterator[Mean]:
    """At t = 30 and 60 what is left of the truth is q^t of it."""
    for t in (30, 60):
        left = run.q**t * (4.0 - (run.n - 1) * H**2)
        yield Mean(f"E S_{t}", run.at("total_variance", t) - H**2, (run.n - 1) * H**2, about=abs(left))


@check(
    "accumulate: E (x - mu0)^2 over the pool = V0 + h^2 (H_t - 1)",
    "derived; process: Kazdan et al. 2410.16713",
    {"h 1": _kernels(n=15, generations=12, workflow={"kind": "accumulate"})},
    defect=0.02,
)
def kernels_on_a_pool(run: Run) -> Iterator[Mean]:
    """The pool's second moment is the model's less that of a kernel; accumulation does not cap it."""
    for t in (6, 12):
        second = run.at("total_variance", t) - H**2 + run.at("squared_error_of_mean", t)
        yield Mean(f"E (x - mu0)^2 at {t}", second, 4.0 + H**2 * (laws.harmonic(t) - 1.0))


@check(
    "h = n^(-1/5) sd: factor 1 - 1/n + n^(-2/5) (ddof 1), (1 - 1/n)(1 + n^(-2/5)) (ddof 0)",
    "derived",
    {f"ddof {ddof}": _kernels("scaled", learner={"ddof": ddof}) for ddof in (0, 1)},
    defect=0.03,
)
def kernels_in_proportion(run: Run) -> Iterator[Mean]:
    """Of the data's variance; the model's is one factor of n^(-2/5) more."""
    n, ddof = run.n, run.experiment.learner.ddof
    factor = 1.0 - 1.0 / n + n**-0.4 if ddof else (1.0 - 1.0 / n) * (1.0 + n**-0.4)
    for t in (3, 6):
        yield Mean(f"E V_{t}", run.at("total_variance", t), run.v0 * factor**t)
