"""What the stories need, compiled by a process of its own: numba keeps 90 MB of what compiling took."""

import os
import threading
import time
from contextlib import suppress

from modelcollapse import warming
from modelcollapse.experiment import Experiment
from modelcollapse.kernels import em
from modelcollapse.kernels.compiling import ready
from modelcollapse.page.jobs import LOOKS
from modelcollapse.page.running import Asked, Run
from modelcollapse.page.stories import STORIES

PATIENCE = 300.0
"""Seconds after which the child is given up: it takes fifteen on a free computer."""


def warm(compiled: threading.Event) -> None:
    """Let a child compile what is not on the disk, then read it, so that no story need wait.

    ``compiled`` is set once the climb is there, the longest and the last that the first story needs: its
    first run need not wait for the other stories.
    """
    child = None if ready(em.em_batch) else warming.start("modelcollapse.page.compiling")
    if child is not None:
        end = time.monotonic() + PATIENCE
        while child.poll() is None and time.monotonic() < end:
            if ready(em.em_batch):
                compiled.set()
            time.sleep(LOOKS)
        child.kill()
        child.communicate()
    compiled.set()
    tell_stories()


def tell_stories() -> None:
    """Run a little of each story: what it needs is then compiled, and read from the disk."""
    with suppress(Exception):  # whatever it is, a run will say it
        for story in STORIES:
            recipe = Experiment(**{**story.recipe, "generations": 2, "replicates": 2}).settled()
            for _ in Run(Asked(recipe, recipe, "")).lines(lambda: None, lambda: None):
                pass


if __name__ == "__main__":
    warming.end_with_parent()
    tell_stories()
    os._exit(0)
