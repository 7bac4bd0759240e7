"""The four verbs, over every engine that is registered.

A new engine adds a view to `VIEWS`: how to see one replicate's training set as items with counts.
"""

import math
from collections import Counter

import numpy as np
import pytest

from modelcollapse.engines import ENGINES
from modelcollapse.engines.exact import Items
from modelcollapse.engines.grouped import Counts
from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import Categorical, CategoricalParams
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.grids import categories
from modelcollapse.sources import DataSet, Law
from modelcollapse.streams import generators


def middles(data, r):
    """The middles of bins, or the numbers of categories, each as often as it is counted."""
    grid, bins = data.grid, int(data.grid.bins[r])
    assert not data.count[r, bins:].any()
    number = grid.first[r] + np.arange(bins)
    items = (number + 0.5) * 2.0 ** grid.exponent[r] if grid.rounded else number
    return np.repeat(items, data.count[r, :bins])


VIEWS = {"exact": lambda data, r: np.sort(data.x[r, : data.size[r]]), "grouped": middles}
"""The items of replicate r of an engine's data, in order."""
LAW = Law(
    Mixture(),
    MixtureParams(np.array([[0.5, 0.5]]), np.array([[-2.0, 2.0]]), np.array([[1.0, 1.0]])),
)
RAGGED = np.array([40, 7, 25])
NO_ITEMS = {"diffusion"}
"""Engines that hold no items: their contract is in a test file of their own."""
every_engine = pytest.mark.parametrize("name", [name for name in ENGINES if name not in NO_ITEMS])


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def engine_of(name, family=None):
    return ENGINES[name](family or Mixture())


def rows(name, data, count=3):
    return [VIEWS[name](data, r).tolist() for r in range(count)]


def test_every_engine_has_a_view():
    assert set(VIEWS) == set(ENGINES) - NO_ITEMS


@every_engine
@pytest.mark.parametrize("size", [30, RAGGED], ids=["even", "ragged"])
def test_draws_have_the_sizes_asked_for(name, size):
    data = engine_of(name).draw(LAW, size, streams(3))
    assert [len(row) for row in rows(name, data)] == np.broadcast_to(size, 3).tolist()


@every_engine
@pytest.mark.parametrize("size", [30, RAGGED], ids=["even", "ragged"])
def test_pick_all_is_all(name, size):
    engine = engine_of(name)
    data = engine.draw(LAW, size, streams(3))
    assert rows(name, engine.pick(data, size, streams(3, seed=1))) == rows(name, data)


@every_engine
def test_pick_takes_no_item_twice(name):
    engine = engine_of(name)
    data = engine.draw(LAW, RAGGED, streams(3))
    size = np.array([39, 0, 12])
    picked = rows(name, engine.pick(data, size, streams(3, seed=1)))
    assert [len(row) for row in picked] == size.tolist()
    for mine, all_of_it in zip(picked, rows(name, data), strict=True):
        assert not Counter(mine) - Counter(all_of_it)
        if name == "exact":
            assert len(set(mine)) == len(mine)  # the items of a density are all different


@every_engine
def test_pick_of_ties_takes_no_more_of_a_value_than_there_are(name):
    engine = engine_of(name)
    data = engine.draw(DataSet(np.array([1.0, 1.0, 1.0, 2.0])), 40, streams(3))
    picked = rows(name, engine.pick(data, 37, streams(3, seed=1)))
    for mine, all_of_it in zip(picked, rows(name, data), strict=True):
        if name == "exact":
            assert set(all_of_it) == {1.0, 2.0}
        for value in set(mine) | set(all_of_it):
            assert 0 <= all_of_it.count(value) - mine.count(value) <= 3


@every_engine
@pytest.mark.parametrize("m", [1, 3, 9])
def test_each_item_is_picked_as_often_as_any_other_and_so_is_each_pair(name, m):
    """4,000 replicates of the same ten items: counts within 4.5 standard errors, 55 of them."""
    engine, count = engine_of(name), 4_000
    ten = DataSet(np.arange(10.0))
    one = engine.draw(ten, 2_000, streams(1))
    drawn, known = VIEWS[name](one, 0), one.grid.width()[0] / 2 if name == "grouped" else 0.0
    assert set(np.round(drawn)) == set(range(10))
    assert np.abs(drawn - np.round(drawn)).max() == known < 0.05  # whole numbers are edges of bins
    data = items(name, np.tile(np.arange(10.0), (count, 1)))
    picked = engine.pick(data, m, streams(count, seed=2))
    taken = np.array([np.isin(np.arange(10), VIEWS[name](picked, r)) for r in range(count)])
    p = m / 10
    z = (taken.sum(axis=0) - count * p) / np.sqrt(count * p * (1 - p))
    assert np.abs(z).max() < 4.5
    both = (taken.T.astype(int) @ taken)[np.triu_indices(10, 1)]
    pair = m * (m - 1) / 90
    if pair == 0.0:
        assert not both.any()
    else:
        assert (np.abs(both - count * pair) < 4.5 * np.sqrt(count * pair * (1 - pair))).all()


def items(name, values):
    """An engine's data with just these items."""
    if name == "exact":
        return Items(values, np.full(len(values), values.shape[1]))
    if name == "grouped":  # whole numbers from 0 on
        counts = np.array([np.bincount(row.astype(int)) for row in values])
        grid = categories(counts.shape[1]).repeated(len(values))
        return Counts(counts, grid, np.zeros(len(values)), True, streams(len(values)))
    raise AssertionError(f"say how engine {name!r} holds items")


