"""Studies: cells, what is refused, TOML and JSON, and which study goes on with which."""

import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modelcollapse import lab
from modelcollapse.errors import DataError, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.studies import survey
from modelcollapse.studies.study import Study

SWEEP = "\n[sweep]\n"
SMALL = "n_samples = 50\ngenerations = 20\nreplicates = 3\n"
GRID = SMALL + SWEEP + '"workflow.real" = [0.0, 0.01, 0.1]\n"learner.solver" = ["em", "scikit-learn"]\n'
DATA = SMALL + '[truth]\nfamily = "data"\npath = "{}"\n[learner]\nfamily = "gaussian"\n'


def study_of(text, changes=()):
    study = Study.from_toml(text + "\n", changes)
    study.check()
    return study


def error_of(text, kind=RecipeError, changes=()):
    with pytest.raises(kind) as caught:
        study_of(text, changes)
    assert type(caught.value) is kind
    assert len(str(caught.value).splitlines()) == len(caught.value.problems)
    return caught.value


def fields_of(problems):
    return [problem.field for problem in problems]


def test_cells_are_recipes_with_values_replaced():
    study = study_of(GRID)
    assert (study.shape, study.size) == ((3, 2), 6)
    assert (study.replicates, study.generations, study.save) == (3, 20, "all")
    cells = dict(study.cells())
    assert list(cells) == [(i, j) for i in range(3) for j in range(2)]
    for (i, j), cell in cells.items():
        changes = [f"workflow.real={(0.0, 0.01, 0.1)[i]}", f"learner.solver={('em', 'scikit-learn')[j]}"]
        assert cell == Experiment.from_toml(SMALL, changes)
        assert cell == study.cell((i, j))
    assert study.said((1, 0)) == "real = 0.01, solver = em"


@pytest.mark.parametrize(
    ("axis", "changes"),
    [
        ('"workflow.real" = [0.5]', ["workflow.real=0.5"]),
        ('"learner.family" = ["gaussian"]', ["learner.family=gaussian"]),
        ('"learner.family" = ["mixture"]\n"learner.start" = ["kmeans"]', ["learner.start=kmeans"]),
        # another family than the default's has no default table, and is set first
        (
            'x = {zip = [{"learner.bandwidth" = 0.5, "learner.family" = "kde"}]}',
            ["learner={family='kde', bandwidth=0.5}"],
        ),
        ('learner = [{start = "kmeans"}]', ["learner.start=kmeans"]),
        ('learner = [{family = "gaussian"}]', ["learner.family=gaussian"]),
        ("mix = {simplex = 1}", ["workflow.synthetic=1", "workflow.kept=0", "workflow.real=0"]),
        ("seed = [5]", ["seed=5"]),
    ],
)  # fmt: skip
def test_a_table_that_is_left_out_is_the_default_one(axis, changes):
    assert study_of(SMALL + SWEEP + axis).cell(tuple(0 for _ in axis.splitlines())) == Experiment.from_toml(
        SMALL, changes
    )


def test_deep_paths_and_tables_set_whole():
    zipf = 'zipf = {categories = 9, exponent = 1.0, shift = 0}\n[learner]\nfamily = "categorical"\n'
    text = SMALL + '[truth]\nfamily = "categorical"\n' + zipf + SWEEP
    study = study_of(text + '"truth.zipf.exponent" = [1.0, 2.0]')
    assert study.cell((1,)).truth.zipf.exponent == 2.0
    assert study.recipe["truth"]["zipf"]["exponent"] == 1.0  # the base stays as it is
    whole = 'truth = [{family = "gaussian", mean = 0, std = 1}, {family = "gaussian", mean = 0, std = 2}]'
    study = study_of(SMALL + '[learner]\nfamily = "gaussian"\n' + SWEEP + whole)
    assert [cell.truth.std for _, cell in study.cells()] == [1.0, 2.0]


def test_auto_is_settled():
    study = study_of('engine = "auto"\n' + GRID)
    assert study.recipe["engine"] == "auto"
    assert "auto" not in {cell.engine for _, cell in study.cells()}


