"""A study in words and numbers: what was swept, a row for each cell, how the laws fare over all of them."""

import csv
import math
from pathlib import Path

import numpy as np
import xarray as xr

from modelcollapse.errors import printable
from modelcollapse.metrics import METRICS
from modelcollapse.studies.cells import Cells, Index
from modelcollapse.studies.quantities import Quantity, quantities
from modelcollapse.summary import aligned, columns, table_rows
from modelcollapse.theory import expectations
from modelcollapse.types import Status
from modelcollapse.verdict import AGREES, FEW, Verdict, verdicts

ROWS = 40
"""Rows of the table at most."""
VALUES = 8
"""Values of an axis that are named at most."""
UNKNOWN = "no law is known for any of these cells"
CHANCE = 6.3e-5
"""P(|z| > 4) of a standard normal."""


def study_summary(dataset: xr.Dataset) -> str:
    """Say what was swept and what came out: cells done, a row for each, and a verdict on each law."""
    cells = Cells.of(dataset)
    title, rows, more = cell_rows(cells)
    table = f"{title}\n{aligned(rows)}" + (f"\n  and {more} more cells: --csv has all" if more else "")
    verdict, laws = law_counts(cells)
    lines = [f"  law  {label}: {said}" for label, said in laws]
    return "\n\n".join([what_was_swept(cells), table, "\n".join([verdict, *lines])])


def what_was_swept(cells: Cells) -> str:
    """The axes, and how much of the study is done."""
    experiments = [cells.experiment(index) for index in cells]
    truths, learners, kinds, engines = (
        " or ".join(dict.fromkeys(names))
        for names in zip(
            *((e.truth.family, e.learner.name, e.workflow.kind, e.engine) for e in experiments), strict=True
        )
    )
    done = np.array([int(cells.done(index).sum()) for index in cells])
    replicates = cells.dataset.sizes["replicate"]
    whole, part = int((done == replicates).sum()), int(((done > 0) & (done < replicates)).sum())
    state = f"{whole} of {len(done)} cells are done" + (f", and {part} in part" if part else "")
    axes = [f"  {name}: {_values(cells, name)}" for name in cells.axes]
    return "\n".join(
        [
            f"Study of {' x '.join(map(str, cells.shape)) or '1'} cells: {truths} truth, {learners} learner, "
            f"workflow {kinds}, engine {engines}",
            f"{int(cells.generations[-1])} generations, {replicates} replicates a cell; {state}",
            *axes,
        ]
    )


def _values(cells: Cells, axis: str) -> str:
    """The values of an axis, or the first and last of many."""
    rows = [", ".join(row) for row in zip(*_columns(cells, axis).values(), strict=True)]
    names = list(_columns(cells, axis))
    shown = rows if len(rows) <= VALUES else [*rows[: VALUES - 2], "...", rows[-1]]
    together = f"({', '.join(names)}) = " if len(names) > 1 or names != [axis] else ""
    separator = "; " if len(names) > 1 else ", "
    return f"{together}{separator.join(shown)}" + (f" ({len(rows)} values)" if len(rows) > VALUES else "")


def _columns(cells: Cells, axis: str) -> dict[str, list[str]]:
    """What lies along an axis, as text."""
    return {name: [_text(v) for v in column.tolist()] for name, column in cells.coordinates(axis).items()}


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else printable(str(value))


def cell_rows(cells: Cells) -> tuple[str, list[list[str]], int]:
    """A title, heads and a row a cell, `ROWS` at most; and how many cells are left out.

    A row says where the cell lies, how much is done, its medians at the end, and what happened.
    """
    shown, every = quantities(cells), list(cells)
    along = {axis: _columns(cells, axis) for axis in cells.axes}
    rows = [[*(n for axis in cells.axes for n in along[axis]), "done", *map(_head, shown), "statuses"]]
    for index in every[:ROWS]:
        places = zip(cells.axes, index, strict=True)
        at = [column[i] for axis, i in places for column in along[axis].values()]
        done = cells.done(index)
        medians = [_median(quantity, index) for quantity in shown]
        rows.append([*at, f"{int(done.sum())}/{len(done)}", *medians, _statuses(cells, index)])
    few = [f"; {_head(q)} of the first {q.most} replicates" for q in shown if q.most is not None]
    times = [f", {quantity.label}" for quantity in shown if quantity.kind == "time"]
    what = "".join([*times, *few])
    title = f"Medians over replicates: at the end{what}; statuses, and how many replicates had them"
    return title, rows, max(len(every) - ROWS, 0)


