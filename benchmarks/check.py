"""Has an engine become slower? Ratios to the NumPy loop in one fresh run, against the committed ones.

``python -m benchmarks.check [benchmark.json]`` takes about a minute and fails if a ratio has fallen below
half of what it was. No seconds are compared, so another computer will do, if not too different a one.

``--instructions`` counts instructions under valgrind instead, with kernels compiled for a plain
processor: steady to a percent on a busy computer. It prints the counts, and with ``--against FILE``, where
such a file was written by ``--write FILE``, fails if one has grown by more than a fifth. It takes minutes.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import report, summaries
from benchmarks.contenders import ENGINES, NUMPY
from benchmarks.race import environment
from benchmarks.run import FULL, Field, Plan, reference

PLAN = Plan(**{**vars(FULL), "rounds": 3})
GROWTH = 1.2
COUNTED = """
import sys
import modelcollapse as mc
experiment = mc.Experiment(n_samples=1000, generations=int(sys.argv[2]), replicates=1, engine=sys.argv[1])
mc.run(experiment, threads=1)
"""
FEW, MANY = 5, 45


def fresh_ratios() -> dict[tuple[str, int], float]:
    """The engines against the NumPy loop, now."""
    field = Field()
    try:
        rows = reference(field, PLAN, (NUMPY, *ENGINES), (1,))
    finally:
        field.close()
    return report.against_numpy(rows)


def compare(committed: Mapping[tuple[str, int], float], fresh: Mapping[tuple[str, int], float]) -> list[str]:
    """A line for each ratio, and FELL where it has fallen below half or is no longer there."""
    lines = []
    for key, before in committed.items():
        now = fresh.get(key, float("nan"))
        word = "FELL" if summaries.fallen(before, now) else "ok"
        lines.append(
            f"{word:<5} {key[0]}, {key[1]} replicates: {now:.3g} times as fast as the NumPy loop, "
            f"was {before:.3g}"
        )
    return lines


def instructions(engine: str, cache: str) -> float:
    """Instructions of one generation of one replicate at N = 1000: what 45 generations take beyond 5."""
    env = {**environment(1), "NUMBA_CACHE_DIR": cache, "PYTHONHASHSEED": "0"}
    env |= {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}
    counts = []
    for generations in (FEW, MANY):
        program = [sys.executable, "-c", COUNTED, engine, str(generations)]
        subprocess.run(program, env=env, check=True, capture_output=True)  # compile outside valgrind
        callgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
        done = subprocess.run([*callgrind, *program], env=env, check=True, capture_output=True, text=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        assert found is not None, "valgrind did not say what it collected"
        counts.append(int(found.group(1)))
    return (counts[1] - counts[0]) / (MANY - FEW)


def count_all() -> dict[str, float]:
    """Instructions a generation of each engine."""
    from modelcollapse.engines import ENGINES as engines

    with tempfile.TemporaryDirectory() as cache:
        return {name: instructions(name, cache) for name in ENGINES if name in engines}


def _check_ratios(file: Path) -> int:
    if not file.exists():
        print(f"{file.name} is not there: run the whole benchmark first")
        return 2
    committed: dict[str, Any] = json.loads(file.read_text())
    lines = compare(report.against_numpy(committed["rows"]["reference"]), fresh_ratios())
    print("\n".join(lines) or "nothing to compare with")
    return 1 if not lines or any(line.startswith("FELL") for line in lines) else 0


def _check_instructions(write: Path | None, against: Path | None) -> int:
    if shutil.which("valgrind") is None:
        print("valgrind is not installed")
        return 2
    counts = count_all()
    before = json.loads(against.read_text()) if against else {}
    grown = False
    for name, count in counts.items():
        was = before.get(name)
        grown |= was is not None and count > GROWTH * was
        print(f"{name}: {count:.4g} instructions a generation" + (f", were {was:.4g}" if was else ""))
    if write is not None:
        write.write_text(json.dumps(counts, indent=1) + "\n")
    return 1 if grown else 0


def main() -> None:
    """Read the command line and check."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=report.RESULTS / "benchmark.json")
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    if options.instructions:
        sys.exit(_check_instructions(options.write, options.against))
    sys.exit(_check_ratios(options.file))


if __name__ == "__main__":
    main()
