"""Poisson: whole numbers, their bins, the model that knows nothing but zeros."""

import numpy as np
import pytest
from scipy import stats

import modelcollapse as mc
from modelcollapse.engines.grouped import GroupedEngine
from modelcollapse.families.poisson import Poisson, PoissonParams
from modelcollapse.grids import Resolution
from modelcollapse.streams import generators
from modelcollapse.types import Status

TRUTH = {"family": "poisson", "rate": 2.0}
LEARNER = {"family": "poisson"}


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def recipe(**values):
    small = {"n_samples": 10, "generations": 6, "replicates": 5, "truth": TRUTH, "learner": LEARNER}
    return mc.Experiment(**{**small, **values})


def test_samples_are_poisson():
    """Chi-square of 20,000 items; a rate of 2.1 for 2 would be seen."""
    x = Poisson().sample(PoissonParams(np.array([2.0])), 20_000, streams(1))[0]
    assert x.dtype == np.int64
    seen = np.bincount(np.minimum(x, 8), minlength=9)
    for rate, fits in ((2.0, True), (2.1, False)):
        law = np.append(stats.poisson.pmf(np.arange(8), rate), stats.poisson.sf(7, rate))
        p = stats.chi2.sf(((seen - 20_000 * law) ** 2 / (20_000 * law)).sum(), 8)
        assert bool(p > 1e-4) is fits


def test_the_fit_is_the_mean():
    x = np.array([[3, 1, 2, 7], [0, 0, 0, 9]])
    fitted = Poisson().fit(x, np.array([4, 3]), None, None, streams(2))
    assert fitted.params.rate.tolist() == [3.25, 0.0]
    assert fitted.status.tolist() == [0, int(Status.COLLAPSED)]
    weight = np.array([[1.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    fitted = Poisson().fit(x, np.array([4, 3]), weight, None, streams(2))
    assert fitted.params.rate[0] == 2.0
    assert fitted.status[1] == int(Status.NONFINITE)


def test_a_model_of_zeros_draws_zeros():
    assert not Poisson().sample(PoissonParams(np.array([0.0])), 100, streams(3)).any()
    dataset = mc.run(recipe(n_samples=2, generations=60))
    rate = dataset["rate"].values
    assert (rate[:, -1] == 0.0).sum() >= 3
    collapsed = (dataset["status"].values[:, 1:] & int(Status.COLLAPSED)) > 0
    assert np.array_equal(collapsed, rate[:, 1:] == 0.0)
    dead = rate == 0.0
    assert (np.diff(dead.astype(int), axis=1) >= 0).all()  # for ever


@pytest.mark.parametrize("rate", [0.0, 1e-6, 0.3, 2.0, 50.0, 1e4, 1e6])
def test_bins_are_the_numbers_and_hold_all_but_a_millionth_item(rate):
    family, n = Poisson(), 1000
    params = PoissonParams(np.array([rate, 3.0]))
    reach = -stats.norm.ppf(1e-6 / n)
    grid = family.grid(params, Resolution(6.0, np.array([reach])))
    first, bins = int(grid.first[0]), int(grid.bins[0])
    assert stats.poisson.cdf(first - 1, rate) <= 1e-6 / n
    assert stats.poisson.sf(first + bins - 1, rate) <= 1e-6 / n
    mass = family.masses(params, grid)
    assert mass.sum(axis=1) == pytest.approx([1.0, 1.0], rel=1e-14)
    law = stats.poisson.pmf(first + np.arange(bins), rate)
    np.testing.assert_allclose(mass[0, :bins], law, rtol=1e-7, atol=1e-9)
    assert not mass[0, bins:].any()


def test_counts_are_merged_and_picked_as_numbers():
    engine, s = GroupedEngine(Poisson()), streams(3)
    parts = [
        engine.draw(engine.model(PoissonParams(np.array([rate, 5.0, 900.0]))), 50, s)
        for rate in (1.0, 6000.0)
    ]
    merged = engine.merge(*parts)
    assert (merged.count.sum(axis=1) == 100).all()
    rate = [engine.fit(part, None, s).params.rate for part in (*parts, merged)]
    np.testing.assert_allclose(rate[2], (rate[0] + rate[1]) / 2.0, rtol=1e-14)
    assert np.array_equal(engine.pick(merged, 100, s).count, merged.count)


@pytest.mark.parametrize("engine", ["exact", "grouped"])
def test_a_result_can_be_stored_and_replayed(tmp_path, engine):
    dataset = mc.run(recipe(engine=engine, workflow={"kind": "mix", "real": 0.2, "kept": 0.3}))
    mc.save(dataset, tmp_path / "p.zarr")
    loaded = mc.load(tmp_path / "p.zarr")
    assert loaded.identical(dataset.assign_attrs(digest=loaded.attrs["digest"]))
    assert mc.replay(loaded)["rate"].equals(dataset["rate"])
    assert dataset["rate"].values[:, 0].tolist() == [2.0] * 5
    assert mc.measure(dataset, "alive").values[:, 0].tolist() == [1.0] * 5
    assert mc.measure(dataset, "squared_error_of_rate").values[:, 0].tolist() == [0.0] * 5


def test_auto_counts():
    assert recipe(engine="auto").settled().engine == "grouped"
    assert "counts of whole numbers" in recipe(engine="auto").notes()[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"truth": {"family": "poisson", "rate": 0.0}}, "truth.rate"),
        ({"truth": {"family": "poisson", "rate": 1e7}}, "truth.rate"),
        ({"truth": {"family": "poisson"}}, "truth.rate"),
        ({"learner": {"family": "gaussian"}}, "learner.family"),
        ({"engine": "diffusion"}, "engine"),
    ],
)
def test_what_is_refused(change, field):
    with pytest.raises(mc.RecipeError) as error:
        recipe(**change)
    assert field in [problem.field for problem in error.value.problems]


def test_figures(tmp_path):
    dataset = mc.run(recipe(replicates=30))
    for kind, panels in (("overview", 3), ("variance", 1), ("distance", 1)):
        figure = mc.plot(dataset, kind, tmp_path / f"{kind}.png")
        assert len(figure.axes) == panels
    share = {line.get_gid() for panel in mc.plot(dataset).axes for line in panel.lines}
    assert {"share alive", "law alive share", "median rate", "law rate mean"} <= share
    for kind in ("density", "weights"):
        with pytest.raises(ValueError, match="poisson"):
            mc.plot(dataset, kind)
