"""Each kernel beside its plain NumPy twin: the same arithmetic, written the obvious way."""

import importlib
import math
import pkgutil

import numpy as np
import pytest
from conftest import callable_kernel
from numba.core.dispatcher import Dispatcher
from scipy.optimize import brentq
from scipy.special import logsumexp, ndtr, ndtri
from scipy.stats import kstest

from modelcollapse import kernels as package
from modelcollapse.kernels import (
    arithmetic,
    counting,
    em,
    estep,
    moments,
    newton,
    quantiles,
    random,
    sampling,
    sprinting,
)
from modelcollapse.kernels.compiling import LANES
from modelcollapse.types import Status

NONE = np.empty(0)
NOT_DONE = np.zeros(1, dtype=bool)
"""Weight 1 each."""

TESTED = {
    "exp_negative", "lane_sum", "weighted_moments", "moments", "e_step", "information", "newton_step",
    "em_batch", "is_point", "mixture_quantile", "log_positive", "refill", "uniform", "normal_block",
    "normals", "unit", "pair", "work_rows",
    "clear", "share", "add_pair", "two_sums", "factorise", "solve", "walk", "copy",
    "mixture_moments", "sprint", "sprint_batch", "spacing", "degenerate", "sample_mixtures",
    # in test_grids.py
    "choose_grids", "mixture_masses", "add_counts", "midpoints",
    # in test_counting.py
    "log_rest", "log_factorial_ratio", "binomial", "multinomial", "multinomials", "hypergeometric",
    "pick_counts", "below", "shuffle_pick",
    # in test_asymptotics.py
    "expansion_batch", "displaced", "pooled", "settled", "displaced_shares",
    "scratch", "lay_nodes", "densities", "powers", "gather", "expand",
    # in test_vectors.py
    "floor_of", "factors", "sample_vectors", "moments_into", "moments_of_vectors", "spanned",
    "log_densities", "log_weight", "degenerate_vectors", "em_vectors",
}  # fmt: skip
"""Kernels with a twin in this file, or with a law in the file named."""

MIXTURES = {
    1: ([1.0], [0.3], [1.7]),
    2: ([0.4, 0.6], [-1.0, 1.5], [0.8, 1.2]),
    3: ([0.2, 0.5, 0.3], [-3.0, 0.0, 1.0], [1.0, 0.4, 2.5]),
    5: ([0.1, 0.2, 0.3, 0.3, 0.1], [-6.0, -2.0, 0.0, 0.5, 7.0], [1.0, 0.5, 2.0, 0.1, 1.0]),
    8: (np.arange(1, 9) / 36, np.linspace(-4.0, 4.0, 8), np.geomspace(0.1, 3.0, 8)),
}
SIZES = (1, 2, 31, 32, 33, 64, 100, 1000, 2085)


def mixture(components):
    """A mixture of the table, its components in an order that is not that of their widths."""
    order = np.random.default_rng(components).permutation(components)
    return tuple(np.array(part, dtype=float)[order] for part in MIXTURES[components])


def draw(w, m, s, size, seed=0):
    rng = np.random.default_rng(seed)
    k = rng.choice(len(w), size, p=w)
    return rng.normal(m[k], s[k])


def weights_of(kind, size):
    """No weights, or weights that include zeros and large numbers."""
    return NONE if kind == "each 1" else np.random.default_rng(9).choice([0.0, 0.5, 1.0, 7.0], size)


# the plain twins


def plain_moments(x, weight):
    total = math.fsum(weight)
    mean = math.fsum(weight * x) / total
    return total, mean, math.fsum(weight * (x - mean) ** 2) / total


def plain_logs(x, w, m, s):
    """Log of weight times density, without log sqrt(2 pi): (component, item)."""
    return (np.log(w) - np.log(s))[:, None] - 0.5 * ((x - m[:, None]) / s[:, None]) ** 2


def plain_responsibilities(x, w, m, s):
    logs = plain_logs(x, w, m, s)
    return np.exp(logs - logsumexp(logs, axis=0))


def plain_height(x, weight, w, m, s):
    return float(weight @ logsumexp(plain_logs(x, w, m, s), axis=0))


def plain_sums(x, weight, w, m, s):
    r = weight * plain_responsibilities(x, w, m, s)
    z = (x - m[:, None]) / s[:, None]
    return np.array([np.sum(r * z**j, axis=1) for j in range(3)]).T


