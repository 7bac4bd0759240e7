"""Run the long checks of studies: ``python -m verification.studies [names] [--seed S] [--quick]``."""

import argparse
import faulthandler
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from verification.report import RESULTS, versions
from verification.studies.cluster import scheduler
from verification.studies.damage import damage
from verification.studies.killing import kills, poison, workers
from verification.studies.large import large
from verification.studies.looking import reader
from verification.studies.order import orders
from verification.studies.places import places
from verification.studies.shim import shim
from verification.studies.tools import Run

CHECKS: dict[str, Callable[[Run], str]] = {
    check.__name__: check
    for check in (kills, workers, scheduler, poison, shim, damage, orders, reader, large, places)
}
MOST_SECONDS = 4 * 3600
"""After which a check is ended, with the place where it hung."""
MEMORY = Path("/dev/shm")
"""Where files lie in memory, on systems that have such a place."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print a line each, bring the table up to date; 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m verification.studies", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(CHECKS)}; all if none is given"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the moments, places and bits; 1 if not given")
    parser.add_argument("--quick", action="store_true", help="a few of each: is everything in its place?")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in CHECKS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(CHECKS)}")
    lines = {}
    for name in options.names or CHECKS:
        lines[name] = _run(name, options.seed, options.quick)
        print(lines[name], flush=True)
    if not options.quick:
        _write(lines)
    return 1 if any("FAILED" in line for line in lines.values()) else 0


def _run(name: str, seed: int, quick: bool) -> str:
    began = time.perf_counter()
    faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="studies-") as folder,
            tempfile.TemporaryDirectory(prefix="studies-", dir=MEMORY if MEMORY.is_dir() else None) as memory,
        ):
            run = Run(Path(folder), Path(memory), random.Random(f"{seed} {name}"), quick)
            found = CHECKS[name](run)
    except Exception as error:
        traceback.print_exc()
        found = f"FAILED: {type(error).__name__}: {str(error)[:2000]}"
    finally:
        faulthandler.cancel_dump_traceback_later()
    about = ", ".join(f"{what} {value}" for what, value in versions().items() if what != "scipy")
    seconds = time.perf_counter() - began
    return (
        f"{name}: {' '.join(found.split())}\n  ({about.removeprefix('date ')}; seed {seed}; {seconds:.0f} s)"
    )


def _write(lines: dict[str, str]) -> None:
    """Put the lines into the table; checks that were not run keep theirs."""
    table = RESULTS / "studies.txt"
    old = table.read_text().strip().split("\n\n") if table.exists() else []
    known = {entry.split(":", 1)[0]: entry for entry in old} | lines
    RESULTS.mkdir(exist_ok=True)
    table.write_text("\n\n".join(known[name] for name in CHECKS if name in known) + "\n")


if __name__ == "__main__":
    sys.exit(main())
