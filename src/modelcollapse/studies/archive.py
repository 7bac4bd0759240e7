"""A study as its store holds it: one zarr folder that says what was asked for, and holds what is done of it.

The folder's ``zarr.json`` holds the study and the metadata of all arrays, and changes in one moment. All else
but the units' numbers follows from it to the byte, so that damage is seen anywhere.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from modelcollapse import results
from modelcollapse.studies import layout
from modelcollapse.studies.blocks import Block, state
from modelcollapse.studies.environment import environment
from modelcollapse.studies.holding import array_of
from modelcollapse.studies.layout import COMMIT, RECORD, Array, Variable
from modelcollapse.studies.shapes import shapes_cells, shaping_cells, variables
from modelcollapse.studies.study import Study

SCHEMA = 1
"""Of a study's folder. Raised when an older version could not read it."""
ROOT = "zarr.json"
"""The metadata of the whole."""
SHOWN = 20
"""Damaged units that are named at most."""


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
    environments
        The versions with which it was begun, then those with which it went on. A record has their hash.
    """

    path: Path
    study: Study
    block: int
    environments: tuple[Mapping[str, Any], ...]

    @property
    def versions(self) -> Mapping[str, Any]:
        """The versions with which it was begun."""
        return self.environments[0]

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
        return {variable.name: variable for variable in variables(self.study, self.block)}

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
        for _, cell in shaping_cells(self.study):
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
        key = self._key(index) + block.to_bytes(8, "little")  # no block is taken for another of its cell
        return Block(self.path, index, block, rows, key, self._has(index), self.record)

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
        return tuple(map(shapes_cells, self.study.axes))

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
            "environments": json.dumps({environment(one).hex(): dict(one) for one in self.environments}),
            **self.versions,
        }

    def document(self) -> dict[str, Any]:
        """The folder's ``zarr.json``."""
        document = layout.group(self.attributes(), self.arrays())
        document["attributes"]["digest"] = hashlib.sha256(layout.as_json(document)).hexdigest()
        return document

    def arrays(self) -> list[Variable]:
        """All arrays of the folder."""
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
        return [(array_of(name, values), values) for name, values in self.held.items()]

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

    def scan(self, told: Callable[[int, int], None] | None = None, stop: Event | None = None) -> Scan:
        """Look at every unit, its numbers included.

        Parameters
        ----------
        told
            Called now and then with the units looked at, and all of them.
        stop
            Once set, the rest is not looked at, and passes for not computed.
        """
        states, problems = np.zeros(self.size, dtype=np.uint8), list[str]()

        def look(numbers: range) -> None:
            for number in numbers:
                if stop is not None and stop.is_set():
                    return
                states[number], why = state(self.place(number))
                if why and len(problems) < SHOWN:
                    problems.append(why)

        parts = [range(i, min(i + 256, self.size)) for i in range(0, self.size, 256)]
        with ThreadPoolExecutor(4) as pool:
            for i, _ in enumerate(pool.map(look, parts)):
                if told is not None:
                    told(parts[i].stop, self.size)
        return Scan(states, tuple(sorted(problems)))
