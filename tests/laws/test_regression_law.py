"""Linear regression on its own labels: the excess error under replace and accumulate."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.theory.regression import excess

N, D, NOISE, REPLICATES = 20, 5, 0.5, 4000
GENERATIONS = (1, 2, 4, 8)


def recipe(inputs="same", kind="mix", **values):
    truth = {"family": "linear", "coefficients": [1.0, -1.0, 0.5, 0.0, 2.0], "noise": NOISE}
    table = {"n_samples": N, "generations": 8, "replicates": REPLICATES, "truth": truth}
    table |= {"learner": {"family": "linear", "inputs": inputs}, "workflow": {"kind": kind}}
    return mc.Experiment(**{**table, **values})


def errors(experiment):
    return at(mc.run(experiment), "excess_error", GENERATIONS)


@pytest.mark.parametrize("inputs", ["same", "new"])
def test_replace(inputs):
    """Sees 5 % of the excess error at 1, and 6 (same) or 4 % (new) at 8."""
    experiment = recipe(inputs)
    (law,) = mc.expectations(experiment)
    values = law.at(np.array(GENERATIONS, dtype=float))
    assert values == pytest.approx(NOISE**2 * D / (N - D - 1) * np.array(GENERATIONS), rel=1e-12)
    measured = errors(experiment)
    for t, ours, value in zip(GENERATIONS, measured, values, strict=True):
        assert_law(ours, value, f"excess error at {t}, {inputs} inputs")
    assert_not_law(measured[-1], values[-1] * 9 / 8, "one labelling more")
    assert_not_law(measured[0], NOISE**2 * D / N, "d/T of many items")


@pytest.mark.parametrize("inputs", ["same", "new"])
def test_accumulate(inputs):
    """Sees 5 % of the excess error; the laws of same and new inputs are 8 % apart at 8."""
    experiment = recipe(inputs, "accumulate")
    (law,) = mc.expectations(experiment)
    measured = errors(experiment)
    for t, ours in zip(GENERATIONS, measured, strict=True):
        assert_law(ours, law.at(np.array([float(t)]))[0], f"excess error at {t}, {inputs} inputs")
    other = excess(N, D, (NOISE, NOISE), {"same": "new", "new": "same"}[inputs], 8)[-1]
    z = (measured[-1].mean() - other) / (measured[-1].std(ddof=1) / np.sqrt(REPLICATES))
    print(f"not the law of the other inputs: z = {z:+.2f}")
    assert abs(z) > 4.0
    assert_not_law(measured[-1], NOISE**2 * D / (N - D - 1) * 8, "replace")


def test_new_inputs_cost_less_than_the_same_under_accumulate():
    """By how much depends on T: 8 to 10 % at T = 4 d, 3 % at T = 10 d, nothing in the limit."""
    for d, items, least, most in (
        (3, 12, 0.09, 0.1),
        (10, 40, 0.07, 0.08),
        (10, 100, 0.02, 0.03),
        (3, 3000, 0.0, 0.001),
    ):
        same, new = (excess(items, d, (1.0, 1.0), kind, 50)[-1] for kind in ("same", "new"))
        assert least < 1.0 - new / same < most


def test_noise_of_its_own():
    """The truth's labels have one noise, the models' another. Sees 5 %."""
    experiment = recipe(learner={"family": "linear", "inputs": "new", "noise": 1.0})
    (law,) = mc.expectations(experiment)
    for t, ours in zip(GENERATIONS, errors(experiment), strict=True):
        value = (NOISE**2 + (t - 1) * 1.0) * D / (N - D - 1)
        assert law.at(np.array([float(t)]))[0] == pytest.approx(value, rel=1e-12)
        assert_law(ours, value, f"excess error at {t}, noise 0.5 and then 1")


def test_where_no_law_is_known():
    assert mc.expectations(recipe(n_samples=6)) == []
    assert mc.expectations(recipe(workflow={"kind": "mix", "real": 0.5})) == []
    assert mc.expectations(recipe(learner={"family": "linear", "ridge": 1.0})) == []
