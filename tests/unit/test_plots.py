"""Figures: what is drawn is what was measured, what is written says which result it shows."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import norm

import modelcollapse as mc
from modelcollapse import plots
from modelcollapse.plots import density, over_time, style
from modelcollapse.store import digest

GAUSSIAN = {"truth": {"family": "gaussian", "mean": 1.0, "std": 2.0}, "learner": {"family": "gaussian"}}
SUFFIXES = [".png", ".svg", ".pdf"]


def run(**values):
    return mc.run(mc.Experiment(**values), threads=1)


@pytest.fixture(scope="module")
def mixture():
    return run(n_samples=80, generations=30, replicates=6, workflow={"kind": "mix", "real": 0.2})


@pytest.fixture(scope="module")
def gaussian():
    """Ten decades of variance are lost."""
    return run(n_samples=5, generations=60, replicates=7, **GAUSSIAN)


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "items.csv"
    path.write_text("wait\n" + "\n".join(map(str, [1, 2, 2.5, 3, 8, 9, 9.5, 11])))
    truth = {"family": "data", "path": str(path), "column": "wait"}
    return run(n_samples=40, generations=10, replicates=4, truth=truth)


CATEGORICAL = {"learner": {"family": "categorical"}}


@pytest.fixture(scope="module")
def few():
    """Five categories, one of which the truth lacks."""
    truth = {"family": "categorical", "probabilities": [0.4, 0.3, 0.0, 0.2, 0.1]}
    return run(n_samples=60, generations=30, replicates=6, truth=truth, **CATEGORICAL)


@pytest.fixture(scope="module")
def many():
    """Most of 300 categories are lost in the first generation."""
    truth = {"family": "categorical", "zipf": {"categories": 300, "exponent": 1.5}}
    return run(n_samples=100, generations=40, replicates=5, truth=truth, **CATEGORICAL)


@pytest.fixture(scope="module")
def degenerate():
    """Dead components, components that are points, models that are points, beside living ones."""
    dataset = run(n_samples=6, generations=120, replicates=6, learner={"family": "mixture", "components": 3})
    status = dataset["status"].values[:, -1]
    assert (status & mc.Status.COMPONENT_DEAD).all()
    assert (status & mc.Status.COLLAPSED).any()
    return dataset


def drawn(figure: Figure, gid: str) -> list:
    return [
        artist for panel in figure.axes for artist in [*panel.lines, *panel.collections, *panel.patches]
        if artist.get_gid() == gid
    ]  # fmt: skip


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


REMEMBERING = {
    "kde": ({"family": "kde", "bandwidth": 0.3}, 3),
    "empirical": ({"family": "empirical"}, 4),
    "estimator": ({"family": "estimator", "name": "sklearn.mixture.GaussianMixture"}, 4),
}
"""Learners whose models are not stored, and how many panels their overview has."""


@pytest.mark.parametrize("name", REMEMBERING)
def test_results_without_models_are_drawn_by_what_was_measured(name, tmp_path):
    learner, panels = REMEMBERING[name]
    dataset = run(n_samples=30, generations=5, replicates=4, learner=learner)
    figure = mc.plot(dataset, "overview", tmp_path / "figure.png")
    assert len(figure.axes) == panels
    for panel in figure.axes:
        assert panel.get_xlabel()
        assert panel.get_ylabel()
        assert panel.get_legend().get_texts()
    for metric in ("total_variance", "squared_error_of_mean", "tail_mass"):
        assert drawn(figure, f"median {metric}")
    assert "middle replicate" not in texts(figure).lower()
    for kind in ("variance", "distance"):
        assert drawn(mc.plot(dataset, kind), "replicate total_variance" if kind == "variance" else
                     f"replicate {DISTANCES[name]}")  # fmt: skip
    with pytest.raises(ValueError, match="holds no models to draw"):
        mc.plot(dataset, "density")


DISTANCES = {"kde": "squared_error_of_mean", "empirical": "wasserstein2", "estimator": "kullback_leibler"}


def test_long_names_of_axes_break():
    figure = mc.plot(run(n_samples=30, generations=3, replicates=2, learner={"family": "empirical"}))
    names = [panel.get_ylabel() for panel in figure.axes]
    assert any("mass beyond" in name and "\n" in name for name in names)
    assert max(len(line) for name in names for line in name.splitlines()) <= 44


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", list(plots.KINDS))
def test_every_kind_in_every_format(mixture, kind, suffix, tmp_path):
    path = tmp_path / f"figure{suffix}"
    figure = mc.plot(mixture, kind, path)
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(start)
    for panel in figure.axes:
        assert panel.get_xlabel()
        assert panel.get_ylabel()
        assert panel.get_legend().get_texts()


@pytest.mark.parametrize("kind", [k for k in plots.KINDS if k != "weights"])
@pytest.mark.parametrize("name", ["gaussian", "items", "degenerate", "few", "many"])
def test_every_kind_for_every_result(name, kind, request, tmp_path):
    mc.plot(request.getfixturevalue(name), kind, tmp_path / "figure.png")


@pytest.mark.parametrize("values", [{"replicates": 1}, {"generations": 1}, {"replicates": 2, "save": "log"}])
@pytest.mark.parametrize("kind", list(plots.KINDS))
def test_the_smallest_results(kind, values, tmp_path):
    sizes = {"n_samples": 20, "generations": 40, "replicates": 3}
    mc.plot(run(**sizes | values), kind, tmp_path / "figure.png")


def test_law_is_the_theory(mixture):
    (line,) = drawn(mc.plot(mixture, "variance"), "law total_variance mean")
    (law,) = [e for e in mc.expectations(over_time.experiment_of(mixture)) if e.metric == "total_variance"]
    assert np.array_equal(line.get_xdata(), np.arange(1, 31))
    assert np.array_equal(line.get_ydata(), law.at(np.arange(1, 31)))
    assert line.get_linestyle() == "--"


def test_law_of_the_mean_of_logs_is_drawn_as_its_exponential(gaussian):
    (line,) = drawn(mc.plot(gaussian, "variance"), "law total_variance mean of log")
    laws = mc.expectations(over_time.experiment_of(gaussian))
    (law,) = [e for e in laws if e.statistic == "mean of log"]
    assert np.allclose(np.log(line.get_ydata()), law.at(line.get_xdata()), rtol=1e-12)


@pytest.mark.parametrize("metric", ["wasserstein2", "kullback_leibler"])
def test_band_and_median_are_quantiles_over_replicates(mixture, metric):
    figure = mc.plot(mixture, "distance")
    values = mc.measure(mixture, metric).values[:, 1:]
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    (line,) = drawn(figure, f"median {metric}")
    assert np.array_equal(line.get_ydata(), middle)
    (band,) = drawn(figure, f"band {metric}")
    x, y = band.get_paths()[0].vertices.T
    for t in range(1, 31):
        assert (y[x == t].min(), y[x == t].max()) == (low[t - 1], high[t - 1])


def test_every_replicate_is_drawn(mixture):
    lines = drawn(mc.plot(mixture, "variance"), "replicate total_variance")
    assert np.array_equal([line.get_ydata() for line in lines], mixture["total_variance"].values)


def test_one_replicate_has_no_band():
    figure = mc.plot(run(n_samples=20, generations=5, replicates=1), "variance")
    assert drawn(figure, "replicate total_variance")
    assert not drawn(figure, "band total_variance")
    assert "replicates" not in texts(figure)


def test_long_results_are_thinned_from_end_to_end():
    dataset = run(n_samples=5, generations=1000, replicates=2, **GAUSSIAN)
    (line, _) = drawn(mc.plot(dataset, "variance"), "replicate total_variance")
    t = line.get_xdata()
    assert len(t) == over_time.POINTS + 1
    assert (t[0], t[-1]) == (0, 1000)
    assert np.array_equal(line.get_ydata(), dataset["total_variance"].sel(replicate=0, generation=t))
    (slow,) = drawn(mc.plot(dataset, "distance"), "median wasserstein2")
    assert len(slow.get_xdata()) == over_time.POINTS


def test_log_axis_where_two_decades_are_spanned(gaussian, mixture):
    assert mc.plot(gaussian, "variance").axes[0].get_yscale() == "log"
    panel = mc.plot(mixture, "variance").axes[0]
    assert panel.get_yscale() == "linear"
    assert panel.get_ylim()[0] == 0.0


def test_weights_are_points_and_never_lines(mixture):
    figure = mc.plot(mixture, "weights")
    (panel,) = figure.axes
    dots = [line for line in panel.lines if line.get_gid() != "truth weight"]
    assert dots
    assert all(line.get_linestyle() == "None" for line in dots)
    assert all(np.array_equal(line.get_ydata(), [0.5, 0.5]) for line in drawn(figure, "truth weight"))
    shown = np.concatenate([line.get_ydata() for line in dots])
    assert np.array_equal(np.sort(shown), np.sort(mixture["weight"].values, axis=None))


def test_densities_are_those_of_the_middle_replicate(mixture):
    figure = mc.plot(mixture, "density")
    finals = mixture["total_variance"].values[:, -1]
    chosen = int(np.flatnonzero(finals == np.sort(finals)[2])[0])  # of six, the lower in the middle
    lines = [line for line in drawn(figure, "model") if line.get_label() == "30"]
    model = mixture.isel(replicate=chosen, generation=-1)
    x, y = lines[0].get_data()
    expected = norm.pdf(x[:, None], model["mean"].values, model["std"].values) @ model["weight"].values
    assert np.allclose(y, expected, rtol=1e-9, atol=1e-12)
    assert len(drawn(figure, "model")) == 5 + 5  # five generations, five others


def test_generations_shown_are_even_and_end_to_end(mixture):
    labels = [text.get_text() for text in mc.plot(mixture, "density").axes[0].get_legend().get_texts()]
    assert set(labels) == {"truth", "1", "7", "15", "22", "30", "30, others"}


def test_a_data_set_is_drawn_as_a_histogram(items):
    figure = mc.plot(items, "density")
    (stairs,) = drawn(figure, "truth")
    height, edges, _ = stairs.get_data()
    assert np.isclose(np.sum(height * np.diff(edges)), 1.0)
    assert (edges[0], edges[-1]) == (1.0, 11.0)
    assert figure.axes[0].get_xlabel() == "wait"
    assert "items.csv, wait (8 items)" in figure.get_suptitle()
    assert len(mc.plot(items, "distance").axes) == 1  # a sample has no density to compare with


def test_points_are_marks_and_the_dead_are_not_drawn(degenerate):
    last = degenerate.isel(generation=-1)
    is_point = (last["weight"].values > 0.0) & (last["std"].values == 0.0)
    expected = sorted(x for row, mask in zip(last["mean"].values, is_point, strict=True)
                      for x in np.unique(row[mask]))  # fmt: skip
    figure = mc.plot(degenerate.isel(generation=[0, -1]), "density")
    assert sorted(mark.get_xdata()[0] for mark in drawn(figure, "point")) == expected
    assert "triangles are points" in figure.axes[0].get_legend().get_title().get_text()


def test_smooth_part_keeps_its_weight_beside_a_point():
    family = mc.Experiment().learner
    parts = {"weight": [0.75, 0.25, 0.0], "mean": [0.0, 1.0, 2.0], "std": [1.0, 0.0, 0.0]}
    model = density.Law(family, family.restore({n: np.array([v]) for n, v in parts.items()}))
    assert density.point_masses(model).tolist() == [1.0]
    x = np.array([0.0, 1.0, 2.0])
    assert np.allclose(density.smooth_density(model, x), [0.75 * norm.pdf(0.0), 0.0, 0.75 * norm.pdf(2.0)])


def test_what_cannot_be_drawn_is_counted(degenerate):
    gone = int((degenerate["total_variance"].values[:, -1] == 0.0).sum())
    assert gone > 0
    heading = mc.plot(degenerate, "variance").axes[0].get_legend().get_title().get_text()
    assert heading == f"exactly 0 for {gone} of 6 replicates at the end"
    heading = mc.plot(degenerate, "distance").axes[1].get_legend().get_title().get_text()
    assert heading == f"infinite for {gone} of 6 replicates at the end"


def test_points_are_infinitely_far_in_the_quantiles(degenerate):
    (line,) = drawn(mc.plot(degenerate, "distance"), "median kullback_leibler")
    part = degenerate.sel(generation=line.get_xdata())
    with np.errstate(all="ignore"):
        values = mc.measure(part, "kullback_leibler").values
    values = np.where(part["total_variance"].values == 0.0, np.inf, values)
    middle = np.sort(values, axis=0)[2:4].sum(axis=0) / 2.0
    assert np.isinf(middle).any()
    assert np.isfinite(middle[np.isinf(values).any(axis=0)]).any()
    assert np.allclose(line.get_ydata(), np.where(np.isinf(middle), np.nan, middle), equal_nan=True)


def test_the_title_says_what_was_run():
    workflow = {"kind": "mix", "real": 0.1, "kept": 0.2, "real_source": "fixed"}
    learner = {"family": "mixture", "components": 2, "reg_covar": 1e-3}
    figure = mc.plot(
        run(n_samples=1000, generations=2, replicates=3, seed=7, workflow=workflow, learner=learner)
    )
    said = figure.get_suptitle()
    for part in ("mixture of 2 Gaussians", "mixture of 2 (EM)", "N = 1,000", "3 replicates", "seed 7",
                 "real 0.1, synthetic 0.7, kept 0.2", "fixed real items"):  # fmt: skip
        assert part in said
    assert "reg_covar = 0.001" in figure.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_hold_the_hash_of_the_result_and_nothing_of_the_day(mixture, suffix, tmp_path):
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    mc.plot(mixture, "variance", one)
    mc.plot(mixture, "variance", two)
    assert one.read_bytes() == two.read_bytes()
    sha = digest(mixture)
    if suffix == ".png":
        with Image.open(one) as image:
            assert sha in image.info["Description"]
    else:
        assert sha.encode() in one.read_bytes()
        assert b"CreationDate" not in one.read_bytes()
        assert b"<dc:date>" not in one.read_bytes()


def test_probabilities_are_those_of_the_middle_replicate(few):
    figure = mc.plot(few, "density")
    last = few["probability"].values[:, -1]
    h = 1.0 - (last**2).sum(axis=1)
    chosen = int(np.flatnonzero(h == np.sort(h)[2])[0])
    (line,) = drawn(figure, "model")
    expected = np.where(last[chosen] > 0.0, last[chosen], np.nan)
    assert np.array_equal(line.get_ydata(), expected, equal_nan=True)
    (others,) = drawn(figure, "others")
    assert np.nansum(others.get_ydata()) == pytest.approx(5.0, rel=1e-12)
    (truth,) = drawn(figure, "truth")
    bars = [path.vertices[0, 1] for path in truth.get_paths()]
    assert bars == pytest.approx([0.4, 0.3, 0.0, 0.2, 0.1], rel=1e-14)
    assert "of 4 categories" in figure.axes[0].get_legend().get_title().get_text()


def test_many_categories_are_drawn_by_rank(many):
    (panel,) = mc.plot(many, "density").axes
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")
    (truth,) = [line for line in panel.lines if line.get_gid() == "truth"]
    assert np.array_equal(truth.get_xdata(), np.arange(1, 301))
    assert (np.diff(truth.get_ydata()) <= 0).all()


def test_the_distance_of_categories_is_one_that_is_finite(few, many):
    """Where most replicates have lost a category, the divergence is infinite: total variation then."""
    for dataset, finite in ((few.isel(generation=slice(0, 3)), True), (many, False)):
        figure = mc.plot(dataset)
        assert bool(drawn(figure, "median kullback_leibler")) is finite
        assert bool(drawn(figure, "median total_variation")) is not finite
        assert drawn(figure, "law heterozygosity mean")
        assert drawn(figure, "median categories_alive")


def test_what_is_wrong_is_refused_before_any_work(mixture, gaussian, tmp_path):
    with pytest.raises(ValueError, match="overview, density, variance, weights, distance"):
        mc.plot(mixture, "histogram")
    for name in ("figure.jpg", "figure"):
        with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf"):
            mc.plot(mixture, path=tmp_path / name)
    with pytest.raises(ValueError, match="no components"):
        mc.plot(gaussian, "weights", tmp_path / "figure.png")
    with pytest.raises(ValueError, match="no model"):
        mc.plot(mixture.isel(generation=[0]))
    assert not list(tmp_path.iterdir())


def test_colours_are_those_of_okabe_and_ito(mixture):
    palette = {
        c.lower() for c in ("#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7")
    }
    for kind in plots.KINDS:
        for panel in mc.plot(mixture, kind).axes:
            assert {to_hex(line.get_color()) for line in panel.lines} <= palette
    looks = {(str(look.dash), look.width) for look in density.LOOKS}
    assert len(looks) == len(density.LOOKS)  # without colours, too


def test_plotting_changes_nothing_outside(tmp_path):
    code = (
        "import sys, matplotlib, modelcollapse as mc\n"
        "settings = lambda: {k: matplotlib.rcParams[k] for k in matplotlib.rcParams if k != 'backend'}\n"
        "before = settings()  # to ask for the backend imports pyplot\n"
        "dataset = mc.run(mc.Experiment(n_samples=20, generations=2, replicates=2), threads=1)\n"
        "mc.plot(dataset, 'variance', 'figure.svg')\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "figure.svg").exists()


def test_names_with_dollar_signs_are_no_formulas(tmp_path):
    (tmp_path / "a$b$.csv").write_text("cost $x_^$\n1\n2\n4\n")
    truth = {"family": "data", "path": str(tmp_path / "a$b$.csv"), "column": "cost $x_^$"}
    dataset = run(n_samples=10, generations=3, replicates=2, truth=truth, learner={"family": "gaussian"})
    mc.plot(dataset, "density", tmp_path / "figure.png")
    mc.plot(dataset, "distance", tmp_path / "figure.png")


def test_long_titles_break_between_their_parts():
    text = style.joined(["a" * 10, "b" * 10, "c" * 10], 25)
    assert text == "a" * 10 + " · " + "b" * 10 + "\n" + "c" * 10
