"""Results: the schema to the letter, whole files or none, damage that is seen, places that are refused."""

import json
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import modelcollapse as mc
from modelcollapse import results, store
from modelcollapse.errors import DataError, StorageError
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import metrics_of
from modelcollapse.results import experiment_of, measure
from modelcollapse.store import check_target, differences, digest, load, save
from modelcollapse.types import Status

SMALL = {"n_samples": 60, "generations": 6, "replicates": 3}
GAUSSIAN_TRUTH = {"family": "gaussian", "mean": 1.0, "std": 2.0}
GAUSSIAN = {"learner": {"family": "gaussian"}}
THREE = {"family": "mixture", "weights": [0.2, 0.5, 0.3], "means": [5.0, -4.0, 0.0], "stds": [1.0, 2.0, 0.5]}
VALUES = np.array([1.0, 2.5, -3.0, 8.0, 2.5, 0.25])


def run(**values):
    return mc.run(Experiment(**{**SMALL, **values}), threads=1)


@pytest.fixture(scope="module")
def dataset():
    return run(workflow={"kind": "mix", "real": 0.1, "kept": 0.3})


@pytest.fixture
def data_experiment(tmp_path):
    np.save(tmp_path / "x.npy", VALUES)
    truth = {"family": "data", "path": str(tmp_path / "x.npy")}
    return Experiment(**SMALL, **GAUSSIAN, truth=truth)


@pytest.fixture
def stored(dataset, tmp_path):
    save(dataset, tmp_path / "out.zarr")
    return tmp_path / "out.zarr"


def same_to_the_bit(one, other):
    """The same variables, types, dimensions and bits; attributes but the digest, which saving adds."""
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        ours, theirs = one[name], other[name]
        assert (ours.dims, ours.dtype, ours.shape) == (theirs.dims, theirs.dtype, theirs.shape)
        assert ours.values.tobytes() == theirs.values.tobytes()
        assert set(ours.attrs) == set(theirs.attrs)
        for key in ours.attrs:
            assert np.array_equal(ours.attrs[key], theirs.attrs[key])
    without = [{k: v for k, v in d.attrs.items() if k != "digest"} for d in (one, other)]
    assert without[0] == without[1]


def left_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


# the schema

ALWAYS = {"total_mean", "total_variance", "n_real", "n_synthetic", "n_kept", "iterations", "status"}
EACH = ("replicate", "generation")


def test_dimensions_names_and_types_of_a_mixture(dataset):
    assert set(dataset.data_vars) == {"weight", "mean", "std", *ALWAYS}
    assert dict(dataset.sizes) == {"replicate": 3, "generation": 7, "component": 2}
    for name in dataset.data_vars:
        inner = ("component",) if name in ("weight", "mean", "std") else ()
        assert dataset[name].dims == (*EACH, *inner)
        whole = name in ("n_real", "n_synthetic", "n_kept", "iterations", "status")
        assert dataset[name].dtype.kind == ("i" if whole else "f")
        assert dataset[name].attrs["long_name"]
    assert set(dataset.coords) == set(EACH)
    assert dataset["generation"].values.tolist() == list(range(7))
    assert dataset["replicate"].values.tolist() == [0, 1, 2]


def test_dimensions_and_names_of_a_gaussian():
    dataset = run(**GAUSSIAN)
    assert set(dataset.data_vars) == {"mean", "std", *ALWAYS}
    assert all(dataset[name].dims == EACH for name in dataset.data_vars)
    assert np.array_equal(dataset["mean"], dataset["total_mean"], equal_nan=True) is False
    fitted = dataset.isel(generation=slice(1, None))
    assert np.array_equal(fitted["mean"], fitted["total_mean"])
    assert np.array_equal(fitted["std"] ** 2, fitted["total_variance"])


CATEGORICAL = {
    "truth": {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]},
    "learner": {"family": "categorical"},
}


