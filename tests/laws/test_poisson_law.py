"""A Poisson model learned from itself: a martingale that dies out, on the exact and the grouped engine."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.results import first_generation
from modelcollapse.theory.whole import iterated, survival

N, RATE, REPLICATES = 8, 1.5, 5000
GENERATIONS = (1, 2, 5, 15, 40)


def recipe(engine="exact", **values):
    table = {"n_samples": N, "generations": 40, "replicates": REPLICATES, "engine": engine}
    families = {"truth": {"family": "poisson", "rate": RATE}, "learner": {"family": "poisson"}}
    return mc.Experiment(**{**table, **families, **values})


@pytest.fixture(scope="module", params=["exact", "grouped"])
def replaced(request):
    return mc.run(recipe(request.param))


def laws(experiment):
    return {law.metric: law.at(np.array(GENERATIONS, dtype=float)) for law in mc.expectations(experiment)}


def test_replace(replaced):
    """Sees 2 % of the rate at 1 and 11 % at 40, 8 to 22 % of its squared error, 0.03 in P(alive at 40)."""
    known = laws(recipe())
    assert set(known) == {"rate", "squared_error_of_rate", "alive"}
    for name, law in known.items():
        for i, measured in enumerate(at(replaced, name, GENERATIONS)):
            if measured.std() == 0.0:
                assert law[i] == pytest.approx(measured.mean(), abs=1e-4)
            else:
                assert_law(measured, law[i], f"{name} at {GENERATIONS[i]}")


def test_survival_one_generation_late_is_told(replaced):
    """g_1 = 1 belongs to generation 1; with g_0 in its place every value is one too late, by 0.015 at 40."""
    alive = at(replaced, "alive", (5, 15))
    for t, measured in zip((5, 15), alive, strict=True):
        assert_not_law(measured, survival(N * RATE, np.array([t + 4.0]))[0], f"alive, of {t + 4}")
    early = at(mc.run(recipe(n_samples=1, generations=2, replicates=20_000)), "alive", (1, 2))
    for t in (1, 2):
        assert_law(early[t - 1], survival(RATE, np.array([float(t)]))[0], f"alive at {t}, n = 1")
        assert_not_law(early[t - 1], survival(RATE, np.array([t + 1.0]))[0], f"alive at {t}, as at {t + 1}")


def test_the_squared_error_of_another_variance_is_told(replaced):
    measured = at(replaced, "squared_error_of_rate", (5,))[0]
    assert_not_law(measured, RATE * 4 / N, "four generations of five")


def test_accumulate():
    """Sees 8 % of the squared error."""
    experiment = recipe(workflow={"kind": "accumulate"}, generations=15)
    dataset = mc.run(experiment)
    known = {law.metric: law for law in mc.expectations(experiment)}
    for name, law in known.items():
        for t, measured in zip((1, 2, 5, 15), at(dataset, name, (1, 2, 5, 15)), strict=True):
            assert_law(measured, law.at(np.array([float(t)]))[0], f"{name} at {t}")
    assert_not_law(measured, RATE / N * 2.1, "the squared error without an end")


def test_the_iteration():
    """By hand, and 2/t in the end."""
    g = iterated(np.array([1.0, 2.0, 3.0, 4000.0]))
    assert g[:3] == pytest.approx([1.0, 1 - np.exp(-1.0), 1 - np.exp(np.exp(-1.0) - 1)], rel=1e-14)
    assert g[3] * 4000.0 / 2.0 == pytest.approx(1.0, abs=0.01)


def test_the_first_generation_of_zeros():
    """Its mean up to 40 is the sum of the survival probabilities before. Sees 0.9 of 29 generations."""
    dataset = mc.run(recipe())
    first = first_generation(dataset, "rate", 0.0).values
    law = 1.0 + survival(N * RATE, np.arange(1.0, 41.0)).sum()
    assert_law(np.where(np.isnan(first), 41.0, first), law, "first generation of zeros, at most 41")
