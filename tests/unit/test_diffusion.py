"""The diffusion engine: its four verbs, what it refuses, what it says, and that it never stops."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.engines import ENGINES
from modelcollapse.errors import RecipeError
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.recursion import step
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.types import STICKY, Status

REFERENCE = Law(
    Mixture(),
    MixtureParams(np.array([[0.5, 0.5]]), np.array([[-2.0, 2.0]]), np.array([[1.0, 1.0]])),
)
GAUSSIAN = Law(Gaussian(), GaussianParams(np.array([3.0]), np.array([2.0])))
LAWS = {"mixture": REFERENCE, "gaussian": GAUSSIAN}
RAGGED = np.array([4000, 0, 2500])
every_law = pytest.mark.parametrize("name", LAWS)


def streams(count=3, seed=0):
    return generators(seed, (5,) * 8, range(count))


def engine_of(name):
    return ENGINES["diffusion"](LAWS[name].family)


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# the four verbs


@every_law
@pytest.mark.parametrize("size", [3000, RAGGED], ids=["even", "ragged"])
def test_draws_have_the_sizes_asked_for(name, size):
    data = engine_of(name).draw(LAWS[name], size, streams())
    assert data.size.tolist() == np.broadcast_to(size, 3).tolist()
    assert all(len(part) == 3 for part in data.params)
    assert not data.status.any()


@every_law
def test_pick_all_is_all_and_draws_nothing(name):
    engine = engine_of(name)
    data = engine.draw(LAWS[name], RAGGED, streams())
    again = streams(seed=1)
    before = again.state.copy()
    picked = engine.pick(data, RAGGED, again)
    assert same(picked.params, data.params)
    assert np.array_equal(before, again.state)
    assert picked.size.tolist() == RAGGED.tolist()


@every_law
def test_a_picks_noise_is_what_the_smaller_set_lacks(name):
    """The mean of m of n items has the variance (1/m - 1/n) of an item's about the mean of all n."""
    rows, n, m = 20_000, 4_000, 1_000
    engine, own = engine_of(name), streams(20_000)
    data = engine.draw(LAWS[name], n, own)
    picked = engine.pick(data, m, own)
    family, (mean, variance) = LAWS[name].family, LAWS[name].moments()
    here, there = (family.moments(part.params)[0] for part in (data, picked))
    error = np.sqrt(2 / rows)
    assert np.var(there - here) / variance[0] * n / 3 == pytest.approx(1.0, abs=4.5 * error)
    assert np.var(there) / variance[0] * m == pytest.approx(1.0, abs=4.5 * error)
    assert abs(np.corrcoef(there - here, here)[0, 1]) < 4.5 / np.sqrt(rows)
    assert abs(there.mean() - mean[0]) < 4.5 * np.sqrt(variance[0] / m / rows)


@every_law
@pytest.mark.parametrize("split", [(1000, 1000), (1500, 500), (100, 1900), (700, 700, 600)])
def test_a_pool_of_draws_is_one_draw(name, split):
    """Mean and variance of log total variance and of the mean, of 10,000 pools, to 4.5 standard errors."""
    rows, n = 10_000, 2_000
    engine, own = engine_of(name), streams(10_000, seed=3)
    whole = engine.draw(LAWS[name], n, own)
    pool = engine.merge(*(engine.draw(LAWS[name], part, own) for part in split))
    assert (pool.size == n).all()
    family = LAWS[name].family
    for a, b in zip(family.moments(whole.params), family.moments(pool.params), strict=True):
        error = np.hypot(a.std(), b.std()) / np.sqrt(rows)
        assert abs(a.mean() - b.mean()) < 4.5 * error
        assert a.var() / b.var() == pytest.approx(1.0, abs=4.5 * 2 / np.sqrt(rows) + 4 / min(split))


@every_law
def test_a_single_part_is_returned_as_it_is(name):
    engine = engine_of(name)
    data = engine.draw(LAWS[name], 1000, streams())
    assert engine.merge(data) is data
    nothing = engine.draw(LAWS[name], 0, streams(seed=1))
    assert same(engine.merge(data, nothing).params, data.params)
    assert same(engine.merge(nothing, data).params, data.params)


