"""Studies survive: processes killed anywhere, power cuts, workers that die, units that kill, damage, growth.

The quick part of ``python -m verification.studies``, which does each of these hundreds of times.
"""

import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

import modelcollapse as mc
from modelcollapse.studies import blocks, executors, lock, sweeping, work
from modelcollapse.studies.blocks import OPEN, WHOLE
from modelcollapse.studies.folder import open_study
from modelcollapse.studies.reading import read
from verification.studies.damage import flipped
from verification.studies.killing import worker_processes
from verification.studies.shim import BEFORE, BLOCK, GROWN, REAL, Disk, Shim, cut
from verification.studies.tools import (
    ROOT,
    THREE,
    committed,
    files,
    marks,
    nothing_wrong,
    same_files,
    sweep_here,
    unchanged,
)

LIMIT = 60.0
"""Seconds after which whatever has not ended is a failure."""


class Dead(BaseException):
    """The end of a process, in a test: from then on no call to the system has an effect."""


def die():
    raise Dead


@pytest.fixture(autouse=True)
def _no_syncs(monkeypatch):
    """The disk need not be asked here: what depends on syncs is counted."""
    monkeypatch.setitem(REAL, "fsync", lambda handle: None)
    monkeypatch.setattr(os, "fsync", REAL["fsync"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished study of three units, and its final numbers."""
    path = tmp_path_factory.mktemp("finished") / "s.zarr"
    sweep_here(THREE, path, block=BLOCK)
    return path


def copy(finished, folder):
    folder.mkdir()
    return shutil.copytree(finished, folder / "s.zarr")


def take_away(path, number):
    """A study without one of its units."""
    block = open_study(path).place(number)
    block.record_path().unlink()
    for variable in block.variables:
        block.path(variable).unlink()


def test_a_unit_is_there_or_not_wherever_its_commit_ends(finished, tmp_path):
    """Killed before each second of its calls, or the power cut there: whole or open, never damaged."""
    final, (work_, cut_, stash) = files(finished), (tmp_path / name for name in ("work", "cut", "stash"))
    payload = work.payload(open_study(finished), 1).replace(str(finished), str(work_ / "s.zarr"))
    seen = set()
    for n in range(1, 1000, 2):
        path = copy(finished, work_)
        take_away(path, 1)
        unit = open_study(path).place(1)
        stash.mkdir()
        disk = Disk(stash)
        try:
            with Shim(n, die, disk, stays=True).installed():
                work.do(payload)
            break
        except Dead:
            table, rng = json.loads(disk.to_json()), random.Random(n)
        for keep in (None, (lambda: False) if n % 4 == 1 else lambda rng=rng: rng.random() < 0.5):
            if keep is not None:
                work_.rename(cut_)
                shutil.copytree(cut_, work_)
                cut(table, stash, keep)
            state, why = blocks.state(unit)
            assert state in (OPEN, WHOLE), f"call {n}: {why}"
            assert state == OPEN or not final.items() - files(path).items(), f"call {n}: a file is missing"
            seen.add((state, keep is None))
            if keep is not None:
                shutil.rmtree(work_)
                cut_.rename(work_)
        shutil.rmtree(work_)
        shutil.rmtree(stash)
    assert 40 < n < 200
    assert seen == {(OPEN, True), (OPEN, False), (WHOLE, True), (WHOLE, False)}
    same_files(path, final, "to the end")


def test_growth_ends_anywhere_and_goes_on(tmp_path, monkeypatch):
    """Another value, more replicates, a block that is filled up: some of the points at which it can end."""
    (tmp_path / "base").mkdir()
    (tmp_path / "final").mkdir()
    sweep_here(BEFORE, tmp_path / "base" / "s.zarr", block=BLOCK)
    final = shutil.copytree(tmp_path / "base" / "s.zarr", tmp_path / "final" / "s.zarr")
    sweep_here(GROWN, final)
    monkeypatch.setattr(lock, "_lives", lambda owner: False)  # this process is the one that has ended
    ended = 0
    for n in range(5, 1000, 83):
        path = copy(tmp_path / "base" / "s.zarr", tmp_path / "work")
        try:
            with Shim(n, die, stays=True).installed():
                sweep_here(GROWN, path)
        except Dead:
            ended += 1
        nothing_wrong(open_study(path), read(open_study(final)), f"call {n}")
        assert read(open_study(path))["done"].sum() >= 3
        sweep_here(GROWN, path)
        same_files(path, files(final), f"call {n}")
        shutil.rmtree(path.parent)
    assert ended >= 5


@pytest.mark.parametrize("units", [0, 1, 2])
def test_a_killed_process_loses_no_unit_that_was_committed(finished, tmp_path, units):
    path = tmp_path / "s" / "s.zarr"
    path.parent.mkdir()
    program = (
        f"from verification.studies.tools import *; sweep_here(THREE, Path({str(path)!r}), block={BLOCK})"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        until = time.monotonic() + LIMIT
        while time.monotonic() < until and process.poll() is None:
            if path.exists() and len(committed(open_study(path))) >= units:
                break
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(LIMIT)
    archive = open_study(path)
    assert nothing_wrong(archive, read(open_study(finished)), "killed") >= units
    before = marks(archive)
    sweep_here(THREE, path)
    unchanged(before, marks(archive), "resumed")
    same_files(path, files(finished), "resumed")


def test_a_worker_that_is_killed_is_replaced(finished, tmp_path):
    path = copy(finished, tmp_path / "work")
    take_away(path, 2)
    killed = []

    def kill(_):
        children = [child for child in worker_processes(os.getpid()) if child not in others]
        if children and not killed:
            os.kill(children[0], signal.SIGKILL)
            killed.extend(children)

    others = worker_processes(os.getpid())
    outcome = sweeping.sweep(THREE, path, workers=1, report=kill)
    assert killed
    assert (outcome.done, outcome.failed) == (3, ())
    same_files(path, files(finished), "a worker was killed")


class Poisoned(executors.SpawnPool):
    """A pool whose units end their process."""

    def submit(self, fn, /, *args, **kwargs):
        return super().submit(os._exit, 3)


@pytest.mark.parametrize("address", ["somewhere", "", "tcp://", "gone://somewhere", "tcp://somewhere"])
def test_no_client_is_made_of_an_address_that_is_none(monkeypatch, address):
    """Dask's client of such an address waits for half a minute at the end, and leaves a traceback."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("a client was made"))
    with pytest.raises(mc.RecipeError, match="no scheduler answers there"), executors.dask(address, 1):
        pytest.fail("where?")


def test_a_pool_of_a_billion_processes_has_as_many_as_units():
    pool = executors.SpawnPool(10**9)
    try:
        assert [pool.submit(abs, -i).result(LIMIT) for i in range(3)] == [0, 1, 2]
        assert len(pool._pools) == 1
    finally:
        pool.shutdown()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="what a process hears is known from /proc alone")
def test_a_worker_never_hears_ctrl_c_from_its_first_instruction_on():
    """Ctrl-C is for all processes of a terminal; one that is still importing Python printed a traceback."""
    pool, looked, bit = executors.SpawnPool(1), 0, 1 << (signal.SIGINT - 1)
    try:
        future = pool.submit(os.getpid)
        (worker,) = pool._pools[0]._processes
        until = time.monotonic() + LIMIT
        while not future.done() and time.monotonic() < until:
            status = Path(f"/proc/{worker}/status").read_text()
            lines = dict(line.split(":", 1) for line in status.splitlines())
            assert (int(lines["SigBlk"], 16) | int(lines["SigIgn"], 16)) & bit
            looked += 1
        assert future.result(LIMIT) == worker
    finally:
        pool.kill()
        pool.shutdown()
    assert looked > 0
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_unit_that_ends_three_workers_is_set_aside(finished, tmp_path, monkeypatch):
    path = copy(finished, tmp_path / "work")
    take_away(path, 1)
    monkeypatch.setattr(executors, "SpawnPool", Poisoned)
    outcome = sweeping.sweep(THREE, path, workers=1)
    assert (outcome.done, outcome.stopped) == (2, False)
    assert list(map(str, outcome.failed)) == ["cell real = 0.1, block 0: ended 3 workers"]
    sweep_here(THREE, path)
    same_files(path, files(finished), "the poison is gone")


def test_of_all_units_the_poisoned_one_alone_is_set_aside(finished, tmp_path, monkeypatch):
    """Without processes: an executor that says that its process has died."""

    class Dying(executors.SpawnPool):
        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            if '"index": [1]' in args[0]:
                future.set_exception(executors.BrokenProcessPool("died"))
            else:
                future.set_result(fn(*args, **kwargs))
            return future

    monkeypatch.setattr(executors, "SpawnPool", Dying)
    outcome = sweeping.sweep(THREE, tmp_path / "s.zarr", workers=2, block=BLOCK)
    assert (outcome.done, len(outcome.failed)) == (2, 1)


def test_a_flipped_bit_is_one_block_to_compute_again(finished, tmp_path):
    path, expected = copy(finished, tmp_path / "work"), files(finished)
    archive = open_study(path)
    before = marks(archive)
    victim = archive.place(1)
    file = victim.path(victim.variables[0])
    file.write_bytes(flipped(file.read_bytes(), 100))
    with pytest.raises(mc.StorageError, match=r"damaged: cell \[1\], block 0"):
        mc.load(path)
    outcome = sweep_here(THREE, path)
    assert outcome.notes[0].startswith("1 damaged blocks are computed again")
    same_files(path, expected, "mended")
    again = {p for p, mark in marks(archive).items() if before[p] != mark}
    assert again == {str(victim.record_path()), *(str(victim.path(v)) for v in victim.variables)}


def test_a_second_writer_is_refused_and_the_first_ends_well(finished, tmp_path):
    path, refusals = copy(finished, tmp_path / "work"), []
    take_away(path, 0)

    def second(_):
        with pytest.raises(mc.StorageError, match=f"process {os.getpid()} on .* holds it"):
            sweep_here(THREE, path)
        refusals.append(threading.current_thread())

    outcome = sweep_here(THREE, path, report=second)
    assert refusals
    assert outcome.done == 3
    same_files(path, files(finished), "two writers")


def test_dask_does_not_talk_between_our_sentences(caplog):
    pytest.importorskip("distributed")
    logger = logging.getLogger("distributed.client")
    logger.addHandler(caplog.handler)
    try:
        with executors._quiet():
            logger.error("a scheduler is gone")
        assert caplog.records == []
        logger.error("somebody else's")
        assert caplog.records
    finally:
        logger.removeHandler(caplog.handler)
