"""A process that ends just before its n-th call to the system, for every n; and the power that is cut there.

The calls are those that change a disk: `CALLS`. When a process is killed, the disk keeps all that was asked
for. When the power is cut, it keeps what was synced, and of the rest whatever it likes: `Disk` has a record.
"""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from modelcollapse.studies import disk as disk_
from modelcollapse.studies.folder import open_study
from modelcollapse.studies.reading import read
from verification.studies.tools import (
    THREE,
    Broken,
    Run,
    demand,
    files,
    nothing_wrong,
    opened,
    same_files,
    sweep_here,
)

CALLS = ("open", "mkdir", "write", "fsync", "replace", "rename", "link", "unlink", "rmdir")
ENDED = 77
"""The exit code of a process that the shim has ended."""
MOST_SECONDS = 60.0
MOST_CALLS = 20_000
BEFORE = THREE.replace("replicates = 2", "replicates = 3").replace("[0.0, 0.1, 0.2]", "[0.0]")
GROWN = BEFORE.replace("replicates = 3", "replicates = 5").replace("[0.0]", "[0.0, 0.1]")
"""Another value; and more replicates: of two blocks of two, the second was half full."""
BLOCK = 2


@dataclass
class Disk:
    """What a disk must keep when the power is cut.

    Attributes
    ----------
    stash
        A folder where a second name is kept for each file, so that a lost change can be taken back.
    dirty
        Files written since they were synced.
    durable, pending
        For each folder with changes of names that were not synced: what each of these names was before;
        and the changes in order. A name is of a file, by its number; of a folder, by its first path; or of
        nothing.
    """

    stash: Path
    dirty: set[int] = field(default_factory=set)
    durable: dict[str, dict[str, Any]] = field(default_factory=dict)
    pending: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _number: dict[str, int] = field(default_factory=dict)

    def what(self, path: str) -> Any:
        """What lies at a path: the number of a file, the path of a folder, None."""
        if os.path.isdir(path):
            return path
        if not os.path.lexists(path):
            return None
        if path not in self._number:
            self._number[path] = number = len(os.listdir(self.stash))
            REAL["link"](path, self.stash / str(number))
        return self._number[path]

    def changes(self, after: dict[str, Any]) -> None:
        """Note new bindings of names, all in one folder, before they come to be."""
        folder = os.path.dirname(next(iter(after)))
        durable = self.durable.setdefault(folder, {})
        for path in after:
            durable.setdefault(os.path.basename(path), self.what(path))
        self.pending.setdefault(folder, []).append({os.path.basename(p): what for p, what in after.items()})
        for path in after:
            self._number.pop(path, None)
        self._number |= {path: what for path, what in after.items() if isinstance(what, int)}

    def synced(self, path: str) -> None:
        """A folder's names, or a file's content, are on the disk."""
        if os.path.isdir(path):
            self.durable.pop(path, None)
            self.pending.pop(path, None)
        else:
            self.dirty.discard(self.what(path))

    def moved(self, old: str, new: str) -> None:
        """A folder has another name; what is known of what lies in it goes along."""
        for table in (self.durable, self.pending, self._number):
            for path in [p for p in table if p == old or p.startswith(f"{old}/")]:
                table[new + path[len(old) :]] = table.pop(path)  # type: ignore[index]

    def to_json(self) -> str:
        """All that a power cut needs."""
        dirty = [path for path, number in self._number.items() if number in self.dirty]
        numbers = sorted(self.dirty)
        table = {"dirty": dirty, "numbers": numbers, "durable": self.durable, "pending": self.pending}
        return json.dumps(table)


REAL: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in CALLS}


