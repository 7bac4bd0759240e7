"""Values of a study's axes: as TOML, by path, and which of them are the same."""

import datetime
import json
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from modelcollapse.fields import LARGEST
from modelcollapse.recipe import TAGS

CLOSE = 1e-12
"""Floats that differ by less, relative to their size, are the same point of an axis."""
DEEPEST = 100
"""Tables and lists within each other: what looks at them goes as deep, and Python does not go for ever."""


def flattened(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a value sets, each at its path: a table that names its ``family`` or ``kind`` is set whole.

    >>> list(flattened("learner", {"solver": "em", "start": "kmeans"}))
    [('learner.solver', 'em'), ('learner.start', 'kmeans')]
    """
    if isinstance(value, Mapping) and value and not set(TAGS) & set(value):
        for key, inner in value.items():
            yield from flattened(f"{path}.{key}", inner)
    else:
        yield path, value


def leaves(value: Any) -> Iterator[Any]:
    """The numbers, strings, ... in a value."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def too_deep(value: Any) -> bool:
    """Whether more than `DEEPEST` tables and lists lie in each other."""
    level = [value]
    for _ in range(DEEPEST + 1):
        tables = (outer for outer in level if isinstance(outer, Mapping | list | tuple))
        level = [inner for table in tables for inner in _in(table)]
        if not level:
            return False
    return True


def _in(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else value


def not_plain(value: Any) -> str:
    """What is wrong with a value, whatever it is for: nothing is ""."""
    for leaf in leaves(value):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            return "must be a finite number"
        if isinstance(leaf, datetime.date | datetime.time):
            return "must be a number, text, a list or a table; this is a date or a time"
    return "sets nothing: an empty table" if value == {} else ""


def is_number(value: Any) -> bool:
    """Whether a value is a number that a coordinate holds exactly; no bool is."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= LARGEST)


def toml(value: Any) -> str:
    """A value in one line, as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if type(value) is int and abs(value) > 2**128:  # Python does not print thousands of digits
        return hex(value)
    return repr(value)


def coordinate(values: Iterable[Any]) -> tuple[Any, ...]:
    """Values as one coordinate: numbers, else text; what is no text is written as TOML writes it."""
    values = tuple(values)
    if all(map(is_number, values)):
        return values
    return tuple(value if isinstance(value, str) else toml(value) for value in values)


def frozen(value: Any, same: Mapping[float, Any] | None = None) -> Hashable:
    """A value to compare and hash: 100 is 100.0, and true is not 1. ``same`` replaces numbers."""
    if isinstance(value, Mapping):
        return "table", tuple(sorted((key, frozen(inner, same)) for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return "list", tuple(frozen(inner, same) for inner in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return type(value).__name__, value
    return "number", value if same is None else same[value]


def first_of_same(points: Iterable[Any]) -> list[int]:
    """For each point the first one that is the same: equal, or with floats that are `CLOSE`."""
    points = list(points)
    numbers = {leaf for point in points for leaf in leaves(point) if isinstance(leaf, int | float)}
    same: dict[float, float] = {}
    last: float | None = None
    for number in sorted(numbers):
        joins = last is not None and _close(last, number)
        same[number] = same[last] if joins and last is not None else number
        last = number
    first: dict[Hashable, int] = {}
    return [first.setdefault(frozen(point, same), i) for i, point in enumerate(points)]


def _close(a: float, b: float) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    try:
        return math.isclose(a, b, rel_tol=CLOSE)
    except OverflowError:  # an integer beyond all floats
        return False
