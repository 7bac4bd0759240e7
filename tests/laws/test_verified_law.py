"""Verified data: a truncated normal in generation 2, exactly and for many items; odds of right to wrong."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at
from scipy.special import roots_genlaguerre
from scipy.stats import norm, truncnorm

import modelcollapse as mc
from modelcollapse.theory import verified_limit, verifier_threshold
from modelcollapse.theory.verified import passed

MU0, S0 = 1.0, 2.0
CATEGORIES = {"family": "categorical", "probabilities": [0.4, 0.3, 0.2, 0.1]}


def recipe(n=20, replicates=6000, generations=2, **workflow):
    return mc.Experiment(
        n_samples=n,
        generations=generations,
        replicates=replicates,
        truth={"family": "gaussian", "mean": MU0, "std": S0},
        learner={"family": "gaussian"},
        workflow={"kind": "verified", **workflow},
    )


def moments_let_through(mean, std, low, high, phi, psi):
    """Mean and variance of the mixture of what is right, and of everything, from SciPy's truncated normal."""
    inside = truncnorm((low - mean) / std, (high - mean) / std, mean, std)
    weight = (phi - psi) * (norm.cdf(high, mean, std) - norm.cdf(low, mean, std))
    total = weight + psi
    first = (weight * inside.mean() + psi * mean) / total
    second = (weight * (inside.var() + inside.mean() ** 2) + psi * (std**2 + mean**2)) / total
    return first, second - first**2


def second_generation(n, low, high, phi, psi):
    """E V_2 and E (M_2 - mu0)^2: over all first models, n V_1/V0 ~ chi2_(n-1) and M_1 ~ N(mu0, V0/n)."""
    u, wu = roots_genlaguerre(30, (n - 1) / 2 - 1)
    z, wz = np.polynomial.hermite_e.hermegauss(30)
    spread = error = 0.0
    for shape, pu in zip(u, wu / wu.sum(), strict=True):
        for score, pz in zip(z, wz / wz.sum(), strict=True):
            mean, std = MU0 + S0 * score / np.sqrt(n), S0 * np.sqrt(2 * shape / n)
            if pu * pz < 1e-12:
                continue
            m, v = moments_let_through(mean, std, low, high, phi, psi)
            spread += pu * pz * v * (1 - 1 / n)
            error += pu * pz * ((m - MU0) ** 2 + v / n)
    return spread, error


RULES = {
    "one side": ({"low": 0.0}, (0.0, np.inf, 1.0, 0.0)),
    "a region": ({"low": -2.0, "high": 2.0}, (-2.0, 2.0, 1.0, 0.0)),
    "noise": ({"high": 1.5, "phi": 0.8, "psi": 0.3}, (-np.inf, 1.5, 0.8, 0.3)),
    "likely items": (
        {"likelihood": 0.2},
        (MU0 + S0 * norm.ppf(0.1), MU0 - S0 * norm.ppf(0.1), 1.0, 0.0),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_the_second_generation(name):
    """Exact, by quadrature over the first model. Sees 2 % of E V_2, 4 to 7 % of E (M_2 - mu0)^2.

    The wrong law keeps everything: q^2 V0 and V0 (1 - q^2).
    """
    workflow, rule = RULES[name]
    dataset = mc.run(recipe(**workflow))
    spread, error = (at(dataset, m, [2])[0] for m in ("total_variance", "squared_error_of_mean"))
    law = second_generation(20, *rule)
    assert_law(spread, law[0], f"E V_2, {name}")
    assert_law(error, law[1], f"E (M_2 - mu0)^2, {name}")
    assert_not_law(spread, S0**2 * (1 - 1 / 20) ** 2, "no verifier")


@pytest.mark.parametrize("name", RULES)
def test_many_items_are_the_truncated_normal(name):
    """The limit's second generation is SciPy's truncated normal; 100,000 items come within 1 %."""
    workflow, rule = RULES[name]
    experiment = recipe(100_000, 8, 6, **workflow, real=0.2)
    spread, error = verified_limit(experiment.changed(workflow={"kind": "verified", **workflow}), 2)
    mean, variance = moments_let_through(MU0, S0, *rule)
    np.testing.assert_allclose([spread[2], error[2]], [variance, (mean - MU0) ** 2], rtol=1e-9, atol=1e-12)
    measured = mc.run(experiment)["total_variance"].mean("replicate").values
    np.testing.assert_allclose(measured, verified_limit(experiment, 6)[0], rtol=0.01)
    assert all(law.about for law in mc.expectations(experiment))


def test_far_regions():
    """No cancellation far in a tail: what is left of a normal beyond 12 stds."""
    mean, variance = passed(0.0, 1.0, (12.0, np.inf), 1.0, 0.0)
    exact = truncnorm(12.0, np.inf)
    assert mean == pytest.approx(exact.mean(), rel=1e-9)
    assert variance == pytest.approx(exact.var(), rel=1e-6)
    assert passed(0.0, 1.0, (60.0, np.inf), 1.0, 0.0) == (0.0, 1.0)


def test_odds_of_right_to_wrong():
    """They are multiplied by phi/psi a generation; sees 0.3 % of a share. The wrong law swaps the two."""
    experiment = mc.Experiment(
        n_samples=100_000,
        generations=5,
        replicates=200,
        engine="grouped",
        truth=CATEGORIES,
        learner={"family": "categorical"},
        workflow={"kind": "verified", "right": [1, 3], "phi": 0.6, "psi": 0.4},
    )
    probability = mc.run(experiment)["probability"].values[:, 5]
    right = probability[:, [1, 3]].sum(axis=1)
    odds = 0.4 / 0.6 * (0.6 / 0.4) ** 4
    assert_law(right, odds / (1 + odds), "right categories in generation 5")
    wrong = 0.4 / 0.6 * (0.4 / 0.6) ** 4
    assert_not_law(right, wrong / (1 + wrong), "psi/phi")
    share = np.array([0.4, 0.3, 0.2, 0.1]) * np.array([0.4, 0.6, 0.4, 0.6]) ** 4
    share /= share.sum()
    assert verified_limit(experiment, 5)[0][5] == pytest.approx(1 - np.sum(share**2), rel=1e-12)


@pytest.mark.parametrize(("phi", "psi", "error"), [(1.0, 0.0, 1.0), (0.5, 0.5, 0.5), (0.9, 0.3, 0.75)])
def test_the_threshold_of_a_verifier(phi, psi, error):
    assert verifier_threshold(phi, psi) == pytest.approx(error, rel=1e-12)
