"""A sweep from its recipe to its numbers: those of each cell alone, whatever runs them, in any order."""

import errno
import hashlib
import json
import os
import shutil
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import modelcollapse as mc
from modelcollapse.studies import blocks, environment, executors, folder, layout, lock, sweeping, work
from modelcollapse.studies.reading import read
from modelcollapse.studies.study import Study

STUDY = """
n_samples = 40
generations = 12
replicates = 5
save = "log"
[sweep]
n_samples = [40, 60]
"workflow.real" = [0.0, 0.25]
"""


class Here(Executor):
    """Runs a unit at once, in this process."""

    def __init__(self):
        self.done = []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.done.append(args)
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def swept(folder, text=STUDY, **options):
    return sweeping.sweep(text, folder / "s.zarr", **{"executor": Here(), **options})


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_each_cell_is_what_it_is_alone_to_the_bit(tmp_path):
    outcome = swept(tmp_path, block=2)
    assert (outcome.done, outcome.units, outcome.failed) == (12, 12, ())
    study = mc.load(tmp_path / "s.zarr")
    assert study["mean"].dims == ("n_samples", "real", "replicate", "generation", "component")
    for n in (40, 60):
        for real in (0.0, 0.25):
            recipe = {"n_samples": n, "workflow": {"kind": "mix", "real": real}}
            alone = mc.run(mc.Experiment(generations=12, replicates=5, save="log", **recipe))
            cell = study.sel(n_samples=n, real=real)
            assert (cell["generation"] == alone["generation"]).all()
            for name in alone.data_vars:
                np.testing.assert_array_equal(cell[name].values, alone[name].values)
                assert cell[name].dtype == alone[name].dtype


def test_xarray_alone_reads_the_same(tmp_path):
    swept(tmp_path)
    ours, plain = mc.load(tmp_path / "s.zarr"), xr.open_zarr(tmp_path / "s.zarr")
    assert ours["n_samples"].equals(plain["n_samples"])
    assert ours.drop_vars("done").equals(plain[list(ours.drop_vars("done"))].load())
    assert plain["commit"].any("byte").all()
    assert set(xr.open_zarr(tmp_path / "s.zarr", consolidated=False)) == set(plain)


def test_a_finished_sweep_leaves_metadata_blocks_and_records_and_nothing_else(tmp_path):
    swept(tmp_path)
    found = folder.open_study(tmp_path / "s.zarr")
    known = {*found.files(), tmp_path / "s.zarr" / "zarr.json"}
    for number in range(found.size):
        block = found.place(number)
        known |= {block.record_path(), *map(block.path, block.variables)}
    assert {p for p in (tmp_path / "s.zarr").rglob("*") if p.is_file()} == known
    assert list(tmp_path.iterdir()) == [tmp_path / "s.zarr"]


def test_the_same_command_again_computes_nothing(tmp_path):
    swept(tmp_path)
    before, again = files(tmp_path), Here()
    swept(tmp_path, executor=again)
    assert again.done == []
    assert files(tmp_path) == before


def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path):
    stop, some = threading.Event(), Here()

    def report(standing):
        if standing.units_done == 5:
            stop.set()

    outcome = swept(tmp_path, stop=stop, report=report, block=2, workers=1)
    assert outcome.stopped
    assert outcome.done == 5
    part = mc.load(tmp_path / "s.zarr")
    assert part["done"].sum() == 2 + 2 + 1 + 2 + 2
    assert np.isnan(part["total_variance"].values[part["done"].values == 0]).all()
    assert (part["n_real"].values[part["done"].values == 0] == -1).all()
    swept(tmp_path, executor=some)
    assert len(some.done) == 12 - 5
    (tmp_path / "whole").mkdir()
    swept(tmp_path / "whole", block=2)
    assert files(tmp_path / "s.zarr") == files(tmp_path / "whole" / "s.zarr")


