"""What is the same for all cells of a study, and what can be said of a recipe whose axes are wrong."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from modelcollapse import recipe
from modelcollapse.errors import LabError, Problem
from modelcollapse.experiment import Experiment
from modelcollapse.fields import Table
from modelcollapse.recipe import Raw

SETTINGS = ("generations", "replicates", "seed", "engine", "streams", "save")
"""Fields that a study fills in at once: a store of it needs them, and cells have them in common."""

_FIELDS: dict[str, Any] = {
    name: (info.annotation, info) for name, info in Experiment.model_fields.items() if name in SETTINGS
}
_Settings: type[BaseModel] = create_model("_Settings", __base__=Table, **_FIELDS)


def filled_in(raw: Raw) -> tuple[Raw, list[Problem]]:
    """The settings of a recipe's text, those that are left out at their defaults."""
    try:
        settings = _Settings(**{name: raw[name] for name in SETTINGS if name in raw})
    except ValidationError as error:
        return {}, recipe.problems_of(error, Experiment)
    return settings.model_dump(mode="json"), []


def elsewhere(raw: Raw, sweep: Any, found: list[Problem], base: Path) -> list[Problem]:
    """What is wrong in the text of a study beside its axes, in tables that no axis seems to touch."""
    touched = {word for path in _paths(sweep) for word in path.split(".")}
    try:
        Experiment._from_raw(raw, base, "")
    except LabError as error:
        told = {problem.field for problem in found}
        alone = [p for p in error.problems if p.field not in told and not _words(p.field) & touched]
        return [] if "simplex" in touched else alone
    return []


def _paths(value: Any) -> Iterator[str]:
    """All keys in a table, however deep."""
    if isinstance(value, Mapping):
        yield from map(str, value)
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _paths(inner)


def _words(field: str) -> set[str]:
    """The table of a field, and the field."""
    return {word for word in field.replace("[", ".").split(".")[:2] if word}
