"""Which variables the cells of a study have, and how large they are."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from modelcollapse import results
from modelcollapse.errors import StorageError
from modelcollapse.experiment import Experiment
from modelcollapse.studies.layout import Variable
from modelcollapse.studies.study import Study

SHAPING = ("truth", "learner")
"""Tables that decide which variables a cell has, and how large they are."""


def shapes_cells(axis: Any) -> bool:
    """Whether the cells along an axis may have other variables."""
    return any(path.split(".")[0] in SHAPING for path in axis.paths)


def shaping_cells(study: Study) -> Iterator[tuple[tuple[int, ...], Experiment]]:
    """The first cell of all that have the same truth and learner."""
    for index in itertools.product(
        *(range(len(axis)) if shapes_cells(axis) else (0,) for axis in study.axes)
    ):
        yield index, study.cell(index)


def variables(study: Study, block: int) -> Iterator[Variable]:
    """The arrays of numbers, in blocks of replicates, their inner axes as long as the longest of any cell."""
    axes = [axis.name for axis in study.axes]
    sizes, inner = dict[str, tuple[int, ...]](), dict[str, tuple[str, ...]]()
    saved = 0
    for _, cell in shaping_cells(study):
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
            (*(1 for _ in axes), block, saved, *shape),
            results.label(name),
            results.flags() if name == "status" else None,
        )
