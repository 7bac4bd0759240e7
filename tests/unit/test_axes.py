"""The [sweep] table: how axes are written, what they are called, and what is refused."""

import time
import tomllib

import pytest

from modelcollapse.studies.axes import MOST_CELLS, read
from modelcollapse.studies.values import first_of_same, toml

HUGE = "0x" + "f" * 5000


def axes_of(text):
    axes, problems = read(tomllib.loads(text))
    assert not problems, [str(problem) for problem in problems]
    return axes


def points_of(text):
    (axis,) = axes_of(text)
    return [dict(point) for point in axis.values]


def values_of(text):
    return [value for point in points_of(text) for value in point.values()]


def problems_of(text):
    axes, problems = read(tomllib.loads(text))
    assert not axes
    assert problems
    for problem in problems:
        assert "\n" not in str(problem)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize("key", ['"workflow.real"', "workflow.real", '"workflow".real'])
def test_a_list_is_an_axis_however_its_path_is_written(key):
    (axis,) = axes_of(f"{key} = [0.0, 0.01, 0.1]")
    assert axis.name == "real"
    assert list(axis.values) == [{"workflow.real": x} for x in (0.0, 0.01, 0.1)]
    assert axis.coordinates == {"real": (0.0, 0.01, 0.1)}
    assert len(axis) == 3
    assert axis.paths == ("workflow.real",)
    assert axis.said(1) == "real = 0.01"


def test_axes_keep_their_order():
    axes = axes_of("workflow.kept = [0, 1]\nn_samples = [1, 2, 3]\nworkflow.real = [0]")
    assert [axis.name for axis in axes] == ["kept", "real", "n_samples"]  # as TOML nests them


def test_the_simplex_is_every_split():
    (axis,) = axes_of("mix = {simplex = 0.05}")
    assert axis.name == "mix"
    assert set(axis.coordinates) == {"real", "synthetic", "kept"}
    assert len(axis) == 21 * 22 // 2
    for point in axis.values:
        assert abs(sum(point.values()) - 1.0) < 1e-12
        assert set(point) == {"workflow.real", "workflow.synthetic", "workflow.kept"}
    order = [(p["workflow.real"], p["workflow.kept"]) for p in axis.values]
    assert order == sorted(order)
    assert len(set(order)) == len(order)
    assert (0.15, 0.3) in order  # i/n, not i times a step
    assert len(points_of("mix = {simplex = 1}")) == 3
    assert len(points_of(f"mix = {{simplex = {1 / 3}}}")) == 10
    assert len(points_of("mix = {simplex = 0.333333333333}")) == 10


@pytest.mark.parametrize(
    "table", ['"learner.solver" = {}', "learner.solver = {}", "learner = {{solver = {}}}"]
)
def test_values_set_together(table):
    tables = ", ".join(f"{{{table.format(repr(s))}}}" for s in ("em", "scikit-learn"))
    (axis,) = axes_of(f"solver = {{zip = [{tables}]}}")
    assert (axis.name, axis.coordinates) == ("solver", {"solver": ("em", "scikit-learn")})
    assert list(axis.values) == [{"learner.solver": "em"}, {"learner.solver": "scikit-learn"}]


def test_several_values_set_together_have_a_coordinate_each():
    one, two = (f'{{n_samples = {10 * k}, "learner.components" = {k}}}' for k in (1, 2))
    text = f"size = {{zip = [{one}, {two}]}}"
    (axis,) = axes_of(text)
    assert axis.coordinates == {"n_samples": (10, 20), "components": (1, 2)}
    assert axis.said(1) == "n_samples = 20, components = 2"