def test_changes_replace_axes_and_values():
    study = study_of(GRID, ["sweep.workflow.real=[0.2, 0.3]", "sweep.n_samples=[10, 20]", "seed=3"])
    assert [axis.name for axis in study.axes] == ["real", "solver", "n_samples"]
    assert study.axes[0].coordinates == {"real": (0.2, 0.3)}
    assert study.recipe["seed"] == 3
    nested = SMALL + SWEEP + "workflow.real = [0.1]\nworkflow.kept = [0.1]"
    for change in ("sweep.workflow.real=[0.5]", 'sweep."workflow.real"=[0.5]', "sweep.workflow.real = [0.5]"):
        assert study_of(nested, [change]).axes[0].coordinates == {"real": (0.5,)}
    assert study_of(SMALL, ["sweep.n_samples=[10, 20]"]).shape == (2,)
    assert study_of(GRID, ["sweep={n_samples = [10]}"]).shape == (1,)
    assert "sweep is not a table" in str(error_of("sweep = 3", changes=["sweep.x=[1]"]))
    assert "must be key=value" in str(error_of(GRID, changes=["sweep.=[1]"]))


def test_from_a_file(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(GRID)
    assert Study.from_toml(path) == Study.from_toml(str(path)) == study_of(GRID)
    path.write_text(SMALL + "seed = -1\n" + SWEEP + '"workflow.raal" = [1]\nn_samples = []\n')
    with pytest.raises(RecipeError) as caught:
        Study.from_toml(path)
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())
    path.write_text(SMALL + SWEEP + '"workflow.raal" = [1]\n')
    with pytest.raises(RecipeError, match="did you mean real") as caught:
        Study.from_toml(path).check()
    assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(RecipeError) as caught:
        Study.from_toml(path).cell((0,))
    assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(DataError, match="no such file"):
        Study.from_toml(tmp_path / "none.toml")


def test_a_recipe_is_no_study_and_a_study_is_no_recipe():
    assert "is no study: it has no [sweep] table; `modelcollapse run` is for one" in str(error_of("seed = 1"))
    with pytest.raises(RecipeError, match="is a study: `modelcollapse sweep` runs it"):
        Experiment.from_toml(GRID)
    with pytest.raises(RecipeError, match="is a study: `modelcollapse sweep` runs it"):
        Experiment.from_toml("seed = -1\nsweep = 3\n")


def test_problems_of_axes_settings_and_the_rest_are_told_at_once():
    text = 'reg_covr = 1\nseed = -1\nsave = "some"\n[learner]\nfamily = "mixtur"' + SWEEP + "n_samples = []"
    assert sorted(fields_of(error_of(text).problems)) == [
        "learner.family",
        "reg_covr",
        "save",
        "seed",
        "sweep.n_samples",
    ]
    # what an axis may put right is not told as wrong
    text = '[learner]\nfamily = "kde"' + SWEEP + '"learner.bandwidth" = [1]\nn_samples = []'
    assert fields_of(error_of(text).problems) == ["sweep.n_samples"]


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("n_sample = [1, 2]", "did you mean n_samples"),
        ('"workflow.raal" = [0.1]', "workflow.raal = 0.1: is not a key of a recipe; did you mean real"),
        ("n_samples = [10, -1]", "in cell n_samples = -1: n_samples = -1: must be an integer >= 1"),
        ("n_samples = [10, true]", "in cell n_samples = true: n_samples = True"),
        (
            '"workflow.real" = [0.5, 1.5]',
            "in cell real = 1.5: workflow.real = 1.5: must be a number from 0 to 1",
        ),
        (
            '"workflow.real" = [0.9]\n"workflow.kept" = [0.1, 0.3]',
            "in cell real = 0.9, kept = 0.3: workflow.",
        ),
        ('"seed.x" = [1]', "seed.x = 1: seed is not a table"),
        ("learner = [3]", "learner = 3: must be a table"),
        ('engine = ["exact", "fast"]', "in cell engine = fast: engine = 'fast'"),
        (f"n_samples = [10, 0x{'f' * 5000}]", "an integer of thousands of digits"),
        (f'"truth.mean" = [{"[" * 50}{"]" * 50}]', "is not a key"),
    ],
)
def test_problems_of_cells(axis, words):
    assert words in str(error_of(SMALL + SWEEP + axis))


DEEP = ".".join("a" * 3000)


@pytest.mark.parametrize(
    "text",
    [
        f"[sweep]\n{DEEP} = [1]",
        f"[sweep]\nx = [{{{DEEP} = 1}}]",
        f"[sweep]\nx = {{zip = [{{{DEEP} = 1}}]}}",
        f"{DEEP} = 1\n[sweep]\nn_samples = [1, 2]",
        "[sweep]\nx = [" + "[" * 120 + "]" * 120 + "]",
    ],
    ids=["path", "value", "zip", "beside", "list"],
)
def test_tables_deep_within_each_other_are_refused(text):
    with pytest.raises(RecipeError, match="more than 100 deep"):
        Study.from_toml(text)
    with pytest.raises(RecipeError, match="more than 100 deep"):
        Study.from_toml("[sweep]\nn_samples = [1, 2]", [f"sweep.x=[{{{DEEP} = 1}}]"])