def plain_cross(x, weight, w, m, s, k, other):
    r = plain_responsibilities(x, w, m, s)
    narrow = k if s[k] <= s[other] else other
    z = (x - m[narrow]) / s[narrow]
    return np.array([np.sum(weight * r[k] * r[other] * z**j) for j in range(5)])


def plain_m_step(x, weight, w, m, s):
    r = weight * plain_responsibilities(x, w, m, s)
    held = r.sum(axis=1)
    mean = r @ x / held
    variance = np.sum(r * (x - mean[:, None]) ** 2, axis=1) / held
    return held / weight.sum(), mean, np.sqrt(variance)


def plain_em(x, weight, w, m, s, steps):
    for _ in range(steps):
        w, m, s = plain_m_step(x, weight, w, m, s)
    return w, m, s


def moved(w, m, s, step):
    """Parameters after a step in the coordinates (logit, mean in stds, log std) of each component."""
    a, b, c = step.reshape(-1, 3).T
    w = w * np.exp(a)
    return w / w.sum(), m + s * b, s * np.exp(c)


def plain_score(x, weight, w, m, s, at):
    """The gradient of the log-likelihood at the point ``at`` in the coordinates around (w, m, s)."""
    v, mean, std = moved(w, m, s, at)
    sums = plain_sums(x, weight, v, mean, std)
    return np.stack(
        [sums[:, 0] - weight.sum() * v, sums[:, 1] * s / std, sums[:, 2] - sums[:, 0]], axis=1
    ).ravel()


def differences(function, size, h):
    """Central differences of a function around 0, a column a coordinate."""
    return np.stack([(function(h * e) - function(-h * e)) / (2 * h) for e in np.eye(size)], axis=-1)


def plain_cdf(x, w, m, s):
    with np.errstate(divide="ignore"):
        return float(np.sum(w * np.where(s > 0, ndtr((x - m) / np.where(s > 0, s, 1)), x >= m)))


# what calls them


def run_e_step(x, weight, w, m, s, pairs=True):
    sums, cross = np.full((len(w), 3), np.nan), np.full((len(w) ** 2, 5), np.nan)
    work = np.full((callable_kernel(estep.work_rows)(len(w)), LANES), np.nan)
    wanted = cross if pairs else cross[:0]
    height = callable_kernel(estep.e_step)(x, weight, len(x), np.array([w, m, s]), len(w), sums, wanted, work)
    return height, sums, cross


def run_information(x, weight, w, m, s, share):
    _, sums, cross = run_e_step(x, weight, w, m, s)
    size = 3 * len(w)
    matrix, score = np.full((size, size), np.nan), np.full(size, np.nan)
    total = float(weight.sum()) if weight.size else float(len(x))
    callable_kernel(newton.information)(total, np.array([w, m, s]), len(w), sums, cross, share, matrix, score)
    return matrix, score


def run_em(x, weight, w, m, s, steps, plain=True, tolerance=0.0):
    parts = [part.copy()[None] for part in (w, m, s)]
    given = weight[None] if weight.size else np.empty((1, 0))
    size = np.array([len(x)])
    em.em_batch(x[None], given, size, *parts, NOT_DONE, tolerance, steps, 0.0, plain, NONE, LANES)
    return tuple(part[0] for part in parts)


def test_pairs_are_the_numbers_that_two_calls_of_uniform_give():
    """A block holds an even number; where one alone is left, the next block is begun."""
    uniform, pair = callable_kernel(random.uniform), callable_kernel(random.pair)
    state = np.random.default_rng(0).integers(2**64, size=(4, 32), dtype=np.uint64)
    own, block, others = state.copy(), np.empty(32, dtype=np.uint64), np.empty(32, dtype=np.uint64)
    used, spent = np.array([32]), np.array([32])
    for _ in range(40):
        first = pair(own, block, used)
        assert random.unit(block[first]) == uniform(state, others, spent)
        assert random.unit(block[first + 1]) == uniform(state, others, spent)
    used[0] = 31
    assert pair(own, block, used) == 0
    assert used[0] == 2
    assert not np.array_equal(block, others)


def test_a_unit_is_never_0_or_1():
    assert random.unit(np.uint64(0)) == 2.0**-53
    assert random.unit(np.uint64(2**64 - 1)) == 1.0 - 2.0**-53


