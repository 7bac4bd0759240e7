"""Starting and memory: fresh processes, with an empty cache of compiled kernels and with a full one."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import summaries
from benchmarks.cases import Case
from benchmarks.contenders import Unavailable
from benchmarks.race import Process, environment

Row = tuple[str, str, str, list[float]]
"""What, measure, cache, seconds of each run."""
CLI = "from modelcollapse.cli import main; main()"
SMALL = ("run", "--set", "n_samples=1000", "--set", "generations=20", "--set", "save='all'")
FIRST_CALL = """
import sys, time
start = time.perf_counter()
import modelcollapse as mc
experiment = mc.Experiment(n_samples=1000, generations=20, engine=sys.argv[1])
for _ in range(2):
    mc.run(experiment, threads=1)
    print(time.perf_counter() - start)
    start = time.perf_counter()
"""


def seconds(arguments: Sequence[str], cache: str) -> tuple[float, str]:
    """Wall seconds of a fresh Python, and what it printed."""
    env = {**environment(1), "NUMBA_CACHE_DIR": cache, "MPLBACKEND": "agg"}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env=env, cwd=folder, check=False
        )
        passed = time.perf_counter() - start
    if done.returncode != 0:
        raise Unavailable((done.stderr.strip().splitlines() or ["failed"])[-1])
    return passed, done.stdout


def start_rows(
    engines: Sequence[str], runs: int, first_runs: int
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Seconds to start: imports and help, the first small run of a fresh environment and the second.

    "process" is from the start of Python to its end; "call" is import, recipe and run within it.
    Rows, and what failed with its reason.
    """
    rows: list[dict[str, Any]] = []
    out: list[dict[str, str]] = []
    measures = [_imports(runs), _first_runs(first_runs)]
    measures += [_first_calls(engine, first_runs) for engine in engines]
    for measure in measures:
        try:
            for what, kind, cache, values in measure:
                spread = summaries.spread(values)
                rows.append(
                    {"what": what, "measure": kind, "cache": cache, "runs": len(values), "seconds": spread}
                )
        except Unavailable as reason:
            out.append({"name": "starting", "reason": str(reason)})
    return rows, out


def _imports(runs: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as cache:
        for what, arguments in (
            ("python -c pass", ("-c", "pass")),
            ("import modelcollapse", ("-c", "import modelcollapse")),
            ("modelcollapse --help", ("-c", CLI, "--help")),
        ):
            seconds(arguments, cache)
            yield what, "process", "-", [seconds(arguments, cache)[0] for _ in range(runs)]


def _first_runs(runs: int) -> Iterator[Row]:
    first, second = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            first.append(seconds(("-c", CLI, *SMALL), cache)[0])
            second.append(seconds(("-c", CLI, *SMALL), cache)[0])
    yield "first small run", "process", "empty", first
    yield "second small run", "process", "compiled", second


def _first_calls(engine: str, runs: int) -> Iterator[Row]:
    calls: dict[str, list[float]] = {"empty": [], "compiled": [], "in the same process": []}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            for name in ("empty", "compiled"):
                lines = seconds(("-c", FIRST_CALL, engine), cache)[1].split()
                calls[name].append(float(lines[0]))
            calls["in the same process"].append(float(lines[1]))
    for name, values in calls.items():
        yield f"{engine}: small run", "call", name, values


def memory_rows(cases: Sequence[tuple[str, Case]]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Peak memory of a fresh process that does one case, and what it had before: its imports."""
    rows, out = [], []
    for name, case in cases:
        try:
            process = Process(name)
        except Unavailable:
            continue  # told by the race
        try:
            answer = process.ask("once", case, 0)
        except Unavailable as reason:
            out.append({"name": name, "reason": f"memory at N = {case.n_samples:g}: {reason}"})
        else:
            mib = {key: answer[key] / 2**20 for key in ("before", "peak")}
            rows.append({"contender": name, "label": process.contender.label, **case.table(), "mib": mib})
        finally:
            process.close()
    return rows, out