def test_a_problem_of_all_cells_is_told_once_and_names_none():
    error = error_of("reg_covr = 1\n" + GRID)
    assert [str(problem)[:12] for problem in error.problems] == ["reg_covr = 1"]
    error = error_of(SMALL + SWEEP + f"n_samples = {list(range(-10, 1))}")
    assert len(error.problems) == 1  # one example


def test_many_problems_are_counted(monkeypatch):
    shares = "{range = [0, 1], count = 11}"
    text = SMALL + SWEEP + f'"workflow.real" = {shares}\n"workflow.kept" = {shares}'
    error = error_of(text)
    assert len(error.problems) == 10  # sums of 1.1, 1.2, ... 2.0, each once
    monkeypatch.setattr(survey, "MOST_TOLD", 3)
    error = error_of(text)
    assert len(error.problems) == 3 + 1
    assert str(error.problems[-1]) == "and 7 more"
    monkeypatch.setattr(survey, "MOST_WRONG", 5)
    assert str(error_of(text).problems[-1]) == "and perhaps more: 43 of 121 cells were looked at"


def test_limits_of_a_study(monkeypatch):
    text = "n_samples = 1000000\nreplicates = 100\n" + SWEEP + "seed = {range = [1, 1000], count = 1000}"
    error = error_of(text)
    for word in ("1,000 cells", "--allow-large", "7 days", "64 GiB of disk", "generations = 2000"):
        assert word in str(error)
    study = Study.from_toml(text + "\n")
    study.check(allow_large=True)
    assert study.estimate().seconds > 7 * 24 * 3600
    small = Study.from_toml(GRID)
    small.check()
    for limit in ("MAX_SECONDS", "MAX_MEMORY", "MAX_DISK"):
        with monkeypatch.context() as patch:
            patch.setattr(survey, limit, 0)
            with pytest.raises(RecipeError, match="allow_large=True"):
                small.check()
            small.check(allow_large=True)


def test_the_estimate_is_of_all_cells():
    study = study_of(SMALL + SWEEP + "n_samples = [100, 100000]")
    each = [lab.estimate(cell) for _, cell in study.cells()]
    total = study.estimate()
    assert total.seconds == pytest.approx(sum(one.seconds for one in each))
    assert total.memory == max(one.memory for one in each)
    assert total.disk == sum(one.disk for one in each)


def test_ten_thousand_cells_are_looked_at_in_seconds():
    study = Study.from_toml(
        SMALL + SWEEP + "mix = {simplex = 0.05}\nn_samples = {range = [100, 4300], count = 43}\n"
    )
    start = time.perf_counter()
    study.check()
    study.estimate()
    assert time.perf_counter() - start < 6.0
    assert study.size == 9_933


# JSON


@pytest.mark.parametrize(
    "text",
    [
        GRID,
        SMALL + SWEEP + "mix = {simplex = 0.25}",
        SMALL + SWEEP + 'solver = {zip = [{"learner.solver" = "em"}, {"learner.solver" = "scikit-learn"}]}',
        SMALL + SWEEP + 'learner = [{start = "kmeans"}, {family = "gaussian"}]\n"workflow.real" = [0, 1]',
        "save = {every = 3}\n" + GRID,
        f"seed = {2**128}\n" + GRID,
        SMALL + SWEEP + f"seed = [1, {2**100}]",
        SMALL + SWEEP + '"workflow.real" = [0]\nengine = ["exact", "auto"]',
    ],
)
def test_json_and_back(text):
    study = study_of(text)
    back = Study.from_json(study.to_json())
    assert back == study
    assert hash(back) == hash(study)
    assert back.axes == study.axes
    assert back.to_json() == study.to_json()
    assert dict(back.cells()) == dict(study.cells())
    assert back != Study.from_toml(GRID, ["seed=77"])
    assert study != 3


