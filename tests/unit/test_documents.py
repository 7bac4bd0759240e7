"""The documents: nothing left open, every file they point to is there, and all code in them runs.

Commands are run with few replicates and generations, in the order of the page, in a folder that has the
examples in it. What cannot be run here (it installs, needs a cluster, or takes too long) says so in the page:
"not run", with the reason.
"""

import re
import sys
from contextlib import chdir

import pytest
from pages import COMMAND, ROOT, blocks, commands, is_toml

import modelcollapse as mc
from modelcollapse import cli
from modelcollapse.studies.study import Study

INCLUDED = [ROOT / "verification" / "README.md", ROOT / "benchmarks" / "README.md"]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
PAGES += INCLUDED
OWN = ("own_estimator.md", "own_family.md", "own_law.md", "own_metric.md", "own_workflow.md")
"""Pages whose Python `test_own.py` and a test below run, each in its own way."""
SMALL = {
    "run": ["--set", "generations=5", "--set", "replicates=2", "--threads", "1"],
    "sweep": ["--set", "generations=4", "--set", "replicates=2", "--workers", "1"],
    "plan": ["--set", "generations=20", "--replicates", "100", "--question", "mean"],
}
"""What is added to a command so that it is quick."""
CONTINUOUS = (
    "python3 -m venv .venv", ".venv/bin/pip install .", ".venv/bin/pip install -e .[dev]",
    ".venv/bin/python -m pytest", "make check",
)  # fmt: skip
"""What `.ci/run` does with every change."""
LARGE = {
    "examples/ternary.toml": ["--set", "sweep.mix={simplex=0.25}"],
    "examples/size.toml": ["--set", "sweep.n_samples=[100, 1000]"],
}
RECIPE = "n_samples = 20\ngenerations = 5\nreplicates = 2\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.name}")
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.name}")
def test_the_toml_of_a_page_is_a_recipe(page):
    with chdir(ROOT):
        for block in filter(is_toml, blocks(page)):
            if "[sweep]" in block.text:
                Study.from_toml(block.text).check(allow_large=True)
            else:
                mc.Experiment.from_toml(block.text)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(b.language == "python" for b in blocks(page))],
    ids=lambda p: p.name,
)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    """All of a page, from top to bottom, as one who reads it would."""
    if page.name in OWN or page in INCLUDED:
        pytest.skip("run by another test, or a part of a program")
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            exec(compile(block.text, page.name, "exec"), names)


def prepared(folder, text):
    """A folder with the examples, and with what a page takes for granted."""
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "mine.toml").write_text(RECIPE)
    for name, size in (("mine.zarr", 20), ("blog.zarr", 20), ("ten_times_as_large.zarr", 200)):
        if name in text:
            experiment = mc.Experiment.from_toml(RECIPE, [f"n_samples={size}"])
            mc.save(mc.run(experiment, threads=1), folder / name)
    if "study.zarr" in text:
        (folder / "study.toml").write_text(f'{RECIPE}[sweep]\n"workflow.real" = [0.0, 0.5]\n')
        mc.sweep(folder / "study.toml", folder / "study.zarr", workers=1)


def is_left_out(command):
    """Whether a command is not run here: the page says why, or continuous integration runs it."""
    said = command.line if command.program == "modelcollapse" else command.before + command.line
    return "not run" in said or any(" ".join(command.words).startswith(one) for one in CONTINUOUS)


def run(words, capsys, monkeypatch):
    """Run a command in this process; give what it prints."""
    monkeypatch.setattr(sys, "argv", ["modelcollapse", *words])
    try:
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    out, err = capsys.readouterr()
    assert code == 0, f"{' '.join(words)}: {err}"
    return out


@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands(page)], ids=lambda p: f"{p.parent.name}-{p.name}"
)
def test_the_commands_of_a_page_run(page, tmp_path, monkeypatch, capsys):
    to_run = [command for command in commands(page) if not is_left_out(command)]
    others = [command.line for command in to_run if command.program != "modelcollapse"]
    assert not others, "a page says why a command is not run"
    if not to_run:
        return
    monkeypatch.chdir(tmp_path)
    prepared(tmp_path, page.read_text(encoding="utf-8"))
    for command in to_run:
        words = command.words[1:]
        out = words[words.index("--out") + 1] if "--out" in words else ""
        over = ["--overwrite"] if words[0] == "run" and out in ("mine.zarr", "blog.zarr") else []  # prepared
        large = [extra for name in words for extra in LARGE.get(name, [])]
        said = run([*words, *SMALL.get(words[0], []), *large, *over], capsys, monkeypatch)
        if command.into:
            (tmp_path / command.into).write_text(said)


def test_commands_within_a_line_are_commands():
    """Names of commands and options in running text: as they are spelt, they exist."""
    import typer

    group = typer.main.get_command(cli.app)
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for line in re.findall(r"`(?:\.venv/bin/)?modelcollapse ([a-z][^`]*)`", text):
            name, *words = line.split()
            assert name in group.commands, f"{page.name}: {line}"
            known = {option for parameter in group.commands[name].params for option in parameter.opts}
            assert {word for word in words if word.startswith("-")} <= known, f"{page.name}: {line}"


def test_what_a_block_is():
    """The reader of pages itself."""
    page = ROOT / "README.md"
    assert [block.language for block in blocks(page)].count("python") == 1
    assert [c.words[0] for c in commands(page)][:3] == ["python3", ".venv/bin/pip", ".venv/bin/modelcollapse"]
    assert any(command.into == "mine.toml" for command in commands(page))
    assert COMMAND.match("modelcollapse run")
    assert not COMMAND.match("modelcollapses run")
