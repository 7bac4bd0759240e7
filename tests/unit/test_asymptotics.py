"""First order in 1/n: information, bias, displaced and pooled laws, each beside a plain NumPy twin."""

import numpy as np
import pytest
from scipy.integrate import quad_vec

from modelcollapse.asymptotics import ASYMPTOTICS
from modelcollapse.families.categorical import CategoricalParams
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.kernels import expansion, quadrature
from modelcollapse.streams import STREAM_LANES, generators
from modelcollapse.types import Status

MIXTURE, GAUSSIAN, CATEGORICAL = (ASYMPTOTICS[name] for name in ("mixture", "gaussian", "categorical"))
LOST = int(Status.CATEGORY_LOST)
LAWS = {
    "one": ([1.0], [3.0], [2.0]),
    "reference": ([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0]),
    "close": ([0.3, 0.7], [-0.8, 0.8], [1.0, 0.8]),
    "narrow on wide": ([0.2, 0.8], [0.5, 0.0], [0.01, 1.0]),
    "same mean": ([0.4, 0.6], [0.0, 0.0], [0.2, 1.0]),
    "far apart": ([0.5, 0.5], [0.0, 1e4], [1.0, 1e-2]),
    "rare": ([0.02, 0.98], [0.0, 3.5], [1.0, 1.0]),
    "three": ([0.2, 0.5, 0.3], [-3.0, 0.0, 2.0], [1.0, 0.4, 1.5]),
    "five": ([0.1, 0.2, 0.3, 0.3, 0.1], [-6.0, -2.0, 0.0, 1.5, 7.0], [1.0, 0.5, 2.0, 0.3, 1.0]),
}
every_law = pytest.mark.parametrize("name", LAWS)


def params(name, rows=1):
    return MixtureParams(*(np.tile(np.array(part), (rows, 1)) for part in LAWS[name]))


def streams(count, seed=0):
    return generators(seed, (3,) * 8, range(count))


# the plain twins


def grid(w, m, s):
    """A fine quadrature of the line: nodes, weights."""
    ends = np.unique(np.concatenate([a + b * np.linspace(-9, 9, 121) for a, b in zip(m, s, strict=True)]))
    node, weight = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(ends)
    return (ends[:-1, None] + half[:, None] * (1 + node)).ravel(), (half[:, None] * weight).ravel()


def density(x, w, m, s):
    z = (x - m[:, None]) / s[:, None]
    return (w / s)[:, None] * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def moved(w, m, s, step):
    """Parameters after a step in the coordinates (logit, mean in stds, log std) of each component."""
    a, b, c = step.reshape(-1, 3).T
    w = w * np.exp(a)
    return w / w.sum(), m + s * b, s * np.exp(c)


def plain_second(w, m, s, x):
    """p's second derivatives over p, ``(coordinate, coordinate, node)``, as the docstrings write them."""
    f = density(x, w, m, s)
    r, z, size = f / f.sum(axis=0), (x - m[:, None]) / s[:, None], len(w)
    found = np.zeros((3 * size, 3 * size, len(x)))
    for k in range(size):
        for j in range(size):
            same = float(k == j)
            found[3 * k, 3 * j] = same * (r[k] - w[k]) - r[k] * w[j] - r[j] * w[k] + 2 * w[k] * w[j]
            for i, d in ((1, z[j]), (2, z[j] ** 2 - 1)):
                found[3 * k, 3 * j + i] = found[3 * j + i, 3 * k] = (same - w[k]) * r[j] * d
        found[3 * k + 1, 3 * k + 1] = r[k] * (z[k] ** 2 - 1)
        found[3 * k + 1, 3 * k + 2] = found[3 * k + 2, 3 * k + 1] = r[k] * (z[k] ** 3 - 3 * z[k])
        found[3 * k + 2, 3 * k + 2] = r[k] * (z[k] ** 4 - 4 * z[k] ** 2 + 1)
    return found


