"""Figures of studies: every number lies where its cell lies, and laws pass where they say."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from PIL import Image
from scipy.interpolate import RegularGridInterpolator
from stacking import stacked, study_of

import modelcollapse as mc
from modelcollapse.metrics import SPREAD
from modelcollapse.plots import scales, studies, style, ternary
from modelcollapse.store import digest
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.quantities import quantities
from modelcollapse.studies.views import expected

GAUSSIAN = """
[truth]
family = "gaussian"
mean = 0.0
std = 1.0

[learner]
family = "gaussian"
"""
PAGE = Path(__file__).parents[2] / "docs" / "studies.md"
SIZES = [10, 20, 50, 200, 1000]
SHARES = [0.0, 0.02, 0.1, 0.5]


@pytest.fixture(scope="module")
def grid():
    """Sizes by shares; one cell is not done, and of one a replicate alone."""
    text = f"generations = 30\nreplicates = 6\n{GAUSSIAN}[sweep]\nn_samples = {SIZES}\n"
    done = np.ones((5, 4, 6), dtype=bool)
    done[1, 2], done[4, 0, 1:] = False, False
    return stacked(study_of(text + f'"workflow.real" = {SHARES}'), done)


@pytest.fixture(scope="module")
def simplex():
    """Shares in steps of a quarter, by two sizes."""
    text = f"generations = 20\nreplicates = 5\n{GAUSSIAN}[sweep]\n"
    return stacked(study_of(text + "mix = {simplex = 0.25}\nn_samples = [10, 100]"))


@pytest.fixture(scope="module")
def named():
    """Two solvers of mixtures by sizes."""
    text = 'generations = 15\nreplicates = 5\n[sweep]\nn_samples = [20, 40, 80]\n"learner.solver" = '
    return stacked(study_of(text + '["em", "scikit-learn"]'))


def drawn(panel, gid):
    return [a for a in [*panel.lines, *panel.collections, *panel.patches] if a.get_gid() == gid]


def panels(figure):
    """The panels without the scales of colours."""
    return [panel for panel in figure.axes if panel.get_label() != "<colorbar>"]


def quantity(dataset, kind):
    return next(one for one in quantities(Cells.of(dataset)) if one.kind == kind)


def centers(collection: PolyCollection):
    return np.array([path.vertices[:-1].mean(axis=0) for path in collection.get_paths()])


def kind_of(dataset):
    """The kind that is drawn by itself, by what its figure has."""
    figure = mc.plot(dataset)
    names = {a.get_gid() or "" for panel in panels(figure) for a in [*panel.lines, *panel.collections]}
    if "side" in names:
        return "ternary"
    return "map" if any(name.startswith("cells") for name in names) else "lines"


def test_the_axes_choose_the_kind(grid, simplex, named):
    assert kind_of(simplex) == "ternary"
    assert kind_of(simplex.isel(n_samples=0)) == "ternary"
    assert kind_of(grid) == "map"
    assert kind_of(grid.isel(n_samples=slice(2))) == "lines"  # two numbers make no map
    assert kind_of(named) == "lines"
    assert kind_of(simplex.isel(mix=3)) == "lines"


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
@pytest.mark.parametrize(("name", "kind"), [("grid", "map"), ("simplex", "ternary"), ("named", "lines"),
                                            ("grid", "lines"), ("named", "map")])  # fmt: skip
def test_every_kind_in_every_format(name, kind, suffix, request, tmp_path):
    dataset = request.getfixturevalue(name)
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    mc.plot(dataset, kind, one)
    mc.plot(dataset, kind, two)
    assert one.read_bytes() == two.read_bytes()
    if suffix == ".png":
        with Image.open(one) as image:
            assert image.info["Description"].endswith(digest(dataset))


def test_one_cell_is_drawn_as_a_result(grid):
    one = grid.sel(n_samples=50, real=0.1)
    figure = mc.plot(one)
    assert figure.get_suptitle() == mc.plot(mc.cell(one), "overview").get_suptitle()
    assert len(figure.axes) == 4


def test_colours_of_a_map_are_the_medians_of_their_cells(grid):
    """Each slot of the first axis across and of the second up, also where values are not in order."""
    for dataset in (grid, grid.isel(n_samples=[3, 0, 2, 1, 4])):
        for kind, row in (("ratio", 0), ("distance", 1), ("time", 2)):
            shown = quantity(dataset, kind)
            panel = panels(mc.plot(dataset))[row]
            (cells,) = drawn(panel, f"cells {shown.name}")
            values = cells.get_array()
            seen = np.full(shown.middle.shape, np.nan)
            x, y = (scales.scale_of(Cells.of(dataset), axis) for axis in ("n_samples", "real"))
            for (across, up), value in zip(centers(cells), values, strict=True):
                i = np.flatnonzero((x.low < across) & (across < x.high))
                j = np.flatnonzero((y.low < up) & (up < y.high))
                seen[i, j] = value
            assert np.array_equal(
                seen, np.where(np.isinf(shown.middle), np.nan, shown.middle), equal_nan=True
            )


def test_what_is_no_number_has_a_look_of_its_own(grid):
    shown = quantity(grid, "time")
    figure = mc.plot(grid)
    panel = panels(figure)[2]
    (never,), (empty,) = drawn(panel, f"never {shown.name}"), drawn(panel, f"not done {shown.name}")
    assert len(never.get_paths()) == np.isinf(shown.middle).sum() > 0
    assert len(empty.get_paths()) == 1
    assert empty.get_hatch()
    legend = [text.get_text() for text in panel.get_legend().get_texts()]
    assert legend == ["more than 30 generations", "border by law", "not done"]
    said = figure.get_supxlabel().replace("\n", " ")
    assert "Of 20 cells, 1 are not done (hatched)." in said
    assert "Of 20 cells, 1 have fewer replicates done than others." in said
    assert not drawn(panels(figure)[0], "never final total_variance")


def test_the_title_says_what_is_shared_and_what_was_swept(grid, named):
    said = mc.plot(grid).get_suptitle()
    for part in ("truth: Gaussian", "learner: Gaussian (ddof 0)", "mix", "20 cells: N (5) × real (4)",
                 "6 replicates", "30 generations", "seed 0"):  # fmt: skip
        assert part in said
    assert "real 0" not in said
    said = mc.plot(named).get_suptitle()
    assert "learner: mixture · mix: real 0, synthetic 1, kept 0" in said
    assert "6 cells: N (3) × solver (2)" in said


def test_a_zero_has_a_slot_of_its_own_on_a_log_scale(grid):
    cells = Cells.of(grid)
    x, y = scales.scale_of(cells, "n_samples"), scales.scale_of(cells, "real")
    assert (x.kind, y.kind) == ("log", "log")
    assert x.position == pytest.approx(np.log10(SIZES))
    assert y.position[1:] == pytest.approx(np.log10(SHARES[1:]))
    assert y.high[0] < y.low[1] - 0.1
    assert x.low[1:] == pytest.approx(x.high[:-1])
    panel = panels(mc.plot(grid))[0]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["0", "0.02", "0.1", "0.5"]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["10", "20", "50", "200", "1,000"]


@pytest.mark.parametrize(("values", "kind"), [
    ([0.0, 0.01, 0.1], "log"), ([100, 1000], "log"), ([10, 20, 50], "linear"), ([1, 2, 5, 10], "log"),
    (np.linspace(0.0, 1.0, 21), "linear"), (np.linspace(0.05, 1.0, 20), "linear"),
    ([-1.0, 10.0, 100.0], "linear"),
    ([0.0, 0.5], "linear"), ([3], "linear"), (np.geomspace(10, 1e6, 11), "log"),
    ([1e-6, 1e-3, 0.0, 1.0], "log"),
])  # fmt: skip
def test_which_axes_are_logarithmic(values, kind):
    values = np.asarray(values, dtype=np.float64)
    scale = scales._of_numbers("x", "x", tuple(map(scales.number, values.tolist())), values)
    assert scale.kind == kind
    assert ((scale.low < scale.position) & (scale.position < scale.high)).all()
    order = np.argsort(values)
    assert (np.diff(scale.position[order]) > 0.0).all()
    assert (scale.high[order][:-1] <= scale.low[order][1:] + 1e-12).all()


@pytest.mark.parametrize(("value", "said"), [
    (0, "0"), (1000, "1,000"), (0.05, "0.05"), (1e6, "10⁶"), (2.5e5, "2.5·10⁵"), (1e-6, "10⁻⁶"),
    (0.001, "0.001"),
    (3e-4, "3·10⁻⁴"), (True, "True"), ("em", "em"),
])  # fmt: skip
def test_numbers_in_a_word(value, said):
    assert scales.number(value) == said


def test_the_corners_of_the_triangle():
    """All real at the top, all synthetic at the left, all kept at the right, and equal shares between."""
    top, left, right, middle = ternary.points(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1 / 3] * 3]))
    assert top == pytest.approx([0.5, np.sqrt(0.75)])
    assert left == pytest.approx([0.0, 0.0])
    assert right == pytest.approx([1.0, 0.0])
    assert middle == pytest.approx([0.5, np.sqrt(0.75) / 3])


def test_colours_of_a_triangle_are_the_medians_of_their_shares(simplex):
    shown = quantity(simplex, "ratio")
    figure = mc.plot(simplex)
    assert [p.get_title() for p in panels(figure)[:2]] == ["N = 10", "N = 100"]
    shares = np.column_stack([simplex[name].values for name in ("real", "synthetic", "kept")])
    for column in (0, 1):
        (cells,) = drawn(panels(figure)[column], f"cells {shown.name}")
        values, at = cells.get_array(), centers(cells)
        assert len(values) == 15
        for point, value in zip(at, values, strict=True):
            real = point[1] / np.sqrt(0.75)
            kept = point[0] - 0.5 * real
            (place,) = np.flatnonzero(np.abs(shares - [real, 1.0 - real - kept, kept]).max(axis=1) < 1e-9)
            assert value == shown.middle[place, column]
        distance = np.linalg.norm(at[:, None] - at, axis=2)
        radius = np.linalg.norm(cells.get_paths()[0].vertices[0] - at[0])
        neighbours = distance[distance > 0.0].min()
        assert radius == pytest.approx(neighbours / np.sqrt(3.0))  # hexagons touch and do not overlap


def contours(panel, gid):
    """Points of contour lines, and the level of each."""
    found = []
    for lines in drawn(panel, gid):
        for level, path in zip(lines.levels, lines.get_paths(), strict=True):
            found += [(float(level), vertex) for vertex in path.vertices]
    return found


def _on_an_edge(vertex, x, y):
    """Not where a line is cut for its label, between two points on edges of the grid."""
    return np.abs(x.position - vertex[0]).min() < 1e-12 or np.abs(y.position - vertex[1]).min() < 1e-12


def test_contour_lines_of_a_map_lie_where_the_law_has_their_level(grid):
    """The law is linear in log between cells; without the zero, whose slot has no neighbours."""
    cells = Cells.of(grid)
    x, y = scales.scale_of(cells, "n_samples"), scales.scale_of(cells, "real")
    law = np.log10(expected(grid, "total_variance", 30).values)
    at = RegularGridInterpolator((x.position, y.position[1:]), law[:, 1:])
    panel = panels(mc.plot(grid))[0]
    points = contours(panel, "law final total_variance")
    assert {round(10.0**level, 9) for level, _ in points} >= {0.5}
    edges = [one for one in points if _on_an_edge(one[1], x, y)]
    assert len(edges) >= 3
    for level, vertex in edges:
        assert at(vertex)[0] == pytest.approx(level, abs=1e-9)
    said = {text.get_text() for text in panel.texts}
    assert "0.5" in said
    wrong = RegularGridInterpolator((x.position, y.position[1:]), law[::-1, 1:])
    assert max(abs(wrong(vertex)[0] - level) for level, vertex in points) > 0.1


def test_the_border_by_law_is_where_it_comes_to_half(grid):
    cells = Cells.of(grid)
    x, y = scales.scale_of(cells, "n_samples"), scales.scale_of(cells, "real")
    least = expected(grid, "total_variance", 30).values  # it falls all the time
    at = RegularGridInterpolator((x.position, y.position[1:]), np.log10(least / 0.5)[:, 1:])
    points = contours(panels(mc.plot(grid))[2], "border time total_variance")
    assert len(points) > 2
    for _, vertex in points:
        assert at(vertex)[0] == pytest.approx(0.0, abs=1e-9)


def test_the_triangles_law_lies_between_its_cells(simplex):
    law = expected(simplex, "total_variance", 20).values[:, 0]
    shares = np.column_stack([simplex[name].values for name in ("real", "synthetic", "kept")])
    points = ternary.points(shares)
    found = contours(panels(mc.plot(simplex))[0], "law final total_variance")
    assert found
    for level, vertex in found:
        near = np.argsort(np.linalg.norm(points - vertex, axis=1))[:2]  # on the line between two cells
        low, high = sorted(law[near])
        value = 10.0**level if level <= 0.0 else level
        assert low - 1e-12 <= value <= high + 1e-12


def test_lines_are_medians_bands_and_laws(grid):
    figure = mc.plot(grid, "lines")
    ratio, distance, time = panels(figure)
    shown = quantity(grid, "ratio")
    medians = drawn(ratio, "median final total_variance")
    assert [line.get_label() for line in medians] == ["0", "0.02", "0.1", "0.5"]
    for i, line in enumerate(medians):
        assert line.get_xdata() == pytest.approx(np.log10(SIZES))
        assert np.array_equal(line.get_ydata(), shown.middle[:, i], equal_nan=True)
    law = expected(grid, "total_variance", 30).values
    for i, line in enumerate(drawn(ratio, "law final total_variance")):
        assert np.array_equal(line.get_ydata(), law[:, i])
    bands = drawn(ratio, "band final total_variance")
    ends = bands[0].get_paths()[0].vertices[:, 1]
    assert {*shown.low[:, 0], *shown.high[:, 0]} <= {*ends}
    assert [text.get_text() for text in ratio.get_legend().get_texts()] == ["0", "0.02", "0.1", "0.5", "law"]
    assert ratio.get_legend().get_title().get_text() == "real"
    assert drawn(distance, "median final wasserstein2")
    assert time.get_xlabel() == "N"


def test_times_that_never_come_are_marks_in_the_grey_strip(grid):
    time = panels(mc.plot(grid, "lines"))[2]
    shown = quantity(grid, "time")
    marks = drawn(time, f"never {shown.name}")
    (strip,) = drawn(time, "more than")
    low, high = strip.get_y(), strip.get_y() + strip.get_height()
    assert low == 30.0
    heights = set()
    for i, (line, mark) in enumerate(zip(drawn(time, f"median {shown.name}"), marks, strict=True)):
        never = np.isinf(shown.middle[:, i])
        assert mark.get_xdata() == pytest.approx(np.log10(SIZES)[never])
        assert ((mark.get_ydata() > low) & (mark.get_ydata() < high)).all()
        heights |= {*mark.get_ydata()}
        there = np.isfinite(line.get_ydata())
        assert np.array_equal(there, np.isfinite(shown.middle[:, i]))
    assert len(heights) == 4  # no mark hides another
    assert time.get_title("right") == "grey: more than 30 generations"


def test_names_are_points_and_never_joined(named):
    panel = panels(mc.plot(named.isel(n_samples=0), "lines"))[0]
    (points,) = drawn(panel, "median final total_variance")
    assert points.get_linestyle() == "None"
    assert [text.get_text() for text in panel.get_xticklabels()] == ["em", "scikit-learn"]


def test_names_of_lines_are_no_formulas(tmp_path, monkeypatch):
    """What lies along an axis may be anybody's text: here the columns of a file, as names of lines."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("$\\frac{$,$x$\n" + "1,1\n2,2\n4,4\n" * 4)
    text = "n_samples = 9\ngenerations = 2\nreplicates = 2\n[truth]\nfamily = 'data'\npath = 'data.csv'\n"
    text += "column = '$x$'\n[learner]\nfamily = 'gaussian'\n[sweep]\n"
    named = stacked(study_of(text + "n_samples = [9, 12]\n'truth.column' = ['$\\frac{$', '$x$']"))
    figure = mc.plot(named, kind="lines", path=tmp_path / "lines.svg")
    names = [text for panel in figure.axes if panel.legend_ for text in panel.legend_.get_texts()]
    assert [text.get_text() for text in names][:2] == ["$\\frac{$", "$x$"]
    assert not any(text.get_parse_math() for text in names)


