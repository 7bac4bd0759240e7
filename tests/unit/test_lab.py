"""Runs: the same bits however the work falls, prefixes of longer runs, statuses, limits."""

import os
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info

import modelcollapse as mc
from modelcollapse import lab, recursion, results, store
from modelcollapse.engines import ENGINES
from modelcollapse.engines.exact import ExactEngine
from modelcollapse.errors import RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.families.gaussian import Gaussian
from modelcollapse.metrics import metrics_of
from modelcollapse.streams import generators
from modelcollapse.types import Status

SMALL = {"n_samples": 40, "generations": 12, "replicates": 7}
GAUSSIAN = {"family": "gaussian"}
CATEGORIES = {"family": "categorical", "zipf": {"categories": 30, "exponent": 1.0, "shift": 2.7}}
LINEAR = {"family": "linear", "coefficients": [1.0, -1.0], "noise": 0.5}
MIXTURES = {
    "family": "estimator", "name": "sklearn.mixture.GaussianMixture", "settings": {"n_components": 2},
}  # fmt: skip
RECIPES = {
    "default": {},
    "gaussian": {"learner": GAUSSIAN},
    "three parts": {"workflow": {"kind": "mix", "real": 0.1, "kept": 0.3}},
    "fixed": {"workflow": {"kind": "mix", "real": 0.2, "real_source": "fixed"}},
    "per-sample": {"workflow": {"kind": "mix", "real": 0.2, "kept": 0.2, "assignment": "per-sample"}},
    "k-means": {"learner": {"family": "mixture", "start": "kmeans"}},
    "scikit-learn": {"learner": {"family": "mixture", "solver": "scikit-learn"}, "generations": 6},
    "regularised": {"learner": {"family": "mixture", "reg_covar": 0.01}},
    "dying": {"n_samples": 8, "generations": 60, "learner": {"family": "mixture", "components": 3}},
    "collapsing": {"n_samples": 3, "generations": 300, "learner": GAUSSIAN, "save": {"every": 7}},
    "common": {"streams": "common", "save": "log"},
    "accumulate": {"workflow": {"kind": "accumulate", "real": 0.1}},
    "accumulate-subsample": {"workflow": {"kind": "accumulate-subsample"}, "learner": GAUSSIAN},
    "categories": {"truth": CATEGORIES, "learner": {"family": "categorical"}},
    "categories, three parts": {
        "truth": CATEGORIES, "learner": {"family": "categorical"},
        "workflow": {"kind": "mix", "real": 0.1, "kept": 0.3, "assignment": "per-sample"},
    },
    "kernels": {"learner": {"family": "kde", "bandwidth": "scaled", "ddof": 1}},
    "kernels on a pool": {
        "learner": {"family": "kde", "bandwidth": 0.3}, "workflow": {"kind": "accumulate", "real": 0.1},
    },
    "bootstrap": {
        "learner": {"family": "empirical"},
        "workflow": {"kind": "mix", "real": 0.1, "kept": 0.3, "assignment": "per-sample"},
    },
    "bootstrap of a pool": {
        "learner": {"family": "empirical"}, "workflow": {"kind": "accumulate-subsample"},
    },
    "estimator": {"learner": MIXTURES, "generations": 6},
    "grouped": {
        "engine": "grouped", "n_samples": 10**6, "workflow": {"kind": "mix", "real": 0.1, "kept": 0.3},
    },
    "grouped, per-sample": {
        "engine": "grouped", "n_samples": 200,
        "workflow": {"kind": "mix", "real": 0.05, "kept": 0.2, "assignment": "per-sample"},
    },
    "grouped, a part that few replicates have": {
        "engine": "grouped", "n_samples": 50, "generations": 80,
        "workflow": {"kind": "mix", "real": 0.004, "kept": 0.004, "assignment": "per-sample"},
    },
    "grouped, fixed": {
        "engine": "grouped", "n_samples": 100,
        "workflow": {"kind": "mix", "real": 0.1, "real_source": "fixed"},
    },
    "diffusion": {"engine": "diffusion", "n_samples": 1_000},
    "diffusion, per-sample": {
        "engine": "diffusion", "n_samples": 500,
        "workflow": {"kind": "mix", "real": 0.01, "kept": 0.2, "assignment": "per-sample"},
    },
    "diffusion, pool": {"engine": "diffusion", "workflow": {"kind": "accumulate-subsample", "real": 0.1}},
    "grouped, k-means": {"engine": "grouped", "learner": {"family": "mixture", "start": "kmeans"}},
    "grouped, collapsing": {"engine": "grouped", "n_samples": 3, "generations": 90, "learner": GAUSSIAN},
    "grouped, accumulate": {"engine": "grouped", "workflow": {"kind": "accumulate", "real": 0.1}},
    "grouped, accumulate-subsample": {
        "engine": "grouped", "workflow": {"kind": "accumulate-subsample"}, "learner": GAUSSIAN,
    },
    "poisson": {
        "truth": {"family": "poisson", "rate": 2.0}, "learner": {"family": "poisson"},
        "workflow": {"kind": "mix", "real": 0.1, "kept": 0.3, "assignment": "per-sample"},
    },
    "grouped poisson": {
        "engine": "grouped", "truth": {"family": "poisson", "rate": 2.0}, "learner": {"family": "poisson"},
        "workflow": {"kind": "accumulate-subsample", "real": 0.1},
    },
    "linear, the same inputs": {
        "truth": LINEAR, "learner": {"family": "linear"},
        "workflow": {"kind": "mix", "real": 0.1, "kept": 0.3, "assignment": "per-sample"},
    },
    "linear, new inputs": {
        "truth": LINEAR, "learner": {"family": "linear", "inputs": "new", "ridge": 0.5},
        "workflow": {"kind": "accumulate"},
    },
    "bayesian": {
        "learner": {"family": "bayesian-gaussian", "mean": 0, "strength": 1, "shape": 2, "scale": 5},
    },
    "known std": {"learner": {"family": "gaussian", "known_std": 2.0}},
    "augment": {"workflow": {"kind": "augment", "real": 10, "synthetic": 25}},
    "augment, a pool": {
        "workflow": {"kind": "augment", "real": 10, "synthetic": 25, "real_source": "fixed", "pool": 20},
    },
    "augment, growing": {
        "engine": "grouped", "workflow": {"kind": "augment", "real": 10, "synthetic": 50, "growth": 1.1},
    },
    "weighted": {"workflow": {"kind": "weighted", "real": 10, "synthetic": 25, "weight": 0.4}},
    "biased": {"workflow": {"kind": "biased", "temperature": 0.9, "real": 0.1}},
    "biased, diffusion": {
        "engine": "diffusion", "n_samples": 500, "workflow": {"kind": "biased", "temperature": 0.9},
    },
    "verified": {
        "workflow": {"kind": "verified", "low": 0.5, "psi": 0.01, "real": 0.1, "assignment": "per-sample"},
    },
    "verified, likely items": {"workflow": {"kind": "verified", "likelihood": 0.1, "phi": 0.5}},
    "verified, out of reach": {"n_samples": 6, "workflow": {"kind": "verified", "low": 4.0}},
    "verified categories": {
        "n_samples": 8, "truth": CATEGORIES, "learner": {"family": "categorical"},
        "workflow": {"kind": "verified", "right": [9, 17], "real": 0.1, "assignment": "per-sample"},
    },
    "decaying": {"workflow": {"kind": "decaying", "real": 0.5, "half_life": 2.0, "real_source": "fixed"}},
    "decaying, per-sample": {
        "engine": "grouped",
        "workflow": {"kind": "decaying", "real": 0.5, "half_life": 2.0, "assignment": "per-sample"},
    },
    "grouped categories": {
        "engine": "grouped", "truth": CATEGORIES, "learner": {"family": "categorical"},
        "workflow": {"kind": "mix", "real": 0.1, "kept": 0.3, "assignment": "per-sample"},
    },
}  # fmt: skip
VECTORS = {"family": "gaussian-nd", "mean": [0.0, 1.0, 2.0],
           "covariance": [[1.0, 0.5, 0.0], [0.5, 2.0, 0.3], [0.0, 0.3, 0.5]]}  # fmt: skip
