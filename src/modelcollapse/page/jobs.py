"""Runs at once and runs waiting: few, so that the page answers; the last results, for tables and figures."""

import asyncio
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import xarray as xr

AT_ONCE, WAITING = 2, 4
KEPT = 8
"""Finished results that are kept."""
QUEUED = 64
"""Lines that wait for a reader; then the computation waits, too."""


class TooMany(Exception):
    """As many runs as there may be are running and waiting."""


class Jobs:
    """Counts runs, and keeps the last results."""

    def __init__(self) -> None:
        """Begin with none."""
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._here = 0
        self._kept: OrderedDict[str, xr.Dataset] = OrderedDict()

    @staticmethod
    def name() -> str:
        """A new name for a run, that nobody can guess."""
        return secrets.token_hex(16)

    def keep(self, name: str, dataset: xr.Dataset) -> None:
        """Keep a result, and forget the oldest."""
        self._kept[name] = dataset
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def result(self, name: str) -> xr.Dataset | None:
        """A result that is kept."""
        return self._kept.get(name)

    def enter(self) -> None:
        """Count a run that has come; `TooMany` where there is no room."""
        if self._here >= AT_ONCE + WAITING:
            raise TooMany
        self._here += 1

    def leave(self) -> None:
        """Count a run that has gone."""
        self._here -= 1

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for one of the places where runs compute."""
        async with self._slots:
            yield


async def threaded(work: Callable[[threading.Event], Iterator[Any]]) -> AsyncIterator[Any]:
    """What an iterator gives that computes on a thread of its own, and is told to stop when nobody reads."""
    loop, stop = asyncio.get_running_loop(), threading.Event()
    queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(QUEUED)

    def put(kind: str, value: Any) -> None:
        waiting = asyncio.run_coroutine_threadsafe(queue.put((kind, value)), loop)
        while not stop.is_set():
            try:
                waiting.result(0.1)
                return
            except TimeoutError:
                continue
        waiting.cancel()

    def run() -> None:
        try:
            for value in work(stop):
                if stop.is_set():
                    return
                put("value", value)
            put("end", None)
        except BaseException as error:
            if not stop.is_set():
                put("error", error)

    threading.Thread(target=run, daemon=True).start()
    try:
        while True:
            kind, value = await queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stop.set()