def test_small_multiples_are_five_at_most():
    text = f"generations = 2\nreplicates = 2\n{GAUSSIAN}[sweep]\nn_samples = [10, 20, 40]\n"
    text += '"workflow.real" = [0.0, 0.1, 0.2, 0.3]\nseed = [1, 2, 3, 4, 5, 6]\n"learner.ddof" = [0, 1]'
    dataset = stacked(study_of(text))
    figure = mc.plot(dataset.isel(ddof=0), "map")
    titles = [p.get_title() for p in panels(figure) if p.get_title()]
    assert titles == ["N = 10", "N = 20", "N = 40"]
    figure = mc.plot(dataset, "map")  # over the two longest: seed and real
    titles = [p.get_title() for p in panels(figure) if p.get_title()]
    assert len(titles) == 5
    assert titles[0] == "N = 10, ddof = 0"
    assert titles[-1] == "N = 40, ddof = 1"
    assert "5 of 6 values of N × ddof are shown." in figure.get_supxlabel().replace("\n", " ")


def test_colours_are_even_and_told_apart(grid, named):
    for panel in panels(mc.plot(grid)):
        for cells in panel.collections:
            if (cells.get_gid() or "").startswith("cells"):
                assert cells.get_cmap().name in ("viridis", "viridis_r")
                assert to_hex(cells.get_cmap()(cells.norm(cells.get_array().max()))) != to_hex("0.83")
    palette = {to_hex(c) for c in (style.BLACK, style.BLUE, style.VERMILLION)}
    for panel in panels(mc.plot(named)):
        assert {to_hex(line.get_color()) for line in panel.lines} <= palette


