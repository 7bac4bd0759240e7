"""A study as TOML, as one would write it: the text that `Study.from_toml` reads back."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelcollapse import toml
from modelcollapse.studies import axes
from modelcollapse.studies.axes import Axis
from modelcollapse.studies.study import Study
from modelcollapse.studies.values import frozen


def as_toml(study: Study) -> str:
    """A study's recipe with its ``[sweep]`` table."""
    return toml.dumps({**study.recipe, "sweep": dict(map(_entry, study.axes))})


def _entry(axis: Axis) -> tuple[str, Any]:
    """The key of an axis and the shortest form that gives it again; values set together give any."""
    for key, spec in _forms(axis):
        found, problems = axes.read({key: spec})
        if not problems and _points(found[0]) == _points(axis):
            return key, spec
    return axis.name, {"zip": [dict(point) for point in axis.values]}


def _points(axis: Axis) -> tuple[Any, ...]:
    """What an axis sets, and what lies along it, whatever it is called."""
    return frozen([dict(point) for point in axis.values]), frozen(list(axis.coordinates.values()))


def _forms(axis: Axis) -> Iterator[tuple[str, Any]]:
    """How an axis might have been written."""
    if len(axis.paths) == 1:
        (path,) = axis.paths
        yield path, [point[path] for point in axis.values]
    else:
        reals = {point.get("workflow.real") for point in axis.values} - {None}
        if len(reals) > 1:
            yield axis.name, {"simplex": 1.0 / (len(reals) - 1)}
        tables = {path.split(".")[0] for path in axis.paths}
        if len(tables) == 1 and all("." in path for path in axis.paths):
            yield tables.pop(), [_nested(point) for point in axis.values]
    yield axis.name, {"zip": [dict(point) for point in axis.values]}


def _nested(point: Mapping[str, Any]) -> dict[str, Any]:
    """Values by path as the table that they lie in, without its own name."""
    table: dict[str, Any] = {}
    for path, value in point.items():
        inner, (*words, last) = table, path.split(".")[1:]
        for word in words:
            inner = inner.setdefault(word, {})
        inner[last] = value
    return table
