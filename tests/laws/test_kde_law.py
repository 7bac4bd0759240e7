"""Kernel densities and the bootstrap: what each fit adds to the variance, and what it keeps."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, assert_same_mean, at

import modelcollapse as mc
from modelcollapse.theory import kernel_pool_recursion, moment_recursion, pool_recursion

N, V0, H = 20, 4.0, 0.7
TRUTH = {"family": "gaussian", "mean": 3.0, "std": 2.0}
KINDS = {
    "fixed": {"bandwidth": H},
    "scott": {"bandwidth": "scott"},
    "scaled, ddof 0": {"bandwidth": "scaled"},
    "scaled, ddof 1": {"bandwidth": "scaled", "ddof": 1},
}


def recipe(learner, generations, replicates, n=N, **more):
    learner = {"family": "kde", **learner} if "bandwidth" in learner else learner
    return mc.Experiment(
        n_samples=n, generations=generations, replicates=replicates, truth=TRUTH, learner=learner, **more
    )


def laws(experiment, t):
    """Both laws at one generation: of the variance and of the squared error of the mean."""
    found = {law.metric: float(law.at(np.array([t]))[0]) for law in mc.expectations(experiment)}
    return found["total_variance"], found["squared_error_of_mean"]


def test_replace_with_a_fixed_bandwidth():
    """E S_1 = q V0 and E S' = q (S + h^2), so that the items' variance goes to (n - 1) h^2 and not to 0.

    4,000 replicates: sees 1 to 2 % of the variance.
    """
    experiment = recipe(KINDS["fixed"], 30, 4000)
    dataset = mc.run(experiment)
    q = 1 - 1 / N
    for t in (1, 2, 10, 30):
        expected = q**t * V0 + H**2 * (N - 1) * (1 - q ** (t - 1)) + H**2
        assert laws(experiment, t)[0] == pytest.approx(expected, rel=1e-12)
        for name, law in zip(("total_variance", "squared_error_of_mean"), laws(experiment, t), strict=True):
            assert_law(at(dataset, name, [t])[0], law, f"{name}, {t}")
    assert_not_law(at(dataset, "total_variance", [30])[0], q**30 * V0 + H**2, "h^2 added once")
    assert_not_law(at(dataset, "total_variance", [30])[0], V0 + 30 * H**2, "nothing lost")


def test_replace_ends_at_its_limit():
    """From any truth, E S goes to (n - 1) h^2: n = 5 within 1e-4 of it after 40 generations.

    6,000 replicates: sees 5 % of the limit.
    """
    experiment = recipe({"bandwidth": 3.0}, 40, 6000, n=5, save={"every": 40})
    items = at(mc.run(experiment), "total_variance", [40])[0] - 9.0
    assert laws(experiment, 40)[0] - 9.0 == pytest.approx(4 * 9.0, rel=1e-3)
    assert_law(items, laws(experiment, 40)[0] - 9.0, "limit")
    assert_not_law(items, 5 * 9.0, "n h^2")


@pytest.mark.parametrize("ddof", [0, 1])
def test_replace_with_a_bandwidth_in_proportion(ddof):
    """A factor of (1 - 1/n)(1 + n^(-2/5)) a generation, of 1 - 1/n + n^(-2/5) with ddof 1.

    8,000 replicates: sees 5 % after 8 generations, and so 0.6 % of the factor.
    """
    experiment = recipe(KINDS[f"scaled, ddof {ddof}"], 8, 8000)
    dataset = mc.run(experiment)
    wide = N ** (-2 / 5)
    factor = (1 - 1 / N) * (1 + wide) if ddof == 0 else 1 - 1 / N + wide
    for t in (1, 3, 8):
        expected = factor**t * V0
        assert laws(experiment, t)[0] == pytest.approx(expected, rel=1e-12)
        assert_law(at(dataset, "total_variance", [t])[0], expected, f"V, {t}")
        assert_law(at(dataset, "squared_error_of_mean", [t])[0], laws(experiment, t)[1], f"B, {t}")
    assert_not_law(at(dataset, "total_variance", [8])[0], ((1 - 1 / N) * (1 + N ** (-1 / 5))) ** 8 * V0, "h")
    first = at(dataset, "total_variance", [1])[0]
    assert_not_law(first, (1 - 1 / N) * V0, "no kernels")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "workflow",
    [
        {"real": 0.25, "kept": 0.25},
        {"real": 0.2, "real_source": "fixed"},
        {"real": 0.2, "assignment": "per-sample"},
    ],
    ids=["fresh and kept", "fixed", "per-sample"],
)
def test_mix(kind, workflow):
    """The mix law with what kernels add, from `moments_kept` alone. 3,000 replicates: sees 2 to 6 %."""
    experiment = recipe(KINDS[kind], 12, 3000, workflow={"kind": "mix", **workflow})
    dataset = mc.run(experiment)
    for t in (1, 4, 12):
        spread, error = laws(experiment, t)
        assert_law(at(dataset, "total_variance", [t])[0], spread, f"V, {t}")
        assert_law(at(dataset, "squared_error_of_mean", [t])[0], error, f"B, {t}")
    plain = recipe({"family": "gaussian"}, 12, 1, workflow={"kind": "mix", **workflow})
    assert_not_law(at(dataset, "total_variance", [12])[0], moment_recursion(plain, 12)[0][12], "no kernels")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("real", [0.0, 0.25])
@pytest.mark.parametrize("pool", ["accumulate", "accumulate-subsample"])
def test_pools(pool, real, kind):
    """The law of kernels on a pool, with and without real items. 3,000 replicates: sees 1 to 7 %."""
    experiment = recipe(KINDS[kind], 15, 3000, workflow={"kind": pool, "real": real})
    dataset = mc.run(experiment)
    for t in (1, 2, 5, 15):
        spread, error = laws(experiment, t)
        assert_law(at(dataset, "total_variance", [t])[0], spread, f"V, {t}")
        assert_law(at(dataset, "squared_error_of_mean", [t])[0], error, f"B, {t}")
    other = recipe(KINDS[kind], 15, 1, workflow={"kind": pool, "real": real}, n=2 * N)
    assert_not_law(at(dataset, "squared_error_of_mean", [15])[0],
                   kernel_pool_recursion(other, 15)[1][15], "2 N items")  # fmt: skip


@pytest.mark.parametrize("real", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("pool", ["accumulate", "accumulate-subsample"])
def test_kernels_of_no_width_have_the_law_of_pools(pool, real):
    """To rounding: this sees terms that are too small for the replicates above."""
    work = {"kind": pool, "real": real}
    kernels = kernel_pool_recursion(recipe({"bandwidth": 1e-9}, 30, 1, workflow=work), 30)
    plain = pool_recursion(recipe({"family": "empirical"}, 30, 1, workflow=work), 30)
    assert np.array(kernels) == pytest.approx(np.array(plain), rel=1e-12, abs=1e-15)


def test_accumulation_does_not_cap_kernels():
    """E (x - mu0)^2 over the pool is V0 + h^2 (H_t - 1), H_t harmonic. Sees 1 % of it.

    The pool's second moment is the model's total variance less h^2, and the squared error of its mean.
    """
    h = 2.0
    experiment = recipe({"bandwidth": h}, 60, 2000, workflow={"kind": "accumulate"}, save={"every": 20})
    dataset = mc.run(experiment)
    variance, error = (at(dataset, m, [20, 60]) for m in ("total_variance", "squared_error_of_mean"))
    for i, t in enumerate((20, 60)):
        harmonic = np.sum(1 / np.arange(1, t + 1))
        second = variance[i] - h**2 + error[i]
        spread, off = (part[t] for part in kernel_pool_recursion(experiment, t))
        assert spread + off - h**2 == pytest.approx(V0 + h**2 * (harmonic - 1), rel=1e-12)
        assert_law(second, V0 + h**2 * (harmonic - 1), f"second moment, {t}")
        assert_not_law(second, V0 + h**2 * harmonic, "a kernel about the real items too")
    assert_not_law(second, V0 + h**2 * np.sum(1 / np.arange(2, t + 1) ** 2), "a sum that is capped")


@pytest.mark.parametrize(
    "workflow",
    [
        {"kind": "mix"},
        {"kind": "mix", "real": 0.25, "kept": 0.25},
        {"kind": "accumulate"},
        {"kind": "accumulate-subsample", "real": 0.25},
    ],
    ids=["replace", "mix", "accumulate", "subsample"],
)
def test_the_bootstrap_has_the_laws_of_any_fit_that_keeps_moments(workflow):
    """All of them. 3,000 replicates: sees 2 to 5 % of the variance."""
    experiment = recipe({"family": "empirical"}, 15, 3000, workflow=workflow)
    dataset = mc.run(experiment)
    for t in (1, 4, 15):
        spread, error = laws(experiment, t)
        assert_law(at(dataset, "total_variance", [t])[0], spread, f"V, {t}")
        assert_law(at(dataset, "squared_error_of_mean", [t])[0], error, f"B, {t}")
    assert_not_law(at(dataset, "squared_error_of_mean", [15])[0], 2 * error, "twice the error")


def test_the_bootstrap_is_genetic_drift():
    """Each item is a category of its own: E H_t = 1 - 1/n after the first set, times (1 - 1/n) a generation.

    Under replace the distinct items left are the alleles of a Wright-Fisher population of n that began with
    n of them: the same number as that of a categorical learner of n equal categories, one generation later.
    5,000 and 3,000 replicates: sees 1 to 3 % of the number.
    """
    n = 30
    dataset = mc.run(recipe({"family": "empirical"}, 20, 5000, n=n))
    equal = mc.Experiment(
        n_samples=n, generations=19, replicates=3000,
        truth={"family": "categorical", "zipf": {"categories": n, "exponent": 0.0}},
        learner={"family": "categorical"},
    )  # fmt: skip
    alleles = mc.run(equal)
    assert (at(dataset, "distinct_items", [1])[0] == n).all()
    for t in (2, 5, 20):
        left = at(dataset, "distinct_items", [t])[0]
        assert_same_mean(left, at(alleles, "categories_alive", [t - 1])[0], f"distinct, {t}")
    second = at(dataset, "distinct_items", [2])[0]
    assert_law(second, n * (1 - (1 - 1 / n) ** n), "distinct, 2")
    assert_not_law(second, n * (1 - np.exp(-1)), "n (1 - 1/e)")


def test_scikit_learns_kernels_and_mixtures_have_the_same_laws():
    """An estimator named in a recipe: the mix law with what scikit-learn's own fit adds. Sees 9 to 12 %."""
    work = {"kind": "mix", "real": 0.25}
    for name, settings in (
        ("neighbors.KernelDensity", {"bandwidth": 1.5}),
        ("neighbors.KernelDensity", {"bandwidth": "silverman"}),
        ("mixture.GaussianMixture", {"n_components": 2, "reg_covar": 0.5}),
    ):
        learner = {"family": "estimator", "name": f"sklearn.{name}", "settings": settings}
        experiment = recipe(learner, 4, 300, workflow=work)
        dataset = mc.run(experiment)
        for t in (1, 4):
            spread, error = laws(experiment, t)
            assert_law(at(dataset, "total_variance", [t])[0], spread, f"{name}, V, {t}")
            assert_law(at(dataset, "squared_error_of_mean", [t])[0], error, f"{name}, B, {t}")
        gaussian = moment_recursion(recipe({"family": "gaussian"}, 4, 1, workflow=work), 4)[0][4]
        if settings != {"bandwidth": "silverman"}:
            z = at(dataset, "total_variance", [4])[0]
            assert abs(z.mean() - gaussian) > 4 * z.std() / np.sqrt(300)