def test_more_values_and_replicates_leave_the_others_as_they_are(tmp_path):
    swept(tmp_path, block=2)
    before = mc.load(tmp_path / "s.zarr")
    more = STUDY.replace("[40, 60]", "[20, 40, 60]").replace("replicates = 5", "replicates = 8")
    again = Here()
    outcome = swept(tmp_path, more, executor=again)
    assert "grows from 4 cells of 5 replicates to 6 cells of 8" in outcome.notes[0]
    after = mc.load(tmp_path / "s.zarr")
    assert after["n_samples"].values.tolist() == [40, 60, 20]
    assert len(again.done) == 2 * 4 + 4 * 2
    assert after["done"].all()
    old = after.sel(n_samples=[40, 60], replicate=range(5))
    for name in before.data_vars:
        np.testing.assert_array_equal(old[name].values, before[name].values)
    (tmp_path / "whole").mkdir()
    swept(tmp_path / "whole", more)
    whole = mc.load(tmp_path / "whole" / "s.zarr").sel(n_samples=[40, 60, 20])
    for name in after.data_vars:
        np.testing.assert_array_equal(whole[name].values, after[name].values)


def test_another_spelling_is_the_same_study(tmp_path):
    tables = '[truth]\nfamily = "gaussian"\nmean = 0.0\nstd = 1.0\n[learner]\nfamily = "gaussian"\n'
    text = STUDY.replace("[sweep]", f"{tables}[sweep]")
    swept(tmp_path, text)
    before = files(tmp_path)
    others = (
        text.replace('[learner]\nfamily = "gaussian"', '[learner]\nfamily = "gaussian"\nddof = 0'),
        text.replace("[40, 60]", "[60.0, 4e1]"),
        text.replace("std = 1.0", "std = 1"),
    )
    for other in others:
        again = Here()
        outcome = swept(tmp_path, other, executor=again)
        assert (again.done, outcome.notes) == ([], ())
        assert files(tmp_path) == before
    more = Here()
    outcome = swept(tmp_path, others[0].replace("[40, 60]", "[60.0, 20, 4e1]"), executor=more)
    assert "grows from 4 cells" in outcome.notes[0]
    assert len(more.done) == 2


def test_a_study_is_not_saved_as_a_result(tmp_path):
    swept(tmp_path)
    with pytest.raises(mc.StorageError, match="cannot hold a study"):
        mc.save(mc.load(tmp_path / "s.zarr"), tmp_path / "copy.zarr")
    assert not (tmp_path / "copy.zarr").exists()


def test_an_executor_that_fails_is_no_fault_of_the_disk(tmp_path):
    class Failing(Here):
        def submit(self, *about, **more):
            raise BlockingIOError(11, "Resource temporarily unavailable")

    with pytest.raises(mc.WorkerError, match="takes no more work"):
        swept(tmp_path, executor=Failing())


def test_workers_that_all_end_at_once_end_the_sweep(tmp_path):
    class Dying(Here):
        def submit(self, *about, **more):
            self.done.append(about)
            future = Future()
            future.set_exception(BrokenExecutor("no such module"))
            return future

    dying = Dying()
    with pytest.raises(mc.WorkerError, match="ended before one had done a unit"):
        swept(tmp_path, executor=dying, block=1)
    assert len(dying.done) < 60


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (STUDY.replace("n_samples = 40", "n_samples = 40\nseed = 1"), "seed"),
        (STUDY.replace("generations = 12", "generations = 13"), "generations"),
        (STUDY.replace("[40, 60]", "[40, 50]"), "sweep.n_samples"),
        (STUDY.replace("[40, 60]", "[40]"), "sweep.n_samples"),
        (STUDY.replace("[40, 60]", "[60]").replace("0.25]", "0.25, 0.5]"), "sweep.n_samples"),
        (STUDY.replace('"workflow.real"', '"workflow.kept"'), "workflow|sweep|real"),
        (STUDY.replace("replicates = 5", "replicates = 4"), "replicates"),
        (STUDY.replace('save = "log"', 'save = "all"'), "save"),
    ],
)
def test_another_study_is_refused_with_the_difference(tmp_path, text, field):
    swept(tmp_path)
    before = files(tmp_path)
    with pytest.raises(mc.StorageError, match=f"(?s)holds another study.*({field})") as error:
        swept(tmp_path, text)
    assert error.value.ending == "nothing was changed"
    assert files(tmp_path) == before


