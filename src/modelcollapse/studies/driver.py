"""A study from its recipe to its last unit: what is missing goes to workers, and comes back committed.

Nothing is held here that the store does not hold, but for the units in flight: whoever starts the same study
again goes on where it was.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from modelcollapse.errors import StorageError, WorkerError, printable
from modelcollapse.studies import work
from modelcollapse.studies.archive import Archive
from modelcollapse.studies.blocks import WHOLE
from modelcollapse.studies.layout import Array

STRIKES = 3
"""Workers that a unit may take along before it is set aside."""
HOPELESS = 20
"""Workers that may end before any unit is done: then something is wrong with all of them."""
KEPT_GOING = WorkerError.ending


@dataclass(frozen=True)
class Failure:
    """A unit that was set aside, and why."""

    cell: str
    block: int
    reason: str

    def __str__(self) -> str:
        """Say it in a line."""
        return printable(f"cell {self.cell}, block {self.block}: {self.reason}")


@dataclass(frozen=True)
class Standing:
    """How a study stands, for progress: cells, units and replicates, and the time this run has taken."""

    cells: int
    cells_done: int
    units: int
    units_done: int
    failed: int
    replicates_now: int
    seconds: float
    left: float

    @property
    def rate(self) -> float:
        """Replicates a second, of this run."""
        return self.replicates_now / self.seconds if self.seconds > 0.0 else 0.0


class Driver:
    """Gives the units of an archive that are not whole to an executor, and keeps count."""

    def __init__(
        self,
        archive: Archive,
        states: Array,
        seconds: Array,
        report: Callable[[Standing], None],
        failed: Callable[[list[Failure]], None],
    ) -> None:
        """Take the archive, what is on the disk, what a cell takes by estimate, and whom to tell."""
        self.archive, self._report, self._told_failed = archive, report, failed
        self._states = states
        self._open_blocks = (states != WHOLE).reshape(-1, archive.blocks).sum(axis=1)
        self._done = int((states == WHOLE).sum())
        self._replicates, self._began = 0, time.monotonic()
        self._weights = np.maximum(np.repeat(seconds, archive.blocks), 1e-3)
        self._ahead = float(self._weights[states != WHOLE].sum())
        self._behind = 0.0
        self.failures = list[Failure]()

    def standing(self) -> Standing:
        """How the study stands now."""
        archive, seconds = self.archive, time.monotonic() - self._began
        left = self._ahead * seconds / self._behind if self._behind else float("nan")
        cells = int((self._open_blocks == 0).sum())
        failed = len(self.failures)
        numbers = (archive.study.size, cells, archive.size, self._done, failed)
        return Standing(*numbers, self._replicates, seconds, left)

    def run(self, executor: Executor, window: Callable[[], int], stop: Event, patience: float) -> None:
        """Run what is not whole.

        Parameters
        ----------
        window
            How many units may be under way just now.
        stop
            Once set, no unit is given out any more; those under way get ``patience`` seconds to end.

        Raises
        ------
        StorageError
            Where the store cannot be written, or a unit done twice came out differently.
        WorkerError
            Where the executor is broken for good.
        """
        waiting = iter(self._waiting())
        again, strikes, flights = deque[int](), Counter[int](), dict[Future[Any], int]()
        end = float("inf")
        while True:
            if stop.is_set():
                end = min(end, time.monotonic() + patience)
            room = _room(window)
            while not stop.is_set() and len(flights) < room:
                number = again.popleft() if again else next(waiting, None)
                if number is None:
                    break
                flights[self._submit(executor, number)] = number
            if not flights or time.monotonic() > end:
                break
            ready, _ = wait(flights, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in ready:
                number = flights.pop(future)
                if self._landed(future, number, strikes):
                    again.append(number)
            self._report(self.standing())
        for future in flights:
            future.cancel()

    def _waiting(self) -> list[int]:
        """The units that are not whole, in the order in which they are given out: it changes no number."""
        numbers: list[int] = np.flatnonzero(self._states != WHOLE).tolist()
        return numbers

    def _submit(self, executor: Executor, number: int) -> Future[Any]:
        try:
            return executor.submit(work.do, work.payload(self.archive, number))
        except (BrokenExecutor, RuntimeError, OSError) as error:
            raise _broken(error) from None

    def _landed(self, future: Future[Any], number: int, strikes: Counter[int]) -> bool:
        """Count a unit that has ended; True where its worker died, so that it must be run again."""
        try:
            future.result()
        except StorageError as error:
            error.ending = KEPT_GOING
            raise
        except BrokenExecutor as error:
            strikes[number] += 1
            if strikes.total() >= HOPELESS and self._replicates == 0:
                raise WorkerError(f"{HOPELESS} workers ended before one had done a unit ({error})") from None
            if strikes[number] < STRIKES:
                return True
            self._set_aside(number, f"ended {STRIKES} workers")
        except CancelledError as error:
            raise _broken(error) from None
        except work.OtherVersions as error:
            raise WorkerError(str(error)) from None
        except Exception as error:
            lost = type(error).__name__ == "KilledWorker"  # Dask's, after as many tries of its own
            self._set_aside(number, "ended its workers" if lost else f"{type(error).__name__}: {error}")
        else:
            self._count(number)
        return False

    def _count(self, number: int) -> None:
        self._pass(number)
        self._done += 1
        self._replicates += self.archive.place(number).rows
        self._open_blocks[number // self.archive.blocks] -= 1

    def _pass(self, number: int) -> None:
        """Take a unit from what lies ahead, for the time left."""
        self._ahead -= self._weights[number]
        self._behind += self._weights[number]

    def _set_aside(self, number: int, reason: str) -> None:
        self._ahead -= self._weights[number]
        index, block = self.archive.unit(number)
        self.failures.append(Failure(self.archive.study.said(index), block, reason.splitlines()[0][:200]))
        self._told_failed(self.failures)


def _room(window: Callable[[], int]) -> int:
    """How many units may be under way; of a cluster, the answer of its scheduler."""
    try:
        return window()
    except OSError as error:
        raise _broken(error) from None


def _broken(error: BaseException) -> WorkerError:
    return WorkerError(f"the executor takes no more work ({type(error).__name__}: {error})")
