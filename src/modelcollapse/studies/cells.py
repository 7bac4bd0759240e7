"""A study's Dataset as its cells: where each lies, what its recipe is, and what of it is done."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse import results
from modelcollapse.experiment import Experiment
from modelcollapse.studies.axes import Axis
from modelcollapse.studies.study import Study
from modelcollapse.types import Array, BoolArray, IntArray

Index = tuple[int, ...]
"""A place on each axis that the Dataset still has, in the order of `axes_of`."""

OWN = ("replicate", "generation")
"""The axes of every variable of a cell, before its family's."""


def is_study(dataset: xr.Dataset) -> bool:
    """Whether a Dataset is a study's, or a part of one, and not that of one recipe."""
    return "sweep" in json.loads(dataset.attrs.get("recipe", "{}"))


def axes_of(dataset: xr.Dataset) -> list[str]:
    """The dimensions that are axes of the sweep, in the order of the Dataset.

    Where one value of an axis has been selected, ``study.sel(real=0.1)``, that is no dimension any more.
    """
    return list(Cells.of(dataset).axes)


def cell(dataset: xr.Dataset, index: Index = ()) -> xr.Dataset:
    """One cell as an ordinary result, which all that takes a result can take.

    Parameters
    ----------
    dataset
        A study, or a part of one.
    index
        The place on each axis that the Dataset has, as `axes_of` lists them. Without any, the Dataset
        must be one cell, as ``study.sel(real=0.1, n_samples=100)`` is.

    Returns
    -------
    xarray.Dataset
        What `modelcollapse.run` gives for the cell's recipe, with the replicates that are done. Where these
        are not the first ones, ``replicate`` says which they are.

    Raises
    ------
    ValueError
        Where none of its replicates is done.
    """
    return Cells.of(dataset).result(tuple(index))