def test_dimensions_and_names_of_categories():
    dataset = run(**CATEGORICAL)
    assert set(dataset.data_vars) == {"probability", *ALWAYS} - {"total_mean", "total_variance"}
    assert dataset["probability"].dims == (*EACH, "category")
    assert (dataset["probability"].isel(generation=0) == [0.5, 0.3, 0.2]).all()
    assert np.allclose(dataset["probability"].sum("category"), 1.0, rtol=1e-15)


def test_categories_from_a_file_need_it_no_more(tmp_path):
    """Measured, replayed, changed and loaded without the file: its probabilities lie in the result."""
    np.save(tmp_path / "counts.npy", np.array([7, 0, 2, 3]))
    truth = {"family": "categorical", "path": str(tmp_path / "counts.npy")}
    experiment = Experiment(**SMALL | {"n_samples": 500}, truth=truth, learner={"family": "categorical"})
    dataset = mc.run(experiment, threads=1)
    save(dataset, tmp_path / "out.zarr")
    (tmp_path / "counts.npy").unlink()
    again = load(tmp_path / "out.zarr")
    same_to_the_bit(again, dataset)
    assert again["truth_probability"].values.tolist() == [7 / 12, 0.0, 2 / 12, 3 / 12]
    assert experiment_of(again) == experiment
    assert experiment_of(again).key() == experiment.key()
    assert mc.replay(again).identical(dataset)
    part = again.isel(generation=[3], replicate=[1])
    assert np.isfinite(measure(part, "kullback_leibler").values).all()  # of a category not there, too
    assert experiment.changed(seed=3).key() == experiment.key()
    with pytest.raises(DataError, match="no values stored"):
        experiment_of(again.drop_vars("truth_probability"))


def test_the_saved_generations_are_the_coordinate():
    dataset = run(save={"every": 4}, generations=10)
    assert dataset["generation"].values.tolist() == [0, 4, 8, 10]
    full = run(generations=10)
    for name in dataset.data_vars:
        assert np.array_equal(
            dataset[name].values, full[name].sel(generation=[0, 4, 8, 10]).values, equal_nan=True
        )


def test_status_has_flags_with_sentences(dataset):
    attributes = dataset["status"].attrs
    meanings = attributes["flag_meanings"].split()
    assert attributes["flag_masks"].tolist() == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]
    assert meanings == [status.name.lower() for status in Status]
    assert [int(Status[name.upper()]) for name in meanings] == attributes["flag_masks"].tolist()
    assert attributes["flag_masks"].dtype == dataset["status"].dtype
    assert all(status.sentence for status in Status)


def test_attributes(dataset):
    assert set(dataset.attrs) == {
        "recipe", "seed", "schema", "modelcollapse_version", "numpy_version", "numba_version", "notes",
    }  # fmt: skip
    assert json.loads(dataset.attrs["recipe"])["n_samples"] == 60
    assert (dataset.attrs["schema"], dataset.attrs["seed"]) == (1, "0")
    assert dataset.attrs["modelcollapse_version"] == mc.__version__
    assert dataset.attrs["numpy_version"] == np.__version__
    assert run(seed=2**128, generations=1).attrs["seed"] == str(2**128)
    assert "reg_covar" in run(learner={"family": "mixture", "reg_covar": 1e-3}).attrs["notes"]


def test_the_recipe_comes_back():
    for values in ({}, GAUSSIAN, {"seed": 2**128, "save": {"every": 2}}, {"streams": "common"}):
        experiment = Experiment(**{**SMALL, **values})
        assert experiment_of(mc.run(experiment)) == experiment


# generation 0


def bookkeeping_is_zero_at_0(dataset):
    for name in ("n_real", "n_synthetic", "n_kept", "iterations", "status"):
        assert not dataset[name].isel(generation=0).values.any()


