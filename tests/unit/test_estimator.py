"""Any object with fit and sample: its random state, its failures, its name in a recipe."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity
from test_kde import Vectors

import modelcollapse as mc
from modelcollapse.errors import RecipeError, StorageError
from modelcollapse.families import objects
from modelcollapse.families.estimator import MEASURED, Estimator
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.metrics import METRICS, metrics_of
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.types import Status

CLASSES = (GaussianMixture(2), BayesianGaussianMixture(n_components=2), KernelDensity(bandwidth=0.4))
every_class = pytest.mark.parametrize("thing", CLASSES, ids=lambda thing: type(thing).__name__)
SMALL = {"n_samples": 40, "generations": 5, "replicates": 3}


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def data(count=3, n=60, seed=0):
    return np.random.default_rng(seed).normal(np.arange(count)[:, None] * 10.0, 2.0, (count, n))


def fit(family, x, weight=None):
    return family.fit(x, np.full(len(x), x.shape[1]), weight, None, streams(len(x)))


class Normal:
    """The least that an object can be: a normal, of whatever dimension."""

    def fit(self, x):
        self.mean, self.std = x.mean(axis=0), x.std(axis=0)
        return self

    def sample(self, n, random_state=None):
        return np.random.default_rng(random_state).normal(self.mean, self.std, (n, len(self.mean)))


class Moody(Normal):
    """One that fails where the items are large."""

    def __init__(self, mood):
        self.mood = mood

    def fit(self, x):
        if self.mood == "raises in fit" and x.mean() > 5:
            raise OSError("no")
        return super().fit(x)

    def sample(self, n, random_state=None):
        x = super().sample(n, random_state)
        if self.mean[0] > 5:
            if self.mood == "raises in sample":
                raise RuntimeError("no")
            if self.mood == "draws nan":
                x[0] = np.nan
            return {"draws one too few": x[1:], "draws no columns": x[:, 0], "draws text": "x"}.get(
                self.mood, x
            )
        return x


MOODS = [
    "raises in fit",
    "raises in sample",
    "draws nan",
    "draws one too few",
    "draws no columns",
    "draws text",
]


# scikit-learn's three classes


@every_class
def test_one_line_makes_a_family(thing):
    experiment = mc.Experiment(learner=mc.estimator(thing), **SMALL)
    assert mc.Experiment.from_toml(experiment.to_toml()) == experiment
    dataset = mc.run(experiment)
    assert np.isfinite(dataset["total_variance"].values).all()
    assert mc.replay(dataset).identical(dataset)
    assert mc.run(experiment, threads=2, chunk=1).identical(dataset)
    first = mc.run(experiment.changed(replicates=1, generations=3))
    assert first["total_mean"].equals(dataset["total_mean"].isel(replicate=[0], generation=slice(4)))


def test_settings_are_those_that_are_not_the_defaults():
    learner = mc.estimator(GaussianMixture(3, tol=1e-6, random_state=5))
    assert learner.model_dump() == {
        "family": "estimator",
        "name": "sklearn.mixture.GaussianMixture",
        "settings": {"n_components": 3, "tol": 1e-6},
    }
    assert mc.estimator(KernelDensity()).model_dump()["settings"] == {}
    numbers = Estimator(
        name="sklearn.mixture.GaussianMixture", settings={"tol": 1e-6, "n_components": np.int64(3)}
    )
    assert numbers == learner
    assert len({numbers, learner}) == 1
    keys = {mc.Experiment(learner=mc.estimator(thing)).key() for thing in (*CLASSES, GaussianMixture(3))}
    assert len(keys) == 4


@every_class
def test_the_random_state_is_new_at_every_call(thing):
    """With an integer random_state an object draws the same at every call: not here."""
    if hasattr(thing, "random_state"):
        fitted = GaussianMixture(2, random_state=1).fit(data(1)[0][:, None])
        assert np.array_equal(fitted.sample(5)[0], fitted.sample(5)[0])  # the trap
        thing = type(thing)(n_components=2, random_state=1)
    family, each = mc.estimator(thing), streams(1)
    params = fit(family, data(1)).params
    first, second = family.sample(params, 50, each), family.sample(params, 50, each)
    assert not set(first[0]) & set(second[0])
    again = family.sample(params, 50, streams(1))
    assert np.array_equal(first, again)  # and the replicate's stream alone decides
    seeds = [family.sample(params, 50, streams(1, seed))[0] for seed in range(3)]
    assert len({tuple(row) for row in seeds}) == 3


def test_every_fit_has_its_own_random_state():
    starts = []

    class Recorder(Normal):
        random_state = 3

        def fit(self, x):
            starts.append(self.random_state)
            return super().fit(x)

    mc.run(mc.Experiment(learner=mc.estimator(Recorder(), name="recorder"), **SMALL), threads=1)
    assert len(starts) == len(set(starts)) == 15


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("dimension", [None, 2])
def test_moments_of_mixtures_are_exact(kind, dimension):
    """Against 200,000 items: within 4 standard errors."""
    x = data() if dimension is None else np.stack([data(), 3.0 * data(seed=1)], axis=2)
    family = mc.estimator(GaussianMixture(3, covariance_type=kind))
    family = family if dimension is None else family.suited(Vectors(2))
    params = fit(family, x).params
    assert params.own.shape[1] == 0
    mean, variance = family.moments(params)
    factor, added = family.moments_kept(60)
    trace = x.var(axis=1) if dimension is None else x.var(axis=1).sum(axis=1)
    assert variance == pytest.approx(factor * trace + added, rel=1e-9)
    assert mean == pytest.approx(x.mean(axis=1), rel=1e-9)
    drawn = family.sample(params, 200_000, streams(3)).reshape(3, 200_000, -1)
    away = ((drawn - mean.reshape(3, 1, -1)) ** 2).sum(axis=2)
    error = away.std(axis=1) / np.sqrt(200_000)
    assert (np.abs(away.mean(axis=1) - variance) < 4 * error).all()


@pytest.mark.parametrize("bandwidth", [0.4, "scott", "silverman"])
@pytest.mark.parametrize("dimension", [None, 2])
def test_moments_of_kernels_are_exact(bandwidth, dimension):
    x = data() if dimension is None else np.stack([data(), 3.0 * data(seed=1)], axis=2)
    family = mc.estimator(KernelDensity(bandwidth=bandwidth))
    family = family if dimension is None else family.suited(Vectors(2))
    params = fit(family, x).params
    trace = x.var(axis=1) if dimension is None else x.var(axis=1).sum(axis=1)
    factor, added = family.moments_kept(60)
    assert family.moments(params)[1] == pytest.approx(factor * trace + added, rel=1e-12)
    h = params.model[0].bandwidth_
    assert added == pytest.approx((dimension or 1) * h**2, rel=1e-12)


def test_kernels_of_no_gaussian_shape_are_measured():
    family = mc.estimator(KernelDensity(kernel="tophat", bandwidth=3.0))
    x = data()
    params = fit(family, x).params
    assert params.own.shape == (3, MEASURED)
    law = x.var(axis=1) + 3.0**2 / 3.0
    assert np.abs(family.moments(params)[1] / law - 1.0).max() < 4 * np.sqrt(2.0 / MEASURED)
    assert family.moments_kept(60) is None


def test_divergence_is_that_of_the_mixture():
    """What is integrated on fixed panels agrees with the exact mixture to 1e-6 nats."""
    x = data(1, 400)
    x[0, :200] -= 8.0
    family = mc.estimator(GaussianMixture(2))
    params = fit(family, x).params
    model = params.model[0]
    parts = model.weights_[None], model.means_.T, np.sqrt(model.covariances_[:, 0].T)
    exact = Law(Mixture(), MixtureParams(*parts))
    truth = Law(
        Mixture(),
        MixtureParams(np.array([[0.4, 0.6]]), np.array([[-7.0, 1.0]]), np.array([[1.5, 2.0]])),
    )
    for name in ("kullback_leibler", "tail_mass", "total_variance"):
        ours, theirs = (METRICS[name].compute(one, truth) for one in (Law(family, params), exact))
        assert ours == pytest.approx(theirs, abs=1e-6), name


# objects of one's own


def test_an_object_of_ones_own_is_measured_by_its_own_items():
    """A normal: as exact as 4,096 items are, and the training sets are those of a run that needs none.

    With common streams the same draws go to a kernel density that says its moments and to one that does
    not; only what is measured differs, by less than five standard errors of 4,096 items.
    """

    class Mine(KernelDensity):
        pass

    common = {"streams": "common", "n_samples": 50, "generations": 6, "replicates": 4}
    plain = mc.run(mc.Experiment(learner=mc.estimator(KernelDensity()), **common))
    mine = mc.run(mc.Experiment(learner=mc.estimator(Mine(), name="mine"), **common))
    away = (mine["total_mean"] - plain["total_mean"]).values[:, 1:]
    error = np.sqrt(plain["total_variance"].values[:, 1:] / MEASURED)
    assert np.abs(away / error).max() < 5
    assert np.abs(away).min() > 0
    assert np.abs((mine["tail_mass"] - plain["tail_mass"]).values).max() < 5 * 0.5 / np.sqrt(MEASURED)
    assert not mine["total_mean"].equals(plain["total_mean"])


def test_it_is_copied_and_left_alone():
    thing = Normal()
    thing.note = [1]
    learner = mc.estimator(thing, name="left-alone")
    thing.note.append(2)
    assert learner._thing.note == [1]
    mc.run(mc.Experiment(learner=learner, **SMALL))
    assert not hasattr(thing, "mean")
    assert not hasattr(learner._thing, "mean")


@pytest.mark.parametrize("mood", MOODS)
def test_what_goes_wrong_is_a_status_and_the_last_model_is_kept(mood):
    """Replicates with large items fail from some generation on; the others are as they would be alone."""
    learner = mc.estimator(Moody(mood), name="moody")
    truth = {"family": "gaussian", "mean": 5.0, "std": 1.0}
    experiment = mc.Experiment(truth=truth, learner=learner, n_samples=10, generations=8, replicates=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = mc.run(experiment)
    failed = (dataset["status"].values & int(Status.SOLVER_FAILED)) != 0
    assert failed[:, -1].any()
    assert (failed[:, 1:] | np.isfinite(dataset["total_variance"].values[:, 1:])).all()
    assert (np.diff(failed[:, 1:].astype(int), axis=1) >= 0).all()  # sticky
    for r in range(20):
        at = np.flatnonzero(failed[r])
        if len(at) and at[0] > 1:
            kept = dataset["total_mean"].values[r, at[0] - 1]
            assert np.isfinite(kept)
            assert dataset["total_mean"].values[r, at[0]] == kept
    assert np.isfinite(dataset["total_variance"].values[~failed]).all()


def test_numbers_may_come_with_labels():
    class Labelled(Normal):
        def sample(self, n, random_state=None):
            return super().sample(n, random_state), np.zeros(n)

    common = {**SMALL, "streams": "common"}
    one = mc.run(mc.Experiment(learner=mc.estimator(Normal(), name="one"), **common))
    other = mc.run(mc.Experiment(learner=mc.estimator(Labelled(), name="other"), **common))
    assert one.equals(other)


def test_vectors():
    x = np.random.default_rng(0).normal([1.0, -5.0, 0.0], [1.0, 2.0, 0.1], (2, 80, 3))
    family = mc.estimator(Normal(), name="vectors").suited(Vectors(3))
    params = fit(family, x).params
    assert params.own.shape == (2, MEASURED, 3)
    assert family.sample(params, 30, streams(2)).shape == (2, 30, 3)
    mean, variance = family.moments(params)
    trace = x.var(axis=1).sum(axis=1)
    assert np.abs(variance / trace - 1).max() < 4 * np.sqrt(2 / MEASURED)
    assert np.abs(mean - x.mean(axis=1)).max() < 4 * 2.0 / np.sqrt(MEASURED)
    broken = x.copy()
    broken[1, 0, 0] = np.nan
    new = fit(family, broken)
    assert new.status.tolist() == [0, int(Status.SOLVER_FAILED)]
    kept = family.take(new.params, params, np.array([False, True]))
    assert np.array_equal(kept.mean, params.mean)
    assert kept.model[1] is params.model[1]
    blank = family.take(family.blank(2), params, np.array([False, True]))
    assert np.isnan(family.sample(blank, 4, streams(2))[0]).all()


def test_weights_go_to_objects_that_take_them():
    x, times = data(1, 30), np.arange(30.0)[None] % 3
    family = mc.estimator(KernelDensity(bandwidth=0.3))
    x, times = x[:, times[0] > 0], times[:, times[0] > 0]  # it takes no weight of 0
    weighted = family.moments(fit(family, x, times).params)
    repeated = family.moments(fit(family, np.repeat(x[0], times[0].astype(int))[None]).params)
    assert np.array(weighted) == pytest.approx(np.array(repeated), rel=1e-12)
    none = mc.estimator(GaussianMixture(2))
    assert fit(none, x, times).status.tolist() == [int(Status.SOLVER_FAILED)]  # and not silently unweighted


def test_the_divergence_needs_a_density():
    truth = mc.Experiment().source
    assert "kullback_leibler" not in metrics_of(mc.estimator(Normal(), name="n"), truth)
    assert "kullback_leibler" in metrics_of(mc.estimator(GaussianMixture()), truth)


# names and refusals


@pytest.mark.parametrize(
    ("thing", "name", "words"),
    [
        (object(), "x", "must be an object with fit"),
        (GaussianMixture, "x", "must be an object with fit"),
        (Normal(), None, "name: must be given"),
        (Normal(), "a b", "must be of letters"),
        (Normal(), "sklearn.mixture.GaussianMixture", "no class's of scikit-learn"),
        (GaussianMixture(2, means_init=np.zeros((2, 1))), None, "means_init cannot be written"),
        (GaussianMixture(0), None, "'n_components' parameter of GaussianMixture must be an int"),
        (KernelDensity(kernel="cosine"), None, "can be sampled"),
    ],
)
def test_what_is_refused(thing, name, words):
    with pytest.raises(RecipeError, match=r".") as caught:
        mc.estimator(thing, name=name)
    assert words in str(caught.value)


def test_an_object_must_take_a_random_state():
    class Own:
        def fit(self, x):
            return self

        def sample(self, n):
            return np.random.default_rng().normal(size=(n, 1))

    with pytest.raises(RecipeError, match="must have random_state"):
        mc.estimator(Own(), name="own")


def test_a_result_says_what_to_register(tmp_path):
    """A recipe that names an object which this process does not know is refused: loaded, run or replayed."""
    learner = mc.estimator(Normal(), name="for-a-while")
    dataset = mc.run(mc.Experiment(learner=learner, **SMALL))
    text = mc.Experiment(learner=learner, **SMALL).to_toml()
    mc.save(dataset, tmp_path / "out.zarr")
    assert mc.replay(mc.load(tmp_path / "out.zarr")).equals(dataset)
    thing = objects._REGISTERED.pop("for-a-while")
    try:
        for call in (
            lambda: mc.Experiment.from_toml(text),
            lambda: mc.replay(dataset),
            lambda: mc.load(tmp_path / "out.zarr"),
        ):
            with pytest.raises((RecipeError, StorageError)) as caught:
                call()
            said = str(caught.value)
            assert "'for-a-while'" in said
            assert "modelcollapse.estimator(object, name=...)" in said
            assert "'sklearn.neighbors.KernelDensity'" in said
            assert "damaged" not in said
    finally:
        objects._REGISTERED["for-a-while"] = thing
    assert mc.load(tmp_path / "out.zarr").equals(dataset)


def test_a_recipe_imports_nothing():
    code = """