def test_no_kernel_is_left_out():
    """A kernel needs its twin in a test, and its name in this list."""
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    files = [importlib.import_module(f"modelcollapse.kernels.{name}") for name in names]
    found = {
        name
        for file in files
        for name, value in vars(file).items()
        if isinstance(value, Dispatcher) and value.py_func.__module__ == file.__name__
    }
    assert {name for name in found if not name.startswith("_")} == TESTED


# exp


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(np.linspace(-708.0, 0.0, 20_001), id="even"),
        pytest.param(-np.geomspace(1e-300, 708.0, 20_000), id="log"),
        pytest.param(-np.log(2.0) * np.arange(0.5, 1021.0), id="largest remainders"),
        pytest.param(np.array([0.0, -0.0, -5e-324, -1e-17, -708.0]), id="ends"),
    ],
)
def test_exp_is_within_two_units_in_the_last_place(x):
    exact = np.exp(x.astype(np.longdouble))
    got = np.array([arithmetic.exp_negative(float(value)) for value in x])
    assert np.max(np.abs(got - exact) / np.spacing(exact.astype(float))) <= 2.0


@pytest.mark.parametrize("x", [-708.0, -708.1, -744.0, -746.0, -1e9, -1e308, -math.inf])
def test_exp_ends_above_the_denormals(x):
    assert arithmetic.exp_negative(x) == arithmetic.exp_negative(-708.0) > np.finfo(float).tiny


# sums over items


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["each 1", "weighted"])
def test_moments(size, kind):
    x = np.random.default_rng(size).normal(3.0, 2.0, size)
    weight = weights_of(kind, size)
    weight[:1] = 1.0  # not all of them 0
    got = moments.weighted_moments(x, weight, size, LANES)
    expected = plain_moments(x, weight if weight.size else np.ones(size))
    assert got == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("size", [2, 33, 10_000])
@pytest.mark.parametrize("offset", [1e8, -1e8, 1e12])
def test_moments_far_from_zero(size, offset):
    x = offset + np.random.default_rng(size).normal(size=size)
    near = plain_moments(x - offset, np.ones(size))  # the difference is exact
    _, mean, variance = moments.weighted_moments(x, NONE, size, LANES)
    assert mean - offset == pytest.approx(near[1], abs=2 * np.spacing(abs(offset)))
    assert variance == pytest.approx(near[2], rel=1e-6 if abs(offset) <= 1e8 else 1e-3)


@pytest.mark.parametrize("kind", ["each 1", "weighted"])
def test_moments_where_the_first_item_is_far_from_the_others(kind):
    """The first pass counts from it; the second takes back what that has cost."""
    x = np.append(1e12, np.random.default_rng(6).normal(size=9_999))
    weight = weights_of(kind, len(x))
    weight[:1] = 1.0
    expected = plain_moments(x, weight if weight.size else np.ones(len(x)))
    assert moments.weighted_moments(x, weight, len(x), LANES) == pytest.approx(expected, rel=1e-13)


def test_moments_where_the_first_item_is_far_away_and_of_no_weight():
    """What the first pass lost to it would be 1e-10 of the variance, were it not taken back."""
    x = np.append(1e12, np.random.default_rng(7).normal(size=40))
    weight = np.append(0.0, np.ones(40))
    got = moments.weighted_moments(x, weight, len(x), LANES)
    assert got == pytest.approx(plain_moments(x[1:], np.ones(40)), rel=1e-13, abs=1e-13)


def test_moments_of_weights_are_those_of_repeated_items():
    rng = np.random.default_rng(3)
    x, times = rng.normal(size=77), rng.integers(0, 5, 77)
    got = moments.weighted_moments(x, times.astype(float), 77, LANES)
    assert got == pytest.approx(moments.weighted_moments(np.repeat(x, times), NONE, times.sum(), LANES))


@pytest.mark.parametrize("value", [0.0, -3.7, 1e8, 1e150, 1e-300])
@pytest.mark.parametrize("size", [1, 2, 50])
def test_moments_of_equal_items_have_no_variance(value, size):
    total, mean, variance = moments.weighted_moments(np.full(size, value), NONE, size, LANES)
    assert (total, mean, variance) == (size, value, 0.0)


