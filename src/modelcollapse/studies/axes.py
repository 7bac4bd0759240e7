"""The [sweep] table of a study: axes, each a list of points, each point values that are set together."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelcollapse import families, results
from modelcollapse.errors import Problem
from modelcollapse.metrics import METRICS
from modelcollapse.studies import forms
from modelcollapse.studies.forms import Form, Point, Refused
from modelcollapse.studies.values import coordinate, first_of_same, not_plain, toml

MOST_CELLS = 10**6
"""Cells of a study at most."""
NOT_SWEPT = ("replicates", "generations", "save", "sweep")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
LONGEST_PATH = 200


@dataclass(frozen=True)
class Axis:
    """A dimension of a study.

    ``values`` are its points: what each sets, path -> value as TOML holds it. ``coordinates`` are what
    lies along it in a result: a number or a string a point.
    """

    name: str
    values: tuple[Mapping[str, Any], ...]
    coordinates: Mapping[str, tuple[Any, ...]]

    def __len__(self) -> int:
        """Count its points."""
        return len(self.values)

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths that its points set, in order."""
        return tuple(dict.fromkeys(path for point in self.values for path in point))

    def said(self, i: int) -> str:
        """A point in words: ``real = 0.1, kept = 0.2``."""
        return ", ".join(f"{name} = {_short(values[i])}" for name, values in self.coordinates.items())

    def reordered(self, order: Iterable[int]) -> "Axis":
        """The same axis with its points in another order."""
        order = tuple(order)
        along = {name: tuple(values[i] for i in order) for name, values in self.coordinates.items()}
        return Axis(self.name, tuple(self.values[i] for i in order), along)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else toml(value)
    return text if len(text) <= 40 else text[:39] + "…"


@dataclass(frozen=True)
class _Written:
    """An axis as it is written: its key, its form, and its points."""

    key: str
    form: Form
    points: list[Point]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for point in self.points for path in point))

    def axis(self, name: str, along: Mapping[str, str]) -> Axis:
        """The axis with its name, and the names of coordinates: path -> name."""
        if self.form.together:
            rows = {along[path]: [point[path] for point in self.points] for path in self.paths}
        elif isinstance(self.form, forms.Listed):
            rows = {name: list(self.form.values)}
        else:
            rows = {name: [point[self.key] for point in self.points]}
        coordinates = {name: coordinate(values) for name, values in rows.items()}
        return Axis(name, tuple(self.points), coordinates)


def read(sweep: Any) -> tuple[list[Axis], list[Problem]]:
    """The axes of a study's ``[sweep]``, in order, or what is wrong with it; nothing large is made of it."""
    if not isinstance(sweep, Mapping):
        return [], [Problem("sweep", sweep, "must be a table of axes")]
    problems, asked = [], []
    for key, spec in _entries(sweep):
        try:
            asked.append((key, forms.of(key, spec)))
        except Refused as error:
            problems.append(error.problem)
    if not asked and not problems:
        problems.append(Problem("sweep", None, "must have an axis: n_samples = [100, 1000] is one"))
    cells = math.prod(form.length for _, form in asked)
    if cells > MOST_CELLS:
        return [], [
            *problems,
            Problem("sweep", None, f"{_count(cells)} cells; at most {MOST_CELLS:,} are run"),
        ]
    written = []
    for key, form in asked:
        try:
            written.append(_Written(key, form, form.points()))
        except Refused as error:
            problems.append(error.problem)
    clashes = _clashes(written)
    problems += [*_wrong(written), *clashes]
    names, unnamed = ({}, []) if clashes else _names(written)
    problems += unnamed
    if problems:
        return [], problems
    along = [{path: name for (j, path), name in names.items() if j == i} for i in range(len(written))]
    return [axis.axis(own[""], own) for axis, own in zip(written, along, strict=True)], []


def _count(cells: int) -> str:
    return f"{cells:,}" if cells < 10**18 else "more than 10^18"


