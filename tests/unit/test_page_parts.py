"""The page's parts by themselves: numbers on the wire, what is kept, what there is time for, words."""

import csv
import io
import json
import re
import time

import numpy as np
import pytest
import xarray as xr
from page_server import ONE, RECIPE

import modelcollapse as mc
from modelcollapse.page import downloads, jobs, limits, slow, wire
from modelcollapse.page.app import STATIC
from modelcollapse.page.pictures import View
from modelcollapse.page.running import Asked, Run, chosen, sent
from modelcollapse.page.uploads import file_name
from modelcollapse.page.words import sentence


def test_arrays_are_short_and_null_where_there_is_no_number():
    value = {"a": [float("nan"), float("inf"), 1.23456789], "b": np.array([[1.0, np.nan], [-np.inf, 1 / 3]]),
             "c": np.arange(3), "d": np.empty((2, 0)), "e": np.float64(1e-300),
             "f": [None, True, '<é"\ud800']}  # fmt: skip
    text = wire.dumps(value).decode("ascii")
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name)) == {
        "a": [None, None, 1.23456789], "b": [[1.0, None], [None, 0.333333]], "c": [0, 1, 2], "d": [[], []],
        "e": 1e-300, "f": [None, True, '<é"\ud800'],
    }  # fmt: skip


@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (2, 3, 4), (1500,), (3, 0, 2)])
def test_arrays_keep_their_shape(shape):
    rng = np.random.default_rng(1)
    array = rng.normal(size=shape) * 10.0 ** rng.integers(-200, 200, size=shape)
    found = np.array(json.loads(wire.dumps(array)))
    assert found.shape == np.array(array.tolist()).shape
    np.testing.assert_allclose(found.ravel(), array.ravel(), rtol=5.1e-6)


def test_numbers_that_are_no_arrays_keep_all_digits():
    assert json.loads(wire.dumps({"means": [-2.123456789012345]}))["means"] == [-2.123456789012345]


def test_only_plain_json_is_read():
    assert wire.loads(b'{"a": [1, 2.5, "x", null]}') == {"a": [1, 2.5, "x", None]}
    assert wire.loads(b'{"seed": %d}' % 2**128)["seed"] == 2**128
    for bad in (b'{"a": 1, "a": 2}', b"NaN", b"-Infinity", b"[" * 25 + b"]" * 25, b"9" * 10**6, b"\xff", b""):
        with pytest.raises(ValueError, match=r"[a-z]"):
            wire.loads(bad)


def test_a_reading_of_much_takes_no_time():
    began = time.perf_counter()
    for body in (b"[" * 200_000, b"9" * 250_000, b'{"a":' * 50_000, b"[" + b"[]," * 80_000 + b"[]]"):
        try:
            wire.loads(body)
        except ValueError:
            continue
    assert time.perf_counter() - began < 2.0