def test_moments_of_a_batch_are_those_of_each_row():
    x = np.random.default_rng(4).normal(size=(3, 70))
    size = np.array([70, 1, 33])
    filled = np.where(np.arange(70) < size[:, None], x, np.nan)  # the rest of a row means nothing
    for weight in (np.empty((3, 0)), np.abs(x)):
        got = np.array(moments.moments(filled, weight, size, LANES)).T
        alone = [moments.weighted_moments(x[r], weight[r], size[r], LANES) for r in range(3)]
        assert np.array_equal(got, alone)


# one pass of EM


@pytest.mark.parametrize("components", MIXTURES)
@pytest.mark.parametrize("kind", ["each 1", "weighted"])
@pytest.mark.parametrize("size", [1, 33, 2085])
def test_e_step(components, kind, size):
    w, m, s = mixture(components)
    x = draw(w, m, s, size)
    weight = weights_of(kind, size)
    each = weight if weight.size else np.ones(size)
    height, sums, cross = run_e_step(x, weight, w, m, s)
    assert height == pytest.approx(plain_height(x, each, w, m, s), rel=1e-12, abs=1e-12)
    expected = plain_sums(x, each, w, m, s)
    scale = expected[:, [0, 2]].sum(axis=1, keepdims=True)  # first moments cancel
    assert np.all(np.abs(sums - expected) <= 1e-12 * scale + 1e-300)
    for k in range(components):
        for other in range(k + 1, components):
            theirs = plain_cross(x, each, w, m, s, k, other)
            ours = cross[k * components + other]
            even = theirs[0] + theirs[4]
            assert np.all(np.abs(ours - theirs) <= 1e-11 * even + 1e-300)


def test_e_step_leaves_the_pairs_out_where_they_are_not_asked_for():
    w, m, s = mixture(3)
    x = draw(w, m, s, 100)
    with_pairs, without = run_e_step(x, NONE, w, m, s), run_e_step(x, NONE, w, m, s, pairs=False)
    assert with_pairs[0] == without[0]
    assert np.array_equal(with_pairs[1], without[1])
    assert np.isnan(without[2]).all()


@pytest.mark.parametrize("components", [2, 3, 8])
@pytest.mark.parametrize("far", [1e6, -1e6, 1e12])
def test_e_step_of_items_far_from_every_component(components, far):
    w, m, s = mixture(components)
    x = np.append(draw(w, m, s, 50), far * s.max())
    each = np.ones(len(x))
    height, sums, cross = run_e_step(x, NONE, w, m, s)
    assert height == pytest.approx(plain_height(x, each, w, m, s), rel=1e-12)
    assert np.all(np.isfinite(sums))
    assert np.isfinite(cross[1]).all()
    assert sums[:, 0].sum() == pytest.approx(len(x), rel=1e-13)  # its responsibilities add up to 1
    assert sums[:, 0] == pytest.approx(plain_sums(x, each, w, m, s)[:, 0], rel=1e-12)


def test_e_step_of_components_nobody_is_near():
    w, m, s = np.array([0.5, 0.5]), np.array([0.0, 1e9]), np.array([1.0, 1e-3])
    _, sums, cross = run_e_step(np.zeros(40), NONE, w, m, s)
    assert sums[0].tolist() == [40.0, 0.0, 0.0]
    assert np.isfinite(sums).all()
    assert sums[1, 0] < 1e-300
    assert np.isfinite(cross[1]).all()


def test_e_step_multiplies_thousands_of_factors_without_overflow():
    """The logarithm is taken of products of 64 factors: eight equal components make each factor 8."""
    w, m, s = np.full(8, 1 / 8), np.zeros(8), np.ones(8)
    x = np.zeros(32 * 64 * 3 + 5)
    assert run_e_step(x, NONE, w, m, s)[0] == pytest.approx(0.0, abs=1e-9 * len(x))


# Newton's method


@pytest.mark.parametrize("components", [2, 3, 5])
@pytest.mark.parametrize("kind", ["each 1", "weighted"])
def test_score_is_the_gradient_of_the_log_likelihood(components, kind):
    w, m, s = mixture(components)
    x = draw(w, m + 0.3, 1.2 * s, 200)
    weight = weights_of(kind, len(x))
    each = weight if weight.size else np.ones(len(x))
    _, score = run_information(x, weight, w, m, s, 1.0)
    numerical = differences(lambda step: plain_height(x, each, *moved(w, m, s, step)), score.size, 1e-5)
    assert np.abs(score - numerical).max() <= 1e-6 * each.sum()
    assert np.abs(score).max() > 0.01 * each.sum()  # not merely zero on both sides


