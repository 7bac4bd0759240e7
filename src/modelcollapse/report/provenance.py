"""Where a report's numbers come from: the recipe, how to run it again, versions and hash."""

import re

import xarray as xr

from modelcollapse.report.markup import Markup, code, element, inside, terms
from modelcollapse.store import digest
from modelcollapse.version import __version__

RUN = """\
import modelcollapse as mc
from modelcollapse.store import digest

dataset = mc.run(mc.Experiment.from_toml("recipe.toml"))
assert digest(dataset) == "{sha}"
"""
REPLAY = """\
import modelcollapse as mc

dataset = mc.load("RESULT.zarr")
assert mc.replay(dataset).equals(dataset)
"""
SWEEP = """\
import modelcollapse as mc

mc.sweep("recipe.toml", "again.zarr")
study = mc.load("again.zarr")
"""
COMMANDS = {"run": "modelcollapse run recipe.toml --out again.zarr",
            "sweep": "modelcollapse sweep recipe.toml --out again.zarr"}  # fmt: skip


def recipe_part(toml: str, in_file: bool) -> Markup:
    """Everything that decides the numbers, as TOML."""
    words = ["This decides every number above. Saved as ", element("code", "recipe.toml"), " it runs again."]
    parts = [element("p", words)]
    if in_file:
        said = "The truth lies in a file. Its numbers are stored with the result, which needs no file."
        parts.append(element("p", said, class_="note"))
    return inside([*parts, code(toml)])


def replay_part(dataset: xr.Dataset, command: str) -> Markup:
    """How to get the same numbers: the same versions give the same bits."""
    python = RUN.format(sha=digest(dataset)) if command == "run" else SWEEP
    parts = [
        element("p", "With the same versions the numbers are equal to the bit, on any number of threads."),
        element("h3", "On the command line"), code(COMMANDS[command]),
        element("h3", "In Python"), code(python),
    ]  # fmt: skip
    if command == "run":
        parts += [element("h3", "From the result's folder"), code(REPLAY)]
    return inside(parts)


def made_by(dataset: xr.Dataset) -> Markup:
    """The versions that made the numbers, the seed, and the hash of recipe and numbers."""
    versions = {
        name.removesuffix("_version"): str(value)
        for name, value in sorted(dataset.attrs.items())
        if re.fullmatch(r"\w+_version", name)
    }
    pairs = list(versions.items())
    pairs += [("seed", str(dataset.attrs.get("seed", ""))), ("schema", str(dataset.attrs.get("schema", "")))]
    pairs += [("SHA-256 of recipe and numbers", digest(dataset))]
    pairs += [("report written by", f"modelcollapse {__version__}")]
    return terms(pairs, class_="made")
