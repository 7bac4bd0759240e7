"""What the page's child compiles is all that the page can need: a server that compiles keeps 90 MB of it."""

import importlib
import pkgutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from modelcollapse import kernels, warming
from modelcollapse.engines import ENGINES
from modelcollapse.errors import RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.kernels.compiling import _Cache
from modelcollapse.page import compiling, running
from modelcollapse.page.limits import LEARNERS
from modelcollapse.page.stories import ONE, TWO

MIXTURES = [
    {"family": "mixture", "components": 3},
    {"family": "mixture", "start": "kmeans"},
    {"family": "mixture", "reg_covar": 1e-3},
    {"family": "mixture", "solver": "scikit-learn"},
]


def name(kernel):
    """Of its module, and its own in it."""
    return f"{kernel.__module__.rsplit('.', 1)[-1]}.{kernel.__name__}"


def signatures():
    """How many signatures each kernel was compiled for, by its name; those that are on the disk."""
    files = [
        importlib.import_module(f"{kernels.__name__}.{one.name}")
        for one in pkgutil.iter_modules(kernels.__path__)
    ]
    found = {
        one
        for file in files
        for one in vars(file).values()
        if isinstance(getattr(one, "_cache", None), _Cache)
    }
    return {name(one): len(one.signatures) for one in found if one.signatures}


def combinations():
    """Every workflow with every learner and truth of the page."""
    from test_workflows import ALL

    words = compiling.CATEGORIES
    pairs = [(ONE["truth"], {"family": name}) for name in LEARNERS if name not in ("mixture", "categorical")]
    pairs += [(TWO["truth"], TWO["learner"]), (words["truth"], words["learner"])]
    pairs += [(TWO["truth"], learner) for learner in MIXTURES]
    pairs += [(None, {"family": name}) for name in ("gaussian", "mixture", "empirical")]
    for workflow in ALL:
        for truth, learner in pairs:
            yield truth, learner, workflow.model_dump(exclude_defaults=True) | {"kind": workflow.kind}


def recipes():
    """Those of the combinations that an engine takes; without a truth, of a reader's own numbers."""
    sizes = {"n_samples": 600, "generations": 2, "replicates": 2}
    numbers = np.random.default_rng(0).normal(size=500)
    for truth, learner, workflow in combinations():
        for engine in ENGINES:
            raw = {**sizes, "learner": learner, "workflow": workflow, "engine": engine}
            raw["truth"] = truth or {"family": "data", "path": "own.csv"}
            try:
                yield Experiment._from_raw(raw, Path(), "", None if truth else numbers)
            except RecipeError:
                continue


def main():
    """Compile as the child does, then run all there is, and say what else was compiled."""
    compiling.try_out(next(compiling.stories()))
    assert set(signatures()) == set(map(name, warming.GROUPED)), "what the first story needs"
    for table in (*compiling.stories(), *compiling.others()):
        compiling.try_out(table)
    before, count = signatures(), 0
    running.PER_SECOND = np.inf  # nobody looks
    needed = set(map(name, warming.KERNELS))
    assert needed == set(before), needed ^ set(before)
    twice = {"picking.shuffle_pick"}  # real numbers, and numbers of categories
    assert before == {name: 2 if name in twice else 1 for name in needed}
    for recipe in recipes():
        compiling.run(recipe)
        count += 1
    after = signatures()
    assert after == before, {name: one for name, one in after.items() if one != before.get(name)}
    print(count)


def test_a_child_compiles_all_that_the_page_can_need():
    """In a process of its own: other tests give kernels arguments of other types.

    It fails with a kernel less among the page's, and with a second kind of array for one (an array that may
    not be written to is one: each costs its time to compile).
    """
    done = subprocess.run(
        [sys.executable, "-c", "import test_page_compiling as test; test.main()"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


class Child:
    """One that compiles until it is told to end."""

    def __init__(self):
        self.killed, self.closed = threading.Event(), False

    def poll(self):
        return -9 if self.killed.is_set() else None

    def kill(self):
        self.killed.set()

    def communicate(self):
        self.closed = True


@pytest.fixture
def children(monkeypatch):
    """The children that were started; nothing is read in afterwards."""
    found = []
    monkeypatch.setattr(compiling.warming, "start", lambda *_: found.append(Child()) or found[-1])
    monkeypatch.setattr(compiling, "stories", lambda: iter(()))
    return found


def warm():
    """Warm on a thread: it, and the two events."""
    first, every = threading.Event(), threading.Event()
    thread = threading.Thread(target=compiling.warm, args=(first, every), daemon=True)
    thread.start()
    return thread, first, every


def test_nothing_is_started_where_all_is_compiled(children, monkeypatch):
    monkeypatch.setattr(compiling.warming, "ready", lambda kernel: True)
    thread, first, every = warm()
    thread.join(10.0)
    assert first.is_set()
    assert every.is_set()
    assert not children


def test_the_first_story_need_not_wait_for_the_others(children, monkeypatch):
    monkeypatch.setattr(compiling.warming, "ready", lambda kernel: kernel in warming.GROUPED)
    thread, first, every = warm()
    assert first.wait(10.0)
    assert not every.is_set()
    assert not children[0].killed.is_set()
    children[0].kill()
    thread.join(10.0)
    assert every.is_set()
    assert children[0].closed


def test_a_child_that_hangs_is_given_up(children, monkeypatch):
    monkeypatch.setattr(compiling.warming, "ready", lambda kernel: False)
    monkeypatch.setattr(compiling, "PATIENCE", 0.3)
    thread, first, every = warm()
    assert not first.wait(0.1)
    thread.join(10.0)
    assert first.is_set()
    assert every.is_set()
    assert children[0].killed.is_set()
