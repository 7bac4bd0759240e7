"""A study's values and axes as JSON holds them."""

from collections.abc import Mapping
from typing import Any

from modelcollapse.fields import LARGEST
from modelcollapse.studies.axes import Axis


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by path as they are stored: a seed beyond 2^53 as a string, since JSON's readers lose digits."""
    seed = values.get("seed")
    return {**values, "seed": str(seed)} if type(seed) is int and seed > LARGEST else dict(values)


def read_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Undo `stored`."""
    return {**values, "seed": int(values["seed"])} if isinstance(values.get("seed"), str) else dict(values)


def stored_axis(axis: Axis) -> dict[str, Any]:
    """An axis as it is stored: a list keeps its place among others, which a table's keys would not."""
    along = [[name, list(values)] for name, values in axis.coordinates.items()]  # their order counts
    return {"name": axis.name, "coordinates": along, "values": list(map(stored, axis.values))}


def read_axis(axis: Mapping[str, Any]) -> Axis:
    """Undo `stored_axis`."""
    coordinates = {str(name): tuple(values) for name, values in axis["coordinates"]}
    points = tuple(map(read_values, axis["values"]))
    if not points or any(len(values) != len(points) for values in coordinates.values()):
        raise ValueError("an axis of no length")
    return Axis(str(axis["name"]), points, coordinates)