def test_generation_0_is_the_truth_in_the_order_of_its_means():
    dataset = run(truth=THREE, learner={"family": "mixture", "components": 3})
    start = dataset.isel(generation=0)
    for r in range(3):
        assert start["weight"].values[r].tolist() == [0.5, 0.3, 0.2]
        assert start["mean"].values[r].tolist() == [-4.0, 0.0, 5.0]
        assert start["std"].values[r].tolist() == [2.0, 0.5, 1.0]
    assert start["total_mean"].values == pytest.approx(-1.0, rel=1e-15)
    assert start["total_variance"].values == pytest.approx(2.275 + 13.0 - 1.0, rel=1e-15)
    bookkeeping_is_zero_at_0(dataset)


@pytest.mark.parametrize(
    ("truth", "learner", "mean", "variance"),
    [
        (THREE, {"family": "mixture"}, -1.0, 14.275),  # another size
        (THREE, {"family": "gaussian"}, -1.0, 14.275),  # another family
        (GAUSSIAN_TRUTH, {"family": "mixture"}, 1.0, 4.0),
        (GAUSSIAN_TRUTH, {"family": "mixture", "components": 1}, 1.0, 4.0),
    ],
)
def test_parameters_at_0_are_nan_where_the_truth_has_none_of_the_learners(truth, learner, mean, variance):
    dataset = run(truth=truth, learner=learner)
    for name in {"weight", "mean", "std"} & set(dataset.data_vars):
        assert np.isnan(dataset[name].values[:, 0]).all()
        assert np.isfinite(dataset[name].values[:, 1:]).all()
    assert dataset["total_mean"].values[:, 0] == pytest.approx(mean, rel=1e-14)
    assert dataset["total_variance"].values[:, 0] == pytest.approx(variance, rel=1e-14)
    bookkeeping_is_zero_at_0(dataset)


def test_generation_0_of_data(data_experiment):
    dataset = mc.run(data_experiment)
    assert np.isnan(dataset["mean"].values[:, 0]).all()
    assert dataset["total_mean"].values[:, 0] == pytest.approx(VALUES.mean(), rel=1e-15)
    assert dataset["total_variance"].values[:, 0] == pytest.approx(VALUES.var(ddof=0), rel=1e-15)
    assert dataset["truth_value"].dims == ("truth_item",)
    assert dataset["truth_value"].values.tolist() == VALUES.tolist()


# what is stored of fits


def test_components_are_in_the_order_of_their_means_the_dead_last():
    dataset = run(
        n_samples=12,
        generations=80,
        replicates=20,
        truth=THREE,
        learner={"family": "mixture", "components": 3},
    )
    fitted = dataset.isel(generation=slice(1, None))
    weight, mean, status = (fitted[name].values for name in ("weight", "mean", "status"))
    dead = weight == 0
    assert dead.any(axis=2).sum() > 50  # it does happen
    assert np.array_equal(dead.any(axis=2), status & int(Status.COMPONENT_DEAD) != 0)
    assert np.array_equal(np.sort(dead, axis=2), dead)
    assert (np.diff(mean, axis=2)[~dead[:, :, 1:]] >= 0).all()
    assert np.isfinite(mean).all()
    assert np.isfinite(fitted["std"].values).all()
    assert weight.sum(axis=2) == pytest.approx(1.0, rel=1e-12)
    for r, k in zip(*np.nonzero(dead[:, -1]), strict=True):  # the dead stay as they were
        first = np.argmax(dead[r].any(axis=1))
        assert (np.diff(dead[r, first:].sum(axis=1)) >= 0).all()
        assert k >= 1


def test_total_moments_are_those_of_the_components(dataset):
    w, m, s = (dataset[name].values for name in ("weight", "mean", "std"))
    mean = (w * m).sum(axis=2)
    assert dataset["total_mean"].values == pytest.approx(mean, rel=1e-12, abs=1e-13)
    variance = (w * (s**2 + (m - mean[:, :, None]) ** 2)).sum(axis=2)
    assert dataset["total_variance"].values == pytest.approx(variance, rel=1e-12)


def test_counts(dataset):
    counts = np.stack([dataset[name].values for name in ("n_real", "n_synthetic", "n_kept")], axis=2)
    assert (counts[:, 0] == 0).all()
    assert (counts[:, 1] == [60, 0, 0]).all()
    assert (counts[:, 2:] == [6, 36, 18]).all()