PLANE = {"family": "mixture-nd", "weights": [0.3, 0.3, 0.4], "means": [[-4.0, 0.0], [0.0, 3.0], [4.0, 0.0]],
         "stds": [1.0, 0.5, 1.0]}  # fmt: skip
MIXTURE_ND = {"family": "mixture-nd", "components": 3}
RECIPES |= {
    "vectors": {"truth": VECTORS, "learner": {"family": "gaussian-nd"}},
    "vectors, unbiased, three parts": {
        "truth": VECTORS, "learner": {"family": "gaussian-nd", "ddof": 1},
        "workflow": {"kind": "mix", "real": 0.1, "kept": 0.3, "assignment": "per-sample"},
    },
    "vectors, fixed": {
        "truth": PLANE, "learner": {"family": "gaussian-nd"},
        "workflow": {"kind": "mix", "real": 0.2, "kept": 0.2, "real_source": "fixed"},
    },
    "vectors, singular": {
        "truth": VECTORS, "learner": {"family": "gaussian-nd"}, "n_samples": 3, "generations": 60,
    },
    "vectors, accumulate": {
        "truth": VECTORS, "learner": {"family": "gaussian-nd"},
        "workflow": {"kind": "accumulate", "real": 0.1},
    },
    "vectors, accumulate-subsample": {
        "truth": VECTORS, "learner": MIXTURE_ND, "workflow": {"kind": "accumulate-subsample"},
    },
    "mixtures of vectors": {"truth": PLANE, "learner": MIXTURE_ND},
    "mixtures of vectors, dying": {
        "truth": PLANE, "learner": MIXTURE_ND, "n_samples": 8, "generations": 40,
    },
    "mixtures of vectors, k-means": {"truth": PLANE, "learner": {**MIXTURE_ND, "start": "kmeans"}},
    "kernels of vectors": {"truth": VECTORS, "learner": {"family": "kde", "bandwidth": "scott"}},
    "bootstrap of vectors": {"truth": PLANE, "learner": {"family": "empirical"}},
    "estimator of vectors": {
        "truth": VECTORS, "generations": 3,
        "learner": {"family": "estimator", "name": "sklearn.neighbors.KernelDensity"},
    },
    "verified, any estimator": {  # replicates that have enough draw nothing while others go on
        "truth": {"family": "gaussian", "mean": 0.0, "std": 1.0}, "generations": 4,
        "learner": {"family": "estimator", "name": "sklearn.neighbors.KernelDensity"},
        "workflow": {"kind": "verified", "low": 1.0, "phi": 0.3, "psi": 0.02},
    },
    "mixtures of vectors, scikit-learn": {
        "truth": PLANE, "learner": {**MIXTURE_ND, "solver": "scikit-learn"}, "generations": 6,
    },
}  # fmt: skip
every_recipe = pytest.mark.parametrize("name", RECIPES)


