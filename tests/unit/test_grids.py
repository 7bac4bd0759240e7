"""Grids and the kernels that count on them, beside twins in plain NumPy."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm

from modelcollapse import grids
from modelcollapse.grids import MOST_BINS, Grid, Resolution
from modelcollapse.kernels import grids as kernels
from modelcollapse.streams import generators

MIXTURES = {
    "one": ([1.0], [0.3], [1.7]),
    "two": ([0.4, 0.6], [-1.0, 1.5], [0.8, 1.2]),
    "far from zero": ([0.5, 0.5], [1e6, 1e6 + 3.0], [1.0, 0.5]),
    "below zero": ([0.2, 0.8], [-1e3, -990.0], [1.0, 2.0]),
    "narrow": ([0.4, 0.6], [-1e-9, 1.5e-9], [1e-9, 2e-9]),
    "one dead": ([0.4, 0.6, 0.0], [-1.0, 1.5, 1e6], [0.8, 1.2, 1e-3]),
    "a point": ([0.3, 0.5, 0.2], [-1.0, 0.25, 2.0], [1.0, 0.0, 1.0]),
    "too wide": ([0.5, 0.5], [0.0, 5.0], [1.0, 1e-5]),
}
every_mixture = pytest.mark.parametrize("name", MIXTURES)
FINE = Resolution(6.0, np.array([6.0]))


def parts_of(name):
    return tuple(np.array([part], dtype=float) for part in MIXTURES[name])


def edges(grid, r=0):
    """The edges of a replicate's bins; the outermost ones are open."""
    return (grid.first[r] + np.arange(grid.bins[r] + 1)) * 2.0 ** grid.exponent[r]


def one(exponent, first, bins):
    return Grid(*(np.array([value]) for value in (exponent, first, bins)))


def number(x, grid, r=0):
    """In which bin items fall, counted from the grid's first, the ends being open."""
    at = np.floor(np.asarray(x) / 2.0 ** grid.exponent[r]).astype(np.int64) - grid.first[r]
    return np.clip(at, 0, grid.bins[r] - 1)


def counted(x, grid, r=0):
    return np.bincount(number(x, grid, r), minlength=int(grid.bins[r]))


# which bins


def plain_grid(w, m, s, reach, parts):
    """The twin of `choose_grids`: exponent, first bin, bins."""
    m, s = m[w > 0], s[w > 0]
    low, high = (m - reach * s).min(), (m + reach * s).max()
    exponent = int(np.floor(np.log2(max(abs(low), abs(high), 1e-290)))) - kernels.PRECISION
    if (s > 0).any():
        exponent = max(exponent, int(np.floor(np.log2(s[s > 0].min() / parts))))
    while (high - low) / 2.0**exponent > MOST_BINS - 2:
        exponent += 1
    first = int(np.floor(low / 2.0**exponent))
    return exponent, first, int(np.floor(high / 2.0**exponent)) - first + 1


@every_mixture
@pytest.mark.parametrize("parts", [0.5, 6.0, 8.0])
@pytest.mark.parametrize("reach", [1.5, 6.0, 9.7])
def test_grids_of_mixtures(name, parts, reach):
    w, m, s = parts_of(name)
    grid = grids.of_mixtures((w, m, s), Resolution(parts, np.array([reach])))
    assert (grid.exponent[0], grid.first[0], grid.bins[0]) == plain_grid(w[0], m[0], s[0], reach, parts)
    alive = w > 0
    assert edges(grid)[0] <= (m - reach * s)[alive].min()
    assert (m + reach * s)[alive].max() < edges(grid)[-1]
    assert grid.bins[0] <= MOST_BINS
    inside = s[alive & (s > 0)].min() / grid.width()[0]
    assert (parts <= inside < 2 * parts) == (name != "too wide")


def test_a_mixture_of_points_has_bins_of_a_rounding():
    for mean in ([1.0, 3.0], [-5e8, 2.0], [0.0, 0.0]):
        w, m, s = np.array([[0.5, 0.5]]), np.array([mean]), np.zeros((1, 2))
        grid = grids.of_mixtures((w, m, s), FINE)
        assert (grid.exponent[0], grid.first[0], grid.bins[0]) == plain_grid(w[0], m[0], s[0], 6.0, 6.0)
        assert grid.bins[0] <= MOST_BINS
        middle = (grid.first[0] + number(m[0], grid) + 0.5) * grid.width()[0]
        width = max(np.abs(m).max() * 2.0**-50, np.ptp(m) / (MOST_BINS / 2 - 2), 1e-305)
        assert np.abs(middle - m[0]).max() <= width


