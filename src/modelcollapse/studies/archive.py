"""A study's store: one zarr folder that says what was asked for, and holds what is done of it.

The folder's ``zarr.json`` holds the study and the metadata of all arrays, and changes in one moment. All else
but the units' numbers follows from it to the byte, so that damage is seen anywhere.
"""

import hashlib
import itertools
import json
import math
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import results
from modelcollapse.errors import DataError, Problem, RecipeError, StorageError
from modelcollapse.experiment import STREAM_VERSION, Experiment
from modelcollapse.studies import disk, layout
from modelcollapse.studies.blocks import Block, state
from modelcollapse.studies.layout import COMMIT, RECORD, Array, Variable
from modelcollapse.studies.study import Study
from modelcollapse.version import __version__

SCHEMA = 1
"""Of a study's folder. Raised when an older version could not read it."""
ROOT, NEXT = "zarr.json", ".next.json"
"""The metadata of the whole; and those of a study that is growing, until all files of it are there."""
SHAPING = ("truth", "learner")
"""Tables that decide which variables a cell has, and how large they are."""
SHOWN = 20
"""Damaged units that are named at most."""


def versions() -> dict[str, Any]:
    """What the numbers may depend on beside the recipe."""
    import numba

    return {
        "modelcollapse_version": __version__,
        "numpy_version": np.__version__,
        "numba_version": numba.__version__,
        "streams_version": STREAM_VERSION,
    }


def environment(of: Mapping[str, Any]) -> bytes:
    """The hash of such versions: 8 bytes."""
    return hashlib.sha256(json.dumps(dict(of), sort_keys=True).encode()).digest()[:8]


@dataclass(frozen=True)
class Scan:
    """What a store holds.

    Attributes
    ----------
    states
        ``(unit,)``: open, whole or damaged, as ``blocks`` names them; in the order of `Archive.unit`.
    problems
        A sentence for each damaged unit, the first `SHOWN`.
    """

    states: Array
    problems: tuple[str, ...]

    def count(self, what: int) -> int:
        """How many units are so."""
        return int((self.states == what).sum())


