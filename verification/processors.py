"""The same bits on processors with other vectors: SSE4.2, AVX2, AVX-512, with and without a compiled cache.

numba compiles for the processor that ``NUMBA_CPU_NAME`` names. Each process runs the same recipes on every
engine and prints the SHA-256 of the results. Kernels add up in a fixed number of lanes and contract nothing
but where `fma` is written, so the hashes must be one.

    python verification/processors.py

takes about five minutes, for it compiles everything anew for each processor.
"""

import datetime
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "processors.txt"
PROCESSORS = {"this one": "", "nehalem (SSE4.2)": "nehalem", "haswell (AVX2)": "haswell",
              "skylake-avx512": "skylake-avx512"}  # fmt: skip
MIX = {"kind": "mix", "real": 0.1, "kept": 0.2}
RECIPES = (
    {"n_samples": 2000, "workflow": MIX},
    {"n_samples": 30, "learner": {"family": "mixture", "components": 3}},
    {
        "n_samples": 500,
        "truth": {"family": "gaussian", "mean": 1e6, "std": 2.0},
        "learner": {"family": "gaussian"},
    },
)


def digests() -> str:
    """The hash of each recipe on each engine that takes it."""
    import modelcollapse as mc
    from modelcollapse.engines import ENGINES
    from modelcollapse.store import digest

    found = []
    for number, recipe in enumerate(RECIPES):
        for engine in ENGINES:
            try:
                experiment = mc.Experiment(generations=60, replicates=5, engine=engine, **recipe)
            except mc.RecipeError:
                continue
            found.append(f"{number} {engine} {digest(mc.run(experiment))[:16]}")
    return "\n".join(found)


def run(processor: str, cache: str) -> str:
    """Print the hashes in a process of its own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    if processor:
        environment |= {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
    command = [sys.executable, __file__, "--digests"]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    """Compare the hashes of all processors, and write them down."""
    import numba
    import numpy

    import modelcollapse as mc

    lines, seen = [], {}
    for name, processor in PROCESSORS.items():
        with tempfile.TemporaryDirectory() as cache:
            for when in ("compiled anew", "from the cache"):
                seen[f"{name}, {when}"] = run(processor, cache)
    first = next(iter(seen.values()))
    for name, hashes in seen.items():
        lines.append(f"{name:40} {'the same bits' if hashes == first else 'OTHER BITS'}")
        lines += [] if hashes == first else [hashes]
    versions = f"modelcollapse {mc.__version__}, numpy {numpy.__version__}, numba {numba.__version__}"
    head = f"{datetime.date.today()}; {versions}; Python {platform.python_version()}\n\n{first}\n"
    text = "\n".join([head, *lines]) + "\n"
    print(text, end="")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)
    return 0 if all(hashes == first for hashes in seen.values()) else 1


if __name__ == "__main__":
    if "--digests" in sys.argv:
        print(digests())
    else:
        sys.exit(main())