def test_counts_where_shares_are_not_whole():
    dataset = run(n_samples=25, workflow={"kind": "mix", "real": 0.1})
    assert set(dataset["n_real"].values[:, 2:].ravel().tolist()) == {3}
    each = run(n_samples=25, workflow={"kind": "mix", "real": 0.1, "assignment": "per-sample"})
    drawn = each["n_real"].values[:, 2:]
    assert len(np.unique(drawn)) > 2
    assert ((drawn + each["n_synthetic"].values[:, 2:]) == 25).all()


def test_every_fitted_generation_is_finite(dataset):
    for name in dataset.data_vars:
        assert np.isfinite(dataset[name].values[:, 1:]).all()
    assert (dataset["iterations"].values[:, 1:] >= 1).all()


def test_numbers_depend_on_the_recipe_alone(dataset):
    assert dataset.identical(run(workflow={"kind": "mix", "real": 0.1, "kept": 0.3}))
    assert all(dataset[name].dtype.kind in "if" for name in dataset.variables)


# saved and loaded


@pytest.mark.parametrize(
    "values",
    [
        {},
        GAUSSIAN,
        {"truth": GAUSSIAN_TRUTH},
        {"save": {"every": 4}, "seed": 2**128},
        {"replicates": 1, "generations": 1},
        {"learner": {"family": "mixture", "components": 3}, "truth": THREE},
    ],
)  # fmt: skip
def test_what_is_saved_is_loaded_to_the_bit(tmp_path, values):
    dataset = run(**values)
    before = dataset.copy(deep=True)
    save(dataset, tmp_path / "out.zarr")
    assert dataset.identical(before)  # what is saved is not changed
    loaded = load(tmp_path / "out.zarr")
    same_to_the_bit(loaded, dataset)
    assert experiment_of(loaded) == experiment_of(dataset)
    assert left_in(tmp_path) == ["out.zarr"]
    save(loaded, tmp_path / "again.zarr")
    same_to_the_bit(load(tmp_path / "again.zarr"), dataset)


def test_data_come_back_with_the_result(tmp_path, data_experiment):
    dataset = mc.run(data_experiment)
    save(dataset, str(tmp_path / "out.zarr"))
    (tmp_path / "x.npy").unlink()
    loaded = load(str(tmp_path / "out.zarr"))
    same_to_the_bit(loaded, dataset)
    assert experiment_of(loaded) == data_experiment


def test_saving_again_replaces(tmp_path, dataset):
    path = tmp_path / "out.zarr"
    path.mkdir()  # an empty folder may be taken
    save(run(**GAUSSIAN), path)
    save(dataset, path)
    same_to_the_bit(load(path), dataset)
    assert left_in(tmp_path) == ["out.zarr"]


def test_large_results_are_written_in_chunks_of_replicates(tmp_path, dataset, monkeypatch):
    """Chunks never share a replicate, and hold about 16 MiB."""
    encoding = store._encoding(dataset)
    assert encoding["weight"]["chunks"] == (3, 7, 2)
    long = xr.Dataset({"x": (EACH, np.zeros((5, 2**20)))})
    assert store._encoding(long)["x"]["chunks"] == (2, 2**20)
    longer = xr.Dataset({"x": (EACH, np.zeros((2, 2**22), dtype=np.int8))})
    assert store._encoding(longer)["x"]["chunks"] == (1, 2**22)


def test_overwrite_false_leaves_what_is_there(stored, dataset):
    with pytest.raises(StorageError, match="exists"):
        save(run(**GAUSSIAN), stored, overwrite=False)
    same_to_the_bit(load(stored), dataset)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_no_result_is_left_alone(tmp_path, dataset, kind):
    path = tmp_path / "thesis"
    if kind == "file":
        path.write_text("years of work")
    else:
        path.mkdir()
        (path / "chapter").write_text("years of work")
    with pytest.raises(StorageError, match="left alone"):
        save(dataset, path)
    assert (path if kind == "file" else path / "chapter").read_text() == "years of work"
    assert left_in(tmp_path) == ["thesis"]