def test_each_replicate_has_the_grid_of_its_own_mixture_and_reach():
    m, s = np.array([[0.0], [10.0], [-3.0]]), np.array([[1.0], [0.1], [2.0]])
    reach = np.array([2.0, 5.0, 8.0])
    batch = grids.of_mixtures((np.ones((3, 1)), m, s), Resolution(6.0, reach))
    for r in range(3):
        alone = plain_grid(np.ones(1), m[r], s[r], reach[r], 6.0)
        assert (batch.exponent[r], batch.first[r], batch.bins[r]) == alone
    assert batch.most == batch.bins.max()
    one_mixture = grids.of_mixtures(parts_of("two"), Resolution(6.0, reach))
    for r in range(3):
        w, m, s = (part[0] for part in parts_of("two"))
        alone = plain_grid(w, m, s, reach[r], 6.0)
        assert (one_mixture.exponent[r], one_mixture.first[r], one_mixture.bins[r]) == alone


def test_one_grid_for_many_replicates():
    grid = one(-3, -7, 20)
    many = grid.repeated(4)
    assert many.bins.tolist() == [20] * 4
    assert many.width().tolist() == [0.125] * 4
    assert many.repeated(4) is many


# how much is in them


def plain_masses(w, m, s, at):
    """The twin of `mixture_masses`: differences of scipy's cdf, from each bin's own tail."""
    inner = at[1:-1]
    low, up = np.append(-np.inf, inner), np.append(inner, np.inf)
    total = np.zeros(len(low))
    for weight, mean, std in zip(w, m, s, strict=True):
        if weight == 0:
            continue
        if std == 0:
            total += weight * ((low <= mean) & (mean < up))
            continue
        below = norm.cdf(up, mean, std) - norm.cdf(low, mean, std)
        above = norm.sf(low, mean, std) - norm.sf(up, mean, std)
        total += weight * np.where(low >= mean, above, below)
    return total


@every_mixture
@pytest.mark.parametrize("parts", [0.5, 8.0])
@pytest.mark.parametrize("reach", [3.0, 9.7])
def test_masses_of_mixtures(name, parts, reach):
    """Every bin to 1e-10 of itself, of 1e-22 in the tails too, and all together to 1e-13 of 1.

    A mean a million stds from 0 has stds known to 1e-10, and a small mass is as wrong as its edge times
    the edge's distance.
    """
    w, m, s = parts_of(name)
    grid = grids.of_mixtures((w, m, s), Resolution(parts, np.array([reach])))
    mass = grids.masses_of_mixtures((w, m, s), grid)
    assert mass.shape == (1, grid.bins[0])
    expected = plain_masses(w[0], m[0], s[0], edges(grid))
    assert mass.sum() == pytest.approx(1.0, rel=1e-13)
    np.testing.assert_allclose(mass[0], expected, rtol=1e-8 if name == "too wide" else 1e-10, atol=1e-300)
    if reach > 9 and name != "too wide":
        assert 0 < mass.min() < 1e-18


def test_masses_are_zero_behind_the_last_bin():
    params = np.ones((2, 1)), np.array([[0.0], [5.0]]), np.array([[1.0], [1.0]])
    grid = Grid(np.array([0, 0]), np.array([-3, 0]), np.array([4, 9]))
    mass = grids.masses_of_mixtures(params, grid)
    assert mass.shape == (2, 9)
    assert not mass[0, 4:].any()
    for r in range(2):
        expected = plain_masses(*(part[r] for part in params), edges(grid, r))
        np.testing.assert_allclose(mass[r, : grid.bins[r]], expected, rtol=1e-12)
        assert mass[r].sum() == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("bins", [1, 2])
def test_the_ends_of_a_grid_are_open(bins):
    """Where there is a single bin, it holds everything."""
    mass = grids.masses_of_mixtures(parts_of("one"), one(0, 0, bins))
    below = ndtr((1.0 - 0.3) / 1.7)
    assert mass[0] == pytest.approx([1.0] if bins == 1 else [below, 1.0 - below], rel=1e-14)
    point = np.ones((1, 1)), np.array([[99.0]]), np.zeros((1, 1))
    assert grids.masses_of_mixtures(point, one(0, 0, bins))[0].tolist() == [0.0] * (bins - 1) + [1.0]


def test_masses_are_the_shares_of_items():
    """A million items: every bin within 4.5 standard errors of its mass."""
    w, m, s = parts_of("two")
    grid = grids.of_mixtures((w, m, s), Resolution(2.0, np.array([3.0])))
    rng = np.random.default_rng(0)
    k = rng.choice(2, 10**6, p=w[0])
    seen = counted(rng.normal(m[0, k], s[0, k]), grid)
    mass = grids.masses_of_mixtures((w, m, s), grid)[0]
    z = (seen - 1e6 * mass) / np.sqrt(1e6 * mass * (1 - mass))
    assert np.abs(z).max() < 4.5
    moved = np.roll(mass, 1)
    assert np.abs((seen - 1e6 * moved) / np.sqrt(1e6 * moved * (1 - moved))).max() > 6