def _entries(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The axes as written, by path: an unquoted ``workflow.real`` is a table in a table."""
    for key, spec in table.items():
        nested = isinstance(spec, Mapping) and spec and not set(forms.KEYS) & set(spec)
        if nested and all(isinstance(inner, list | Mapping) for inner in spec.values()):
            yield from _entries(spec, f"{before}{key}.")
        else:
            yield f"{before}{key}", spec


def _wrong(written: list[_Written]) -> Iterator[Problem]:
    """What is wrong with each axis by itself."""
    for axis in written:
        field = f"sweep.{axis.key}"
        for path in dict.fromkeys((axis.key, *axis.paths)):
            words = path.split(".")
            if len(path) > LONGEST_PATH or not all(WORD.fullmatch(word) for word in words):
                allowed = (
                    f"must be words of letters, digits, _ and -, joined by dots, at most {LONGEST_PATH} long"
                )
                yield Problem(field, None if path == axis.key else path, allowed)
            elif words[0] in NOT_SWEPT and path in axis.paths:
                yield Problem(field, None, f"{words[0]} is not swept: it is the same for all cells")
        values = ((path, value) for point in axis.points for path, value in point.items())
        wrong = [(path, value, reason) for path, value in values if (reason := not_plain(value))]
        for path, value, reason in wrong[:3]:
            yield Problem(field, value, reason if path == axis.key else f"{path} {reason}")
        if not wrong:
            yield from _duplicates(axis)


def _duplicates(axis: _Written) -> Iterator[Problem]:
    first = first_of_same(axis.points)
    twice = [(i, j) for i, j in enumerate(first) if i != j]
    for i, j in twice[:3]:
        one, other = (toml(_shown(axis.points[k])) for k in (j, i))
        say = f"holds {one} twice" if one == other else f"holds {one} and {other}, which are the same"
        yield Problem(f"sweep.{axis.key}", None, f"{say} (points {j + 1} and {i + 1})")
    if len(twice) > 3:
        yield Problem(f"sweep.{axis.key}", None, f"and {len(twice) - 3} more points that are there twice")


def _shown(point: Point) -> Any:
    return next(iter(point.values())) if len(point) == 1 else point


def _clashes(written: list[_Written]) -> list[Problem]:
    """Paths that are set twice: by two axes, or as a table and as a value in it."""
    problems, owner = [], dict[str, int]()
    for i, axis in enumerate(written):
        for path in axis.paths:
            if owner.setdefault(path, i) != i:
                problems.append(_twice(path, axis, written[owner[path]]))
    for i, axis in enumerate(written):
        for path in axis.paths:
            words = path.split(".")
            tables = (".".join(words[:n]) for n in range(1, len(words)))
            above = next((table for table in tables if table in owner), None)
            if above is not None and (owner[above] != i or axis.form.together):
                problems.append(_twice(above, axis, written[owner[above]]))
    return problems


def _twice(path: str, axis: _Written, other: _Written) -> Problem:
    if axis is other:
        return Problem(f"sweep.{axis.key}", None, f"sets {path} twice: whole, and values in it")
    where = f"sweep.{other.key}" if other.key != axis.key else "another axis of that name"
    return Problem(f"sweep.{axis.key}", None, f"sets {path}, which {where} sets, too")


def _taken() -> set[str]:
    """Names of a result's own: dimensions, coordinates, variables and metrics."""
    learners = [learner.dimensions for learner in families.LEARNERS]
    axes = {axis for dimensions in learners for axes in dimensions.values() for axis in axes}
    held = {name for variable, axes in results.HELD.values() for name in (variable, *axes)}
    own = {
        "replicate",
        "generation",
        "done",
        "commit",
        "block",
        "byte",
        *results.LABELS,
        *results.BOOKKEEPING,
        *METRICS,
    }
    return own | axes | held | {name for dimensions in learners for name in dimensions}


def named_well(axes: Iterable[Axis]) -> bool:
    """Whether stored axes have names that `read` could give: they become names of folders."""
    taken, seen = _taken(), list[str]()
    for axis in axes:
        seen += dict.fromkeys(name.casefold() for name in (axis.name, *axis.coordinates))
    return len(set(seen)) == len(seen) and all(WORD.fullmatch(name) and name not in taken for name in seen)


def _names(written: list[_Written]) -> tuple[dict[tuple[int, str], str], list[Problem]]:
    """The name of each dimension, by (axis, ""), and of each coordinate of values set together, by
    (axis, path): the last word of its path, or all of them where that word is taken."""
    paths = {(i, ""): axis.key for i, axis in enumerate(written)}
    paths |= {(i, path): path for i, axis in enumerate(written) if axis.form.together for path in axis.paths}
    names = {label: path.rsplit(".", 1)[-1] for label, path in paths.items()}
    taken = _taken()
    for name, labels in _by_name(names).items():
        if name in taken or not _go_together(labels):
            for label in labels:
                names[label] = paths[label].replace(".", "_")
    problems = []
    for name, labels in _by_name(names).items():
        keys = list(dict.fromkeys(written[i].key for i, _ in labels))
        if name in taken and any(written[i].form.together for i, _ in labels):
            allowed = f"{name} is a name of a result's own; give this axis another"
            problems.append(Problem(f"sweep.{keys[0]}", None, allowed))
        elif not _go_together(labels):
            allowed = f"would be {name} in a result, as sweep.{keys[0]}; rename one of them"
            problems.append(Problem(f"sweep.{keys[-1]}", None, allowed))
    return names, problems


def _by_name(names: Mapping[tuple[int, str], str]) -> dict[str, list[tuple[int, str]]]:
    """The labels of each name; file systems may not tell capitals from small letters."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for label, name in names.items():
        found[name.casefold()].append(label)
    return found


def _go_together(labels: list[tuple[int, str]]) -> bool:
    """Whether a name has one label, or is a dimension's and of one coordinate along it."""
    dimensions, coordinates = ([i for i, path in labels if bool(path) is kind] for kind in (False, True))
    return len(labels) == 1 or (len(labels) == 2 and dimensions == coordinates)
