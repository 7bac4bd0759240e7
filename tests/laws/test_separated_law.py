"""Components 20 standard deviations apart: weights drift as in Wright-Fisher, each spread on its own."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law
from scipy.stats import chi2, kstest

import modelcollapse as mc
from modelcollapse.types import Status

N, WEIGHT, GENERATIONS, REPLICATES = 30, 0.3, 12, 3000


@pytest.fixture(scope="module")
def sides():
    """Weight, std and status: the left component's and the right one's, ``(side, replicate, generation)``."""
    truth = {"family": "mixture", "weights": [WEIGHT, 1 - WEIGHT], "means": [-20.0, 20.0]}
    truth["stds"] = [1.0, 1.0]
    experiment = mc.Experiment(n_samples=N, generations=GENERATIONS, replicates=REPLICATES, truth=truth)
    dataset = mc.run(experiment)
    weight, mean, std = (dataset[name].values for name in ("weight", "mean", "std"))
    alive = weight > 0
    left, right = alive & (mean < 0), alive & (mean > 0)
    assert left.sum(axis=-1).max() == right.sum(axis=-1).max() == 1
    parts = [np.stack([(part * side).sum(axis=-1) for side in (left, right)]) for part in (weight, std)]
    return parts[0], parts[1], dataset["status"].values


def test_weights_drift_as_in_wright_fisher(sides):
    """Var w_t = w (1 - w)(1 - (1 - 1/n)^t). Sees 10 % of it, and 0.02 in E w_12."""
    weight = sides[0][0]
    for t in (1, 4, 12):
        assert_law(weight[:, t], WEIGHT, f"E w_{t}")
        law = WEIGHT * (1 - WEIGHT) * (1 - (1 - 1 / N) ** t)
        assert_law((weight[:, t] - WEIGHT) ** 2, law, f"Var w_{t}")
    assert_not_law((weight[:, t] - WEIGHT) ** 2, WEIGHT * (1 - WEIGHT) * t / N, "no drift of w (1 - w)")
    assert_law(weight[:, t] == 0.0, float(np.linalg.matrix_power(binomial(), t)[9, 0]), "P(dead at 12)")


def binomial() -> np.ndarray:
    """The chain of counts: from i of n to Binomial(n, i/n)."""
    from scipy.stats import binom

    counts = np.arange(N + 1)
    return binom.pmf(counts[None, :], N, counts[:, None] / N)


def test_counts_are_multinomial(sides):
    """Given the last weight, a count is binomial: standardised squares have the mean 1. Sees 3 %."""
    count, before = (N * sides[0][0]).round()[:, 1:], sides[0][0][:, :-1]
    np.testing.assert_allclose(count, N * sides[0][0][:, 1:], atol=1e-6)
    moving = (before > 0) & (before < 1)
    spread = N * before[moving] * (1 - before[moving])
    score = (count[moving] - N * before[moving]) / np.sqrt(spread)
    assert_law(score, 0.0, "E of a count")
    assert_law(score**2, 1.0, "Var of a count")
    dead = before == 0.0
    assert (count[dead] == 0).all()  # dead components stay dead


def test_each_spread_is_chi_square_given_its_count(sides):
    """n_k V_k'/V_k ~ chi2_(n_k - 1) given n_k >= 2: sees 0.01 between distribution functions."""
    weight, std, status = sides
    count = (N * weight).round()
    variance = std**2
    good = (count[..., 1:] >= 2) & (variance[..., :-1] > 0)
    ratio = count[..., 1:][good] * variance[..., 1:][good] / variance[..., :-1][good]
    freedom = count[..., 1:][good] - 1
    assert kstest(chi2.cdf(ratio, freedom), "uniform").pvalue > 1e-4
    assert kstest(chi2.cdf(ratio, freedom + 1), "uniform").pvalue < 1e-9
    assert_law((ratio - freedom) / np.sqrt(2 * freedom), 0.0, "E of the standardised chi2")
    assert_law((ratio - freedom) ** 2 / (2 * freedom), 1.0, "Var of the standardised chi2")
    single = count == 1
    np.testing.assert_array_equal(variance[single], 0.0)  # one item is a point
    assert single[..., 1:].any()
    points = single.any(axis=0)[:, 1:]
    assert (status[:, 1:][points] & int(Status.POINT_MASS) != 0).all()
