"""Vectors: the trace of a covariance, and its determinant."""

from collections.abc import Iterator

import numpy as np

from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

COVARIANCE = [[2.0, 0.5, 0.0], [0.5, 1.0, -0.3], [0.0, -0.3, 0.5]]
THREE = {"family": "gaussian-nd", "mean": [1.0, 0.0, -1.0], "covariance": COVARIANCE}
TWO = {
    "family": "mixture-nd",
    "weights": [0.4, 0.6],
    "means": [[-1.0, 0.0], [2.0, 1.0]],
    "stds": [1.0, 0.5],
}
POOL = {"kind": "accumulate"}


@check(
    "d dimensions, ML: E trace = q^t trace_0, E |M_t - mu0|^2 = (1 - q^t) trace_0",
    "Wishart; derived",
    {
        "gaussian-nd": recipe("gaussian-nd", n=20, truth=THREE),
        "gaussian-nd, n <= d": recipe("gaussian-nd", n=3, truth=THREE),
        "mixture-nd": recipe("mixture-nd", n=20, truth=TWO, generations=6),
    },
    defect=0.04,
)
def trace(run: Run) -> Iterator[Mean]:
    """Where the covariance is singular, too."""
    for t in (1, 5):
        a, b = laws.replace(run.n, t)
        yield Mean(f"E trace_{t}", run.at("total_variance", t), run.v0 * a)
        yield Mean(f"E |M_{t} - mu0|^2", run.at("squared_error_of_mean", t), run.v0 * b, defect=0.06)


@check(
    "E det = det_0 prod_(i<=d) (1 - i/n)^t",
    "Wishart",
    {"d = 3": recipe("gaussian-nd", n=20, truth=THREE)},
    defect=0.06,
)
def determinant(run: Run) -> Iterator[Mean]:
    """Early: late ones are carried by rare paths."""
    first = float(np.linalg.det(np.array(COVARIANCE)))
    for t in (1, 3):
        law = first * float(np.prod(1.0 - np.arange(1, 4) / run.n)) ** t
        yield Mean(f"E det_{t}", run.at("determinant", t), law)


@check(
    "vectors that accumulate: E trace_t",
    "Kazdan et al. 2410.16713",
    {"d = 3": recipe("gaussian-nd", n=8, truth=THREE, workflow=POOL)},
    defect=0.02,
)
def pooled(run: Run) -> Iterator[Mean]:
    """The law of one dimension."""
    for t in (4, 12):
        yield Mean(f"E trace_{t}", run.at("total_variance", t), run.v0 * laws.accumulate(run.n, t))
