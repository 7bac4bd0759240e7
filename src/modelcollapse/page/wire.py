"""Numbers as JSON: arrays short, and null where there is none; and JSON from outside, strictly read."""

import json
from functools import lru_cache
from typing import Any

import numpy as np

DIGITS = 6
"""Significant digits of arrays: more than a screen shows. A recipe's numbers keep all of them."""
DEEPEST = 20
"""Tables in tables that are read: a recipe has three."""
LONGEST = 40
"""Digits of a whole number that is read: 2^128, the largest seed, has 39."""


def dumps(value: Any) -> bytes:
    """JSON in UTF-8; NaN and infinite numbers are null."""
    return _text(value).encode()


def line(value: Any) -> bytes:
    """One line of a stream."""
    return dumps(value) + b"\n"


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return _numbers(value)
    if isinstance(value, np.generic):
        return _numbers(np.asarray(value))
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{_text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, float) and not np.isfinite(value):
        return "null"
    return json.dumps(value, allow_nan=False)


def _numbers(array: Any) -> str:
    """An array of numbers; all of them are written at once, which is five times as fast as one by one."""
    if array.dtype.kind in "iub":
        return json.dumps(array.tolist(), separators=(",", ":"))
    text = _template(array.shape) % tuple(array.ravel().tolist())
    if not np.isfinite(array).all():
        for word in ("-inf", "inf", "nan"):
            text = text.replace(word, "null")
    return text


@lru_cache(256)
def _template_of(shape: tuple[int, ...]) -> str:
    inner = _template(shape[1:])
    return "[" + ",".join([inner] * shape[0]) + "]"


def _template(shape: tuple[int, ...]) -> str:
    """What an array of a shape is written into; of the few that come again and again, it is kept."""
    if not shape:
        return f"%.{DIGITS}g"
    if shape[0] > 1000 or len(shape) > 2:
        inner = _template(shape[1:])
        return "[" + ",".join([inner] * shape[0]) + "]"
    return _template_of(shape)


def loads(text: bytes) -> Any:
    """Read JSON; ValueError where it is not plain: a key twice, NaN, endless digits or depth, no UTF-8."""
    try:
        value = json.loads(
            text.decode(), object_pairs_hook=_table, parse_constant=_no_number, parse_int=_whole
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("not in UTF-8") from None
    if _deeper(value, DEEPEST):
        raise ValueError("nested too deeply")
    return value


def _table(found: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(found)
    if len(table) < len(found):
        raise ValueError("a key is there twice")
    return table


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _whole(digits: str) -> int:
    if len(digits) > LONGEST:
        raise ValueError("a whole number of too many digits")
    return int(digits)


def _deeper(value: Any, depth: int) -> bool:
    """Whether there are tables and lists in each other beyond a depth."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
