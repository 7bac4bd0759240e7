"""Synthetic data at a temperature, learned by one Gaussian: Alemohammad et al. 2023, and any mix."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.theory import moment_recursion

N, MU0, V0 = 20, 3.0, 4.0
AT = (1, 2, 5, 10)


def recipe(temperature, ddof=0, replicates=6000, **workflow):
    return mc.Experiment(
        n_samples=N,
        generations=10,
        replicates=replicates,
        truth={"family": "gaussian", "mean": MU0, "std": V0**0.5},
        learner={"family": "gaussian", "ddof": ddof},
        workflow={"kind": "biased", "temperature": temperature, **workflow},
    )


@pytest.mark.parametrize("temperature", [0.6, 0.9, 1.3])
def test_synthetic_data_alone_unbiased(temperature):
    """E V_t = T^(t-1) V0, B_t = (V0/n)(1 - T^t)/(1 - T). Sees 2 to 6 % of the first, 8 % of the second.

    The wrong law is E V_t = T^t V0: as if the first training set, too, were drawn at the temperature.
    """
    dataset = mc.run(recipe(temperature, ddof=1))
    law = moment_recursion(recipe(temperature, ddof=1), 10)
    for t, spread, error in zip(
        AT, at(dataset, "total_variance", AT), at(dataset, "squared_error_of_mean", AT), strict=True
    ):
        expected = temperature ** (t - 1) * V0
        of_mean = V0 / N * (1 - temperature**t) / (1 - temperature)
        np.testing.assert_allclose([law[0][t], law[1][t]], [expected, of_mean], rtol=1e-12)
        assert_law(spread, expected, f"E V_{t} at {temperature}")
        assert_law(error, of_mean, f"E (M_{t} - mu0)^2 at {temperature}")
        if abs(temperature - 1) > 0.2:
            assert_not_law(spread, temperature * expected, "T^t V0")


@pytest.mark.parametrize(
    "workflow",
    [{"real": 0.2, "kept": 0.3}, {"real": 0.3, "real_source": "fixed"},
     {"real": 0.2, "kept": 0.3, "assignment": "per-sample"}],
)  # fmt: skip
@pytest.mark.parametrize("engine", ["exact", "grouped"])
def test_any_mix(workflow, engine):
    """Sees 2 to 3 % of E V_10, on items and on counts; the wrong law has no temperature."""
    experiment = recipe(0.7, 0, 4000, **workflow).changed(engine=engine)
    dataset, law = mc.run(experiment), moment_recursion(experiment, 10)
    for t, spread, error in zip(
        AT, at(dataset, "total_variance", AT), at(dataset, "squared_error_of_mean", AT), strict=True
    ):
        assert_law(spread, law[0][t], f"E V_{t}, {workflow}")
        assert_law(error, law[1][t], f"E (M_{t} - mu0)^2, {workflow}")
    plain = moment_recursion(recipe(1.0, **workflow), 10)
    assert_not_law(at(dataset, "total_variance", [10])[0], plain[0][10], "E V_10 without temperature")


def test_a_temperature_of_one_is_the_mix():
    """Pure arithmetic; mixtures and categories have no law of a temperature."""
    plain = recipe(1.0).changed(workflow={"kind": "mix", "real": 0.2, "kept": 0.1})
    biased = recipe(1.0, real=0.2, kept=0.1)
    np.testing.assert_allclose(moment_recursion(plain, 20), moment_recursion(biased, 20), rtol=1e-13)
    assert mc.expectations(biased.changed(learner={"family": "mixture"})) == []


def test_vectors():
    """The trace of a Gaussian's covariance obeys the same law. Sees 3 % of E V_10, 6 % of the error."""
    truth = {"family": "gaussian-nd", "mean": [MU0, 0.0], "covariance": [[V0, 1.0], [1.0, 0.5]]}
    experiment = recipe(0.7, replicates=3000, real=0.2).changed(
        truth=truth, learner={"family": "gaussian-nd"}
    )
    dataset = mc.run(experiment)
    laws = {law.metric: law.at(np.array(AT, dtype=float)) for law in mc.expectations(experiment)}
    for name, law in laws.items():
        for t, measured, expected in zip(AT, at(dataset, name, AT), law, strict=True):
            assert_law(measured, expected, f"{name} at {t}")
    plain = moment_recursion(experiment.changed(workflow={"kind": "mix", "real": 0.2}), 10)
    assert_not_law(at(dataset, "total_variance", [10])[0], plain[0][10], "E V_10 without temperature")
