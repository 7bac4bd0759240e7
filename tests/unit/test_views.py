"""A study looked at: its cells are results, metrics lie in their cells, times are first passages."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from stacking import stacked, study_of

import modelcollapse as mc
from modelcollapse.metrics import METRICS
from modelcollapse.results import BOOKKEEPING
from modelcollapse.studies.cells import Cells, axes_of, cell, is_study
from modelcollapse.studies.quantities import bands, factor, quantities
from modelcollapse.studies.views import expected, first_at_most, half_time, measure_study
from modelcollapse.summary import summary

GAUSSIAN = """
[truth]
family = "gaussian"
mean = 1.0
std = 2.0

[learner]
family = "gaussian"
"""
SIZES = """
n_samples = 30
generations = 12
replicates = 3
save = {every = 3}
[sweep]
"learner.components" = [1, 2, 3]
"workflow.real" = [0.0, 0.2]
"""


@pytest.fixture(scope="module")
def study():
    return study_of(SIZES)


@pytest.fixture(scope="module")
def dataset(study):
    """Cells with one, two and three components."""
    return stacked(study)


def same(found, made):
    """Equal to the bit, with types, labels and attributes."""
    xr.testing.assert_identical(found, made)
    for name in made.variables:
        assert found[name].dtype == made[name].dtype


def test_a_cell_is_the_result_of_its_recipe(study, dataset):
    for index in np.ndindex(study.shape):
        same(cell(dataset, index), mc.run(study.cell(index), threads=1))


@pytest.mark.parametrize(
    "text",
    [
        'n_samples = 20\ngenerations = 3\nreplicates = 2\nengine = "auto"\n[truth]\nfamily = "categorical"\n'
        'zipf = {categories = 4, exponent = 1.0}\n[learner]\nfamily = "categorical"\n'
        '[sweep]\n"truth.zipf.categories" = [5, 3]',
        'n_samples = 20\ngenerations = 3\nreplicates = 2\n[learner]\nfamily = "kde"\nbandwidth = 0.1\n'
        '[sweep]\n"learner.bandwidth" = [0.1, 0.3]\n"workflow.kind" = ["mix", "accumulate"]',
        'n_samples = 20\ngenerations = 3\nreplicates = 2\n[truth]\nfamily = "gaussian-nd"\ndimension = 2\n'
        '[learner]\nfamily = "mixture-nd"\n[sweep]\n"truth.dimension" = [1, 3]\nlearner.components = [2, 3]',
        "n_samples = 20\ngenerations = 3\nreplicates = 2\n[sweep]\nmix = {simplex = 0.5}\nseed = [3, 4]",
    ],
)
def test_cells_of_other_families_too(text):
    """Categories and dimensions are as many as the cell has, and auto is what it takes."""
    study = study_of(text)
    dataset = stacked(study)
    for index in np.ndindex(study.shape):
        same(cell(dataset, index), mc.run(study.cell(index), threads=1))


def test_what_the_truths_file_held_is_in_every_cell(tmp_path):
    (tmp_path / "x.csv").write_text("x\n1\n2\n4\n8\n")
    text = "n_samples = 9\ngenerations = 2\nreplicates = 2\n"
    text += f'[truth]\nfamily = "data"\npath = "{tmp_path}/x.csv"\n'
    study = study_of(text + '[learner]\nfamily = "gaussian"\n[sweep]\nn_samples = [9, 30]')
    dataset = stacked(study)
    (tmp_path / "x.csv").unlink()
    made = cell(dataset, (1,))
    assert made["truth_value"].values.tolist() == [1.0, 2.0, 4.0, 8.0]
    same(made, mc.replay(made))
    assert measure_study(dataset, "total_variance", [0]).values == pytest.approx(np.full((2, 2, 1), 7.1875))


def test_a_swept_and_loaded_study_has_the_same_cells(study, tmp_path):
    with ThreadPoolExecutor(1) as executor:
        mc.sweep(study, tmp_path / "study.zarr", executor=executor)
    dataset = mc.load(tmp_path / "study.zarr")
    for index in np.ndindex(study.shape):
        same(cell(dataset, index), mc.run(study.cell(index), threads=1))


def test_only_replicates_that_are_done_are_in_a_cell(study):
    done = np.ones((*study.shape, 3), dtype=bool)
    done[1, 0], done[2, 1] = False, [True, False, True]
    dataset = stacked(study, done)
    part = cell(dataset, (2, 1))
    whole = mc.run(study.cell((2, 1)), threads=1)
    assert part["replicate"].values.tolist() == [0, 2]
    assert '"replicates": 2' in part.attrs["recipe"]
    for name in whole.data_vars:
        assert np.array_equal(part[name].values, whole[name].values[[0, 2]], equal_nan=True)
    assert "2 replicates" in summary(part)
    with pytest.raises(ValueError, match="none of the replicates"):
        cell(dataset, (1, 0))


def test_whole_numbers_stay_whole_where_a_reader_made_them_floats(study, dataset):
    """xarray turns integers into floats where it masks fill values."""
    floats = dataset.assign({name: dataset[name].astype(float) for name in BOOKKEEPING})
    same(cell(floats, (2, 0)), mc.run(study.cell((2, 0)), threads=1))


def test_parts_of_a_study_know_their_cells(study, dataset):
    part = dataset.isel(real=[1]).sel(components=[3, 1]).transpose("real", "components", ...)
    assert axes_of(part) == ["real", "components"]
    same(cell(part, (0, 1)), mc.run(study.cell((0, 1)), threads=1))
    one = dataset.sel(components=2, real=0.2)
    assert is_study(one)
    assert axes_of(one) == []
    same(cell(one), mc.run(study.cell((1, 1)), threads=1))
    few = dataset.isel(replicate=[1], generation=slice(1, 3))
    assert cell(few, (0, 0))["total_mean"].values == pytest.approx(
        dataset["total_mean"].values[0, 0, 1:2, 1:3], rel=1e-15
    )
    with pytest.raises(ValueError, match="axis real: the coordinates"):
        axes_of(dataset.isel(real=0, drop=True))
    with pytest.raises(ValueError, match=r"components \(3\), real \(2\)"):
        cell(dataset, (0,))
    with pytest.raises(ValueError, match=r"index = \(3, 0\)"):
        cell(dataset, (3, 0))
    with pytest.raises(ValueError, match="one recipe"):
        axes_of(mc.run(study.cell((0, 0)), threads=1))


def test_points_that_are_set_together_are_known_by_all_that_lies_along_them():
    study = study_of(
        "generations = 2\nreplicates = 1\n[sweep]\n"
        'both = {zip = [{n_samples = 9, "workflow.real" = 0.0}, {n_samples = 9, "workflow.real" = 0.5}]}'
    )
    dataset = stacked(study)
    same(cell(dataset.isel(both=1)), mc.run(study.cell((1,)), threads=1))
    same(cell(dataset.isel(both=[1, 0]), (0,)), mc.run(study.cell((1,)), threads=1))


def test_metrics_lie_in_their_cells(study):
    done = np.ones((*study.shape, 3), dtype=bool)
    done[0, 1, 2] = False
    dataset = stacked(study, done)
    found = measure_study(dataset, "weight_heterozygosity", [0, 12])
    assert found.dims == ("components", "real", "replicate", "generation")
    assert found.sel(components=2)["generation"].values.tolist() == [0, 12]
    whole = mc.measure(dataset, "total_variance")
    for index in np.ndindex(study.shape):
        made = mc.run(study.cell(index), threads=1)
        expected_values = mc.measure(made, "total_variance").values
        expected_values[~done[index]] = np.nan
        assert np.array_equal(whole.values[index], expected_values, equal_nan=True)
    for name in ("heterozygosity", "nothing"):
        with pytest.raises(ValueError, match=r"must be one of total_variance, component_variance"):
            measure_study(dataset, name)
    with pytest.raises(ValueError, match="generation 5 was not saved"):
        measure_study(dataset, "total_variance", [5])


def test_a_metric_that_does_not_apply_in_a_cell_is_nan_there():
    study = study_of(
        "n_samples = 20\ngenerations = 2\nreplicates = 2\n[sweep]\n"
        'learner = {zip = [{"learner.family" = "gaussian"}, {"learner.family" = "empirical"}]}'
    )
    try:
        dataset = stacked(study)
    except mc.RecipeError:  # keys of the default learner stay where a family is swept without them
        pytest.skip("families are not swept so")
    found = measure_study(dataset, "kullback_leibler").values
    assert np.isfinite(found[0, :, 1:]).all()
    assert np.isnan(found[1]).all()


@pytest.fixture(scope="module")
def by_hand():
    """One Gaussian of variance 4; its variances are then written by hand, ``(N, replicate, generation)``."""
    text = (
        "generations = 6\nreplicates = 4\nsave = {every = 2}\n" + GAUSSIAN + "[sweep]\nn_samples = [50, 60]"
    )
    dataset = stacked(study_of(text), done=[[1, 1, 1, 1], [1, 0, 1, 1]])
    variance = np.array([
        [[4, 3, 2.01, 1.99], [4, 1.99, 3, 1], [4, 3, 3, 3], [4, 0.0, 0.0, 0.0]],
        [[4, 9, 9, 1.99], [4, 0, 0, 0], [4, 2.1, 2.1, 2.1], [4, 1, 9, 9]],
    ])  # fmt: skip
    dataset["std"].values[:] = np.sqrt(variance)
    dataset["std"].values[1, 1] = np.nan
    return dataset


def test_half_times_are_first_passages(by_hand):
    """Infinite is never, NaN is not done; what comes back counts all the same."""
    found = half_time(by_hand, "total_variance")
    assert found.dims == ("n_samples", "replicate")
    inf = np.inf
    assert np.array_equal(found.values, [[6, 2, inf, 2], [6, np.nan, inf, 2]], equal_nan=True)
    of_distance = half_time(by_hand, "wasserstein2")  # half of nothing
    assert np.isnan(of_distance.values).all()
    at_the_start = half_time(by_hand.isel(generation=[0, 1]), "total_variance")
    assert np.array_equal(at_the_start.values, [[inf, 2, inf, 2], [inf, np.nan, inf, 2]], equal_nan=True)


def test_at_most_half_is_half():
    """Equality counts, NaN is never below, and without a limit above 0 there is no time."""
    values = np.array([[3.0, 2.0, 1.0], [np.nan, 2.5, np.nan], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    found = first_at_most(values, np.array([2.0, 2.0, 0.0, np.nan]), np.array([1, 5, 25]))
    assert np.array_equal(found, [5.0, np.inf, np.nan, np.nan], equal_nan=True)


def test_quantiles_are_members_of_the_sample_and_medians_between_two():
    low, middle, high = bands(np.array([[3, np.inf, 1, np.nan], [np.inf, np.inf, 5, 7], [np.nan] * 4]))
    assert np.array_equal(low, [1, 5, np.nan], equal_nan=True)
    assert np.array_equal(middle, [3, np.inf, np.nan], equal_nan=True)
    assert np.array_equal(high, [np.inf, np.inf, np.nan], equal_nan=True)


def test_laws_lie_in_their_cells():
    text = "generations = 40\nreplicates = 1\n" + GAUSSIAN
    dataset = stacked(study_of(text + '[sweep]\nn_samples = [20, 50]\n"workflow.real" = [0.0, 0.5]'), done=0)
    law = expected(dataset, "total_variance", 40)
    n = np.array([20.0, 50.0])
    assert law.values[:, 0] == pytest.approx(4.0 * (1.0 - 1.0 / n) ** 40, rel=1e-12)
    assert (law.values[:, 1] > 3.7).all()
    distance = expected(dataset, "wasserstein2", 40).values
    assert np.isfinite(distance[:, 0]).all()
    assert np.isnan(distance[:, 1]).all()
    typical = expected(dataset, "total_variance", 40, "mean of log").values
    assert (typical[:, 0] < law.values[:, 0]).all()
    assert np.isnan(typical[:, 1]).all()


def test_which_quantities_a_study_has(dataset, by_hand):
    found = {q.name: q for q in quantities(Cells.of(by_hand))}
    assert list(found) == ["final total_variance", "final wasserstein2", "time total_variance"]
    ratio = found["final total_variance"]
    assert ratio.low == pytest.approx([0.0, 1.99 / 4.0])
    assert ratio.middle == pytest.approx([(1.0 + 1.99) / 8.0, 2.1 / 4.0])  # of four: between two
    assert ratio.high == pytest.approx([3.0 / 4.0, 9.0 / 4.0])
    time = found["time total_variance"]
    assert time.middle.tolist() == [4, 6]
    assert time.high.tolist() == [np.inf, np.inf]
    assert factor(time).middle.tolist() == [np.inf, np.inf]
    assert time.law.tolist() == [np.inf, np.inf]  # (1 - 1/n)^6 is above a half
    assert time.law_label == ratio.law_label == "typical replicate"
    assert time.reach == pytest.approx(
        2.0 * expected(by_hand, "total_variance", 6, "mean of log").values / 4.0
    )
    two = dataset.sel(components=[2])
    assert [q.name for q in quantities(Cells.of(two))][-1] == "time component_variance"
    assert [q.name for q in quantities(Cells.of(dataset))][
        -1
    ] == "time total_variance"  # of 1 and 3 no truth's


def test_the_factor_is_of_the_slowest_by_the_fastest(by_hand):
    """The times 6 and 2 of two replicates, 3 times as long; what never comes has no factor."""
    (time,) = (q for q in quantities(Cells.of(by_hand.isel(replicate=[0, 3]))) if q.kind == "time")
    assert (time.low.tolist(), time.high.tolist()) == ([2, 2], [6, 6])
    assert factor(time).middle.tolist() == [3, 3]


def test_the_crossing_of_a_law_is_the_formulas():
    text = "n_samples = 20\ngenerations = 60\nreplicates = 1\n[sweep]\n" + '"workflow.real" = [0.0, 0.5]'
    *_, time = quantities(Cells.of(stacked(study_of(GAUSSIAN_IN_MIX.format(text)), done=0)))
    assert time.law.tolist() == [np.ceil(np.log(0.5) / np.log(1.0 - 1.0 / 20.0)), np.inf]
    assert time.reach[0] == pytest.approx(2.0 * 0.95**60)


GAUSSIAN_IN_MIX = (
    "{}" + '\n[truth]\nfamily = "gaussian"\nmean = 0.0\nstd = 1.0\n[learner]\nfamily = "gaussian"'
)


def test_every_metric_that_applies_can_be_measured(dataset):
    for name, metric in METRICS.items():
        experiment = Cells.of(dataset).experiment((1, 0))
        if metric.applies(experiment.learner, experiment.source):
            assert np.isfinite(measure_study(dataset, name, [12]).sel(components=2).values).all()