def _head(quantity: Quantity) -> str:
    """The head of a column."""
    short = METRICS[quantity.metric].head or METRICS[quantity.metric].label
    return {"ratio": f"{short} / truth's", "time": "half lost"}.get(quantity.kind, short)


def _median(quantity: Quantity, index: Index) -> str:
    """A median, or that most replicates never came there."""
    value = float(quantity.middle[index])
    if quantity.kind == "time" and math.isinf(value):
        return f"> {quantity.last}"
    return "-" if math.isnan(value) else f"{value:.4g}"


def _statuses(cells: Cells, index: Index) -> str:
    """What happened to replicates, and to how many."""
    if not cells.done(index).any():
        return "-"
    status = cells.stored(index, "status").astype(np.int64)
    ever = {str(one.name).lower(): int(((status & int(one)) != 0).any(axis=1).sum()) for one in Status}
    return ", ".join(f"{name} {count}" for name, count in ever.items() if count) or "-"


def law_counts(cells: Cells) -> tuple[str, list[tuple[str, str]]]:
    """A verdict on all; and of each law how many cells agree with it, and where they agree least."""
    judged = [index for index in cells if int(cells.done(index).sum()) >= FEW]
    if not judged:
        known = any(expectations(cells.experiment(index)) for index in cells)
        few = f"no law is judged with fewer than {FEW} replicates a cell"
        return f"Verdict: {few if known else UNKNOWN}", []
    found: dict[str, list[tuple[Index, Verdict]]] = {}
    for index in judged:
        for verdict in verdicts(cells.result(index)):
            found.setdefault(verdict.law.label, []).append((index, verdict))
    laws = [(label, _counted(cells, rows)) for label, rows in found.items()]
    count = sum(verdict.judged for rows in found.values() for _, verdict in rows)
    title = (
        f"Verdicts of {len(judged)} cells: a law agrees where |z| < {AGREES:g}; of {count} comparisons "
        f"{count * CHANCE:.2g} would be beyond it by chance alone"
    )
    return (title, laws) if laws else (f"Verdict: {UNKNOWN}", [])


def _counted(cells: Cells, rows: list[tuple[Index, Verdict]]) -> str:
    """What is said of one law, in how many cells, and its largest z with the place."""
    words = [verdict.word for _, verdict in rows]
    said = ", ".join(f"{word} in {words.count(word)}" for word in dict.fromkeys(sorted(words)))
    there = [(abs(v.worst.z), i, v) for i, v in rows if v.judged and math.isfinite(v.worst.z)]
    if not there:
        return said
    _, index, worst = max(there, key=lambda row: row[0])
    at = ", ".join(filter(None, [_at(cells, index), f"t = {worst.worst.generation}"]))
    return f"{said}; largest |z| {abs(worst.worst.z):.2f} at {at}"


def _at(cells: Cells, index: Index) -> str:
    """A cell by its coordinates."""
    places = zip(cells.axes, index, strict=True)
    return ", ".join(f"{n} = {c[i]}" for axis, i in places for n, c in _columns(cells, axis).items())


def write_study_csv(dataset: xr.Dataset, path: str | Path) -> None:
    """Write every replicate that is done, a generation a row, with its cell's coordinates in front.

    Cell by cell, so that no more than one is held; numbers that a cell's family does not have are nan.
    """
    cells = Cells.of(dataset)
    along = {axis: {n: c.tolist() for n, c in cells.coordinates(axis).items()} for axis in cells.axes}
    heads = [name for axis in cells.axes for name in along[axis]]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*heads, "replicate", "generation", *columns(cells.part(next(iter(cells))))])
        for index in cells:
            places = zip(cells.axes, index, strict=True)
            at = [str(column[i]) for axis, i in places for column in along[axis].values()]
            part = cells.part(index).isel(replicate=cells.done(index))
            writer.writerows([*at, *row] for row in table_rows(part))