@every_law
def test_a_fit_gives_the_estimate(name):
    engine = engine_of(name)
    data = engine.draw(LAWS[name], 1000, streams())
    fit = engine.fit(data, None, streams(seed=1))
    for own, theirs in zip(fit.params, data.params, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-15)
    assert not fit.status.any()
    assert not fit.iterations.any()


def test_an_unbiased_fit():
    engine = ENGINES["diffusion"](Gaussian(ddof=1))
    data = engine.draw(GAUSSIAN, 100, streams())
    std = engine.fit(data, None, streams()).params.std
    np.testing.assert_allclose(std**2, data.params.std**2 * 100 / 99)


@every_law
def test_a_replicate_alone_is_a_replicate_in_a_batch(name):
    truth = {"truth": {"family": "gaussian", "mean": 3, "std": 2}, "learner": {"family": "gaussian"}}
    experiment = mc.Experiment(
        n_samples=2000, generations=5, replicates=7, engine="diffusion",
        workflow={"kind": "mix", "real": 0.2, "kept": 0.3}, **(truth if name == "gaussian" else {}),
    )  # fmt: skip
    whole = mc.run(experiment)
    assert mc.run(experiment, chunk=1, threads=2).equals(whole)
    assert mc.replay(whole).equals(whole)


# what it refuses, and what it says


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"learner": {"family": "mixture", "solver": "scikit-learn"}}, "scikit-learn"),
        ({"learner": {"family": "mixture", "reg_covar": 1e-6}}, "reg_covar must be 0"),
        ({"learner": {"family": "mixture", "start": "kmeans"}}, "does no EM"),
        ({"learner": {"family": "mixture", "components": 3}}, "family and size"),
        ({"learner": {"family": "gaussian"}}, "family and size"),
        ({"truth": {"family": "gaussian", "mean": 0, "std": 1}}, "family and size"),
    ],
)
def test_it_refuses_what_it_cannot_follow(values, reason):
    with pytest.raises(RecipeError, match=reason) as error:
        mc.Experiment(engine="diffusion", **values)
    assert [(p.field, p.value) for p in error.value.problems] == [("engine", "diffusion")]


def test_it_refuses_data(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(10.0))
    with pytest.raises(RecipeError, match="family and size"):
        mc.Experiment(engine="diffusion", truth={"family": "data", "path": str(path)})


def test_it_refuses_other_families():
    class Other:
        name = "kde"

    class Recipe:
        learner = Other()

    (problem,) = ENGINES["diffusion"](Other()).refuses(Recipe())
    assert "gaussian, mixture, categorical" in problem.allowed


def test_notes_on_small_training_sets():
    engine = engine_of("mixture")
    assert engine.notes(500) == []
    assert "N = 500" in engine.notes(499)[0]
    assert engine_of("gaussian").notes(50) == []


def test_leaving_the_range_stays_flagged():
    assert STICKY & Status.OUTSIDE_RANGE
    experiment = mc.Experiment(n_samples=200, generations=200, replicates=40, engine="diffusion")
    flagged = mc.run(experiment)["status"].values & int(Status.OUTSIDE_RANGE) != 0
    assert flagged[:, -1].any()
    assert (np.diff(flagged[:, 1:].astype(int), axis=1) >= 0).all()


# it never stops


@pytest.mark.parametrize("n", [4, 10, 60, 1000])
@pytest.mark.parametrize("workflow", [{}, {"real": 0.2}, {"real": 0.2, "kept": 0.3}])
def test_numbers_stay_finite_far_outside_the_range(n, workflow):
    """Components die, narrow to points and lie on one another; no number is lost."""
    three = {"family": "mixture", "weights": [0.2, 0.5, 0.3], "means": [-3, 0, 2], "stds": [1, 0.4, 1.5]}
    learns = {"truth": three, "learner": {"family": "mixture", "components": 3}} if n >= 6 else {}
    experiment = mc.Experiment(
        n_samples=n, generations=40 * min(n, 60), replicates=20, engine="diffusion",
        workflow={"kind": "mix", **workflow}, save={"every": 20}, **learns,
    )  # fmt: skip
    dataset = mc.run(experiment)
    for name in ("weight", "mean", "std", "total_variance"):
        assert np.isfinite(dataset[name].values).all()
    np.testing.assert_allclose(dataset["weight"].sum("component"), 1.0, rtol=1e-12)
    assert (dataset["std"].values >= 0).all()


