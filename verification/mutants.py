"""Does each deliberate mistake make a test fail? ``python -m verification.mutants [--only NAME] [--jobs J]``.

Mistakes are made one at a time, in a temporary copy of the repository and never in place. The test that is
expected to catch one runs first; the whole suite only where that one passes. The table goes to
``results/mutants.txt``; the exit code is 1 where a mutant survives.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from verification.mutations import MUTANTS, SOURCE, Mutant
from verification.report import RESULTS, versions

ROOT = Path(__file__).parents[1]
COPIED = ("src", "tests", "reference", "verification", "benchmarks", "examples", "book", "docs")
NAMES = 66
"""Columns that names take in the table."""
MOST_SECONDS = 1200
"""After which a test is said to have failed: a mistake may loop for ever."""


@dataclass(frozen=True)
class Verdict:
    """A mutant, what caught it (empty: nothing did), and how long that took."""

    mutant: Mutant
    caught_by: str
    seconds: float

    def __str__(self) -> str:
        """A line of the table."""
        what = self.caught_by or "SURVIVES"
        return f"{self.mutant.name:{NAMES}}{self.seconds:8.1f} s  {what}"


class Copy:
    """A copy of the repository, with a cache of compiled code of its own."""

    def __init__(self, folder: Path) -> None:
        """Copy what the tests need; times of files stay, so that what is compiled stays valid."""
        self.folder = folder
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.zarr")
                shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy2(path, folder / path.name)

    def judge(self, mutant: Mutant, suite: bool) -> Verdict:
        """Make the mistake, run the expected test, then everything where that passes; undo it."""
        target = self.folder / "src" / "modelcollapse" / mutant.file
        original = SOURCE / mutant.file
        target.write_text(mutant.applied(original.read_text()))
        began = time.perf_counter()
        try:
            caught = ""
            if self._fails(mutant, [f"tests/{mutant.test}"]):
                caught = mutant.test
            elif suite and self._fails(mutant, ["tests"]):
                caught = f"another test than {mutant.test}"
        finally:
            shutil.copy2(original, target)
            shutil.rmtree(self.folder / "own", ignore_errors=True)
        return Verdict(mutant, caught, time.perf_counter() - began)

    def _fails(self, mutant: Mutant, what: Sequence[str]) -> bool:
        """Whether pytest finds a failure; a test that is not found is an error of the list."""
        cache = self.folder / ("own" if mutant.of_a_kernel else "compiled")
        own = {"PYTHONPATH": str(self.folder / "src"), "NUMBA_CACHE_DIR": str(cache)}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *what]
        try:
            found = subprocess.run(
                command, cwd=self.folder, env={**os.environ, **own}, timeout=MOST_SECONDS, capture_output=True
            )
        except subprocess.TimeoutExpired:
            return True
        if found.returncode > 1:  # no test ran: the list is wrong, or the mistake no small one
            said = (found.stdout + found.stderr).decode()
            raise RuntimeError(f"{mutant.name}: {said[-2000:]}")
        return found.returncode != 0


def judged(mutants: Sequence[Mutant], jobs: int, suite: bool) -> list[Verdict]:
    """Judge them side by side, each job in a copy of its own, and print each verdict as it comes."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        free: Queue[Copy] = Queue()
        for i in range(min(jobs, len(mutants))):
            (Path(place) / str(i)).mkdir()
            free.put(Copy(Path(place) / str(i)))

        def one(mutant: Mutant) -> Verdict:
            copy = free.get()
            try:
                verdict = copy.judge(mutant, suite)
            finally:
                free.put(copy)
            print(verdict, flush=True)
            return verdict

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, mutants))


def _write(verdicts: Sequence[Verdict]) -> None:
    """Put the verdicts into the table; mutants that were not judged keep their lines."""
    table = RESULTS / "mutants.txt"
    old = table.read_text().splitlines() if table.exists() else []
    line_of = {line[:NAMES].rstrip(): line for line in old} | {v.mutant.name: str(v) for v in verdicts}
    lines = [line_of[mutant.name] for mutant in MUTANTS if mutant.name in line_of]
    survive = sum(line.endswith("SURVIVES") for line in lines)
    about = ", ".join(f"{name} {value}" for name, value in versions().items())
    RESULTS.mkdir(exist_ok=True)
    table.write_text("\n".join([about, f"{len(lines)} mutants, {survive} survive", "", *lines]) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Judge, print, and bring the table up to date."""
    parser = argparse.ArgumentParser(prog="python -m verification.mutants", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="mutants whose name holds this")
    parser.add_argument("--jobs", type=int, default=2, help="copies that are tested side by side")
    parser.add_argument(
        "--expected-only", action="store_true", help="leave the whole suite out for survivors"
    )
    options = parser.parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if options.only in mutant.name]
    began = time.perf_counter()
    verdicts = judged(chosen, options.jobs, not options.expected_only)
    survivors = [verdict for verdict in verdicts if not verdict.caught_by]
    print(f"{len(chosen)} mutants, {len(survivors)} survive; {time.perf_counter() - began:.0f} s")
    _write(verdicts)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
