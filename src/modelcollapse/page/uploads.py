"""Data that a reader brings along: kept in memory, named by their hash."""

import tempfile
from collections import OrderedDict
from pathlib import Path

from modelcollapse import truths
from modelcollapse.errors import DataError, Problem
from modelcollapse.truths import DataTruth
from modelcollapse.types import Array

LARGEST = 2 * 2**20
KEPT = 16
"""Characters of a table at most, and tables that are kept."""


class Uploads:
    """The last tables."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[str, Array] = OrderedDict()

    def add(self, text: str, column: str | None) -> tuple[str, Array]:
        """Read a table of one column, or the named one, and keep it.

        Raises
        ------
        DataError
            Where it is no such table: as the command line says it, without the file's name.
        """
        if len(text) > LARGEST:
            raise DataError(f"at most {LARGEST} characters are taken")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "upload.csv").write_text(text, encoding="utf-8")
            table = {"family": "data", "path": "upload.csv", **({"column": column} if column else {})}
            values = truths.read(DataTruth(**table), Path(folder)).values
        if len(values) < 2:
            raise DataError([Problem("upload", len(values), "must have at least 2 rows")])
        name = truths.digest(values)[:32]
        self._kept[name] = values
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return name, values

    def get(self, name: str) -> Array | None:
        """The numbers of an upload that is kept."""
        return self._kept.get(name)
