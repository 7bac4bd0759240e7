"""What the page's child compiles is all that the page can need: a server that compiles keeps 90 MB of it."""

import importlib
import pkgutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from modelcollapse import kernels
from modelcollapse.engines import ENGINES
from modelcollapse.errors import RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.page import compiling, running
from modelcollapse.page.limits import LEARNERS
from modelcollapse.page.stories import ONE, TWO

OTHERS = [
    {"family": "mixture", "components": 3},
    {"family": "mixture", "start": "kmeans"},
    {"family": "mixture", "reg_covar": 1e-3},
    {"family": "mixture", "solver": "scikit-learn"},
]


def signatures():
    """The signatures that each kernel was compiled for, by its name."""
    found = {}
    for module in pkgutil.iter_modules(kernels.__path__):
        for name, one in vars(importlib.import_module(f"modelcollapse.kernels.{module.name}")).items():
            if hasattr(one, "_cache") and one.__module__.endswith(module.name):
                found[f"{module.name}.{name}"] = one.signatures
    return {name: len(each) for name, each in found.items() if each}


def combinations():
    """Every workflow with every learner and truth of the page."""
    from test_workflows import ALL

    words = compiling.WORDS
    pairs = [(ONE["truth"], {"family": name}) for name in LEARNERS if name not in ("mixture", "categorical")]
    pairs += [(TWO["truth"], TWO["learner"]), (words["truth"], words["learner"])]
    pairs += [(TWO["truth"], learner) for learner in OTHERS]
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
    for table in (*compiling.stories(), *compiling.others()):
        compiling.try_out(table)
    before, count = signatures(), 0
    running.PER_SECOND = np.inf  # nobody looks
    needed = {f"{one.__module__.rsplit('.', 1)[-1]}.{one.__name__}" for one in compiling.KERNELS}
    assert needed == set(before), needed ^ set(before)
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
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


def test_a_child_is_started_where_a_kernel_is_missing(monkeypatch):
    started, compiled = [], threading.Event()
    monkeypatch.setattr(compiling.warming, "start", lambda *words: started.append(words))
    monkeypatch.setattr(compiling, "stories", lambda: iter(()))
    monkeypatch.setattr(compiling, "ready", lambda kernel: True)
    compiling.warm(compiled)
    assert not started
    assert compiled.is_set()
    monkeypatch.setattr(compiling, "ready", lambda kernel: kernel is not compiling.KERNELS[-1])
    compiling.warm(compiled)
    assert len(started) == 1