# whole or not at all


def fail_at(count, error):
    """A function that works a few times and then fails."""
    calls = [0]

    def wrap(original):
        def function(*args, **kwargs):
            calls[0] += 1
            if calls[0] == count:
                raise error
            return original(*args, **kwargs)

        return function

    return wrap


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize("there", [True, False], ids=["onto a result", "onto nothing"])
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), MemoryError()], ids=type)
@pytest.mark.parametrize("step", ["to_zarr", "first rename", "second rename"])
def test_a_failed_save_leaves_what_was_there(tmp_path, dataset, monkeypatch, step, error, there):
    path, old = tmp_path / "out.zarr", run(**GAUSSIAN)
    if there:
        save(old, path)
    if step == "to_zarr":
        monkeypatch.setattr(xr.Dataset, "to_zarr", fail_at(1, error)(xr.Dataset.to_zarr))
    else:
        count = 2 if there and step == "second rename" else 1
        monkeypatch.setattr(Path, "rename", fail_at(count, error)(Path.rename))
    with pytest.raises(StorageError if error is FULL else type(error)):
        save(dataset, path)
    monkeypatch.undo()
    assert left_in(tmp_path) == (["out.zarr"] if there else [])
    if there:
        same_to_the_bit(load(path), old)


def test_a_save_that_fails_half_way_leaves_no_part(tmp_path, dataset, monkeypatch):
    """The store's own writing fails after some files."""
    path, original = tmp_path / "out.zarr", xr.Dataset.to_zarr

    def half(self, store, **kwargs):
        original(self, store, **kwargs)
        shutil.rmtree(Path(store) / "std")
        raise FULL

    monkeypatch.setattr(xr.Dataset, "to_zarr", half)
    with pytest.raises(StorageError, match="No space left"):
        save(dataset, path)
    assert left_in(tmp_path) == []


# damage


def chunks(path):
    return [file for file in sorted(path.rglob("*")) if file.is_file() and file.name != "zarr.json"]


def test_every_damaged_block_is_seen(stored, dataset):
    """Missing blocks would read as the fill value, flipped bits as other numbers."""
    assert len(chunks(stored)) > len(dataset.variables) - 3  # a block of zeros alone is not written
    for file in chunks(stored):
        whole = file.read_bytes()
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 1
        for damaged in (None, b"", whole[: len(whole) // 2], whole[:-1], bytes(flipped)):
            file.unlink() if damaged is None else file.write_bytes(damaged)
            with pytest.raises(StorageError) as caught:
                load(stored)
            assert caught.value.exit_code == 4
            assert str(stored) in str(caught.value)
        file.write_bytes(whole)
        load(stored)


def test_every_damaged_description_is_seen(stored):
    files = sorted(stored.rglob("zarr.json"))
    assert len(files) > 10
    for file in files:
        whole = file.read_bytes()
        for damaged in (None, b"", whole[: len(whole) // 2], b"[]", whole + b"}"):
            file.unlink() if damaged is None else file.write_bytes(damaged)
            with pytest.raises(StorageError):
                load(stored)
        file.write_bytes(whole)
    load(stored)


def edit_attributes(path, **values):
    file = path / "zarr.json"
    content = json.loads(file.read_text())
    content["attributes"].update(values)
    file.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"schema": 2, "modelcollapse_version": "9.1"}, "written by version 9.1; this is"),
        ({"schema": "one"}, "no result of modelcollapse"),
        ({"schema": None}, "no result of modelcollapse"),
        ({"digest": "0" * 64}, "damaged"),
        ({"recipe": "{}"}, "damaged"),
    ],
)
def test_attributes_of_another_result(stored, values, words):
    edit_attributes(stored, **values)
    with pytest.raises(StorageError, match=words):
        load(stored)


