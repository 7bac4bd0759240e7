"""Real and synthetic items of other weights: the golden ratio of He et al. 2025, and its transient."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.theory import golden_weight, moment_recursion, weighted_error

V0, AT = 4.0, (1, 2, 4, 10)


def recipe(weight, real=8, synthetic=8, replicates=10_000, generations=10, learner=None):
    return mc.Experiment(
        n_samples=8,
        generations=generations,
        replicates=replicates,
        truth={"family": "gaussian", "mean": -1.0, "std": V0**0.5},
        learner=learner or {"family": "gaussian"},
        workflow={"kind": "weighted", "weight": weight, "real": real, "synthetic": synthetic},
    )


@pytest.mark.parametrize(("weight", "real", "synthetic"), [(0.618, 8, 8), (0.3, 8, 8), (0.8, 4, 20)])
def test_the_transient_and_the_long_run(weight, real, synthetic):
    """Sees 2 to 4 % of E V and 7 to 8 % of E (M - mu0)^2; the wrong law is that without weights."""
    experiment = recipe(weight, real, synthetic)
    law = moment_recursion(experiment, 3000)
    ends = weighted_error(weight, real, synthetic, known=False)
    np.testing.assert_allclose([law[0][-1], law[1][-1]], V0 * np.array(ends), rtol=1e-10)
    dataset = mc.run(experiment)
    for i, name in enumerate(("total_variance", "squared_error_of_mean")):
        for t, values in zip(AT, at(dataset, name, AT), strict=True):
            assert_law(values, law[i][t], f"{name} at {t}")
    plain = {"kind": "augment", "real": real, "synthetic": synthetic}
    if (weight, real) != (0.618, 8):
        wrong = moment_recursion(experiment.changed(workflow=plain), 10)[0][10]
        assert_not_law(at(dataset, "total_variance", [10])[0], wrong, "E V_10 without weights")


def test_equal_weights_are_no_weights():
    """Pure arithmetic: a weight of n_r/n is the law of plain counts."""
    plain = {"kind": "augment", "real": 4, "synthetic": 12}
    weighted = moment_recursion(recipe(0.25, 4, 12), 30)
    np.testing.assert_allclose(
        weighted, moment_recursion(recipe(0.25).changed(workflow=plain), 30), rtol=1e-12
    )


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 3.0])
def test_the_golden_weight_errs_least(ratio):
    """n B = [w^2 + k (1 - w)^2]/[w (2 - w)] V0 has its minimum there, and n B = w V0 at it."""
    best, real = golden_weight(ratio), round(1000 * ratio)
    errors = [weighted_error(w, real, 1000)[1] for w in (best - 1e-3, best, best + 1e-3)]
    assert errors[1] < min(errors[0], errors[2])
    assert real * errors[1] == pytest.approx(best, rel=1e-9)
    if ratio == 1.0:
        assert best == pytest.approx((np.sqrt(5) - 1) / 2, rel=1e-12)


def test_known_variance_by_the_recursion():
    """B' = w^2 V0/n + (1 - w)^2 (V0/m + B): where it ends is the law of He et al. Pure arithmetic."""
    w, n, m, b = 0.4, 8, 20, V0 / 8
    for _ in range(200):
        b = w**2 * V0 / n + (1 - w) ** 2 * (V0 / m + b)
    assert b / V0 == pytest.approx(weighted_error(w, n, m)[1], rel=1e-12)


def test_unbiased_fits_and_mixtures():
    """Sees 3 % of E V_10: weights in the fit of ddof 1, and in EM."""
    for learner in ({"family": "gaussian", "ddof": 1}, {"family": "mixture"}):
        experiment = recipe(0.7, 6, 12, 4000, learner=learner)
        law = moment_recursion(experiment, 10)
        assert_law(at(mc.run(experiment), "total_variance", [10])[0], law[0][10], f"E V_10, {learner}")