@pytest.mark.parametrize("components", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", ["each 1", "weighted"])
def test_information_is_minus_the_hessian(components, kind):
    w, m, s = mixture(components)
    x = draw(w, m + 0.3, 1.2 * s, 200)
    weight = weights_of(kind, len(x))
    each = weight if weight.size else np.ones(len(x))
    matrix, _ = run_information(x, weight, w, m, s, 1.0)
    hessian = differences(lambda at: plain_score(x, each, w, m, s, at), len(matrix), 1e-5)
    logits = np.zeros_like(matrix)
    logits[::3, ::3] = each.sum() / components  # for the common shift of the logits
    assert np.abs(matrix - (logits - hessian)).max() <= 1e-7 * np.abs(matrix).max()
    assert np.abs(matrix - matrix.T).max() <= 1e-12 * np.abs(matrix).max()


@pytest.mark.parametrize("components", [2, 3])
def test_information_without_the_missing_part_is_that_of_labelled_items(components):
    w, m, s = mixture(components)
    x = draw(w, m, s, 200)
    none, half, full = (run_information(x, NONE, w, m, s, share)[0] for share in (0.0, 0.5, 1.0))
    sums = plain_sums(x, np.ones(200), w, m, s)
    expected = np.zeros_like(none)
    expected[::3, ::3] = 200 * (1 / components - np.outer(w, w))
    for k, (held, first, second) in enumerate(sums):
        block = [[200 * w[k], 0, 0], [0, held, 2 * first], [0, 2 * first, 2 * second]]
        expected[3 * k : 3 * k + 3, 3 * k : 3 * k + 3] += block
    assert np.abs(none - expected).max() <= 1e-11 * np.abs(expected).max()
    assert np.abs(half - (none + full) / 2).max() <= 1e-11 * np.abs(expected).max()


@pytest.mark.parametrize("size", [1, 3, 6, 15])
def test_newton_step_solves_the_system(size):
    rng = np.random.default_rng(size)
    for _ in range(20):
        root = rng.normal(size=(size, size + 2)) * 10.0 ** rng.uniform(-3, 3, (size, 1))
        matrix, score = root @ root.T, rng.normal(size=size)
        step = np.empty(size)
        gain = callable_kernel(newton.newton_step)(matrix, score, size, step)
        expected = np.linalg.solve(matrix, score)
        scale = np.sqrt(np.diag(np.linalg.inv(matrix)))  # the units of each coordinate
        assert np.all(np.abs(step - expected) <= 1e-9 * np.abs(expected / scale).max() * scale)
        assert gain == pytest.approx(0.5 * score @ expected, rel=1e-9)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0, 2.0], [2.0, 1.0]],  # a saddle
        [[1.0, 1.0], [1.0, 1.0]],  # flat along a line
        [[1.0, 1.0 - 1e-10], [1.0 - 1e-10, 1.0]],  # nearly
        [[0.0, 0.0], [0.0, 1.0]],
        [[-1.0, 0.0], [0.0, 1.0]],
        [[1e-20, 2e-10], [2e-10, 1.0]],  # a saddle in coordinates of other units
        [[np.nan, 0.0], [0.0, 1.0]],
        [[1.0, np.nan], [np.nan, 1.0]],
    ],
)
def test_newton_step_says_where_there_is_no_maximum(matrix):
    assert callable_kernel(newton.newton_step)(np.array(matrix), np.ones(2), 2, np.empty(2)) == -1.0


# whole fits


@pytest.mark.parametrize("components", [2, 3, 5])
@pytest.mark.parametrize("kind", ["each 1", "weighted"])
@pytest.mark.parametrize("steps", [1, 2, 30])
def test_em_without_newton_is_plain_em(components, kind, steps):
    w, m, s = mixture(components)
    x = draw(w, m, s, 500)
    weight = weights_of(kind, 500)
    each = weight if weight.size else np.ones(500)
    start = w, m + 0.1, 1.1 * s
    got, expected = run_em(x, weight, *start, steps), plain_em(x, each, *start, steps)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("kind", ["each 1", "weighted"])