def recipe(name="default", **values):
    return Experiment(**{**SMALL, **RECIPES[name], **values})


def part(dataset, replicates, generations):
    """The numbers of some replicates and of generations up to the last, by name."""
    cut = dataset.sel(replicate=slice(0, replicates - 1), generation=slice(0, generations))
    return {name: cut[name].values.tobytes() for name in cut.data_vars}


# the same bits


@every_recipe
def test_chunks_and_threads_change_no_bit(name):
    """More steps of a chunk than a cache line, more chunks than threads, one thread or two."""
    experiment = recipe(name)
    first = mc.run(experiment, threads=1)
    for threads, chunk in ((1, 1), (2, 1), (2, 2), (1, 7), (2, 100), (None, None)):
        assert mc.run(experiment, threads=threads, chunk=chunk).identical(first), (threads, chunk)


@every_recipe
def test_a_replicate_alone_is_that_of_the_batch(name):
    experiment = recipe(name)
    whole = mc.run(experiment, threads=1)
    for k in (0, 5):
        steps = recursion.generations(
            ENGINES[experiment.engine](experiment.learner),
            experiment.workflow,
            experiment.source,
            experiment.n_samples,
            experiment.start,
            generators(experiment.seed, experiment.key(), [k]),
        )
        for generation in range(1, experiment.generations + 1):
            state, info = next(steps)
            assert state.generation == generation
            if generation not in whole["generation"]:
                continue
            there = whole.sel(replicate=k, generation=generation)
            for key, value in experiment.learner.record(state.params).items():
                assert np.array_equal(value[0], there[key].values)
            assert [int(c) for c in info.counts[0]] == [int(there[n]) for n in results.COUNTS]
            assert (info.iterations[0], info.status[0]) == (there["iterations"], there["status"])