def test_numbers_of_another_result(tmp_path, stored):
    save(run(seed=1, workflow={"kind": "mix", "real": 0.1, "kept": 0.3}), tmp_path / "other.zarr")
    shutil.rmtree(stored / "total_mean")
    shutil.copytree(tmp_path / "other.zarr" / "total_mean", stored / "total_mean")
    with pytest.raises(StorageError, match="damaged"):
        load(stored)


def test_what_is_no_result(tmp_path):
    with pytest.raises(DataError, match="no such result") as caught:
        load(tmp_path / "none.zarr")
    assert caught.value.exit_code == 3
    (tmp_path / "file.zarr").write_text("text")
    (tmp_path / "folder.zarr").mkdir()
    xr.Dataset({"x": ("y", [1.0, 2.0])}).to_zarr(tmp_path / "other.zarr", zarr_format=3, consolidated=False)
    for name in ("file.zarr", "folder.zarr", "other.zarr"):
        with pytest.raises(StorageError, match="no result"):
            load(tmp_path / name)


def test_the_digest_is_of_recipe_and_numbers(dataset):
    first = digest(dataset)
    assert digest(dataset.copy(deep=True)) == first
    assert digest(dataset.assign_attrs(numpy_version="0")) == first  # another version, equal numbers
    assert digest(dataset.assign_attrs(recipe="{}")) != first
    for name in dataset.variables:
        values = dataset[name].values.copy()
        values.reshape(-1).view(np.uint8)[0] ^= 1
        assert digest(dataset.assign({name: (dataset[name].dims, values)})) != first
    assert digest(dataset.rename(mean="average")) != first
    assert digest(dataset.isel(replicate=slice(0, 2))) != first


# places for a result

MIX = {"kind": "mix", "real": 0.1, "kept": 0.3}


def of(**values):
    return Experiment(**{**SMALL, "workflow": MIX, **values})


def test_free_places_are_accepted(tmp_path, stored):
    check_target(tmp_path / "new.zarr", of(), overwrite=False)
    check_target(stored, of(seed=9), overwrite=True)
    check_target(stored, of(), overwrite=False)
    assert left_in(tmp_path) == ["out.zarr"]  # nothing is written by asking


def test_a_result_may_be_replaced_by_one_that_holds_it(stored, dataset):
    for more in ({"generations": 9}, {"replicates": 5}, {"generations": 9, "replicates": 5}):
        check_target(stored, of(**more), overwrite=False)
        longer = mc.run(of(**more)).isel(replicate=slice(0, 3), generation=slice(0, 7))
        for name in dataset.data_vars:
            assert np.array_equal(longer[name].values, dataset[name].values, equal_nan=True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"seed": 1}, "seed"),
        ({"n_samples": 61}, "n_samples"),
        ({"generations": 5}, "generations"),
        ({"replicates": 2}, "replicates"),
        ({"streams": "common"}, "streams"),
        ({"workflow": {**MIX, "kept": 0.2}}, "workflow.kept"),
        ({"learner": {"family": "mixture", "tolerance": 1e-6}}, "learner.tolerance"),
        ({"truth": GAUSSIAN_TRUTH}, "truth.family"),
    ],
)
def test_results_of_other_recipes_are_not_replaced(stored, dataset, values, field):
    with pytest.raises(StorageError) as caught:
        check_target(stored, of(**values), overwrite=False)
    assert field in [problem.field for problem in caught.value.problems]
    assert caught.value.problems[0].field == "--out"
    assert "--overwrite" in caught.value.problems[0].allowed
    same_to_the_bit(load(stored), dataset)


def test_what_is_replaced_comes_out_again(tmp_path):
    """Every saved generation of the old result is one of the new, or the place is refused."""
    path, lost, allowed = tmp_path / "out.zarr", [], 0
    saves = ("all", "log", {"every": 2}, {"every": 3})
    for old in saves:
        before = Experiment(n_samples=2, generations=60, replicates=1, save=old, **GAUSSIAN)
        save(mc.run(before, threads=1), path)
        for new, generations in product(saves, (30, 60, 63, 300)):
            after = before.changed(save=new, generations=generations)
            try:
                check_target(path, after, overwrite=False)
            except StorageError:
                assert before != after
                continue
            allowed += 1
            if not set(before.saved()) <= set(after.saved()):
                lost.append((old, new, generations))
    assert lost == []
    assert allowed >= 4


