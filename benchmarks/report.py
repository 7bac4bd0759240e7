"""What the benchmark leaves: a JSON file with every row, its schema, and the tables made of it."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import summaries
from benchmarks.contenders import BASELINE, BY_NAME, NUMPY

SCHEMA = 1
RESULTS = Path(__file__).parent / "results"
LIBRARIES = (
    "modelcollapse", "numpy", "scipy", "numba", "llvmlite", "xarray", "scikit-learn", "threadpoolctl",
    "gmmx", "jax", "pomegranate", "torch", "mlpack",
)  # fmt: skip

SPREAD = {"median": float, "low": float, "high": float}
TIMED: dict[str, Any] = {
    "contender": str, "label": str, "threads": int, "threading": str, "n_samples": int, "components": int,
    "replicates": int, "generations": int, "save_all": bool, "rounds": int, "each": list, "ms": SPREAD,
    "ratio": (SPREAD, None), "maximum": bool, "stop": str,
}  # fmt: skip
SECTIONS: dict[str, dict[str, Any]] = {
    "reference": {**TIMED, "gap": (float, None)},
    "items": TIMED,
    "components": TIMED,
    "replicates": TIMED,
    "threads": {"contender": str, "label": str, "replicates": int, "speedup": SPREAD},
    "memory": {
        "contender": str, "label": str, "n_samples": int, "components": int, "replicates": int,
        "generations": int, "save_all": bool, "mib": {"before": float, "peak": float},
    },
    "start": {"what": str, "measure": str, "cache": str, "runs": int, "seconds": SPREAD},
}  # fmt: skip
REPORT: dict[str, Any] = {
    "schema": int,
    "quick": bool,
    "date": str,
    "commit": str,
    "machine": {"processor": str, "cores": int, "system": str, "python": str},
    "versions": dict,
    "skipped": list,
    "rows": dict,
}


def faults(report: Mapping[str, Any]) -> list[str]:
    """What is wrong with a report, by the schema; nothing if it is right."""
    found = _faults(report, REPORT, "report")
    if found:
        return found
    for section, fields in SECTIONS.items():
        if section not in report["rows"]:
            found.append(f"rows: no {section}")
        for i, row in enumerate(report["rows"].get(section, [])):
            found += _faults(row, fields, f"{section}[{i}]")
    return found


def _faults(value: Any, kind: Any, name: str) -> list[str]:
    if isinstance(kind, tuple):
        return [] if value is None else _faults(value, kind[0], name)
    if isinstance(kind, Mapping):
        if not isinstance(value, Mapping):
            return [f"{name}: not a table"]
        found = [f"{name}: no {key}" for key in kind if key not in value]
        found += [f"{name}: unknown {key}" for key in value if key not in kind]
        return found + [
            f for key in kind if key in value for f in _faults(value[key], kind[key], f"{name}.{key}")
        ]
    right = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    return [] if right and not (kind in (int, float) and isinstance(value, bool)) else [f"{name}: {value!r}"]


def assemble(
    rows: Mapping[str, Sequence[dict[str, Any]]], skipped: Iterable[dict[str, str]], quick: bool
) -> dict[str, Any]:
    """Put a report together."""
    known = [dict(pair) for pair in dict.fromkeys(tuple(sorted(item.items())) for item in skipped)]
    return {
        "schema": SCHEMA,
        "quick": quick,
        "date": datetime.date.today().isoformat(),
        "commit": _commit(),
        "machine": machine(),
        "versions": versions(),
        "skipped": known,
        "rows": {section: list(rows.get(section, [])) for section in SECTIONS},
    }


def machine() -> dict[str, Any]:
    """Processor, cores, system and Python: no names."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "processor": _processor(),
        "cores": cores,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str:
    try:
        command = ["git", "describe", "--always", "--dirty"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=RESULTS.parent, check=True)
        return done.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def versions() -> dict[str, str]:
    """Versions of what is installed."""
    from modelcollapse import __version__

    found = {"modelcollapse": __version__}
    for library in LIBRARIES[1:]:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def speedups(reference: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Two threads against one, where a contender was timed on both with as many replicates."""
    rows = []
    for one in reference:
        engine = BY_NAME[one["contender"]]
        for two in reference:
            same = two["contender"] == one["contender"] and (one["threads"], two["threads"]) == (1, 2)
            if not same or (engine.ours and two["replicates"] != one["replicates"]):
                continue
            rows.append(
                {
                    "contender": one["contender"],
                    "label": one["label"],
                    "replicates": two["replicates"],
                    "speedup": summaries.ratios(one["each"], two["each"]),
                }
            )
    return rows


def against_numpy(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], float]:
    """How many times faster than the NumPy loop, on one thread: (engine, replicates) -> ratio."""
    alone = [row for row in rows if row["threads"] == 1]
    loop = next((row["each"] for row in alone if row["contender"] == NUMPY), None)
    if loop is None:
        return {}
    ours = [row for row in alone if BY_NAME[row["contender"]].ours and len(row["each"]) == len(loop)]
    return {(r["contender"], r["replicates"]): summaries.ratios(loop, r["each"])["median"] for r in ours}


def markdown(report: Mapping[str, Any]) -> str:
    """The tables."""
    rows, box = report["rows"], report["machine"]
    number = summaries.significant
    text = ["# Benchmark", ""]
    if report["quick"]:
        text += ["A quick try: few rounds and few generations. Not for quoting.", ""]
    text += [
        f"{report['date']}, commit {report['commit'] or 'unknown'}; {box['processor']}, "
        f"{box['cores']} cores, {box['system']}, Python {box['python']}.",
        "",
        "Versions: " + ", ".join(f"{k} {v}" for k, v in report["versions"].items()) + ".",
        "",
        f"`ms` is milliseconds a replicate-generation: the median of the rounds, and in brackets the lowest "
        f"and highest. `times faster` is against {BY_NAME[BASELINE].label}, one thread, in the same round. "
        "How it is measured: [README](../README.md).",
        "",
    ]
    reference = rows["reference"]
    if reference:
        case = reference[0]
        text += [
            f"## The reference case: N = {case['n_samples']:,}, {case['components']} components",
            "",
            "`gap` is what a fit leaves to the maximum of the likelihood, in nats over all N items, mean of "
            "20 fits; sqrt(2 gap) is about the distance in standard deviations of sampling.",
            "",
        ]
        for threads in sorted({row["threads"] for row in reference}):
            some = sorted((r for r in reference if r["threads"] == threads), key=lambda r: -r["ms"]["median"])
            text += [f"### {threads} thread{'s' if threads > 1 else ''}", ""]
            text += table(
                ("", "replicates", "ms", "times faster", "to the maximum", "a fit ends when", "gap"),
                [
                    (
                        name_of(r), r["replicates"], within(r["ms"]), within(r["ratio"]),
                        "yes" if r["maximum"] else "no", r["stop"], number(r["gap"], 2),
                    )
                    for r in some
                ],
            )  # fmt: skip
    if rows["threads"]:
        text += ["## Two threads against one", ""]
        text += table(
            ("", "replicates", "times faster than on one"),
            [(r["label"], r["replicates"], within(r["speedup"])) for r in rows["threads"]],
        )
    for section, field, title in (
        ("items", "n_samples", "Milliseconds a replicate-generation as N grows (2 components)"),
        ("components", "components", "As the number of components grows"),
        ("replicates", "replicates", "As the number of replicates grows"),
    ):
        if rows[section]:
            text += [f"## {title}", "", *grid(rows[section], field)]
    if rows["memory"]:
        text += [
            "## Memory, MiB",
            "",
            "Of a fresh process: before the run, with its imports, and at most.",
            "",
        ]
        text += table(
            ("", "N", "replicates", "generations", "saved", "before", "peak"),
            [
                (
                    r["label"], count(r["n_samples"]), r["replicates"], r["generations"],
                    "all" if r["save_all"] else "the last",
                    f"{r['mib']['before']:.0f}", f"{r['mib']['peak']:.0f}",
                )
                for r in rows["memory"]
            ],
        )  # fmt: skip
    if rows["start"]:
        text += ["## Starting, seconds", ""]
        text += [
            "A small run: N = 1000, 20 generations, 8 replicates. Process: from the start of Python to its "
            "end. Call: import, recipe and run within it.",
            "",
        ]
        text += table(
            ("", "measured", "compiled kernels", "runs", "seconds"),
            [(r["what"], r["measure"], r["cache"], r["runs"], within(r["seconds"])) for r in rows["start"]],
        )
    if report["skipped"]:
        text += ["## Left out", ""]
        text += [f"- {item['name']}: {item['reason']}" for item in report["skipped"]] + [""]
    return "\n".join(text)


def name_of(row: Mapping[str, Any]) -> str:
    """A contender's label, and how it used more than one thread."""
    if row["threads"] > 1 and row["threading"] == "processes":
        return f"{row['label']}, {row['threads']} processes"
    return str(row["label"])


def within(spread: Mapping[str, float] | None) -> str:
    """A median with its spread."""
    if spread is None:
        return "-"
    low, high = summaries.significant(spread["low"]), summaries.significant(spread["high"])
    return f"{summaries.significant(spread['median'])} ({low}, {high})"


def count(n: int) -> str:
    """A large number as a power of ten where it is one."""
    return f"{n:.0e}".replace("e+0", "e").replace("e+", "e") if n >= 10_000 else str(n)


def table(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> list[str]:
    """A table in Markdown."""
    made = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*made, *("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines), ""]


def grid(rows: Sequence[Mapping[str, Any]], field: str) -> list[str]:
    """A line a contender, a column a value of ``field``, medians in milliseconds."""
    values = sorted({row[field] for row in rows})
    found = {(row["contender"], row[field]): row["ms"]["median"] for row in rows}
    names = list(dict.fromkeys(row["contender"] for row in rows))
    head = ["", *(count(value) for value in values)]
    lines = [[BY_NAME[n].label, *(summaries.significant(found.get((n, v))) for v in values)] for n in names]
    return table(head, lines)
