"""Figures, drawn by a process of its own: Matplotlib takes 30 MB, and a figure as much again."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import xarray as xr

from modelcollapse import store, warming

PATIENCE = 60.0
"""Seconds after which the child is given up: it takes two on a free computer."""
_one_figure = threading.Lock()  # Matplotlib's settings are of the whole process


def draw(dataset: xr.Dataset, path: Path) -> None:
    """Draw a result into a file whose name says the kind; in this process where there can be no other."""
    result = path.with_name("result.zarr")
    store.save(dataset, result)
    with warming.child("modelcollapse.page.drawing", str(result), str(path)) as artist:
        if artist is not None:
            with suppress(subprocess.TimeoutExpired):
                artist.wait(PATIENCE)
    if artist is not None and artist.returncode == 0:
        return
    with _one_figure:
        _draw(dataset, path)


def _draw(dataset: xr.Dataset, path: Path) -> None:
    from modelcollapse import plots

    plots.plot(dataset, path=path)


if __name__ == "__main__":
    warming.end_with_parent()
    _draw(store.load(sys.argv[1]), Path(sys.argv[2]))
    os._exit(0)
