"""A study: a recipe with axes, every cell of it an experiment."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import recipe, saving
from modelcollapse.errors import DataError, Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.lab import Estimate
from modelcollapse.recipe import Raw
from modelcollapse.studies import axes as axes_
from modelcollapse.studies.axes import Axis
from modelcollapse.studies.differences import between, difference, fields
from modelcollapse.studies.settings import SETTINGS, elsewhere, filled_in
from modelcollapse.studies.stored import read_axis, read_values, stored, stored_axis
from modelcollapse.studies.survey import Held, Index, Survey, check_size
from modelcollapse.studies.values import DEEPEST, frozen, too_deep
from modelcollapse.types import Array


@dataclass(frozen=True, eq=False)
class Study:
    """A recipe whose values vary along axes.

    ``recipe`` is the text without its axes: nothing is filled in but what is the same for all cells
    (`SETTINGS`). What the truth's file holds is read once, or given as ``data``.
    """

    recipe: Raw
    axes: tuple[Axis, ...]
    base: Path = Path()
    file: str = ""
    data: Array | None = None
    _held: Held = field(default_factory=Held, repr=False, init=False)
    _survey: list[Survey] = field(default_factory=list, repr=False, init=False)

    @classmethod
    def from_toml(cls, source: str | Path, changes: Iterable[str] = ()) -> "Study":
        """Read a study, as `Experiment.from_toml` reads a recipe.

        Raises
        ------
        RecipeError
            Where its axes are not what they should be; `check` looks at its cells.
        """
        text, file = recipe.read_source(source)
        raw = recipe.replace_values(recipe.parse(text, file), changes)
        base = Path(file).parent if file else Path()
        if "sweep" not in raw:
            raise RecipeError(
                "is no study: it has no [sweep] table; `modelcollapse run` is for one recipe", file
            )
        if too_deep(raw):
            raise RecipeError(f"has tables or lists within each other, more than {DEEPEST} deep", file)
        sweep = raw.pop("sweep")
        axes, problems = axes_.read(sweep)
        settings, wrong = filled_in(raw)
        problems += wrong
        if problems:
            problems += elsewhere(raw, sweep, problems, base)
            raise RecipeError(problems, file)
        return cls(raw | settings, tuple(axes), base, file)

    @classmethod
    def from_json(cls, text: str, data: Array | None = None) -> "Study":
        """Read what `to_json` wrote; ``data`` are the numbers of its truth's file, if it has one."""
        try:
            raw = json.loads(text)
            written = raw.pop("sweep")
            raw, axes = read_values(raw), tuple(map(read_axis, written))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise RecipeError("is not what a study is stored as") from None
        settings, problems = filled_in(raw)
        if problems or not axes or not axes_.named_well(axes):
            raise RecipeError(problems or "is not what a study is stored as")
        return cls(raw | settings, axes, data=data)

    def to_json(self) -> str:
        """The study as JSON: equal studies give equal text. Large seeds are strings there."""
        written = list(map(stored_axis, self.axes))
        table = {**stored(self.recipe), "sweep": written}
        return json.dumps(table, sort_keys=True, allow_nan=False)

    @property
    def replicates(self) -> int:
        """Replicates of every cell."""
        return int(self.recipe["replicates"])

    @property
    def generations(self) -> int:
        """Generations of every cell."""
        return int(self.recipe["generations"])

    @property
    def save(self) -> saving.Save:
        """Which generations are stored, of every cell."""
        save: saving.Save = saving.check(self.recipe["save"])
        return save

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each axis."""
        return tuple(map(len, self.axes))

    @property
    def size(self) -> int:
        """The number of cells."""
        return prod(self.shape)

    def cell(self, index: Index) -> Experiment:
        """One cell, settled: with an engine in the place of ``"auto"``.

        Raises
        ------
        RecipeError, DataError
            Where it is no recipe, or its data are not what they should be.
        """
        raw = self.raw(index)
        truth = raw.get("truth")
        known = self._held.of(truth)
        experiment = Experiment._from_raw(raw, self.base, self.file, self.data if known is None else known)
        if known is None:
            self._held.keep(truth, experiment)
        return experiment.settled()

    def raw(self, index: Index) -> Raw:
        """One cell's recipe as TOML holds it, before anything is filled in or checked."""
        settings = [
            (tuple(path.split(".")), value)
            for axis, i in zip(self.axes, index, strict=True)
            for path, value in axis.values[i].items()
        ]
        raw, problems = recipe.with_values(self.recipe, settings)
        if problems:
            raise RecipeError(problems, self.file)
        return raw

    def cells(self) -> Iterator[tuple[Index, Experiment]]:
        """All cells in order, the last axis fastest; each is made when it is asked for."""
        for index in product(*map(range, self.shape)):
            yield index, self.cell(index)

    def said(self, index: Index) -> str:
        """A cell in words: ``real = 0.1, n_samples = 100``."""
        return ", ".join(axis.said(i) for axis, i in zip(self.axes, index, strict=True))

    def check(self, allow_large: bool = False) -> None:
        """Look at every cell before any work.

        Raises
        ------
        RecipeError
            With what is wrong in any cell, each told once, or where the study is too large.
        DataError
            Where only data are wrong.
        """
        survey = self._surveyed()
        if survey.problems:
            raise (DataError if survey.only_data else RecipeError)(survey.problems, self.file)
        if not allow_large:
            check_size(self.size, self.recipe, survey.estimate, self.file)

    def estimate(self) -> Estimate:
        """Time of all cells on one core, memory of the largest, disk of all; of the cells that are right."""
        return self._surveyed().estimate

    def seconds(self, other: "Study") -> Array:
        """What each cell of another study takes on one core, ``(cell,)``: all its points are this one's."""
        places = (np.array(along, dtype=np.int64) for along in self._places(other))
        return self._surveyed().seconds.reshape(self.shape)[np.ix_(*places)].reshape(-1)

    def _surveyed(self) -> Survey:
        if not self._survey:
            indices = product(*map(range, self.shape))
            survey = Survey.of(indices, self.cell, self.said, self.size)
            self._survey.append(survey.with_data(self._held))
        return self._survey[0]

    @property
    def held(self) -> Array | None:
        """What the truth's file holds, where it lies in one: the same in all cells that have it."""
        if self.data is not None:
            return self.data
        moving = [any(path.split(".")[0] == "truth" for path in axis.paths) for axis in self.axes]
        ranges = (range(n) if moves else range(1) for n, moves in zip(self.shape, moving, strict=True))
        found = (self.cell(index).held for index in product(*ranges))
        return next((values for values in found if values is not None), None)

    def same_but(self, other: "Study") -> list[Problem]:
        """The fields in which another study differs, with both values. That this one has more points or
        replicates, or has points in another order, is no difference."""
        more = self.replicates >= other.replicates
        names = [
            name
            for name in SETTINGS
            if not any(name in axis.paths for axis in self.axes) and not (more and name == "replicates")
        ]
        mine, theirs = ({name: study.recipe[name] for name in names} for study in (self, other))
        settings, axes = between(mine, theirs), self._other_axes(other)
        if axes:  # no cells to compare
            texts = (fields(study.recipe, without=SETTINGS) for study in (self, other))
            return [*settings, *between(*texts), *axes]
        return [*settings, *self._other_cells(other)]

    def ordered_after(self, other: "Study") -> "Study":
        """This study as another is written, with the points of that one first and new ones after them.

        A default that is written out, or 1e2 for 100, is no difference, but another text: a store's text
        stays as it is, and so do the keys of its cells. What this one adds are points and replicates.
        """
        axes = []
        for mine, theirs, places in zip(self.axes, other.axes, self._places(other), strict=True):
            new = mine.reordered(i for i in range(len(mine)) if i not in places)
            along = {name: (*theirs.coordinates[name], *new.coordinates[name]) for name in theirs.coordinates}
            axes.append(Axis(theirs.name, (*theirs.values, *new.values), along))
        recipe = {**other.recipe, "replicates": self.recipe["replicates"]}
        data = self.data if other.data is None else other.data
        ordered = replace(self, recipe=recipe, axes=tuple(axes), data=data)
        object.__setattr__(ordered, "_held", self._held)  # the same file
        return ordered

    def _places(self, other: "Study") -> list[list[int | None]]:
        """For each axis, where the points of another study's axis of that name are along it."""
        theirs, found = {axis.name: axis for axis in other.axes}, []
        for axis in self.axes:
            place = {frozen(point): i for i, point in enumerate(axis.values)}
            points = theirs[axis.name].values if axis.name in theirs else ()
            found.append([place.get(frozen(point)) for point in points])
        return found

    def _other_axes(self, other: "Study") -> list[Problem]:
        """Axes that only one of the two has, or has along other coordinates, or with fewer points."""
        mine, theirs = ({axis.name: axis for axis in study.axes} for study in (self, other))
        places = dict(zip(mine, self._places(other), strict=True))
        problems = []
        for name in dict.fromkeys((*mine, *theirs)):
            one, there = mine.get(name), theirs.get(name)
            if one is None or there is None or None in places[name]:
                problems.append(difference(f"sweep.{name}", _points(one), _points(there)))
            elif list(one.coordinates) != list(there.coordinates):
                lie = list(one.coordinates), list(there.coordinates)
                problems.append(difference(f"sweep.{name}", *lie))
        if not problems and list(mine) != list(theirs):
            problems.append(difference("sweep", list(mine), list(theirs)))
        return problems

    def _other_cells(self, other: "Study") -> list[Problem]:
        """Where the cells of another study differ from this one's at the same points.

        One cell and those beside it along each axis are looked at: they meet all points of all axes.
        """
        places, found = self._places(other), dict[str, Problem]()
        first = (0,) * len(other.axes)
        beside = [(*first[:k], i, *first[k + 1 :]) for k, n in enumerate(other.shape) for i in range(1, n)]
        for index in (first, *beside):
            here = tuple(places[k][i] or 0 for k, i in enumerate(index))
            for problem in between(self._fields(here), other._fields(index)):
                found.setdefault(problem.field, problem)
        return list(found.values())

    def _fields(self, index: Index) -> dict[str, Any]:
        """A cell's recipe, filled in, by field; what lies in a file as the hash of its numbers."""
        experiment = self.cell(index)
        table = experiment.table()
        for name in experiment.workflow.follows:
            table["workflow"].pop(name, None)
        if experiment.held is not None:
            table["truth"] = {"family": experiment.truth.family, "sha256": self._held.digest(experiment.held)}
        return fields(table, without=SETTINGS)

    def __eq__(self, other: object) -> bool:
        """Equal studies have equal cells, in the same order, and equal data."""
        if not isinstance(other, Study):
            return NotImplemented
        return self.to_json() == other.to_json() and self._sha256() == other._sha256()

    def _sha256(self) -> str:
        held = self.held
        return "" if held is None else self._held.digest(held)

    def __hash__(self) -> int:
        """Hash the study's text."""
        return hash(self.to_json())


def _points(axis: Axis | None) -> list[str] | None:
    """An axis in words."""
    return None if axis is None else [axis.said(i) for i in range(min(len(axis), 100))]
