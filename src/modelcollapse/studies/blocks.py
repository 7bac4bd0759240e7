"""One unit of a study on disk: a cell's block of replicates, a file a variable, and its commit record.

The data are written first, then the record. A unit without a record is not there, whatever files are; one
whose data do not have the record's hash is damaged. The hash is that of the numbers of the record's
replicates: while a block grows by some, file by file, those that were there stay committed.
"""

import errno
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modelcollapse.errors import StorageError
from modelcollapse.studies import disk
from modelcollapse.studies.layout import COMMIT, RECORD, Array, Variable

OPEN, WHOLE, DAMAGED = 0, 1, 2
"""What a unit on disk is: not there, there with its hash, or there and not to be trusted."""
BROKEN = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EIO)
"""What the system says of a file that is damaged. All else, as that too many are open, says nothing of it."""


@dataclass(frozen=True)
class Record:
    """What commits a unit: the SHA-256 of its numbers, the environment that made it, its replicates."""

    sha: bytes
    environment: bytes
    rows: int

    def pack(self, key: bytes) -> bytes:
        """64 bytes; the last 16 tie them to a block of a cell, so that no other's record is taken for it."""
        body = self.sha + self.environment[:8] + self.rows.to_bytes(8, "little")
        return body + hashlib.sha256(key + body).digest()[:16]

    @staticmethod
    def unpack(content: bytes, key: bytes) -> "Record":
        """Read a record; ValueError where it is damaged, or of another block."""
        body = content[:48]
        if len(content) != RECORD or hashlib.sha256(key + body).digest()[:16] != content[48:]:
            raise ValueError("its record is damaged, or of another block or study")
        return Record(body[:32], body[32:40], int.from_bytes(body[40:], "little"))


@dataclass(frozen=True)
class Block:
    """Where a unit lies, and what a process must know to write and to read it.

    Attributes
    ----------
    store
        The study's folder.
    index, block
        The cell's place on the axes; the number of the block.
    rows
        Replicates of the block that the study asks for: the last block may have fewer than others.
    key
        The hash of the cell's recipe, and the number of the block.
    variables
        Those that the cell has.
    record
        The array of records.
    """

    store: Path
    index: tuple[int, ...]
    block: int
    rows: int
    key: bytes
    variables: tuple[Variable, ...]
    record: Variable

    def record_path(self) -> Path:
        """The file of the record."""
        return self.store / COMMIT / self.record.file((*self.index, self.block, 0))

    def path(self, variable: Variable) -> Path:
        """The file of a variable."""
        inner = (0,) * (len(variable.chunk) - len(self.index) - 1)
        return self.store / variable.name / variable.file((*self.index, self.block, *inner))

    def __str__(self) -> str:
        """Name it in messages."""
        return f"cell {list(self.index)}, block {self.block}"


def commit(block: Block, values: Mapping[str, Array], environment: bytes) -> bool:
    """Write a unit, unless it is there; then it must be the same.

    Parameters
    ----------
    values
        Name -> ``(replicate, generation, ...)``, of `Block.rows` replicates.
    environment
        The hash of the versions that computed it.

    Returns
    -------
    bool
        False where the same unit was there.

    Raises
    ------
    StorageError
        Where it cannot be written, or where another result was there: one of the two is wrong.
    """
    leading = (1,) * len(block.index)
    filled = {
        v: v.filled(np.asarray(values[v.name]).reshape(*leading, *values[v.name].shape))
        for v in block.variables
    }
    sha = _sha({v.name: _inner(block, array) for v, array in filled.items()}, block.rows)
    if _there(block, values):
        return False
    contents = {v: v.encode(array) for v, array in filled.items()}
    record = Record(sha, environment, block.rows)
    total = sum(map(len, contents.values())) + RECORD
    try:
        disk.put_all({block.path(v): content for v, content in contents.items()})
        disk.put(block.record_path(), block.record.encode(_as_array(block, record.pack(block.key))))
    except OSError as error:
        reason = f"{block} cannot be written ({total} bytes): {disk.said(error)}"
        raise StorageError(reason, str(block.store)) from None
    return True


def _there(block: Block, values: Mapping[str, Array]) -> bool:
    """Whether the same unit is there already, with as many replicates or more.

    Fewer were, before more were asked for; more are, where a worker comes late whom nobody waits for.
    """
    try:
        record = _record(block)
        numbers = _numbers(block)
    except (OSError, ValueError):
        return False
    if record is None or _sha(numbers, record.rows) != record.sha:
        return False
    rows = min(record.rows, block.rows)
    for name, array in numbers.items():
        cut = tuple(slice(n) for n in (rows, *np.shape(values[name])[1:]))
        ours = np.ascontiguousarray(values[name][:rows], dtype=array.dtype)
        if array[cut].tobytes() != ours.tobytes():
            reason = f"{block}: {name} came out otherwise than what is committed; one of the two is wrong"
            raise StorageError(reason, str(block.store))
    return record.rows >= block.rows


def state(block: Block) -> tuple[int, str]:
    """What a unit on disk is, and why, where it is damaged. Its data are read and hashed.

    Raises
    ------
    OSError
        Where nobody can know, since its files cannot be read just now, or not by this user.
    """
    try:
        record = _record(block)
        if record is None:
            return OPEN, ""
        if _sha(_numbers(block), record.rows) != record.sha:
            return DAMAGED, f"{block}: its numbers do not have the hash of their record"
    except FileNotFoundError as error:
        return DAMAGED, f"{block}: {Path(str(error.filename)).parent.name} is missing"
    except OSError as error:
        if error.errno not in BROKEN:
            raise
        return DAMAGED, f"{block}: {disk.said(error)}"
    except ValueError as error:
        return DAMAGED, f"{block}: {error}"
    return (WHOLE if record.rows >= block.rows else OPEN), ""


def read(block: Block) -> dict[str, Array] | None:
    """A committed unit's numbers: name -> ``(replicate, generation, ...)``; None where none is committed.

    Raises
    ------
    ValueError, OSError
        Where it is damaged.
    """
    record = _record(block)
    if record is None:
        return None
    numbers = _numbers(block)
    if _sha(numbers, record.rows) != record.sha:
        raise ValueError("its numbers do not have the hash of their record")
    return {name: array[: min(block.rows, record.rows)] for name, array in numbers.items()}


def _record(block: Block) -> Record | None:
    try:
        content = block.record_path().read_bytes()
    except FileNotFoundError:
        return None
    return Record.unpack(block.record.decode(content).tobytes(), block.key)


def _as_array(block: Block, record: bytes) -> Array:
    return np.frombuffer(record, dtype=np.uint8).reshape(block.record.chunk)


def _numbers(block: Block) -> dict[str, Array]:
    """The arrays of a unit's files, without the axes; ValueError where a checksum is another."""
    return {v.name: _inner(block, v.decode(block.path(v).read_bytes())) for v in block.variables}


def _inner(block: Block, array: Array) -> Array:
    """A chunk without the axes: ``(replicate, generation, ...)``."""
    return array.reshape(array.shape[len(block.index) :])


def _sha(numbers: Mapping[str, Array], rows: int) -> bytes:
    """The hash of so many replicates."""
    sha = hashlib.sha256()
    for name in sorted(numbers):
        array = np.ascontiguousarray(numbers[name][:rows])
        sha.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        sha.update(array.data)
    return sha.digest()
