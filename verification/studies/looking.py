"""Somebody who reads a study all the while it runs and grows; and what that reader sees."""

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import xarray as xr

import modelcollapse as mc
from modelcollapse.studies.layout import COMMIT
from verification.studies.tools import (
    PATIENCE,
    ROOT,
    WORKING,
    Broken,
    Run,
    Sweep,
    demand,
    finished,
    same_numbers,
)

OPTIONS = ("--workers", "2")
STEPS = tuple(
    WORKING.replace("replicates = 60", f"replicates = {n}").replace("2100]", more)
    for n, more in ((20, "2100]"), (30, "2100, 2200]"), (40, "2100, 2200]"))
)
"""Blocks of 20: in the second step each cell gets half a block, in the third that is filled."""
SECONDS = 3 * PATIENCE
"""After which a reader ends whatever happens."""


def reader(run: Run) -> str:
    """A sweep, then its growth twice, watched by another process with xarray alone and with `load`."""
    whole, path = run.folder / "whole" / "s.zarr", run.folder / "s" / "s.zarr"
    whole.parent.mkdir()
    path.parent.mkdir()
    finished(STEPS[-1], whole, *OPTIONS)
    stop = run.folder / "stop"
    command = [sys.executable, "-m", "verification.studies.looking", str(path), str(whole), str(stop)]
    log = run.folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
        try:
            for text in STEPS:
                with Sweep(text, path, *OPTIONS) as writer:
                    demand(
                        writer.code() == 0,
                        f"the writer ends with {writer.process.returncode}: {writer.said()}",
                    )
            stop.touch()
            demand(
                process.wait(PATIENCE) == 0,
                f"the reader ends with {process.returncode}: {log.read_text()[-3000:]}",
            )
        finally:
            with suppress(OSError):
                process.kill()
            process.wait(PATIENCE)
    seen = json.loads(log.read_text().splitlines()[-1])
    demand(seen["looks"] >= 5 and len(seen["counts"]) >= 3, f"too few looks: {seen}")
    return (
        f"{seen['looks']} looks with xarray.open_zarr and with load, at {len(seen['counts'])} different "
        f"numbers of replicates done; each saw final numbers alone, and never fewer; the writer ended with 0 "
        f"{len(STEPS)} times"
    )


def look_on(path: Path, whole: Path, stop: Path) -> None:
    """Look at a study until somebody says stop, and compare what is committed with the finished one."""
    final, looks, counts = mc.load(whole), 0, [0]
    until = time.monotonic() + SECONDS
    last = False
    while not last:
        demand(time.monotonic() < until, "nobody has said stop")
        last = stop.exists()
        if not path.exists():
            time.sleep(0.01)
            continue
        plain(path, final)
        found = mc.load(path)
        same_numbers(found, final, f"look {looks}")
        now = int(found["done"].sum())
        demand(now >= counts[-1], f"look {looks}: {now} replicates are done, and were {counts[-1]}")
        counts += [now] if now != counts[-1] else []
        looks += 1
    demand(counts[-1] == final["done"].size, f"at the end {counts[-1]} are done")
    print(json.dumps({"looks": looks, "counts": counts}))


def plain(path: Path, final: xr.Dataset) -> None:
    """What xarray alone reads, where a record says that it is there."""
    found = xr.open_zarr(path)
    records = found[COMMIT].load()  # first: data are there before their record
    found = found.load()
    block = found.attrs["block"]
    rows = np.ascontiguousarray(records.values[..., 40:48]).view("<u8")[..., 0]
    shape = rows.shape[:-1]
    number = np.arange(block)
    done = (number < rows[..., None].astype(np.int64)).reshape(*shape, -1)[..., : found.sizes["replicate"]]
    cut = final.isel({name: slice(size) for name, size in found.sizes.items() if name in final.sizes})
    for name in final.data_vars:
        if name in found and "replicate" in found[name].dims:
            there, right = found[name].values[done], cut[name].values[done]
            if there.tobytes() != right.tobytes():
                raise Broken(f"xarray reads other numbers of {name} than the final ones")


if __name__ == "__main__":
    look_on(*map(Path, sys.argv[1:]))
