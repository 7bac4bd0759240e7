"""Run the benchmark: ``python -m benchmarks [--quick] [--out FOLDER]``; see ``benchmarks/README.md``."""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import report, summaries
from benchmarks.cases import Case
from benchmarks.contenders import ALL, BASELINE, BY_NAME, ENGINES, NUMPY, Unavailable
from benchmarks.race import Process, race
from benchmarks.start import memory_rows, start_rows

OURS = 8
"""Replicates of the lab's engines; a rival's loop does one replicate after another, so one is timed."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    generations: int
    at_most: float
    few_rounds: int
    few_generations: int
    aim: float
    cap: float
    sizes: tuple[int, ...]
    components: tuple[int, ...]
    replicates: tuple[int, ...]
    long: int
    starts: int
    first_starts: int


DECADES = (*(10**d for d in range(2, 10)), 10**12, 10**15)
FULL = Plan(7, 100, 30.0, 3, 50, 1.0, 10.0, DECADES, (1, 2, 4, 8, 16), (1, 8, 64, 1000), 2000, 7, 3)
QUICK = Plan(2, 10, 2.0, 1, 5, 0.2, 1.0, (100, 10_000, 10**5, 10**9, 10**15), (2, 8), (1, 8), 100, 2, 1)


class Field:
    """The processes of all contenders that run here, started when they are first asked for."""

    def __init__(self) -> None:
        self.skipped: list[dict[str, str]] = []
        self.started: dict[tuple[str, int], Process | None] = {}

    def get(self, names: Iterable[str], threads: int = 1) -> list[Process]:
        """The processes of some contenders on a number of threads; who cannot run is left out."""
        found = []
        for name in names:
            if (name, threads) not in self.started:
                try:
                    self.started[name, threads] = Process(name, threads)
                except Unavailable as reason:
                    self.started[name, threads] = None
                    self.skipped.append({"name": name, "reason": str(reason)})
            process = self.started[name, threads]
            if process is not None:
                found.append(process)
        return found

    def prepare(self, process: Process, case: Case, aim: float, cap: float) -> Case | None:
        """Warm up, and give the case as many generations as take ``aim`` seconds; None beyond the cap."""
        two = replace(case, generations=2)
        try:
            process.ask("once", two, 0)
            taken = process.ask("once", two, 1)["seconds"] / 2
        except Unavailable as reason:
            self._lose(process, case, str(reason))
            return None
        if taken > cap * case.replicates:
            self._lose(process, case, f"a generation takes more than {cap:g} seconds")
            return None
        return replace(case, generations=summaries.generations_for(aim, taken, case.generations))

    def _lose(self, process: Process, case: Case, reason: str) -> None:
        name, k = process.contender.name, case.components
        where = f"N = {case.n_samples:.0e}, {k} components, {case.replicates} replicates, "
        self.skipped.append({"name": name, "reason": f"{where}{process.threads} thread(s): {reason}"})
        if process.process.poll() is not None:
            self.started[name, process.threads] = None

    def close(self) -> None:
        """End all processes."""
        for process in self.started.values():
            if process is not None:
                process.close()


def replicates_of(process: Process) -> int:
    """Replicates that are timed: those of a batch, or one a process."""
    if process.contender.ours:
        return OURS
    return process.threads if process.contender.threading == "processes" else 1


def reference(field: Field, plan: Plan, names: Sequence[str], threads: Sequence[int]) -> list[dict[str, Any]]:
    """All contenders at N = 10,000, two components, on each number of threads, with their gaps."""
    entries = []
    for count in threads:
        own = [name for name in names if count > 1 or name != "scikit-learn-own"]
        for process in field.get(own, count):
            batches = (OURS, 64) if process.contender.ours else (replicates_of(process),)
            for batch in batches:
                case = Case(replicates=batch, generations=plan.generations)
                case = field.prepare(process, case, plan.at_most, plan.at_most)
                if case is not None:
                    entries.append((process, case))
    rows, out = race(entries, plan.rounds)
    field.skipped += out
    gaps: dict[str, float | None] = {}
    for process in field.get(name for name in names if name != "scikit-learn-own"):
        try:
            gaps[process.contender.name] = process.ask("gap", Case(generations=20), 5)["gap"]
        except Unavailable as reason:
            field.skipped.append({"name": process.contender.name, "reason": f"gap: {reason}"})
    return [{**row, "gap": gaps.get(row["contender"].removesuffix("-own"))} for row in rows]


def along(
    field: Field, plan: Plan, names: Sequence[str], key: str, values: Sequence[int]
) -> list[dict[str, Any]]:
    """The cost as one number of the case grows; a contender ends where a generation passes the cap."""
    rows, left = [], list(names)
    for value in values:
        entries = []
        for process in field.get(list(left)):
            case = Case(generations=plan.few_generations, replicates=replicates_of(process))
            case = replace(case, **{key: value})
            if case.n_samples > process.contender.largest:
                continue
            ready = field.prepare(process, case, plan.aim, plan.cap)
            if ready is None:
                left.remove(process.contender.name)
            else:
                entries.append((process, ready))
        found, out = race(entries, plan.few_rounds)
        rows += found
        field.skipped += out
    return rows


def memory_cases(plan: Plan, engines: Sequence[str]) -> list[tuple[str, Case]]:
    """The reference run, saved whole and saved at its end, and single generations of large N."""
    cases = []
    for name in engines:
        long = Case(replicates=OURS, generations=plan.long)
        cases += [(name, long), (name, replace(long, save_all=False))]
        cases += [(name, Case(n, 2, OURS, 3)) for n in (10**6, 10**9, 10**15) if n <= BY_NAME[name].largest]
    rivals = [c.name for c in ALL if not c.ours and c.maximum]
    return cases + [(name, Case(n, 2, 1, 3)) for name in (BASELINE, *rivals) for n in (10**4, 10**6)]


def measure(plan: Plan, names: Sequence[str], sections: Sequence[str], quick: bool) -> dict[str, Any]:
    """Measure the sections that are asked for."""
    rows: dict[str, Any] = {}
    field, began = Field(), time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)

    one = [name for name in names if name != "scikit-learn-own"]
    ours = [process.contender.name for process in field.get(n for n in names if n in ENGINES)]
    some = [name for name in one if name in (BASELINE, NUMPY, *ENGINES)]
    try:
        if "reference" in sections:
            say("the reference case, one thread and two")
            available = report.machine()["cores"]
            rows["reference"] = reference(field, plan, names, (1, 2) if available > 1 else (1,))
            rows["threads"] = report.speedups(rows["reference"])
        if "items" in sections:
            say("as N grows")
            rows["items"] = along(field, plan, one, "n_samples", plan.sizes)
        if "components" in sections:
            say("as components grow")
            rows["components"] = along(field, plan, some, "components", plan.components)
        if "replicates" in sections:
            say("as replicates grow")
            rows["replicates"] = along(field, plan, ours, "replicates", plan.replicates)
    finally:
        field.close()
    if "memory" in sections:
        say("memory")
        rows["memory"], out = memory_rows([c for c in memory_cases(plan, ours) if c[0] in one])
        field.skipped += out
    if "start" in sections:
        say("starting")
        rows["start"], out = start_rows(ours, plan.starts, plan.first_starts)
        field.skipped += out
    say("done")
    return report.assemble(rows, field.skipped, quick)


def write(made: dict[str, Any], folder: Path) -> None:
    """Write the JSON, the tables and the figure."""
    found = report.faults(made)
    if found:
        raise AssertionError("; ".join(found))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmark.json").write_text(json.dumps(made, indent=1, allow_nan=False) + "\n")
    (folder / "benchmark.md").write_text(report.markdown(made))
    if made["rows"]["items"]:
        from benchmarks.figure import draw

        draw(made).savefig(folder / "benchmark.png", dpi=200)


def main() -> None:
    """Read the command line, measure, write."""
    sections = [name for name in report.SECTIONS if name != "threads"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a try of a minute or two, with few rounds")
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument("--only", nargs="+", choices=sections, default=sections, metavar="SECTION")
    parser.add_argument(
        "--contenders", nargs="+", choices=list(BY_NAME), default=list(BY_NAME), metavar="NAME"
    )
    options = parser.parse_args()
    partial = options.quick or options.only != sections or options.contenders != list(BY_NAME)
    folder = options.out or (report.RESULTS / "quick" if partial else report.RESULTS)
    plan = QUICK if options.quick else FULL
    write(measure(plan, options.contenders, options.only, options.quick), folder)
    print((folder / "benchmark.md").read_text())
