"""The documents: nothing left open, and every file they point to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_finished_and_its_links_lead_somewhere(page):
    text = page.read_text()
    assert "@@" not in text
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link


def test_the_recipe_page_shows_the_default():
    from modelcollapse import Experiment

    text = (ROOT / "docs" / "recipe.md").read_text()
    assert Experiment.from_toml(text.split("```toml\n")[1].split("```")[0]) == Experiment()


def test_the_pages_name_every_family_workflow_truth_and_metric():
    """In the recipe's page; all but metrics in the README and the default recipe's comments, too."""
    from modelcollapse import families, truths, workflows
    from modelcollapse.metrics import METRICS
    from modelcollapse.recipe import DEFAULT_TEXT

    names = {one.model_fields["family"].default for one in (*families.LEARNERS, *truths.TRUTHS)}
    names |= {one.name for one in workflows.WORKFLOWS}
    page, readme = ((ROOT / name).read_text() for name in ("docs/recipe.md", "README.md"))
    words = re.findall(r"[\w-]+", DEFAULT_TEXT)
    for name in names:
        assert f"`{name}" in page, name
        assert f"`{name}`" in readme, name
        assert name in words, name
    for name in METRICS:
        assert f"| `{name}` |" in page, name


def test_the_python_of_the_page_on_estimators_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    parts = (ROOT / "docs" / "own_estimator.md").read_text().split("```python\n")[1:]
    names: dict = {}
    for part in parts:
        exec(compile(part.split("```")[0], "own_estimator.md", "exec"), names)
    assert (tmp_path / "laplace.png").exists()
    said = capsys.readouterr().out
    for name in ("GaussianMixture", "BayesianGaussianMixture", "KernelDensity"):
        assert f"{name}:" in said


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = (ROOT / "README.md").read_text().split("```python\n")[1].split("```")[0]
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "variance.pdf").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_a_recipe(path):
    import modelcollapse as mc

    if "[sweep]" in path.read_text():
        study = mc.Study.from_toml(path)
        study.check()
        last = study.cell(tuple(n - 1 for n in study.shape))
        assert mc.run(last.changed(generations=3, replicates=2)).sizes["generation"] == 4
        return
    experiment = mc.Experiment.from_toml(path).changed(generations=3, replicates=2)
    assert mc.run(experiment)["generation"].values.tolist() == [0, 1, 2, 3]
