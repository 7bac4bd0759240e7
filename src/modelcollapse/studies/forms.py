"""How an axis of a study can be written: a list, or a table that stands for one. None allocates anything."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Protocol

from pydantic_core import PydanticCustomError

from modelcollapse.errors import Problem
from modelcollapse.fields import LARGEST, whole
from modelcollapse.studies.values import flattened

KEYS = ("simplex", "zip", "range", "log")
"""Keys by which a table is one of these forms."""
ALLOWED = (
    "must be a list of values, {simplex = step}, {zip = [tables]}, "
    "{range = [first, last], count = n} or {log = [first, last], count = n}"
)

Point = dict[str, Any]
"""What is set together: path -> value as TOML holds it."""


class Refused(Exception):
    """An axis that is not written as it should be."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        """Take what a `Problem` takes."""
        self.problem = Problem(field, value, allowed)
        super().__init__(str(self.problem))


class Form(Protocol):
    """An axis as it is written."""

    together: ClassVar[bool]
    """Whether each point sets several values: the axis' key is then a name, else it is a path."""

    @property
    def length(self) -> int:
        """How many points it has."""

    def points(self) -> list[Point]:
        """Its points, in order."""


def of(key: str, spec: Any) -> Form:
    """The form of an axis, checked.

    Raises
    ------
    Refused
        Where it has none.
    """
    field = f"sweep.{key}"
    if isinstance(spec, list | tuple):
        if not spec:
            raise Refused(field, spec, "must have at least one value")
        return Listed(key, spec)
    if isinstance(spec, Mapping):
        for keys, form in (
            ({"simplex"}, Simplex.of),
            ({"zip"}, Zipped.of),
            ({"range", "count"}, Spaced.linear),
            ({"log", "count"}, Spaced.logarithmic),
        ):
            if set(spec) == keys:
                return form(key, spec)
    raise Refused(field, spec, ALLOWED)


@dataclass(frozen=True)
class Listed:
    """A value a point, or a table a point, whose values are set together."""

    key: str
    values: Sequence[Any]
    together: ClassVar[bool] = False

    @property
    def length(self) -> int:
        """How many points it has."""
        return len(self.values)

    def points(self) -> list[Point]:
        """Its points: a table goes into the recipe's, unless it says which of several it is."""
        return [_point(f"sweep.{self.key}", {self.key: value}) for value in self.values]


@dataclass(frozen=True)
class Zipped:
    """Tables with the same keys, each a path: their values are set together."""

    key: str
    tables: Sequence[Mapping[str, Any]]
    together: ClassVar[bool] = True

    @classmethod
    def of(cls, key: str, spec: Mapping[str, Any]) -> "Zipped":
        """Check ``{zip = [tables]}``."""
        tables, field = spec["zip"], f"sweep.{key}.zip"
        if not isinstance(tables, list | tuple) or not tables:
            raise Refused(field, tables, "must be a list of tables, at least one")
        for i, table in enumerate(tables):
            if not isinstance(table, Mapping) or not table:
                raise Refused(f"{field}[{i}]", table, "must be a table of values that are set together")
        return cls(key, tables)

    @property
    def length(self) -> int:
        """How many points it has."""
        return len(self.tables)

    def points(self) -> list[Point]:
        """Its points, all of which set the same."""
        field = f"sweep.{self.key}.zip"
        points = [_point(f"{field}[{i}]", table) for i, table in enumerate(self.tables)]
        for i, point in enumerate(points):
            if set(point) != set(points[0]):
                names = (", ".join(sorted(one)) for one in (points[0], point))
                allowed = "must set what the first of them sets, {}; it sets {}".format(*names)
                raise Refused(f"{field}[{i}]", None, allowed)
        return points


