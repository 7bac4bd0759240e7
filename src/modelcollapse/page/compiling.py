"""What the page needs, compiled by a process of its own: numba keeps 90 MB of what compiling took."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from modelcollapse import warming
from modelcollapse.engines import ENGINES
from modelcollapse.experiment import Experiment
from modelcollapse.page.jobs import LOOKS
from modelcollapse.page.running import Asked, Run
from modelcollapse.page.stories import STORIES, TWO

CATEGORIES = {
    "truth": {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]},
    "learner": {"family": "categorical"},
}
"""What is learnt, with `TWO`, to need every kernel."""
PATIENCE = 300.0
"""Seconds after which the child is given up: it takes thirty, half of them for the stories."""


def warm(first: threading.Event, every: threading.Event) -> None:
    """Let a child compile what is not on the disk, then read it, so that no story need wait.

    ``first`` is set once the kernels of the first story are there, whose run need not wait for the other
    stories, and ``every`` once all are.
    """
    if not warming.compiled(warming.KERNELS):
        with warming.child("modelcollapse.page.compiling") as compiler:
            end = time.monotonic() + PATIENCE
            while compiler is not None and compiler.poll() is None and time.monotonic() < end:
                if warming.compiled(warming.GROUPED):
                    first.set()
                time.sleep(LOOKS)
    first.set()
    every.set()
    for recipe in stories():
        try_out(recipe)


def stories() -> Iterator[dict[str, Any]]:
    """A little of each story."""
    for story in STORIES:
        yield {**story.recipe, "generations": 2, "replicates": 2}


def others() -> Iterator[dict[str, Any]]:
    """What needs all that no story does: items kept from the last training set, on every engine."""
    for learnt in (TWO, CATEGORIES):
        for engine in ENGINES:
            sizes = {"n_samples": 1_000, "generations": 2, "replicates": 2}
            yield {**learnt, **sizes, "engine": engine, "workflow": {"kind": "mix", "real": 0.1, "kept": 0.1}}


def try_out(table: dict[str, Any]) -> None:
    """Run a recipe, whatever comes of it: a reader's own run will say it."""
    with suppress(Exception):
        run(Experiment(**table))


def run(recipe: Experiment) -> None:
    """Run a recipe as the page does: what it needs is then compiled, or read from the disk."""
    settled = recipe.settled()
    for _ in Run(Asked(recipe, settled, "")).lines(lambda: None, lambda: None):
        pass


if __name__ == "__main__":
    warming.end_with_parent()
    for recipe in (*stories(), *others()):
        try_out(recipe)
    os._exit(0)