import sys, modelcollapse as mc
for name in ("antigravity.x", "this", "sklearn.linear_model.Ridge", "os.system"):
    try:
        mc.Experiment(learner={"family": "estimator", "name": name})
        raise SystemExit(1)
    except mc.RecipeError as error:
        assert "must be one of" in str(error)
assert "this" not in sys.modules and "antigravity" not in sys.modules and "sklearn" not in sys.modules
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_named_object_keeps_its_settings():
    """Plain settings of a registered object are part of the recipe, defaults too, and are set again."""

    class Mine(KernelDensity):
        pass

    first = mc.estimator(Mine(bandwidth=0.2), name="kept")
    settings = dict(first.settings)
    assert (settings["bandwidth"], settings["kernel"]) == (0.2, "gaussian")
    experiment = mc.Experiment(learner=first, **SMALL)
    mc.estimator(Mine(bandwidth=5.0), name="kept")
    assert experiment.changed().learner._thing.bandwidth == 0.2


def test_an_object_that_takes_no_weights_is_refused_where_items_have_some():
    work = {"kind": "weighted", "weight": 0.5, "real": 20, "synthetic": 20}
    for thing in (GaussianMixture(2), BayesianGaussianMixture(n_components=2)):
        with pytest.raises(RecipeError, match="whose fit takes no weights"):
            mc.Experiment(learner=mc.estimator(thing), workflow=work, **SMALL)
    dataset = mc.run(mc.Experiment(learner=mc.estimator(KernelDensity()), workflow=work, **SMALL))
    assert not dataset["status"].any()


def test_a_verifier_of_one_replicate_moves_no_other():
    """Where some replicates are drawn for again and others have enough, each is as it is alone."""
    work = {"kind": "verified", "low": 1.5}
    experiment = mc.Experiment(learner=mc.estimator(KernelDensity(bandwidth=0.3)), workflow=work, **SMALL)
    together, alone = mc.run(experiment, chunk=3), mc.run(experiment, chunk=1)
    assert together.identical(alone)


@pytest.mark.parametrize("settings", [(1, 2), ("ab", 3), 5, None])
def test_settings_that_are_no_table(settings):
    learner = {"family": "estimator", "name": "sklearn.neighbors.KernelDensity", "settings": settings}
    with pytest.raises(RecipeError, match="must be a table of numbers, texts and booleans"):
        mc.Experiment(learner=learner)