def test_em_with_newton_ends_where_plain_em_ends(kind):
    w, m, s = mixture(2)
    x = draw(w, m, s, 500)
    weight = weights_of(kind, 500)
    each = weight if weight.size else np.ones(500)
    got = run_em(x, weight, w, m, s, 1000, plain=False, tolerance=1e-16)
    expected = plain_em(x, each, w, m, s, 5000)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-7)


def test_em_of_a_batch_is_that_of_each_row():
    w, m, s = mixture(2)
    x = np.stack([draw(w, m, s, 90, seed) for seed in range(3)])
    size = np.array([90, 33, 64])
    filled = np.where(np.arange(90) < size[:, None], x, np.nan)
    for weight in (np.empty((3, 0)), np.abs(x)):
        params = [np.tile(part, (3, 1)) for part in (w, m, s)]
        passes, flags = em.em_batch(
            filled, weight, size, *params, np.zeros(3, dtype=bool), 1e-5, 1000, 0.0, False, NONE, LANES
        )
        for r in range(3):
            own = [part.copy()[None] for part in (w, m, s)]
            row = slice(r, r + 1)
            alone = em.em_batch(
                x[row], weight[row], size[row], *own, NOT_DONE, 1e-5, 1000, 0.0, False, NONE, LANES
            )  # fmt: skip
            assert (passes[r], flags[r]) == (alone[0][0], alone[1][0])
            assert np.array_equal([part[r] for part in params], [part[0] for part in own])


# sprinting


@pytest.mark.parametrize("size", [7, 32, 500, 1001])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_fast_pass_gives_the_sums_of_the_e_step(size, offset):
    """Its tail, an offset, and either component the narrower."""
    w, m, s = mixture(2)
    for order in ([0, 1], [1, 0]):
        v, mean, std = w[order], m[order] + offset, s[order]
        x = draw(v, mean, std, size)
        _, expected, pairs = run_e_step(x, NONE, v, mean, std)
        sums, cross, total = np.empty((2, 3)), np.empty((4, 5)), np.empty(3)
        work = np.full((10, LANES), np.nan)
        callable_kernel(estep.two_sums)(x, size, np.array([v, mean, std]), sums, cross, total, work)
        assert sums == pytest.approx(expected, rel=1e-11, abs=1e-11 * size)
        assert cross[1] == pytest.approx(pairs[1], rel=1e-11, abs=1e-11 * size)
        z = (x - mean[std.argmin()]) / std.min()
        assert total == pytest.approx([size, z.sum(), (z * z).sum()], rel=1e-11, abs=1e-11 * size)


@pytest.mark.parametrize(
    "truth",
    [
        pytest.param(mixture(2), id="overlapping"),
        pytest.param((np.full(2, 0.5), np.array([-2.0, 2.0]), np.ones(2)), id="apart"),
        pytest.param(
            (np.array([0.1, 0.9]), np.array([0.0, 0.5]), np.array([0.1, 2.0])), id="one in the other"
        ),
        pytest.param((np.array([0.9, 0.1]), np.array([-30.0, 2.0]), np.array([3.0, 1.0])), id="far apart"),
    ],
)
def test_a_sprint_ends_where_the_climb_ends(truth):
    """To the tolerance in likelihood, and with the items' own mean and variance."""
    w, m, s = truth
    sprinted = 0
    for seed in range(20):
        size = 6000
        x = draw(w, m, s, size, seed)[None]
        fast = [part.copy()[None] for part in (w, m, s)]
        passes, there = sprinting.sprint_batch(x, np.array([size]), *fast, 1e-5, LANES)
        if not there[0]:
            assert np.array_equal(fast[0][0], w), "a sprint that gave up left the start as it was"
            continue
        sprinted += 1
        assert 1 < passes[0] <= sprinting.MOST_PASSES
        best = run_em(x[0], NONE, w, m, s, 1000, plain=False, tolerance=1e-12)
        height, _, _ = run_e_step(x[0], NONE, *(part[0] for part in fast), pairs=False)
        top, _, _ = run_e_step(x[0], NONE, *best, pairs=False)
        start, _, _ = run_e_step(x[0], NONE, w, m, s, pairs=False)
        assert start < height
        assert abs(top - height) < 1e-5, "more than the tolerance is left"
        mean = fast[0][0] @ fast[1][0]
        assert mean == pytest.approx(x.mean(), rel=1e-12, abs=1e-12)
        assert fast[0][0] @ (fast[2][0] ** 2 + (fast[1][0] - mean) ** 2) == pytest.approx(x.var(), rel=1e-12)
    assert sprinted >= 15


