"""Short names for the points of an axis: of tables only what differs between them."""

import tomllib
from collections.abc import Sequence
from typing import Any

MOST = 30
"""Characters of a name at most."""


def short_names(texts: Sequence[str]) -> tuple[str, ...]:
    """Names for values that are written as text, none longer than `MOST` and no two alike.

    Tables are told by the keys in which they differ: ``{family = "mixture", means = [-1, 1], ...}`` by
    ``means = [-1, 1]``. What is still too long is cut, and numbered where that leaves two alike.
    """
    tables = [_table(text) for text in texts]
    names = list(texts)
    if all(table is not None for table in tables):
        flat = [table or {} for table in tables]
        keys = dict.fromkeys(key for table in flat for key in table)
        other = [key for key in keys if len({repr(table.get(key)) for table in flat}) > 1]
        names = [", ".join(f"{key} = {_said(table[key])}" for key in other if key in table) for table in flat]
    names = [name if len(name) <= MOST else f"{name[: MOST - 1]}\u2026" for name in names]
    if len(set(names)) == len(set(texts)):
        return tuple(names)
    return tuple(f"{i + 1}: {name[: MOST - 5]}" for i, name in enumerate(names))


def _table(text: str) -> dict[str, Any] | None:
    """A table that is written in a line, its inner tables' keys with dots; None where it is none."""
    if not text.startswith("{"):
        return None
    try:
        return dict(_flat(tomllib.loads(f"table = {text}")["table"]))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _flat(table: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    pairs = list[tuple[str, Any]]()
    for key, value in table.items():
        pairs += _flat(value, f"{before}{key}.") if isinstance(value, dict) else [(f"{before}{key}", value)]
    return pairs


def _said(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_said, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
