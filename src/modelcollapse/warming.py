"""The first run of a fresh environment: a second process compiles the fit while this one compiles the draws.

Compiling takes seven seconds of a first run that computes for a tenth of one. numba compiles one kernel at a
time in a process, whatever its threads do, but keeps machine code on disk, where another process may put it.
So where the cache has no fit for this recipe, a child compiles it, and this process then reads it. No bit of
a result depends on it: the machine code is the same. Whatever happens to the child, what is missing
afterwards is compiled here, as it would be without this module.

The child imports kernels only, so this module may import nothing above them.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse import streams
from modelcollapse.kernels import (
    counting,
    displacement,
    em,
    grids,
    moments,
    picking,
    pooling,
    quantiles,
    sampling,
    shares,
    sprinting,
)
from modelcollapse.kernels.compiling import LANES, ready

PATIENCE = 60.0
"""Seconds after which the child is given up: it takes four to six."""
DRAWN = 1000
"""Items of the draws that compile drawing, at most."""


def _sprint() -> None:
    """Compile a sprint, by fitting no replicates; arguments are of the types that `climb` gives."""
    size, part = np.empty(0, dtype=np.int64), np.empty((0, 2))
    sprinting.sprint_batch(np.empty((0, 0)), size, part, part, part, 1.0, LANES)


def _climb() -> None:
    """Compile a climb, by fitting no replicates; arguments are of the types that `climb` gives."""
    size, part, done = np.empty(0, dtype=np.int64), np.empty((0, 2)), np.empty(0, dtype=np.bool_)
    data = (np.empty((0, 0)), np.empty((0, 0)), size, part, part, part, done)
    em.em_batch(*data, 1.0, 1, 0.0, False, np.empty(0), LANES)


FITS: Mapping[str, tuple[Any, Callable[[], None]]] = {
    "sprint": (sprinting.sprint_batch, _sprint),
    "climb": (em.em_batch, _climb),
}
"""The kernels that fit, and what compiles them."""
GROUPED: tuple[Any, ...] = (
    counting.multinomials,
    em.degenerate,
    em.em_batch,
    grids.choose_grids,
    grids.midpoints,
    grids.mixture_masses,
    quantiles.mixture_quantile,
)
"""Those of mixtures that the grouped engine fits to synthetic items alone, metrics included."""
KERNELS: tuple[Any, ...] = (
    *GROUPED,
    displacement.displaced,
    displacement.settled,
    grids.add_counts,
    moments.moments,
    picking.pick_counts,
    picking.shuffle_pick,
    pooling.pooled,
    sampling.sample_mixtures,
    shares.displaced_shares,
    sprinting.sprint_batch,
)
"""All that a run whose items are numbers or categories can need; vectors have others."""


def compiled(kernels: Iterable[Any]) -> bool:
    """Whether none of some kernels need be compiled."""
    return all(map(ready, kernels))


def fit_of(experiment: Any) -> str | None:
    """Which of `FITS` a recipe's first fit needs; None where what it needs is compiled in no time."""
    learner = experiment.learner
    if learner.name != "mixture" or learner.solver != "em" or experiment.engine not in ("exact", "grouped"):
        return None
    settings = (learner.max_iterations, learner.reg_covar)
    sprint = experiment.engine == "exact" and sprinting.suits(
        experiment.n_samples, learner.components, *settings
    )
    return "sprint" if sprint else "climb"


def warm(experiment: Any, engine: Any, stop: threading.Event) -> None:
    """See that a recipe's fit is compiled, by a second process where it is not; until ``stop`` is set."""
    name = fit_of(experiment)
    if name is None or ready(FITS[name][0]):
        return
    with child("modelcollapse.warming", name) as compiler:
        if compiler is None:
            return
        _draw(experiment, engine)
        end = time.monotonic() + PATIENCE
        while compiler.poll() is None and not stop.is_set() and time.monotonic() < end:
            stop.wait(0.01)


@contextmanager
def child(module: str, *words: str) -> "Iterator[subprocess.Popen[bytes] | None]":
    """A module in a process of its own, as `start` starts it, until the end of the block at most."""
    process = start(module, *words)
    try:
        yield process
    finally:
        if process is not None:
            process.kill()
            process.communicate()


def start(module: str, *words: str) -> "subprocess.Popen[bytes] | None":
    """Start a module in a child, with this process's paths; None where that cannot be done.

    The child is to call `end_with_parent`.
    """
    python = sys.executable or ""
    if "python" not in Path(python).name.lower() or getattr(sys, "frozen", False):
        return None  # Python is part of another program: it would be started a second time
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    with suppress(OSError, ValueError):
        return subprocess.Popen(
            [python, "-P", "-m", module, *words],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,  # its end tells the child that this process has ended
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return None


def _draw(experiment: Any, engine: Any) -> None:
    """Compile what else a run needs, on streams that are thrown away."""
    learner = experiment.learner
    ones = np.ones((1, learner.components))
    mean = 4.0 * np.arange(learner.components, dtype=np.float64)[None]
    model = engine.model(learner.restore({"weight": ones / ones.sum(), "mean": mean, "std": ones}))
    engine.draw(model, min(experiment.n_samples, DRAWN), streams.generators(0, streams.COMMON_KEY, [0]))
    em.degenerate(*model.params)
    model.quantile(np.zeros(1))


def end_with_parent() -> None:
    """End this process, a child, when its parent has ended."""

    def wait() -> None:
        with suppress(OSError):
            os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    FITS[sys.argv[1]][1]()
    os._exit(0)  # nothing is left to tidy up, and somebody waits
