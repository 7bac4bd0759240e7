"""The pages for newcomers: each runs by itself, and the contracts run over the family and workflow it makes.

Each in a process of its own: what a page adds to the lists must not be there for other tests.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AGREES = 4.0
PLUGIN = """
import sys

exec({code!r})

def pytest_collection_finish(session):
    examples = next(m for n, m in sys.modules.items() if n.split(".")[-1] == {module!r}).EXAMPLES
    examples |= eval({example!r})
"""
"""What puts a page's class in its list before the contracts are collected, and its example among theirs."""


def parts(page):
    return [part.split("```")[0] for part in (ROOT / "docs" / page).read_text().split("```python\n")[1:]]


def python(folder, *arguments):
    paths = os.pathsep.join([str(ROOT / "src"), str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
    )


def said_by(page, folder, more=""):
    """What all the Python of a page prints, and ``more`` after it."""
    (folder / "page.py").write_text("\n".join([*parts(page), more]))
    done = python(folder, "page.py")
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(text):
    return [float(number) for number in re.findall(r"[-+]?\d+\.\d+", text)]


def test_the_mean_variance_of_an_exponential_grows_and_its_median_falls(tmp_path):
    """10 generations of N = 40, 4,000 replicates: a law off by 10 % would be seen; (1 - 1/N)^t is far off."""
    more = """
from modelcollapse.summary import summary
print(f"{(float(variance.mean()) - (1 - 1 / 40) ** 10) / error:.1f}")
mc.save(dataset, "exponential.zarr")
assert mc.replay(mc.load("exponential.zarr")).equals(dataset)
assert "KL (nats)" in summary(dataset)
assert "squared Wasserstein-2" in str(mc.collapse_profile(dataset))
for kind in ("variance", "density", "distance"):
    mc.plot(dataset, kind=kind, path=f"{kind}.png")
"""
    mean, error, law, median, wrong = numbers(said_by("own_family.md", tmp_path, more))
    assert abs(mean - law) < AGREES * error
    assert median < 0.9
    assert wrong > 10.0
    assert (tmp_path / "exponential.png").exists()
    stranger = "import modelcollapse as mc; mc.load('exponential.zarr')"
    said = python(tmp_path, "-c", stranger).stderr.split("StorageError: ")[1]
    assert "'exponential': must be one of 'gaussian'" in said
    assert "damaged" not in said


def test_the_last_two_training_sets_lie_between_one_and_all(tmp_path):
    """On both engines, 500 replicates: means of the variance that lie far apart."""
    said = said_by("own_workflow.md", tmp_path)
    found = {tuple(line.split()[:2]): numbers(line)[0] for line in said.splitlines()}
    for engine in ("exact", "grouped"):
        one, two, every = (found[kind, engine] for kind in ("mix", "last-two", "accumulate"))
        assert one + 0.1 < two < every - 0.1
    assert abs(found["last-two", "exact"] - found["last-two", "grouped"]) < 0.12


def test_the_quartiles_of_the_blog_posts_truth(tmp_path):
    from scipy.optimize import brentq
    from scipy.special import ndtr

    upper = brentq(lambda x: (ndtr(x - 2) + ndtr(x + 2)) / 2 - 0.75, 0, 5)
    first, last = numbers(said_by("own_metric.md", tmp_path))
    assert first == pytest.approx(2 * upper, abs=0.01)
    assert last == pytest.approx(first, rel=0.2)


def test_the_law_of_the_page_holds_and_the_root_of_another_does_not(tmp_path):
    """10 generations of N = 40, 2,000 replicates: a law off by 3 % would be seen; the wrong one is by 6 %."""
    more = """
t = 10
width = mc.measure(mc.run(experiment), "interquartile_range").sel(generation=t)
error = float(width.std(ddof=1)) / 2000**0.5
for one in (quartile_laws(experiment)[0].at(np.array([t]))[0], 2 * ndtri(0.75) * (1 - 1 / 40) ** (t / 2)):
    print(f"z = {(float(width.mean()) - one) / error:.2f}")
assert not quartile_laws(experiment.changed(workflow={"kind": "mix", "real": 0.1}))
assert not quartile_laws(mc.Experiment())
"""
    said = said_by("own_law.md", tmp_path, more).splitlines()
    (verdict,) = [line for line in said if "interquartile" in line]
    assert verdict.endswith("agrees")
    right, wrong = (float(line.removeprefix("z = ")) for line in said if line.startswith("z = "))
    assert abs(right) < AGREES
    assert wrong < -2 * AGREES
    page = (ROOT / "docs" / "own_law.md").read_text()
    assert f"z = {wrong:.0f}" in page


def own_contracts(folder, page, module, example, words):
    """Run the contracts over a page's class: the end of what pytest says, and how many tests have passed."""
    listing = parts(page)[1].split("import modelcollapse as mc")[0]
    (folder / "own_plugin.py").write_text(
        PLUGIN.format(code=parts(page)[0] + listing, module=module, example=example)
    )
    path = ROOT / "tests" / "unit" / f"{module}.py"
    done = python(
        folder,
        "-m",
        "pytest",
        "-p",
        "own_plugin",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
        "-k",
        words,
        str(path),
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return int(re.findall(r"(\d+) passed", done.stdout)[0])


def test_the_contracts_run_over_the_family(tmp_path):
    (example,) = re.findall(r'^    ("exponential": .*),$', (ROOT / "docs/own_family.md").read_text(), re.M)
    assert own_contracts(
        tmp_path, "own_family.md", "test_families", f"{{{example}}}", "exponential or every_family_has"
    ) > 25  # fmt: skip


def test_the_contracts_run_over_the_workflow(tmp_path):
    """The parameters of those contracts are made as the module is read: so they are run one by one."""
    (example,) = re.findall(r'^    "last-two": (.*),$', (ROOT / "docs/own_workflow.md").read_text(), re.M)
    more = f"""
import importlib, sys
sys.path.insert(0, {str(ROOT / "tests" / "unit")!r})
import test_workflows as contracts
count = 0
for name, test in vars(contracts).items():
    marks = getattr(test, "pytestmark", [])
    if name.startswith("test_") and any(mark.args[0] == "workflow" for mark in marks):
        for flow in {example}:
            test(flow)
            count += 1
print("contracts passed:", count)
"""
    assert "contracts passed: 15" in said_by("own_workflow.md", tmp_path, more)