def plain_score(w, m, s, x):
    f = density(x, w, m, s)
    r, z = f / f.sum(axis=0), (x - m[:, None]) / s[:, None]
    return np.stack([r - w[:, None], r * z, r * (z * z - 1)], axis=1).reshape(-1, len(x))


def plain_expansion(w, m, s):
    """I = E[s s'] and b = -1/2 I^-1 E[s h], the logits' common shift with an information of its own."""
    x, length = grid(w, m, s)
    p = density(x, w, m, s).sum(axis=0)
    x, length, p = x[p > 1e-280], length[p > 1e-280], p[p > 1e-280]
    score = plain_score(w, m, s, x)
    information = (score * length * p) @ score.T
    information[::3, ::3] += 1 / len(w)
    inverse = np.linalg.inv(information)
    h = np.einsum("cd,cdx->x", inverse, plain_second(w, m, s, x))
    return information, -0.5 * inverse @ ((score * length * p) @ h)


def plain_pool(parts, share, start, steps=4000):
    """The maximum of the pooled law's likelihood by plain EM on a fine grid."""
    x, length = grid(*(np.concatenate([part[i] for part in parts]) for i in range(3)))
    q = length * sum(a * density(x, *part).sum(axis=0) for a, part in zip(share, parts, strict=True))
    w, m, s = start
    for _ in range(steps):
        f = density(x, w, m, s)
        held = q * f / (f.sum(axis=0) + 1e-300)
        w = held.sum(axis=1)
        m = held @ x / w
        s = np.sqrt(np.sum(held * (x - m[:, None]) ** 2, axis=1) / w)
        w = w / w.sum()
    return w, m, s


# quadrature


@every_law
def test_nodes_densities_and_powers(name):
    """Whole blocks of nodes; weights times densities; moments of each component to 1e-5 of sqrt(E z^2p)."""
    law, count, width = np.array(LAWS[name]), len(LAWS[name][0]), 8
    room = quadrature.scratch(count, width)
    room[:] = np.nan  # what is no node must not be read, whatever stood in the memory
    x, length, p, each, edges, *f = room
    f = np.array(f)
    nodes = quadrature.lay_nodes(law, count, edges, x, length, width)
    assert nodes % width == 0
    quadrature.densities(x, nodes, law, count, f, p, each)
    expected = density(x[:nodes], *law)
    np.testing.assert_allclose(f[:, :nodes], expected, rtol=1e-12, atol=1e-290)
    np.testing.assert_allclose(p[:nodes], expected.sum(axis=0) + 1e-300, rtol=1e-12, atol=1e-290)
    np.testing.assert_allclose(each[:nodes] * p[:nodes], 1.0, rtol=1e-14)
    for k in range(count):
        mass, out = length * f[k], np.empty(quadrature.MOMENTS)
        quadrature.powers(x, nodes, law[1, k], law[2, k], mass, width, out)
        z = (x[:nodes] - law[1, k]) / law[2, k]
        plain = [np.sum(mass[:nodes] * z**power) for power in range(7)]
        np.testing.assert_allclose(out, plain, rtol=1e-11, atol=1e-11 * law[0, k])
        scale = np.sqrt([1, 1, 3, 15, 105, 945, 10395])
        np.testing.assert_allclose(out / law[0, k] / scale, [1, 0, 1, 0, 3, 0, 15] / scale, atol=1e-5)


def test_gathering_leaves_out_the_dead_and_finds_points():
    now, active = np.empty((3, 3)), np.empty(3, dtype=np.int64)
    w, m, s = np.array([0.0, 0.2, 0.6]), np.array([9.0, 5.0, 7.0]), np.array([0.0, 1.0, 2.0])
    assert expansion.gather(w, m, s, now, active) == 2
    np.testing.assert_allclose(now[:, :2], [[0.25, 0.75], [0.0, 2.0], [1.0, 2.0]])
    assert active[:2].tolist() == [1, 2]
    assert expansion.gather(w, m, np.array([1.0, 0.0, 2.0]), now, active) == 0


# information and bias


