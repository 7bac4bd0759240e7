"""Processes that are killed: all at once, a worker at a time, and by a unit that ends each of its workers."""

import os
import signal
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelcollapse.studies import executors, work
from modelcollapse.studies.archive import Archive
from modelcollapse.studies.disk import PART
from modelcollapse.studies.lock import NAME as LOCK
from verification.studies.tools import (
    PATIENCE,
    WORKING,
    Broken,
    Marks,
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
    unchanged,
)

TWO = ("--workers", "2")
ALONE = 0.3
"""The share of kills that the driving process gets alone."""
ORPHANS = 30.0
"""Seconds in which its workers must have ended."""
LONGER = WORKING.replace("[0.0, 0.1, 0.2, 0.3]", "[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]")
"""Thirty-two units."""


def kills(run: Run) -> str:
    """All processes, or the driving one alone, killed at random moments, and the same command again."""
    wanted = run.times(200, 3)
    (run.folder / "whole").mkdir()
    whole = run.folder / "whole" / "s.zarr"
    usual = finished(WORKING, whole, *TWO)
    expected = files(whole)
    fell, done, most, alone = Counter[str](), 0, 0, 0
    orphaned = list[tuple[Sweep, float]]()
    life = _Life(run.folder / "0")
    begin = 0.6 * usual
    """Seconds until the first unit is committed: learnt on the way, for others may be at work here, too."""
    for _ in range(20 * wanted):
        if fell.total() >= wanted:
            break
        rest = (usual - begin) * (1.0 - life.share) + 0.5
        early = run.random.random() < 0.25
        moment = run.random.uniform(0.0, begin) if early else run.random.uniform(begin, begin + rest)
        with Sweep(WORKING, life.path, *TWO) as process:
            first = life.follow(process, moment)
            begin = 0.8 * begin + 0.2 * first if first else begin
            ended = process.process.poll() is not None
            if not ended and run.random.random() < ALONE:
                process.kill_driver()
                orphaned.append((process, time.monotonic()))
                alone += 1
            else:
                process.kill()
            if ended:
                code, said = process.process.returncode, process.said()
                demand(code == 0, f"a sweep that was killed {life.kills} times ends with {code}: {said}")
            else:
                fell[life.killed()] += 1
        orphaned = _still_there(orphaned)
        if ended:
            life.looked_at("the end")
            same_files(life.path, expected, f"killed {life.kills} times")
            done, most = done + 1, max(most, life.kills)
            life = _Life(run.folder / str(done))
    while orphaned:
        orphaned = _still_there(orphaned)
        time.sleep(0.1)
    demand(fell.total() >= wanted, f"only {fell.total()} kills in {20 * wanted} tries")
    finished(WORKING, life.path, *TWO)
    life.looked_at("the end")
    same_files(life.path, expected, "the last study")
    where = ", ".join(f"{n} {what}" for what, n in sorted(fell.items(), key=lambda item: -item[1]))
    return (
        f"{fell.total()} kills ({alone} of them of the driving process alone: its workers end within "
        f"{ORPHANS:.0f} s), {done + 1} studies finished with the bytes of a run that nothing disturbed "
        f"(the longest after {max(most, life.kills)} kills); no committed file written twice, "
        f"nothing left behind. They fell: {where}"
    )


def _still_there(orphaned: list[tuple[Sweep, float]]) -> list[tuple[Sweep, float]]:
    """Those whose workers have not ended yet; that takes no long time."""
    left = [(process, since) for process, since in orphaned if not process.leaves_nobody()]
    for process, since in left:
        seconds = time.monotonic() - since
        demand(seconds < ORPHANS, f"workers of process {process.process.pid} are there after {seconds:.0f} s")
    return left


