"""A look at all cells of a study before any work: what is wrong in them, and what they take."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modelcollapse import lab, truths
from modelcollapse.errors import DataError, LabError, Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.lab import Estimate
from modelcollapse.recipe import Raw
from modelcollapse.sources import DataSet
from modelcollapse.studies.values import frozen
from modelcollapse.types import Array

MAX_SECONDS = 7 * 24 * 3600
"""Time on one core, of all cells."""
MAX_MEMORY = lab.MAX_MEMORY
"""Memory of the largest cell."""
MAX_DISK = 64 * 2**30
"""What all cells store."""
MOST_TOLD = 20
"""Problems that are told; the rest are counted."""
MOST_WRONG = 1_000
"""Cells with problems, after which no more are looked at."""

Index = tuple[int, ...]
"""A cell: the number of its point along each axis."""


class Held:
    """What truths' files hold, read once for all cells with that truth."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._of: dict[Hashable, tuple[str, DataSet | Array]] = {}
        self._digests: dict[int, tuple[Array, str]] = {}

    def of(self, truth: Any) -> DataSet | Array | None:
        """What a truth's file held, where it is known."""
        return self._of[key][1] if self._of and (key := frozen(truth)) in self._of else None

    def keep(self, truth: Any, experiment: Experiment) -> None:
        """Keep what the file of an experiment's truth holds."""
        source, values = experiment.source, experiment.held
        if values is not None:
            self._of[frozen(truth)] = (
                experiment.truth.family,
                source if isinstance(source, DataSet) else values,
            )

    def different(self) -> bool:
        """Whether two truths hold different numbers."""
        numbers = (
            (family, what.values if isinstance(what, DataSet) else what) for family, what in self._of.values()
        )
        return len({(family, self.digest(values)) for family, values in numbers}) > 1

    def digest(self, values: Array) -> str:
        """The hash of numbers, computed once."""
        if id(values) not in self._digests:  # held, so that no other array has its id
            self._digests[id(values)] = values, truths.digest(values)
        return self._digests[id(values)][1]


@dataclass(frozen=True)
class Survey:
    """What was found: problems, whether all are of data, what the cells take, and the seconds of each."""

    problems: tuple[Problem, ...]
    only_data: bool
    estimate: Estimate
    seconds: Array

    @classmethod
    def of(
        cls,
        indices: Iterable[Index],
        cell: Callable[[Index], Experiment],
        said: Callable[[Index], str],
        size: int,
    ) -> "Survey":
        """Make every cell once, and add up what they take."""
        found: dict[tuple[str, str], tuple[Problem, Index]] = {}
        times: dict[str, int] = {}
        looked, wrong, only_data, memory, disk = 0, 0, True, 0, 0
        seconds = np.zeros(size)
        for index in indices:
            looked += 1
            try:
                one = lab.estimate(cell(index))
                seconds[looked - 1] = one.seconds
                memory, disk = max(memory, one.memory), disk + one.disk
            except LabError as error:
                wrong, only_data = wrong + 1, only_data and isinstance(error, DataError)
                for problem in error.problems:
                    found.setdefault((problem.field, problem.allowed), (problem, index))
                    times[str(problem)] = times.get(str(problem), 0) + 1
                if wrong == MOST_WRONG:
                    break
        told = [
            problem if times[str(problem)] == looked else replace(problem, where=f"in cell {said(index)}")
            for problem, index in found.values()
        ]
        if len(told) > MOST_TOLD:
            told[MOST_TOLD:] = [Problem("", None, f"and {len(told) - MOST_TOLD} more")]
        if looked < size:
            told.append(Problem("", None, f"and perhaps more: {looked:,} of {size:,} cells were looked at"))
        return cls(tuple(told), only_data, Estimate(float(seconds.sum()), memory, disk), seconds)

    def with_data(self, held: Held) -> "Survey":
        """The same, and a problem where cells hold different data."""
        if not held.different():
            return self
        allowed = "different data in different cells: a study holds one data set; make one study of each"
        return replace(self, problems=(*self.problems, Problem("truth.path", None, allowed)), only_data=False)


def check_size(size: int, settings: Raw, estimate: Estimate, file: str) -> None:
    """Refuse a study beyond the limits, before any work.

    Raises
    ------
    RecipeError
        Naming the fields, the estimate, the limits and the way past them.
    """
    if estimate.seconds <= MAX_SECONDS and estimate.memory <= MAX_MEMORY and estimate.disk <= MAX_DISK:
        return
    limits = Estimate(MAX_SECONDS, MAX_MEMORY, MAX_DISK)
    names = ", ".join(f"{name} = {settings[name]}" for name in ("generations", "replicates"))
    allowed = (
        f"{size:,} cells with {names} take {estimate} (memory: the largest cell); the limits are "
        f"{str(limits).removeprefix('about ')}; --allow-large (allow_large=True) goes past them"
    )
    raise RecipeError([Problem("sweep", None, allowed)], file)
