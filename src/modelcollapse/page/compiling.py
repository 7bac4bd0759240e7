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
from modelcollapse.kernels import (
    counting,
    displacement,
    em,
    grids,
    moments,
    pooling,
    quantiles,
    sampling,
    shares,
    sprinting,
)
from modelcollapse.kernels.compiling import ready
from modelcollapse.page.jobs import LOOKS
from modelcollapse.page.running import Asked, Run
from modelcollapse.page.stories import STORIES, TWO

KERNELS: tuple[Any, ...] = (
    counting.multinomials,
    counting.pick_counts,
    counting.shuffle_pick,
    displacement.displaced,
    displacement.settled,
    em.degenerate,
    em.em_batch,
    grids.add_counts,
    grids.choose_grids,
    grids.midpoints,
    grids.mixture_masses,
    moments.moments,
    pooling.pooled,
    quantiles.mixture_quantile,
    sampling.sample_mixtures,
    shares.displaced_shares,
    sprinting.sprint_batch,
)
"""All that a run on the page can need."""
WORDS = {
    "truth": {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]},
    "learner": {"family": "categorical"},
}
PATIENCE = 300.0
"""Seconds after which the child is given up: it takes thirty, half of them for the stories."""


def warm(compiled: threading.Event) -> None:
    """Let a child compile what is not on the disk, then read it, so that no story need wait.

    ``compiled`` is set once the climb is there, the longest and the last that the first story needs: its
    first run need not wait for the other stories.
    """
    if not all(map(ready, KERNELS)):
        with warming.child("modelcollapse.page.compiling") as compiler:
            end = time.monotonic() + PATIENCE
            while compiler is not None and compiler.poll() is None and time.monotonic() < end:
                if ready(em.em_batch):
                    compiled.set()
                time.sleep(LOOKS)
    compiled.set()
    for recipe in stories():
        try_out(recipe)


def stories() -> Iterator[dict[str, Any]]:
    """A little of each story."""
    for story in STORIES:
        yield {**story.recipe, "generations": 2, "replicates": 2}


def others() -> Iterator[dict[str, Any]]:
    """What needs all that no story does: items kept from the last training set, on every engine."""
    for family in (TWO, WORDS):
        for engine in ENGINES:
            sizes = {"n_samples": 2 * sprinting.LEAST_SIZE, "generations": 2, "replicates": 2}
            yield {**family, **sizes, "engine": engine, "workflow": {"kind": "mix", "real": 0.1, "kept": 0.1}}


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
