"""The first run of a fresh environment: what a second process compiles, and that nothing depends on it."""

import os
import subprocess
import sys
import threading
import time

import pytest

import modelcollapse as mc
from modelcollapse import lab, warming
from modelcollapse.engines import ENGINES
from modelcollapse.kernels import em, sprinting
from modelcollapse.store import digest

SMALL = {"n_samples": 600, "generations": 3, "replicates": 2}
NEEDED = {
    "sprint": {},
    "climb": {"engine": "grouped"},
}
FIRST = """
import modelcollapse as mc
from modelcollapse.kernels.sprinting import sprint_batch
from modelcollapse.store import digest
print(digest(mc.run(mc.Experiment(n_samples=600, generations=3, replicates=2))))
print(sum(sprint_batch.stats.cache_hits.values()), sum(sprint_batch.stats.cache_misses.values()))
"""


def test_a_first_run_reads_what_the_second_process_compiled(tmp_path):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    if lab.cores() < 2:
        pytest.skip("one core: nothing is compiled beside")
    done = subprocess.run([sys.executable, "-c", FIRST], env=env, capture_output=True, text=True, check=False)
    found, hits = done.stdout.splitlines()
    assert found == digest(mc.run(mc.Experiment(**SMALL)))
    assert hits == "1 0"
    assert done.stderr == ""


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_compiled_is_what_a_run_needs(name):
    """One signature each: a run after it compiles nothing more."""
    kernel, compile_it = warming.FITS[name]
    compile_it()
    mc.run(mc.Experiment(**SMALL, **NEEDED[name]))
    assert len(kernel.signatures) == 1


FITS = [
    ({}, "sprint"),
    ({"n_samples": 499}, "climb"),
    ({"engine": "grouped"}, "climb"),
    ({"engine": "diffusion"}, None),
    ({"learner": {"family": "gaussian"}}, None),
    ({"learner": {"family": "mixture", "components": 3}}, "climb"),
    ({"learner": {"family": "mixture", "reg_covar": 0.1}}, "climb"),
    ({"learner": {"family": "mixture", "solver": "scikit-learn"}}, None),
]


@pytest.mark.parametrize(("values", "name"), FITS, ids=str)
def test_the_fit_is_the_one_that_the_recipe_takes(values, name):
    assert warming.fit_of(mc.Experiment(**{**SMALL, **values})) == name


def test_a_warm_cache_starts_nothing(monkeypatch):
    mc.run(mc.Experiment(**SMALL))
    monkeypatch.setattr(warming.subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    mc.run(mc.Experiment(**SMALL))
    monkeypatch.setattr(warming, "ready", lambda _: False)
    with pytest.raises(pytest.fail.Exception):
        mc.run(mc.Experiment(**SMALL))


def warm(monkeypatch, program, stop=None):
    """Warm as if nothing were compiled, with another program for the child; the seconds and the child."""
    children, popen = [], subprocess.Popen

    def start(command, **rest):
        children.append(popen([command[0], "-c", program], **rest))
        return children[0]

    monkeypatch.setattr(warming, "ready", lambda _: False)
    monkeypatch.setattr(warming.subprocess, "Popen", start)
    experiment = mc.Experiment(**SMALL)
    engine = ENGINES[experiment.engine](experiment.learner)
    warming._draw(experiment, engine)
    began = time.monotonic()
    warming.warm(experiment, engine, stop or threading.Event())
    monkeypatch.undo()
    return time.monotonic() - began, children[0]


def test_a_child_that_fails_is_ignored(monkeypatch):
    assert warm(monkeypatch, "raise SystemExit(1)")[1].returncode == 1


def test_a_child_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(warming, "PATIENCE", 0.2)
    seconds, child = warm(monkeypatch, "import time; time.sleep(60)")
    assert 0.2 <= seconds < 10.0
    assert child.returncode not in (None, 0)


def test_a_stop_ends_the_child(monkeypatch):
    stop = threading.Event()
    stop.set()
    seconds, child = warm(monkeypatch, "import time; time.sleep(60)", stop)
    assert seconds < 10.0
    assert child.returncode not in (None, 0)


@pytest.mark.parametrize("python", [None, "", "/usr/bin/blender", "/no/such/python"])
def test_where_no_python_can_be_started_nothing_is(monkeypatch, python):
    monkeypatch.setattr(warming.sys, "executable", python)
    assert warming.start("modelcollapse.warming", "sprint") is None


def test_the_child_ends_with_its_parent(tmp_path):
    """It hears the end of its standard input, long before it could have compiled anything."""
    child = subprocess.Popen(
        [sys.executable, "-m", "modelcollapse.warming", "climb"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        stdin=subprocess.PIPE,
    )
    child.communicate(timeout=60)
    assert child.returncode == 1
    assert not list(tmp_path.rglob("*.nbc"))


def test_kernels_are_ready_once_compiled():
    warming.FITS["sprint"][1]()
    assert warming.ready(sprinting.sprint_batch)
    assert sprinting.sprint_batch._cache.holds(sprinting.sprint_batch.targetctx.codegen())
    assert warming.ready(len)  # nothing that numba knows
    assert em.em_batch is warming.FITS["climb"][0]
