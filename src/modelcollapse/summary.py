"""A result in words and numbers: what was run, what happened, and each law beside what was measured."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS, metrics_of
from modelcollapse.results import COUNTS, MEASURED, experiment_of, measure
from modelcollapse.theory import expectations
from modelcollapse.types import Array, IntArray, Status
from modelcollapse.verdict import AGREES, FEW, Comparison, compare, digits, judged, spread_out


def summary(dataset: xr.Dataset) -> str:
    """Say in a page what was run and what came out: counts, statuses, metrics, laws with z, verdicts."""
    dataset = dataset.transpose("replicate", "generation", ...)
    experiment = experiment_of(dataset)
    shown = spread_out(dataset)
    title, rows = medians(dataset, shown)
    blocks = [what_was_run(experiment, dataset), _statuses(dataset), f"{title}\n{aligned(rows)}"]
    fitted = [g for g in shown if g > 0]
    laws = compare(dataset, fitted) if fitted and experiment.replicates > 1 else []
    blocks += _laws(laws, experiment)
    notes = str(dataset.attrs.get("notes", ""))
    blocks.append(f"Note: {notes}" if notes else "")
    unknown = experiment.replicates > 1 and not expectations(experiment)
    blocks.append("Verdict: no law is known for this recipe" if unknown else _verdicts(laws))
    return "\n\n".join(block for block in blocks if block)


def what_was_run(experiment: Experiment, dataset: xr.Dataset) -> str:
    """Truth, learner and engine; sizes; the workflow: a line each."""
    learner, work = experiment.learner, experiment.workflow
    counts = dataset[list(COUNTS)].isel(generation=-1)
    actual = ", ".join(f"{_span(counts[name].values)} {name.removeprefix('n_')}" for name in COUNTS)
    named = f" {learner.object_name}" if hasattr(learner, "object_name") else ""
    solver = f", solver {learner.solver}" if hasattr(learner, "solver") else ""
    size = f" of {learner.components} components" if hasattr(learner, "components") else ""
    last = int(dataset["generation"][-1])
    return (
        f"{experiment.truth.family} truth, {learner.family} learner{named}{size}{solver}, "
        f"engine {experiment.engine}\n"
        f"N = {experiment.n_samples}, {experiment.generations} generations, "
        f"{experiment.replicates} replicates, seed {experiment.seed}\n"
        f"workflow {work.kind}, {', '.join(work.describe())}: "
        f"{work.holds()} of generation {last} holds {actual} items"
    )


def _span(values: IntArray) -> str:
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else f"{low} to {high}"


def counted(dataset: xr.Dataset) -> list[tuple[Status, int, int]]:
    """Each status, how many replicates have ever had it, and the first saved generation; -1 if none had."""
    status, generations = dataset["status"].transpose("replicate", "generation").values, dataset["generation"]
    ever = {member: (status & int(member)) != 0 for member in Status}
    return [
        (member, int(had.any(axis=1).sum()), int(generations[had.any(axis=0).argmax()]) if had.any() else -1)
        for member, had in ever.items()
    ]


def _statuses(dataset: xr.Dataset) -> str:
    lines = [
        f"  {str(member.name).lower()}: {count} of {dataset.sizes['replicate']} replicates, "
        f"first seen in generation {first} ({member.sentence})"
        for member, count, first in counted(dataset)
        if count
    ]
    return "\n".join(["What happened to replicates (none is left out):", *lines]) if lines else ""


def medians(dataset: xr.Dataset, generations: list[int]) -> tuple[str, list[list[str]]]:
    """A title and rows: medians at a few generations, and the band of the last, heads first.

    They are over `MEASURED` replicates at most.
    """
    experiment, replicates = experiment_of(dataset), dataset.sizes["replicate"]
    dataset = dataset.isel(replicate=slice(MEASURED))
    heads = {m.name: m.head for m in metrics_of(experiment.learner, experiment.source).values() if m.head}
    columns = [measure(dataset.sel(generation=generations), name).values for name in heads]
    rows = [["generation", *heads.values()]]
    for i, generation in enumerate(generations):
        rows.append([str(generation), *(_middle(n, c[:, i]) for n, c in zip(heads, columns, strict=True))])
    if dataset.sizes["replicate"] > 1:
        for level in (0.1, 0.9):
            cells = (
                "-" if METRICS[name].yes_or_no else _quantile(column[:, -1], level)
                for name, column in zip(heads, columns, strict=True)
            )
            rows.append([f"{level:.0%} of {generations[-1]}", *cells])
    title = "Median over replicates" if replicates > 1 else "One replicate"
    title += f" (the first {MEASURED} of {replicates})" if replicates > MEASURED else ""
    return title, rows


def _middle(name: str, values: Array) -> str:
    """The median, or the share of replicates of which something is so."""
    return f"{values.mean():.4g}" if METRICS[name].yes_or_no else _median(values)


def _median(values: Array) -> str:
    return "-" if np.isnan(values).any() else f"{np.median(values):.4g}"


def _quantile(values: Array, level: float) -> str:
    if np.isnan(values).any():
        return "-"
    return f"{np.quantile(values, level, method='inverted_cdf'):.4g}"


def _laws(rows: list[Comparison], experiment: Experiment) -> list[str]:
    """A table a law, and why a z is missing."""
    if experiment.replicates == 1:
        return ["Laws speak of means over replicates: run more than one to see them."]
    blocks = []
    for law in dict.fromkeys(row.law for row in rows):
        lines = law_rows([row for row in rows if row.law == law])
        blocks.append(f"Law: {law.label}\n  {law.source}\n" + aligned(lines))
    return [*blocks, caution(rows, experiment)] if blocks else []


def law_rows(rows: list[Comparison]) -> list[list[str]]:
    """One law beside what was measured, heads first; without z where none is given."""
    lines = [["generation", "measured", "std. error", "law", "z"]]
    for row in rows:
        exact = row.law.sense == "equal" and not row.law.about and not row.doubt
        numbers = digits(row.measured, row.error, row.expected)
        lines.append([str(row.generation), *numbers, _z(row.z) if exact else "-"])
    return lines if any(line[-1] != "-" for line in lines[1:]) else [line[:-1] for line in lines]


def caution(rows: list[Comparison], experiment: Experiment) -> str:
    """Why a z is missing; empty where none is."""
    if experiment.replicates < FEW:
        return (
            f"No z with fewer than {FEW} replicates: these numbers are skewed, and few replicates "
            "give a mean and a standard error that are too small together."
        )
    if any("N/4" in row.doubt for row in rows):
        return (
            "No z beyond N/4 generations without real data: the mean is carried by rare replicates "
            "there. Trust the median and the log."
        )
    return ""


def _verdicts(rows: list[Comparison]) -> str:
    """One line a law; it stands last."""
    found = judged(rows)
    few = "fewer than"
    if found and all(verdict.why.startswith(few) for verdict in found):
        return f"Verdict: no law is judged with fewer than {FEW} replicates"
    title = f"Verdicts: a law agrees where |z| < {AGREES:g}; a bound is kept up to {AGREES:g} standard errors"
    return "\n".join([title, *(f"  law  {verdict}" for verdict in found)]) if found else ""


def _z(z: float) -> str:
    return "-" if not math.isfinite(z) else f"{z:+.2f}"


def aligned(rows: list[list[str]]) -> str:
    """A table, its cells to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def write_csv(dataset: xr.Dataset, path: str | Path) -> None:
    """Write every replicate and generation as one row of a CSV file, numbers to their last digit."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["replicate", "generation", *columns(dataset)])
        writer.writerows(table_rows(dataset))


def columns(dataset: xr.Dataset) -> dict[str, Array]:
    """Everything that a result stores, a column a number: ``(replicate, generation)``."""
    dataset = dataset.transpose("replicate", "generation", ...)
    found: dict[str, Array] = {}
    for name in map(str, dataset.data_vars):
        values = dataset[name]
        if values.dims[:2] != ("replicate", "generation"):
            continue
        if values.ndim == 2:
            found[name] = values.values
        else:
            for place in np.ndindex(values.shape[2:]):
                found["_".join(map(str, (name, *place)))] = values.values[:, :, *place]
    return found


def table_rows(dataset: xr.Dataset) -> Iterator[list[object]]:
    """A row a replicate and generation: their numbers, and all columns to the last digit."""
    found = columns(dataset)
    for r, replicate in enumerate(dataset["replicate"].values):
        for g, generation in enumerate(dataset["generation"].values):
            cells = (column[r, g].item() for column in found.values())
            yield [int(replicate), int(generation), *map(repr, cells)]