def test_the_last_results_are_kept_by_number_and_by_size():
    kept = jobs.Jobs()
    small = xr.Dataset({"a": ("x", np.zeros(10))})
    for i in range(10):
        kept.keep(str(i), small)
    assert [kept.result(str(i)) is not None for i in range(10)] == [False] * 2 + [True] * 8
    large = xr.Dataset({"a": ("x", np.zeros(jobs.KEPT_BYTES // 8 + 1))})
    kept.keep("large", large)
    assert kept.result("large") is large
    assert kept.result("9") is not None  # that of the other run at work
    assert kept.result("8") is None
    kept.keep("larger", large)
    assert kept.result("large") is large
    assert kept.result("9") is None


def test_generations_that_are_sent():
    for last in (1, 2, 400, 401, 5000):
        for most in (20, 60, 400):
            steps = chosen(last, most)
            assert (steps[0], steps[-1]) == (0, last)
            assert len(steps) <= max(most, 20) + 2
            assert steps == sorted(set(steps))
    large = mc.Experiment(generations=5000, replicates=200, learner={"family": "mixture", "components": 16})
    assert len(sent(large)) * 200 * 48 < 2_500_000


def test_slow_metrics_take_a_part_of_the_time(monkeypatch):
    """A clock of our own: a line each tenth of a second, of 5 generations that take 40 ms each to measure."""
    now = [0.0]
    monkeypatch.setattr(slow.time, "monotonic", lambda: now[0])
    budget = slow.Budget(mc.Experiment(**RECIPE), ["total_variance", "wasserstein2"], False)
    assert budget.places("total_variance", 5, False).tolist() == [0, 1, 2, 3, 4]
    measured = 0.0
    for _ in range(100):
        places = budget.places("wasserstein2", 5, False)
        if len(places):
            with budget.spent("wasserstein2", len(places)):
                now[0] += 0.04 * len(places)
        measured += 0.04 * len(places)
        now[0] += 0.1
    assert 0.2 < measured / now[0] < slow.SHARE + 0.01
    budget._took = 1e9
    assert budget.places("wasserstein2", 5, False).tolist() == []
    assert budget.places("wasserstein2", 5, True).tolist() == [4]


def test_the_time_of_a_run_is_counted_from_its_turn(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(slow.time, "monotonic", lambda: now[0])
    experiment = mc.Experiment(**{**RECIPE, "generations": 1})
    run = Run(Asked(experiment, experiment, ""))

    def turn():
        now[0] += 1000.0

    *_, end = run.lines(lambda: None, turn)
    assert end["seconds"] < 10.0
    assert run.budget._began == 1000.0


def test_distances_to_large_uploads_are_left_out():
    data = np.random.default_rng(0).normal(size=5000)
    recipe = {"truth": {"family": "data", "path": "x.csv"}, "learner": {"family": "gaussian"}}
    for replicates, out in ((10, set()), (50, {"wasserstein2"})):
        experiment = mc.Experiment._from_raw({**recipe, "replicates": replicates}, "", "", data)
        assert slow.Budget(experiment, ["total_variance", "wasserstein2"], False).left_out == out


def test_long_chains_of_categories_have_no_law_on_the_page():
    words = {"truth": {"family": "categorical", "zipf": {"categories": 60, "exponent": 1}},
             "learner": {"family": "categorical"}}  # fmt: skip
    assert slow.quick(mc.Experiment(**words, n_samples=200, generations=300))
    assert not slow.quick(mc.Experiment(**words, n_samples=500, generations=5000))
    assert slow.quick(mc.Experiment(**words, n_samples=5000, generations=5000))


def test_a_collapsed_model_can_be_drawn():
    experiment = mc.Experiment(**RECIPE)
    view = View(experiment)
    weight, mean, std = np.array([[1.0, 0.0]]), np.array([[view.x[3], 0.0]]), np.zeros((1, 2))
    point = experiment.learner.restore({"weight": weight, "mean": mean, "std": std})
    assert np.isfinite(view.model(point)).all()
    assert np.trapezoid(view.truth(), view.x) == pytest.approx(1.0, abs=1e-3)


def test_items_beyond_the_picture_are_left_out_and_weights_count():
    class Data:
        x, size, weight = np.array([[-1e300, 0.0, 0.1, 1e300, np.inf, 7.0]]), np.array([5]), None

    view = View(mc.Experiment(**ONE))
    assert view.training(Data, 0).sum() == 2
    Data.weight = np.full((1, 6), 0.5)
    assert view.training(Data, 0).sum() == 1.0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "half of the replicates"),
        ({"replicates": 1}, "this replicate has"),
        ({"workflow": {"kind": "accumulate"}}, "variance"),
        ({"workflow": {"kind": "mix", "real": 1.0}}, "variance"),
    ],
)
def test_the_sentence_at_the_end(more, words):
    text = sentence(mc.run(mc.Experiment(**{**RECIPE, **ONE, "generations": 40, "n_samples": 100, **more})))
    assert text.startswith("After 40 generations")
    assert words in text
    with_a_little = "with 2 % fresh real data they would keep" in text
    assert with_a_little == ("workflow" not in more)
    if with_a_little:
        recipe = mc.Experiment(**{**ONE, "n_samples": 100, "workflow": {"kind": "mix", "real": 0.02}})
        law = next(one for one in mc.expectations(recipe) if one.metric == "total_variance")
        assert f"keep {100 * law.at(np.array([40.0]))[0]:.0f} %" in text


def test_no_text_in_a_table_is_a_formula():
    cells = ["=HYPERLINK(1)", "+1", "-2.5e-3", "@a", "-x", "plain", "nan", "-inf", "a=b", "\tx"]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cells, ["1"] * len(cells)])
    text.seek(0)
    found = next(csv.reader(io.StringIO(downloads.harmless(text).decode(), newline="")))
    assert found == ["'=HYPERLINK(1)", "+1", "-2.5e-3", "'@a", "'-x", "plain", "nan", "-inf", "a=b", "'\tx"]


def test_a_program_holds_a_recipe_as_text_alone():
    for text in ('a = "x"\n', 'a = "\\"\\"\\""\n', "a = '''x\"\"\"y'''\n", 'path = "\\\\\\u0022\\u0022"\n'):
        program = downloads.as_python(text)
        found = {}
        exec(program.split("experiment =")[0].replace("import modelcollapse as mc", ""), found)
        assert found["recipe"].strip() == text.strip()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("", "upload.csv"), ("a.csv", "a.csv"), ("../../etc/passwd", "passwd.csv"), ("C:\\x\\y.CSV", "y.CSV"),
        ("\x00\n.csv", "csv.csv"), ("..", "upload.csv"), ("x" * 500 + ".csv", "x" * 96 + ".csv"),
    ],
)  # fmt: skip
def test_a_file_is_named_without_its_folder(name, kept):
    assert file_name(name) == kept


def test_memory_is_that_of_all_replicates_at_once():
    for replicates, fits in ((20, True), (200, False)):
        recipe = mc.Experiment(**ONE, n_samples=10**5, generations=10, replicates=replicates)
        if fits:
            assert limits.check_cost(recipe).memory > 20 * 8 * 10**5
            continue
        with pytest.raises(mc.RecipeError, match="MiB"):
            limits.check_cost(recipe)


@pytest.mark.parametrize(
    ("file", "table", "known"),
    [("truth.js", "FAMILIES", limits.TRUTHS), ("controls.js", "LEARNERS", limits.LEARNERS)],
)
def test_the_forms_offer_what_the_server_takes(file, table, known):
    text = (STATIC / file).read_text()
    inner = text.partition(f"const {table} = lookup({{\n")[2].partition("\n});")[0]
    offered = re.findall(r"^  ([a-z-]+): ", inner, re.M)
    assert "gaussian" in offered
    assert set(offered) <= set(known)
