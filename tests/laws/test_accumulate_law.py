"""Pools that grow: E V_t and E (M_t - mu0)^2 under accumulate and accumulate-subsample, V or H.

The laws are written here as they are published or derived in closed form; the package's recursion
must equal them, and simulations of every family must agree.
"""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.metrics import SPREAD
from modelcollapse.theory import pool_recursion

N = 8
GENERATIONS = (1, 2, 4, 12)
FAMILIES = {
    "gaussian": ({"family": "gaussian", "mean": 3.0, "std": 2.0}, {"family": "gaussian"}, 4.0),
    "mixture": (
        {"family": "mixture", "weights": [0.5, 0.5], "means": [-1.0, 3.0], "stds": [1.0, 1.0]},
        {"family": "mixture"},
        5.0,
    ),
    "categorical": (
        {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]}, {"family": "categorical"}, 0.62,
    ),
}  # fmt: skip
KINDS = ("accumulate", "accumulate-subsample")


def recipe(kind, family, replicates=6000, generations=12, n=N, **workflow):
    truth, learner, _ = FAMILIES[family]
    return mc.Experiment(
        n_samples=n,
        generations=generations,
        replicates=replicates,
        truth=truth,
        learner=learner,
        workflow={"kind": kind, **workflow},
    )


def accumulate(n, generations):
    """E V_t/V0 at t = 0..generations: the product of Kazdan et al. 2024."""
    t = np.arange(1, generations + 1)
    return np.append(1.0, np.cumprod(1 - 1 / (n * t**2.0)))


def subsample(n, generations):
    """E V_t/V0 at t = 0..generations, in closed form."""
    q, ratios = 1 - 1 / n, [1.0]
    for t in range(1, generations + 1):
        s = np.arange(1, t)
        f = (s * n - n) / np.maximum(s * n - 1, 1)
        last = (t * n - n) / max(t * n - 1, 1)
        ratios.append((1 - last / n) * q * np.prod(1 - (1 + f * q) / (n * (s + 1.0) ** 2)))
    return np.array(ratios)


CLOSED = {"accumulate": accumulate, "accumulate-subsample": subsample}


@pytest.mark.parametrize("n", [1, 2, 5, 1000])
@pytest.mark.parametrize("kind", KINDS)
def test_the_recursion_is_the_closed_form(kind, n):
    """To 1e-12, in every generation; and V + B is V0."""
    experiment = recipe(kind, "gaussian", n=n)
    spread, error = pool_recursion(experiment, 50)
    np.testing.assert_allclose(spread, 4.0 * CLOSED[kind](n, 50), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(error, 4.0 - spread, rtol=1e-12, atol=1e-12)


def test_the_limit_of_accumulation():
    """V0 sin(pi/sqrt n)/(pi/sqrt n): what is lost stays lost, and no more."""
    spread, _ = pool_recursion(recipe("accumulate", "gaussian"), 100_000)
    x = np.pi / np.sqrt(N)
    assert spread[-1] == pytest.approx(4.0 * np.sin(x) / x, rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
def test_pools_of_real_items_once(kind, family):
    """Sees 2 to 5 % of E V_12, 1 to 2 % of E H_12, 4 to 9 % of the squared error."""
    experiment = recipe(kind, family)
    v0 = FAMILIES[family][2]
    law = v0 * CLOSED[kind](N, 12)
    known = {law.metric: law for law in mc.expectations(experiment)}
    dataset = mc.run(experiment)
    spread, error = SPREAD[experiment.learner.items]
    for name, values in ((spread, law), (error, v0 - law)):
        np.testing.assert_allclose(
            known[name].at(np.array(GENERATIONS)), values[list(GENERATIONS)], rtol=1e-12
        )
        for g, measured in zip(GENERATIONS, at(dataset, name, GENERATIONS), strict=True):
            assert_law(measured, values[g], f"{name} at {g}")
    last = at(dataset, spread, [12])[0]
    assert_not_law(last, v0 * (1 - 1 / N) ** 12, f"{spread} at 12 under replace")
    assert_not_law(at(dataset, error, [12])[0], v0 / N, f"{error} at 12 if it stayed that of the first fit")


@pytest.mark.parametrize("family", ["gaussian", "categorical"])
@pytest.mark.parametrize("kind", KINDS)
def test_pools_to_which_real_items_are_added(kind, family):
    """A quarter of what is added is real. Sees 2 to 4 % of E V_12, 1 % of E H_12, 5 to 8 % of the error."""
    experiment = recipe(kind, family, real=0.25)
    dataset = mc.run(experiment)
    assert dataset["n_real"].values[:, 1:].tolist() == [[8] + [2] * 11] * 6000
    assert (dataset["n_kept"].values[:, 1:] == N * np.arange(12)).all()
    names = SPREAD[experiment.learner.items]
    _, without = pool_recursion(recipe(kind, family), 12)
    for name, law in zip(names, pool_recursion(experiment, 12), strict=True):
        for g, measured in zip(GENERATIONS, at(dataset, name, GENERATIONS), strict=True):
            assert_law(measured, law[g], f"{name} at {g}")
    assert_not_law(measured, without[12], f"{name} at 12 without real items")


def test_the_two_pools_are_told_apart():
    """A subsample's error is 1.6 times that of the whole pool at t = 12; sees 2.5 % of it."""
    for kind, other in (KINDS, KINDS[::-1]):
        measured = at(mc.run(recipe(kind, "categorical", 20_000)), "squared_error_of_probabilities", [12])[0]
        assert_law(measured, 0.62 * (1 - CLOSED[kind](N, 12)[12]), f"the squared error under {kind}")
        assert_not_law(measured, 0.62 * (1 - CLOSED[other](N, 12)[12]), f"the squared error under {other}")


@pytest.mark.parametrize("learner", [
    {"family": "gaussian", "ddof": 1},
    {"family": "mixture", "reg_covar": 1e-3},
    {"family": "mixture", "solver": "scikit-learn"},
])  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_no_law_is_claimed_where_none_is_known(kind, learner):
    experiment = mc.Experiment(n_samples=20, learner=learner, workflow={"kind": kind})
    assert mc.expectations(experiment) == []