@every_law
def test_the_root_and_the_white_bias_belong_to_the_information(name):
    """root' root = I^-1 and root' white = b, where the information is not nearly singular."""
    count = len(LAWS[name][0])
    law, most, active = np.empty((3, count)), 3 * count, np.empty(count, dtype=np.int64)
    assert expansion.gather(*np.array(LAWS[name]), law, active) == count
    matrix, root, bias, white = (np.zeros(size) for size in [(most, most)] * 2 + [most] * 2)
    nodes = quadrature.scratch(count, STREAM_LANES)
    singular = expansion.expand(law, count, nodes, STREAM_LANES, matrix, root, bias, white)
    found = MIXTURE.expand(params(name))
    np.testing.assert_array_equal(matrix, found.information[0])
    np.testing.assert_array_equal(bias, found.bias[0])
    np.testing.assert_allclose(root.T @ white, bias, rtol=1e-9, atol=1e-12 * np.abs(bias).max())
    assert not singular
    scale = np.sqrt(np.diag(matrix))
    away = (root.T @ root @ matrix - np.eye(most)) * scale[:, None] / scale
    assert np.abs(away).max() < 1e-6


@every_law
def test_information_and_bias_of_mixtures(name):
    """To 1e-5 of a standard deviation of the estimate; quadrature is the only error."""
    w, m, s = (np.array(part) for part in LAWS[name])
    information, bias = plain_expansion(w, m, s)
    found = MIXTURE.expand(params(name))
    scale = np.sqrt(np.diag(information))
    assert np.abs((found.information[0] - information) / np.outer(scale, scale)).max() < 1e-5
    away = found.bias[0] - bias
    assert away @ information @ away < (1e-5) ** 2 * (bias @ information @ bias)


@pytest.mark.parametrize("name", ["close", "three"])
def test_second_derivatives_of_the_density(name):
    """The docstring's list against differences of the density itself, to 1e-5."""
    w, m, s = (np.array(part) for part in LAWS[name])
    x, h, size = np.linspace(-4.0, 4.0, 41), 1e-4, 3 * len(w)
    p = density(x, w, m, s).sum(axis=0)

    def at(step):
        return density(x, *moved(w, m, s, step)).sum(axis=0)

    for i in range(size):
        for j in range(size):
            a, b = h * np.eye(size)[i], h * np.eye(size)[j]
            second = (at(a + b) - at(a - b) - at(b - a) + at(-a - b)) / (4 * h * h)
            np.testing.assert_allclose(plain_second(w, m, s, x)[i, j], second / p, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["reference", "three"])
def test_the_short_form_of_the_bias_is_cox_and_snells(name):
    """b_b = I^cd (E[l_bc l_d] + 1/2 E[l_bcd]), with third derivatives by differences, to 1e-5."""
    w, m, s = (np.array(part) for part in LAWS[name])
    size, h = 3 * len(w), 1e-3
    eye = h * np.eye(size)

    def log_p(x, step):
        return np.log(density(np.array([x]), *moved(w, m, s, step)).sum())

    inverse = np.linalg.inv(plain_expansion(w, m, s)[0])
    root = np.linalg.cholesky(inverse).T * h  # I^cd e_c e_d as a sum over directions

    def integrand(x):
        p = np.exp(log_p(x, np.zeros(size)))
        found = np.zeros(size)
        for u in root:
            slope = (log_p(x, u) - log_p(x, -u)) / (2 * h)
            for b in range(size):
                e = eye[b]
                mixed = log_p(x, e + u) - log_p(x, e - u) - log_p(x, u - e) + log_p(x, -e - u)
                third = log_p(x, e + u) - 2 * log_p(x, e) + log_p(x, e - u)
                third -= log_p(x, u - e) - 2 * log_p(x, -e) + log_p(x, -u - e)
                found[b] += p * (mixed / (4 * h * h) * slope + 0.5 * third / (2 * h**3))
        return found

    lowered, _ = quad_vec(integrand, -12.0, 12.0, epsabs=1e-5, epsrel=1e-5, limit=60)
    expected = inverse @ lowered
    found = MIXTURE.expand(params(name)).bias[0]
    np.testing.assert_allclose(found, expected, atol=3e-4 * np.abs(expected).max())