class _Life:
    """A study that is killed now and then, until it is finished."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.path, self.kills, self.share = folder / "s.zarr", 0, 0.0
        self._marks: Marks = {}
        self._before = 0

    def follow(self, process: Sweep, moment: float) -> float:
        """Let it run until the moment or its end; when a new unit was first committed, 0 if none was."""
        first = 0.0
        until = process.began + moment
        while time.monotonic() < until and not process.ends_within(min(0.02, until - time.monotonic())):
            if not first and _records(self.path) > self._before:
                first = time.monotonic() - process.began
        return first

    def killed(self) -> str:
        """Look at what is left; where the kill fell."""
        self.kills += 1
        before, archive = self._before, self.looked_at(f"after {self.kills} kills")
        if archive is None:
            return (
                "while the folder was made" if os.listdir(self.path.parent) else "before there was a folder"
            )
        now = committed(archive)
        self._before, self.share = len(now), len(now) / archive.size
        if not (self.path / LOCK).exists():
            return "before or after the work"
        names = {str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file()}
        known = {str(path.relative_to(self.path)) for path in archive.files()}
        for number in now:
            block = archive.place(number)
            paths = (block.record_path(), *map(block.path, block.variables))
            known |= {str(path.relative_to(self.path)) for path in paths}
        if any(name.endswith(PART) or name.split("/")[-1].startswith("c.") for name in names - known):
            return "inside a commit"
        if len(now) == archive.size:
            return "after the last unit"
        return (
            "between commits, units under way"
            if len(now) > before
            else "while workers start, or at first units"
        )

    def looked_at(self, when: str) -> Archive | None:
        """Look at the folder: nothing is damaged, nothing that was committed has been touched."""
        archive = opened(self.path)
        if archive is not None:
            nothing_wrong(archive, None, when)
            now = marks(archive)
            unchanged(self._marks, now, when)
            self._marks = now
        return archive


def _records(path: Path) -> int:
    try:
        return sum(name.startswith("c.") for name in os.listdir(path / "commit"))
    except OSError:
        return 0


def workers(run: Run) -> str:
    """Workers killed, one at a time: processes of the pool, then those of a Dask cluster."""
    (run.folder / "whole").mkdir()
    whole = run.folder / "whole" / "s.zarr"
    finished(LONGER, whole, *TWO)
    expected, said = files(whole), []
    for name, options in (("the pool", TWO), ("Dask", (*TWO, "--dask", "local"))):
        killed = runs = 0
        wanted = run.times(50, 2)
        while killed < wanted:
            demand(runs < 2 * wanted, f"{name}: only {killed} workers killed in {runs} runs")
            path = run.folder / f"{name[-4:]}-{runs}" / "s.zarr"
            path.parent.mkdir()
            killed, runs = killed + _one_run(run, path, options, min(5, wanted - killed)), runs + 1
            same_files(path, expected, f"{name}, run {runs}")
        said.append(f"{name}: {killed} workers killed in {runs} runs, exit 0 each time")
    return f"{'; '.join(said)}; the bytes are those of a run that nothing disturbed, each unit committed once"


def _one_run(run: Run, path: Path, options: tuple[str, ...], most: int) -> int:
    """A sweep some of whose workers are killed, with a few units committed in between; how many were."""
    killed, next_at, seen = 0, 1, Marks()
    with Sweep(LONGER, path, *options) as process:
        while not process.ends_within(run.random.uniform(0.02, 0.1)):
            demand(time.monotonic() < process.began + PATIENCE, f"no end: {process.said()}")
            if _records(path) < next_at:
                continue
            archive = opened(path)
            now = marks(archive) if archive is not None else {}
            unchanged(seen, now, "while workers are killed")
            seen = now
            children = worker_processes(process.process.pid)
            if killed < most and children:
                time.sleep(run.random.uniform(0.0, 0.3))
                # A unit whose worker is killed goes to the new one, and is a suspect if that dies, too, while
                # it starts: every other kill is of the oldest, so that no unit meets three of them.
                victim = children[0] if killed % 2 else run.random.choice(children)
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed += 1
                next_at = _records(path) + 5
        code = process.code()
        demand(code == 0, f"exit {code} after {killed} workers were killed: {process.said()}")
    archive = opened(path)
    demand(archive is not None, "no study")
    unchanged(seen, marks(archive), "at the end") if archive is not None else None
    return killed


def worker_processes(parent: int) -> list[int]:
    """The processes that a sweep has started for units, the oldest first: not those that only keep order."""
    found = list[tuple[int, int]]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_bytes()
                if int(fields[1]) == parent and fields[0] != "Z" and b"spawn_main" in command:
                    found.append((int(fields[19]), int(entry.name)))  # when it began, and which it is
    return [process for _, process in sorted(found)]


POISON = '"index": [1, 1]'
"""Of the payload of the unit that ends its workers."""


def poisoned(text: str) -> bool:
    """What a worker does, but for the one unit."""
    if POISON in text:
        os._exit(3)
    return work.do(text)


class PoisonedPool(executors.SpawnPool):
    """A pool in whose units there is one that ends its process."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give the poisoned work in the place of the right one."""
        return super().submit(poisoned, *args, **kwargs)


def poisoned_program() -> None:
    """The command line with such a pool."""
    from modelcollapse.cli import main

    executors.SpawnPool = PoisonedPool  # type: ignore[misc]
    main()


def poison(run: Run) -> str:
    """A unit that ends every worker is set aside and named, the rest completes; the next sweep mends it."""
    (run.folder / "whole").mkdir()
    whole, path = run.folder / "whole" / "s.zarr", run.folder / "poison" / "s.zarr"
    path.parent.mkdir()
    finished(WORKING, whole, *TWO)
    program = ("-c", "from verification.studies.killing import poisoned_program; poisoned_program()")
    with Sweep(WORKING, path, *TWO, program=program) as process:
        code, said = process.code(), process.said()
    demand(code == 5, f"exit {code} in the place of 5: {said}")
    named = "cell n_samples = 1900, real = 0.1, block 0: ended 3 workers"
    demand(named in said, f"it is not named: {said}")
    archive = opened(path)
    if archive is None:
        raise Broken("no study")
    count = nothing_wrong(archive, None, "with a poisoned unit")
    demand(count == archive.size - 1, f"{count} of {archive.size} units, though one alone is poisoned")
    before = marks(archive)
    finished(WORKING, path, *TWO)
    unchanged(before, marks(archive), "after the poison is gone")
    same_files(path, files(whole), "after the poison is gone")
    return (
        f"set aside after 3 workers, {count} other units completed, exit 5, named; mended by the next sweep"
    )