def test_a_table_that_names_its_family_is_set_whole_and_another_is_merged():
    text = 'truth = [{family = "gaussian", mean = 0, std = 1}, {family = "gaussian", mean = 0, std = 2}]'
    assert [list(point) for point in points_of(text)] == [["truth"], ["truth"]]
    text = 'learner = [{solver = "em", start = "kmeans"}, {solver = "scikit-learn"}, {family = "empirical"}]'
    assert points_of(text) == [
        {"learner.solver": "em", "learner.start": "kmeans"},
        {"learner.solver": "scikit-learn"},
        {"learner": {"family": "empirical"}},
    ]
    (axis,) = axes_of(text)
    assert axis.coordinates["learner"][1] == '{solver = "scikit-learn"}'
    text = 'both = {zip = [{truth = {family = "gaussian", mean = 0, std = 1}, learner = {components = 1}}]}'
    assert list(points_of(text)[0]) == ["truth", "learner.components"]
    assert points_of("truth.zipf.exponent = [1, 2]") == [
        {"truth.zipf.exponent": 1},
        {"truth.zipf.exponent": 2},
    ]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("{range = [0, 0.5], count = 6}", [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        ("{range = [0.0, 1.0], count = 11}", [i / 10 for i in range(11)]),
        ("{range = [-0.1, 0.2], count = 4}", [-0.1, 0.0, 0.1, 0.2]),
        ("{range = [0.2, -0.1], count = 4}", [0.2, 0.1, 0.0, -0.1]),
        ("{range = [100, 1000], count = 4}", [100, 400, 700, 1000]),
        ("{range = [0, 1], count = 3}", [0, 0.5, 1]),
        ("{range = [0.1, 0.30000000000000004], count = 2}", [0.1, 0.30000000000000004]),
        ("{range = [-1e308, 1e308], count = 3}", [-1e308, 0.0, 1e308]),
        ("{log = [100, 1e6], count = 5}", [100, 1000, 10_000, 100_000, 1_000_000]),
        ("{log = [1, 10], count = 4}", [1, 2, 5, 10]),
        ("{log = [1e-3, 1e3], count = 7}", [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]),
        ("{log = [0.1, 0.001], count = 3}", [0.1, 0.01, 0.001]),
    ],
)
def test_numbers_in_steps(table, values):
    assert values_of(f"n_samples = {table}") == values


def test_whole_ends_give_integers():
    for table in ("{log = [100, 1e6], count = 8}", "{range = [100, 1000], count = 4}"):
        assert {type(value) for value in values_of(f"n_samples = {table}")} == {int}
    (axis,) = axes_of("n_samples = {log = [100, 1e6], count = 5}")
    assert axis.coordinates["n_samples"][2] == 10_000


def test_names_that_would_collide_are_whole_paths():
    axes = axes_of('"learner.family" = ["kde"]\n"truth.family" = ["gaussian"]\nworkflow.real = [0]')
    assert [axis.name for axis in axes] == ["learner_family", "truth_family", "real"]
    assert list(axes[0].coordinates) == ["learner_family"]
    (axis,) = axes_of('"truth.mean" = [0, 1]')  # mean is a variable of a result
    assert (axis.name, list(axis.coordinates)) == ("truth_mean", ["truth_mean"])
    (axis,) = axes_of('"learner.bandwidth" = [1, 2]')
    assert axis.name == "learner_bandwidth"
    (axis,) = axes_of('family = {zip = [{"learner.family" = "kde", "truth.family" = "gaussian"}]}')
    assert (axis.name, list(axis.coordinates)) == ("family", ["learner_family", "truth_family"])
    one, two = axes_of('real = {zip = [{"learner.start" = "em"}]}\n"workflow.real" = [0, 1]')
    assert (one.name, two.name) == ("real", "workflow_real")
    one, two = axes_of('"learner.settings.C" = [1]\n"learner.other.c" = [1]')  # one file system, one name
    assert (one.name, two.name) == ("learner_settings_C", "learner_other_c")


def test_coordinates_are_numbers_or_text():
    def along(values):
        ((axis),) = axes_of(f"x = {values}")
        return axis.coordinates["x"]

    assert along("[1, 2.5]") == (1, 2.5)
    assert along('["a", "b"]') == ("a", "b")
    assert along("[true, false]") == ("true", "false")
    assert along('[1, "a"]') == ("1", "a")
    assert along("[[-1, 1], [-2.5, 2.5]]") == ("[-1, 1]", "[-2.5, 2.5]")
    assert along(f"[1, {2**60}]") == ("1", str(2**60))
    assert along(f"[1, {HUGE}]")[1].startswith("0xf")


def test_a_value_as_toml_reads_back():
    value = {"a": [1, 2.5, True, 'x"\n'], "b": {"c": -1e300}}
    assert tomllib.loads(f"v = {toml(value)}")["v"] == value


def test_reordered():
    (axis,) = axes_of("s = {zip = [{n_samples = 1, seed = 4}, {n_samples = 2, seed = 5}]}")
    other = axis.reordered([1, 0])
    assert [point["seed"] for point in other.values] == [5, 4]
    assert other.coordinates == {"n_samples": (2, 1), "seed": (5, 4)}
    assert other.reordered([1, 0]) == axis


