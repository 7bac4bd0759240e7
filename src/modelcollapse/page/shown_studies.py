"""Studies that the page was started with: read once, shown as maps."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse.errors import LabError
from modelcollapse.results import experiment_of
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.quantities import quantities
from modelcollapse.studies.reading import load
from modelcollapse.summary import summary


class ShownStudies:
    """Folders by a name that says nothing of where they lie."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Take the folders; each is read when it is asked for."""
        self._paths = {hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32]: path for path in paths}
        self._read: dict[str, xr.Dataset] = {}
        self._maps: dict[str, dict[str, Any]] = {}

    def listed(self) -> list[dict[str, str]]:
        """Names and titles."""
        return [{"id": name, "title": path.name} for name, path in self._paths.items()]

    def knows(self, name: str) -> bool:
        """Whether there is one of this name."""
        return name in self._paths

    def dataset(self, name: str) -> xr.Dataset:
        """A study's numbers; a LabError without its path where they cannot be read."""
        if name not in self._read:
            try:
                self._read[name] = load(self._paths[name])
            except LabError as error:
                said = "; ".join(problem.allowed for problem in error.problems)
                raise type(error)(f"this study cannot be read: {said}") from None
        return self._read[name]

    def map(self, name: str) -> dict[str, Any]:
        """The axes, and what is shown of each cell."""
        if name not in self._maps:
            self._maps[name] = self._drawn(name)
        return self._maps[name]

    def _drawn(self, name: str) -> dict[str, Any]:
        cells = Cells.of(self.dataset(name))
        found = {quantity.kind: quantity for quantity in quantities(cells)}
        final = found.get("ratio") or found.get("distance")
        speed = found.get("time")
        done = [bool(cells.done(index).all()) for index in cells]
        return {
            "title": self._paths[name].name,
            "axes": [_axis(cells.dataset, axis) for axis in cells.axes],
            "final": None if final is None else {"label": final.label, "values": final.middle},
            "speed": None if speed is None else {"label": speed.label, "values": speed.middle},
            "cells": len(done),
            "done": sum(done),
        }

    def cell(self, name: str, index: tuple[int, ...]) -> dict[str, Any] | None:
        """One cell's recipe and summary; None where the study has no such cell, or it is not done."""
        cells = Cells.of(self.dataset(name))
        inside = len(index) == len(cells.shape) and all(
            0 <= i < n for i, n in zip(index, cells.shape, strict=True)
        )
        if not inside or not cells.done(index).any():
            return None
        result = cells.result(index)
        return {"recipe": experiment_of(result).table(), "summary": summary(result)}


def _axis(dataset: xr.Dataset, axis: str) -> dict[str, Any]:
    along = {
        str(name): _values(coordinate.values)
        for name, coordinate in dataset.coords.items()
        if coordinate.dims == (axis,)
    }
    if list(along) == [axis]:
        return {"name": axis, "values": along[axis]}
    return {"name": axis, "coordinates": along or {axis: list(range(dataset.sizes[axis]))}}


def _values(values: Any) -> list[Any]:
    return values.tolist() if np.asarray(values).dtype.kind in "iuf" else [str(value) for value in values]
