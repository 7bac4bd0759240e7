"""Sweep: a study, its folder, workers. The same call again goes on where the last one ended."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from modelcollapse import lab, store
from modelcollapse.errors import LabError, Problem, RecipeError, StorageError
from modelcollapse.studies import disk, executors, folder, lock, preparing
from modelcollapse.studies.archive import Archive, Scan
from modelcollapse.studies.driver import KEPT_GOING, Driver, Failure, Standing
from modelcollapse.studies.study import Study

PATIENCE = 3.0
"""Seconds that units under way get to end after an interruption."""
SAID = 100
"""Failures that the lock names at most, for those who look on."""


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended.

    Attributes
    ----------
    path
        The study's folder.
    units, done
        Units of the study, and those that are whole.
    failed
        Those that were set aside; the next sweep tries them again.
    stopped
        Whether it was asked to end.
    notes
        What was found and done on the way: damaged units, a lock taken over, another environment.
    """

    path: Path
    units: int
    done: int
    failed: tuple[Failure, ...]
    stopped: bool
    notes: tuple[str, ...]


def sweep(
    study: Study | str | Path,
    out: str | Path,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    dask: str | None = None,
    block: int | None = None,
    accept_environment: bool = False,
    allow_large: bool = False,
    report: Callable[[Standing], None] | None = None,
    note: Callable[[str], None] | None = None,
    stop: Event | None = None,
) -> Outcome:
    """Run what is missing of a study, and commit each unit as it is done.

    Parameters
    ----------
    study
        A study, the path of its TOML, or the text.
    out
        Its folder: made where it is not there, else gone on with. More values of an axis, or more replicates,
        are added to what is there.
    executor
        Anything with the interface of `concurrent.futures.Executor` whose workers see the folder. Without
        it, processes of this computer.
    workers
        How many processes, or units that an executor gets at a time; one a core if not given. Changes
        no number.
    dask
        The address of a Dask scheduler in the place of an executor, or ``"local"``.
    block
        Replicates of a unit, for a new folder; chosen if not given. Changes no number.
    accept_environment
        Go on with a folder that was begun with other versions of NumPy, numba or this program.
    allow_large
        Go past the limits on time, memory and disk.
    report
        Called some times a second with how the study stands.
    note
        Called with what is found on the way, in a sentence.
    stop
        Once set, the sweep ends within a few seconds.

    Returns
    -------
    Outcome
        What was done, and what was not. The numbers are in the folder: ``modelcollapse.load(out)``.

    Raises
    ------
    RecipeError, DataError
        Where the study is wrong; nothing was written.
    StorageError
        Where the folder cannot be used: of another study, at work, damaged beyond its units, full.
    WorkerError
        Where the executor is broken for good.
    """
    study = study if isinstance(study, Study) else Study.from_toml(study)
    _check_numbers(workers=workers, block=block)
    if executor is not None and dask is not None:
        raise RecipeError([Problem("dask", dask, "cannot be asked for beside an executor")])
    study.check(allow_large)
    path = store.place(out)
    notes = list[str]()

    def tell(sentence: str) -> None:
        notes.append(sentence)
        if note is not None:
            note(sentence)

    stop = stop or Event()
    fresh = not preparing.there(path)
    if not fresh:
        folder.open_study(path)  # the lock of a version that we do not know is not ours to take
    with _workers(executor, dask, workers or lab.cores(), stop) as (pool, window):
        if fresh:
            preparing.make(path, study, block)
        with _ending(fresh), _storage(path, KEPT_GOING), _at_work(path, tell) as held, _ended(pool, stop):
            archive, scan = preparing.prepare(path, study, accept_environment, tell, stop)
            driver = Driver(
                archive,
                scan.states,
                study.seconds(archive.study),
                report or (lambda _: None),
                lambda failures: held.say(failed=list(map(str, failures[:SAID]))),
            )
            driver.run(pool, window, stop, PATIENCE)
            if not stop.is_set():
                folder.tidy(archive)  # of workers that died
    standing = driver.standing()
    stopped = stop.is_set() and standing.units_done < archive.size
    return Outcome(path, archive.size, standing.units_done, tuple(driver.failures), stopped, tuple(notes))


def check(
    path: str | Path, repair: bool = False, told: Callable[[int, int], None] | None = None
) -> tuple[Archive, Scan, list[str]]:
    """Verify every block of a study by its hash, and all metadata.

    Parameters
    ----------
    repair
        Write metadata and coordinates anew where they are damaged. Damaged blocks are a sweep's to mend.

    Returns
    -------
    tuple
        The archive, what its units are, and a sentence for each file of metadata that is damaged.
    """
    archive = folder.open_study(store.place(path))
    wrong = folder.damaged_metadata(archive)
    with _storage(archive.path, StorageError.ending):
        if wrong and repair:
            with lock.held(archive.path, []):
                archive = folder.open_study(archive.path)  # it may have grown meanwhile
                for place in {file.parent for file in archive.files()}:
                    place.mkdir(exist_ok=True)
                disk.put_all(archive.files())
            wrong = folder.damaged_metadata(archive)
        return archive, archive.scan(told), wrong


def _check_numbers(**numbers: int | None) -> None:
    problems = [
        Problem(name, value, "must be an integer >= 1")
        for name, value in numbers.items()
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1)
    ]
    if problems:
        raise RecipeError(problems)


@contextmanager
def _at_work(path: Path, tell: Callable[[str], None]) -> Iterator[lock.Lock]:
    """Hold the folder's lock, and say where it was taken over."""
    taken = list[str]()
    with lock.held(path, taken) as held:
        for sentence in taken:
            tell(sentence)
        yield held


@contextmanager
def _ending(fresh: bool) -> Iterator[None]:
    """Say of a folder that was there that it is as it was."""
    try:
        yield
    except LabError as error:
        if not fresh and error.ending == LabError.ending:
            error.ending = "nothing was changed"
        raise


@contextmanager
def _storage(path: Path, ending: str) -> Iterator[None]:
    """Say in a sentence that a folder has vanished, is read-only, or full."""
    try:
        yield
    except OSError as error:
        failed = StorageError(f"cannot be used: {disk.said(error)}", str(path))
        failed.ending = ending
        raise failed from None


@contextmanager
def _workers(
    executor: Executor | None, dask: str | None, workers: int, stop: Event
) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """The executor, and how many units it may have under way."""
    if executor is not None:
        yield executor, lambda: workers
        return
    if dask is not None:
        with executors.dask(dask, workers) as (cluster, cores):
            yield cluster, lambda: 2 * max(1, cores())
        return
    pool = executors.SpawnPool(workers)
    with _ended(pool, stop):
        yield pool, lambda: workers


@contextmanager
def _ended(pool: Executor, stop: Event) -> Iterator[None]:
    """End our own processes: before the lock is given back, so that whoever has it next writes alone."""
    done = False
    try:
        yield
        done = not stop.is_set()
    finally:
        if isinstance(pool, executors.SpawnPool):
            if not done:
                pool.kill()
            with suppress(Exception):
                pool.shutdown(wait=True, cancel_futures=True)
