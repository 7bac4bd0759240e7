"""Workers, blocks and orders: however a study is run, it has the same numbers."""

import shutil
from collections.abc import Callable, Iterable
from typing import Any
from unittest.mock import patch

import xarray as xr

import modelcollapse as mc
from modelcollapse.studies import executors, sweeping
from modelcollapse.studies.driver import Driver
from verification.studies.damage import same
from verification.studies.tools import Run, demand, files

TEXT = """
n_samples = 50
generations = 10
replicates = 64
save = "log"
[sweep]
"workflow.real" = [0.0, 0.2]
"""
WORKERS, BLOCKS = (1, 2, 3, 7), (1, 7, 64)


class _Kept(executors.SpawnPool):
    """A pool that several sweeps use: its processes take seconds to start."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Go on."""

    def end(self) -> None:
        """End the processes."""
        super().shutdown(wait=True)


def orders(run: Run) -> str:
    """All combinations, compared to the bit."""

    def shuffled(numbers: list[int]) -> list[int]:
        return run.random.sample(numbers, len(numbers))

    kinds: dict[str, Callable[[list[int]], Iterable[int]]] = {
        "in order": lambda numbers: numbers,
        "backwards": reversed,
        "shuffled": shuffled,
    }
    first: xr.Dataset | None = None
    stores, runs = dict[int, dict[str, bytes]](), 0
    for workers in WORKERS[:: run.times(1, 3)]:
        pool = _Kept(workers)
        try:
            for block in BLOCKS[:: run.times(1, 2)]:
                for name, order in kinds.items():
                    what = f"{workers} workers, blocks of {block}, {name}"
                    path = run.memory / "s.zarr"
                    with patch.object(Driver, "_waiting", _in_order(order)):
                        outcome = sweeping.sweep(TEXT, path, executor=pool, workers=workers, block=block)
                    demand(outcome.done == outcome.units, f"{what}: {outcome}")
                    found, there = mc.load(path), files(path)
                    first = found if first is None else first
                    demand(same(found, first), f"{what}: other numbers")
                    demand(stores.setdefault(block, there) == there, f"{what}: other bytes")
                    shutil.rmtree(path)
                    runs += 1
        finally:
            pool.end()
    return f"{runs} runs (workers {WORKERS}, blocks {BLOCKS}, three orders): the same numbers, the same files"


def _in_order(order: Callable[[list[int]], Iterable[int]]) -> Callable[[Any], list[int]]:
    """The driver's list of units, in another order."""
    usual = Driver._waiting
    return lambda driver: list(order(usual(driver)))