@every_recipe
def test_more_generations_or_replicates_leave_the_others_unchanged(name):
    experiment = recipe(name, save="all", replicates=3)
    more = recipe(name, save="all", replicates=5, generations=experiment.generations + 3)
    short, long = mc.run(experiment), mc.run(more)
    assert part(long, 3, experiment.generations) == part(short, 3, experiment.generations)


@every_recipe
def test_replay_is_equal_to_the_bit(name):
    dataset = mc.run(recipe(name))
    assert mc.replay(dataset).identical(dataset)
    assert mc.replay(dataset, threads=1).identical(dataset)


def test_replay_of_data_from_another_place(tmp_path, monkeypatch):
    """The values travel with the result: neither the recipe's folder nor the data file is needed."""
    values = np.random.default_rng(0).normal(size=30).round(2)
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    np.save(tmp_path / "there" / "x.npy", values)
    (tmp_path / "there" / "r.toml").write_text(
        'n_samples = 20\ngenerations = 5\n[truth]\nfamily = "data"\npath = "x.npy"\n'
        '[workflow]\nkind = "mix"\nreal = 0.5\n'
    )
    dataset = mc.run(Experiment.from_toml(tmp_path / "there" / "r.toml"))
    mc.save(dataset, tmp_path / "there" / "out.zarr")
    (tmp_path / "there" / "out.zarr").rename(tmp_path / "here" / "moved.zarr")
    (tmp_path / "there" / "x.npy").unlink()
    monkeypatch.chdir(tmp_path / "here")
    loaded = mc.load("moved.zarr")
    again = mc.replay(loaded)
    assert part(again, 8, 5) == part(dataset, 8, 5)
    assert store.digest(again) == store.digest(dataset) == loaded.attrs["digest"]


def test_other_seeds_give_other_numbers():
    first, second = mc.run(recipe()), mc.run(recipe(seed=1))
    after = first["generation"] > 0
    assert not (first["total_mean"].where(after) == second["total_mean"].where(after)).any()


def test_replicates_differ():
    means = mc.run(recipe())["total_mean"].values[:, 1:]
    assert len(np.unique(means)) == means.size


CHILD = """
import sys
import modelcollapse as mc
from modelcollapse.store import digest
for text in ("", "[workflow]\\nkind = 'mix'\\nreal = 0.1\\n"):
    text = "n_samples = 40\\ngenerations = 5\\nreplicates = 3\\n" + text
    print(digest(mc.run(mc.Experiment.from_toml(text))))
"""


def test_the_hash_seed_of_python_does_not_matter():
    command = [sys.executable, "-W", "error", "-c", CHILD]
    places = {"LC_ALL": "C", "TZ": "Asia/Tokyo"}
    children = [
        subprocess.Popen(
            command,
            env={**os.environ, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for more in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "4242", **places})
    ]
    found = [child.communicate() for child in children]
    assert found[0] == found[1]
    assert found[0][1] == ""
    here = mc.run(Experiment(n_samples=40, generations=5, replicates=3))
    assert found[0][0].split()[0] == store.digest(here)


# paired runs


def training_sets(experiment, monkeypatch):
    """What the engine was given to fit, generation by generation."""
    seen, fit = [], ExactEngine.fit
    monkeypatch.setattr(
        ExactEngine, "fit", lambda self, data, *rest: seen.append(data.x.copy()) or fit(self, data, *rest)
    )
    mc.run(experiment, threads=1, chunk=100)
    monkeypatch.undo()
    assert len(seen) == experiment.generations
    return seen


OTHERS = [
    {"learner": {"family": "mixture", "solver": "scikit-learn"}},
    {"learner": {"family": "mixture", "start": "kmeans"}},
    {"learner": GAUSSIAN},
    {"workflow": {"kind": "mix", "real": 0.5}},
    {"workflow": {"kind": "mix", "kept": 0.5}},
]


