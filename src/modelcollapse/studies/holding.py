"""What a truth's file held, as a study keeps it: the same numbers in every cell."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import results
from modelcollapse.studies.layout import TOGETHER, Array, Variable


def held_dimensions(name: str) -> tuple[str, ...]:
    """The axes of what a truth's file held."""
    return next(axes for variable, axes in results.HELD.values() if variable == name)


def array_of(name: str, values: Array) -> Variable:
    """The array of these numbers."""
    chunk = (TOGETHER,) if values.ndim == 1 else values.shape
    return Variable(name, held_dimensions(name), values.dtype, values.shape, chunk, results.LABELS[name])


def read_held(store: Path, metadata: Mapping[str, Any]) -> Array:
    """The numbers of the truth's file, as the study keeps them, by the metadata of their array."""
    name = next(name for name, axes in results.HELD.values() if list(axes) == metadata["dimension_names"])
    shape, chunk = (
        tuple(metadata["shape"]),
        tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"]),
    )
    array = Variable(name, (), np.dtype(np.float64), shape, chunk)
    values = np.empty((math.ceil(shape[0] / chunk[0]) * chunk[0], *shape[1:]))
    for i in range(0, len(values), chunk[0]):
        place = (i // chunk[0], *(0 for _ in shape[1:]))
        values[i : i + chunk[0]] = array.decode((store / name / array.file(place)).read_bytes())
    return values[: shape[0]]
