"""reg_covar r is added to every variance at every fit: E V_t = n r + q^t (V0 - n r)."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law

import modelcollapse as mc

N, Q, V0 = 20, 1 - 1 / 20, 4.0
TRUTH = {"family": "mixture", "weights": [1.0], "means": [3.0], "stds": [2.0]}


def recipe(reg_covar, **workflow):
    return mc.Experiment(
        n_samples=N,
        generations=20,
        replicates=4000,
        save={"every": 5},
        truth=TRUTH,
        learner={"family": "mixture", "components": 1, "reg_covar": reg_covar},
        workflow={"kind": "mix", **workflow},
    )


@pytest.mark.parametrize("reg_covar", [0.05, 0.3])
def test_one_component(reg_covar):
    """Sees 4 to 5 % of E V_5 and 7 to 11 % of E V_20; the floor n r is 25 and 150 % of V0.

    The transient: of the stationary law the third moment is infinite.
    """
    dataset = mc.run(recipe(reg_covar))
    law = next(e for e in mc.expectations(recipe(reg_covar)) if e.metric == "total_variance")
    floor = N * reg_covar
    for t in (5, 10, 20):
        values = dataset["total_variance"].sel(generation=t).values
        exact = floor + Q**t * (V0 - floor)
        assert law.at(np.array([t]))[0] == pytest.approx(exact, rel=1e-12)
        assert_law(values, exact, f"E V_{t}")
    assert_not_law(values, Q**t * V0, "no reg_covar")
    assert_not_law(values, reg_covar + Q**t * (V0 - reg_covar), "a floor of r")


def test_one_component_with_kept_items():
    """Kept items carry no reg_covar, synthetic ones do. Sees 3 % of E V_20."""
    r, a, s, c = 0.3, 0.2, 0.5, 0.3
    experiment = recipe(r, real=a, kept=c)
    v, error = Q * V0, V0 / N
    for _ in range(19):
        noise = a * V0 + s * (v + r) + c * v * (N - c * N) / (N - 1)
        after = noise / N + (s + c) ** 2 * error
        v = a * V0 + s * (v + r + error) + c * (v + error) - after
        error = after
    values = mc.run(experiment)["total_variance"].sel(generation=20).values
    law = next(e for e in mc.expectations(experiment) if e.metric == "total_variance")
    assert law.at(np.array([20]))[0] == pytest.approx(v + r, rel=1e-12)
    assert_law(values, v + r, "E V_20")
    assert_not_law(values, v, "reg_covar left out of the last fit")
