"""The real distribution of a recipe: a family with parameters, or what a file holds."""

import csv
import hashlib
import io
import math
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from modelcollapse import families
from modelcollapse.errors import DataError, Problem
from modelcollapse.families.base import REAL, VECTORS
from modelcollapse.families.categorical import CategoricalTruth
from modelcollapse.families.vectors import MOST
from modelcollapse.fields import LARGEST, Table
from modelcollapse.sources import DataSet, Law, Truth, VectorSet
from modelcollapse.types import Array, BoolArray

LARGEST_FILE = 2**30
"""Bytes of a data file that are read at most."""


class DataTruth(Table):
    """A column of a CSV file with a header, or a one-dimensional ``.npy`` array, drawn with replacement."""

    items: ClassVar[str] = REAL

    family: Literal["data"] = "data"
    path: str
    column: str | None = None


class DataNdTruth(Table):
    """Columns of a CSV file with a header, or a two-dimensional ``.npy`` array: rows are drawn, as items."""

    items: ClassVar[str] = VECTORS

    family: Literal["data-nd"] = "data-nd"
    path: str
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)


TRUTHS = (*families.TRUTHS, DataTruth, DataNdTruth)
"""What a recipe's ``[truth]`` can be; a new truth is a class and its line in this list."""


FileTruth = DataTruth | DataNdTruth | CategoricalTruth
"""Truths that can lie in a file, at their ``path``."""


