"""Real and synthetic items in any numbers, fresh, fixed or picked from a pool; counts that grow or decay.

`theory.moment_recursion` is held against closed forms of the long run, against a second derivation from
pairs of items, and against simulations.
"""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.theory import moment_recursion, pool_cost, spread_of_given_set, stationary_deficit

N, MU0, V0 = 12, 3.0, 4.0
AT = (1, 2, 5, 14)
KINDS = {
    "fresh": {"real": 4, "synthetic": 6},
    "fixed": {"real": 4, "synthetic": 6, "real_source": "fixed"},
    "a pool of a part": {"real": 3, "synthetic": 6, "real_source": "fixed", "pool": 8},
    "a larger pool": {"real": 3, "synthetic": 6, "real_source": "fixed", "pool": 30},
    "growing": {"real": 0, "synthetic": 6, "growth": 0.7},
    "more than before": {"real": 10, "synthetic": 30},
}
DECAYING = {"kind": "decaying", "real": 0.5, "half_life": 2.0}


def recipe(replicates=6000, generations=14, ddof=0, n=N, **workflow):
    return mc.Experiment(
        n_samples=n,
        generations=generations,
        replicates=replicates,
        truth={"family": "gaussian", "mean": MU0, "std": V0**0.5},
        learner={"family": "gaussian", "ddof": ddof},
        workflow={"kind": "augment", **workflow},
    )


def by_pairs(counts, generations, fixed=0, n=N, ddof=0):
    """E V_t and E (M_t - mu0)^2 from pairs: a variance is half the mean squared difference of two items.

    ``counts(t)`` are real and synthetic items of generation t; ``fixed`` real items are held, if any.
    """
    A, B = [V0, V0 * (1 - 1 / n) * n / (n - ddof)], [0.0, V0 / n]
    common = min(n, fixed) / n * V0 / fixed if fixed else 0.0  # E (M - mu0)(m_R - mu0), item by item
    for t in range(2, generations + 1):
        r, s = counts(t)
        m = r + s
        across = (V0 + A[-1] + B[-1]) / 2 - common  # half of E (real - synthetic)^2
        pairs = (r * (r - 1) * V0 + s * (s - 1) * A[-1] + 2 * r * s * across) / m / (m - 1)
        v = (1 - 1 / m) * pairs
        second = (r * V0 + s * (A[-1] + B[-1])) / m
        A.append(v * m / (m - ddof))
        B.append(second - v)
        common = (r * V0 / fixed + s * common) / m if fixed else 0.0
    return np.array(A), np.array(B)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("name", KINDS)
def test_the_law_derived_again(name, ddof):
    """Pure arithmetic, to 1e-12."""
    experiment = recipe(ddof=ddof, **KINDS[name])
    law = by_pairs(experiment.workflow.counts, 40, experiment.workflow.fixed, ddof=ddof)
    np.testing.assert_allclose(moment_recursion(experiment, 40), law, rtol=1e-12, atol=1e-12)


def assert_recursion(experiment, wrong=None) -> None:
    """Mean variance and squared error of the mean are the recursion's, and not those of another recipe."""
    dataset = mc.run(experiment)
    law = moment_recursion(experiment, AT[-1])
    for i, name in enumerate(("total_variance", "squared_error_of_mean")):
        for t, values in zip(AT, at(dataset, name, AT), strict=True):
            assert_law(values, law[i][t], f"{name} at {t}")
    if wrong is not None:
        theirs = moment_recursion(wrong, AT[-1])
        values = at(dataset, "squared_error_of_mean", AT[-1:])[0]
        assert_not_law(values, theirs[1][AT[-1]], "another workflow's error of the mean")


@pytest.mark.parametrize("name", KINDS)
def test_simulations_obey_it(name):
    """Sees 2 to 5 % of E V_14 and 7 to 9 % of E (M_14 - mu0)^2; beside it stands fresh for fixed or back."""
    others = {"fresh": "fixed", "fixed": "fresh", "a pool of a part": "fresh", "a larger pool": "growing",
              "growing": "fresh", "more than before": "fresh"}  # fmt: skip
    assert_recursion(recipe(**KINDS[name]), recipe(**KINDS[others[name]]))


@pytest.mark.parametrize("more", [{}, {"real_source": "fixed"}, {"assignment": "per-sample"}])
def test_real_shares_that_decay(more):
    """Sees 2 to 5 % of E V_14. The wrong law is that of a share that does not decay."""
    assert_recursion(decaying(more), decaying({**more, "half_life": 1e9}))


def decaying(more):
    return mc.Experiment(
        n_samples=16,
        generations=14,
        replicates=6000,
        truth={"family": "gaussian", "mean": MU0, "std": V0**0.5},
        learner={"family": "gaussian"},
        workflow={**DECAYING, **more},
    )


@pytest.mark.parametrize(("real", "synthetic", "pool"), [(4, 6, 4), (4, 6, 9), (3, 17, 40), (10, 90, 10)])
def test_what_a_pool_costs_in_the_long_run(real, synthetic, pool):
    """Pure arithmetic: 1 + 2 (1 - lam) n_r/m times the deficit of fresh items, whatever n_ini."""
    numbers, lam = {"real": real, "synthetic": synthetic}, real / (real + synthetic)
    fresh = moment_recursion(recipe(**numbers), 2000)[1][-1] / V0
    assert fresh == pytest.approx(stationary_deficit(real + synthetic, lam), rel=1e-10)
    other_start = moment_recursion(recipe(n=1000, **numbers), 2000)[1][-1] / V0
    assert other_start == pytest.approx(fresh, rel=1e-10)
    fixed = moment_recursion(recipe(**numbers, real_source="fixed", pool=pool), 2000)
    assert fixed[1][-1] / V0 == pytest.approx(fresh * pool_cost(real, synthetic, pool), rel=1e-10)
    assert fixed[0][-1] == pytest.approx(V0 - fixed[1][-1], rel=1e-10)
    if pool == real:
        assert pool_cost(real, synthetic, pool) == pytest.approx(3 - 2 * lam)


def test_one_given_set():
    """The models learn the set, not the truth: E V = c V_R, set by set. Sees 2 % of it.

    With N = real the first model is fitted to the set alone, so that its variance is V_R.
    """
    experiment = recipe(4000, 40, n=6, real=6, synthetic=9, real_source="fixed")
    variance = mc.run(experiment)["total_variance"].values
    of_set, long_run = variance[:, 1], variance[:, 15:].mean(axis=1)
    factor = spread_of_given_set(15, 0.4)
    assert_law(long_run - factor * of_set, 0.0, "E V - c V_R")
    assert_law((long_run - factor * of_set) * of_set, 0.0, "the same, times V_R")
    assert_not_law(long_run - of_set, 0.0, "E V = V_R")


@pytest.mark.parametrize("growth", [0.5, 1.5])
def test_sets_that_grow_faster_than_linearly_keep_some_variance(growth):
    """E V_t/V0 = prod (1 - 1/n_t): it goes to 0 unless the sum of 1/n_t is finite."""
    experiment = recipe(real=0, synthetic=N, growth=growth)
    law = moment_recursion(experiment, 4000)[0] / V0
    sizes = [N] + [sum(experiment.workflow.counts(t)) for t in range(2, 4001)]
    np.testing.assert_allclose(law[1:], np.cumprod(1 - 1 / np.array(sizes)), rtol=1e-10)
    assert (law[4000] > 0.9 * law[400]) == (growth > 1)
