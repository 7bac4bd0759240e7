"""How the numbers of a study lie in a zarr store: which arrays, in which chunks, as which bytes.

A chunk is one variable of one unit: of one cell and one block of replicates. Its file has the numbers,
packed (zstd), and a checksum (crc32c), as the zarr format describes them; so any reader of zarr reads it,
and refuses a damaged one.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import zstd
from numcodecs.vlen import VLenUTF8

LEVEL = 1
"""Of zstd: random mantissas hardly pack, counts and statuses do at once."""
TOGETHER = 1024
"""Values of a coordinate in one file. A fixed number: a longer axis leaves what was there as it is."""
COMMIT, RECORD = "commit", 64
"""The array of commit records, and the bytes of a record."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Variable:
    """One array of a store.

    Attributes
    ----------
    name, dimensions, dtype
        As xarray shows them; ``dtype`` is NumPy's.
    shape, chunk
        Of the whole, and of what lies in one file.
    label
        What it is, in words.
    """

    name: str
    dimensions: tuple[str, ...]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    label: str = ""
    flags: Mapping[str, Any] | None = None

    @property
    def missing(self) -> float | int | str:
        """What a reader sees where no file is: no value that could be computed."""
        if self.name == COMMIT:
            return 0
        return {"f": math.nan, "i": -1}.get(self.dtype.kind, "")

    def attributes(self) -> dict[str, Any]:
        """What it is, for readers."""
        return {**({"long_name": self.label} if self.label else {}), **(self.flags or {})}

    def metadata(self) -> dict[str, Any]:
        """The array's ``zarr.json``."""
        first: dict[str, Any] = {"name": "bytes", "configuration": {"endian": "little"}}
        if self.dtype.itemsize == 1:
            first = {"name": "bytes"}
        if self.dtype.kind == "O":
            first = {"name": "vlen-utf8", "configuration": {}}
        packed = [{"name": "zstd", "configuration": {"level": LEVEL, "checksum": False}}]
        return {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(self.shape),
            "data_type": "string" if self.dtype.kind == "O" else self.dtype.name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(self.chunk)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
            "fill_value": "NaN" if self.dtype.kind == "f" else self.missing,
            "codecs": [first, *([] if self.name == COMMIT else packed), {"name": "crc32c"}],
            "attributes": self.attributes(),
            "dimension_names": list(self.dimensions),
            "storage_transformers": [],
        }

    def file(self, place: Sequence[int]) -> str:
        """The name of a chunk's file within the array's folder."""
        return ".".join(["c", *map(str, place)])

    def filled(self, values: Array) -> Array:
        """A chunk of these values; what is shorter than a chunk is filled up with what is missing."""
        whole = np.full(self.chunk, self.missing, dtype=self.dtype.newbyteorder("<"))
        whole[tuple(slice(n) for n in values.shape)] = values
        return whole

    def encode(self, values: Array) -> bytes:
        """The bytes of a chunk of these values, filled up where they are shorter."""
        values = values if values.shape == self.chunk else self.filled(values)
        if self.dtype.kind == "O":
            content = bytes(zstd.compress(bytes(VLenUTF8().encode(values)), LEVEL))
        else:
            raw = np.ascontiguousarray(values, dtype=self.dtype.newbyteorder("<")).tobytes()
            content = raw if self.name == COMMIT else bytes(zstd.compress(raw, LEVEL))
        return content + _checksum(content)

    def decode(self, content: bytes) -> Array:
        """The numbers of a chunk.

        Raises
        ------
        ValueError
            Where these bytes are no such chunk.
        """
        body, sum_ = content[:-4], content[-4:]
        if _checksum(body) != sum_:
            raise ValueError("its checksum is another")
        try:
            raw = body if self.name == COMMIT else bytes(zstd.decompress(body))
            return np.frombuffer(raw, dtype=self.dtype.newbyteorder("<")).reshape(self.chunk)
        except RuntimeError as error:
            raise ValueError(str(error)) from None


def _checksum(content: bytes) -> bytes:
    return int(google_crc32c.value(content)).to_bytes(4, "little")


def as_json(document: Mapping[str, Any]) -> bytes:
    """A metadata file: the same document gives the same bytes."""
    return json.dumps(document, indent=1, allow_nan=False).encode()


def group(attributes: Mapping[str, Any], variables: Sequence[Variable]) -> dict[str, Any]:
    """The store's ``zarr.json``, with the metadata of all arrays in it.

    Readers take those from here, so that they change in one moment when a study grows.
    """
    arrays = {variable.name: variable.metadata() for variable in variables}
    return {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": dict(attributes),
        "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": arrays},
    }


def coordinate(name: str, dimension: str, values: Sequence[Any], label: str = "") -> tuple[Variable, Array]:
    """The array of a coordinate, and its values: whole numbers, numbers or text."""
    kinds = {type(value) for value in values}
    dtype: np.dtype[Any] = np.dtype(object)
    if kinds <= {int} and all(-(2**63) <= value < 2**63 for value in values):
        dtype = np.dtype("int64")
    elif kinds <= {int, float} and all(abs(value) < 2**63 for value in values):
        dtype = np.dtype("float64")
    else:
        values = [str(value) for value in values]
    shape = (len(values),)
    return Variable(name, (dimension,), dtype, shape, (TOGETHER,), label), np.array(values, dtype=dtype)


def files(variable: Variable, values: Array) -> dict[str, bytes]:
    """All files of a one-dimensional array, or of one that lies in one chunk."""
    if values.ndim != 1:
        return {variable.file((0,) * values.ndim): variable.encode(values)}
    step = variable.chunk[0]
    return {
        variable.file((i // step,)): variable.encode(values[i : i + step])
        for i in range(0, max(len(values), 1), step)
    }
