"""Learners that hold items or objects: the bootstrap, and any estimator. They keep the sample's moments."""

from collections.abc import Iterator
from typing import Any

import modelcollapse as mc
from verification import laws
from verification.checks.gaussian_nd import TWO
from verification.checks.recipes import GAUSSIAN, MIXTURE, recipe
from verification.registry import Run, check
from verification.statements import Mean


def _bootstrap(**how: Any) -> mc.Experiment:
    return recipe("empirical", n=20, generations=8, truth=GAUSSIAN, save={"every": 4}, **how)


def _statements(run: Run, t: int, v0: float, law: tuple[float, float]) -> Iterator[Mean]:
    yield Mean(f"E V_{t}", run.at("total_variance", t), v0 * law[0])
    yield Mean(f"E (M_{t} - mu0)^2", run.at("squared_error_of_mean", t), v0 * law[1], defect=0.08)


@check("the bootstrap: A_t = q^t V0, B_t = V0 - that", "derived", {"replace": _bootstrap()}, defect=0.03)
def bootstrap(run: Run) -> Iterator[Mean]:
    """Items drawn with replacement, generation after generation."""
    for t in (4, 8):
        yield from _statements(run, t, run.v0, laws.replace(run.n, t))


@check(
    "the bootstrap: A' and B' of a mix",
    "derived; process: Shumailov et al. 2024",
    {"4:10:6": _bootstrap(workflow={"kind": "mix", "real": 0.2, "kept": 0.3})},
    defect=0.03,
)
def bootstrap_of_a_mix(run: Run) -> Iterator[Mean]:
    """Kept items without replacement."""
    for t in (4, 8):
        yield from _statements(run, t, run.v0, laws.mix((4, 10, 6), t))


def _estimator(n: int, truth: dict[str, Any], name: str, **settings: Any) -> mc.Experiment:
    learner = {"name": f"sklearn.{name}", "settings": settings}
    return recipe("estimator", n=n, generations=3, truth=truth, learner=learner)


@check(
    "any estimator whose fit keeps the sample's moments: A_t = q^t V0; kernels: E S' = q (S + h^2)",
    "derived",
    {
        "GaussianMixture": _estimator(50, MIXTURE, "mixture.GaussianMixture", n_components=2),
        "GaussianMixture, tied, vectors": _estimator(
            50, TWO, "mixture.GaussianMixture", n_components=2, covariance_type="tied"
        ),
        "KernelDensity": _estimator(20, GAUSSIAN, "neighbors.KernelDensity", bandwidth=1.0),
    },
    defect=0.08,
    pilot=100,
)
def any_estimator(run: Run) -> Iterator[Mean]:
    """Scikit-learn's own: its mixtures add 1e-6 to every variance, its kernels h^2 = 1."""
    d, kernels = len(run.result["total_mean"].dims) - 1, run.experiment.truth.family == "gaussian"
    added = 1.0 if kernels else 1e-6 * d
    spread = {"gaussian": 4.0, "mixture": 5.0, "mixture-nd": 4.4}[run.experiment.truth.family]
    error = 0.0
    for t in (1, 2, 3):
        error += spread / run.n
        spread = run.q * spread + added
        if t != 2:
            yield Mean(f"E V_{t}", run.at("total_variance", t), spread)
            of_mean = run.at("squared_error_of_mean", t)
            yield Mean(f"E (M_{t} - mu0)^2", of_mean, error, defect=0.25)