def test_json_fills_in_what_cells_have_in_common_and_nothing_else():
    study = study_of(SWEEP + f"seed = [1, {2**100}]")
    assert study.recipe == {
        "generations": 2000,
        "replicates": 8,
        "seed": 0,
        "engine": "exact",
        "streams": "independent",
        "save": "all",
    }
    assert f'"{2**100}"' in study.to_json()
    assert f'"{2**128}"' in study_of(f"seed = {2**128}\n" + GRID).to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "[]",
        "{}",
        "{",
        '{"sweep": 3}',
        '{"sweep": []}',
        '{"sweep": [3]}',
        '{"sweep": [{}]}',
        '{"sweep": [{"name": "x", "values": [{"seed": 1}], "coordinates": {"x": []}}]}',
        '{"sweep": [{"name": "x", "values": [], "coordinates": {}}]}',
        "[" * 100_000,
        Experiment().to_json(),
    ],
)
def test_json_of_no_study(text):
    with pytest.raises(RecipeError):
        Study.from_json(text)


# data in files


def write(path, values):
    path.write_text("x\n" + "\n".join(map(repr, values)) + "\n")


def test_a_file_is_read_once(tmp_path, monkeypatch):
    write(tmp_path / "data.csv", [1.0, 2.0, 4.0])
    path = tmp_path / "study.toml"
    path.write_text(
        DATA.format("data.csv") + SWEEP + "n_samples = [10, 20, 30]\n'workflow.real' = [0, 0.5]\n"
    )
    study = Study.from_toml(path)
    study.check()
    (tmp_path / "data.csv").unlink()
    cells = [cell for _, cell in study.cells()]
    assert all(cell.held.tolist() == [1.0, 2.0, 4.0] for cell in cells)
    assert study.held.tolist() == [1.0, 2.0, 4.0]
    back = Study.from_json(study.to_json(), study.held)
    assert back == study
    back.check()
    assert [cell for _, cell in back.cells()] == cells
    assert Study.from_json(study.to_json(), np.array([1.0, 2.0, 5.0])) != study
    assert study_of(GRID).held is None


def test_one_study_holds_one_data_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, last in (("a", 4.0), ("b", 5.0), ("c", 4.0)):
        write(tmp_path / f"{name}.csv", [1.0, 2.0, last])
    error = error_of(DATA.format("a.csv") + SWEEP + '"truth.path" = ["a.csv", "b.csv"]')
    assert "a study holds one data set; make one study of each" in str(error)
    study_of(DATA.format("a.csv") + SWEEP + '"truth.path" = ["a.csv", "c.csv"]')
    mixed = 'truth = [{family = "gaussian", mean = 0, std = 1}, {family = "data", path = "b.csv"}]'
    study = study_of(SMALL + '[learner]\nfamily = "gaussian"' + SWEEP + mixed)
    assert study.held.tolist() == [1.0, 2.0, 5.0]
    assert [cell.held is None for _, cell in study.cells()] == [True, False]
    assert dict(Study.from_json(study.to_json(), study.held).cells()) == dict(study.cells())


def test_only_data_wrong_is_a_data_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = error_of(DATA.format("none.csv") + SWEEP + "n_samples = [10, 20]", DataError)
    assert fields_of(error.problems) == ["truth.path"]
    error_of(DATA.format("none.csv") + SWEEP + "n_samples = [10, -1]", RecipeError)


def test_categories_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "p.csv", [1, 2, 7])
    text = (
        SMALL + '[truth]\nfamily = "categorical"\npath = "p.csv"\n[learner]\nfamily = "categorical"\n' + SWEEP
    )
    study = study_of(text + "n_samples = [10, 20]")
    assert study.held == pytest.approx([0.1, 0.2, 0.7], rel=1e-15)
    assert dict(Study.from_json(study.to_json(), study.held).cells()) == dict(study.cells())


# one study and another

AXIS = '"workflow.real" = {}\nn_samples = {}\n'


def grid(real, sizes, before=""):
    return study_of("generations = 20\nreplicates = 3\n" + before + SWEEP + AXIS.format(real, sizes))


def test_more_values_and_replicates_extend_a_study():
    old = grid([0.0, 0.1], [100, 200])
    new = grid([0.0, 0.05, 0.1], [50, 200.0, 100])
    assert not new.same_but(old)
    assert not new.same_but(new)
    assert old.same_but(new)
    assert new.same_but(old) == []
    ordered = new.ordered_after(old)
    assert [axis.coordinates for axis in ordered.axes] == [
        {"real": (0.0, 0.1, 0.05)},
        {"n_samples": (100, 200.0, 50)},
    ]
    assert [ordered.cell(index) for index, _ in old.cells()] == [cell for _, cell in old.cells()]
    assert {cell for _, cell in ordered.cells()} == {cell for _, cell in new.cells()}
    assert old.ordered_after(old) == old
    more = replace(old, recipe=old.recipe | {"replicates": 5})
    assert not more.same_but(old)
    assert old.same_but(more)
    (problem,) = old.same_but(more)
    assert (problem.field, problem.value, problem.allowed) == ("replicates", 3, "the study there has 5")