@pytest.mark.parametrize("values", OTHERS, ids=repr)
def test_common_streams_give_every_recipe_the_same_first_training_set(monkeypatch, values):
    common = [training_sets(recipe(streams="common", **v, generations=2), monkeypatch) for v in ({}, values)]
    assert np.array_equal(common[0][0], common[1][0])
    assert not np.array_equal(common[0][1], common[1][1])  # then they part
    independent = [training_sets(recipe(**v, generations=1), monkeypatch) for v in ({}, values)]
    assert not np.array_equal(independent[0][0], independent[1][0])
    assert not np.array_equal(common[0][0], independent[0][0])


# threads and scikit-learn


@pytest.mark.parametrize("solver", ["em", "scikit-learn"])
def test_scikit_learn_on_threads_changes_no_bit(solver):
    """Its own threads add up in an order of their own: they must stay held to one."""
    learner = {"family": "mixture", "solver": solver}
    learner |= {"start": "kmeans"} if solver == "em" else {}
    experiment = recipe(learner=learner, n_samples=5_000, generations=3, replicates=4)
    first = mc.run(experiment, threads=1)
    for _ in range(3):
        assert mc.run(experiment, threads=2, chunk=1).identical(first)


def test_threads_leave_warnings_and_thread_limits_as_they_were(monkeypatch):
    """Filters of warnings and limits of threads belong to the process: one fit has them at a time."""
    inside, most, fit = [], [], KMeans.fit

    def watched(self, *args, **kwargs):
        inside.append(self)
        most.append(len(inside))
        time.sleep(0.05)
        try:
            return fit(self, *args, **kwargs)
        finally:
            inside.remove(self)

    monkeypatch.setattr(KMeans, "fit", watched)
    filters, limits = list(warnings.filters), threads_of_libraries()
    mc.run(recipe("k-means", generations=2, replicates=4), threads=2, chunk=1)
    assert max(most) == 1
    assert warnings.filters == filters
    assert threads_of_libraries() == limits


def threads_of_libraries():
    return [(library["filepath"], library["num_threads"]) for library in threadpool_info()]


# stopping


def stopped_at(experiment, done, threads=1, chunk=None):
    """A run that is asked to stop after this much work."""
    stop = threading.Event()

    def progress(work, _):
        if work >= done:
            stop.set()

    return mc.run(experiment, threads=threads, chunk=chunk, progress=progress, stop=stop)


@pytest.mark.parametrize("save", ["all", {"every": 4}], ids=str)
def test_a_stopped_run_is_a_shorter_recipe(save):
    experiment = recipe(save=save, generations=50)
    found = stopped_at(experiment, 7 * 17, chunk=7)
    last = int(found["generation"][-1])
    assert last == (17 if save == "all" else 16)
    assert found.identical(mc.run(experiment.changed(generations=last)))
    assert mc.replay(found).identical(found)


def test_a_stopped_run_saved_on_a_log_scale_can_be_replayed():
    experiment = recipe(save="log", generations=400)
    found = stopped_at(experiment, 7 * 90, chunk=7)
    assert 80 <= found["generation"][-1] <= 90
    assert mc.replay(found).identical(found)


def test_a_run_stopped_on_threads_holds_what_every_replicate_has_reached():
    """Two chunks go side by side for 40 generations, so that neither waits for the other to begin; then
    one of them may be a generation ahead."""
    experiment, stop = recipe(generations=3_000, replicates=4), threading.Event()
    step = threading.Barrier(2, timeout=60)

    def progress(work, _):
        if work > 4 * 40:
            stop.set()
        else:
            step.wait()

    found = mc.run(experiment, threads=2, chunk=2, progress=progress, stop=stop)
    last = int(found["generation"][-1])
    assert 40 <= last <= 41
    assert found.identical(mc.run(experiment.changed(generations=last)))


def test_a_run_whose_later_chunks_never_began_holds_the_first_replicates():
    found = stopped_at(recipe(), 3, chunk=1)
    assert found["generation"].values.tolist() == [0, 1, 2, 3]
    assert found.identical(mc.run(recipe(replicates=1, generations=3)))


def test_a_stopped_run_holds_the_largest_block():
    """Two replicates are finished (2 x 12), the third is not (3 x 1): two whole ones are the most."""
    found = stopped_at(recipe(), 25, chunk=1)
    assert found.identical(mc.run(recipe(replicates=2)))


def test_a_run_stopped_before_it_began_holds_the_truth():
    stop = threading.Event()
    stop.set()
    found = mc.run(recipe(), stop=stop)
    assert found["generation"].values.tolist() == [0]
    assert np.isfinite(found["total_mean"].values).all()