def test_what_a_study_would_add_is_no_reason_to_refuse_it(tmp_path):
    swept(tmp_path)
    text = STUDY.replace("[40, 60]", "[60]").replace("0.25]", "0.25, 0.5]").replace("tes = 5", "tes = 6")
    with pytest.raises(mc.StorageError) as error:
        swept(tmp_path, text)
    _, problem = error.value.problems
    assert (problem.field, problem.value) == ("sweep.n_samples", ["n_samples = 60"])
    assert problem.allowed == 'the study there has ["n_samples = 40", "n_samples = 60"]'


@pytest.mark.parametrize("name", ["s.zarr", "s" * 250])
def test_what_a_killed_beginning_left_beside_the_folder_is_removed(tmp_path, name):
    """A process that is killed while it makes a study's folder leaves one with another name."""
    study = mc.Study.from_toml(STUDY)

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder.disk, "move", kill)
        patch.setattr(folder.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            folder.create(tmp_path / name, study, 5)
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / ".another.part").mkdir()
    sweeping.sweep(study, tmp_path / name, executor=Here())
    assert sorted(p.name for p in tmp_path.iterdir()) == [".another.part", name]


def test_an_interrupted_growth_is_no_damage_and_can_be_taken_back(tmp_path, monkeypatch):
    swept(tmp_path)
    before, put = files(tmp_path), folder.disk.put

    def killed_before_the_root(path, content):
        if path == tmp_path / "s.zarr" / "zarr.json":
            raise KeyboardInterrupt
        put(path, content)

    monkeypatch.setattr(folder.disk, "put", killed_before_the_root)
    more = mc.Study.from_toml(
        STUDY.replace("replicates = 5", "replicates = 1030")
    )  # another file of replicates
    with pytest.raises(KeyboardInterrupt):
        folder.grow(folder.open_study(tmp_path / "s.zarr"), more)
    monkeypatch.undo()
    left = files(tmp_path)
    assert {"s.zarr/.next.json", "s.zarr/replicate/c.1"} <= left.keys() - before.keys()
    found, scan, wrong = sweeping.check(tmp_path / "s.zarr")
    assert (found.study.replicates, scan.count(blocks.WHOLE), wrong) == (5, 4, [])
    assert mc.load(tmp_path / "s.zarr").sizes["replicate"] == 5
    (tmp_path / "s.zarr" / "real" / "c.0").write_bytes(b"damaged")
    assert sweeping.check(tmp_path / "s.zarr")[2] == ["real/c.0 is damaged"]
    swept(tmp_path)
    assert files(tmp_path) == before


def test_processes_have_ended_before_the_lock_is_given_back(tmp_path, monkeypatch):
    held = []

    class Pool(executors.SpawnPool):
        def submit(self, fn, /, *args, **kwargs):
            return Here().submit(fn, *args, **kwargs)

        def shutdown(self, wait=True, *, cancel_futures=False):
            held.append(lock.holder(tmp_path / "s.zarr") is not None)

    monkeypatch.setattr(executors, "SpawnPool", Pool)
    swept(tmp_path, executor=None, workers=1)
    assert held[0]


def test_a_damaged_block_is_said_and_computed_again(tmp_path):
    swept(tmp_path, block=2)
    before = files(tmp_path)
    victim = sorted((tmp_path / "s.zarr" / "std").glob("c.*"))[3]
    victim.write_bytes(victim.read_bytes()[:-9])
    _, scan, wrong = sweeping.check(tmp_path / "s.zarr")
    assert (scan.count(blocks.DAMAGED), wrong) == (1, [])
    with pytest.raises(mc.StorageError, match="is damaged: cell"):
        mc.load(tmp_path / "s.zarr")
    again = Here()
    outcome = swept(tmp_path, executor=again)
    assert len(again.done) == 1
    assert outcome.notes[0].startswith("1 damaged blocks are computed again: cell [0, 1], block 0")
    assert files(tmp_path) == before


