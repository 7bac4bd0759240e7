"""What one takes home: a finished run as a table or a figure, a recipe as TOML and as Python."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any, TextIO

import xarray as xr

from modelcollapse.page import drawing
from modelcollapse.summary import write_csv

DRAWN = {"svg": "image/svg+xml", "png": "image/png"}
TYPES = {"csv": "text/csv; charset=utf-8", **DRAWN}
"""What a run can be had as, and what that is."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a text must not begin with in a table: spreadsheets would compute it."""


def as_file(dataset: xr.Dataset, kind: str) -> bytes:
    """A result as a table or a figure."""
    with tempfile.TemporaryDirectory(prefix="modelcollapse-") as folder:
        path = Path(folder) / f"result.{kind}"
        if kind == "csv":
            write_csv(dataset, path)
            with path.open(encoding="utf-8", newline="") as table:
                return harmless(table)
        drawing.draw(dataset, path)
        return path.read_bytes()


def harmless(table: TextIO) -> bytes:
    """A table in which no text is a formula: such a text gets a quote before it; numbers stay as they are.

    Row after row, as `csv` reads and writes them: a table of a few megabytes as a text takes ten times that.
    """
    written = io.BytesIO()
    text = io.TextIOWrapper(written, encoding="utf-8", newline="")
    writer = csv.writer(text)
    for row in csv.reader(table):
        writer.writerow([f"'{cell}" if _formula(cell) else cell for cell in row])
    text.flush()
    return written.getvalue()


def _formula(cell: str) -> bool:
    if not cell.startswith(FORMULAS):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def as_python(toml: str) -> str:
    """A program that runs a recipe; whatever the recipe holds, it is text in there and no program."""
    plain = '"""' not in toml and "\\" not in toml and not toml.endswith('"')
    text = f'"""\n{toml}"""' if plain else repr(toml)
    return (
        "import modelcollapse as mc\n\n"
        f"recipe = {text}\n"
        "experiment = mc.Experiment.from_toml(recipe)\n"
        "dataset = mc.run(experiment)\n"
        'mc.plot(dataset, path="figure.png")\n'
    )


def headers(kind: str) -> dict[str, Any]:
    """A file to be saved, never one to be shown."""
    return {"content-disposition": f'attachment; filename="modelcollapse.{kind}"'}