REFUSED = {
    "": "sweep: must have an axis",
    "x = []": "sweep.x = []: must have at least one value",
    "x = 3": "sweep.x = 3: must be a list of values, {simplex = step}",
    "x = true": "must be a list of values",
    "x = 'em'": "must be a list of values",
    "x = {}": "must be a list of values",
    "x = {y = 1}": "must be a list of values",
    "x = {simplex = 0.1, count = 3}": "must be a list of values",
    "x = {range = [0, 1]}": "must be a list of values",
    "x = {count = 3}": "must be a list of values",
    "x = {simplex = 0.3}": "sweep.x.simplex = 0.3: must be a step that divides 1",
    "x = {simplex = 0}": "must be a step",
    "x = {simplex = -0.1}": "must be a step",
    "x = {simplex = 2}": "must be a step",
    "x = {simplex = nan}": "must be a step",
    "x = {simplex = true}": "must be a step",
    "x = {simplex = '0.1'}": "must be a step",
    "x = {simplex = 5e-324}": "must be a step",
    "x = {zip = []}": "sweep.x.zip = []: must be a list of tables",
    "x = {zip = 3}": "must be a list of tables",
    "x = {zip = [1]}": "sweep.x.zip[0] = 1: must be a table",
    "x = {zip = [{}]}": "must be a table",
    "x = {zip = [{seed = 1}, {n_samples = 1}]}": "must set what the first of them sets, seed",
    "x = {zip = [{'a.b' = 1, a = {b = 2}}]}": "sets a.b twice",
    "x = {zip = [{truth = {family = 'gaussian'}, 'truth.mean' = 2}]}": "sets truth twice",
    "x = {range = [0], count = 3}": "sweep.x.range = [0]: must be two finite numbers",
    "x = {range = 3, count = 3}": "must be two finite numbers",
    "x = {range = [0, inf], count = 3}": "must be two finite numbers",
    "x = {range = [0, true], count = 3}": "must be two finite numbers",
    f"x = {{range = [0, {HUGE}], count = 3}}": "must be two finite numbers",
    "x = {log = [0, 1], count = 3}": "sweep.x.log = [0, 1]: must be two numbers > 0",
    "x = {log = [-1, 1], count = 3}": "must be two numbers > 0",
    "x = {log = [1, 2], count = 1}": "sweep.x.count = 1: must be an integer >= 2",
    "x = {log = [1, 2], count = 2.5}": "must be an integer >= 2",
    "x = {log = [1, 2], count = true}": "must be an integer >= 2",
    "x = {log = [1, 2], count = '3'}": "must be an integer >= 2",
    f"x = {{log = [1, 2], count = {HUGE}}}": "must be an integer >= 2",
    "x = {log = [1.7976931348623157e308, 1.7976931348623157e308], count = 3}": "holds 1.797",
    "x = {log = [1, 3], count = 4}": "holds 1 twice (points 1 and 2)",
    "x = {range = [1, 1], count = 2}": "holds 1 twice",
    "x = [0.3, 0.30000000000000004]": "0.3 and 0.30000000000000004, which are the same (points 1 and 2)",
    "x = [100, 5, 100.0]": "holds 100 and 100.0, which are the same (points 1 and 3)",
    "x = ['a', 'a']": 'holds "a" twice',
    "x = [[1, 0.1], [1.0, 0.1]]": "which are the same",
    "x = [0.0, -0.0]": "which are the same",
    "x = {zip = [{a = 1, b = 0.3}, {a = 1, b = 0.30000000000000004}]}": "which are the same",
    "x = [1, 1, 1, 1, 1, 1]": "and 2 more points that are there twice",
    "x = [nan]": "sweep.x = nan: must be a finite number",
    "x = [[1, inf]]": "must be a finite number",
    "x = [{a = -inf}]": "x.a must be a finite number",
    "x = [1e400]": "must be a finite number",
    "x = [1979-05-27]": "this is a date or a time",
    "x = [{}]": "sets nothing",
    "replicates = [1, 2]": "sweep.replicates: replicates is not swept",
    "generations = {range = [1, 3], count = 3}": "generations is not swept",
    "save = ['all', 'log']": "save is not swept",
    "'save.every' = [1, 2]": "save is not swept",
    "save = [{every = 3}]": "save is not swept",
    "x = {zip = [{replicates = 2}]}": "sweep.x: replicates is not swept",
    "sweep = [1, 2]": "sweep is not swept",
    "'workflow.real' = [1]\nworkflow.real = [0]": "sets workflow.real, which another axis of that name sets",
    "'workflow.real' = [1]\nmix = {simplex = 1}": "sweep.mix: sets workflow.real, which sweep.workflow.",
    "truth = [{family = 'a'}]\n'truth.mean' = [1]": "sweep.truth.mean: sets truth, which sweep.truth sets",
    "'truth.mean' = [1]\ntruth = [{family = 'a'}]": "sets truth, which sweep.truth sets",
    "'../../etc' = [1]": "must be words of letters",
    "'' = [1]": "must be words of letters",
    "'a..b' = [1]": "must be words of letters",
    "'a b' = {zip = [{seed = 1}]}": "must be words of letters",
    "'a\u200b\\nb' = [1]": "must be words of letters",
    "'<script>' = {simplex = 1}": "must be words of letters",
    f"{'a' * 10000} = [1]": "must be words of letters",
    "x = {zip = [{'a/b' = 1}]}": "must be words of letters",
    "mean = {zip = [{seed = 1}]}": "mean is a name of a result's own",
    "replicate = {simplex = 1}": "replicate is a name of a result's own",
    "done = {zip = [{seed = 1}]}": "done is a name of a result's own",
    "x = {zip = [{seed = 1}]}\nX = {zip = [{n_samples = 1}]}": "rename one of them",
    "truth_mean = {zip = [{seed = 1}]}\n'truth.mean' = [1]": "rename one of them",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=[text[:60] for text in REFUSED])
