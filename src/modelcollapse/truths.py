"""The real distribution of a recipe: a family with parameters, or a data set read from a file."""

import csv
import hashlib
import io
import math
from pathlib import Path
from typing import Literal

import numpy as np

from modelcollapse import families
from modelcollapse.errors import DataError, Problem
from modelcollapse.fields import LARGEST, Table
from modelcollapse.sources import DataSet
from modelcollapse.types import Array

LARGEST_FILE = 2**30
"""Bytes of a data file that are read at most."""


class DataTruth(Table):
    """A column of a CSV file with a header, or a one-dimensional ``.npy`` array, drawn with replacement."""

    family: Literal["data"] = "data"
    path: str
    column: str | None = None


TRUTHS = (*families.TRUTHS, DataTruth)
"""What a recipe's ``[truth]`` can be; a new truth is a class and its line in this list."""


def digest(values: Array) -> str:
    """The SHA-256 of a data set's values: what enters a recipe's content key in the place of a path."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()


def read(truth: DataTruth, base: Path) -> DataSet:
    """Read a data set. Only numbers are read: no pickles, ever.

    Raises
    ------
    DataError
        With row, column and value, where the file is not what it should be.
    """
    path = base / truth.path
    size = _size(path, truth.path)
    if size > LARGEST_FILE:
        raise _wrong(truth.path, f"must be at most 1 GiB; this file has {size} bytes")
    if path.suffix.lower() == ".csv":
        values, lines = _from_csv(path, truth)
    elif path.suffix.lower() == ".npy":
        values, lines = _from_npy(path, truth), None
    else:
        raise _wrong(truth.path, "must end in .csv or .npy; pickles and archives are never loaded")
    _check(values, truth.path, lines)
    return DataSet(values + 0.0)  # -0.0 is 0.0


def _wrong(path: str, allowed: str) -> DataError:
    return DataError([Problem("truth.path", path, allowed)])


def _size(path: Path, name: str) -> int:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise _wrong(name, "must be a file; this is a directory")
        if not path.is_file():
            raise _wrong(name, "must be a file; this is a device or a pipe")
        return size
    except DataError:
        raise
    except FileNotFoundError:
        raise _wrong(name, "must be a file that exists (relative to the recipe's)") from None
    except (OSError, ValueError) as error:
        raise _wrong(name, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _wrong(name, f"cannot be read: {error.strerror}") from None


def _from_csv(path: Path, truth: DataTruth) -> tuple[Array, list[int]]:
    try:
        text = _bytes(path, truth.path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(truth.path, "must be text in UTF-8") from None
    if "\0" in text:
        raise _wrong(truth.path, "must be text; this file has NUL bytes")
    lines = csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")))
    try:
        rows = [(lines.line_num, row) for row in lines if row]
    except csv.Error as error:
        raise _wrong(truth.path, f"is not CSV in line {lines.line_num}: {error}") from None
    if not rows:
        raise _wrong(truth.path, "must have a header and rows; this file is empty")
    header = [name.strip() for name in rows[0][1]]
    if all(_number(cell) is not None for cell in header):
        raise _wrong(truth.path, f"must begin with a header of column names, not {header}")
    column = _column(header, truth)
    values, problems = np.empty(len(rows) - 1), []
    for i, (line, row) in enumerate(rows[1:]):
        value = _number(row[column]) if len(row) == len(header) else None
        if len(row) != len(header):
            allowed = f"row {line} must have {len(header)} cells; it has {len(row)}"
        else:
            allowed = f"row {line}, column {header[column]}: {row[column]!r} is not a number"
        if value is None:
            problems.append(Problem("truth.path", truth.path, allowed))
            continue
        values[i] = value
    if problems:
        shown = problems[:5]
        if len(problems) > len(shown):
            shown.append(Problem("truth.path", truth.path, f"and {len(problems) - 5} rows more"))
        raise DataError(shown)
    return values, [line for line, _ in rows[1:]]


def _column(header: list[str], truth: DataTruth) -> int:
    names = ", ".join(header[:20])
    if truth.column is None and len(header) > 1:
        problem = Problem("truth.column", None, f"must name one of the columns: {names}")
    elif truth.column is not None and header.count(truth.column) != 1:
        problem = Problem("truth.column", truth.column, f"must be one of the columns: {names}")
    else:
        return 0 if truth.column is None else header.index(truth.column)
    raise DataError([problem])


def _number(cell: str) -> float | None:
    try:
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None


def _from_npy(path: Path, truth: DataTruth) -> Array:
    if truth.column is not None:
        raise DataError([Problem("truth.column", truth.column, "is for CSV files; leave it out")])
    try:
        array = np.load(io.BytesIO(_bytes(path, truth.path)), allow_pickle=False)
    except Exception:  # a header can be wrong in more ways than NumPy has errors of its own for
        allowed = "must be a whole .npy file of numbers; pickles are never loaded"
        raise _wrong(truth.path, allowed) from None
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        shape = getattr(array, "shape", "no")
        raise _wrong(truth.path, f"must hold one axis of numbers; its shape is {shape}")
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise _wrong(truth.path, f"must hold integers or floats up to 64 bits, not {array.dtype}")
    if array.dtype.kind in "iu" and array.size and int(np.abs(array.astype(object)).max()) > LARGEST:
        raise _wrong(truth.path, "must hold integers up to 2^53, which float64 keeps exactly")
    return array.astype(np.float64)


def _check(values: Array, name: str, lines: list[int] | None) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        count = int((~finite).sum())
        place = f"in row {lines[first]}" if lines is not None else f"at index {first}"
        raise _wrong(name, f"must be finite; {count} values are not, the first {place}")
    if len(values) < 2:
        raise _wrong(name, f"must have at least 2 rows; this file has {len(values)}")
    if values.min() == values.max():
        raise _wrong(name, f"must have a variance; all values are {float(values[0])!r}")
    top = float(np.abs(values).max())
    spread = float(np.abs(values - values.mean()).max()) if top < 1e150 else math.inf
    if not 1e-150 < spread < 1e150:
        raise _wrong(name, "must lie within 1e-150 and 1e150 in size and spread: squares are needed")