@dataclass(frozen=True)
class Archive:
    """A study's folder, opened.

    Attributes
    ----------
    path
        The folder.
    study
        What was asked for, the values of each axis in the order in which they came to be.
    block
        Replicates of a unit.
    versions
        Those with which it was begun.
    """

    path: Path
    study: Study
    block: int
    versions: Mapping[str, Any]

    @cached_property
    def blocks(self) -> int:
        """Blocks of replicates of a cell."""
        return math.ceil(self.study.replicates / self.block)

    @cached_property
    def size(self) -> int:
        """Units of the study."""
        return self.study.size * self.blocks

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """The arrays of numbers: those of any cell, as large as the largest."""
        return {variable.name: variable for variable in _variables(self)}

    @cached_property
    def record(self) -> Variable:
        """The array of commit records."""
        axes, ones = self.study.shape, (1,) * len(self.study.shape)
        dimensions = (*(axis.name for axis in self.study.axes), "block", "byte")
        shape, chunk = (*axes, self.blocks, RECORD), (*ones, 1, RECORD)
        label = "hash that commits a block of replicates; all 0: not computed"
        return Variable(COMMIT, dimensions, np.dtype(np.uint8), shape, chunk, label)

    @cached_property
    def held(self) -> dict[str, Array]:
        """What the truth's file held, in every cell the same."""
        for _, cell in _shaping_cells(self.study):
            if cell.held is not None:
                return {results.HELD[cell.truth.family][0]: np.asarray(cell.held)}
        return {}

    def unit(self, number: int) -> tuple[tuple[int, ...], int]:
        """The cell and the block of a unit: the last axis first, blocks within a cell."""
        cell, block = divmod(number, self.blocks)
        return tuple(map(int, np.unravel_index(cell, self.study.shape))), block

    def place(self, number: int) -> Block:
        """Where a unit lies."""
        index, block = self.unit(number)
        rows = min(self.block, self.study.replicates - block * self.block)
        return Block(self.path, index, block, rows, self._key(index), self._has(index), self.record)

    def _key(self, index: tuple[int, ...]) -> bytes:
        """The hash of a cell's recipe, without the number of replicates."""
        raw = {name: value for name, value in self.study.raw(index).items() if name != "replicates"}
        text = json.dumps(raw, sort_keys=True, default=str) + self._held_sha
        return hashlib.sha256(text.encode()).digest()

    @cached_property
    def _held_sha(self) -> str:
        return "".join(hashlib.sha256(value.tobytes()).hexdigest() for value in self.held.values())

    def _has(self, index: tuple[int, ...]) -> tuple[Variable, ...]:
        """The variables of a cell."""
        shaping = tuple(i if shapes else 0 for i, shapes in zip(index, self._shaping, strict=True))
        if shaping not in self._cells:
            names = results.shapes(self.study.cell(shaping))
            self._cells[shaping] = tuple(v for name, v in self.variables.items() if name in names)
        return self._cells[shaping]

    @cached_property
    def _shaping(self) -> tuple[bool, ...]:
        """For each axis, whether the cells along it may have other variables."""
        return tuple(map(_shapes, self.study.axes))

    @cached_property
    def _cells(self) -> dict[tuple[int, ...], tuple[Variable, ...]]:
        return {}

    # What all of the folder must hold beside the units.

    def attributes(self) -> dict[str, Any]:
        """The attributes of a study: its recipe, the versions, how it is held."""
        return {
            "recipe": self.study.to_json(),
            "seed": str(self.study.recipe["seed"]),
            "schema": SCHEMA,
            "block": self.block,
            **self.versions,
        }

    def document(self) -> dict[str, Any]:
        """The folder's ``zarr.json``."""
        document = layout.group(self.attributes(), self._arrays())
        document["attributes"]["digest"] = hashlib.sha256(layout.as_json(document)).hexdigest()
        return document

    def _arrays(self) -> list[Variable]:
        return [
            *self.variables.values(),
            self.record,
            *(variable for variable, _ in [*self.coordinates(), *self._held_arrays()]),
        ]

    def coordinates(self) -> list[tuple[Variable, Array]]:
        """The arrays of coordinates, with their values."""
        found = [
            layout.coordinate(name, axis.name, values)
            for axis in self.study.axes
            for name, values in axis.coordinates.items()
        ]
        found.append(layout.coordinate("replicate", "replicate", range(self.study.replicates)))
        saved = self.study.cell((0,) * len(self.study.shape)).saved()
        return [*found, layout.coordinate("generation", "generation", saved)]

    def _held_arrays(self) -> list[tuple[Variable, Array]]:
        found = []
        for name, values in self.held.items():
            axes = held_dimensions(name)
            chunk = (layout.TOGETHER,) if values.ndim == 1 else values.shape
            array = Variable(name, axes, values.dtype, values.shape, chunk, results.LABELS[name])
            found.append((array, values))
        return found

    def files(self) -> dict[Path, bytes]:
        """Each file beside ``zarr.json`` and the units, with its content."""
        found = {
            self.path / name / ROOT: layout.as_json(metadata)
            for name, metadata in self.document()["consolidated_metadata"]["metadata"].items()
        }
        for variable, values in [*self.coordinates(), *self._held_arrays()]:
            for name, content in layout.files(variable, values).items():
                found[self.path / variable.name / name] = content
        return found

    def damaged_metadata(self) -> list[str]:
        """Files of metadata and coordinates that are not what they must be.

        While the study grows, or where that was interrupted, some are those of what it is to become.
        """
        wrong = [path for path, content in self.files().items() if not _holds(path, content)]
        later = {} if not wrong or (grown := self._growing()) is None else grown.files()
        return [
            f"{path.relative_to(self.path)} is {'damaged' if path.exists() else 'missing'}"
            for path in wrong
            if path not in later or not _holds(path, later[path])
        ]

    def _growing(self) -> "Archive | None":
        """What the study is to become, where it is growing, or was when its process was killed."""
        try:
            document = json.loads((self.path / NEXT).read_bytes())
            return _opened(self.path, document["attributes"], document)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def scan(self, told: Callable[[int, int], None] | None = None) -> Scan:
        """Look at every unit, its numbers included.

        Parameters
        ----------
        told
            Called now and then with the units looked at, and all of them.
        """
        states, problems = np.zeros(self.size, dtype=np.uint8), list[str]()

        def look(numbers: range) -> None:
            for number in numbers:
                states[number], why = state(self.place(number))
                if why and len(problems) < SHOWN:
                    problems.append(why)

        parts = [range(i, min(i + 256, self.size)) for i in range(0, self.size, 256)]
        with ThreadPoolExecutor(4) as pool:
            for i, _ in enumerate(pool.map(look, parts)):
                if told is not None:
                    told(parts[i].stop, self.size)
        return Scan(states, tuple(sorted(problems)))

    def committed(self) -> int:
        """How many units have a record: a quick look, for somebody who watches."""
        with os.scandir(self.path / COMMIT) as entries:
            return sum(entry.name.startswith("c.") for entry in entries)

    def tidy(self) -> None:
        """Remove what killed processes have left beside their places, and beside the folder."""
        for folder in [self.path, *(self.path / variable.name for variable in self._arrays())]:
            disk.clear_parts(folder)
        for path in self.path.parent.glob(f"{_beside(self.path)}*{disk.PART}"):
            shutil.rmtree(path, ignore_errors=True)