@every_engine
def test_picks_do_not_depend_on_the_batch(name):
    engine = engine_of(name)
    data = engine.draw(LAW, 40, streams(3))
    batch = rows(name, engine.pick(data, 11, streams(3, seed=1)))
    for r in range(3):
        alone = engine.draw(LAW, 40, streams(3)[r : r + 1])
        picked = engine.pick(alone, 11, streams(3, seed=1)[r : r + 1])
        assert VIEWS[name](picked, 0).tolist() == batch[r]


@every_engine
@pytest.mark.parametrize("source", ["one law", "a law each", "data"])
def test_draws_do_not_depend_on_the_batch(name, source):
    """Whatever sizes the others have: nothing of a replicate may come from the largest."""
    engine, sizes = engine_of(name), np.array([4_000, 7, 60])
    params = MixtureParams(*(np.repeat(part, 3, axis=0) for part in LAW.params))
    each = [Law(Mixture(), MixtureParams(*(part[r : r + 1] for part in params))) for r in range(3)]
    whole = {"one law": LAW, "a law each": Law(Mixture(), params), "data": DataSet(np.arange(10.0))}[source]
    batch = rows(name, engine.draw(whole, sizes, streams(3)))
    for r in range(3):
        own = each[r] if source == "a law each" else whole
        for size in (int(sizes[r]), sizes[r : r + 1]):
            assert rows(name, engine.draw(own, size, streams(3)[r : r + 1]), 1) == batch[r : r + 1]


@every_engine
def test_merge_puts_items_together(name):
    engine = engine_of(name)
    parts = [
        engine.draw(LAW, size, streams(3, seed))
        for seed, size in enumerate([5, RAGGED, np.array([0, 3, 0]), 0])
    ]
    merged = rows(name, engine.merge(*parts))
    for r in range(3):
        assert merged[r] == sorted(item for part in parts for item in rows(name, part)[r])
    assert [len(row) for row in merged] == [45, 15, 30]


@every_engine
def test_merge_of_one_part_is_that_part(name):
    engine = engine_of(name)
    for size in (12, RAGGED):
        data = engine.draw(LAW, size, streams(3))
        assert rows(name, engine.merge(data)) == rows(name, data)


@every_engine
@pytest.mark.parametrize("family", [Gaussian(), Mixture()], ids=["gaussian", "mixture"])
def test_fits_of_merged_data_follow_their_sizes(name, family):
    """A ragged batch is fitted as its replicates are one by one, but for the variance of a bin's middle."""
    engine = engine_of(name, family)
    data = engine.merge(engine.draw(LAW, RAGGED, streams(3)), engine.draw(LAW, 30, streams(3, seed=1)))
    start = LAW.params if isinstance(family, Mixture) else None
    batch = engine.fit(data, start, streams(3, seed=2))
    mean, variance = family.moments(batch.params)
    for r in range(3):
        own = VIEWS[name](data, r)
        assert len(own) == RAGGED[r] + 30
        assert mean[r] == pytest.approx(own.mean(), rel=1e-10)
        rounding = data.grid.width()[r] ** 2 / 12 if name == "grouped" else 0.0
        assert variance[r] + rounding == pytest.approx(own.var(), rel=1e-10)


@every_engine
def test_the_model_is_a_source_of_the_same_family(name):
    family = Gaussian()
    params = GaussianParams(np.array([0.0, 100.0]), np.array([1.0, 1.0]))
    model = engine_of(name, family).model(params)
    assert model == Law(family, params)
    x = engine_of(name, family).draw(model, 200, streams(2))
    assert abs(VIEWS[name](x, 0).mean()) < 1
    assert abs(VIEWS[name](x, 1).mean() - 100) < 1


@every_engine
def test_what_an_engine_needs_and_refuses_is_known_before_any_work(name):
    engine = engine_of(name)
    assert engine.refuses(Experiment(engine=name)) == []
    assert 0 < engine.cost(100).memory <= engine.cost(10_000).memory
    assert 0 < engine.cost(100).seconds <= engine.cost(10_000).seconds
    assert math.isfinite(engine.cost(2**53).memory)


def test_the_exact_engine_keeps_the_kind_of_its_items():
    """Numbers of categories stay whole numbers when they are picked and merged, even and ragged."""
    family = Categorical().of(3)
    law = Law(family, CategoricalParams(np.array([[0.2, 0.3, 0.5]])))
    engine = engine_of("exact", family)
    for size, fewer in ((30, 10), (RAGGED, np.array([3, 7, 0]))):
        data = engine.draw(law, size, streams(3))
        picked = engine.pick(data, fewer, streams(3))
        merged = engine.merge(data, picked)
        assert {part.x.dtype for part in (data, picked, merged)} == {np.dtype(np.int64)}
        fitted = engine.fit(merged, None, streams(3)).params.probability
        for r in range(3):
            counts = np.bincount(VIEWS["exact"](merged, r), minlength=3)
            assert fitted[r].tolist() == (counts / counts.sum()).tolist()


def test_the_exact_engine_estimates_its_memory():
    """The items of the current and the next training set at least."""
    assert engine_of("exact").cost(1_000).memory >= 2 * 8 * 1_000
