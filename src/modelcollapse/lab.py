"""Run a recipe: replicates in chunks, chunks on threads, results equal to the bit however they fall."""

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import xarray as xr

from modelcollapse import results, saving, warming
from modelcollapse.engines import ENGINES
from modelcollapse.engines.base import Cost
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.recursion import Info, generations
from modelcollapse.streams import generators
from modelcollapse.types import Params

CHUNK_BYTES = 3 * 2**23
"""Memory of a chunk: training sets of 8 MiB stay in the cache between drawing and fitting."""
WORTH_A_THREAD = 4e-4
"""Seconds of kernels a generation, as engines estimate them, below which a chunk is not worth a thread.

Between kernels a thread holds the interpreter for 20 to 50 us a generation, and to be woken after a wait for
it takes about as long. Two threads with little else to do wait for each other, and can take twice as long as
one: see ``benchmarks/README.md``.
"""
MAX_MEMORY = 8 * 2**30
MAX_SECONDS = 24 * 3600
MAX_DISK = 4 * 2**30

Progress = Callable[[int, int], None]
"""Called with (replicate-generations done, all of them), from several threads."""


@dataclass(frozen=True)
class Estimate:
    """What a recipe will roughly take on this computer's kind: seconds on one core, bytes, bytes."""

    seconds: float
    memory: int
    disk: int

    def __str__(self) -> str:
        """Say it in one line."""
        return f"about {_time(self.seconds)}, {_bytes(self.memory)} of memory, {_bytes(self.disk)} of disk"


