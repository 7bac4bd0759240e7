"""In which fields two recipes differ, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from modelcollapse.errors import Problem
from modelcollapse.studies.values import flattened, frozen, toml


def fields(table: Mapping[str, Any], without: Iterable[str] = ()) -> dict[str, Any]:
    """A recipe's table by field: ``workflow.real -> 0.1``."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        if name not in without:
            found |= _inner(name, value)
    return found


def _inner(name: str, value: Any) -> dict[str, Any]:
    """The fields of a table, whether or not it names its family."""
    if not isinstance(value, Mapping) or not value:
        return {name: value}
    return {path: leaf for key, inner in value.items() for path, leaf in flattened(f"{name}.{key}", inner)}


def between(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Problem]:
    """The fields that differ, with both values."""
    return [
        difference(name, mine.get(name), theirs.get(name))
        for name in sorted({*mine, *theirs})
        if frozen(mine.get(name)) != frozen(theirs.get(name))
    ]


def difference(name: str, mine: Any, theirs: Any) -> Problem:
    """One field that differs."""
    if theirs is None:
        return Problem(name, mine, "the study there leaves it out")
    there = toml(theirs)
    shown = there if len(there) <= 80 else there[:79] + "…"
    start = "is left out; " if mine is None else ""
    return Problem(name, mine, f"{start}the study there has {shown}")
