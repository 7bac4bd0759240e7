"""What the checks of studies share: small studies, a sweep as a process that ends, what lies in a folder."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse.studies import blocks, sweeping
from modelcollapse.studies.archive import Archive
from modelcollapse.studies.folder import damaged_metadata, open_study
from modelcollapse.studies.reading import read
from modelcollapse.studies.sweeping import Outcome

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0
"""Seconds after which a process that has not ended is a failure."""

THREE = """
n_samples = 30
generations = 4
replicates = 2
save = "log"
[sweep]
"workflow.real" = [0.0, 0.1, 0.2]
"""
"""Three units of a few milliseconds each."""
WORKING = """
n_samples = 2000
generations = 100
replicates = 60
engine = "exact"
save = "log"
[sweep]
n_samples = [1800, 1900, 2000, 2100]
"workflow.real" = [0.0, 0.1, 0.2, 0.3]
"""
"""Sixteen units of about a quarter of a second."""


class Broken(AssertionError):
    """What must hold does not."""


def demand(holds: object, what: str) -> None:
    """Fail loudly where something does not hold."""
    if not holds:
        raise Broken(what)


@dataclass(frozen=True)
class Run:
    """What a check gets: an empty folder on disk, one that may lie in memory, random numbers, how much."""

    folder: Path
    memory: Path
    random: random.Random
    quick: bool = False

    def times(self, many: int, few: int) -> int:
        """How often to do something."""
        return few if self.quick else many


class Here(Executor):
    """Runs a unit at once, in this process."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it, and give what came out of it."""
        future = Future[Any]()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def sweep_here(text: str, out: Path, **options: Any) -> Outcome:
    """Sweep in this process."""
    return sweeping.sweep(text, out, executor=Here(), **{"workers": 1, **options})


class Sweep:
    """``modelcollapse sweep`` as a group of processes of its own, which ends with the block."""

    def __init__(
        self, text: str, out: Path, *options: str, program: tuple[str, ...] = ("-m", "modelcollapse")
    ):
        """Start it."""
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
            file.write(text)
        self._recipe = Path(file.name)
        self._alone = False
        self.began = time.monotonic()
        command = [sys.executable, *program, "sweep", file.name, "--out", str(out), *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, start_new_session=True, stdout=self.log, stderr=self.log
        )

    def __enter__(self) -> "Sweep":
        """Nothing more to do."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, where: TracebackType | None) -> None:
        """End it whatever it is doing."""
        if not self._alone:
            self.kill()
        self._recipe.unlink(missing_ok=True)
        self.log.close()

    def kill(self) -> None:
        """End all processes of the group at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def kill_driver(self) -> None:
        """End the driving process alone; its workers are to end by themselves."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self._alone = True

    def leaves_nobody(self) -> bool:
        """Whether no process of the group is there any more."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end."""
        try:
            self.process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def code(self) -> int:
        """Its exit code, waited for."""
        demand(self.ends_within(PATIENCE), f"a sweep has not ended after {PATIENCE:.0f} s: {self.said()}")
        return self.process.returncode

    def said(self) -> str:
        """All it has said."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")


def finished(text: str, out: Path, *options: str) -> float:
    """Sweep to the end in a process of its own; the seconds it took."""
    with Sweep(text, out, *options) as process:
        demand(process.code() == 0, f"exit {process.process.returncode}: {process.said()}")
        return time.monotonic() - process.began


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder, with what they hold."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def same_files(found: Path, expected: dict[str, bytes], when: str) -> None:
    """A folder holds these files and no others, and lies alone in its own folder."""
    there = files(found)
    odd = sorted(there.keys() ^ expected.keys())
    demand(not odd, f"{when}: files that should not be there, or are not: {odd[:5]}")
    other = [name for name, content in expected.items() if there[name] != content]
    demand(not other, f"{when}: other bytes in {other[:5]}")
    beside = sorted(set(os.listdir(found.parent)) - {found.name})
    demand(not beside, f"{when}: left beside the folder: {beside[:5]}")


def opened(path: Path) -> Archive | None:
    """A study, or None before there is one."""
    return open_study(path) if path.exists() else None


def committed(archive: Archive) -> list[int]:
    """The units that have a record."""
    return [n for n in range(archive.size) if archive.place(n).record_path().exists()]


Marks = dict[str, tuple[int, int]]
"""Which file lies at a path (its number on the disk), and when it was last changed."""


def marks(archive: Archive) -> Marks:
    """Those of all committed units' data and records."""
    found: Marks = {}
    for number in committed(archive):
        block = archive.place(number)
        for path in (block.record_path(), *map(block.path, block.variables)):
            status = path.stat()
            found[str(path)] = status.st_ino, status.st_mtime_ns
    return found


def unchanged(before: Marks, after: Marks, when: str) -> None:
    """No committed file was written again."""
    again = [path for path, mark in before.items() if after.get(path) != mark]
    demand(not again, f"{when}: committed files were written again: {again[:3]}")


def nothing_wrong(archive: Archive, final: xr.Dataset | None, when: str) -> int:
    """No file is damaged, and what is read as numbers are the final ones; how many units are whole."""
    wrong, scan = damaged_metadata(archive), archive.scan()
    demand(not wrong, f"{when}: {wrong[:3]}")
    demand(not scan.count(blocks.DAMAGED), f"{when}: {scan.problems[:3]}")
    if final is not None:
        same_numbers(read(archive), final, when)
    return scan.count(blocks.WHOLE)


def same_numbers(found: xr.Dataset, final: xr.Dataset, when: str) -> None:
    """What is done has its final numbers, to the bit; what is not has none.

    The final study may have more points along its axes, after those of the one that was found.
    """
    cut = final.isel({name: slice(size) for name, size in found.sizes.items()})
    axes = found["done"].dims
    for name, values in found.data_vars.items():
        if not set(axes) <= set(values.dims):
            continue
        done = found["done"].values.astype(bool)
        there, right = values.values, cut[name].values
        if name != "done":
            demand(there[done].tobytes() == right[done].tobytes(), f"{when}: other numbers of {name}")
            left = there[~done]
            nothing = np.isnan(left) if left.dtype.kind == "f" else left == -1
            demand(nothing.all(), f"{when}: numbers of {name} that nobody has committed")
