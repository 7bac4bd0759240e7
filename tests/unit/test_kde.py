"""Kernel densities: the bandwidth's rules, exact tails, vectors, and pools that are held once."""

import threading

import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import KernelDensity

import modelcollapse as mc
from modelcollapse import recursion
from modelcollapse.engines import ENGINES
from modelcollapse.families.base import VECTORS
from modelcollapse.families.kde import Kde
from modelcollapse.metrics import metrics_of
from modelcollapse.streams import generators
from modelcollapse.types import Status


class Vectors:
    """A truth of vectors, as much of one as a family asks for."""

    items = VECTORS

    def __init__(self, dimension):
        self.dimension = dimension

    def moments(self):
        return np.zeros((1, self.dimension)), np.full(1, float(self.dimension))


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def fit(family, x, weight=None, size=None):
    size = np.full(len(x), x.shape[1]) if size is None else size
    return family.fit(x, size, weight, None, streams(len(x)))


X = np.random.default_rng(1).normal([[3.0], [-40.0]], [[2.0], [0.1]], (2, 50))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"bandwidth": 0.25}, [0.25, 0.25]),
        ({"bandwidth": "scott"}, [50**-0.2, 50**-0.2]),
        ({"bandwidth": "scaled"}, 50**-0.2 * X.std(axis=1)),
        ({"bandwidth": "scaled", "ddof": 1}, 50**-0.2 * X.std(axis=1, ddof=1)),
    ],
)
def test_bandwidths(settings, expected):
    family = Kde(**settings)
    record = family.record(fit(family, X).params)
    assert record["bandwidth"] == pytest.approx(np.array(expected), rel=1e-13)
    assert record["total_mean"] == pytest.approx(X.mean(axis=1), rel=1e-13)
    assert record["total_variance"] == pytest.approx(X.var(axis=1) + np.square(expected), rel=1e-12)


def test_scott_is_scikit_learns():
    theirs = KernelDensity(bandwidth="scott").fit(X[0][:, None]).bandwidth_
    assert fit(Kde(bandwidth="scott"), X).params.bandwidth[0] == pytest.approx(theirs, rel=1e-14)


@pytest.mark.parametrize("bandwidth", [0.3, "scott", "scaled"])
def test_moments_kept_are_what_a_fit_does(bandwidth):
    for ddof in (0, 1) if bandwidth == "scaled" else (0,):
        family = Kde(bandwidth=bandwidth, ddof=ddof)
        factor, added = family.moments_kept(50)
        assert family.moments(fit(family, X).params)[1] == pytest.approx(
            factor * X.var(axis=1) + added, rel=1e-12
        )


def test_tails_are_exact():
    family = Kde(bandwidth=0.5)
    params = fit(family, X).params
    points = np.array([[-1.0, 3.0, 9.0], [-40.0, -39.9, -50.0]])
    expected = [[stats.norm.cdf(p, row, 0.5).mean() for p in at] for at, row in zip(points, X, strict=True)]
    assert family.cdf(params, points) == pytest.approx(np.array(expected), rel=1e-13)


def test_weights_are_repeated_items():
    times = np.tile(np.arange(50) % 4, (2, 1))
    for settings in ({"bandwidth": "scaled", "ddof": 1}, {"bandwidth": "scott"}):
        family = Kde(**settings)
        weighted = fit(family, X, times.astype(float)).params
        repeated = fit(family, np.stack([np.repeat(row, n) for row, n in zip(X, times, strict=True)])).params
        for ours, theirs in zip(
            family.record(weighted).values(), family.record(repeated).values(), strict=True
        ):
            assert ours == pytest.approx(theirs, rel=1e-12)
        points = X[:, :7]
        assert family.cdf(weighted, points) == pytest.approx(family.cdf(repeated, points), rel=1e-12)


def test_items_are_drawn_as_often_as_they_weigh():
    """200,000 items: shares within 4 standard errors; an item of weight 0 never."""
    x, weight = np.array([[-100.0, 0.0, 100.0, 200.0]]), np.array([[1.0, 3.0, 6.0, 0.0]])
    family = Kde(bandwidth=0.1)
    drawn = family.sample(fit(family, x, weight).params, 200_000, streams(1))
    shares = [(np.abs(drawn[0] - at) < 10).mean() for at in x[0]]
    error = np.sqrt(0.25 / 200_000)
    assert np.abs(np.array(shares) - [0.1, 0.3, 0.6, 0.0]).max() < 4 * error
    assert shares[3] == 0.0


def test_items_that_are_all_equal():
    x = np.full((1, 20), 7.25)
    wide, scaled = Kde(bandwidth=0.5), Kde(bandwidth="scaled")
    assert fit(wide, x).status.tolist() == [0]  # one kernel, and no point
    point = fit(scaled, x)
    assert point.status.tolist() == [int(Status.COLLAPSED | Status.POINT_MASS)]
    assert scaled.cdf(point.params, np.array([[7.0, 7.25, 8.0]])).tolist() == [[0.0, 1.0, 1.0]]
    assert (scaled.sample(point.params, 5, streams(1)) == 7.25).all()


