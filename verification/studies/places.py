"""Bad places: full, read-only, gone, in use, newer; and calls to the system that fail, each in turn."""

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import modelcollapse as mc
from modelcollapse.errors import LabError
from modelcollapse.studies.archive import ROOT, SCHEMA
from modelcollapse.studies.folder import open_study
from modelcollapse.studies.lock import NAME as LOCK
from modelcollapse.studies.reading import read
from verification.studies.damage import checked
from verification.studies.shim import BLOCK, MOST_CALLS, Shim
from verification.studies.tools import (
    PATIENCE,
    THREE,
    WORKING,
    Broken,
    Run,
    Sweep,
    committed,
    demand,
    files,
    finished,
    marks,
    nothing_wrong,
    opened,
    same_files,
    sweep_here,
    unchanged,
)

TWO = ("--workers", "2")
TEXT = WORKING.replace("replicates = 60", "replicates = 12")
SMALL_DISK, LEFT = 2**24, 40 * 2**12
"""Bytes; of these, what another file leaves free."""


def places(run: Run) -> str:
    """Each bad place: exit 4, what was committed is whole, and the same command goes on afterwards."""
    whole = run.folder / "whole" / "s.zarr"
    whole.parent.mkdir()
    finished(TEXT, whole, *TWO)
    expected, said = files(whole), []
    for place in (full, read_only, gone, in_use, newer):
        folder = run.folder / place.__name__
        folder.mkdir()
        said.append(place(folder, expected))
    said.append(failing_calls(run))
    return "; ".join(said)


def refused(text: str, path: Path, what: str, says: str = "") -> str:
    """Sweep, and see it end with 4 and a sentence."""
    with Sweep(text, path, *TWO) as process:
        code, said = process.code(), process.said()
    demand(code == 4, f"{what}: exit {code}, not 4: {said}")
    demand("Traceback" not in said and says in said, f"{what}: {said}")
    return said


def goes_on(path: Path, expected: dict[str, bytes], what: str) -> None:
    """The same command ends well, writes nothing again, and the bytes are right."""
    archive = open_study(path)
    nothing_wrong(archive, None, what)
    before = marks(archive)
    finished(TEXT, path, *TWO)
    unchanged(before, marks(archive), what)
    same_files(path, expected, what)


@contextmanager
def mounted(folder: Path, *how: str) -> Iterator[bool]:
    """Mount something on a folder; False where this process may not."""
    try:
        done = (
            subprocess.run(["mount", *how, str(folder)], capture_output=True, timeout=PATIENCE).returncode
            == 0
        )
    except OSError:
        done = False
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "-l", str(folder)], check=True, timeout=PATIENCE)


def full(folder: Path, expected: dict[str, bytes]) -> str:
    """A small disk that another file fills up meanwhile, but for some pages; later that file is gone."""
    with mounted(folder, "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs") as done:
        if not done:
            return "full: skipped, for nothing can be mounted here"
        path, filler = folder / "a" / "s.zarr", folder / "filler"
        path.parent.mkdir()
        found = list[tuple[int, int, str]]()

        def fill(process: Sweep) -> None:
            before = _fill(filler, path)
            found.append((before, process.code(), process.said()))

        some_units(path, fill)
        before, code, said = found[0]
        demand(code == 4 and "Traceback" not in said, f"a disk that becomes full: exit {code}: {said}")
        demand("No space left" in said and "bytes)" in said, f"a disk that becomes full: {said}")
        archive = open_study(path)
        count = nothing_wrong(archive, None, "a full disk")
        demand(before <= count < archive.size, f"{count} units, {before} before the disk was full")
        said = refused(TEXT, path, "a disk that is still full", " bytes are needed and ")
        demand(len(committed(archive)) == count, f"a disk that is still full: units came or went: {said}")
        filler.unlink()
        goes_on(path, expected, "a disk that was full")
    return f"full: 4 after {count} of {archive.size} units, and 4 again while it is full"


def _fill(filler: Path, path: Path) -> int:
    """Let a file take what is free on a disk, but for some pages; how many units were there by then."""
    with filler.open("wb") as file:
        for _ in range(100):  # what is free changes meanwhile
            before = len(committed(open_study(path)))
            free = shutil.disk_usage(filler.parent).free - LEFT
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, free)
                return before
    raise Broken("the disk could not be filled")


def _mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", options, str(folder)], check=True, timeout=PATIENCE)


def some_units(path: Path, act: Callable[[Sweep], None]) -> None:
    """Begin a sweep, and do something once some units are there."""
    with Sweep(TEXT, path, *TWO) as process:
        until = time.monotonic() + PATIENCE
        while (archive := opened(path)) is None or len(committed(archive)) < 3:
            demand(time.monotonic() < until and process.process.poll() is None, process.said())
            time.sleep(0.01)
        act(process)


