"""The report of a study: its maps, its cells, and how the laws fare over all of them."""

import numpy as np
import xarray as xr

from modelcollapse.plots import studies
from modelcollapse.plots.scales import simplex_of
from modelcollapse.report.figures import Panel, shown, whole
from modelcollapse.report.markup import Markup, document, element, paragraphs, section, table, terms
from modelcollapse.report.provenance import made_by, recipe_part, replay_part
from modelcollapse.results import HELD
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.written import as_toml
from modelcollapse.study_summary import cell_rows, law_counts, what_was_swept
from modelcollapse.types import Status

EVER = "How many replicates have ever had one, over all cells. None is left out of any number."
NOTHING = "No cell of the study is done yet: there is nothing to draw."
LABELS = {
    "ternary": "The triangle of real, synthetic and kept shares: how the cells end, and how long half of the "
    "variance lasts",
    "map": "Maps over two axes: how the cells end, and how long half of the variance lasts",
    "lines": "Lines along one axis: how the cells end, and how long half of the variance lasts",
}
"""What each kind of figure shows, the best first."""
CONTENTS = (
    ("glance", "At a glance"), ("run", "What was run"), ("figures", "Figures"), ("laws", "Laws"),
    ("cells", "Cells"), ("statuses", "What happened"), ("recipe", "Recipe"), ("again", "Run it again"),
    ("made", "Versions and hash"),
)  # fmt: skip


def page(dataset: xr.Dataset) -> str:
    """The whole report."""
    cells = Cells.of(dataset)
    verdict, laws = law_counts(cells)
    parts = {
        "glance": [terms(_glance(cells, verdict, laws), class_="tiles")],
        "run": paragraphs(what_was_swept(cells)),
        "figures": _figures(dataset),
        "laws": _laws(verdict, laws),
        "cells": _cells(cells),
        "statuses": [_statuses(cells)],
        "recipe": [recipe_part(as_toml(cells.study), in_file=any(n in dataset for n, _ in HELD.values()))],
        "again": [replay_part(dataset, "sweep")],
        "made": [made_by(dataset)],
    }
    body = [section(name, title, parts[name]) for name, title in CONTENTS]
    sizes = " × ".join(f"{name} ({size})" for name, size in zip(cells.axes, cells.shape, strict=True))
    generations = f"{int(cells.generations[-1]):,} generations"
    replicates = f"{cells.dataset.sizes['replicate']:,} replicates a cell"
    title = f"Study over {sizes}"
    return document("A study of modelcollapse", title, f"{generations} · {replicates}", body, CONTENTS)


def _glance(cells: Cells, verdict: str, laws: list[tuple[str, str]]) -> list[tuple[str, str]]:
    done = np.array([int(cells.done(index).sum()) for index in cells])
    replicates = cells.dataset.sizes["replicate"]
    all_done, some = int((done == replicates).sum()), int(((done > 0) & (done < replicates)).sum())
    judged = f"{len(laws)} judged over all cells: see below"
    return [
        ("Cells", f"{all_done} of {len(done)} done, {some} in part"),
        ("Replicates", f"{int(done.sum()):,} of {len(done) * replicates:,} computed, none left out"),
        ("Laws", judged if laws else verdict.removeprefix("Verdict: ")),
    ]  # fmt: skip


def _figures(dataset: xr.Dataset) -> list[Markup]:
    """The kind that suits the axes best, and others that they allow; lines of two points only where all else
    does not suit."""
    try:
        studies.check(dataset)
    except ValueError:
        return [element("p", NOTHING)]
    found: list[Panel] = []
    cells = Cells.of(dataset)
    longest = max((cells.dataset.sizes[a] for a in cells.axes if a != simplex_of(cells)), default=0)
    for kind, label in LABELS.items():
        if kind == "lines" and found and longest < studies.ENOUGH:
            continue
        try:
            found.append(whole(dataset, kind, len(found), label))
        except ValueError:  # the study has no such axes
            continue
    figures = [shown(panel, i + 1, f"{panel.label}.") for i, panel in enumerate(found)]
    return [element("div", figures, class_="study")]


def _laws(verdict: str, laws: list[tuple[str, str]]) -> list[Markup]:
    if not laws:
        return [element("p", f"{verdict}.")]
    rows: list[list[str]] = [["law", "verdicts"], *([label, said] for label, said in laws)]
    return [element("p", f"{verdict}."), table(rows, "Laws over all cells", texts=(0, 1))]


def _cells(cells: Cells) -> list[Markup]:
    title, rows, more = cell_rows(cells)
    last = len(rows[0]) - 1
    parts = [table(rows, "Cells", texts=(last,), more=f"{title}.")]
    said = f"And {more} more cells: modelcollapse show --csv writes all of them."
    return [*parts, element("p", said, class_="note")] if more else parts


def _statuses(cells: Cells) -> Markup:
    """All statuses over all cells, those that nobody had, too."""
    replicates, at = dict.fromkeys(Status, 0), dict.fromkeys(Status, 0)
    computed = 0
    for index in cells:
        if not cells.done(index).any():
            continue
        status = cells.stored(index, "status").astype(np.int64)
        computed += len(status)
        for one in Status:
            count = int(((status & int(one)) != 0).any(axis=1).sum())
            replicates[one] += count
            at[one] += count > 0
    rows = [["status", "replicates", "cells", "what it means"]]
    for one in Status:
        row = [str(one.name).lower(), f"{replicates[one]} of {computed}", str(at[one]), one.sentence]
        rows.append(row)
    return table(rows, "Statuses", texts=(0, 3), more=EVER)
