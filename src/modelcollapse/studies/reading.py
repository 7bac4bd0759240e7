"""A study, or a result, from its folder into memory."""

from pathlib import Path

import numpy as np
import xarray as xr

from modelcollapse import store
from modelcollapse.errors import StorageError
from modelcollapse.studies.archive import Archive
from modelcollapse.studies.blocks import read as read_block
from modelcollapse.studies.folder import is_study, open_study
from modelcollapse.studies.holding import held_dimensions
from modelcollapse.studies.layout import Array

DONE = "whether a replicate is computed"


def load(path: str | Path) -> xr.Dataset:
    """Read a result or a study into memory, and check all its numbers by their hashes.

    A study may be at work: what is not committed yet is NaN (of whole numbers -1), and ``done`` says so.

    Raises
    ------
    DataError
        Where there is no such folder.
    StorageError
        Where it is damaged, neither a result nor a study, or written by a newer version.
    """
    return read(open_study(path)) if is_study(path) else store.load(path)


def read(archive: Archive) -> xr.Dataset:
    """Read all committed units of a study; a damaged one is refused."""
    study, axes = archive.study, [axis.name for axis in archive.study.axes]
    arrays = {n: np.full(v.shape, v.missing, dtype=v.dtype) for n, v in archive.variables.items()}
    done = np.zeros((*study.shape, study.replicates), dtype=np.int8)
    for number in range(archive.size):
        _put(archive, number, arrays, done)
    data = {name: (variable.dimensions, arrays[name]) for name, variable in archive.variables.items()}
    data["done"] = ((*axes, "replicate"), done)
    for name, values in archive.held.items():
        data[name] = (held_dimensions(name), values)
    coordinates = {variable.name: (variable.dimensions, values) for variable, values in archive.coordinates()}
    dataset = xr.Dataset(data, coordinates, attrs=archive.attributes())
    for name, variable in archive.variables.items():
        dataset[name].attrs.update(variable.attributes())
    dataset["done"].attrs["long_name"] = DONE
    return dataset


def _put(archive: Archive, number: int, arrays: dict[str, Array], done: Array) -> None:
    """Put the numbers of a unit in their place."""
    block = archive.place(number)
    try:
        values = read_block(block)
    except (OSError, ValueError) as error:
        hint = "`modelcollapse check` names all such blocks, `modelcollapse sweep` computes them again"
        raise StorageError(f"is damaged: {block}: {error}; {hint}", str(archive.path)) from None
    if values is None:
        return
    first = block.block * archive.block
    for name, array in values.items():
        rows = slice(first, first + len(array))
        arrays[name][block.index][(rows, *map(slice, array.shape[1:]))] = array
        done[block.index][rows] = 1
