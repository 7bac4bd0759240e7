"""How much is computed at once and how much waits, so that the page goes on answering; the last results."""

import asyncio
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import xarray as xr
from starlette.concurrency import run_in_threadpool

from modelcollapse.page.memory import give_back

Made = TypeVar("Made")

AT_ONCE, WAITING = 2, 4
"""Runs at work, and runs that wait for their turn; of files, maps and uploads as many are made at once."""
KEPT, KEPT_BYTES = 8, 16 * 2**20
"""Finished results that are kept at most, and their bytes; as many as are at work at once always are."""
ASIDE = 16
"""Files, maps and uploads that are made, or wait to be made, at most."""
QUEUED = 8
"""Lines that wait for a reader; then the computation waits, too."""
LOOKS = 0.1
"""Seconds between two looks of a waiting thread at whether somebody still reads."""


class TooMany(Exception):
    """As many computations as there may be are at work or waiting."""


class Stopped(Exception):
    """Nobody reads any more."""


class Job:
    """One computation on a thread of its own, and its lines for one reader."""

    def __init__(self) -> None:
        """Begin with no line."""
        self.stop, self.turn = threading.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()
        self._room = threading.Semaphore(QUEUED)
        self._lines: deque[bytes] = deque()
        self._news, self._over = asyncio.Event(), asyncio.Event()

    def start(self, work: Callable[["Job"], None]) -> None:
        """Let a thread do it; ``work`` calls `put`, and handles errors of its own."""

        def run() -> None:
            try:
                work(self)
            except Stopped:
                pass
            finally:
                with suppress(Stopped):
                    self._tell(self._end)

        thread = threading.Thread(target=run, name="computation", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no room for one
            self._end()
            raise

    def put(self, line: bytes) -> None:
        """Hand a line over, from the thread; wait while the reader is behind.

        Raises
        ------
        Stopped
            Where nobody reads any more.
        """
        while not self._room.acquire(timeout=LOOKS):
            self.look()
        self.look()
        self._tell(lambda: self._take(line))

    def wait(self, waiting: bytes) -> None:
        """Wait for the turn, from the thread; where it does not come at once, the reader gets this line."""
        if not self.turn.is_set():
            self.put(waiting)
        while not self.turn.wait(LOOKS):
            self.look()

    def look(self) -> None:
        """Go on, or raise `Stopped` where nobody reads any more."""
        if self.stop.is_set():
            raise Stopped

    async def lines(self) -> bytes | None:
        """All lines that have come since the last call; None after the last."""
        while not self._lines and not self._over.is_set():
            self._news.clear()
            await self._news.wait()
        if not self._lines:
            return None
        count = len(self._lines)
        found = b"".join(self._lines.popleft() for _ in range(count))
        self._room.release(count)
        return found

    async def ended(self) -> None:
        """Wait for the thread's end."""
        await self._over.wait()

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the server has ended
            raise Stopped from None

    def _take(self, line: bytes) -> None:
        self._lines.append(line)
        self._news.set()

    def _end(self) -> None:
        self._over.set()
        self._news.set()


class Jobs:
    """Counts computations, and keeps the last results."""

    def __init__(self) -> None:
        """Begin with none."""
        self.places = asyncio.Semaphore(AT_ONCE)
        self._places_aside, self._aside = asyncio.Semaphore(AT_ONCE), 0
        self._here: set[Job] = set()
        self._kept: OrderedDict[str, xr.Dataset] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def here(self) -> int:
        """How many are at work or waiting."""
        return len(self._here)

    @contextmanager
    def job(self) -> Iterator[Job]:
        """One more, until the end of the block; `TooMany` where there is no room."""
        if len(self._here) >= AT_ONCE + WAITING:
            raise TooMany
        job = Job()
        self._here.add(job)
        try:
            yield job
        finally:
            job.stop.set()
            self._here.discard(job)

    async def aside(self, make: Callable[..., Made], *arguments: Any) -> Made:
        """Make something short on a thread, few at once; `TooMany` where too many wait already."""

        def made() -> Made:
            try:
                return make(*arguments)
            finally:
                give_back()

        if self._aside >= ASIDE:
            raise TooMany
        self._aside += 1
        try:
            async with self._places_aside:
                return await run_in_threadpool(made)
        finally:
            self._aside -= 1

    def stop(self) -> None:
        """Tell all of them to stop: the server ends."""
        for job in tuple(self._here):
            job.stop.set()

    @staticmethod
    def name() -> str:
        """A new name for a run, that nobody can guess."""
        return secrets.token_hex(16)

    def keep(self, name: str, dataset: xr.Dataset) -> None:
        """Keep a result, and forget the oldest."""
        with self._lock:
            self._kept[name] = dataset
            while len(self._kept) > KEPT or (
                len(self._kept) > AT_ONCE and sum(one.nbytes for one in self._kept.values()) > KEPT_BYTES
            ):
                self._kept.popitem(last=False)

    def result(self, name: str) -> xr.Dataset | None:
        """A result that is kept."""
        with self._lock:
            return self._kept.get(name)