def test_one_gaussian():
    """I = diag(1, 2), b = (0, -1), and the mixture of one component says the same."""
    found = GAUSSIAN.expand(GaussianParams(np.array([3.0, 0.0]), np.array([2.0, 1.0])))
    np.testing.assert_array_equal(found.information[1], [[1.0, 0.0], [0.0, 2.0]])
    np.testing.assert_array_equal(found.bias[0], [0.0, -1.0])
    one = MIXTURE.expand(params("one"))
    np.testing.assert_allclose(one.information[0][1:, 1:], found.information[0], atol=1e-12)
    np.testing.assert_allclose(one.bias[0], [0.0, 0.0, -1.0], atol=1e-12)


@every_law
def test_information_and_bias_do_not_know_where_the_origin_is(name):
    """Moved and stretched by powers of two: equal, to what the moved means lose in rounding."""
    here = params(name)
    there = MixtureParams(here.weight, 4.0 * here.mean + 1024.0, 4.0 * here.std)
    for one, other in zip(MIXTURE.expand(here), MIXTURE.expand(there), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-7 * np.abs(one).max())


def test_categories():
    p = np.array([[0.2, 0.5, 0.3], [0.5, 0.5, 0.0]])
    found = CATEGORICAL.expand(CategoricalParams(p))
    assert not found.bias.any()
    for own, information in zip(p, found.information, strict=True):
        covariance = np.diag(own) - np.outer(own, own)
        np.testing.assert_allclose(covariance @ information @ covariance, covariance, atol=1e-12)


# displaced laws


@pytest.mark.parametrize("name", ["one", "reference", "close", "three"])
def test_displaced_mixtures_have_the_mean_and_covariance_of_first_order(name):
    """40,000 displacements at variance 1/4,000,000: 4.5 standard errors of each mean and covariance."""
    rows, n = 40_000, 4_000_000
    w, m, s = (np.array(part) for part in LAWS[name])
    information, bias = plain_expansion(w, m, s)
    size, variance = np.full(rows, n), np.full(rows, 1 / n)
    after, status = MIXTURE.displace(params(name), size, variance, streams(rows))
    assert not status.any()
    step = np.stack([np.log(after.weight / w), (after.mean - m) / s, np.log(after.std / s)], axis=2)
    step = step.reshape(rows, -1)
    # the logits' common shift is left out: weights add up to 1
    free = np.eye(3 * len(w))
    free[::3, ::3] -= w
    covariance = free @ np.linalg.inv(information) @ free.T
    root = np.sqrt(np.diag(covariance)) + 1e-12
    noise = np.sqrt(n) * step / root
    assert np.abs(noise.mean(axis=0) - (free @ bias) / root / np.sqrt(n)).max() < 4.5 / np.sqrt(rows)
    found = noise.T @ noise / rows
    expected = covariance / np.outer(root, root)
    assert np.abs(found - expected).max() < 4.5 * np.sqrt(2 / rows)


def test_displaced_gaussians():
    """60,000 draws, 4.5 standard errors: log std by -1/n with variance 1/(2 n). Sees 60 % of -1/n."""
    n, rows = 2_000, 60_000
    size, variance = np.full(rows, n), np.full(rows, 1 / n)
    after, _ = GAUSSIAN.displace(
        GaussianParams(np.array([1.0]), np.array([2.0])), size, variance, streams(rows)
    )
    log = np.log(after.std / 2.0)
    assert abs(log.mean() + 1 / n) < 4.5 * np.sqrt(1 / (2 * n * rows))
    assert abs((after.mean - 1.0).mean()) < 4.5 * 2.0 / np.sqrt(n * rows)
    assert log.var() * 2 * n == pytest.approx(1.0, abs=4.5 * np.sqrt(2 / rows))


