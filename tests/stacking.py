"""A study's Dataset made by hand: each cell is run by itself, and its numbers are put in their place."""

from typing import Any

import numpy as np
import xarray as xr

import modelcollapse as mc
from modelcollapse.results import BOOKKEEPING, HELD, shapes
from modelcollapse.studies.study import Study


def study_of(text: str) -> Study:
    return Study.from_toml(text.lstrip("\n"))


def stacked(study: Study, done: Any = True) -> xr.Dataset:
    """Run all cells and stack them; ``done`` is broadcast to ``(axes ..., replicate)``, NaN where it is not.

    Axes of a family lie after ``generation``; a cell that lacks one lies at 0 on it.
    """
    cells = {index: study.cell(index) for index in np.ndindex(study.shape)}
    one = next(iter(cells.values()))
    saved, replicates = one.saved(), one.replicates
    done = np.broadcast_to(done, (*study.shape, replicates))
    axes, lengths = _family_axes(cells)
    front = tuple(axis.name for axis in study.axes)
    found: dict[str, Any] = {}
    for name, own in axes.items():
        shape = (*study.shape, replicates, len(saved), *(lengths[axis] for axis in own))
        whole = name in BOOKKEEPING
        filled = np.full(shape, -1 if whole else np.nan, dtype=_type(name))
        found[name] = ((*front, "replicate", "generation", *own), filled)
    truth: dict[str, Any] = {}
    for index, experiment in cells.items():
        if not done[index].any():
            continue
        result = mc.run(experiment, threads=1)
        for name in shapes(experiment):
            own = experiment.learner.dimensions.get(name, ())
            values = result[name].values
            place = tuple(slice(result.sizes[axis]) if axis in own else 0 for axis in axes[name])
            for r in np.flatnonzero(done[index]):
                found[name][1][(*index, r, slice(None), *place)] = values[r]
        truth = {name: result[name] for name, _ in HELD.values() if name in result}
    coordinates: dict[str, Any] = {"replicate": np.arange(replicates), "generation": np.array(saved)}
    for axis in study.axes:
        coordinates |= {name: ((axis.name,), np.array(values)) for name, values in axis.coordinates.items()}
    found["done"] = ((*front, "replicate"), done.astype(np.int8))
    attrs = {**mc.run(one.changed(generations=1, replicates=1), threads=1).attrs, "recipe": study.to_json()}
    return xr.Dataset({**found, **truth}, coordinates, attrs)


def _type(name: str) -> Any:
    return np.float64 if name not in BOOKKEEPING else np.int32 if name == "status" else np.int64


def _family_axes(cells: dict[Any, mc.Experiment]) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """Every variable's axes of a family, and how long each is at most."""
    axes: dict[str, tuple[str, ...]] = {}
    lengths: dict[str, int] = {}
    for experiment in cells.values():
        sizes = experiment.learner.sizes()
        for name in shapes(experiment):
            own = experiment.learner.dimensions.get(name, ())
            axes[name] = max(axes.get(name, ()), own, key=len)
            for axis in own:
                lengths[axis] = max(lengths.get(axis, 0), sizes[axis])
    return axes, lengths