def read_only(folder: Path, expected: dict[str, bytes]) -> str:
    """A folder that nobody may write, as it is after a disk's errors; with a study, and without."""
    path, below = folder / "below" / "s.zarr", folder / "below"
    below.mkdir()
    some_units(path, lambda process: process.kill())
    with mounted(below, "--bind", str(below)) as done:
        if not done:
            return "read-only: skipped, for nothing can be mounted here"
        _mount(below, "remount,ro,bind")
        before = files(path)
        refused(TEXT, path, "a read-only folder", "Read-only")
        refused(TEXT, below / "new.zarr", "a new study in a read-only folder", "Read-only")
        demand(checked(path) == 5, "check does not work in a read-only folder")
        mc.load(path)
        demand(files(path) == before, "a read-only folder has changed")
    goes_on(path, expected, "a folder that was read-only")
    return "read-only: 4; check and load work there"


def gone(folder: Path, expected: dict[str, bytes]) -> str:
    """A folder that is moved away, and one that is removed, while units are under way."""
    path, away = folder / "a" / "s.zarr", folder / "away.zarr"
    path.parent.mkdir()

    def moves(process: Sweep) -> None:
        path.rename(away)
        code = process.code()
        demand(code == 4, f"a folder that is gone: exit {code}: {process.said()}")
        demand("Traceback" not in process.said(), process.said())

    def removes(process: Sweep) -> None:
        until = time.monotonic() + PATIENCE
        while path.exists():
            demand(time.monotonic() < until, "it cannot be removed")
            shutil.rmtree(path, ignore_errors=True)
        code = process.code()
        demand(code == 4, f"a folder that is removed: exit {code}: {process.said()}")

    some_units(path, moves)
    demand(not path.exists(), "it has been made again")
    away.rename(path)
    goes_on(path, expected, "a folder that was gone")
    other = folder / "b" / "s.zarr"
    other.parent.mkdir()
    path = other
    some_units(path, removes)
    return "gone: 4, moved or removed"


def in_use(folder: Path, expected: dict[str, bytes]) -> str:
    """A second sweep on the same folder, and one by another that did not end."""
    path = folder / "s.zarr"

    def second(process: Sweep) -> None:
        holder = f"process {process.process.pid} on"
        refused(TEXT, path, "a second writer", holder)
        demand(process.code() == 0, f"the first of two writers ends with {process.code()}: {process.said()}")

    some_units(path, second)
    same_files(path, expected, "two writers")
    (path / LOCK).write_text('{"host": "elsewhere", "pid": 1, "begun": "1", "boot": "1"}')
    refused(TEXT, path, "a writer on another computer", "elsewhere")
    (path / LOCK).unlink()
    goes_on(path, expected, "after two writers")
    return "in use: 4, the first ends well"


def newer(folder: Path, expected: dict[str, bytes]) -> str:
    """A study of a newer version."""
    path = folder / "s.zarr"
    some_units(path, lambda process: process.kill())
    content = (path / ROOT).read_bytes()
    later = content.replace(f'"schema": {SCHEMA}'.encode(), f'"schema": {SCHEMA + 1}'.encode())
    demand(later != content, "its schema is not found")
    (path / ROOT).write_bytes(later)
    before = files(path)
    refused(TEXT, path, "a newer version", "written by version")
    with suppress(LabError):
        code = checked(path)
        demand(code == 4, f"check of a newer version: {code}")
    try:
        mc.load(path)
    except LabError as error:
        demand(
            error.exit_code == 4 and "written by version" in str(error), f"load of a newer version: {error}"
        )
    else:
        raise Broken("a newer version is read")
    demand(files(path) == before, "a newer version's folder has changed")
    (path / ROOT).write_bytes(content)
    goes_on(path, expected, "a newer version that went away")
    return "newer: 4, untouched"


def failing_calls(run: Run) -> str:
    """A study of three units in this process; each call to the system fails, once, in turn.

    It may end well all the same, where nothing depends on the call; else with 4.
    """
    folder = run.memory / "failing"
    (folder / "final").mkdir(parents=True)
    sweep_here(THREE, folder / "final" / "s.zarr", block=BLOCK)
    final, expected = read(open_study(folder / "final" / "s.zarr")), files(folder / "final" / "s.zarr")
    failed = 0
    for n in range(1, MOST_CALLS, run.times(1, 37)):
        (folder / "work").mkdir()
        path, shim = folder / "work" / "s.zarr", Shim(n, _no_space if n % 2 else _broken)
        try:
            with shim.installed():
                sweep_here(THREE, path, block=BLOCK)
        except LabError as error:
            demand(error.exit_code == 4, f"call {n} fails: {type(error).__name__}, {error}")
            failed += 1
        if path.exists():
            nothing_wrong(open_study(path), final, f"call {n} fails")
        sweep_here(THREE, path, block=BLOCK)
        same_files(path, expected, f"call {n} fails, then resumed")
        shutil.rmtree(folder / "work")
        if shim.count < n:
            return f"an error of each of {n - 1} calls: 4 ({failed} times), or all is done in spite of it"
    raise Broken("there is no end to its calls")


def _no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _broken() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))