@dataclass(frozen=True)
class Cells:
    """The cells of a study's Dataset, or of a part of one.

    Attributes
    ----------
    dataset, study
        The Dataset, and the study that its recipe tells of.
    axes
        The dimensions that are axes of the sweep, in the Dataset's order.
    places
        Of each axis of the study: where on it the Dataset's values lie; one alone where one was selected.
    """

    dataset: xr.Dataset
    study: Study
    axes: tuple[str, ...]
    places: Mapping[str, IntArray]
    _experiments: dict[Index, Experiment] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: xr.Dataset) -> "Cells":
        """Read the study that a Dataset carries, and find the Dataset's values on its axes."""
        if not is_study(dataset):
            raise ValueError("this is the result of one recipe: its attribute `recipe` has no sweep")
        if "done" not in dataset:
            raise ValueError("this study does not say what of it is done: its variable `done` is missing")
        held = [dataset[name].values for name, _ in results.HELD.values() if name in dataset]
        study = Study.from_json(dataset.attrs["recipe"], held[0] if held else np.empty(0))
        places = {axis.name: _places(dataset, axis) for axis in study.axes}
        axes = tuple(str(name) for name in dataset["done"].dims if name in places)
        return cls(dataset, study, axes, places)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has here."""
        return tuple(self.dataset.sizes[name] for name in self.axes)

    @property
    def generations(self) -> IntArray:
        """The saved generations."""
        return np.asarray(self.dataset["generation"].values)

    def __iter__(self) -> Iterator[Index]:
        """The places of all cells, in order."""
        return iter(np.ndindex(self.shape))

    def coordinates(self, axis: str) -> dict[str, Any]:
        """What lies along an axis: its own values, or those that are set together."""
        known = self.dataset.coords
        found = {str(name): known[name].values for name in known if known[name].dims == (axis,)}
        if axis in found:  # its own first
            return {axis: found.pop(axis), **found}
        return found or {axis: self.places[axis]}

    def experiment(self, index: Index) -> Experiment:
        """The recipe of a cell, with all replicates of the study."""
        if index not in self._experiments:
            if len(index) != len(self.axes) or not all(i < n for i, n in zip(index, self.shape, strict=True)):
                raise ValueError(f"index = {index}: must be a place on each of {self._sizes()}")
            on = dict(zip(self.axes, index, strict=True))
            place = tuple(int(self.places[axis.name][on.get(axis.name, 0)]) for axis in self.study.axes)
            self._experiments[index] = self.study.cell(place)
        return self._experiments[index]

    def _sizes(self) -> str:
        return (
            ", ".join(f"{name} ({size})" for name, size in zip(self.axes, self.shape, strict=True)) or "none"
        )

    def done(self, index: Index) -> BoolArray:
        """Which replicates of a cell are computed, ``(replicate,)``."""
        return np.asarray(self._part("done", index).values == 1)

    def rows(self, index: Index, most: int | None = None) -> IntArray:
        """The places of the replicates of a cell that are computed, the first ``most`` of them."""
        return np.flatnonzero(self.done(index))[:most]

    def _part(self, name: str, index: Index, **more: Any) -> xr.Variable:
        """A variable at a cell."""
        where = dict(zip(self.axes, index, strict=True), **more)
        whole = self.dataset[name].variable
        return whole.isel({dim: at for dim, at in where.items() if dim in whole.dims})

    def stored(self, index: Index, name: str, columns: Any = slice(None), most: int | None = None) -> Array:
        """A variable of a cell in its own shape, ``(replicate, generation, ...)``: replicates that are done.

        In other cells it may have axes that this one's family lacks, where it lies at 0, or longer ones.
        """
        learner = self.experiment(index).learner
        own, sizes = learner.dimensions.get(name, ()), learner.sizes()
        part = self._part(name, index, generation=columns)
        part = part.isel({dim: 0 for dim in part.dims if dim not in (*OWN, *own)})
        part = part.isel({dim: slice(sizes[dim]) for dim in own}).transpose(*OWN, *own)
        return np.asarray(part.values[self.rows(index, most)])

    def part(self, index: Index) -> xr.Dataset:
        """A cell of the Dataset as it is, in the study's shapes."""
        return self.dataset.isel(dict(zip(self.axes, index, strict=True)))

    def measure(
        self, index: Index, name: str, columns: Any = slice(None), most: int | None = None
    ) -> Array | None:
        """A metric of replicates that are done, ``(replicate, generation)``; None where it does not apply."""
        experiment = self.experiment(index)
        try:
            names = results.needed(experiment, name)
        except ValueError:
            return None
        generations = self.generations[columns]
        if not self.done(index).any():
            return np.empty((0, len(generations)))
        stored = {n: self.stored(index, n, columns, most) for n in names if n in self.dataset}
        return results.evaluate(experiment, name, stored, generations)

    def result(self, index: Index) -> xr.Dataset:
        """A cell as an ordinary result: see `cell`."""
        experiment, done = self.experiment(index), self.done(index)
        if not done.any():
            raise ValueError(f"index = {index}: none of the replicates of this cell is done")
        if done.sum() != experiment.replicates:
            experiment = experiment.changed(replicates=int(done.sum()))
        names = (name for name in results.shapes(experiment) if name in self.dataset)
        variables = {name: _whole(name, self.stored(index, name)) for name in names}
        saved = self.generations.tolist()
        made = results.assemble(experiment, variables, saved)
        made = made.assign_coords(replicate=self.dataset["replicate"].values[done])
        versions = {name for name in made.attrs if name.endswith("_version")} & {*self.dataset.attrs}
        return made.assign_attrs({name: self.dataset.attrs[name] for name in versions})


def _whole(name: str, values: Array) -> Any:
    """Counts and bits as integers, as a run stores them."""
    if name not in results.BOOKKEEPING:
        return values
    return values.astype(np.int32 if name == "status" else np.int64)


def _places(dataset: xr.Dataset, axis: Axis) -> IntArray:
    """Where on an axis of the study a Dataset's values lie, known by their coordinates."""
    size = dataset.sizes.get(axis.name, 1)
    names = [name for name in axis.coordinates if name in dataset.coords]
    if len(names) == len(axis.coordinates):
        columns = [np.broadcast_to(dataset[name].values, (size,)).tolist() for name in names]
        known = {_key(row): i for i, row in enumerate(zip(*axis.coordinates.values(), strict=True))}
        found = [known.get(_key(row), -1) for row in zip(*columns, strict=True)]
        if min(found) >= 0 and len(known) == len(axis.values):
            return np.array(found)
    if size == len(axis.values) and axis.name in dataset.dims:
        return np.arange(size)
    raise ValueError(f"axis {axis.name}: the coordinates that say which of its values these are were dropped")


def _key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values as they compare: whole numbers with floats, all else as text."""
    return tuple(float(value) if isinstance(value, int | float) else str(value) for value in row)
