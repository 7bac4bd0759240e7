"""The bootstrap, and scikit-learn's estimators as families: the moment law."""

from collections.abc import Iterator

from verification import laws
from verification.checks.recipes import GAUSSIAN, MIXTURE, recipe
from verification.registry import Run, check
from verification.statements import Mean


@check(
    "the empirical distribution: A_t = q^t V0, B_t = (1 - q^t) V0",
    "derived",
    {"replace": recipe("empirical", truth=GAUSSIAN)},
    defect=0.03,
)
def bootstrap(run: Run) -> Iterator[Mean]:
    """Any fit that keeps the two moments."""
    for t in (1, 12):
        a, b = laws.replace(run.n, t)
        yield Mean(f"E V_{t}", run.at("total_variance", t), run.v0 * a)
        yield Mean(f"E (M_{t} - mu0)^2", run.at("squared_error_of_mean", t), run.v0 * b, defect=0.06)


@check(
    "scikit-learn's GaussianMixture as an estimator: A_t = q^t V0",
    "derived",
    {
        "two components": recipe(
            "estimator", generations=3, truth=MIXTURE,
            learner={"name": "sklearn.mixture.GaussianMixture", "settings": {"n_components": 2}},
        ),
    },
    defect=0.1,
    pilot=100,
)  # fmt: skip
def estimator(run: Run) -> Iterator[Mean]:
    """Its M-step keeps the moments; it adds 1e-6 to the variance."""
    for t in (1, 3):
        law = run.v0 * laws.replace(run.n, t)[0]
        yield Mean(f"E V_{t}", run.at("total_variance", t), law, about=1e-5)
