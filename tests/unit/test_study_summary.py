"""The summary of a study: a row a cell, laws judged over all cells; and its table."""

import csv

import numpy as np
import pytest
from stacking import stacked, study_of

import modelcollapse as mc
from modelcollapse.study_summary import study_summary, write_study_csv
from modelcollapse.summary import columns

GAUSSIAN = """
[truth]
family = "gaussian"
mean = 0.0
std = 1.0

[learner]
family = "gaussian"
"""


@pytest.fixture(scope="module")
def judged():
    text = "generations = 20\nreplicates = 120\n" + GAUSSIAN
    return stacked(study_of(text + '[sweep]\nn_samples = [20, 80]\n"workflow.real" = [0.0, 0.5]'))


@pytest.fixture(scope="module")
def mixtures():
    """Of the second cell a replicate is not done, and the third not at all."""
    done = [[[1, 1, 1]], [[1, 0, 1]], [[0, 0, 0]]]
    text = "n_samples = 9\ngenerations = 60\nreplicates = 3\nsave = {every = 20}\n[sweep]\n"
    return stacked(
        study_of(text + '"learner.components" = [2, 3, 1]\nkind = {zip = [{"workflow.real" = 0.0}]}'), done
    )


def rows(text):
    """The rows of the table, in cells."""
    block = next(block for block in text.split("\n\n") if block.startswith("Medians"))
    return [line.split() for line in block.splitlines()[2:]]


def test_what_was_run_comes_first(judged, mixtures):
    head = study_summary(judged).split("\n\n")[0].splitlines()
    assert head == [
        "Study of 2 x 2 cells: gaussian truth, gaussian learner, workflow mix, engine exact",
        "20 generations, 120 replicates a cell; 4 of 4 cells are done",
        "  n_samples: 20, 80",
        "  real: 0, 0.5",
    ]
    assert "1 of 3 cells are done, and 1 in part" in study_summary(mixtures)


def test_a_row_a_cell(judged):
    text = study_summary(judged)
    variance = mc.measure(judged, "total_variance").values
    for row, index in zip(rows(text), np.ndindex(2, 2), strict=True):
        last = variance[index][:, -1]
        assert row[:3] == [["20", "80"][index[0]], ["0", "0.5"][index[1]], "120/120"]
        assert row[3] == f"{np.median(last):.4g}"
        time = np.median(mc.half_time(judged, "total_variance").values[index])
        assert row[5:7] == [">", "20"] if np.isinf(time) else row[5] == f"{time:g}"


def test_statuses_and_cells_that_are_not_done(mixtures):
    first, second, third = rows(study_summary(mixtures))
    status = mixtures["status"].values[0, 0]
    dead = int(((status & int(mc.Status.COMPONENT_DEAD)) != 0).any(axis=1).sum())
    assert dead == 3
    assert first[first.index("component_dead") + 1].rstrip(",") == "3"
    assert second[2] == "2/3"
    assert second[second.index("component_dead") + 1].rstrip(",") == "2"
    assert third[2:] == ["0/3", "-", "-", "-", "-"]


def test_values_do_nothing_to_a_terminal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\x1b[2J\nb.csv").write_text("x\n1\n2\n3\n")
    text = "n_samples = 9\ngenerations = 2\nreplicates = 2\n[truth]\nfamily = 'data'\n[learner]\n"
    text += "family = 'gaussian'\n[sweep]\n'truth.path' = [\"a\\u001b[2J\\nb.csv\"]"
    said = study_summary(stacked(study_of(text)))
    assert [line for line in said.splitlines() if not line.isprintable()] == []
    assert "\\x1b[2J\\nb.csv" in said


def test_forty_rows_at_most():
    text = f"n_samples = 9\ngenerations = 1\nreplicates = 1\n{GAUSSIAN}[sweep]\nseed = {list(range(43))}"
    said = study_summary(stacked(study_of(text)))
    assert "seed: 0, 1, 2, 3, 4, 5, ..., 42 (43 values)" in said
    assert "and 3 more cells: --csv has all" in said
    assert "Verdict: no law is judged with fewer than 100 replicates a cell" in said
    assert len(rows(said)) == 41


def test_laws_are_judged_over_all_cells(judged):
    """An honest study agrees everywhere; one cell whose variance is 20 % too wide is found, and named."""
    last = study_summary(judged).split("\n\n")[-1]
    assert last.startswith("Verdicts of 4 cells")
    assert "  law  mean total variance: agrees in 4; largest |z|" in last
    assert "differs" not in last
    wrong = judged.copy(deep=True)
    wrong["total_variance"].values[1, 1, :, 1:] *= 1.2
    last = study_summary(wrong).split("\n\n")[-1]
    (line,) = [line for line in last.splitlines() if "mean total variance" in line]
    assert "agrees in 3, differs in 1; largest |z|" in line
    assert "at n_samples = 80, real = 0.5, t = " in line


def test_no_law():
    text = "n_samples = 20\ngenerations = 2\nreplicates = 100\n" + GAUSSIAN.replace('"gaussian"\n', "{}\n")
    text = text.format(
        '"gaussian"', '"bayesian-gaussian"\nmean = 0.0\nstrength = 1.0\nshape = 2.0\nscale = 1.0'
    )
    assert study_summary(stacked(study_of(text + "[sweep]\nseed = [1, 2]"))).endswith(
        "no law is known for any of these cells"
    )


def test_every_done_replicate_is_a_row_of_the_table(mixtures, tmp_path):
    path = tmp_path / "x.csv"
    write_study_csv(mixtures, path)
    with open(path, newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert len(found) == (3 + 2) * 4
    assert list(found[0])[:4] == ["components", "real", "replicate", "generation"]
    assert {(row["components"], row["replicate"]) for row in found} == {
        ("2", "0"), ("2", "1"), ("2", "2"), ("3", "0"), ("3", "2")
    }  # fmt: skip
    for c, components in enumerate((2, 3)):
        made = columns(mc.cell(mixtures, (c, 0)))
        part = [row for row in found if row["components"] == str(components)]
        for name, values in made.items():
            column = np.array([float(row[name]) for row in part])
            assert np.array_equal(column, values.ravel(), equal_nan=True)
    assert {row["mean_2"] for row in found if row["components"] == "2"} == {"nan"}


def test_rows_say_which_points_are_set_together(tmp_path):
    text = f"generations = 1\nreplicates = 2\n{GAUSSIAN}[sweep]\nmix = {{simplex = 0.5}}"
    dataset = stacked(study_of(text))
    said = study_summary(dataset)
    assert "mix: (" in said
    names = said.split("mix: (")[1].split(")")[0].split(", ")
    assert set(names) == {"real", "synthetic", "kept"}
    write_study_csv(dataset, tmp_path / "x.csv")
    with open(tmp_path / "x.csv", newline="", encoding="utf-8") as file:
        shares = {tuple(float(row[n]) for n in ("real", "synthetic", "kept")) for row in csv.DictReader(file)}
    assert len(shares) == 6
    assert all(sum(row) == 1.0 for row in shares)
