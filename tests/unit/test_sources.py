"""Sources: laws and data sets, drawn from and asked for their distribution."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, ndtri

from modelcollapse.families.categorical import Categorical, CategoricalParams
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.sources import DataSet, Law
from modelcollapse.streams import generators

VALUES = np.array([3.0, -1.0, 3.0, 0.5, 8.0])
SOURCES = {
    "gaussian": Law(Gaussian(), GaussianParams(np.array([1.0]), np.array([2.0]))),
    "mixture": Law(
        Mixture(),
        MixtureParams(np.array([[0.3, 0.7]]), np.array([[-1.0, 2.0]]), np.array([[0.5, 1.0]])),
    ),
    "data": DataSet(VALUES),
}
every_source = pytest.mark.parametrize("name", SOURCES)


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


@every_source
def test_sizes_are_one_number_or_one_a_replicate(name):
    source = SOURCES[name]
    assert source.sample(10, streams(3)).shape == (3, 10)
    assert source.sample(0, streams(3)).shape == (3, 0)
    ragged = source.sample(np.array([2, 0, 9]), streams(3))
    assert ragged.shape == (3, 9)
    alone = source.sample(9, streams(3)[2:])
    assert np.array_equal(alone[0], ragged[2])


def test_categories_are_drawn_by_any_size():
    law = Law(Categorical().of(4), CategoricalParams(np.array([[0.1, 0.2, 0.3, 0.4]])))
    assert law.sample(0, streams(3)).shape == (3, 0)
    ragged = law.sample(np.array([2, 0, 9]), streams(3))
    assert ragged.shape == (3, 9)
    assert np.array_equal(law.sample(9, streams(3)[2:])[0], ragged[2])
    assert (law.items, SOURCES["data"].items) == ("categories", "real numbers")


@every_source
def test_replicates_draw_different_items(name):
    x = SOURCES[name].sample(20, streams(3))
    assert not np.array_equal(x[0], x[1])
    assert not np.array_equal(x[0], x[2])


@every_source
def test_moments_are_those_of_samples(name):
    source = SOURCES[name]
    mean, variance = source.moments()
    x = source.sample(40_000, streams(1))[0]
    assert abs(x.mean() - mean[0]) < 4 * np.sqrt(variance[0] / len(x))
    spread = np.std((x - mean[0]) ** 2) / np.sqrt(len(x))
    assert abs(np.mean((x - mean[0]) ** 2) - variance[0]) < 4 * spread


@every_source
def test_quantiles_are_those_of_samples(name):
    source = SOURCES[name]
    score = np.linspace(-2.0, 2.0, 9) + 0.01  # no step of the data set lies there
    quantile = source.quantile(score[None]).reshape(-1)
    x = source.sample(40_000, streams(1))[0]
    below, reached = (x[:, None] < quantile).mean(axis=0), (x[:, None] <= quantile).mean(axis=0)
    error = 4 * np.sqrt(ndtr(score) * ndtr(-score) / len(x))
    assert (below <= ndtr(score) + error).all()
    assert (reached >= ndtr(score) - error).all()


def test_a_law_is_its_family_with_parameters():
    source = SOURCES["mixture"]
    x = source.family.sample(source.params, 30, streams(2))
    assert np.array_equal(source.sample(30, streams(2)), x)
    assert source.moments() == source.family.moments(source.params)


def test_data_are_drawn_with_replacement_each_item_equally_likely():
    source = DataSet(np.arange(10.0))
    counts = np.bincount(source.sample(50_000, streams(1))[0].astype(int), minlength=10)
    assert counts.sum() == 50_000
    assert stats.chisquare(counts).pvalue > 1e-4
    assert len(np.unique(source.sample(10, streams(1)))) < 10


def test_moments_of_data_divide_by_n():
    mean, variance = SOURCES["data"].moments()
    assert (mean.shape, variance.shape) == ((1,), (1,))
    assert mean[0] == pytest.approx(VALUES.mean(), rel=1e-15)
    assert variance[0] == pytest.approx(VALUES.var(ddof=0), rel=1e-15)


@pytest.mark.parametrize("offset", [1e8, -1e8])
def test_moments_of_data_far_from_zero(offset):
    values = offset + np.random.default_rng(0).normal(size=1000)
    mean, variance = DataSet(values).moments()
    near = values - offset
    assert mean[0] - offset == pytest.approx(near.mean(), abs=2e-8)  # two roundings of 1e8
    assert variance[0] == pytest.approx(near.var(), rel=1e-6)


@pytest.mark.parametrize("n", [2, 3, 7, 1000])
def test_quantiles_of_data_are_order_statistics(n):
    """At probability i/n exactly it is the i-th item, a little above it the next one."""
    source = DataSet(np.random.default_rng(n).permutation(n).astype(float))
    i = np.arange(1, n)
    assert source.quantile(ndtri(i / n)).tolist() == (i - 1.0).tolist()
    assert source.quantile(ndtri((i + 0.01) / n)).tolist() == i.tolist()
    assert source.quantile(np.array([-40.0, 40.0])).tolist() == [0.0, n - 1.0]


def test_data_sets_are_equal_if_their_values_are_in_order():
    assert DataSet(VALUES) == DataSet(VALUES.copy())
    assert hash(DataSet(VALUES)) == hash(DataSet(VALUES.copy()))
    assert DataSet(VALUES) != DataSet(VALUES[::-1].copy())
    assert DataSet(VALUES) != VALUES.tolist()