def test_what_is_refused(text):
    found = problems_of(text)
    assert REFUSED[text] in "\n".join(found)
    assert all(problem.startswith("sweep") for problem in found)


def test_a_sweep_that_is_no_table():
    for sweep in (3, [1], "x"):
        axes, (problem,) = read(sweep)
        assert not axes
        assert "must be a table of axes" in str(problem)


def test_all_problems_are_told_at_once():
    found = problems_of("a = []\nb = 3\nc = [nan]\nd = [1, 1]\nreplicates = [1]\nmean = {zip = [{e = 1}]}")
    assert len(found) == 6


@pytest.mark.parametrize(
    "text",
    [
        "x = {range = [1, 2], count = 1000000000}",
        "x = {log = [1, 2], count = 9007199254740992}",
        "x = {simplex = 1e-9}",
        "x = {simplex = 1e-15}",
        "x = {range = [1, 2], count = 1000}\ny = {range = [1, 2], count = 1001}",
        "x = {simplex = 0.001}\ny = [1, 2]",
        "\n".join(f"x{i} = [1, 2]" for i in range(20)),
        "\n".join(f"x{i} = {{simplex = 1e-15}}" for i in range(200)),
    ],
)
def test_too_many_cells_are_refused_before_they_are_made(text):
    start = time.perf_counter()
    assert "cells; at most 1,000,000 are run" in problems_of(text)[-1]
    assert time.perf_counter() - start < 0.5


def test_as_many_cells_as_are_allowed():
    assert MOST_CELLS == 10**6
    axes = axes_of("x = {range = [1, 1000], count = 1000}\ny = {range = [0, 999], count = 1000}")
    assert [len(axis) for axis in axes] == [1000, 1000]


def test_which_points_are_the_same():
    assert first_of_same([1, 2, 1.0, True, "1", 2**60, 2**60 + 1]) == [0, 1, 0, 3, 4, 5, 6]
    assert first_of_same([1.0, 1.0 + 1e-11, 1.0 + 1e-13]) == [0, 1, 0]
    assert first_of_same([{"a": 0.3}, {"a": 0.1 + 0.2}, {"b": 0.3}]) == [0, 0, 2]
    assert first_of_same([10**400, 1.0, 10**400]) == [0, 1, 0]
    assert first_of_same([0.0, 1e-300, -0.0]) == [0, 1, 0]


def test_large_axes_are_compared_quickly():
    start = time.perf_counter()
    assert first_of_same([i / 7 for i in range(100_000)]) == list(range(100_000))
    assert time.perf_counter() - start < 5.0
