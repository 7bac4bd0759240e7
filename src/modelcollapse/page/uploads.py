"""Data that a reader brings along: kept in memory, named by their hash. No file is written or read."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelcollapse import truths
from modelcollapse.errors import DataError, Problem
from modelcollapse.sources import DataSet
from modelcollapse.truths import DataTruth

LARGEST = 2 * 2**20
KEPT = 16
"""Bytes of a table at most, and tables that are kept."""
LONGEST = 100
"""Characters of a file's name that are kept."""
BINS = 50


@dataclass(frozen=True)
class Upload:
    """Numbers, and the table of a recipe that would read them from the reader's own file."""

    data: DataSet
    truth: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """How many there are, their moments and their histogram."""
        values = self.data.values
        counts, edges = np.histogram(values, BINS)
        mean, variance = (float(moment[0]) for moment in self.data.moments())
        return {
            "n": len(values),
            "mean": mean,
            "variance": variance,
            "histogram": {"edges": edges, "counts": counts},
            "truth": self.truth,
        }


class Uploads:
    """The last tables."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, text: str, name: str = "", column: str | None = None) -> tuple[str, Upload]:
        """Read a table of one column, or the named one, and keep it.

        Raises
        ------
        DataError
            Where it is no such table: in the words of the command line.
        """
        content = text.encode("utf-8", "replace")
        table = {"family": "data", "path": file_name(name), **({"column": column} if column else {})}
        upload = Upload(truths.read_text(content, DataTruth(**table)), table)
        key = truths.digest(upload.data.values)[:32]
        with self._lock:
            self._kept[key] = upload
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return key, upload

    def get(self, key: Any) -> Upload:
        """An upload that is kept.

        Raises
        ------
        DataError
            Where it is not kept any more.
        """
        with self._lock:
            found = self._kept.get(key) if isinstance(key, str) else None
        if found is None:
            raise DataError([Problem("upload", None, "is not here any more: upload the file again")])
        return found


def file_name(name: str) -> str:
    """A file's own name, without folders or anything that does not print; it is shown, and never opened."""
    last = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())
    last = last.strip(". ")[-LONGEST:]
    return last if last.lower().endswith(".csv") and len(last) > 4 else f"{last or 'upload'}.csv"