def test_whole_blocks_in_each_others_places_are_damaged(tmp_path):
    """Numbers and record together, of the same cell: each hash is right, the replicates are others'."""
    swept(tmp_path, block=2)
    before, store = files(tmp_path), tmp_path / "s.zarr"
    for one in store.glob("*/c.0.0.0*"):
        other = one.with_name(one.name.replace("c.0.0.0", "c.0.0.1", 1))
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
    assert sweeping.check(store)[1].count(blocks.DAMAGED) == 2
    with pytest.raises(mc.StorageError, match="of another block"):
        mc.load(store)
    assert "2 damaged blocks" in swept(tmp_path, block=2).notes[0]
    assert files(tmp_path) == before


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.ESTALE])
@pytest.mark.parametrize("name", ["mean", "commit"])
def test_what_cannot_be_read_just_now_is_not_taken_for_damage(tmp_path, monkeypatch, name, number):
    """Days of work must not be thrown away for too many open files, or a file server that is away."""
    swept(tmp_path)
    before, read_bytes = files(tmp_path), Path.read_bytes

    def refuse(path):
        if path.parent.name == name and path.name == "c.0.0.0.0" + ".0" * (name == "mean"):
            raise OSError(number, os.strerror(number), str(path))
        return read_bytes(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        for act in (lambda: swept(tmp_path), lambda: sweeping.check(tmp_path / "s.zarr")):
            with pytest.raises(mc.StorageError, match=f"{os.strerror(number)}.*{name}/c"):
                act()
        with pytest.raises(mc.StorageError, match=os.strerror(number)):
            mc.load(tmp_path / "s.zarr")
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["mean/c.0.0.0.0.0", "commit/c.0.0.0.0", ".next.json", "lock.json"])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path, name):
    swept(tmp_path)
    place = tmp_path / "s.zarr" / name
    place.unlink(missing_ok=True)
    place.mkdir()
    with pytest.raises(mc.StorageError, match=f"[Dd]irectory.*{name}"):
        swept(tmp_path)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    swept(tmp_path)
    shutil.rmtree(tmp_path / "s.zarr" / "mean")
    (tmp_path / "s.zarr" / "mean").touch()
    assert "mean/zarr.json is missing" in sweeping.check(tmp_path / "s.zarr")[2]
    with pytest.raises(mc.StorageError, match=r"File exists.*mean"):
        sweeping.check(tmp_path / "s.zarr", repair=True)
    assert not (tmp_path / "s.zarr" / lock.NAME).exists()


def test_damaged_metadata_are_refused_and_repaired(tmp_path):
    swept(tmp_path)
    before = files(tmp_path)
    for name in ("std/zarr.json", "real/c.0", "real/zarr.json"):
        path = tmp_path / "s.zarr" / name
        path.write_bytes(path.read_bytes().replace(b"e", b"f", 1)[:-1])
        with pytest.raises(mc.StorageError, match=rf"{name} is damaged.*--repair"):
            swept(tmp_path)
        assert sweeping.check(tmp_path / "s.zarr")[2] == [f"{name} is damaged"]
        assert sweeping.check(tmp_path / "s.zarr", repair=True)[2] == []
        assert files(tmp_path) == before


def test_the_root_is_known_by_its_hash(tmp_path):
    swept(tmp_path)
    root = tmp_path / "s.zarr" / "zarr.json"
    content = root.read_bytes()
    for wrong in (content.replace(b'"block": 5', b'"block": 4'), content + b" ", content[:-30], b"{}"):
        root.write_bytes(wrong)
        with pytest.raises(mc.StorageError, match=r"damaged|is no study"):
            folder.open_study(root.parent)
        with pytest.raises(mc.StorageError):
            swept(tmp_path)
    root.write_bytes(content.replace(b'"schema": 1', b'"schema": 2'))
    (root.parent / lock.NAME).write_text("of a form that we do not know")
    before = files(tmp_path)
    with pytest.raises(mc.StorageError, match="written by version"):
        swept(tmp_path)
    assert files(tmp_path) == before


def forged(root, **changes):
    """Other attributes, with the hash that they need."""
    document = json.loads(root.read_bytes())
    document["attributes"] |= changes
    document["attributes"].pop("digest")
    document["attributes"]["digest"] = hashlib.sha256(layout.as_json(document)).hexdigest()
    root.write_bytes(layout.as_json(document))


@pytest.mark.parametrize("block", [0, -1, 1.5, True, "2", None, [1], 10**18, 6])
def test_a_block_of_no_size_is_damage_whatever_hash_it_has(tmp_path, block):
    swept(tmp_path)
    forged(tmp_path / "s.zarr" / "zarr.json", block=block)
    with pytest.raises(mc.StorageError, match="replicates in a block"):
        mc.load(tmp_path / "s.zarr")


