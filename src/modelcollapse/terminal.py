"""The terminal: messages beside the output, progress, signals, and files written whole or not at all."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelcollapse.errors import Problem, StorageError

if TYPE_CHECKING:
    from modelcollapse.studies.driver import Standing


def say(message: str) -> None:
    """Say something beside the output; where nobody listens, go on."""
    with suppress(OSError):
        typer.echo(message, err=True)


def leave(message: str, number: int) -> None:
    """Say something and end at once, whatever other threads are doing."""
    say(message)
    os._exit(128 + number)


@contextmanager
def signals(stop: threading.Event) -> Iterator[list[int]]:
    """The first SIGINT or SIGTERM asks for an end, the second ends at once."""
    caught: list[int] = []

    def handle(number: int, _frame: Any) -> None:
        if caught:
            os._exit(128 + number)
        caught.append(number)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress() -> Iterator[Any]:
    """A bar with the time left on a terminal; elsewhere a plain line every few seconds."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.percentage:3.0f} %"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("run")
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    began, last = list[tuple[float, int]](), [time.monotonic()]

    def line(done: int, total: int) -> None:
        now = time.monotonic()
        if not began:  # the first generation waits for the compiler
            began.append((now, done))
        if now - last[0] < 5.0:
            return
        last[0] = now
        known = done - began[0][1] >= 0.02 * total  # earlier, threads still wait for the compiler
        left = (now - began[0][0]) * (total - done) / max(done - began[0][1], 1)
        say(f"{100 * done / total:.0f} % done" + (f", about {left:.0f} s left" if known else ""))

    yield line


@contextmanager
def standing() -> Iterator[Callable[["Standing"], None]]:
    """How a study stands: a bar on a terminal; elsewhere a plain line every few seconds. The same words."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (BarColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("starting workers")

            def move(now: "Standing") -> None:
                bar.update(task, total=now.units, completed=now.units_done, description=in_words(now))

            yield move
        return
    last = [time.monotonic()]

    def line(now: "Standing") -> None:
        if time.monotonic() - last[0] >= 5.0:
            last[0] = time.monotonic()
            say(in_words(now))

    yield line


def in_words(now: "Standing") -> str:
    """Cells done and failed, replicates a second, the time left."""
    text = f"{now.cells_done} of {now.cells} cells done, {now.failed} blocks failed"
    if now.replicates_now:
        left = f"{now.left:.0f} s" if now.left < 120.0 else f"{now.left / 60.0:.0f} min"
        text += f", {now.rate:.3g} replicates a second, about {left} left"
    return text


def outside(path: Path, result: Path | None, option: str) -> None:
    """Refuse a file's place inside a result."""
    try:
        inside = result is not None and path.resolve().is_relative_to(result.resolve())
    except (OSError, RuntimeError) as error:
        raise StorageError([Problem(option, str(path), f"cannot be written: {error}")]) from None
    if inside:
        raise StorageError([Problem(option, str(path), "lies in the result; it must stand elsewhere")])


def replace(path: Path, option: str, write: Callable[[Path], object] | None) -> None:
    """Write a file beside its place and move it there: whole or not at all. Without ``write``, only try."""
    beside = path.with_name(f".modelcollapse-{os.getpid()}{path.suffix}")
    try:
        if path.is_dir() or (path.exists() and not path.is_file()):
            raise IsADirectoryError("is no ordinary file")
        beside.touch()
        if write is not None:
            write(beside)
            os.replace(beside, path)
    except OSError as error:
        raise StorageError([Problem(option, str(path), f"cannot be written: {error}")]) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
