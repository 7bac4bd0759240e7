"""A mixture's fit keeps the sample's mean and variance, so E V_t = V0 (1 - 1/n)^t under replace."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law

import modelcollapse as mc
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.streams import COMMON_KEY, generators
from modelcollapse.types import Status

N, Q, V0 = 40, 1 - 1 / 40, 5.0
REPLICATES = 4000
DEGENERATE = int(Status.COMPONENT_DEAD | Status.POINT_MASS)
LOST = int(Status.NONFINITE | Status.SOLVER_FAILED)


def assert_total_variance(dataset, v0: float) -> None:
    for t in (1, 4, 8):
        values = dataset["total_variance"].sel(generation=t).values
        assert values.shape == (dataset.sizes["replicate"],)
        assert_law(values, v0 * Q**t, f"E V_{t}")
    assert_not_law(values, v0, "unbiased (the variance divided by n - 1)")


def test_total_variance_of_one_component():
    """Sees 4.5 % of E V_8 (0.6 % a generation); a mixture of one component is one Gaussian."""
    truth = {"family": "mixture", "weights": [1.0], "means": [7.0], "stds": [2.0]}
    learner = {"family": "mixture", "components": 1}
    experiment = mc.Experiment(
        n_samples=N, generations=8, replicates=REPLICATES, truth=truth, learner=learner
    )
    assert_total_variance(mc.run(experiment), 4.0)


def test_total_variance_of_two_components():
    """Sees 3 % of E V_8 (0.4 % a generation) and 1 % of E V_1, at 4,000 replicates."""
    assert_total_variance(mc.run(mc.Experiment(n_samples=N, generations=8, replicates=REPLICATES)), V0)


def test_total_variance_of_three_components():
    """Sees 2 % of E V_8 (0.2 % a generation), with a third of all replicates degenerate.

    Three components learn from two: one is at a loss, dies or ends on a single item. Without those
    replicates the mean is 5 % larger: 8 standard errors of 10,000 replicates, but 5 of 4,000. And no
    fit is lost, so that none has to keep its last model.
    """
    learner = {"family": "mixture", "components": 3}
    dataset = mc.run(mc.Experiment(n_samples=N, generations=8, replicates=10_000, learner=learner))
    degenerate = dataset["status"].values & DEGENERATE != 0
    assert 0.25 < degenerate[:, -1].mean() < 0.75
    assert_total_variance(dataset, V0)
    whole = dataset["total_variance"].values[~degenerate.any(axis=1), -1]
    assert_not_law(whole, V0 * Q**8, "without the degenerate replicates")
    assert (dataset["status"].values & LOST == 0).all()


def test_total_variance_of_a_truth_of_three_components():
    """Sees 4 % of E V_8; learner and truth both have three components, one of them rare and narrow."""
    weights, means, stds = [0.6, 0.3, 0.1], [-1.0, 1.0, 4.0], [1.0, 0.5, 0.3]
    truth = {"family": "mixture", "weights": weights, "means": means, "stds": stds}
    learner = {"family": "mixture", "components": 3}
    experiment = mc.Experiment(
        n_samples=N, generations=8, replicates=REPLICATES, truth=truth, learner=learner
    )
    w, m, s = np.array(weights), np.array(means), np.array(stds)
    assert_total_variance(mc.run(experiment), w @ (s**2 + m**2) - (w @ m) ** 2)


def items_of(kind: str, rng: np.random.Generator, n: int) -> np.ndarray:
    """Training sets that a recursion meets, early and late."""
    if kind == "smooth":
        return rng.normal(rng.choice([-2.0, 2.0], n), 1.0)
    if kind == "ties":
        return rng.choice(rng.normal(size=4), n)
    if kind == "outliers":
        return rng.standard_cauchy(n)
    if kind == "spikes":  # two values far out, and a bulk: two components become points at once
        bulk = rng.normal(size=n - 2)
        return np.concatenate([bulk, [-9.0 - rng.random(), 9.0 + rng.random()]])
    if kind == "nearly equal":
        return 3.0 + 1e-9 * rng.normal(size=n)
    return np.repeat(rng.normal(size=2), [1, n - 1])  # "two values"


@pytest.mark.parametrize("components", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", ["smooth", "ties", "outliers", "spikes", "nearly equal", "two values"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_keeps_the_samples_mean_and_variance(kind, components, weighted):
    """An identity, exact but for rounding (1e-10 of the variance), wherever EM stops.

    Beyond it the means are rounded to float64, which moves a variance by some roundings of the mean
    over the spread.
    """
    rng = np.random.default_rng([7, components, weighted])
    rows, n = 60, 24
    x = np.array([items_of(kind, rng, n) for _ in range(rows)])
    weight = rng.integers(1, 4, size=x.shape).astype(float) if weighted else np.ones(x.shape)
    law_mean = np.average(x, axis=1, weights=weight)
    away = x - law_mean[:, None]
    law = np.average(away**2, axis=1, weights=weight)
    start = MixtureParams(
        rng.dirichlet(np.ones(components), size=rows),
        np.take_along_axis(x, rng.integers(n, size=(rows, components)), axis=1),
        np.sqrt(law)[:, None] * rng.uniform(0.1, 1.0, size=(rows, components)),
    )
    bits = 0
    for most in (1, 3, 10_000):
        for begin in (start, None):
            family = Mixture(components=components, max_iterations=most)
            streams = generators(0, COMMON_KEY, range(rows))
            given = weight if weighted else None
            fit = family.fit(x.copy(), np.full(rows, n), given, begin, streams)
            mean, variance = family.moments(fit.params)
            roundings = 2e-16 * np.abs(x).max(axis=1) / np.sqrt(law)
            np.testing.assert_array_less(np.abs(variance / law - 1), 1e-10 + 64 * roundings)
            np.testing.assert_array_less(np.abs(mean - law_mean), (1e-10 + 64 * roundings) * np.sqrt(law))
            assert (fit.status & LOST == 0).all()
            bits |= int(np.bitwise_or.reduce(fit.status))
    if components > 2 and kind in ("ties", "spikes", "two values"):
        assert bits & DEGENERATE  # the identity held on degenerate models


@pytest.mark.parametrize("kind", ["smooth", "ties", "two values", "a few roundings apart"])
def test_a_fit_that_starts_from_points_alone(kind):
    """The same identity where the last model was points, and kept or real items lie elsewhere."""
    rng = np.random.default_rng(8)
    rows, n, components = 60, 24, 3
    if kind == "a few roundings apart":  # a spread that is a rounding, and an item a little beyond
        x = np.tile(1.0 + np.where(np.arange(n) == 5, 18, 0) * 2.0**-52, (rows, 1))
    else:
        x = np.array([items_of(kind, rng, n) for _ in range(rows)])
    mean = np.take_along_axis(x, rng.integers(n, size=(rows, components)), axis=1)
    weight = rng.dirichlet(np.ones(components), size=rows)
    start = MixtureParams(weight, mean, np.zeros_like(mean))
    family = Mixture(components=components)
    fit = family.fit(x.copy(), np.full(rows, n), None, start, generators(0, COMMON_KEY, range(rows)))
    np.testing.assert_allclose(fit.params.weight.sum(axis=1), 1.0, rtol=1e-12)
    found_mean, found = family.moments(fit.params)
    law = x.var(axis=1)
    np.testing.assert_allclose(found_mean, x.mean(axis=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found, law, rtol=1e-10, atol=(2.0**-48) ** 2)
    assert (fit.status & LOST == 0).all()


@pytest.mark.parametrize("components", [1, 2, 3])
def test_a_point_stays_a_point(components):
    """Items all equal: mean and variance exactly theirs, and the model is flagged as collapsed."""
    x = np.full((3, 12), np.array([[0.0], [0.1], [-1e8]]))
    family = Mixture(components=components)
    fit = family.fit(x, np.full(3, 12), None, None, generators(0, COMMON_KEY, range(3)))
    mean, variance = family.moments(fit.params)
    np.testing.assert_allclose(mean, x[:, 0], rtol=1e-15)
    np.testing.assert_array_equal(variance, 0.0)
    assert (fit.status & int(Status.COLLAPSED) != 0).all()


def test_a_wrong_order_of_dropping_breaks_the_law():
    """Dropping light components after the M-step and renormalising the weights is seen at once."""
    dataset = mc.run(mc.Experiment(n_samples=20, generations=1, replicates=REPLICATES))
    w, m, s = (dataset[name].values[:, 1] for name in ("weight", "mean", "std"))
    w = np.where(w < 0.3, 0.0, w)
    w /= w.sum(axis=1, keepdims=True)
    center = np.einsum("rk,rk->r", w, m)
    broken = np.einsum("rk,rk->r", w, s**2 + (m - center[:, None]) ** 2)
    assert_law(dataset["total_variance"].values[:, 1], V0 * (1 - 1 / 20), "E V_1 at n = 20")
    assert_not_law(broken, V0 * (1 - 1 / 20), "components below 0.3 dropped after the M-step")