@pytest.mark.parametrize("change", ["far", "narrow", "few", "rounding"])
def test_a_sprint_gives_up_where_it_is_not_safe(change):
    w, m, s = mixture(2)
    x = draw(w, m, s, 2000)[None]
    if change == "far":
        m = m + 3.0
    elif change == "narrow":
        s = s * np.array([1.0, 1e-4])
    elif change == "few":
        w = np.array([1.0 - 1e-3, 1e-3])
    else:
        x, m = x + 1e14, m + 1e14
    start = [part.copy()[None] for part in (w, m, s)]
    _, there = sprinting.sprint_batch(x, np.array([2000]), *start, 1e-5, LANES)
    assert not there[0]
    assert np.array_equal([part[0] for part in start], [w, m, s])


@pytest.mark.parametrize(
    ("mean", "std", "point"),
    [
        (1.0, 2.0**-50, True),
        (1.0, 2.0**-49, False),
        (-1e8, 1e-8, True),
        (-1e8, 1e-6, False),
        (0.0, 1e-154, True),
        (0.0, 1e-150, False),
        (5.0, 0.0, True),
    ],
)
def test_a_point_has_a_spread_of_a_rounding(mean, std, point):
    assert callable_kernel(em.is_point)(mean, std) is point


@pytest.mark.parametrize("x", [0.0, 5e-324, 1e-300, 0.1, 1.0, np.nextafter(2.0, 0.0), 2.0, 1e8, 1e300])
def test_the_distance_to_the_next_number(x):
    assert callable_kernel(em.spacing)(x) == np.spacing(x)


def plain_degenerate(w, m, s):
    bits = 0
    if ((w > 1 - 1e-15) & (s == 0)).any():
        bits |= Status.COLLAPSED
    if ((w > 0) & (s > 0) & (s < 8 * np.spacing(np.abs(m)))).any():
        bits |= Status.PRECISION_LIMIT
    return int(bits)


def test_status_bits_of_mixtures():
    rounding = np.spacing(3.0)
    w = np.array([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0], [0.3, 0.7], [0.3, 0.7], [0.0, 1.0], [0.0, 1.0]])
    m = np.array([[3.0, -3.0]] * 7)
    s = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [7 * rounding, 1.0], [8 * rounding, 1.0],
                  [7 * rounding, 1.0], [1.0, 7 * rounding]])  # fmt: skip
    found = em.degenerate(w, m, s)
    assert found.tolist() == [0, 4, 0, 32, 0, 0, 32]
    assert found.tolist() == [plain_degenerate(*rows) for rows in zip(w, m, s, strict=True)]


# sampling


def states(replicates, seed=0):
    return np.random.default_rng(seed).integers(2**64, size=(replicates, 4, 32), dtype=np.uint64)


@pytest.mark.parametrize("components", [1, 2, 5])
@pytest.mark.parametrize("each", [True, False], ids=["a row each", "one row"])
def test_items_are_normals_of_as_many_of_each_component_as_a_multinomial_says(components, each):
    """The twin: counts by the multinomial kernel, then the normals of the stream, in their order."""
    size, replicates = np.array([500, 0, 1, 77]), 4
    rows = [np.tile(part, (replicates if each else 1, 1)) for part in mixture(components)]
    if each:
        rows[1] += np.arange(4.0)[:, None]
        rows[2] *= np.arange(1.0, 5.0)[:, None]
    x, state = np.full((4, 500), np.nan), states(4)
    sampling.sample_mixtures(*rows, size, state, x)
    assert np.array_equal(np.isnan(x), np.arange(500) >= size[:, None])
    counts, other = np.zeros((4, components), dtype=np.int64), states(4)
    counts[:, 0] = size
    if components > 1:
        mass = np.ascontiguousarray(np.broadcast_to(rows[0], counts.shape))
        counting.multinomials(size, mass, np.full(4, components), other, counts)
    z = np.full((4, 500), np.nan)
    sampling.sample_mixtures(np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), size, other, z)
    assert np.array_equal(state, other)
    m, s = (np.broadcast_to(part, counts.shape) for part in rows[1:])
    for r in range(4):
        expected = np.repeat(m[r], counts[r]) + np.repeat(s[r], counts[r]) * z[r, : size[r]]
        assert np.array_equal(x[r, : size[r]], expected)