class Shim:
    """Counts calls, and ends the process just before the n-th.

    Parameters
    ----------
    ends_at
        n; 0 for never.
    end
        What ends the process.
    disk
        Where to note what is on the disk.
    stays
        Whether all later calls end it, too: where the end is an exception, what cleans up has no effect.
    """

    def __init__(
        self, ends_at: int, end: Callable[[], Any], disk: Disk | None = None, stays: bool = False
    ) -> None:
        """Count from 0."""
        self.count, self._ends_at, self._end, self._disk = 0, ends_at, end, disk
        self._stays = stays
        self._open: dict[int, str] = {}

    @contextmanager
    def installed(self) -> Iterator["Shim"]:
        """In the place of the system's calls; files one after the other, or their order would be chance."""
        each = disk_.each
        disk_.each = lambda act, paths: [act(path) for path in paths]  # type: ignore[assignment]
        for name in CALLS:
            setattr(os, name, self._call(name))
        try:
            yield self
        finally:
            for name, real in REAL.items():
                setattr(os, name, real)
            disk_.each = each

    def _call(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self._ends_at or (self._stays and self.count > self._ends_at):
                self._end()
            if self._disk is not None:
                self._note(self._disk, name, *args)
            result = REAL[name](*args, **options)
            if name == "open":
                self._open[result] = os.path.abspath(args[0])
                if self._disk is not None and args[1] & os.O_CREAT:
                    self._created(self._disk, self._open[result])
            elif name == "rename" and self._disk is not None and os.path.isdir(args[1]):
                self._disk.moved(*map(os.path.abspath, args[:2]))
            return result

        return call

    @staticmethod
    def _created(disk: Disk, path: str) -> None:
        number = disk.what(path)
        folder, name = os.path.split(path)
        disk.durable.setdefault(folder, {}).setdefault(name, None)
        disk.pending.setdefault(folder, []).append({name: number})

    def _note(self, disk: Disk, name: str, *args: Any) -> None:
        """Note what a call is about to change."""
        if name in ("write", "fsync"):
            path = self._open[args[0]]
            if name == "fsync":
                disk.synced(path)
            else:
                disk.dirty.add(disk.what(path))
            return
        paths = [os.path.abspath(path) for path in args[:2] if isinstance(path, str | os.PathLike)]
        if name in ("unlink", "rmdir") and os.path.lexists(paths[0]):
            disk.changes({paths[0]: None})
        elif name == "mkdir" and not os.path.lexists(paths[0]):
            disk.changes({paths[0]: paths[0]})
        elif name in ("replace", "rename"):
            disk.changes({paths[0]: None, paths[1]: disk.what(paths[0])})
        elif name == "link" and not os.path.lexists(paths[1]):
            disk.changes({paths[1]: disk.what(paths[0])})


def cut(table: dict[str, Any], stash: Path, keep: Callable[[], bool]) -> None:
    """Cut the power: of all that was not synced, keep some changes of names, and no content.

    Parameters
    ----------
    table
        What `Disk.to_json` gave.
    stash
        The disk's files by their numbers.
    keep
        Asked for each change of names: whether it was on the disk.
    """
    for path in table["dirty"]:
        if os.path.isfile(path):
            Path(path).unlink()  # another name of it lies in the stash
            Path(path).touch()
    dirty = set(table["numbers"])
    for folder, pending in table["pending"].items():
        now = {name: what for change in pending for name, what in change.items()}
        then = dict(table["durable"][folder])
        for change in pending:
            if keep():
                then |= change
        if os.path.isdir(folder):
            _rename(Path(folder), now, then, stash, dirty)


def _rename(folder: Path, now: dict[str, Any], then: dict[str, Any], stash: Path, dirty: set[int]) -> None:
    """Let names in a folder be what they are to be."""
    moved = [name for name, what in then.items() if isinstance(what, str) and now[name] is None]
    for name in moved:  # a folder whose new name is lost has its old one
        new = next((n for n, what in now.items() if what == then[name]), None)
        if new is not None and then.get(new) is None:
            os.rename(folder / new, folder / name)
    for name, what in then.items():
        path = folder / name
        if what == now[name] or name in moved:
            continue
        if what is None and path.is_dir():
            shutil.rmtree(path)
        elif what is None:
            path.unlink(missing_ok=True)
        elif isinstance(what, int):
            path.unlink(missing_ok=True)
            shutil.copy2(stash / str(what), path)
            if what in dirty:
                path.write_bytes(b"")


def ended_at(n: int, act: Callable[[], Any], journal: Path, stash: Path) -> int:
    """Do something in a child that ends before its n-th call; the number of calls, 0 where it was ended."""
    pid = os.fork()
    if pid == 0:  # nothing of the parent's may run in the child
        code = 1
        try:
            disk = Disk(stash)

            def end() -> None:
                journal.write_text(disk.to_json())
                os._exit(ENDED)

            with Shim(n, end, disk).installed() as shim:
                act()
            journal.write_text(str(shim.count))
            code = 0
        finally:
            os._exit(code)
    until = time.monotonic() + MOST_SECONDS
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise Broken(f"call {n}: no end after {MOST_SECONDS:.0f} s")
        time.sleep(0.001)
    code = os.waitstatus_to_exitcode(status)
    demand(code in (0, ENDED), f"call {n}: the child ends with {code}")
    return int(journal.read_text()) if code == 0 else 0


def shim(run: Run) -> str:
    """A study, and its growth, ended at each call; killed, or with the power cut."""
    first = _Points(run, "first", None, THREE).all_points()
    second = _Points(run, "growth", BEFORE, GROWN).all_points()
    return f"a study: {first}; its growth: {second}. Whole each time, and resumed to the same bytes"


class _Points:
    """All points of a sweep at which it can end."""

    def __init__(self, run: Run, name: str, before: str | None, text: str) -> None:
        self._run, self._text, self._before = run, text, before
        self._folder = run.memory / name
        self._folder.mkdir()
        self._base = None if before is None else self._made("base", before)
        final = self._made("final", before or text)
        if before is not None:
            sweep_here(text, final)
        self._final: xr.Dataset = read(open_study(final))
        self._expected = files(final)
        self._base_files = {} if self._base is None else files(self._base)

    def _made(self, name: str, text: str) -> Path:
        (self._folder / name).mkdir()
        path = self._folder / name / "s.zarr"
        sweep_here(text, path, block=BLOCK)
        return path

    def all_points(self) -> str:
        """Go through all of them; how many there were."""
        cuts = 0
        work, stash, journal = (self._folder / name for name in ("work", "stash", "journal"))
        path = work / "s.zarr"
        for points, n in enumerate(range(1, MOST_CALLS, self._run.times(1, 37)), 1):
            for folder in (work, stash):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            if self._base is not None:
                shutil.copytree(self._base, work / "s.zarr")
            calls = ended_at(n, lambda: sweep_here(self._text, path, block=BLOCK), journal, stash)
            if calls:
                same_files(path, self._expected, f"after the last of {calls} calls")
                return f"{points} points ({calls} calls), {cuts} power cuts"
            cuts += self._power(work, stash, json.loads(journal.read_text()), n)
            self._goes_on(path, f"killed before call {n}")
        raise Broken("there is no end to its calls")

    def _power(self, work: Path, stash: Path, table: dict[str, Any], n: int) -> int:
        """Cut the power at a point: names that were not synced are lost, or some of them; content is."""
        rng, aside = random.Random(n), self._folder / "aside"
        tries = list[Callable[[], bool]]()
        if table["numbers"]:  # else it is as killed
            tries.append(lambda: True)
        if table["pending"]:
            tries += [lambda: False, lambda: rng.random() < 0.5]
        work.rename(aside)
        for keep in tries:
            shutil.copytree(aside, work)
            cut(table, stash, keep)
            self._goes_on(work / "s.zarr", f"the power was cut before call {n}")
            shutil.rmtree(work)
        aside.rename(work)
        return len(tries)

    def _goes_on(self, path: Path, when: str) -> None:
        """Nothing is wrong; the old study can be gone on with, where it had not grown; so can the new one."""
        archive = opened(path)
        if archive is not None:
            nothing_wrong(archive, self._final, when)
            if self._before is not None:
                self._taken_back(path, when)
        elif self._before is not None:
            raise Broken(f"{when}: the study is lost")
        sweep_here(self._text, path, block=BLOCK)
        same_files(path, self._expected, f"{when}, then resumed")

    def _taken_back(self, path: Path, when: str) -> None:
        """Before the study has grown, what it was can be had again: no file is otherwise."""
        if (path / "zarr.json").read_bytes() != self._base_files["zarr.json"]:
            return
        back = self._folder / "back"
        back.mkdir()
        shutil.copytree(path, back / "s.zarr")
        sweep_here(self._before or "", back / "s.zarr")
        same_files(back / "s.zarr", self._base_files, f"{when}, then taken back")
        shutil.rmtree(back)