def test_one_scale_of_colours_for_all_small_multiples(simplex):
    rows = {}
    for panel in panels(mc.plot(simplex)):
        for cells in panel.collections:
            if (cells.get_gid() or "").startswith("cells"):
                rows.setdefault(cells.get_gid(), set()).add((cells.norm.vmin, cells.norm.vmax))
    assert len(rows) == 4
    assert all(len(norms) == 1 for norms in rows.values())


@pytest.mark.parametrize(("text", "names"), [
    ('[truth]\nfamily = "categorical"\nprobabilities = [0.5, 0.3, 0.2]\n[learner]\nfamily = "categorical"\n',
     ["final heterozygosity", "final total_variation", "time heterozygosity"]),
    ('[truth]\nfamily = "poisson"\nrate = 2.0\n[learner]\nfamily = "poisson"\n',
     ["final rate", "final squared_error_of_rate", "time rate"]),
    ('[truth]\nfamily = "linear"\ndimension = 2\nnoise = 1.0\n[learner]\nfamily = "linear"\n',
     ["final squared_length", "final excess_error"]),
    ('[truth]\nfamily = "gaussian-nd"\ndimension = 2\n[learner]\nfamily = "gaussian-nd"\n',
     ["final total_variance", "final wasserstein2_nd", "time total_variance"]),
    ('[learner]\nfamily = "kde"\nbandwidth = 0.2\n',
     ["final total_variance", "final squared_error_of_mean", "time total_variance"]),
    ("", ["final total_variance", "final wasserstein2", "time component_variance"]),
])  # fmt: skip
def test_every_kind_of_items_has_its_quantities(text, names):
    text = f"generations = 3\nreplicates = 3\n{text}[sweep]\nn_samples = [10, 30, 90]\n"
    dataset = stacked(study_of(text + '"workflow.real" = [0.0, 0.1, 0.3]'))
    assert [one.name for one in quantities(Cells.of(dataset))] == names
    assert len(SPREAD) == 5
    for kind in ("map", "lines"):
        assert mc.plot(dataset, kind)