# merging


def streams(count):
    return generators(0, (7,) * 8, range(count))


def spread_of(*places):
    """A grid whose replicates have these (exponent, first, bins)."""
    return Grid(*(np.array(column) for column in zip(*places, strict=True)))


FINER = spread_of((-3, -20, 37), (-5, 100, 64), (0, -9, 5))
COARSER = spread_of((-1, -4, 9), (-5, 90, 10), (2, -1, 3))
FINEST = spread_of((-6, -129, 300), (-7, 511, 2), (-2, -33, 41))


def items_in(grid, r, count, seed):
    """Items somewhere in the bins of a replicate, one on every edge but the last."""
    at = edges(grid, r)
    return np.concatenate([at[:-1], np.random.default_rng(seed).uniform(at[0], at[-1], count)])


def test_merging_and_then_counting_is_counting_on_the_coarser_grid():
    """Exact, bins below zero too: an edge of the coarser grid is an edge of every finer one."""
    parts = (FINER, COARSER, FINEST)
    coarse = grids.merged(parts, (False, True, False))  # as wide as what was drawn anew
    assert coarse.exponent.tolist() == [-1, -5, 2]
    total = np.zeros((3, coarse.most), dtype=np.int64)
    together = [[] for _ in range(3)]
    for seed, grid in enumerate(parts):
        count = np.zeros((3, grid.most), dtype=np.int64)
        for r in range(3):
            x = items_in(grid, r, 1_000, seed)
            count[r, : grid.bins[r]] = counted(x, grid, r)
            together[r].append(x)
        before = total.sum(axis=1)
        place = (grid.exponent, grid.first, grid.bins, coarse.exponent, coarse.first)
        kernels.add_counts(count, *place, streams(3).state, total)
        assert np.array_equal(total.sum(axis=1) - before, count.sum(axis=1))
    for r in range(3):
        x = np.concatenate(together[r])
        assert edges(coarse, r)[0] <= x.min()
        assert x.max() < edges(coarse, r)[-1]
        assert np.array_equal(total[r, : coarse.bins[r]], counted(x, coarse, r))
        assert not total[r, coarse.bins[r] :].any()