def test_float64_ends_and_says_so():
    """A Gaussian of mean 3 and std 2 is a rounding of its mean after about 36 N generations."""
    experiment = mc.Experiment(
        n_samples=50, generations=2500, replicates=50, engine="diffusion", save={"every": 100},
        truth={"family": "gaussian", "mean": 3, "std": 2}, learner={"family": "gaussian"},
    )  # fmt: skip
    status = mc.run(experiment)["status"].values
    limited = status & int(Status.PRECISION_LIMIT) != 0
    assert limited[:, -1].all()
    assert not limited[:, :8].any()
    assert (status[:, -1] & int(Status.COLLAPSED) != 0).all()


class Overflowing(ENGINES["diffusion"]):
    """Gives replicate 1 an estimate that is no number."""

    def draw(self, source, size, streams):
        data = super().draw(source, size, streams)
        data.params[-1][1] = np.inf
        return data


@every_law
def test_where_an_estimate_is_not_finite_the_last_model_is_kept(name):
    family, workflow, own = LAWS[name].family, mc.Experiment().workflow, streams()
    first, _ = step(ENGINES["diffusion"](family), workflow, LAWS[name], 1000, None, None, own)
    second, info = step(Overflowing(family), workflow, LAWS[name], 1000, None, first, own)
    assert info.status.tolist() == [0, int(Status.NONFINITE), 0]
    for before, after in zip(first.params, second.params, strict=True):
        np.testing.assert_array_equal(before[1], after[1])
        assert (before[[0, 2]] != after[[0, 2]]).all()
    third, info = step(ENGINES["diffusion"](family), workflow, LAWS[name], 1000, None, second, own)
    assert info.status.tolist() == [0, int(Status.NONFINITE), 0]  # it stays set
    assert all(np.isfinite(part).all() for part in third.params)


def test_an_overflow_is_told():
    """Half of the estimates from the largest spread that float64 holds are beyond it."""
    law = Law(Gaussian(), GaussianParams(np.array([0.0]), np.array([1.7976e308])))
    engine, own = ENGINES["diffusion"](law.family), streams(50)
    fit = engine.fit(engine.draw(law, 100, own), None, own)
    told = fit.status & int(Status.NONFINITE) != 0
    np.testing.assert_array_equal(told, ~np.isfinite(fit.params.std))
    assert 5 < told.sum() < 45


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_an_offset_changes_no_digit_but_the_means(offset):
    """Means are counted from the first component's: the same draws, to what the means round to."""

    def run(at):
        truth = {"family": "mixture", "weights": [0.5, 0.5], "means": [at - 2, at + 2], "stds": [1, 1]}
        return mc.run(
            mc.Experiment(
                n_samples=2000, generations=50, replicates=4, engine="diffusion", truth=truth,
                streams="common", workflow={"kind": "mix", "real": 0.2},
            )
        )  # fmt: skip

    near, far = run(0.0), run(offset)
    np.testing.assert_allclose(far["std"], near["std"], rtol=1e-12 + 1e-14 * offset)
    np.testing.assert_allclose(far["mean"][:, 1:] - offset, near["mean"][:, 1:], atol=1e-11 + 1e-14 * offset)


@pytest.mark.parametrize("n", [10**12, 2**53])
def test_huge_training_sets(n):
    """N enters as 1/N only; a mix with real data keeps what is 1e-8 of everything."""
    experiment = mc.Experiment(
        n_samples=n, generations=200, replicates=200, engine="diffusion", save={"every": 200},
        workflow={"kind": "mix", "real": 0.25},
    )  # fmt: skip
    mean = mc.run(experiment)["total_mean"].values[:, -1]
    # stationary: E (M - mu0)^2 = V0/(n lam (2 - lam))
    assert mean.var() * n * 0.25 * 1.75 / 5.0 == pytest.approx(1.0, abs=4.5 * np.sqrt(2 / 200))