def test_slow_distances_are_of_the_first_replicates(named, monkeypatch):
    """With a note beneath; of replicates that are done."""
    done = np.ones((3, 2, 5), dtype=bool)
    done[1, 1] = [False, True, True, True, True]
    whole = named.assign(done=(named["done"].dims, done.astype(np.int8)))
    monkeypatch.setattr("modelcollapse.studies.quantities.MODELS", 18)
    monkeypatch.setattr("modelcollapse.studies.quantities.LEAST", 2)
    shown = quantity(whole, "distance")
    values = mc.measure(named, "wasserstein2").values[..., -1]
    assert shown.most == 3
    for index in np.ndindex(3, 2):
        assert shown.middle[index] == np.median(values[index][done[index]][:3])
    assert quantity(whole, "ratio").most is None
    caption = mc.plot(whole).get_supxlabel().replace("\n", " ")
    assert "Squared Wasserstein-2: the first 3 replicates." in caption


def test_where_nothing_comes_to_half_all_is_grey():
    text = f"generations = 2\nreplicates = 2\n{GAUSSIAN}[sweep]\nn_samples = [1000, 2000, 4000]\n"
    dataset = stacked(study_of(text + '"workflow.real" = [0.0, 0.1, 0.2]'))
    figure = mc.plot(dataset)
    assert len(panels(figure)) == 3  # no factor of times
    (grey,) = drawn(panels(figure)[2], "never time total_variance")
    assert len(grey.get_paths()) == 9
    assert not drawn(panels(figure)[2], "cells time total_variance")


