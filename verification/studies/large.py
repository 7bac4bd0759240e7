"""Ten thousand cells: what a unit takes beside its work, what a look at all of them takes, and memory.

Run in memory (tmpfs) where there is such a place, for a disk's syncs are the disk's; writing is measured on
the disk, with its own time for a sync beside it.
"""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

import numpy as np

from modelcollapse import lab
from modelcollapse.studies import blocks, executors, sweeping, work
from modelcollapse.studies.blocks import OPEN, WHOLE
from modelcollapse.studies.driver import Driver, Standing
from modelcollapse.studies.folder import create, open_study
from modelcollapse.studies.study import Study
from verification.studies.tools import PATIENCE, ROOT, Here, Run, demand

SIDE = 100
TEXT = """
n_samples = 10
generations = 2
replicates = 1
engine = "exact"
save = "log"
[sweep]
n_samples = {{range = [10, {last}], count = {side}}}
"workflow.real" = {{range = [0, 0.5], count = {side}}}
"""
ON_DISK = 300
"""Units that are written to the disk."""
WORKERS = 2
LIMITS = {"scan": 10.0, "memory": 1024.0, "scheduling": 5.0, "writing": 50.0}
"""Seconds, MiB, milliseconds a unit, milliseconds a unit."""


def text(side: int) -> str:
    """A study of so many cells squared."""
    return TEXT.format(last=10 + 2 * (side - 1), side=side)


def large(run: Run) -> str:
    """Run it in a process of its own, and take the time of its parts."""
    side = run.times(SIDE, 20)
    path = run.memory / "s.zarr"
    said = _in_a_process(["drive", str(path), str(side)])
    parts = _in_a_process(["parts", str(run.memory / "parts.zarr"), str(side)])
    on_disk = _in_a_process(["write", str(run.folder / "w.zarr"), str(side)])
    scan = _in_a_process(["scan", str(path), str(side)])
    found = {
        "scan": scan["seconds"],
        "memory": max(said["most"], scan["most"]),
        "scheduling": parts["scheduling"],
        "writing": on_disk["writing"],
    }
    for name, figure in found.items():
        demand(figure < LIMITS[name], f"{name}: {figure:.3g}, the limit is {LIMITS[name]:g}")
    unit = {**parts, **on_disk, "in_memory": parts["writing"]}
    at = ", ".join(map("{:.0f}".format, said["resident"]))
    return (
        f"{side * side} cells, {WORKERS} workers, in memory: {said['seconds']:.0f} s. A unit: "
        "scheduling {scheduling:.2f} ms (with a process that does nothing; the payload {payload:.2f} ms), "
        "work {work:.2f} ms, writing {in_memory:.2f} ms in memory and {writing:.1f} ms on the disk "
        "({syncs:.0f} syncs of {sync:.2f} ms). ".format(**unit)
        + f"All cells before the first: {said['check']:.1f} s; all units of a finished study: "
        f"{scan['seconds']:.1f} s; the same command again: {scan['again']:.1f} s. The driver takes "
        f"{found['memory']:.0f} MiB at most, {at} at 20, 50 and 100 %. Of what is allowed: "
        + ", ".join(f"{name} {found[name] / limit:.3f}" for name, limit in LIMITS.items())
    )


def _in_a_process(arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "verification.studies.large", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10 * PATIENCE)
    demand(done.returncode == 0, f"{arguments}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _resident(what: str) -> float:
    """Memory of this process in MiB: now (``VmRSS``), or the most there was (``VmHWM``)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024.0


def drive(path: Path, side: int) -> dict[str, Any]:
    """The whole sweep with workers, as a user runs it; the memory of its process on the way."""
    began = time.perf_counter()
    study = Study.from_toml(text(side))
    study.check()
    checked = time.perf_counter() - began
    resident = list[float]()

    def report(standing: Standing) -> None:
        if len(resident) < 2 and standing.units_done >= (0.2, 0.5)[len(resident)] * standing.units:
            resident.append(_resident("VmRSS"))

    outcome = sweeping.sweep(study, path, workers=WORKERS, report=report)
    resident.append(_resident("VmRSS"))
    demand(outcome.done == outcome.units == side * side, f"{outcome}")
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "check": checked, "resident": resident, "most": _resident("VmHWM")}


def scan(path: Path, side: int) -> dict[str, Any]:
    """Look at all units of a finished study; then the same command again."""
    began = time.perf_counter()
    archive = open_study(path)
    found = archive.scan()
    seconds = time.perf_counter() - began
    demand(found.count(WHOLE) == side * side, "a unit is not whole")
    began = time.perf_counter()
    sweeping.sweep(text(side), path, executor=Here(), workers=1)
    return {"seconds": seconds, "again": time.perf_counter() - began, "most": _resident("VmHWM")}


class _Times:
    """How long some functions take, in all."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)

    def of(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function with its time taken."""

        def timed(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self.seconds[name] += time.perf_counter() - began
                self.calls[name] += 1

        return timed


def nothing(_: str) -> bool:
    """A unit without work."""
    return True


class _Idle(executors.SpawnPool):
    """A pool whose processes do nothing."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand over what a unit needs, all the same."""
        return super().submit(nothing, *args, **kwargs)


def parts(path: Path, side: int) -> dict[str, Any]:
    """Scheduling with a process that does nothing; work and writing in this process."""
    study = Study.from_toml(text(side))
    archive = create(path, study, 1)
    states = np.full(archive.size, OPEN, dtype=np.uint8)
    times, pool = _Times(), _Idle(1)
    pool.submit(nothing, "").result(PATIENCE)  # it takes seconds to start
    driver = Driver(archive, states, study.seconds(study), lambda _: None, lambda _: None)
    try:
        with patch.object(work, "payload", times.of("payload", work.payload)):
            began = time.perf_counter()
            driver.run(pool, lambda: 1, Event(), 1.0)
            scheduling = (time.perf_counter() - began) / archive.size
    finally:
        pool.shutdown()
    some = [work.payload(archive, n) for n in range(0, archive.size, max(1, archive.size // ON_DISK))]
    work.do(some[0])
    timed = _Times()
    with (
        patch.object(lab, "block", timed.of("work", lab.block)),
        patch.object(blocks, "commit", timed.of("writing", blocks.commit)),
    ):
        for unit in some[1:]:
            work.do(unit)
    means = {name: 1e3 * timed.seconds[name] / timed.calls[name] for name in timed.seconds}
    return {**means, "scheduling": 1e3 * scheduling, "payload": 1e3 * times.seconds["payload"] / archive.size}


def write(path: Path, side: int) -> dict[str, Any]:
    """Units written to the disk, and the time of its syncs."""
    archive = create(path, Study.from_toml(text(side)), 1)
    some = [work.payload(archive, n) for n in range(0, archive.size, max(1, archive.size // ON_DISK))]
    work.do(some[0])
    timed = _Times()
    with (
        patch.object(blocks, "commit", timed.of("writing", blocks.commit)),
        patch.object(os, "fsync", timed.of("sync", os.fsync)),
    ):
        for unit in some[1:]:
            work.do(unit)
    units = timed.calls["writing"]
    return {
        "writing": 1e3 * timed.seconds["writing"] / units,
        "syncs": timed.calls["sync"] / units,
        "sync": 1e3 * timed.seconds["sync"] / timed.calls["sync"],
    }


if __name__ == "__main__":
    act = {"drive": drive, "scan": scan, "parts": parts, "write": write}[sys.argv[1]]
    print(json.dumps(act(Path(sys.argv[2]), int(sys.argv[3]))))
