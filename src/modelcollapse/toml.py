"""Tables as TOML text, as one would write it: a list of numbers on one line."""

import re
from collections.abc import Mapping
from typing import Any

import tomli_w

WIDTH = 100
"""Characters of a line that holds a list at most."""
_NUMBERS = re.compile(r"= \[\n((?:    [-+0-9.e]+,\n)+)\]$", re.MULTILINE)
"""A list as tomli_w writes it. It writes no text with line breaks in it, so that this is in no value."""


def dumps(table: Mapping[str, Any]) -> str:
    """Write a table."""
    return _NUMBERS.sub(_on_one_line, tomli_w.dumps(table))


def _on_one_line(found: re.Match[str]) -> str:
    line = "= [" + ", ".join(found.group(1).replace(",", "").split()) + "]"
    return line if len(line) <= WIDTH else found.group()
