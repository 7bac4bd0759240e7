"""Counts drawn by kernels against their laws. Every test of a law says the smallest defect it sees.

Beside the laws stand kernels with one number changed, or items put back: the same test must reject them.
"""

import inspect
import itertools
import math
import textwrap
from decimal import Decimal, localcontext
from fractions import Fraction

import numba
import numpy as np
import pytest
from scipy import stats

from modelcollapse.kernels import counting, logarithms, picking

AGREES = 4.0
DIFFERS = 6.0
DRAWS = 400_000
LARGE = [10**3, 10**6, 10**9, 10**12, 10**15, 2**53]


# what calls the kernels


def state_of(replicates, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(2**64, size=(replicates, 4, 32), dtype=np.uint64)


@numba.njit
def _binomials(kernel, n, p, state, out):
    block, used = np.empty(32, dtype=np.uint64), np.full(1, 32)
    for i in range(out.size):
        out[i] = kernel(n, p, state, block, used)


@numba.njit
def _hypergeometrics(kernel, good, bad, sample, state, out):
    block, used = np.empty(32, dtype=np.uint64), np.full(1, 32)
    for i in range(out.size):
        out[i] = kernel(good, bad, sample, state, block, used)


@numba.njit
def _ratios(kernel, m, d, out):
    for i in range(out.size):
        out[i] = kernel(m[i], d[i])


@numba.njit
def _belows(n, block, out):
    used = np.zeros(1, dtype=np.int64)
    state = np.empty((4, block.size), dtype=np.uint64)
    for i in range(out.size):
        out[i] = picking.below(n, state, block, used)


def binomials(n, p, draws=DRAWS, kernel=counting.binomial, seed=0):
    out = np.full(draws, -1)
    _binomials(kernel, n, p, state_of(1, seed)[0], out)
    return out


def hypergeometrics(good, bad, sample, draws=DRAWS, kernel=picking.hypergeometric, seed=0):
    out = np.full(draws, -1)
    _hypergeometrics(kernel, good, bad, sample, state_of(1, seed)[0], out)
    return out


def ratios(m, d, kernel=logarithms.log_factorial_ratio):
    out = np.full(len(m), np.nan)
    _ratios(kernel, np.array(m, dtype=float), np.array(d, dtype=float), out)
    return out


def multinomials(n, mass, replicates, bins=None, seed=0):
    mass = np.tile(np.asarray(mass, dtype=float), (replicates, 1))
    bins = np.full(replicates, mass.shape[1] if bins is None else bins)
    out = np.full(mass.shape, -1)
    counting.multinomials(np.full(replicates, n), mass, bins, state_of(replicates, seed), out)
    return out


def picks(count, size, replicates=1, bins=None, seed=0):
    count = np.tile(np.asarray(count), (replicates, 1))
    bins = np.full(replicates, count.shape[1] if bins is None else bins)
    out = np.full(count.shape, -1)
    picking.pick_counts(count, bins, np.full(replicates, size), state_of(replicates, seed), out)
    return out


def changed(kernel, old, new):
    """The kernel with a piece of its source changed."""
    source = textwrap.dedent(inspect.getsource(kernel.py_func))
    assert source.count(old) == 1
    names = dict(vars(inspect.getmodule(kernel.py_func)))
    exec(source.replace(old, new), names)
    return names[kernel.py_func.__name__]


# what measures


def z_of_cells(seen, expected):
    """Chi-square as a z value; cells that expect fewer than 10 are one.

    It sees a relative error of all cells of sqrt(4 sqrt(2 cells)/draws): 1% for 50 cells and 400,000
    draws.
    """
    seen, expected = np.asarray(seen, dtype=float), np.asarray(expected, dtype=float)
    assert expected.sum() == pytest.approx(seen.sum(), rel=1e-9)
    small = expected < 10
    if small.any():
        seen = np.append(seen[~small], seen[small].sum())
        expected = np.append(expected[~small], expected[small].sum())
        if expected[-1] < 1e-3:
            if seen[-1] > 1:
                return 99.0
            seen, expected = seen[:-1], expected[:-1]
            if len(seen) == 1:
                return 0.0
    square = np.sum((seen - expected) ** 2 / expected)
    return float(min(stats.norm.isf(stats.chi2.sf(square, len(seen) - 1)), 99.0))


def z_of_law(draws, law):
    """Chi-square of whole numbers against a frozen law of scipy.stats."""
    low, high = int(law.support()[0]), int(law.support()[1])
    assert draws.min() >= low
    assert draws.max() <= high
    pmf = law.pmf(np.arange(low, high + 1))
    return z_of_cells(np.bincount(draws - low, minlength=high - low + 1), len(draws) * pmf / pmf.sum())


def z_of_mean(values, law):
    return float((values.mean() - law) / (values.std(ddof=1) / np.sqrt(len(values))))


def standardised(draws, mean, variance):
    """(k - mean)/sd, where k and the exact mean have up to 16 digits in common."""
    whole = round(mean)
    return ((draws - whole) - float(mean - whole)) / math.sqrt(variance)


def z_of_moments(y, skewness):
    """Mean 0, variance 1 and third moment of standardised draws.

    Of 400,000 draws they see 0.0063 standard deviations, 0.9% of the variance, 0.016 of skewness.
    """
    return [z_of_mean(y, 0.0), z_of_mean(y**2, 1.0), z_of_mean(y**3 - 3 * y, skewness)]


def z_of_normal(draws, mean, variance):
    """Kolmogorov's distance as a z value: at 10^6 draws it sees 0.0023 of probability anywhere."""
    p = stats.kstest(standardised(draws, mean, variance), "norm").pvalue
    return float(min(stats.norm.isf(p), 99.0))


# logarithms


def exact_ratio(m, d):
    """log(m! (m + 1)^d/(m + d)!) by factorials, or by Stirling's formula with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        if max(m, m + d) <= 3000:
            top, bottom = math.factorial(m), math.factorial(m + d)
            return float((Decimal(top) / Decimal(bottom)).ln() + d * Decimal(m + 1).ln())

        def log_factorial(k):
            if k < 3000:
                return Decimal(math.factorial(k)).ln()
            bernoulli = [(1, 12), (-1, 360), (1, 1260), (-1, 1680), (1, 1188)]  # next: 1/3000^11
            x = Decimal(k)
            series = sum(Decimal(a) / b / x ** (2 * j + 1) for j, (a, b) in enumerate(bernoulli))
            return (x + Decimal("0.5")) * x.ln() - x + series

        half_log = (2 * Decimal("3.14159265358979323846264338327950288419716939937510582")).ln() / 2
        shift = (half_log if m >= 3000 else 0) - (half_log if m + d >= 3000 else 0)
        return float(log_factorial(m) - log_factorial(m + d) + shift + d * Decimal(m + 1).ln())


def test_factorial_ratios_of_small_numbers():
    pairs = [(m, k - m) for m in [*range(25), 100, 1000] for k in [*range(25), 90, 111, 900, 1100, 3000]]
    exact = np.array([exact_ratio(m, d) for m, d in pairs])
    got = ratios(*zip(*pairs, strict=True))
    scale = np.array([d * d / (m + 1) for m, d in pairs])
    assert np.all(np.abs(got - exact) <= 2e-14 + 1e-15 * scale)


@pytest.mark.parametrize("m", [10**4, 10**6, 10**9, 10**12, 10**15, 2**52])
def test_factorial_ratios_of_large_numbers(m):
    """Within 1e-13 up to nine standard deviations from a mode, and within 3e-14 of themselves anywhere."""
    steps = sorted({round(math.sqrt(m) * share) for share in (0, 1e-3, 0.1, 1.0, 3.0, 9.0)} | {1, 2})
    steps += [round(m * share) for share in (0.05, 0.09, 0.11, 0.5, 0.99)]
    pairs = [(m, sign * d) for d in steps for sign in (-1, 1)] + [(m, -m), (m, 1 - m), (0, m), (1, m)]
    exact = np.array([exact_ratio(*pair) for pair in pairs])
    got = ratios(*zip(*pairs, strict=True))
    assert np.all(np.abs(got - exact) <= np.where(np.abs(exact) < 50, 1e-13, 3e-14 * np.abs(exact)))


def test_a_factorial_ratio_off_by_a_term_is_seen():
    wrong = changed(logarithms.log_factorial_ratio, "(d - 0.5) *", "(d + 0.5) *")
    m, d = [10**15], [10**8]
    assert abs(ratios(m, d)[0] - exact_ratio(m[0], d[0])) < 1e-13
    assert abs(ratios(m, d, wrong)[0] - exact_ratio(m[0], d[0])) > 1e-8


def test_log_rest():
    with localcontext() as context:
        context.prec = 50
        t = [s * 10.0**e for e in range(-12, 0) for s in (-9.0, -1.0, 1.0, 9.0)] + [-0.1, 0.1, 0.5, 30.0]
        exact = [float((1 + Decimal(value)).ln() - Decimal(value)) for value in t]
    assert ratios(t, np.ones(len(t)), logarithms.log_rest) == pytest.approx(exact, rel=3e-15)


# binomial


@pytest.mark.parametrize(
    ("n", "p"),
    [
        (1, 0.3), (2, 0.5), (7, 0.9), (19, 0.5), (1000, 0.001), (100, 0.0999), (10**6, 9.9e-6),
        (20, 0.5), (21, 0.49), (34, 0.3), (100, 0.1), (100, 0.9), (300, 0.5), (2000, 0.005), (1000, 0.7),
    ],
)  # fmt: skip
def test_binomial_probabilities(n, p):
    """Sees 1% of every probability; n p from 0.3 to 300, on both sides of 10."""
    assert abs(z_of_law(binomials(n, p), stats.binom(n, p))) < AGREES


@pytest.mark.parametrize(
    ("old", "new"), [("4.2", "0.0"), ("2.83", "2.0"), ("d * tilt", "0.0"), ("mode, d)", "mode, -d)")]
)
def test_a_wrong_binomial_is_seen(old, new):
    wrong = changed(counting._binomial_by_rejection, old, new)
    draws = binomials(34.0, 0.3, kernel=wrong)
    assert z_of_law(draws, stats.binom(34, 0.3)) > DIFFERS


def test_the_rejection_would_be_wrong_below_its_range():
    draws = binomials(10.0, 0.1, kernel=counting._binomial_by_rejection)
    assert z_of_law(np.clip(draws, 0, 10), stats.binom(10, 0.1)) > DIFFERS


@pytest.mark.parametrize("n", LARGE)
@pytest.mark.parametrize("p", ["few", "some", 0.3, 0.9])
def test_moments_of_binomials(n, p):
    p = {"few": 3.0 / n, "some": 12.0 / n}.get(p, p)
    share = Fraction(p)
    variance = float(n * share * (1 - share))
    y = standardised(binomials(n, p), n * share, variance)
    assert np.abs(z_of_moments(y, (1 - 2 * p) / math.sqrt(variance))).max() < AGREES


@pytest.mark.parametrize("n", [10**15, 2**53])
@pytest.mark.parametrize("p", [0.5, 1e-4])
def test_large_binomials_are_normal(n, p):
    share = Fraction(p)
    mean, variance = n * share, float(n * share * (1 - share))
    assert abs(z_of_normal(binomials(n, p, 10**6), mean, variance)) < AGREES


def test_a_wrong_large_binomial_is_seen():
    """A hat a fifth too low."""
    wrong = changed(counting._binomial_by_rejection, "2.83", "2.3")
    assert z_of_normal(binomials(1e15, 0.5, 10**6, wrong), 5 * 10**14, 2.5e14) > DIFFERS


def test_large_binomials_have_even_last_bits():
    """Rounding would favour even counts: sees 0.6% of it in each of 16 remainders."""
    last = binomials(2**53, 0.3, 10**6) % 16
    assert abs(z_of_cells(np.bincount(last, minlength=16), np.full(16, 10**6 / 16))) < AGREES
    assert z_of_cells(np.bincount(last // 2 * 2, minlength=16), np.full(16, 10**6 / 16)) > DIFFERS


@pytest.mark.parametrize("n", [0, 1, 2, 10, 10**15, 2**53])
def test_certain_binomials(n):
    for p in (0.0, -0.0, 1e-300, 5e-324, -1.0, math.nan):
        assert set(binomials(n, p, 100)) == {0}
    for p in (1.0, 2.0):
        assert set(binomials(n, p, 100)) == {n}


@pytest.mark.parametrize("n", [1, 10**3, 10**15, 2**53])
def test_nearly_certain_binomials(n):
    p = math.nextafter(1.0, 0.0)  # 1.1e-16 less
    missing = n - binomials(n, p)
    assert missing.min() >= 0
    top = int(missing.max()) + 1
    law = stats.poisson(n * 2.0**-53)
    expected = np.append(law.pmf(np.arange(top)), law.sf(top - 1))
    assert abs(z_of_cells(np.bincount(missing, minlength=top + 1), DRAWS * expected)) < AGREES


# multinomial


@pytest.mark.parametrize("n", [50, 10**4, 10**9, 10**15])
def test_multinomial_moments(n):
    """Means to 0.02 and covariances to 0.02 to 0.03 standard deviations; the masses add up to 2.9."""
    mass = np.array([0.1, 0.0, 0.9, 0.02, 1.4, 0.4, 0.08])
    out = multinomials(n, mass, 40_000)
    assert np.all(out.sum(axis=1) == n)
    assert np.all(out[:, 1] == 0)
    share = [Fraction(part) / sum(map(Fraction, mass)) for part in mass]
    there = np.flatnonzero(mass)
    y = {i: standardised(out[:, i], n * share[i], float(n * share[i] * (1 - share[i]))) for i in there}
    for i, j in itertools.combinations_with_replacement(there, 2):
        odds = [float(share[k] / (1 - share[k])) for k in (i, j)]
        law = 1.0 if i == j else -math.sqrt(math.prod(odds))
        assert abs(z_of_mean(y[i] * y[j], law)) < AGREES
        assert abs(z_of_mean(y[i], 0.0)) < AGREES
        assert abs(z_of_mean(y[i] * y[j], 0.9 * law)) > (DIFFERS if i == j else 0.0)


def z_of_outcomes(out, law, total):
    """Chi-square over all ways to put ``total`` items into the bins."""
    bins = out.shape[1]
    ways = [way for way in itertools.product(range(total + 1), repeat=bins) if sum(way) == total]
    index = {way: i for i, way in enumerate(ways)}
    seen = np.bincount([index[tuple(row)] for row in out.tolist()], minlength=len(ways))
    expected = np.array([law.pmf(way) for way in ways])
    return z_of_cells(seen, len(out) * expected)


def test_multinomial_outcomes():
    """Sees 2% of every probability of 20 outcomes."""
    share = np.array([0.2, 0.5, 0.05, 0.25])
    out = multinomials(3, 7.0 * share, 40_000)
    assert abs(z_of_outcomes(out, stats.multinomial(3, share), 3)) < AGREES
    assert z_of_outcomes(out, stats.multinomial(3, share[[1, 0, 2, 3]]), 3) > DIFFERS


@pytest.mark.parametrize("n", [0, 1, 1000, 2**53])
@pytest.mark.parametrize(
    "mass",
    [
        [1.0], [0.0, 3.0, 0.0], [1.0, 0.0], [0.0, 1e-300], [1.0, 1e-300, 1e-300], [1e-300, 1.0],
        [5e-324, 5e-324, 5e-324], [1e300, 1e-300, 1e300], [1e-17] * 5 + [1.0] + [1e-17] * 5, [0.1] * 10,
        [math.nan, 1.0], [-1.0, 1.0], [1.0, math.inf], [0.5, 0.2],
    ],
)  # fmt: skip
def test_multinomials_put_every_item_into_a_bin_with_mass(n, mass):
    out = multinomials(n, mass, 50)
    assert out.min() >= 0
    assert np.all(out.sum(axis=1) == n)
    assert not out[:, ~(np.array(mass) > 0)].any()


def test_multinomials_without_mass_put_no_item_anywhere():
    assert not multinomials(10, [0.0, 0.0], 3).any()


@pytest.mark.parametrize("place", ["first", "last"])
def test_small_masses_beside_a_large_one_keep_their_means(place):
    """Two bins that expect 3 and 0.5 of 10^15 items; 2^-53 of these is 0.1. Sees 3% of every probability."""
    mass, small = ([3e-15, 5e-16, 1.0], [0, 1]) if place == "first" else ([1.0, 3e-15, 5e-16], [1, 2])
    out = multinomials(10**15, mass, 40_000)[:, small]
    for counts, mean in zip(out.T, (3.0, 0.5), strict=True):
        top = int(counts.max()) + 1
        expected = np.append(stats.poisson.pmf(np.arange(top), mean), stats.poisson.sf(top - 1, mean))
        assert abs(z_of_cells(np.bincount(counts, minlength=top + 1), 40_000 * expected)) < AGREES
        assert abs(z_of_mean(counts.astype(float), 1.1 * mean)) > DIFFERS


def test_a_batch_of_multinomials_is_each_replicate_alone():
    rng = np.random.default_rng(2)
    n, bins, mass = np.array([5, 10**6, 0, 300]), np.array([4, 2, 3, 1]), rng.random((4, 4))
    out, state = np.full((4, 4), -1), state_of(4)
    counting.multinomials(n, mass, bins, state.copy(), out)
    assert np.array_equal(out.sum(axis=1), n)
    for r in range(4):
        assert not out[r, bins[r] :].any()
        alone = np.full((1, 4), -1)
        row = slice(r, r + 1)
        counting.multinomials(n[row], mass[row], bins[row], state[row].copy(), alone)
        assert np.array_equal(alone[0], out[r])


# hypergeometric


@pytest.mark.parametrize(
    ("good", "bad", "sample"),
    [
        (1, 1, 1), (3, 7, 4), (7, 3, 4), (3, 7, 8), (7, 3, 8), (19, 19, 19), (5, 1000, 600), (1000, 5, 600),
        (20, 20, 20), (21, 19, 20), (60, 40, 30), (40, 60, 70), (200, 300, 250), (300, 200, 250),
        (50, 1000, 300), (1000, 50, 300), (300, 750, 1000), (10**6, 10**6, 40), (30, 10**6, 10**6),
    ],
)  # fmt: skip
def test_hypergeometric_probabilities(good, bad, sample):
    """Sees 1% of every probability, by search and by rejection, in every symmetry."""
    law = stats.hypergeom(good + bad, good, sample)
    assert abs(z_of_law(hypergeometrics(good, bad, sample), law)) < AGREES


@pytest.mark.parametrize(
    ("old", "new"),
    [("1.7155277699214135", "1.2"), ("rest + mode, d", "rest + mode, -d"), ("d * tilt", "0.0")],
)
def test_a_wrong_hypergeometric_is_seen(old, new):
    wrong = changed(picking._hypergeometric_by_rejection, old, new)
    law = stats.hypergeom(100, 40, 30)
    assert z_of_law(hypergeometrics(100.0, 30.0, 40.0, kernel=wrong), law) > DIFFERS


@pytest.mark.parametrize("total", LARGE)
@pytest.mark.parametrize(("good", "sample"), [(0.5, 0.5), (0.3, 0.1), (0.02, 0.7), (0.9, 0.97)])
def test_moments_of_hypergeometrics(total, good, sample):
    good, sample = round(good * total), round(sample * total)
    share = Fraction(good, total)
    mean = sample * share
    variance = float(mean * (1 - share) * Fraction(total - sample, total - 1))
    skewness = (total - 2 * good) * (total - 2 * sample) / (total - 2) / total / math.sqrt(variance)
    y = standardised(hypergeometrics(good, total - good, sample), mean, variance)
    assert np.abs(z_of_moments(y, skewness)).max() < AGREES


@pytest.mark.parametrize("total", [10**15, 2**53])
def test_large_hypergeometrics_are_normal(total):
    good, sample = total // 3, total // 5
    share = Fraction(good, total)
    mean = sample * share
    variance = float(mean * (1 - share) * Fraction(total - sample, total - 1))
    assert abs(z_of_normal(hypergeometrics(good, total - good, sample, 10**6), mean, variance)) < AGREES
    put_back = binomials(sample, float(share), 10**6)
    assert z_of_normal(put_back, mean, variance) > DIFFERS


@pytest.mark.parametrize("total", [10**9, 10**15])
def test_few_of_very_many(total):
    """Nearly Poisson; sees 1% of every probability."""
    root = math.isqrt(total)
    for good, sample in [(3 * root, root), (total // 1000, 2000), (2000, total // 1000)]:
        draws = hypergeometrics(good, total - good, sample)
        mean = good * (sample / total)
        law = stats.binom(2000, mean / 2000) if 2000 in (good, sample) else stats.poisson(mean)
        top = int(draws.max()) + 1
        expected = np.append(law.pmf(np.arange(top)), law.sf(top - 1))
        assert abs(z_of_cells(np.bincount(draws, minlength=top + 1), DRAWS * expected)) < AGREES


@pytest.mark.parametrize(
    ("good", "bad", "sample", "law"),
    [
        (0, 0, 0, 0), (0, 0, 5, 0), (0, 5, 3, 0), (5, 0, 3, 3), (5, 5, 0, 0), (5, 5, 10, 5), (5, 5, 11, 5),
        (2**52, 2**52, 2**53, 2**52), (2**53, 0, 2**52, 2**52), (0, 2**53, 2**52, 0), (2**52, 2**52, 0, 0),
    ],
)  # fmt: skip
def test_certain_hypergeometrics(good, bad, sample, law):
    assert set(hypergeometrics(good, bad, sample, 10)) == {law}


# picks of counts


@pytest.mark.parametrize("count", [[0], [5], [3, 0, 10**6, 1], [2**52, 2**51, 2**51], [10**15, 1, 0, 10**15]])
def test_picking_all_or_none(count):
    total = sum(count)
    assert picks(count, total).tolist() == [count]
    assert not picks(count, 0).any()
    for size in {total // 3, total // 2, total - 1} - {-1}:
        out = picks(count, size, 50)
        assert np.all(out.sum(axis=1) == size)
        assert np.all((out >= 0) & (out <= np.array(count)))


@pytest.mark.parametrize("size", [4, 9])
def test_pick_outcomes(size):
    """Sees 2% of every probability; with items put back the same test fails."""
    count = np.array([4, 1, 5, 3])
    law = stats.multivariate_hypergeom(count, size)
    assert abs(z_of_outcomes(picks(count, size, 40_000), law, size)) < AGREES
    assert z_of_outcomes(multinomials(size, count, 40_000), law, size) > DIFFERS


def test_pick_marginals():
    count = np.array([300, 20, 0, 5000, 80, 1200])
    out = picks(count, 2500, 40_000)
    for counts, there in zip(out.T, count, strict=True):
        if there:
            assert abs(z_of_law(counts, stats.hypergeom(6600, there, 2500))) < AGREES


def test_a_batch_of_picks_is_each_replicate_alone():
    count = np.array([[5, 6, 7], [100, 200, 10**9], [3, 4, 5], [1, 1, 1]])
    bins, size = np.array([3, 2, 1, 3]), np.array([9, 150, 2, 0])
    out, state = np.full((4, 3), -1), state_of(4)
    picking.pick_counts(count, bins, size, state.copy(), out)
    assert np.array_equal(out.sum(axis=1), size)
    for r in range(4):
        assert not out[r, bins[r] :].any()
        alone = np.full((1, 3), -1)
        row = slice(r, r + 1)
        picking.pick_counts(count[row], bins[row], size[row], state[row].copy(), alone)
        assert np.array_equal(alone[0], out[r])


# picks of items


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 2**31 + 1, 2**32 - 5, 2**32])
def test_below_is_the_upper_half_of_a_product(n):
    rng = np.random.default_rng(n)
    block = rng.integers(2**64, size=40, dtype=np.uint64)
    block[:3] = 2**64 - 1, 2**63, 2**32 - 1
    threshold = 2**64 % n
    law = [int(bits) * n >> 64 for bits in block if int(bits) * n % 2**64 >= threshold]
    out = np.full(len(law), -1)
    _belows(n, block, out)
    assert out.tolist() == law


def test_below_draws_again_what_would_favour_some():
    n = 3  # 2^64 % 3 = 1: of all numbers 0 alone is one too many
    out = np.full(2, -1)
    _belows(n, np.array([0, 1, 2**64 - 1], dtype=np.uint64), out)
    assert out.tolist() == [0, 2]


def shuffled(items, chosen, replicates, seed=0):
    items = np.asarray(items)
    x, size = np.tile(items, (replicates, 1)), np.full(replicates, len(items))
    out = np.full((replicates, max(chosen, 1)), -1, dtype=items.dtype)
    picking.shuffle_pick(x, size, np.full(replicates, chosen), state_of(replicates, seed), out)
    assert np.array_equal(x, np.tile(items, (replicates, 1)))
    return out[:, :chosen]


@pytest.mark.parametrize("kind", [float, np.int64])
@pytest.mark.parametrize("chosen", [1, 2, 3, 4, 5])
def test_every_subset_is_equally_likely(kind, chosen):
    """Sees 2% of every probability of up to 20 subsets, and a quarter of one's share given to another."""
    out = np.sort(shuffled(np.arange(6, dtype=kind), chosen, 40_000), axis=1)
    subsets = list(itertools.combinations(range(6), chosen))
    seen = np.array([np.count_nonzero((out == subset).all(axis=1)) for subset in subsets])
    assert seen.sum() == len(out)
    expected = np.full(len(subsets), len(out) / len(subsets))
    assert abs(z_of_cells(seen, expected)) < AGREES
    moved = seen[0] // 4
    seen[[0, -1]] += [-moved, moved]
    assert z_of_cells(seen, expected) > DIFFERS


@pytest.mark.parametrize("chosen", [10, 90])
def test_places_are_equally_likely(chosen):
    """Each of 100 items is picked equally often, to 2%."""
    out = shuffled(np.arange(100.0), chosen, 10_000)
    assert all(len(set(row)) == chosen for row in out.tolist())
    seen = np.bincount(out.astype(int).ravel(), minlength=100)
    spread = 10_000 * (chosen / 100) * (1 - chosen / 100)
    square = np.sum((seen - 100 * chosen) ** 2) / spread * 99 / 100
    assert abs(stats.norm.isf(stats.chi2.sf(square, 99))) < AGREES


def test_picked_items_of_ragged_replicates():
    x = np.arange(40.0).reshape(4, 10)
    size, chosen = np.array([10, 4, 7, 0]), np.array([12, 0, 3, 0])
    out = np.full((4, 10), np.nan)
    picking.shuffle_pick(x, size, chosen, state_of(4), out)
    assert sorted(out[0]) == x[0].tolist()
    assert set(out[2, :3]) <= set(x[2, :7])
    assert len(set(out[2, :3])) == 3
    assert np.isnan(out[2, 3:]).all()
    assert np.isnan(out[[1, 3]]).all()