def test_items_follow_the_distribution_function_of_their_mixture():
    """A million items, one generator each: sees 0.0016 between distribution functions (p < 1e-4 beyond)."""
    w, m, s = (part[None] for part in mixture(5))
    x = np.empty((100, 10_000))
    sampling.sample_mixtures(w, m, s, np.full(100, 10_000), states(100, 3), x)
    law = lambda x: (w[0] * ndtr((x[:, None] - m[0]) / s[0])).sum(axis=1)  # noqa: E731
    assert kstest(x.ravel(), law).pvalue > 1e-4
    assert kstest(x.ravel() + 0.01, law).pvalue < 1e-9  # moved by a tenth of the least spread


# quantiles

WITH_POINTS = {
    "two": ([0.4, 0.6], [-1.0, 1.5], [0.8, 1.2]),
    "far apart": ([0.5, 0.5], [-1e3, 1e3], [1.0, 1e-2]),
    "five": tuple(map(list, MIXTURES[5])),
    "one dead": ([0.4, 0.6, 0.0], [-1.0, 1.5, 1e6], [0.8, 1.2, 3.0]),
    "a point": ([0.3, 0.5, 0.2], [-1.0, 0.25, 2.0], [1.0, 0.0, 1.0]),
}
SCORES = np.concatenate([np.linspace(-8.2, 8.2, 42), [-0.6, 0.0, 0.6]])


@pytest.mark.parametrize("name", WITH_POINTS)
def test_quantiles(name):
    w, m, s = (np.array(part) for part in WITH_POINTS[name])
    got = quantiles.mixture_quantile(w[None], m[None], s[None], SCORES[None])[0]
    alive, spread = w > 0, np.where(w > 0, s, 0).max()
    low, high = m[alive].min() - 40 * spread, m[alive].max() + 40 * spread
    for score, ours in zip(SCORES, got, strict=True):
        side = -1.0 if score > 0 else 1.0  # each tail from its own side

        def short(x, side=side, score=score):
            if side < 0:
                return plain_cdf(-x, w, -m, s) - ndtr(-score)
            return plain_cdf(x, w, m, s) - ndtr(score)

        theirs = brentq(short, low, high, xtol=1e-14, rtol=1e-15, maxiter=500)
        density = abs(short(theirs + 1e-6) - short(theirs - 1e-6)) / 2e-6
        # where the density is small, a rounding of the probability is a distance
        reach = 1e-12 * max(1.0, abs(theirs)) + 1e-15 * ndtr(-abs(score)) / max(density, 1e-300)
        assert abs(ours - theirs) <= reach, score


@pytest.mark.parametrize(
    ("w", "m", "s"),
    [
        ([0.25, 0.5, 0.25], [3.0, -1.0, 7.0], [0.0, 0.0, 0.0]),
        ([0.5, 0.5], [0.0, 3.0], [1.0, 0.0]),
        ([0.1, 0.9], [1e8, 0.1], [1e3, 0.0]),
    ],
)
def test_quantiles_land_on_points(w, m, s):
    """To the bit: whoever asks what lies below a quantile must know whether the point does."""
    w, m, s = (np.array(part) for part in (w, m, s))
    for k in np.flatnonzero(s == 0.0):
        below = plain_cdf(np.nextafter(m[k], -np.inf), w, m, s)
        score = ndtri(below + w[k] * np.linspace(0.01, 0.99, 25))
        got = quantiles.mixture_quantile(w[None], m[None], s[None], score[None])[0]
        assert got.tolist() == [m[k]] * 25


def test_quantiles_of_the_mirrored_mixture_are_mirrored():
    w, m, s = (part[None] for part in mixture(5))
    there = quantiles.mixture_quantile(w, m, s, SCORES[None])
    back = quantiles.mixture_quantile(w, -m, s, -SCORES[None])
    inner = np.abs(SCORES) > 0  # the median is computed from the lower side alone
    assert np.array_equal(there[:, inner], -back[:, inner])
