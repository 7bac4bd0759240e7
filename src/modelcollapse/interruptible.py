"""Runs that a signal ends: what was reached is kept, and said."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelcollapse.terminal import leave, progress, say, signals

if TYPE_CHECKING:
    import xarray as xr

    from modelcollapse.experiment import Experiment

PATIENCE = 4.0
"""Seconds that an interrupted run gets to end its generation."""


def run(
    experiment: "Experiment", threads: int | None, stop: threading.Event, caught: list[int]
) -> "xr.Dataset":
    """Run on a thread of its own, so that a signal is heard at once."""
    from modelcollapse import lab

    outcome = dict[str, Any]()

    def work() -> None:
        try:
            outcome["dataset"] = lab.run(
                experiment, threads=threads, progress=report, stop=stop, allow_large=True
            )
        except BaseException as error:
            outcome["error"] = error

    with progress() as report:
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        while worker.is_alive() and not stop.is_set():
            worker.join(0.1)
        worker.join(PATIENCE if stop.is_set() else None)
    if worker.is_alive():
        leave(
            "interrupted while compiling, or in a generation too long to wait for; nothing was kept",
            caught[0],
        )
    if "error" in outcome:
        raise outcome["error"]
    dataset: xr.Dataset = outcome["dataset"]
    return dataset


def compare(dataset: "xr.Dataset", other: "Experiment", threads: int | None, out: Path | None) -> None:
    """Run the recipe on the other engine, and say whether the two results are equal in law."""
    from modelcollapse import crosscheck

    stop = threading.Event()
    with signals(stop) as caught:
        theirs = run(other, threads, stop, caught)
    if caught:
        say(f"interrupted before the comparison{f'; the whole result is in {out}' if out else ''}")
        raise SystemExit(128 + caught[0])
    typer.echo(f"\n{crosscheck.compare(dataset, theirs)}")


def keep(dataset: "xr.Dataset", out: Path | None, experiment: "Experiment", overwrite: bool) -> None:
    """Keep what an interrupted run has reached, unless the place already holds as much."""
    from modelcollapse import store

    reached, replicates = int(dataset["generation"][-1]), dataset.sizes["replicate"]
    start = f"interrupted at generation {reached} of {experiment.generations}"
    if replicates < experiment.replicates:
        start += f" in {replicates} of {experiment.replicates} replicates"
    if out is None or reached == 0:
        say(f"{start}; nothing was kept{'' if out else ' (no --out)'}")
        return
    if out.exists() and not overwrite:
        there = store.load(out)
        if int(there["generation"][-1]) * there.sizes["replicate"] >= reached * replicates:
            say(f"{start}; {out} is as it was")
            return
    store.save(dataset, out)
    say(
        f"{start}; kept generations 0 to {reached} in {out}. "
        "The same command begins again, and gives the same numbers."
    )
