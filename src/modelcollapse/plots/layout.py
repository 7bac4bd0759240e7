"""The sheet of a study's figure: its panels, what is said above them, and what beneath."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from modelcollapse.experiment import Experiment
from modelcollapse.plots import style
from modelcollapse.plots.scales import Scale, scale_of
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.quantities import Quantity
from modelcollapse.types import Array

COLUMNS = 5
"""Small multiples side by side at most; of more, some are shown."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class View:
    """A study, and which of its axes a figure's panels have; the others make small multiples."""

    cells: Cells
    own: tuple[str, ...]
    quantities: list[Quantity]

    @property
    def others(self) -> list[Scale]:
        """The further axes."""
        return [scale_of(self.cells, axis) for axis in self.cells.axes if axis not in self.own]

    def places(self) -> list[tuple[int, ...]]:
        """The places on the further axes that are shown: all, or some from the first to the last."""
        every = list(np.ndindex(*(len(scale.values) for scale in self.others)))
        chosen = np.unique(np.linspace(0, len(every) - 1, min(len(every), COLUMNS)).round().astype(int))
        return [every[i] for i in chosen]

    def select(self, values: Array, place: tuple[int, ...]) -> Array:
        """The numbers of a panel, ``(own axes ...)`` in their order."""
        others = iter(place)
        names = self.cells.axes
        part = values[tuple(slice(None) if name in self.own else next(others) for name in names)]
        kept = [name for name in names if name in self.own]
        return np.transpose(part, [kept.index(name) for name in self.own])

    def heading(self, place: tuple[int, ...]) -> str:
        """What a small multiple is of."""
        return ", ".join(f"{s.name} = {s.labels[i]}" for s, i in zip(self.others, place, strict=True))


def grid(
    view: View, shown: list[Quantity], width: float, height: float, sentences: list[str]
) -> tuple[Figure, Any]:
    """Make the panels, ``(quantity, small multiple)``; without small multiples, four in a square."""
    places = view.places()
    alone, rows = len(places) == 1, len(shown)
    if alone:
        down, across = (1, rows) if rows < 4 else (2, 2)
    else:
        down, across = rows, len(places)
    size = across * width + 0.8 * (not alone), down * height + 0.8
    figure = style.sheet(*size, heading(view.cells, int(size[0] * 15)), [*sentences, *remarks(view)])
    panels = [figure.add_subplot(down, across, i + 1) for i in range(rows * len(places))]
    for panel, letter in zip(panels, LETTERS, strict=False):
        panel.set_title(letter, loc="left", fontsize=style.TEXT + 1, fontweight="bold", x=-0.12)
        panel.tick_params(labelsize=style.TEXT)
    cells = np.array(panels, dtype=object).reshape(rows, len(places))
    if not alone:
        for panel, place in zip(cells[0], places, strict=True):
            panel.set_title(view.heading(place), fontsize=style.TEXT, parse_math=False)
    return figure, cells


def heading(cells: Cells, width: int) -> str:
    """Say what was run: what all cells share, and what was swept."""
    experiments = [cells.experiment(index) for index in cells]
    said = [style.parts(experiment) for experiment in experiments]
    shared = {key: _same([one[key] for one in said]) for key in said[0]}
    for table in ("truth", "learner"):
        families = [f"{table}: {getattr(one, table).family}" for one in experiments]
        shared[table] = shared[table] or _same(families)
    shared["workflow"] = shared["workflow"] or _workflow(experiments)
    scales = [scale_of(cells, axis) for axis in cells.axes]
    swept = " × ".join(f"{scale.name} ({len(scale.values)})" for scale in scales)
    replicates = cells.dataset.sizes["replicate"]
    sizes = [
        f"{len(experiments):,} cells: {swept}",
        f"{replicates} replicate{'s' * (replicates > 1)}",
        f"{int(cells.generations[-1]):,} generations",
    ]
    what = [shared["truth"], shared["learner"], shared["size"], shared["workflow"]]
    rows = what, [*sizes, shared["seed"], shared["engine"]]
    return "\n".join(style.joined(list(filter(None, row)), width) for row in rows if any(row))


def _same(texts: list[str]) -> str:
    """What all of them are, or nothing."""
    return texts[0] if len(set(texts)) == 1 else ""


def _workflow(experiments: list[Experiment]) -> str:
    """What workflows of different settings have in common."""
    kind = _same([one.workflow.kind for one in experiments])
    every = [one.workflow.describe() for one in experiments]
    common = [part for part in every[0] if all(part in other for other in every)]
    return ": ".join(filter(None, [kind, ", ".join(common)])) if kind else ""


def remarks(view: View) -> list[str]:
    """What a reader must know: small multiples left out, cells that are not done, or not whole."""
    cells, found = view.cells, []
    every = int(np.prod([len(scale.values) for scale in view.others], dtype=int))
    shown = len(view.places())
    if shown < every:
        found.append(f"{shown} of {every} values of {' × '.join(s.name for s in view.others)} are shown.")
    counts = np.array([int(cells.done(index).sum()) for index in cells])
    empty, part = int((counts == 0).sum()), int(((counts > 0) & (counts < counts.max())).sum())
    if empty:
        found.append(f"Of {len(counts):,} cells, {empty:,} are not done (hatched).")
    if part:
        found.append(f"Of {len(counts):,} cells, {part:,} have fewer replicates done than others.")
    return found