def is_study(path: str | Path) -> bool:
    """Whether a folder holds a study, as far as its metadata can be read."""
    try:
        with open(Path(path) / ROOT, "rb") as file:
            return b'"block"' in file.read(2**26) and (Path(path) / COMMIT).is_dir()
    except (OSError, ValueError):
        return False


def open_study(path: str | Path) -> Archive:
    """Open a study's folder.

    Raises
    ------
    DataError
        Where there is no such folder.
    StorageError
        Where it is no study, is damaged, or was written by a newer version.
    """
    place = Path(path)
    try:
        content = (place / ROOT).read_bytes()
    except FileNotFoundError:
        if not place.exists():
            raise DataError("no such study", str(place)) from None
        raise StorageError("is no study of modelcollapse: it has no zarr.json", str(place)) from None
    except OSError as error:
        raise StorageError(f"cannot be read: {error.strerror or error}", str(place)) from None
    try:
        attributes = json.loads(content)["attributes"]
        schema, digest = attributes["schema"], attributes.pop("digest")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StorageError("is no study of modelcollapse, or its zarr.json is damaged", str(place)) from None
    if "block" not in attributes and "recipe" in attributes:
        raise StorageError("is the result of one recipe, and no study", str(place))
    if type(schema) is int and schema > SCHEMA:
        by = attributes.get("modelcollapse_version")
        raise StorageError(
            f"written by version {by}; this is {__version__}, which cannot read it", str(place)
        )
    document = json.loads(content)
    document["attributes"].pop("digest")
    if hashlib.sha256(layout.as_json(document)).hexdigest() != digest:
        raise StorageError("is damaged: its zarr.json does not have the hash stored with it", str(place))
    document["attributes"]["digest"] = digest
    if layout.as_json(document) != content:
        raise StorageError("is damaged: its zarr.json is not as it was written", str(place))
    return _opened(place, attributes, document)


def _opened(place: Path, attributes: Mapping[str, Any], document: Mapping[str, Any]) -> Archive:
    try:
        arrays = document["consolidated_metadata"]["metadata"]
        held = [read_held(place, arrays[name]) for name, _ in results.HELD.values() if name in arrays]
        study = Study.from_json(attributes["recipe"], held[0] if held else None)
        archive = Archive(place, study, attributes["block"], {k: attributes[k] for k in versions()})
        archive.variables  # noqa: B018  cells are made, and refused where this version knows them not
        return archive
    except (RecipeError, DataError) as error:
        raise StorageError(f"its recipe cannot be read ({error})", str(place)) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StorageError(f"is damaged: {type(error).__name__}: {error}", str(place)) from None