@pytest.mark.parametrize("name", ["reference", "three"])
def test_displaced_mixtures_have_the_bias(name):
    """40,000 displacements at n = 2,000: means and log stds move by b/n; 4.5 standard errors, no bias 6."""
    rows, n = 40_000, 2_000
    w, m, s = (np.array(part) for part in LAWS[name])
    information, bias = plain_expansion(w, m, s)
    after, _ = MIXTURE.displace(params(name), np.full(rows, n), np.full(rows, 1 / n), streams(rows, 1))
    step = np.stack([(after.mean - m) / s, np.log(after.std / s)], axis=2).reshape(rows, -1)
    own = np.arange(3 * len(w)) % 3 > 0
    error = np.sqrt(np.diag(np.linalg.inv(information))[own] / n / rows)
    z = (step.mean(axis=0) - bias[own] / n) / error
    assert np.abs(z).max() < 4.5
    assert np.abs(step.mean(axis=0) / error).max() > 6.0


@pytest.mark.parametrize("which", ["gaussian", "mixture", "categorical"])
def test_no_variance_is_no_displacement_and_takes_no_random_numbers(which):
    start = {
        "gaussian": GaussianParams(np.array([1.0, 2.0]), np.array([1.0, 3.0])),
        "mixture": params("three", 2),
        "categorical": CategoricalParams(np.array([[0.5, 0.5], [1.0, 0.0]])),
    }[which]
    own = streams(2)
    before = own.state.copy()
    size = np.array([100, 0])
    after, status = ASYMPTOTICS[which].displace(start, size, np.array([0.01, 0.0]), own)
    for one, other in zip(start, after, strict=True):
        np.testing.assert_array_equal(one[1], other[1])
        assert not np.array_equal(one[0], other[0])
    assert status[1] == 0
    np.testing.assert_array_equal(before[1], own.state[1])


def test_a_replicate_alone_is_a_replicate_in_a_batch():
    size, variance = np.array([100, 200, 300]), 1 / np.array([100, 200, 300])
    batch, _ = MIXTURE.displace(params("three", 3), size, variance, streams(3))
    shared, _ = MIXTURE.displace(params("three"), size, variance, streams(3))
    for r in range(3):
        alone, _ = MIXTURE.displace(
            params("three"), size[r : r + 1], variance[r : r + 1], streams(3)[r : r + 1]
        )
        for one, other, third in zip(batch, alone, shared, strict=True):
            np.testing.assert_array_equal(one[r], other[0])
            np.testing.assert_array_equal(third[r], other[0])


def test_displaced_categories():
    """Mean p, covariance (diag p - p p')/n: 40,000 draws, 4.5 standard errors; the dead stay dead."""
    p, rows, n = np.array([0.1, 0.6, 0.3, 0.0]), 40_000, 1_000
    after, status = CATEGORICAL.displace(
        CategoricalParams(p[None]), np.full(rows, n), np.full(rows, 1 / n), streams(rows)
    )
    share = after.probability
    assert not status.any()
    np.testing.assert_allclose(share.sum(axis=1), 1.0, rtol=1e-12)
    assert not share[:, 3].any()
    root = np.sqrt(p[:3] * (1 - p[:3]) / n)
    z = (share[:, :3] - p[:3]) / root
    assert np.abs(z.mean(axis=0)).max() < 4.5 / np.sqrt(rows)
    expected = (np.diag(p) - np.outer(p, p))[:3, :3] / n / np.outer(root, root)
    assert np.abs(z.T @ z / rows - expected).max() < 4.5 * np.sqrt(2 / rows)


def test_lost_categories():
    shares = CategoricalParams(np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.2, 0.3, 0.5]]))
    found, status = CATEGORICAL.settle(shares, np.full(3, 100))
    assert found is shares
    assert status.tolist() == [LOST, LOST | int(Status.COLLAPSED), 0]


@pytest.mark.parametrize(("p", "outside"), [([0.004, 0.996], True), ([0.0, 1.0], False), ([0.5, 0.5], False)])
def test_a_category_of_a_few_items_is_outside_the_range(p, outside):
    _, status = CATEGORICAL.displace(
        CategoricalParams(np.array([p])), np.full(9, 1000), np.full(9, 1e-3), streams(9)
    )
    assert ((status & int(Status.OUTSIDE_RANGE) != 0) == outside).all()


