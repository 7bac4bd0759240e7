"""Studies that the page was started with: read when they are asked for, shown as maps."""

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse.errors import LabError, StorageError
from modelcollapse.page.answers import logged
from modelcollapse.results import experiment_of
from modelcollapse.studies import cells as of_cells
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.folder import is_study, open_study
from modelcollapse.studies.quantities import Quantity, quantities
from modelcollapse.studies.reading import load
from modelcollapse.summary import summary

LARGEST = 128 * 2**20
"""Bytes of a study that are read into memory."""
TITLE = 100
"""Characters of a title."""
STAYS = 30.0
"""Seconds after which a study is read again, to see what has been added to it."""


class ShownStudies:
    """Folders by a name that says nothing of where they lie."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Take the folders; each is read when it is asked for."""
        names = (hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32] for path in paths)
        self._paths = dict(zip(names, paths, strict=True))
        self._lock = threading.Lock()
        self._last: _Read | None = None
        self._maps: dict[str, dict[str, Any]] = {}

    def listed(self) -> list[dict[str, str]]:
        """Names and titles."""
        return [{"id": name, "title": self._title(name)} for name in self._paths]

    def knows(self, name: str) -> bool:
        """Whether there is one of this name."""
        return name in self._paths

    def map(self, name: str) -> dict[str, Any]:
        """The axes, and what is shown of each cell; drawn anew where the study has gone on.

        Raises
        ------
        StorageError
            Without a path in it, where the study cannot be read.
        """
        with self._lock:
            if name not in self._maps or self._maps[name]["done"] < self._maps[name]["cells"]:
                self._maps[name] = self._drawn(name, self._cells(name))
            return self._maps[name]

    def cell(self, name: str, index: tuple[int, ...]) -> dict[str, Any] | None:
        """One cell's recipe and summary; None where the study has no such cell, or it is not done."""
        with self._lock:
            cells = self._cells(name)
            if len(index) != len(cells.shape) or any(i >= n for i, n in zip(index, cells.shape, strict=True)):
                return None
            if not cells.done(index).any():
                return None
            result = cells.result(index)
        return {"recipe": experiment_of(result).table(), "summary": summary(result)}

    def _title(self, name: str) -> str:
        return self._paths[name].resolve().name[:TITLE]

    def _cells(self, name: str) -> Cells:
        """A study's numbers; the last that was asked for stays in memory for a while: it may be at work."""
        now = time.monotonic()
        if self._last is None or self._last.name != name or now - self._last.at > STAYS:
            self._last = None
            self._last = _Read(name, now, Cells.of(_load(self._paths[name])))
        return self._last.cells

    def _drawn(self, name: str, cells: Cells) -> dict[str, Any]:
        found = {quantity.kind: quantity for quantity in quantities(cells)}
        final, speed = found.get("ratio") or found.get("distance"), found.get("time")
        done = [bool(cells.done(index).all()) for index in cells]
        return {
            "title": self._title(name),
            "axes": [_axis(cells, axis) for axis in cells.axes],
            "final": None if final is None else _numbers(final),
            "speed": None if speed is None else _numbers(speed),
            "cells": len(done),
            "done": sum(done),
        }


@dataclass(frozen=True)
class _Read:
    """A study in memory, as it stood at a time."""

    name: str
    at: float
    cells: Cells


def _load(path: Path) -> xr.Dataset:
    """All of a study; what is wrong with it is said without its place, and logged with it."""
    try:
        if is_study(path):
            arrays = open_study(path).variables.values()
            size = sum(prod(one.shape) * np.dtype(one.dtype).itemsize for one in arrays)
            if size > LARGEST:
                raise _Refused(f"is too large for the page: {size >> 20} MiB, at most {LARGEST >> 20}")
        dataset = load(path)
        if not of_cells.is_study(dataset):
            raise _Refused("is the result of one recipe, and no study: `modelcollapse show` is for those")
        return dataset
    except _Refused as error:
        raise StorageError(f"this study {error}") from None
    except LabError as error:
        name = logged(error)["id"]
        said = "this study cannot be read: it is damaged, of another version, or no study"
        raise StorageError(f"{said}; the program's log has it as {name}") from None


class _Refused(Exception):
    """A study that is not shown."""


def _axis(cells: Cells, axis: str) -> dict[str, Any]:
    along = {name: _values(values) for name, values in cells.coordinates(axis).items()}
    if list(along) == [axis]:
        return {"name": axis, "values": along[axis]}
    return {"name": axis, "coordinates": along}


def _numbers(quantity: Quantity) -> dict[str, Any]:
    """Its medians; where most replicates never get there is no number either, but is not the same as none."""
    return {"label": quantity.label, "values": quantity.middle, "never": np.isinf(quantity.middle)}


def _values(values: Any) -> list[Any]:
    numbers = np.asarray(values)
    return numbers.tolist() if numbers.dtype.kind in "iufb" else [str(value) for value in values]