def read_held(store: Path, metadata: Mapping[str, Any]) -> Array:
    """The numbers of the truth's file, as the study keeps them, by the metadata of their array."""
    name = next(name for name, axes in results.HELD.values() if list(axes) == metadata["dimension_names"])
    shape, chunk = (
        tuple(metadata["shape"]),
        tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"]),
    )
    array = Variable(name, (), np.dtype(np.float64), shape, chunk)
    values = np.empty((math.ceil(shape[0] / chunk[0]) * chunk[0], *shape[1:]))
    for i in range(0, len(values), chunk[0]):
        place = (i // chunk[0], *(0 for _ in shape[1:]))
        values[i : i + chunk[0]] = array.decode((store / name / array.file(place)).read_bytes())
    return values[: shape[0]]


def create(path: Path, study: Study, block: int) -> Archive:
    """Make a study's folder: whole, or not at all."""
    beside = path.with_name(f"{_beside(path)}{secrets.token_hex(8)}{disk.PART}")
    archive = Archive(path, study, block, versions())
    try:
        beside.mkdir()
        files = {beside / file.relative_to(path): content for file, content in archive.files().items()}
        files[beside / ROOT] = layout.as_json(archive.document())
        for folder in dict.fromkeys(file.parent for file in files):
            folder.mkdir(exist_ok=True)
        disk.put_all(files)
        disk.sync_folder(beside)
        disk.move(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return archive


def _beside(path: Path) -> str:
    """How the names begin of folders that are to become this one: its own name may be too long for more."""
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-"


def grow(archive: Archive, study: Study) -> Archive:
    """Make room for more values and replicates. What is there stays as it is, file by file.

    All new files are written before the study's own metadata change, in one moment. If the process is killed
    before, `settle` puts back what was.
    """
    grown = Archive(archive.path, study, archive.block, archive.versions)
    document = layout.as_json(grown.document())
    disk.put(archive.path / NEXT, document)
    for name in {path.parent for path in grown.files()}:
        name.mkdir(exist_ok=True)
    disk.put_all(grown.files())
    disk.put(archive.path / ROOT, document)
    disk.remove(archive.path / NEXT)
    return grown


def settle(archive: Archive) -> None:
    """Put back the metadata of a study whose growth was interrupted."""
    if (archive.path / NEXT).exists():
        disk.put_all(archive.files())
        grown = archive._growing()
        for path in set() if grown is None else grown.files().keys() - archive.files().keys():
            disk.remove(path)
        disk.remove(archive.path / NEXT)


def foreign(archive: Archive, study: Study) -> list[Problem]:
    """Why a folder cannot take a study: it holds another one. Empty where it can."""
    if not study.extends(archive.study):
        return archive.study.same_but(study)
    grown = Archive(archive.path, study, archive.block, archive.versions).variables
    return [
        Problem(name, None, "is larger, or new, in the cells that are added: make a study of them")
        for name, variable in grown.items()
        if name not in archive.variables or archive.variables[name].chunk != variable.chunk
    ]


def check_environment(archive: Archive, accept: bool) -> str:
    """Say in which versions this process differs from those that began a study.

    Raises
    ------
    StorageError
        Where it does, unless that is accepted; streams of another version never are.
    """
    ours = versions()
    other = {name: value for name, value in archive.versions.items() if ours[name] != value}
    if not other:
        return ""
    said = ", ".join(
        f"{name.removesuffix('_version')} {value}, not {ours[name]}" for name, value in other.items()
    )
    if "streams_version" in other:
        raise StorageError(f"was begun by a version that draws other numbers ({said})", str(archive.path))
    if not accept:
        hint = "--accept-environment goes on all the same, and notes it in each block"
        raise StorageError(f"was begun with {said}; {hint}", str(archive.path))
    return f"goes on with other versions: the study was begun with {said}"


def held_dimensions(name: str) -> tuple[str, ...]:
    """The axes of what a truth's file held."""
    return next(axes for variable, axes in results.HELD.values() if variable == name)


def _shapes(axis: Any) -> bool:
    return any(path.split(".")[0] in SHAPING for path in axis.paths)


def _shaping_cells(study: Study) -> Iterator[tuple[tuple[int, ...], Experiment]]:
    """The first cell of all that have the same truth and learner."""
    for index in itertools.product(*(range(len(axis)) if _shapes(axis) else (0,) for axis in study.axes)):
        yield index, study.cell(index)


def _variables(archive: Archive) -> Iterator[Variable]:
    """The arrays of numbers, their inner axes as long as the longest of any cell."""
    study, axes = archive.study, [axis.name for axis in archive.study.axes]
    sizes, inner = dict[str, tuple[int, ...]](), dict[str, tuple[str, ...]]()
    saved = 0
    for _, cell in _shaping_cells(study):
        saved = len(cell.saved())
        for name, shape in results.shapes(cell).items():
            known = sizes.get(name, shape)
            if len(known) != len(shape):
                raise StorageError(f"{name} has other axes in other cells: make one study of each")
            sizes[name] = tuple(map(max, known, shape))
            inner[name] = cell.learner.dimensions.get(name, ())
    for name, shape in sizes.items():
        kind = np.int32 if name == "status" else np.int64 if name in results.BOOKKEEPING else np.float64
        yield Variable(
            name,
            (*axes, "replicate", "generation", *inner[name]),
            np.dtype(kind),
            (*study.shape, study.replicates, saved, *shape),
            (*(1 for _ in axes), archive.block, saved, *shape),
            results.label(name),
            results.flags() if name == "status" else None,
        )


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False
