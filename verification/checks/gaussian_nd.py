"""Gaussians and mixtures in d dimensions: the trace is q^t, the determinant prod (1 - i/n)^t."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

THREE: dict[str, Any] = {
    "family": "gaussian-nd",
    "mean": [0.0, 1.0, -2.0],
    "covariance": [[1.0, 0.5, 0.0], [0.5, 2.0, -0.3], [0.0, -0.3, 0.5]],
}
TEN: dict[str, Any] = {"family": "gaussian-nd", "dimension": 10}
TWO: dict[str, Any] = {
    "family": "mixture-nd",
    "weights": [0.6, 0.4],
    "means": [[-1.0, 0.0], [2.0, 1.0]],
    "covariances": [[[1.0, 0.5], [0.5, 1.0]], [[0.5, 0.0], [0.0, 1.5]]],
}


def _vectors(n: int, truth: dict[str, Any] = THREE, generations: int = 4, **how: Any) -> mc.Experiment:
    return recipe("gaussian-nd", n=n, generations=generations, truth=truth, save={"every": 2}, **how)


@check(
    "ML: E trace = q^t trace_0, E det = det_0 prod_(i<=d) (1 - i/n)^t; unbiased: E trace = trace_0",
    "Wishart",
    {
        "3 of 20": _vectors(20),
        "10 of 60": _vectors(60, TEN),
        "3 of 20, unbiased": _vectors(20, learner={"ddof": 1}),
    },
    defect=0.05,
)
def vectors_replaced(run: Run) -> Iterator[Mean]:
    """The determinant relative to the truth's, which is computed here."""
    d = run.experiment.learner.sizes()["dimension"]
    ddof = run.experiment.learner.ddof
    trace, det = (3.5, float(np.linalg.det(THREE["covariance"]))) if d == 3 else (10.0, 1.0)
    for t in (2, 4):
        spread = trace * (1.0 if ddof else run.q**t)
        yield Mean(f"E trace_{t}", run.at("total_variance", t), spread, defect=0.01)
        yield Mean(f"E det_{t}", run.at("determinant", t), det * laws.determinant(run.n, d, t, ddof))
        b = trace * (t / run.n if ddof else 1.0 - run.q**t)
        yield Mean(f"E |M_{t} - mu0|^2", run.at("squared_error_of_mean", t), b)


@check(
    "any split of real, synthetic and kept vectors: A' and B' of the trace",
    "derived; process: Shumailov et al. 2024",
    {"4:10:6": _vectors(20, workflow={"kind": "mix", "real": 0.2, "kept": 0.3})},
    defect=0.02,
)
def vectors_mixed(run: Run) -> Iterator[Mean]:
    """The law of a number holds of each coordinate."""
    for t in (2, 4):
        a, b = laws.mix((4, 10, 6), t)
        yield Mean(f"E trace_{t}", run.at("total_variance", t), 3.5 * a)
        yield Mean(f"E |M_{t} - mu0|^2", run.at("squared_error_of_mean", t), 3.5 * b, defect=0.05)


@check(
    "mixtures of vectors: E trace = q^t trace_0",
    "derived",
    {
        "2 of 30": recipe("mixture-nd", n=30, generations=3, truth=TWO, learner={"components": 2}),
        "2 of 30, one step of EM": recipe(
            "mixture-nd", n=30, generations=3, truth=TWO, learner={"components": 2, "max_iterations": 1}
        ),
    },
    defect=0.04,
)
def mixtures_of_vectors(run: Run) -> Iterator[Mean]:
    """Converged or not. The trace: 2 and 2 within, 0.24 (9 + 1) between."""
    trace = 0.6 * 2.0 + 0.4 * 2.0 + 0.24 * 10.0
    for t in (1, 3):
        a, b = laws.replace(run.n, t)
        yield Mean(f"E trace_{t}", run.at("total_variance", t), trace * a)
        yield Mean(f"E |M_{t} - mu0|^2", run.at("squared_error_of_mean", t), trace * b, defect=0.1)
