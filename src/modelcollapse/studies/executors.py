"""Where units run: processes of this computer, or Dask's workers. Both are `concurrent.futures.Executor`."""

import logging
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from modelcollapse.errors import Problem, RecipeError
from modelcollapse.studies.work import begin

LOCAL = "local"
"""In the place of a Dask scheduler's address: a cluster on this computer, made for the run."""
CONNECT = 15.0
"""Seconds in which a scheduler must answer."""


class SpawnPool(Executor):
    """Processes that are started afresh, each a pool of its own: one that dies takes no other's work along.

    A dead process is replaced when the next unit needs it. It takes as many units as it has processes; more
    wait for one to be free.
    """

    def __init__(self, workers: int) -> None:
        """Name the number of processes at most; each starts with its first unit."""
        self._workers = workers
        self._pools = list[ProcessPoolExecutor | None]()
        self._busy = list[Future[Any] | None]()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give a unit to a process that is free, or to the first one."""
        place = self._free()
        with _deaf():
            try:
                future = self._pool(place).submit(fn, *args, **kwargs)
            except BrokenProcessPool:  # it died idle
                self._close(place)
                future = self._pool(place).submit(fn, *args, **kwargs)
        self._busy[place] = future
        return future

    def _free(self) -> int:
        """A process that is free, or a new one; the first where there are as many as there may be."""
        free = next((i for i, f in enumerate(self._busy) if f is None or f.done()), None)
        if free is None and len(self._busy) < self._workers:
            self._pools.append(None)
            self._busy.append(None)
            return len(self._busy) - 1
        return free or 0

    def _pool(self, place: int) -> ProcessPoolExecutor:
        pool, last = self._pools[place], self._busy[place]
        ended = last is not None and last.done() and not last.cancelled()
        if last is not None and ended and isinstance(last.exception(), BrokenProcessPool):
            self._close(place)
            pool = None
        if pool is None:
            context = multiprocessing.get_context("spawn")
            pool = self._pools[place] = ProcessPoolExecutor(1, mp_context=context, initializer=begin)
        return pool

    def _close(self, place: int) -> None:
        pool, self._pools[place], self._busy[place] = self._pools[place], None, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def kill(self) -> None:
        """End all processes at once; what they were doing is not committed."""
        for pool in filter(None, self._pools):
            for process in list((pool._processes or {}).values()):
                process.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes."""
        for pool in filter(None, self._pools):
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._pools = [None] * len(self._pools)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile do not hear Ctrl-C, from their first instruction on; we do, later.

    Else one that is still importing Python ends with a traceback among our sentences.
    """
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # its own start would let us hear again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def dask(address: str, workers: int) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Connect to Dask: an executor, and a function that says how many cores there are just now.

    Parameters
    ----------
    address
        Of a scheduler, as ``tcp://host:8786``; or `LOCAL`.
    workers
        Processes of a cluster that is made here.

    Raises
    ------
    RecipeError
        Where Dask is not installed, or no scheduler answers.
    """
    try:
        import distributed
    except ImportError:
        what = "needs Dask: pip install 'modelcollapse[dask]'"
        raise RecipeError([Problem("--dask", address, what)]) from None
    library: Any = distributed  # it has no types
    with _quiet():
        yield from _connected(library, address, workers)


def _connected(library: Any, address: str, workers: int) -> Iterator[tuple[Executor, Callable[[], int]]]:
    cluster: Any = None
    try:
        if address != LOCAL:
            library.comm.resolve_address(address)  # a client of no address ends with a traceback
        if address == LOCAL:
            cluster = library.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
            )
        client = library.Client(cluster or address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        if cluster is not None:
            cluster.close()
        what = f"no scheduler answers there ({type(error).__name__})"
        raise RecipeError([Problem("--dask", address, what)]) from None
    try:
        yield client.get_executor(pure=False), lambda: sum(client.nthreads().values())
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the tracebacks that Dask logs when a scheduler or a worker is gone: we say so in a sentence."""
    loggers = [
        logging.getLogger(name)
        for name in list(logging.root.manager.loggerDict)
        if name.split(".")[0] in ("distributed", "tornado")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
