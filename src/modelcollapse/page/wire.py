"""Numbers as JSON: short, and null where there is none."""

import json
import math
from typing import Any

import numpy as np

DIGITS = 6
"""Significant digits that are sent: more than a screen shows."""


def dumps(value: Any) -> bytes:
    """JSON in UTF-8; NaN and infinite numbers are null."""
    return json.dumps(plain(value), allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()


def line(value: Any) -> bytes:
    """One line of a stream."""
    return dumps(value) + b"\n"


def plain(value: Any) -> Any:
    """Arrays as lists, numbers to `DIGITS`."""
    if isinstance(value, np.ndarray):
        return _numbers(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return _short(value)
    return value


def _numbers(array: Any) -> Any:
    if array.dtype.kind in "iub":
        return array.tolist()
    if array.ndim > 1:
        return [_numbers(row) for row in array]
    return [_short(number) for number in array.tolist()]


def _short(number: float) -> float | None:
    return float(f"{number:.{DIGITS}g}") if math.isfinite(number) else None


class _Twice(ValueError):
    """A key that is there twice."""


def loads(text: bytes) -> Any:
    """Read a body; ValueError where it is no plain JSON: a key twice, NaN, endless digits or depth."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(found)
        if len(table) < len(found):
            raise _Twice("a key is there twice")
        return table

    def constant(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(text.decode(), object_pairs_hook=pairs, parse_constant=constant)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