def test_stopping_after_the_end_changes_nothing():
    experiment = recipe()
    assert stopped_at(experiment, 7 * 12).identical(mc.run(experiment))


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_ends_with_all_of_the_work(threads):
    calls = []
    mc.run(recipe(), threads=threads, chunk=2, progress=lambda *done: calls.append(done))
    assert {total for _, total in calls} == {7 * 12}
    assert max(done for done, _ in calls) == 7 * 12
    assert len(calls) == 12 * 4  # once a chunk and generation
    if threads == 1:
        assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_an_error_in_a_thread_is_raised_and_stops_the_others():
    def progress(done, _):
        if done > 20:
            raise RuntimeError("from the progress bar")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="from the progress bar"):
        mc.run(recipe(generations=5_000), threads=2, chunk=1, progress=progress)
    assert threading.active_count() == before


def test_one_thread_is_this_thread(monkeypatch):
    """Also where the system does not tell how many cores there are."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    seen = set()
    mc.run(recipe(), threads=1, chunk=1, progress=lambda *_: seen.add(threading.get_ident()))
    assert seen == {threading.get_ident()}


# limits


@pytest.mark.parametrize(
    "values",
    [
        {"n_samples": 10**12},
        {"n_samples": 2**53},
        {"generations": 10**12},
        {"replicates": 10**9},
        {"replicates": 10**6, "generations": 10**6, "n_samples": 10**6},
        {"n_samples": 2 * 10**9, "learner": {"family": "mixture", "components": 10**9}},
        {"save": "log", "generations": 10**15},
        {"workflow": {"kind": "accumulate"}, "save": "log", "generations": 10**6},
        {"learner": {"family": "mixture", "solver": "scikit-learn"}, "generations": 10**7},
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_too_large_is_refused_before_anything_is_allocated(monkeypatch, values):
    monkeypatch.setattr(lab, "_Work", lambda *_: pytest.fail("something was allocated"))
    experiment = Experiment(**values)
    with pytest.raises(RecipeError) as caught:
        mc.run(experiment)
    (problem,) = caught.value.problems
    assert (problem.field, problem.value) == ("n_samples", experiment.n_samples)
    for words in (
        f"generations = {experiment.generations}",
        f"replicates = {experiment.replicates}",
        str(lab.estimate(experiment)),  # what it would take
        "the limits are 24 hours, 8 GiB of memory, 4 GiB of disk",
        "--allow-large",
        "allow_large=True",
    ):
        assert words in problem.allowed


@pytest.mark.parametrize("limit", ["MAX_SECONDS", "MAX_MEMORY", "MAX_DISK"])
def test_each_limit_is_kept_and_can_be_passed(monkeypatch, limit):
    experiment = recipe()
    monkeypatch.setattr(lab, limit, 1e-9)
    with pytest.raises(RecipeError, match="the limits are"):
        mc.run(experiment)
    assert mc.run(experiment, allow_large=True).identical(mc.replay(mc.run(experiment, allow_large=True)))


def test_the_default_is_within_the_limits():
    lab.check_size(Experiment())
    cost = lab.estimate(Experiment())
    assert 1 < cost.seconds < 600
    assert cost.memory < 2**30
    assert str(cost).startswith("about ")


@pytest.mark.parametrize("kind", ["accumulate", "accumulate-subsample"])
def test_a_growing_pool_is_estimated_by_its_largest(kind):
    """Memory by the last pool, time by the mean one; what would be beyond the limits is refused."""
    mix, pool = (
        lab.estimate(Experiment(generations=1000, replicates=1, save="log", workflow={"kind": k}))
        for k in ("mix", kind)
    )
    assert pool.memory - pool.disk == pytest.approx(1000 * (mix.memory - mix.disk))
    assert 400 < pool.seconds / mix.seconds < 501
    with pytest.raises(RecipeError, match="together take"):
        lab.check_size(Experiment(n_samples=10**6, generations=10**3, workflow={"kind": kind}))


def test_what_an_engine_refuses_is_refused_before_any_work(monkeypatch):
    problem = mc.RecipeError("no").problems[0]
    monkeypatch.setattr(ExactEngine, "refuses", lambda *_: [problem])
    monkeypatch.setattr(lab, "_Work", lambda *_: pytest.fail("something was allocated"))
    with pytest.raises(RecipeError) as caught:
        mc.run(recipe())
    assert caught.value.problems == (problem,)


# statuses


def strict(experiment):
    """Overflow, invalid operations, divisions by zero and underflow raise; scikit-learn's may underflow."""
    own = getattr(experiment.learner, "solver", "em") == "em" and experiment.learner.name != "estimator"
    return np.errstate(all="raise", under="raise" if own else "ignore")