def test_defaults_written_out_are_no_difference():
    plain = grid([0.0, 0.1], [100])
    written = grid([0, 0.1], [1e2], 'seed = 0\n[workflow]\nkind = "mix"\nassignment = "stratified"\n')
    assert not written.same_but(plain)
    assert not plain.same_but(written)


@pytest.mark.parametrize(
    ("before", "field"),
    [
        ("seed = 1\n", "seed"),
        ('engine = "grouped"\n', "engine"),
        ('streams = "common"\n', "streams"),
        ('save = "log"\n', "save"),
        ("[learner]\nfamily = 'mixture'\ntolerance = 1e-4\n", "learner.tolerance"),
        ("[learner]\nfamily = 'gaussian'\n", "learner.family"),
        ("[workflow]\nkind = 'mix'\nassignment = 'per-sample'\n", "workflow.assignment"),
        (
            "[truth]\nfamily = 'mixture'\nweights = [0.5, 0.5]\nmeans = [-3, 3]\nstds = [1, 1]\n",
            "truth.means",
        ),
    ],
)
def test_what_makes_another_study(before, field):
    one, other = grid([0.0, 0.1], [100]), grid([0.0, 0.1], [100], before)
    assert one.same_but(other)
    assert other.same_but(one)
    problems = one.same_but(other)
    assert field in fields_of(problems)
    assert all("the study there" in problem.allowed for problem in problems)


def test_other_axes_make_another_study():
    one = grid([0.0, 0.1], [100])
    for other in (
        grid([0.0, 0.2], [100]),
        study_of(
            "generations = 20\nreplicates = 3\nn_samples = 100\n" + SWEEP + '"workflow.real" = [0.0, 0.1]'
        ),
        study_of(
            "generations = 20\nreplicates = 3\n" + SWEEP + 'n_samples = [100]\n"workflow.real" = [0.0, 0.1]'
        ),
        study_of(
            "generations = 20\nreplicates = 3\n" + SWEEP + '"workflow.kept" = [0.0, 0.1]\nn_samples = [100]'
        ),
    ):
        assert one.same_but(other)
        problems = one.same_but(other)
        assert problems
        assert any(problem.field.startswith("sweep") for problem in problems)
    (problem,) = one.same_but(grid([0.0, 0.2], [100]))
    assert (problem.field, problem.value) == ("sweep.real", ["real = 0.0", "real = 0.1"])
    assert "real = 0.2" in problem.allowed


def test_a_difference_that_shows_beside_the_first_cell_alone():
    """start is left out of a gaussian's table, so that the first cell does not know it."""
    axis = 'learner = [{family = "gaussian"}, {start = "kmeans"}]'
    base = 'generations = 20\n[learner]\nfamily = "mixture"\n'
    one, other = (study_of(base + f"tolerance = {t}\n" + SWEEP + axis) for t in (1e-5, 1e-6))
    assert one.cell((0,)) == other.cell((0,))
    assert fields_of(one.same_but(other)) == ["learner.tolerance"]
    assert one.same_but(other)


def test_the_numbers_of_a_file_count_and_not_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, last in (("a", 4.0), ("b", 5.0), ("c", 4.0)):
        write(tmp_path / f"{name}.csv", [1.0, 2.0, last])
    a, b, c = (study_of(DATA.format(f"{name}.csv") + SWEEP + "n_samples = [10, 20]") for name in "abc")
    assert not a.same_but(c)
    assert a.same_but(b)
    assert fields_of(a.same_but(b)) == ["truth.sha256"]


def test_the_page_shows_a_study_and_its_forms():
    page = (Path(__file__).parents[2] / "docs" / "recipe.md").read_text()
    section = page.split("## Studies\n")[1].split("\n## ")[0]
    assert study_of(section.split("```toml\n")[1].split("```")[0]).shape == (3, 2)
    forms = re.findall(r"^\| `(\S+ = .*?)` \|", section, flags=re.MULTILINE)
    assert len(forms) == 5
    for form in forms:
        study_of(SMALL + SWEEP + form)