@dataclass(frozen=True)
class Simplex:
    """All splits of a training set into real, synthetic and kept, in steps of 1/n."""

    key: str
    n: int
    together: ClassVar[bool] = True

    @classmethod
    def of(cls, key: str, spec: Mapping[str, Any]) -> "Simplex":
        """Check ``{simplex = step}``."""
        step, field = spec["simplex"], f"sweep.{key}.simplex"
        allowed = "must be a step that divides 1: 1, 0.5, 0.1, 0.05, ..."
        number = isinstance(step, int | float) and not isinstance(step, bool)
        if not number or not 1e-300 < step <= 1:
            raise Refused(field, step, allowed)
        n = round(1.0 / step)
        if abs(n * step - 1.0) > 1e-9:
            raise Refused(field, step, allowed)
        return cls(key, n)

    @property
    def length(self) -> int:
        """How many points it has."""
        return (self.n + 1) * (self.n + 2) // 2

    def points(self) -> list[Point]:
        """Its points: real ascending, then kept."""
        n = self.n
        return [
            {
                "workflow.real": real / n,
                "workflow.synthetic": (n - real - kept) / n,
                "workflow.kept": kept / n,
            }
            for real in range(n + 1)
            for kept in range(n - real + 1)
        ]


@dataclass(frozen=True)
class Spaced:
    """Numbers from a first to a last one, both included, in equal steps or by equal factors."""

    key: str
    first: float
    last: float
    count: int
    log: bool
    together: ClassVar[bool] = False

    @classmethod
    def linear(cls, key: str, spec: Mapping[str, Any]) -> "Spaced":
        """Check ``{range = [first, last], count = n}``."""
        return cls(key, *_ends(key, "range", spec), _how_many(key, spec), False)

    @classmethod
    def logarithmic(cls, key: str, spec: Mapping[str, Any]) -> "Spaced":
        """Check ``{log = [first, last], count = n}``."""
        first, last = _ends(key, "log", spec)
        if not min(first, last) > 0:
            raise Refused(f"sweep.{key}.log", spec["log"], "must be two numbers > 0")
        return cls(key, first, last, _how_many(key, spec), True)

    @property
    def length(self) -> int:
        """How many points it has."""
        return self.count

    def points(self) -> list[Point]:
        """Its points; the ends are as they are written."""
        inner = map(self._between, range(1, self.count - 1))
        values = [self.first, *inner, self.last]
        if all(map(_is_whole, values)) and (self.log or type(self.first) is type(self.last) is int):
            values = [int(value) for value in values]
        return [{self.key: value} for value in values]

    def _between(self, i: int) -> float:
        """A point: of whole ends and equal factors the nearest whole number, else 15 digits.

        Equal steps are exact in between, so that steps of 0.1 give 0.1, 0.2, 0.3, and 0 is 0.
        """
        left, steps = self.count - 1 - i, self.count - 1
        if not self.log:
            first, last = Fraction(repr(self.first)), Fraction(repr(self.last))
            return float(f"{float((first * left + last * i) / steps):.15g}")
        power = (math.log10(self.first) * left + math.log10(self.last) * i) / steps
        try:
            value: float = 10.0**power
        except OverflowError:  # beside the largest float of all, rounded up
            return max(self.first, self.last)
        if _is_whole(self.first) and _is_whole(self.last):
            return round(value)
        return float(f"{value:.15g}")


def _is_whole(value: float) -> bool:
    return abs(value) <= LARGEST and value == int(value)


def _ends(key: str, name: str, spec: Mapping[str, Any]) -> tuple[float, float]:
    ends = spec[name]
    right = isinstance(ends, list | tuple) and len(ends) == 2
    if not right or not all(map(_is_finite, ends)):
        raise Refused(f"sweep.{key}.{name}", ends, "must be two finite numbers, the first and the last")
    return ends[0], ends[1]


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _how_many(key: str, spec: Mapping[str, Any]) -> int:
    allowed = "must be an integer >= 2, the number of points"
    try:
        return whole(spec["count"], 2, LARGEST, allowed)
    except PydanticCustomError:
        raise Refused(f"sweep.{key}.count", spec["count"], allowed) from None


def _point(field: str, table: Mapping[str, Any]) -> Point:
    """What a table of paths sets; of a path that is there twice, neither value would be meant."""
    point: Point = {}
    for key, value in table.items():
        for path, inner in flattened(key, value):
            if path in point:
                raise Refused(field, None, f"sets {path} twice")
            point[path] = inner
    return point