@every_recipe
def test_nothing_overflows_or_divides_by_zero(name):
    experiment = recipe(name)
    with strict(experiment):
        dataset = mc.run(experiment, threads=1)
    with np.errstate(all="raise", under="ignore"):  # tails of densities underflow
        for metric in metrics_of(experiment.learner, experiment.source):
            values = results.measure(dataset, metric).values[:, 1:]
            infinite = np.isposinf(values) & (metric in ("kullback_leibler", "l2_distance"))  # of a point
            infinite |= np.isneginf(values) & (metric in ("log_determinant", "entropy"))
            assert (np.isfinite(values) | infinite).all()
    for key in set(experiment.learner.dimensions) & {"total_variance", "total_mean", "probability"}:
        assert np.isfinite(dataset[key].values).all()


DEGENERATE = {
    "one item": {"n_samples": 1, "learner": GAUSSIAN},
    "two items": {"n_samples": 2, "learner": GAUSSIAN, "generations": 500},
    "two items, unbiased": {"n_samples": 2, "learner": {**GAUSSIAN, "ddof": 1}, "generations": 500},
    "one item a component and one": {"n_samples": 4, "generations": 300},
    "three components of six items": {
        "n_samples": 6, "generations": 300, "learner": {"family": "mixture", "components": 3},
    },
    "five components": {
        "n_samples": 10, "generations": 100, "learner": {"family": "mixture", "components": 5},
    },
    "far from zero": {
        "n_samples": 10, "generations": 300, "learner": GAUSSIAN,
        "truth": {"family": "gaussian", "mean": 1e8, "std": 1e-3},
    },
    "tiny": {
        "n_samples": 10, "generations": 100, "learner": GAUSSIAN,
        "truth": {"family": "gaussian", "mean": 0.0, "std": 1e-140},
    },
    "huge": {
        "n_samples": 10, "generations": 100,
        "truth": {"family": "gaussian", "mean": 1e150, "std": 1e149},
    },
    "unlike components": {
        "n_samples": 30, "generations": 100,
        "truth": {
            "family": "mixture", "weights": [1 - 1e-12, 1e-12],
            "means": [0.0, 1e6], "stds": [1e-6, 1e6],
        },
    },
    "scikit-learn collapsing": {
        "n_samples": 4, "generations": 40, "replicates": 3,
        "learner": {"family": "mixture", "solver": "scikit-learn"},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("real", [0.0, 0.25])
def test_degenerate_recipes_run_to_the_end(name, real):
    workflow = {"kind": "mix", "real": real}
    experiment = Experiment(**{**SMALL, "replicates": 20, **DEGENERATE[name], "workflow": workflow})
    with strict(experiment):
        dataset = mc.run(experiment, threads=1)
    for key in dataset.data_vars:
        assert np.isfinite(dataset[key].values[:, 1:]).all(), key
    if "weight" in dataset:
        total = dataset["weight"].values[:, 1:].sum(axis=2)
        assert total == pytest.approx(1.0, rel=1e-12)
    if experiment.learner.name == "gaussian" or experiment.learner.solver == "em":
        assert not (dataset["status"].values & int(Status.NONFINITE | Status.SOLVER_FAILED)).any()


@pytest.mark.parametrize("components", [2, 3, 4])
@pytest.mark.parametrize("start", ["model", "kmeans"])
def test_data_with_ties_keep_their_moments(tmp_path, components, start):
    """Whole numbers as truth: components become points, several at a time, and no item is lost."""
    np.save(tmp_path / "x.npy", np.arange(1.0, 5.0))
    experiment = Experiment(
        n_samples=20, generations=20, replicates=20,
        truth={"family": "data", "path": str(tmp_path / "x.npy")},
        learner={"family": "mixture", "components": components, "start": start},
        workflow={"kind": "mix", "real": 0.5},
    )  # fmt: skip
    fitted = mc.run(experiment, threads=1).isel(generation=slice(1, None))
    assert fitted["weight"].values.sum(axis=2) == pytest.approx(1.0, rel=1e-12)
    assert not (fitted["status"].values & int(Status.NONFINITE)).any()


def flags(dataset, flag):
    return (dataset["status"].values & int(flag)) != 0


def test_one_item_collapses_at_once():
    dataset = mc.run(recipe(n_samples=1, learner=GAUSSIAN))
    assert flags(dataset, Status.COLLAPSED)[:, 1:].all()
    assert not dataset["std"].values[:, 1:].any()
    mean = dataset["mean"].values[:, 1:]
    assert np.array_equal(mean, np.repeat(mean[:, :1], 12, axis=1))  # held from then on


def test_collapse_and_the_precision_limit_are_flagged_from_their_generation_on():
    dataset = mc.run(recipe("collapsing", save="all"))
    collapsed, limit = flags(dataset, Status.COLLAPSED), flags(dataset, Status.PRECISION_LIMIT)
    assert collapsed[:, -1].all()
    assert np.array_equal(collapsed, dataset["std"].values == 0)
    for flagged in (collapsed, limit):
        assert np.array_equal(np.maximum.accumulate(flagged, axis=1), flagged)
    assert (limit >= collapsed).all()
    spread, mean = dataset["std"].values[:, 1:], np.abs(dataset["mean"].values[:, 1:])
    assert (limit[:, 1:] >= (spread < 4 * np.spacing(mean))).all()
    assert not limit[:, 1:][np.minimum.accumulate(spread / np.spacing(mean), axis=1) > 16].any()


def test_em_that_is_cut_short_is_flagged():
    learner = {"family": "mixture", "max_iterations": 1}
    dataset = mc.run(recipe(learner=learner))
    assert flags(dataset, Status.NOT_CONVERGED)[:, 1:].all()
    assert (dataset["iterations"].values[:, 1:] == 1).all()


def test_errors_of_scikit_learn_keep_the_last_model():
    """Fewer items than components among them: it raises, the replicate goes on."""
    learner = {"family": "mixture", "components": 2, "solver": "scikit-learn"}
    experiment = recipe(learner=learner, n_samples=4, generations=5)
    first = mc.run(experiment)
    assert not flags(first, Status.SOLVER_FAILED).any()
    engine = ENGINES["exact"](experiment.learner)
    each = generators(0, experiment.key(), range(3))
    steps = recursion.generations(engine, experiment.workflow, experiment.source, 4, experiment.start, each)
    state, _ = next(steps)
    one = recursion.step(engine, experiment.workflow, experiment.source, 1, None, state, each)
    assert (one[1].status & int(Status.SOLVER_FAILED)).all()
    assert all(np.array_equal(a, b) for a, b in zip(one[0].params, state.params, strict=True))


def test_a_fit_that_fails_stops_no_other_replicate(monkeypatch):
    """NaN appears anyway: the replicate keeps its last model and stays flagged; the others do not notice."""
    experiment = recipe(learner=GAUSSIAN)
    good, fit, count = mc.run(experiment, threads=1), Gaussian.fit, [0]

    def broken(self, x, *rest):
        count[0] += 1
        if count[0] == 5:
            x = x.copy()
            x[2, 3] = np.nan
        return fit(self, x, *rest)

    monkeypatch.setattr(Gaussian, "fit", broken)
    found = mc.run(experiment, threads=1, chunk=100)
    others = [0, 1, 3, 4, 5, 6]
    for name in found.data_vars:
        there, here = good[name].values[others], found[name].values[others]
        assert there.tobytes() == here.tobytes()
    flagged = flags(found, Status.NONFINITE)
    assert not flagged[2, :5].any()
    assert flagged[2, 5:].all()  # it stays, since what follows depends on it
    assert found["mean"].values[2, 5] == found["mean"].values[2, 4] == good["mean"].values[2, 4]
    assert np.isfinite(found["std"].values[:, 1:]).all()


def test_runs_leave_the_global_generator_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    for name in ("default", "k-means", "scikit-learn"):
        mc.run(recipe(name), threads=1)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