@pytest.mark.parametrize("schema", [0, -1, True, 1.0, "1", None])
def test_a_schema_that_never_was_is_no_study(tmp_path, schema):
    swept(tmp_path)
    forged(tmp_path / "s.zarr" / "zarr.json", schema=schema)
    with pytest.raises(mc.StorageError, match="is no study"):
        mc.load(tmp_path / "s.zarr")


@pytest.mark.parametrize("value", [b"NaN", b"1e999", b"[" * 900 + b"]" * 900])
def test_what_json_reads_and_never_writes_is_damage(tmp_path, value):
    swept(tmp_path)
    root = tmp_path / "s.zarr" / "zarr.json"
    root.write_bytes(root.read_bytes().replace(b'"seed": "0"', b'"seed": ' + value))
    with pytest.raises(mc.StorageError, match=r"is damaged: its zarr\.json"):
        folder.open_study(root.parent)


@pytest.mark.parametrize(
    "name", ["../../outside", "/tmp/outside", "a/b", "", "mean", "replicate", "N_samples"]
)
@pytest.mark.parametrize("which", ["axis", "coordinate"])
def test_a_folder_from_elsewhere_writes_nowhere_but_in_itself(tmp_path, name, which):
    """Names of axes are names of folders: a store that somebody made up must not repair files of ours."""
    swept(tmp_path)
    store = tmp_path / "s.zarr"
    recipe = json.loads(json.loads((store / "zarr.json").read_bytes())["attributes"]["recipe"])
    axis = recipe["sweep"][1]
    axis.update({"name": name} if which == "axis" else {"coordinates": [[name, [0.0, 0.25]]]})
    forged(store / "zarr.json", recipe=json.dumps(recipe, sort_keys=True))
    before = files(tmp_path)
    for act in (mc.load, lambda path: sweeping.check(path, repair=True), lambda _: swept(tmp_path)):
        with pytest.raises(mc.StorageError, match="its recipe cannot be read"):
            act(store)
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
def test_a_name_that_no_folder_can_have_is_refused(name):
    for act in (mc.load, sweeping.check, lambda path: sweeping.sweep(STUDY, path, executor=Here())):
        with pytest.raises(mc.StorageError, match="cannot be"):
            act(name)


def test_a_name_that_is_no_text_is_a_name(tmp_path):
    """File systems know bytes; those that are no UTF-8 come as lone surrogates."""
    place = tmp_path / os.fsdecode(b"\xff.zarr")
    with pytest.raises(mc.DataError, match="no such"):
        mc.load(place)
    swept(place.parent)
    (tmp_path / "s.zarr").rename(place)
    assert (mc.load(place)["done"] == 1).all()


def test_other_versions_need_a_word(tmp_path, monkeypatch):
    swept(tmp_path, block=2)
    (tmp_path / "s.zarr" / "commit" / "c.0.0.0.0").unlink()
    ours = environment.versions()
    monkeypatch.setattr(environment, "versions", lambda: {**ours, "numpy_version": "9.9"})
    with pytest.raises(mc.StorageError, match=r"begun with numpy .*, not 9\.9.*--accept-environment"):
        swept(tmp_path)
    outcome = swept(tmp_path, accept_environment=True)
    assert "goes on with other versions" in outcome.notes[0]
    named = json.loads(mc.load(tmp_path / "s.zarr").attrs["environments"])
    assert [one["numpy_version"] for one in named.values()] == [ours["numpy_version"], "9.9"]
    made = {
        (tmp_path / "s.zarr" / "commit" / f"c.{i}.0.{block}.0").read_bytes()[32:40].hex()
        for i, block in ((0, 0), (0, 1))
    }
    assert made == set(named), "each record has the hash of one of them"
    monkeypatch.setattr(environment, "versions", lambda: {**ours, "streams_version": 0})
    with pytest.raises(mc.StorageError, match="draws other numbers"):
        swept(tmp_path, accept_environment=True)


