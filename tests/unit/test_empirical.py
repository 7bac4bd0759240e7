"""The bootstrap: draws are items of the training set, distances go through their steps."""

import numpy as np
import pytest
from test_kde import Vectors

import modelcollapse as mc
from modelcollapse.families.empirical import Empirical
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.metrics import METRICS, metrics_of
from modelcollapse.sources import DataSet, Law
from modelcollapse.streams import generators
from modelcollapse.types import Status

GAUSSIAN = Law(Gaussian(), GaussianParams(np.array([1.0]), np.array([2.0])))
TWO = Law(
    Mixture(components=2),
    MixtureParams(np.array([[0.3, 0.7]]), np.array([[-2.0, 3.0]]), np.array([[1.0, 0.5]])),
)


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def models(x, weight=None):
    x = np.atleast_2d(np.asarray(x, dtype=float))
    size = np.full(len(x), x.shape[1])
    return Law(Empirical(), Empirical().fit(x, size, weight, None, streams(len(x))).params)


def test_draws_are_items():
    law = models(np.random.default_rng(0).normal(size=(3, 20)))
    drawn = law.sample(500, streams(3))
    for row, items in zip(drawn, law.params.items, strict=True):
        assert set(row) == set(items)  # each of 20 is among 500: misses one with probability 1e-10


def test_tails_and_support_are_counts():
    law = models([[0.0, 1.0, 1.0, 2.0, 2.0], [5.0, 5.0, 5.0, 5.0, 5.0]])
    points = np.array([[-1.0, 1.0, 2.0], [4.9, 5.0, 5.1]])
    assert law.line.cdf(law.params, points).tolist() == [[0.0, 0.6, 1.0], [0.0, 1.0, 1.0]]
    assert METRICS["distinct_items"].compute(law, GAUSSIAN).tolist() == [3.0, 1.0]
    assert METRICS["tail_mass"].compute(law, GAUSSIAN).tolist() == [0.0, 0.0]
    far = models([[1.0, 1.0, 99.0, -99.0]])
    assert METRICS["tail_mass"].compute(far, GAUSSIAN).tolist() == [0.5]
    collapsed = Empirical().fit(law.params.items, np.array([5, 5]), None, None, streams(2)).status
    assert collapsed.tolist() == [0, int(Status.COLLAPSED | Status.POINT_MASS)]


def test_weights_are_repeated_items():
    x, weight = np.array([[3.0, -1.0, 0.5]]), np.array([[2.0, 0.0, 3.0]])
    weighted, repeated = models(x, weight), models([[3.0, 3.0, 0.5, 0.5, 0.5]])
    for metric in METRICS.values():
        for truth in (GAUSSIAN, DataSet([0.0, 1.0, 5.0])):
            if metric.applies(weighted.family, truth):
                ours, theirs = metric.compute(weighted, truth), metric.compute(repeated, truth)
                assert ours == pytest.approx(theirs, rel=1e-12), metric.name
    assert set(weighted.sample(300, streams(1))[0]) == {3.0, 0.5}


# Wasserstein-2


@pytest.mark.parametrize("truth", [GAUSSIAN, TWO], ids=["gaussian", "mixture"])
def test_distance_to_a_law_is_that_of_quantiles(truth):
    """Against a sum over 400,000 equal steps of probability, which cuts the tails: 1e-4 of the distance."""
    x = np.random.default_rng(0).normal(0.5, 2.0, (2, 37))
    law, steps = models(x), (np.arange(400_000) + 0.5) / 400_000
    from scipy.special import ndtri

    theirs = truth.quantile(ndtri(steps)[None])[0]
    found = METRICS["wasserstein2"].compute(law, truth)
    for r in range(2):
        own = np.sort(x[r])[np.ceil(37 * steps).astype(int) - 1]
        assert found[r] == pytest.approx(np.mean((own - theirs) ** 2), rel=1e-4)


def test_distance_to_a_data_set():
    x = np.random.default_rng(0).normal(size=(1, 12))
    data = np.random.default_rng(1).normal(size=18)
    fine = np.mean((np.repeat(np.sort(x[0]), 3) - np.repeat(np.sort(data), 2)) ** 2)
    assert METRICS["wasserstein2"].compute(models(x), DataSet(data))[0] == pytest.approx(fine, rel=1e-12)
    same = METRICS["wasserstein2"].compute(models(data), DataSet(data))
    assert same[0] == pytest.approx(0.0, abs=1e-15)


def test_distance_to_a_law_of_one_point_and_of_a_large_sample():
    point = METRICS["wasserstein2"].compute(models([[4.0]]), GAUSSIAN)
    assert point[0] == pytest.approx(2.0**2 + 3.0**2, rel=1e-12)
    many = models(GAUSSIAN.sample(100_000, streams(1)))
    assert METRICS["wasserstein2"].compute(many, GAUSSIAN)[0] < 1e-3


# vectors, and runs


def test_vectors():
    x = np.random.default_rng(2).normal([1.0, -2.0], [1.0, 2.0], (2, 40, 2))
    x[1] = x[1, 0]
    family = Empirical().suited(Vectors(2))
    fitted = family.fit(x, np.full(2, 40), None, None, streams(2))
    record = family.record(fitted.params)
    assert record["total_mean"] == pytest.approx(x.mean(axis=1), rel=1e-12)
    assert record["total_variance"] == pytest.approx(x.var(axis=1).sum(axis=1), rel=1e-12)
    assert fitted.status.tolist() == [0, int(Status.COLLAPSED | Status.POINT_MASS)]
    assert family.distinct(fitted.params).tolist() == [40.0, 1.0]
    drawn = family.sample(fitted.params, 100, streams(2))
    assert {tuple(item) for item in drawn[0]} <= {tuple(item) for item in x[0]}
    weight = np.zeros((2, 40))
    weight[:, 3:5] = 2.0
    weighted = family.fit(x, np.full(2, 40), weight, None, streams(2)).params
    assert family.moments(weighted)[0] == pytest.approx(x[:, 3:5].mean(axis=1), rel=1e-12)
    assert {tuple(item) for item in family.sample(weighted, 100, streams(2))[0]} == {
        tuple(item) for item in x[0, 3:5]
    }


def test_what_is_measured_of_a_data_set(tmp_path):
    """The truth's values stand at generation 0, and what is measured is stored, saved and shown."""
    values = np.random.default_rng(0).normal(size=60).round(1)
    np.save(tmp_path / "x.npy", values)
    experiment = mc.Experiment(
        n_samples=40, generations=6, replicates=3,
        truth={"family": "data", "path": str(tmp_path / "x.npy")}, learner={"family": "empirical"},
    )  # fmt: skip
    dataset = mc.run(experiment)
    assert (dataset["distinct_items"][:, 0] == len(np.unique(values))).all()
    assert (dataset["wasserstein2"][:, 0] == 0.0).all()
    assert (dataset["distinct_items"].diff("generation") <= 0).all()
    assert set(metrics_of(experiment.learner, experiment.source)) <= set(map(str, dataset.data_vars))
    mc.save(dataset, tmp_path / "out.zarr")
    mc.save(dataset, tmp_path / "out.zarr")  # over a result that holds metrics, too
    back = mc.load(tmp_path / "out.zarr")
    assert back.equals(dataset)
    assert mc.replay(back).equals(dataset)
    assert mc.measure(back, "distinct_items").identical(mc.measure(dataset, "distinct_items"))