# where first order ends


@pytest.mark.parametrize(
    ("weight", "mean", "std", "n"),
    [
        pytest.param([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0], 20, id="a handful of items"),
        pytest.param([0.001, 0.999], [-2.0, 2.0], [1.0, 1.0], 10_000, id="a handful in a component"),
        pytest.param([0.5, 0.5], [-1e-3, 1e-3], [1.0, 1.0], 10_000, id="components alike"),
        pytest.param([0.5, 0.5], [0.0, 0.0], [1.0, 1.0], 10_000, id="components equal"),
        pytest.param([0.01, 0.99], [0.0, 3.0], [1.0, 1.0], 3_000, id="a bias beyond the noise"),
        pytest.param([0.5, 0.5], [0.0, 1.0], [0.0, 1.0], 1_000, id="a point"),
    ],
)
def test_outside_its_range_it_says_so_and_goes_on(weight, mean, std, n):
    start = MixtureParams(*(np.array([part]) for part in (weight, mean, std)))
    own, outside = streams(50), 0
    size = np.full(50, n)
    state = MixtureParams(*(np.repeat(part, 50, axis=0) for part in start))
    for _ in range(200):
        state, status = MIXTURE.displace(state, size, 1 / size, own)
        outside += np.sum(status & int(Status.OUTSIDE_RANGE) != 0)
        state, _ = MIXTURE.settle(state, size)
        for part in state:
            assert np.isfinite(part).all()
        np.testing.assert_allclose(state.weight.sum(axis=1), 1.0, rtol=1e-12)
        assert (state.std >= 0).all()
    assert outside > 50