def test_the_content_of_data_counts_and_not_their_path(tmp_path, data_experiment):
    save(mc.run(data_experiment), tmp_path / "out.zarr")
    np.save(tmp_path / "y.npy", VALUES)
    moved = data_experiment.changed(truth={"family": "data", "path": str(tmp_path / "y.npy")})
    assert differences(load(tmp_path / "out.zarr"), moved) == []
    check_target(tmp_path / "out.zarr", moved, overwrite=False)
    np.save(tmp_path / "y.npy", VALUES + 1.0)
    other = data_experiment.changed(truth={"family": "data", "path": str(tmp_path / "y.npy")})
    with pytest.raises(StorageError) as caught:
        check_target(tmp_path / "out.zarr", other, overwrite=False)
    assert [problem.field for problem in caught.value.problems] == ["--out", "truth.sha256"]


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    refused = {
        tmp_path / "none" / "out.zarr": "folder does not exist",
        tmp_path / "file" / "out.zarr": "folder does not exist",
        tmp_path / "loop.zarr": "cannot be used",
    }
    (tmp_path / "file").write_text("text")
    (tmp_path / "loop.zarr").symlink_to(tmp_path / "loop.zarr")
    for path, words in refused.items():
        with pytest.raises(StorageError, match=words):
            check_target(path, of(), overwrite=False)
    with pytest.raises(StorageError, match="bytes are needed and"):
        check_target(tmp_path / "out.zarr", of(), overwrite=True, needed=2**80)
    monkeypatch.setattr(store.os, "access", lambda *_: False)  # no user can take it from root
    with pytest.raises(StorageError, match="not writable"):
        check_target(tmp_path / "out.zarr", of(), overwrite=True)


def test_places_that_hold_something_else(tmp_path, stored):
    (tmp_path / "file.zarr").write_text("text")
    (tmp_path / "folder.zarr").mkdir()
    (tmp_path / "folder.zarr" / "file").write_text("text")
    chunks(stored)[0].unlink()
    for name in ("file.zarr", "folder.zarr", "out.zarr"):
        with pytest.raises(StorageError):
            check_target(tmp_path / name, of(), overwrite=False)


def test_differences_name_the_fields(dataset):
    found = differences(dataset, of(seed=4, workflow={**MIX, "real": 0.2}))
    assert {problem.field: problem.value for problem in found} == {"seed": 4, "workflow.real": 0.2}
    assert ["0.1" in problem.allowed for problem in found if problem.field == "workflow.real"] == [True]
    assert differences(dataset, of()) == []


# measured


@pytest.mark.parametrize(
    "name", ["total_variance", "component_variance", "components_alive", "tail_mass", "wasserstein2"]
)
def test_metrics_of_a_result(dataset, name, monkeypatch):
    values = measure(dataset, name)
    assert values.dims == EACH
    assert values.shape == (3, 7)
    assert values.name == name
    assert values.attrs["long_name"]
    assert np.isfinite(values.values).all()
    part = measure(dataset.isel(generation=[2, 5], replicate=[1]), name)
    assert np.array_equal(part.values, values.values[[1]][:, [2, 5]])
    turned = measure(dataset.transpose("component", "generation", "replicate"), name)
    assert np.array_equal(turned.values, values.values)
    assert measure(dataset.isel(generation=[0]), name).values.tolist() == values.values[:, :1].tolist()
    monkeypatch.setattr(results, "MODELS_AT_ONCE", 4)
    assert measure(dataset, name).values == pytest.approx(values.values, rel=1e-12)


def measurable(dataset):
    experiment = experiment_of(dataset)
    return metrics_of(experiment.learner, experiment.source)


