"""A Dask cluster of processes that are not ours: its only worker dies, another comes; its scheduler dies."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from verification.studies.tools import (
    PATIENCE,
    ROOT,
    WORKING,
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

Process = subprocess.Popen[bytes]


def scheduler(run: Run) -> str:
    """A worker that goes and one that comes: exit 0. A scheduler that goes: exit 5, and on with processes."""
    whole = run.folder / "whole" / "s.zarr"
    whole.parent.mkdir()
    finished(WORKING, whole, "--workers", "2")
    expected = files(whole)
    for what, code in (("worker", 0), ("scheduler", 5)):
        path = run.folder / what / "s.zarr"
        path.parent.mkdir()
        with _cluster() as (address, head, start), Sweep(WORKING, path, "--dask", address) as process:
            worker = start()
            _wait(path, process, 3)
            _kill(worker if what == "worker" else head)
            if what == "worker":
                time.sleep(1.0)
                start()
            found, said = process.code(), process.said()
        demand(found == code, f"the {what} has died: exit {found}, not {code}: {said}")
        demand("Traceback" not in said, f"the {what} has died: {said}")
        archive = opened(path)
        if archive is not None:
            nothing_wrong(archive, None, f"the {what} has died")
            before = marks(archive)
            finished(WORKING, path, "--workers", "2")
            unchanged(before, marks(archive), f"the {what} has died")
        same_files(path, expected, f"the {what} has died")
    return "the only worker died, another came: exit 0; the scheduler died: exit 5; the same bytes afterwards"


@contextmanager
def _cluster() -> Iterator[tuple[str, Process, Callable[[], Process]]]:
    """A scheduler's address and process, and what starts a worker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = list[Process]()

    def start(program: str, *options: str) -> Process:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *options, "--no-dashboard"]
        nowhere = subprocess.DEVNULL
        started.append(
            subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=nowhere, stderr=nowhere)
        )
        return started[-1]

    address = f"tcp://127.0.0.1:{port}"
    try:
        head = start("dask_scheduler", "--host", "127.0.0.1", "--port", str(port))
        _answers(port)
        yield address, head, lambda: start("dask_worker", address, "--nthreads", "1")
    finally:
        for process in started:
            _kill(process)


def _answers(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.1)
    demand(False, "no scheduler answers")


def _wait(path: Path, process: Sweep, units: int) -> None:
    """Until some units are there."""
    while (archive := opened(path)) is None or len(committed(archive)) < units:
        late = time.monotonic() > process.began + PATIENCE
        demand(not late and process.process.poll() is None, f"no units: {process.said()}")
        time.sleep(0.05)


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