def digest(values: Array) -> str:
    """The SHA-256 of what a file holds: it enters a recipe's content key in the place of a path."""
    shape = str(values.shape).encode() if values.ndim > 1 else b""
    return hashlib.sha256(shape + np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()


def in_file(truth: Table) -> bool:
    """Whether a truth lies in a file."""
    return getattr(truth, "path", None) is not None


def held(truth: Table, source: Truth) -> Array | None:
    """What a truth's file holds: the items of a data set, or normalised probabilities of categories."""
    if isinstance(source, DataSet):
        return source.values
    return np.asarray(source.params.probability[0]) if in_file(truth) else None


def source_of(truth: Table, base: Path, data: Array | DataSet | None = None) -> Truth:
    """What to draw from; ``data`` stands for what the truth's file `held`, where that is known already."""
    if isinstance(data, DataSet):
        if in_file(truth):
            return data
        data = None
    if in_file(truth) and data is not None and not data.size:
        path = getattr(truth, "path", None)
        raise DataError([Problem("truth.path", path, "has no values stored with its result")])
    if isinstance(truth, DataTruth):
        return read(truth, base) if data is None else DataSet(data)
    if isinstance(truth, DataNdTruth):
        return read_vectors(truth, base) if data is None else VectorSet(data)
    if isinstance(truth, CategoricalTruth) and in_file(truth):
        return Law(*truth.law(read_probabilities(truth, base) if data is None else data))
    assert isinstance(truth, families.TRUTHS)
    return Law(*truth.law())


def read(truth: DataTruth, base: Path) -> DataSet:
    """Read a data set. Only numbers are read: no pickles, ever.

    Raises
    ------
    DataError
        With row, column and value, where the file is not what it should be.
    """
    values, lines = _numbers(truth, base)
    _check(values, truth.path, lines)
    return DataSet(values + 0.0)  # -0.0 is 0.0


def read_text(content: bytes, truth: DataTruth) -> DataSet:
    """Read a data set as `read` does, from the text of a CSV file that is in hand already."""
    values, lines = _from_csv(content, truth)
    _check(values[:, 0], truth.path, lines)
    return DataSet(values[:, 0] + 0.0)  # -0.0 is 0.0


def read_vectors(truth: DataNdTruth, base: Path) -> VectorSet:
    """Read a data set of vectors, one a row, as `read` does.

    Raises
    ------
    DataError
        As `read` does. A column may be constant; not all of them.
    """
    values, lines = _numbers(truth, base)
    if values.shape[1] > MOST:
        raise _wrong(truth.path, f"must have at most {MOST} columns; it has {values.shape[1]}")
    _check_rows(values, truth.path, lines)
    for column in values.T:
        if column.min() != column.max():
            _check(column, truth.path, lines)
    if len(values) > 1 and (values == values[0]).all():
        raise _wrong(truth.path, f"must have a variance; all rows are {[float(v) for v in values[0]]}")
    return VectorSet(values + 0.0)  # -0.0 is 0.0


def read_probabilities(truth: CategoricalTruth, base: Path) -> Array:
    """Read counts or probabilities of categories and divide them by their sum: ``(category,)``.

    Raises
    ------
    DataError
        As `read` does, and where a number is below 0 or fewer than two are above it.
    """
    values, lines = _numbers(truth, base)
    name = str(truth.path)
    _check_finite(values, name, lines)
    if (values < 0.0).any():
        raise _wrong(name, f"must be >= 0; the first that is not stands {_place(values >= 0.0, lines)}")
    if (values > 0.0).sum() < 2:
        raise _wrong(name, f"must hold at least two numbers above 0; it holds {(values > 0.0).sum()}")
    share = values / values.max()  # a sum of large numbers could overflow
    return np.asarray(share / share.sum() + 0.0)  # -0.0 is 0.0


def _numbers(truth: FileTruth, base: Path) -> tuple[Array, list[int] | None]:
    """The numbers of a file, ``(item,)`` or ``(item, dimension)``, and their lines where it has lines."""
    name = str(truth.path)
    path = base / name
    size = _size(path, name)
    if size > LARGEST_FILE:
        raise _wrong(name, f"must be at most 1 GiB; this file has {size} bytes")
    if path.suffix.lower() == ".csv":
        values, lines = _from_csv(_bytes(path, name), truth)
        return values if isinstance(truth, DataNdTruth) else values[:, 0], lines
    if path.suffix.lower() == ".npy":
        return _from_npy(path, truth), None
    raise _wrong(name, "must end in .csv or .npy; pickles and archives are never loaded")


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


def _from_csv(content: bytes, truth: FileTruth) -> tuple[Array, list[int]]:
    file = str(truth.path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(file, "must be text in UTF-8") from None
    if "\0" in text:
        raise _wrong(file, "must be text; this file has NUL bytes")
    lines = csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")))
    try:
        rows = [(lines.line_num, row) for row in lines if row]
    except csv.Error as error:
        raise _wrong(file, f"is not CSV in line {lines.line_num}: {error}") from None
    if not rows:
        raise _wrong(file, "must have a header and rows; this file is empty")
    header = [name.strip() for name in rows[0][1]]
    if all(_number(cell) is not None for cell in header):
        raise _wrong(file, f"must begin with a header of column names, not {header}")
    columns = _columns(header, truth) if isinstance(truth, DataNdTruth) else [_column(header, truth)]
    values, problems = np.empty((len(rows) - 1, len(columns))), []
    for i, (line, row) in enumerate(rows[1:]):
        if len(row) != len(header):
            allowed = f"row {line} must have {len(header)} cells; it has {len(row)}"
            problems.append(Problem("truth.path", file, allowed))
            continue
        for j, column in enumerate(columns):
            value = _number(row[column])
            if value is None:
                allowed = f"row {line}, column {header[column]}: {row[column]!r} is not a number"
                problems.append(Problem("truth.path", file, allowed))
            values[i, j] = np.nan if value is None else value
    if problems:
        shown = problems[:5]
        if len(problems) > len(shown):
            more = "problems" if len(columns) > 1 else "rows"
            shown.append(Problem("truth.path", file, f"and {len(problems) - 5} {more} more"))
        raise DataError(shown)
    return values, [line for line, _ in rows[1:]]


def _columns(header: list[str], truth: DataNdTruth) -> list[int]:
    """The columns that are named, in that order, or all of them."""
    asked, names = truth.columns or tuple(header), ", ".join(header[:20])
    wrong = [name for name in asked if header.count(name) != 1]
    problems = [Problem("truth.columns", name, f"must be one of the columns: {names}") for name in wrong]
    twice = sorted({name for name in asked if asked.count(name) > 1} - set(wrong))
    problems += [Problem("truth.columns", name, "must be named once") for name in twice]
    if problems:
        raise DataError(problems)
    return [header.index(name) for name in asked]


def _column(header: list[str], truth: DataTruth | CategoricalTruth) -> int:
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


def _from_npy(path: Path, truth: FileTruth) -> Array:
    file = str(truth.path)
    name = "columns" if isinstance(truth, DataNdTruth) else "column"
    if getattr(truth, name) is not None:
        shown = getattr(truth, name)
        shown = list(shown) if isinstance(shown, tuple) else shown
        raise DataError([Problem(f"truth.{name}", shown, "is for CSV files; leave it out")])
    try:
        array = np.load(io.BytesIO(_bytes(path, file)), allow_pickle=False)
    except Exception:  # a header can be wrong in more ways than NumPy has errors of its own for
        allowed = "must be a whole .npy file of numbers; pickles are never loaded"
        raise _wrong(file, allowed) from None
    axes = 2 if isinstance(truth, DataNdTruth) else 1
    if not isinstance(array, np.ndarray) or array.ndim != axes or (axes == 2 and array.shape[1] == 0):
        shape = getattr(array, "shape", "no")
        allowed = "two axes of numbers, rows of at least one" if axes == 2 else "one axis of numbers"
        raise _wrong(file, f"must hold {allowed}; its shape is {shape}")
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise _wrong(file, f"must hold integers or floats up to 64 bits, not {array.dtype}")
    if array.dtype.kind in "iu" and array.size and int(np.abs(array.astype(object)).max()) > LARGEST:
        raise _wrong(file, "must hold integers up to 2^53, which float64 keeps exactly")
    return array.astype(np.float64)


def _place(right: BoolArray, lines: list[int] | None) -> str:
    """Say where the first number stands that is not right."""
    first = int(np.argmin(right))
    return f"in row {lines[first]}" if lines is not None else f"at index {first}"


def _check_finite(values: Array, name: str, lines: list[int] | None) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        count = int((~finite).sum())
        raise _wrong(name, f"must be finite; {count} values are not, the first {_place(finite, lines)}")


def _check_rows(values: Array, name: str, lines: list[int] | None) -> None:
    """Finite numbers, of vectors finite rows, and two of them."""
    if values.ndim == 1:
        _check_finite(values, name, lines)
    finite = np.asarray(np.isfinite(values.T if values.ndim > 1 else values[None]).all(axis=0))
    if not finite.all():
        count = int((~finite).sum())
        raise _wrong(name, f"must be finite; {count} rows are not, the first {_place(finite, lines)}")
    if len(values) < 2:
        raise _wrong(name, f"must have at least 2 rows; this file has {len(values)}")


def _check(values: Array, name: str, lines: list[int] | None) -> None:
    _check_rows(values, name, lines)
    if values.min() == values.max():
        raise _wrong(name, f"must have a variance; all values are {float(values[0])!r}")
    top = float(np.abs(values).max())
    spread = float(np.abs(values - values.mean()).max()) if top < 1e150 else math.inf
    if not 1e-150 < spread < 1e150:
        raise _wrong(name, "must lie within 1e-150 and 1e150 in size and spread: squares are needed")