def test_what_is_missing_must_have_room(tmp_path, monkeypatch):
    needed = Study.from_toml(STUDY).estimate().disk
    swept(tmp_path, block=5)
    record = tmp_path / "s.zarr" / "commit" / "c.0.0.0.0"
    record.unlink()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=int(0.2 * needed)))
    for text in (STUDY, STUDY.replace("[40, 60]", "[40, 60, 80]")):  # one that has grown by then, too
        with pytest.raises(mc.StorageError, match=r"bytes are needed and \d+ are free") as error:
            swept(tmp_path, text)
        assert "is kept" in error.value.ending
    assert not record.exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=int(0.8 * needed)))
    outcome = swept(tmp_path, STUDY.replace("[40, 60]", "[40, 60, 80]"))
    assert outcome.done == 6, "three of six units are missing: three quarters of the first study's room"


def test_environments_that_nobody_wrote_are_refused(tmp_path):
    swept(tmp_path)
    archive = folder.open_study(tmp_path / "s.zarr")
    ours = environment.versions()
    for wrong in ({**ours, "more": "1"}, {"numpy_version": "1"}):
        document = layout.as_json(replace(archive, environments=(ours, wrong)).document())
        (tmp_path / "s.zarr" / "zarr.json").write_bytes(document)
        with pytest.raises(mc.StorageError, match="with which versions it was run"):
            mc.load(tmp_path / "s.zarr")


def test_a_worker_of_another_version_is_refused(tmp_path, monkeypatch):
    real = work.payload
    monkeypatch.setattr(
        work, "payload", lambda *about: real(*about).replace(environment.versions()["numpy_version"], "9.9")
    )
    with pytest.raises(mc.WorkerError, match="a worker has"):
        swept(tmp_path)


def test_a_unit_that_raises_is_set_aside_and_the_rest_completes(tmp_path, monkeypatch):
    real = work.do

    def sometimes(text):
        if '"index": [1, 0], "block": 0' in text:
            raise ArithmeticError("no such number")
        return real(text)

    monkeypatch.setattr(work, "do", sometimes)
    outcome = swept(tmp_path)
    assert outcome.done == 3
    assert (
        str(outcome.failed[0]) == "cell n_samples = 60, real = 0.0, block 0: ArithmeticError: no such number"
    )
    monkeypatch.setattr(work, "do", real)
    assert swept(tmp_path).failed == ()


def test_a_truth_in_a_file_travels_with_the_study(tmp_path):
    path = tmp_path / "items.csv"
    np.savetxt(path, np.random.default_rng(0).normal(size=200), header="x", comments="")
    text = STUDY.replace("[sweep]", f'[truth]\nfamily = "data"\npath = "{path}"\n[sweep]')
    swept(tmp_path, text)
    path.unlink()
    study = mc.load(tmp_path / "s.zarr")
    assert study["truth_value"].shape == (200,)
    path.write_text("x\n1\n2\n3\n4\n")
    with pytest.raises(mc.StorageError, match="truth"):
        swept(tmp_path, text)


def test_cells_of_different_size_lie_side_by_side(tmp_path):
    text = STUDY.replace('"workflow.real" = [0.0, 0.25]', '"learner.components" = [1, 3]')
    swept(tmp_path, text)
    study = mc.load(tmp_path / "s.zarr")
    assert study["weight"].sizes["component"] == 3
    assert np.isnan(study["weight"].values[:, 0, :, 1:, 1:]).all()
    assert (study["weight"].values[:, 0, :, 1:, 0] == 1.0).all()
    assert np.isfinite(study["weight"].values[:, 1, :, 1:]).all()


def test_a_pool_that_grows_and_threads_give_the_same(tmp_path):
    swept(tmp_path)
    (tmp_path / "threads").mkdir()
    with ThreadPoolExecutor(3) as pool:
        swept(tmp_path / "threads", executor=pool)
    assert files(tmp_path / "s.zarr") == files(tmp_path / "threads" / "s.zarr")


def test_reading_leaves_a_running_sweep_alone(tmp_path):
    looks = []

    def report(standing):
        dataset = read(folder.open_study(tmp_path / "s.zarr"))
        looks.append((standing.units_done, int(dataset["done"].sum())))

    swept(tmp_path, report=report, block=5, workers=1)
    assert looks == [(n, 5 * n) for n in range(1, 5)]


@pytest.mark.parametrize("name", ["workers", "block"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_numbers_of_workers_and_replicates_are_whole(tmp_path, name, value):
    with pytest.raises(mc.RecipeError, match=rf"{name} = .*integer >= 1"):
        swept(tmp_path, **{name: value})
    assert list(tmp_path.iterdir()) == []