def test_the_truth_measured_against_itself(dataset):
    at_0 = {name: measure(dataset, name).values[0, 0] for name in measurable(dataset)}
    assert at_0 == {
        "entropy": pytest.approx(2.0516587, abs=1e-6),
        "distance_of_items": pytest.approx(2.5651676, abs=1e-6),
        "stray_mass": pytest.approx(0.01),
        "total_variance": 5.0,
        "component_variance": 1.0,
        "weight_heterozygosity": 0.5,
        "a_tenth_as_wide": 1.0,
        "components_alive": 2.0,
        "squared_error_of_mean": 0.0,
        "tail_mass": 0.02,
        "wasserstein2": 0.0,
        "kullback_leibler": 0.0,
    }


def test_an_unknown_metric_names_those_known(dataset):
    with pytest.raises(ValueError, match="must be one of total_variance, component_variance"):
        measure(dataset, "variance")


def test_metrics_that_do_not_apply_are_refused(data_experiment):
    """A sample has no density, so that no divergence from it is known."""
    dataset = mc.run(data_experiment)
    assert set(measurable(dataset)) >= {"wasserstein2", "tail_mass"}
    with pytest.raises(ValueError, match="must be one of"):
        measure(dataset, "kullback_leibler")


# what a kill between the two renames of a save leaves


@pytest.mark.parametrize("name", ["out.zarr", "o[1].zarr", "a" * 240])
def test_a_result_that_was_moved_aside_comes_back_and_is_not_replaced(tmp_path, dataset, name):
    path = tmp_path / name
    save(dataset, path)
    path.rename(store._beside(path, "999999999", "old"))
    (tmp_path / store._beside(path, "999999999", "new").name).mkdir()
    with pytest.raises(StorageError, match="holds another result"):
        check_target(path, of(seed=1), overwrite=False)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    same_to_the_bit(load(path), dataset)


def test_load_brings_back_what_was_moved_aside(tmp_path, dataset):
    path = tmp_path / "out.zarr"
    save(dataset, path)
    path.rename(store._beside(path, "999999999", "old"))
    same_to_the_bit(load(path), dataset)


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path, dataset):
    path = tmp_path / "out.zarr"
    save(dataset, path)
    (path / "thesis.txt").write_text("mine")
    for write in (lambda: save(dataset, path), lambda: check_target(path, of(seed=1), overwrite=True)):
        with pytest.raises(StorageError, match="left alone"):
            write()
    assert (path / "thesis.txt").read_text() == "mine"


def test_a_link_is_followed(tmp_path, dataset):
    save(dataset, tmp_path / "real.zarr")
    (tmp_path / "link.zarr").symlink_to(tmp_path / "real.zarr")
    other = run(seed=1)
    save(other, tmp_path / "link.zarr")
    assert (tmp_path / "link.zarr").is_symlink()
    same_to_the_bit(load(tmp_path / "real.zarr"), other)


@pytest.mark.parametrize("recipe", ["not json", "[]", "null", "<script>", "[" * 100_000, '{"n_sample": 3}'])
def test_a_recipe_that_is_none_is_damage(tmp_path, dataset, recipe):
    hostile = dataset.assign_attrs(recipe=recipe)
    save(hostile, tmp_path / "out.zarr")
    with pytest.raises(StorageError, match="recipe cannot be read"):
        load(tmp_path / "out.zarr")


def test_variables_that_are_not_the_recipes_are_damage(tmp_path, dataset):
    for name, damaged in enumerate((dataset.drop_vars("status"), dataset.isel(component=[0]))):
        save(damaged, tmp_path / str(name))
        with pytest.raises(StorageError, match="damaged"):
            load(tmp_path / str(name))
    with pytest.raises(StorageError, match="no result of modelcollapse"):
        save(dataset.drop_attrs(), tmp_path / "none")


def test_a_transposed_result_is_saved_in_order(tmp_path, dataset):
    save(dataset.transpose("component", "generation", "replicate"), tmp_path / "out.zarr")
    same_to_the_bit(load(tmp_path / "out.zarr"), dataset)
