"""A data set as truth is drawn with replacement: the law holds with V0 divided by n."""

import csv
from pathlib import Path

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc

FILE = Path(__file__).parents[2] / "examples" / "faithful.csv"


def recipe(n, replicates, generations, **learner):
    return mc.Experiment(
        n_samples=n,
        generations=generations,
        replicates=replicates,
        truth={"family": "data", "path": str(FILE), "column": "waiting"},
        learner=learner,
    )


def waiting() -> np.ndarray:
    with FILE.open(newline="") as file:
        return np.array([float(row["waiting"]) for row in csv.DictReader(file)])


def test_the_variance_at_generation_zero_divides_by_n():
    """272 items: n - 1 would be 0.37 % more. Sees 0.15 % of E V_1."""
    items = waiting()
    dataset = mc.run(recipe(2000, 3000, 2, family="gaussian"))
    assert len(items) == 272
    np.testing.assert_allclose(dataset["total_variance"].values[:, 0], items.var(), rtol=1e-12)
    np.testing.assert_allclose(dataset["total_mean"].values[:, 0], items.mean(), rtol=1e-12)
    first = dataset["total_variance"].sel(generation=1).values
    assert_law(first, items.var() * (1 - 1 / 2000), "E V_1")
    assert_law(dataset["total_mean"].sel(generation=1).values, items.mean(), "E M_1")
    assert_not_law(first, items.var(ddof=1) * (1 - 1 / 2000), "E V_1 of a variance divided by n - 1")


@pytest.mark.parametrize("learner", [{"family": "gaussian"}, {"family": "mixture"}])
def test_moments_of_what_learns_from_data(learner):
    """Sees 1.5 % of E V_1, 5 to 7 % of E V_8, 15 to 19 % of E (M_8 - mu0)^2."""
    n, items = 50, waiting()
    dataset = mc.run(recipe(n, 1200, 8, **learner))
    for t in (1, 3, 8):
        exact = items.var() * (1 - 1 / n) ** t
        variance, error = (at(dataset, name, [t])[0] for name in ("total_variance", "squared_error_of_mean"))
        assert_law(variance, exact, f"E V_{t}")
        assert_law(error, items.var() - exact, f"E (M_{t} - mu0)^2")
    assert_not_law(variance, items.var(), "an unbiased fit")


def test_real_items_come_from_the_data():
    """With every generation all real, each is a new bootstrap sample: E V = q V0 throughout. Sees 1 %."""
    items = waiting()
    experiment = recipe(50, 2000, 4, family="gaussian").changed(workflow={"kind": "mix", "real": 1.0})
    dataset = mc.run(experiment)
    for t in (1, 4):
        variance = dataset["total_variance"].sel(generation=t).values
        assert_law(variance, items.var() * (1 - 1 / 50), f"E V_{t}")
    score = (dataset["total_mean"].values[:, 1:] - items.mean()) / items.std() * np.sqrt(50)
    assert_law(score[:, 1] * score[:, 2], 0.0, "covariance of two generations' means")