# vectors


@pytest.mark.parametrize("settings", [{"bandwidth": 0.5}, {"bandwidth": "scott"}, {"bandwidth": "scaled"}])
def test_vectors(settings):
    """Three dimensions: total variances are traces, and samples follow them, within 4 standard errors."""
    x = np.random.default_rng(2).normal([1.0, -2.0, 0.0], [1.0, 2.0, 0.5], (2, 40, 3))
    family = Kde(**settings).suited(Vectors(3))
    assert (family.items, dict(family.sizes())) == (VECTORS, {"dimension": 3})
    params = fit(family, x).params
    record = family.record(params)
    h = params.bandwidth
    if settings["bandwidth"] == "scott":
        assert h == pytest.approx(40 ** (-1 / 7), rel=1e-14)
    trace = x.var(axis=1).sum(axis=1)
    assert record["total_mean"] == pytest.approx(x.mean(axis=1), rel=1e-12)
    assert record["total_variance"] == pytest.approx(trace + 3 * h**2, rel=1e-12)
    factor, added = family.moments_kept(40)
    assert record["total_variance"] == pytest.approx(factor * trace + added, rel=1e-12)
    drawn = family.sample(params, 50_000, streams(2))
    assert drawn.shape == (2, 50_000, 3)
    error = np.sqrt(record["total_variance"] / 50_000)[:, None]
    assert (np.abs(drawn.mean(axis=1) - record["total_mean"]) < 4 * error).all()
    away = ((drawn - record["total_mean"][:, None]) ** 2).sum(axis=2)
    error = away.std(axis=1) / np.sqrt(50_000)
    assert (np.abs(away.mean(axis=1) - record["total_variance"]) < 4 * error).all()
    alone = family.sample(fit(family, x[1:]).params, 10, streams(2)[1:])
    assert np.array_equal(alone[0], family.sample(params, 10, streams(2))[1])
    assert {k: v.shape for k, v in family.record(family.blank(2)).items()} == {
        k: v.shape for k, v in record.items()
    }


def test_vectors_that_are_no_numbers_keep_the_last_model():
    x = np.random.default_rng(2).normal(size=(2, 10, 2))
    family = Kde(bandwidth=0.5).suited(Vectors(2))
    old = fit(family, x).params
    x = np.concatenate([x, x + 5.0], axis=1)
    x[0, 3, 1] = np.nan
    new = fit(family, x)
    assert [bool(s & int(Status.NONFINITE)) for s in new.status] == [True, False]
    kept = family.record(family.take(new.params, old, np.array([True, False])))
    assert np.array_equal(kept["total_mean"][0], family.record(old)["total_mean"][0])
    assert np.array_equal(kept["total_mean"][1], family.record(new.params)["total_mean"][1])


# runs


def test_a_pool_is_held_once():
    """The parameters of a pool's model are the pool itself, and nothing else keeps older pools."""
    experiment = mc.Experiment(
        n_samples=10,
        generations=200,
        replicates=2,
        workflow={"kind": "accumulate"},
        learner={"family": "kde", "bandwidth": 0.1},
    )
    engine = ENGINES["exact"](experiment.learner)
    steps = recursion.generations(
        engine, experiment.workflow, experiment.source, 10, experiment.start, streams(2)
    )
    for _ in range(200):
        state, _ = next(steps)
        assert state.params.items is state.corpus.pool.x
    assert state.params.items.shape == (2, 2000)


def test_memory_does_not_grow_with_the_models_that_were_fitted():
    """300 pools of up to 30,000 items are 35 MiB together: less than three of the largest are ever held."""
    import tracemalloc

    experiment = mc.Experiment(
        n_samples=100,
        generations=300,
        replicates=1,
        save={"every": 10},
        workflow={"kind": "accumulate"},
        learner={"family": "kde", "bandwidth": 0.1},
    )
    mc.run(experiment.changed(generations=3))
    tracemalloc.start()
    mc.run(experiment, threads=1)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 8 * 30_000  # the old pool, the new one, and what tails of 30,000 kernels take


def test_metrics_that_can_be_computed():
    experiment = mc.Experiment(learner={"family": "kde", "bandwidth": 0.1})
    known = set(metrics_of(experiment.learner, experiment.source))
    assert known == {"total_variance", "squared_error_of_mean", "tail_mass", "a_tenth_as_wide"}


def test_a_run_that_was_stopped_holds_what_was_measured(tmp_path):
    """Stopped in generation 10 of 30: a result of its own, saved and replayed."""
    stop = threading.Event()
    experiment = mc.Experiment(
        n_samples=30, generations=30, replicates=4, learner={"family": "kde", "bandwidth": 0.3}
    )
    dataset = mc.run(
        experiment, threads=1, chunk=4, stop=stop, progress=lambda done, _: done >= 40 and stop.set()
    )
    assert dataset.sizes["generation"] == 11
    mc.save(dataset, tmp_path / "out.zarr")
    back = mc.load(tmp_path / "out.zarr")
    assert back.equals(dataset)
    assert mc.replay(back).equals(dataset)
    assert np.isfinite(back["tail_mass"].values).all()