def test_items_of_a_bin_are_divided_among_finer_ones():
    """At random, each bin as likely as another: chi-square of 8 bins sees shares that are off by 2 %."""
    count = np.full((3, 4), 20_000)
    wide = spread_of((1, -2, 4), (0, 5, 4), (-3, -9, 4))
    fine = spread_of((-2, 0, 1), (-3, 44, 1), (-6, 0, 1))
    grid = grids.merged((wide, fine), (False, True))
    assert grid.exponent.tolist() == [-2, -3, -6]
    total = np.zeros((3, grid.most), dtype=np.int64)
    place = (wide.exponent, wide.first, wide.bins, grid.exponent, grid.first)
    kernels.add_counts(count, *place, streams(3).state, total)
    for r in range(3):
        parts = total[r, : grid.bins[r]]
        parts = parts[: len(parts) // 8 * 8] if r != 1 else parts
        held = parts[parts > 0].reshape(4, 8)
        assert (held.sum(axis=1) == 20_000).all()
        chi = ((held - 2_500) ** 2 / 2_500).sum(axis=1)
        assert (chi < 40.0).all()
        assert (chi > 0.3).all(), "not evenly: at random"


def test_the_merged_grid_ends_with_the_outermost_bins():
    for grid in (FINER, COARSER, FINEST):
        alone = grids.merged((grid,), (False,))
        assert [part.tolist() for part in (alone.exponent, alone.first, alone.bins)] == [
            part.tolist() for part in (grid.exponent, grid.first, grid.bins)
        ]
    both = grids.merged((FINER, COARSER), (True, True))
    assert both.exponent.tolist() == [-3, -5, 0]
    for r in range(3):
        ends = [edges(grid, r)[[0, -1]] for grid in (FINER, COARSER)]
        assert edges(both, r)[[0, -1]].tolist() == [min(e[0] for e in ends), max(e[1] for e in ends)]


def test_a_part_without_items_does_not_count():
    """Else the numbers of a replicate would depend on its batch, and an empty part would hold grids wide."""
    count = np.zeros((3, 9), dtype=np.int64)
    empty = grids.occupied(COARSER, count)
    assert not empty.bins.any()
    for drawn in ((True, True), (False, True)):
        merged = grids.merged((FINER, empty), drawn)
        assert [part.tolist() for part in (merged.exponent, merged.first, merged.bins)] == [
            part.tolist() for part in (FINER.exponent, FINER.first, FINER.bins)
        ]
    count[1, 3], count[1, 6] = 2, 1
    some = grids.occupied(COARSER, count)
    assert (some.first[1], some.bins[1]) == (COARSER.first[1] + 3, 4)
    total = np.zeros((3, FINER.most), dtype=np.int64)
    place = (COARSER.exponent + 90, COARSER.first, COARSER.bins, FINER.exponent, FINER.first)
    kernels.add_counts(0 * count, *place, streams(3).state, total)
    assert not total.any()


def test_a_merged_grid_has_no_more_bins_than_the_most():
    wide, fine = spread_of((0, -4000, 8000)), spread_of((-40, 0, 100))
    grid = grids.merged((wide, fine), (False, True))
    assert grid.bins[0] <= MOST_BINS
    assert edges(grid)[0] <= -4000.0
    assert edges(grid)[-1] >= 4000.0


def test_categories_merge_into_themselves():
    grid = grids.categories(5)
    assert (grid.bins.tolist(), grid.width().tolist()) == ([5], [0.0])
    assert grids.merged((grid, grid), (True, True)).rounded is False
    assert grids.merged((grid, grid), (True, True)).bins.tolist() == [5]
    assert grid.repeated(3).rounded is False


# middles


def test_middles_of_bins():
    for grid in (FINER, COARSER, FINEST):
        count = np.random.default_rng(0).integers(0, 2**53, size=(3, grid.most))
        x, weight = np.full(count.shape, np.nan), np.full(count.shape, np.nan)
        kernels.midpoints(count, grid.exponent, grid.first, grid.bins, x, weight)
        for r in range(3):
            bins, at = grid.bins[r], edges(grid, r)
            assert np.array_equal(x[r, :bins], (at[:-1] + at[1:]) / 2)
            assert np.array_equal(weight[r, :bins], count[r, :bins].astype(float))
            assert np.array_equal(number(x[r, :bins], grid, r), np.arange(bins))


# data sets


DATA = {
    "smooth": np.random.default_rng(1).normal(3.0, 2.0, 500),
    "rounded": np.random.default_rng(2).normal(-40.0, 3.0, 300).round(1),
    "an outlier": np.append(np.random.default_rng(3).normal(size=200), 1e5),
    "whole numbers": np.array([1.0, 1.0, 2.0, 7.0]),
    "two values": np.array([-1e-3, 1e-3]),
}


@pytest.mark.parametrize("name", DATA)
def test_the_grid_of_a_data_set(name):
    values = DATA[name]
    grid = grids.of_values(values, FINE)
    width = grid.width()[0]
    assert edges(grid)[0] <= values.min() - width  # a bin more at each end, for what is divided
    assert values.max() + width < edges(grid)[-1]
    assert grid.bins[0] <= MOST_BINS
    spread = np.ptp(values) / width
    assert spread >= MOST_BINS / 4
    assert values.std() / width >= 48.0 or spread > MOST_BINS / 2 - 2


@pytest.mark.parametrize("name", DATA)
def test_masses_of_a_data_set_keep_its_mean(name):
    """An item between two middles is divided among them, so that its mean is kept; the twin does it one by
    one. The variance grows by f (1 - f) widths squared an item, at most a quarter."""
    values = DATA[name]
    grid = grids.of_values(values, FINE)
    mass = grids.masses_of_values(values, grid)
    assert mass.shape == (1, grid.bins[0])
    expected, width, wider = np.zeros(grid.bins[0]), grid.width()[0], 0.0
    middles = (edges(grid)[:-1] + edges(grid)[1:]) / 2
    for value in values:
        left = int(np.flatnonzero(middles <= value)[-1])
        right = (value - middles[left]) / width
        expected[left] += (1 - right) / len(values)
        expected[left + 1] += right / len(values)
        wider += right * (1 - right) * width**2 / len(values)
    np.testing.assert_allclose(mass[0], expected, rtol=1e-9, atol=1e-12)
    assert mass.sum() == pytest.approx(1.0, rel=1e-13)
    mean = mass[0] @ middles
    assert mean == pytest.approx(values.mean(), abs=1e-10 * width + 1e-13 * abs(values).max())
    variance = mass[0] @ (middles - mean) ** 2
    assert variance == pytest.approx(values.var() + wider, rel=1e-9)
    nearest = np.bincount(np.abs(values[:, None] - middles).argmin(axis=1), minlength=len(middles))
    if name == "rounded":  # rounding to the nearest middle instead is off by a good part of a width
        assert abs(nearest @ middles / len(values) - values.mean()) > 1e-3 * width
