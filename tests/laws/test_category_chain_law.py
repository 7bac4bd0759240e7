"""Categories under replace: the exact chain of each, bounds, times, and grids of more than 4,096 of them."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at, standard_error

import modelcollapse as mc
from modelcollapse.engines.grouped import GroupedEngine
from modelcollapse.families.categorical import Categorical, CategoricalParams
from modelcollapse.results import first_generation
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.theory.categories import absorption, chain, ends, missing_mass, time_to_one
from modelcollapse.theory.whole import survival

FIVE = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
GENERATIONS = (1, 3, 8, 25)
ENGINES = ("exact", "grouped")


def recipe(truth, n, generations, replicates=6000, **values):
    given = {"probabilities": list(truth)} if isinstance(truth, np.ndarray) else {"zipf": truth}
    return mc.Experiment(
        n_samples=n, generations=generations, replicates=replicates,
        truth={"family": "categorical", **given}, learner={"family": "categorical"}, **values,
    )  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_lost_and_alone_by_the_chain(engine):
    """Sees 1 to 5 % of the categories alive, 0.005 of the lost probability, 0.02 of a share."""
    experiment = recipe(FIVE, 20, 25, engine=engine)
    dataset = mc.run(experiment)
    known = {law.metric: law for law in mc.expectations(experiment) if law.sense == "equal"}
    names = {"categories_alive", "missing_mass", "rarest_alive", "one_category_left"}
    assert names < set(known)
    t = np.array(GENERATIONS, dtype=float)
    for name in sorted(names):
        law, late = known[name].at(t), known[name].at(t + 3.0)
        for i, measured in enumerate(at(dataset, name, GENERATIONS)):
            if measured.std() == 0.0:
                assert law[i] == pytest.approx(measured.mean(), abs=1e-3)
                continue
            assert_law(measured, law[i], f"{name} at {GENERATIONS[i]}")
            if i == 2:
                assert_not_law(measured, late[i], f"{name}, three generations late")


def test_the_chain_is_a_martingale_with_the_drift_of_h():
    n, t = 30, 12
    law = chain(np.array([0.3, 0.05]), n, t)
    p = np.arange(n + 1) / n
    assert law.sum(axis=2) == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(law @ p, np.tile([0.3, 0.05], (t, 1)), rtol=1e-12)
    h = 2 * law[:, 0] @ (p * (1 - p))
    np.testing.assert_allclose(h, 2 * 0.3 * 0.7 * (1 - 1 / n) ** np.arange(1, t + 1), rtol=1e-12)
    lost, alone = ends(np.array([0.3, 0.05]), n, t)
    np.testing.assert_allclose(lost, law[:, :, 0], rtol=1e-12)
    np.testing.assert_allclose(alone, law[:, :, n], rtol=1e-12)
    assert ends(np.array([0.3, 0.7]), n, 600)[1][-1] == pytest.approx(
        absorption(np.array([0.3, 0.7])), abs=1e-6
    )


@pytest.mark.parametrize(("n", "low", "high"), [(10, 0.04, 0.13), (200, -0.03, 0.04)])
def test_time_to_one_category(n, low, high):
    """The diffusion limit is 7 to 10 % too long at n = 10, 1 % at n = 200. Sees 3 %."""
    p = np.array([0.2, 0.3, 0.5])
    dataset = mc.run(recipe(p, n, 12 * n, 4000 if n == 10 else 1500, engine="grouped"))
    time = first_generation(dataset, "categories_alive", 1.0).values
    assert np.isfinite(time).all()
    about, error = time_to_one(p, n), standard_error(time)
    too_long = about / time.mean() - 1.0
    print(f"n = {n}: {about:.4g} is {too_long:.1%} too long, standard error {error / time.mean():.1%}")
    assert low < too_long < high


def test_survival_of_the_rarest_is_above_its_bound():
    """Sees 0.03; the bound is close at first and loose beyond t = n. That of twice the items is too high."""
    n, rare, t = 600, 0.005, np.array([1.0, 5.0, 20.0, 60.0])
    experiment = recipe(np.array([0.595, 0.4, rare]), n, 60, 4000, engine="grouped")
    (law,) = [law for law in mc.expectations(experiment) if law.sense == "at least"]
    assert law.metric == "rarest_alive"
    bound = law.at(t)
    assert bound == pytest.approx(survival(n * rare, t), rel=1e-14)
    for i, measured in enumerate(at(mc.run(experiment), "rarest_alive", t.astype(int))):
        z = (measured.mean() - bound[i]) / standard_error(measured)
        print(f"alive {measured.mean():.4f}, at least {bound[i]:.4f}: z = {z:+.2f}")
        assert z > -4.0
    assert_not_law(measured, survival(2 * n * rare, t)[-1], "the bound of 1,200 items")


def test_the_bound_is_below_the_chain():
    for n, p in ((5, 0.2), (20, 0.05), (200, 0.01)):
        exact = 1.0 - ends(np.array([p]), n, 3 * n)[0][:, 0]
        bound = survival(n * p, np.arange(1.0, 3 * n + 1.0))
        assert (exact >= bound).all()
        assert bound[0] > 0.9 * exact[0]


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_missing_mass_of_zipf(exponent):
    """E sum p (1 - p)^n in generation 1, of 2,000 categories. Sees 1 %."""
    n, zipf = 500, {"categories": 2000, "exponent": exponent, "shift": 2.7}
    experiment = recipe(zipf, n, 2, 1500, engine="grouped")
    (law,) = [law for law in mc.expectations(experiment) if law.metric == "missing_mass"]
    expected = law.at(np.array([1.0, 2.0]))
    assert np.isnan(expected[1])
    p = experiment.source.params.probability[0]
    assert expected[0] == pytest.approx(float((p * (1 - p) ** n).sum()), rel=1e-12)
    measured = at(mc.run(experiment), "missing_mass", [1])[0]
    assert_law(measured, expected[0], "missing mass in generation 1")
    assert_not_law(measured, missing_mass(p, n + 25), "missing mass of 525 items")


def test_the_tail_of_zipf_falls_as_a_power():
    """p_i as i^-b: the missing mass falls as n^-(b - 1)/b (Dohmatob et al. 2024, arXiv 2402.07043)."""
    p = np.arange(1.0, 2_000_001.0) ** -2.0
    p /= p.sum()
    slope = np.log(missing_mass(p, 10_000) / missing_mass(p, 1_000)) / np.log(10.0)
    assert slope == pytest.approx(-0.5, abs=0.01)


@pytest.mark.parametrize("count", [4096, 10_000])
def test_more_categories_than_bins_are_merged_one_by_one(count):
    """Grids of real numbers have 4,096 bins at most; categories stay what they are, however many."""
    family, streams = Categorical().of(count), generators(0, (7,) * 8, range(2))
    engine = GroupedEngine(family)
    model = Law(family, CategoricalParams(np.full((1, count), 1.0 / count)))
    parts = [engine.draw(model, 3 * count, streams) for _ in range(2)]
    merged = engine.merge(*parts)
    total = np.zeros((2, count), dtype=np.int64)
    place = merged.grid.first[:, None] + np.arange(merged.count.shape[1])
    for r in range(2):
        inside = place[r] < count
        total[r, place[r][inside]] = merged.count[r][inside]
    assert np.array_equal(total, parts[0].count + parts[1].count)
    fitted = engine.fit(merged, None, streams).params.probability
    np.testing.assert_allclose(fitted, total / (6 * count), rtol=1e-14)


def test_h_of_ten_thousand_categories_with_real_items():
    """Half of the items real: before, 10,000 categories were merged four by four. Sees 0.01 % of H."""
    zipf = {"categories": 10_000, "exponent": 1.0, "shift": 2.7}
    experiment = recipe(zipf, 2000, 3, 100, engine="grouped", workflow={"kind": "mix", "real": 0.5})
    for law in mc.expectations(experiment):
        if law.metric == "heterozygosity":
            measured = at(mc.run(experiment), law.metric, [3])[0]
            assert_law(measured, law.at(np.array([3.0]))[0], "E H_3")
