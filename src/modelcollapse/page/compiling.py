"""What the stories need, compiled by a process of its own: numba keeps 90 MB of what compiling took."""

import os
import subprocess
import threading
from contextlib import suppress

from modelcollapse import warming
from modelcollapse.experiment import Experiment
from modelcollapse.kernels.compiling import ready
from modelcollapse.page.running import Asked, Run
from modelcollapse.page.stories import STORIES

PATIENCE = 300.0
"""Seconds after which the child is given up: it takes fifteen on a free computer."""


def warm(compiled: threading.Event) -> None:
    """Let a child compile what is not on the disk, say so, and read it: the first run need not wait."""
    if all(ready(kernel) for kernel, _ in warming.FITS.values()):
        compiled.set()  # the rest takes no long time
    child = warming.start("modelcollapse.page.compiling")
    if child is not None:
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE)
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