def test_settling():
    """Less than one item is dead; a spread of a rounding is a point; a few roundings are the limit."""
    weight = np.array([[0.5, 0.5], [0.995, 0.005], [0.9, 0.1], [0.5, 0.5], [1.0, 0.0], [0.5, 0.5]])
    mean = np.array([[0.0, 1.0]] * 4 + [[1.0, 0.0], [1.0, 1.0]])
    std = np.array([[1.0, 1.0]] * 3 + [[1.0, 1e-300], [1e-17, 1.0], [1.0, 1.2e-15]])
    found, status = MIXTURE.settle(MixtureParams(weight, mean, std), np.full(6, 100))
    dead, point, limit = Status.COMPONENT_DEAD, Status.POINT_MASS, Status.PRECISION_LIMIT
    outside = Status.OUTSIDE_RANGE
    assert status.tolist() == [
        0, int(dead | outside), int(outside), int(point | limit),
        int(dead | point | limit | Status.COLLAPSED), int(limit),
    ]  # fmt: skip
    np.testing.assert_array_equal(found.weight[1], [1.0, 0.0])
    np.testing.assert_array_equal(found.std[3:5], [[1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(found.weight[[0, 2]], weight[[0, 2]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_settling_what_is_not_finite(bad):
    """No model, whichever parameter it is: one bit alone; the other replicates are settled as ever."""
    size, nonfinite = np.full(4, 100), int(Status.NONFINITE)
    for part in range(3):
        law = MixtureParams(*(own.copy() for own in params("reference", 4)))
        law[part][1, 1] = bad
        law.weight[2] = [0.995, 0.005]
        found, status = MIXTURE.settle(law, size)
        outside = int(Status.COMPONENT_DEAD | Status.OUTSIDE_RANGE)
        assert status.tolist() == [0, nonfinite, outside, 0]
        np.testing.assert_array_equal(found.weight[[0, 2, 3]], [[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]])
    for part in range(2):
        one = GaussianParams(np.zeros(4), np.ones(4))
        one[part][1] = bad
        assert GAUSSIAN.settle(one, size)[1].tolist() == [0, nonfinite, 0, 0]
    shares = CategoricalParams(np.array([[0.5, 0.5], [bad, 0.5], [1.0, 0.0], [0.1, 0.9]]))
    lost = LOST | int(Status.COLLAPSED)
    assert CATEGORICAL.settle(shares, size)[1].tolist() == [0, nonfinite, lost, 0]


# pooled laws


def parts_near(name, count, far, seed):
    rng = np.random.default_rng(seed)
    w, m, s = (np.array(part) for part in LAWS[name])
    return [moved(w, m, s, far * rng.normal(size=3 * len(w))) for _ in range(count)]


@pytest.mark.parametrize("name", ["one", "reference", "narrow on wide", "three"])
@pytest.mark.parametrize("far", [0.3, 0.03])
def test_pooled_mixtures_are_at_the_maximum(name, far):
    """Against plain EM on a fine grid, to 1e-5 of each parameter's own unit."""
    parts, size = parts_near(name, 3, far, 4), np.array([600, 300, 100])
    found, status = MIXTURE.pool([MixtureParams(*(a[None] for a in part)) for part in parts], size[:, None])
    assert not status.any()
    w, m, s = plain_pool(parts, size / 1000, parts[0])
    np.testing.assert_allclose(found.weight[0], w, atol=1e-5)
    np.testing.assert_allclose((found.mean[0] - m) / s, 0.0, atol=1e-5)
    np.testing.assert_allclose(found.std[0] / s, 1.0, atol=1e-5)


@pytest.mark.parametrize("name", ["one", "reference", "three"])
def test_a_pool_keeps_the_mean_and_the_variance(name):
    """As every fit does; quadrature misses less than 1e-7 of the variance."""
    parts, size = parts_near(name, 2, 0.1, 5), np.array([[700], [300]])
    laws = [MixtureParams(*(a[None] for a in part)) for part in parts]
    mean, variance = Mixture().moments(MIXTURE.pool(laws, size)[0])
    own = np.array([Mixture().moments(law) for law in laws])[:, :, 0]
    share = size[:, 0] / 1000
    law_mean = share @ own[:, 0]
    law_variance = share @ (own[:, 1] + (own[:, 0] - law_mean) ** 2)
    assert mean[0] == pytest.approx(law_mean, abs=1e-7 * np.sqrt(law_variance))
    assert variance[0] == pytest.approx(law_variance, rel=1e-6)


def test_a_pool_of_equal_laws_is_that_law():
    """Quadrature's error is a share of the parts' difference: none here, and 1e-5 of 1e-7 beside it."""
    law = params("reference")
    found, _ = MIXTURE.pool([law, law], np.array([[10], [20]]))
    for one, other in zip(law, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    step = 1e-7 * np.array([0.5, 1.0, -1.0, -0.5, 0.3, 0.7])
    near = MixtureParams(*(a[None] for a in moved(law.weight[0], law.mean[0], law.std[0], step)))
    found, _ = MIXTURE.pool([law, near], np.array([[500], [500]]))
    np.testing.assert_allclose(found.std / law.std - 1, 0.5e-7 * np.array([[-1.0, 0.7]]), atol=1e-12)
    np.testing.assert_allclose(found.mean - law.mean, 0.5e-7 * np.array([[1.0, 0.3]]), atol=1e-12)


def test_a_single_part_of_a_ragged_pool_is_returned_as_it_is():
    a, b = params("three", 2), params("three", 2)
    b = MixtureParams(b.weight, b.mean + 1.0, b.std)
    found, status = MIXTURE.pool([a, b], np.array([[10, 0], [0, 20]]))
    for one, other, pooled in zip(a, b, found, strict=True):
        np.testing.assert_array_equal(pooled, [one[0], other[1]])
    assert not status.any()


def test_dead_in_one_part_is_dead_in_the_pool():
    """As for EM that starts from the last model; the pool's mean and variance are kept all the same."""
    whole = params("reference")
    half = MixtureParams(np.array([[1.0, 0.0]]), np.array([[-1.0, 2.0]]), np.array([[1.5, 1.0]]))
    size = np.array([[500], [500]])
    found, _ = MIXTURE.pool([whole, half], size)
    np.testing.assert_array_equal(found.weight, [[1.0, 0.0]])
    mean, variance = Mixture().moments(found)
    assert mean[0] == pytest.approx(-0.5)
    assert variance[0] == pytest.approx(0.5 * 5.0 + 0.5 * 1.5**2 + 0.25)


def test_pooled_gaussians_and_categories():
    a, b = GaussianParams(np.array([0.0]), np.array([1.0])), GaussianParams(np.array([2.0]), np.array([3.0]))
    found, _ = GAUSSIAN.pool([a, b], np.array([[300], [100]]))
    assert found.mean[0] == pytest.approx(0.5)
    assert found.std[0] ** 2 == pytest.approx(0.75 * 1 + 0.25 * 9 + 0.75 * 0.25 * 4)
    p, q = CategoricalParams(np.array([[0.5, 0.5, 0.0]])), CategoricalParams(np.array([[0.1, 0.1, 0.8]]))
    shares, _ = CATEGORICAL.pool([p, q], np.array([[300], [100]]))
    np.testing.assert_allclose(shares.probability, [[0.4, 0.4, 0.2]])


# exact fits


@pytest.mark.parametrize(("name", "n"), [("reference", 400), ("reference", 2000), ("three", 2000)])
def test_bias_and_covariance_of_actual_fits(name, n):
    """EM's fits to n items against b/n and I^-1/n; terms of the next order allowed for at 8/n.

    The estimate less I^-1 times the mean score at the truth has the same mean and next to no noise: 3,000
    fits see 5 to 10 % of the bias at n = 2,000. Covariances to 4 standard errors and 8/n.
    """
    rows = 3_000
    w, m, s = (np.array(part) for part in LAWS[name])
    family, start, own = Mixture(components=len(w), tolerance=1e-9), params(name), streams(rows, n)
    x = family.sample(start, n, own)
    fit = family.fit(x, np.full(rows, n), None, start, own)
    step = np.stack(
        [np.log(fit.params.weight / w), (fit.params.mean - m) / s, np.log(fit.params.std / s)], axis=2
    ).reshape(rows, -1)
    step[:, ::3] -= step[:, ::3] @ w[:, None]  # the logits' common shift
    information, bias = plain_expansion(w, m, s)
    inverse = np.linalg.inv(information)
    first = np.array([inverse @ plain_score(w, m, s, row).mean(axis=1) for row in x])
    free = np.eye(3 * len(w))
    free[::3, ::3] -= w
    # log w is bent: sum w_k log(w'_k/w_k) is not 0 at second order, nor is the shift of the chart
    left = n * (step - first @ free.T)
    error = left.std(axis=0) / np.sqrt(rows)
    expected = free @ MIXTURE.expand(start).bias[0]
    z = (left.mean(axis=0) - expected) / (4 * error + 8 * np.abs(bias).max() / n)
    print(np.round(left.mean(axis=0), 3), np.round(expected, 3), np.round(error, 3))
    assert np.abs(z).max() < 1.0
    covariance = free @ inverse @ free.T
    found = n * np.cov(step.T)
    root = np.sqrt(np.diag(covariance)) + 1e-9
    away = np.abs(found - covariance) / np.outer(root, root)
    assert away.max() < 4 * np.sqrt(2 / rows) + 30 / n * np.abs(bias).max()


def test_bias_of_an_actual_gaussian_fit():
    """10,000 fits to 200 items: log variance by -2/n, variance 2/n."""
    rows, n = 10_000, 200
    own = streams(rows)
    start = GaussianParams(np.array([0.0]), np.array([1.0]))
    fit = Gaussian().fit(Gaussian().sample(start, n, own), np.full(rows, n), None, start, own)
    log = np.log(fit.params.std)
    assert abs(log.mean() + 1 / n) < 4 * log.std() / np.sqrt(rows) + 2 / n**2
    assert log.var() == pytest.approx(1 / (2 * n), rel=4 * np.sqrt(2 / rows) + 2 / n)