def estimate(experiment: Experiment) -> Estimate:
    """Estimate time (one core), memory and disk, to the order of magnitude."""
    experiment = experiment.settled()
    cost = _cost(experiment)
    numbers = sum(math.prod(shape) for shape in results.shapes(experiment).values())
    disk = 8 * numbers * experiment.replicates * saving.most(experiment.save, experiment.generations)
    at_once = min(experiment.replicates, max(1, CHUNK_BYTES // max(cost.memory, 1)) * cores())
    seconds = cost.seconds * experiment.replicates * experiment.generations
    return Estimate(seconds, at_once * cost.memory + disk, disk)


def _cost(experiment: Experiment) -> Cost:
    """What a generation of one replicate takes: the mean of its time, and the most of its memory."""
    learner, n = experiment.learner, experiment.n_samples
    engine, most = ENGINES[experiment.engine](learner), experiment.workflow.largest(n, experiment.generations)
    first, last = (engine.cost(size, learner.effort(experiment.source, size)) for size in (n, most))
    return Cost((first.seconds + last.seconds) / 2.0, last.memory)


def cores() -> int:
    """The processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_size(experiment: Experiment) -> None:
    """Refuse what is beyond the limits, before anything is allocated.

    Raises
    ------
    RecipeError
        Naming the fields, the estimate, the limits and the way past them.
    """
    cost = estimate(experiment)
    if cost.seconds <= MAX_SECONDS and cost.memory <= MAX_MEMORY and cost.disk <= MAX_DISK:
        return
    limits = f"{_time(MAX_SECONDS)}, {_bytes(MAX_MEMORY)} of memory, {_bytes(MAX_DISK)} of disk"
    allowed = (
        f"together take {cost}; the limits are {limits}; --allow-large (allow_large=True) goes past them"
    )
    names = ("n_samples", "generations", "replicates")
    sizes = ", ".join(f"{name} = {getattr(experiment, name)}" for name in names[1:])
    raise RecipeError([Problem("n_samples", experiment.n_samples, f"with {sizes}, {allowed}")])


def run(
    experiment: Experiment,
    *,
    threads: int | None = None,
    chunk: int | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    allow_large: bool = False,
) -> xr.Dataset:
    """Run a recipe.

    Parameters
    ----------
    experiment
        The recipe.
    threads
        Threads to use; all cores if not given. The result does not depend on it.
    chunk
        Replicates that go through the generations together; chosen if not given. The result does
        not depend on it.
    progress
        Called now and then with the work done and all of it, in replicate-generations.
    stop
        Once set, the run ends after the generation at hand. The result is then that of a recipe with
        fewer generations or replicates: the most that was reached, with the same numbers.
    allow_large
        Go past the limits on time, memory and disk.

    Returns
    -------
    xarray.Dataset
        As in ``docs/recipe.md``; ``modelcollapse.replay`` gives it again.

    Raises
    ------
    RecipeError
        Where the recipe is beyond the limits; nothing has been computed.
    """
    asked, experiment = experiment, experiment.settled()
    for name, value in (("threads", threads), ("chunk", chunk)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise RecipeError([Problem(name, value, "must be an integer >= 1")])
    if not allow_large:
        check_size(experiment)
    threads = min(threads or cores(), 4 * cores())
    stop = stop or threading.Event()
    if cores() > 1:
        warming.warm(experiment, ENGINES[experiment.engine](experiment.learner), stop)
    work = _Work(experiment, progress, stop)
    chunks = _chunks(experiment, threads, chunk)
    if threads == 1 or len(chunks) == 1:
        for rows in chunks:
            work.do(rows)
    else:
        _on_threads(work, chunks, threads)
    dataset = work.result()
    return dataset if asked is experiment else dataset.assign_attrs(notes="; ".join(asked.notes()))


def replay(dataset: xr.Dataset, *, threads: int | None = None) -> xr.Dataset:
    """Run a result's recipe again: equal to the bit on the same versions."""
    return run(results.experiment_of(dataset), threads=threads, allow_large=True)


def block(experiment: Experiment, first: int, stop: int) -> results.Variables:
    """Run some replicates of a recipe, on this thread: the unit of a study's work.

    Parameters
    ----------
    experiment
        The recipe; its size is not checked.
    first, stop
        The replicates, as a range.

    Returns
    -------
    dict
        Name -> ``(replicate, generation, ...)``, equal to the bit to these replicates of `run`.
    """
    some = experiment.settled().changed(replicates=stop - first)
    work = _Work(some, None, threading.Event(), first)
    for rows in _chunks(some, 1, None):
        work.do(rows)
    return work.variables


def _chunks(experiment: Experiment, threads: int, chunk: int | None) -> list[slice]:
    replicates = experiment.replicates
    if chunk is None:
        cost = _cost(experiment)
        busy = max(1, min(threads, int(replicates * cost.seconds / WORTH_A_THREAD)))
        chunk = max(1, min(math.ceil(replicates / busy), CHUNK_BYTES // max(cost.memory, 1)))
    return [slice(i, min(i + chunk, replicates)) for i in range(0, replicates, chunk)]


def _on_threads(work: "_Work", chunks: list[slice], threads: int) -> None:
    pool = ThreadPoolExecutor(threads)
    try:
        for future in [pool.submit(work.do, rows) for rows in chunks]:
            future.result()
    except BaseException:
        work.stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Work:
    """The arrays of a run while they are filled, each chunk writing its own rows."""

    def __init__(
        self, experiment: Experiment, progress: Progress | None, stop: threading.Event, first: int = 0
    ) -> None:
        self.experiment, self.first = experiment, first
        self.saved = experiment.saved()
        self.variables = results.allocate(experiment, len(self.saved))
        self.reached = np.zeros(experiment.replicates, dtype=np.int64)
        self.progress = progress
        self.stop = stop

    def do(self, rows: slice) -> None:
        """Take some replicates through all generations."""
        experiment = self.experiment
        numbers = range(self.first + rows.start, self.first + rows.stop)
        streams = generators(experiment.seed, experiment.key(), numbers)
        steps = generations(
            ENGINES[experiment.engine](experiment.learner),
            experiment.workflow,
            experiment.source,
            experiment.n_samples,
            experiment.start,
            streams,
        )
        together = results.at_once(experiment, rows.stop - rows.start)
        column, block = 1, list[tuple[Params, Info]]()
        while column < len(self.saved) and not self.stop.is_set():
            state, info = next(steps)
            if state.generation == self.saved[column]:
                block.append((experiment.learner.without_items(state.params), info))
                column += 1
            if len(block) >= together or experiment.learner.remembers:  # whose parameters may be large
                self._record(rows, column, block)
            self.reached[rows] = state.generation
            if self.progress is not None:
                self.progress(int(self.reached.sum()), experiment.replicates * experiment.generations)
        self._record(rows, column, block)

    def _record(self, rows: slice, column: int, block: list[tuple[Params, Info]]) -> None:
        """Write the generations of a block, which end before ``column``."""
        if block:
            results.put(self.variables, rows, column - len(block), self.experiment, block)
            block.clear()

    def result(self) -> xr.Dataset:
        """The result; of a run that was stopped, the most that makes a whole result of its own.

        That is the first replicates, as far as all of them have come: of all such blocks the one
        with the most generations times replicates.
        """
        experiment = self.experiment
        common = np.minimum.accumulate(self.reached)
        replicates = int(np.argmax(common * np.arange(1, len(common) + 1))) + 1
        last = int(common[replicates - 1])
        if last == experiment.generations and replicates == experiment.replicates:
            return results.assemble(experiment, self.variables, self.saved)
        if last == 0:
            replicates = experiment.replicates
        saved = [g for g in self.saved if g <= last]
        experiment = experiment.changed(generations=max(saved[-1], 1), replicates=replicates)
        variables = {name: value[:replicates] for name, value in self.variables.items()}
        return results.assemble(experiment, variables, saved)


def _time(seconds: float) -> str:
    for unit, size in (("years", 31557600), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} seconds"


def _bytes(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if count < 1024 or unit == "PiB":
            return f"{count:.3g} {unit}"
        count /= 1024
    return ""