def test_what_degenerates_is_drawn():
    """Variances of 0 on a logarithmic scale, and distances that are infinite."""
    dataset = stacked(study_of("generations = 150\nreplicates = 4\n" + GAUSSIAN + "[sweep]\n"
                               'n_samples = [2, 3, 30]\n"workflow.real" = [0.0, 0.1, 0.5]'))  # fmt: skip
    for kind in ("map", "lines"):
        assert mc.plot(dataset, kind)
    alone = stacked(study_of("generations = 3\nreplicates = 1\n" + GAUSSIAN + "[sweep]\nn_samples = [20]"))
    assert mc.plot(alone)


def test_what_is_wrong_is_refused(grid, named, simplex):
    with pytest.raises(ValueError, match="map, ternary, lines of a study"):
        mc.plot(grid, "overview")
    with pytest.raises(ValueError, match="no axis of the study is a simplex"):
        mc.plot(grid, "ternary")
    with pytest.raises(ValueError, match="no two axes"):
        mc.plot(named.isel(n_samples=0), "map")
    with pytest.raises(ValueError, match="no axis to draw along"):
        mc.plot(simplex.isel(n_samples=0), "lines")
    with pytest.raises(ValueError, match="no cell of the study is done"):
        mc.plot(grid.assign(done=0 * grid["done"]))
    assert set(studies.KINDS) == {"map", "ternary", "lines"}


def test_the_page_looks_at_a_study_so():
    """The recipe is the one that the page sweeps; what it asks of the study is asked here."""
    _, swept, looked = (PAGE.read_text().split("```python\n")[i].split("```")[0] for i in range(3))
    dataset = stacked(study_of(swept.split('"""')[1]))
    exec(compile(looked, PAGE.name, "exec"), {"dataset": dataset})
