"""Items that are vectors: fits and metrics against NumPy and scikit-learn; truths, results, figures."""

import csv
import io
import warnings

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

import modelcollapse as mc
from modelcollapse import lab
from modelcollapse.errors import DataError, RecipeError
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.gaussian_nd import GaussianNd, GaussianNdParams
from modelcollapse.families.mixture_nd import MixtureNd, MixtureNdParams
from modelcollapse.families.vectors import factor
from modelcollapse.kernels.em_vectors import em_vectors
from modelcollapse.metrics import METRICS, metrics_of
from modelcollapse.plots import KINDS
from modelcollapse.sources import Law, VectorSet
from modelcollapse.streams import generators
from modelcollapse.summary import write_csv
from modelcollapse.types import Status

RANK, POINT, COLLAPSED = (int(s) for s in (Status.RANK_DEFICIENT, Status.POINT_MASS, Status.COLLAPSED))


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def fit(family, x, weight=None, start=None):
    return family.fit(x, np.full(len(x), x.shape[1]), weight, start, streams(len(x)))


def spread_matrix(d, rng):
    a = rng.normal(size=(d, d + 2))
    return a @ a.T / d


def mixture(w, m, c):
    return MixtureNdParams(*(np.array([part], dtype=float) for part in (w, m, c)))


PLANE = mixture([0.3, 0.7], [[0.0, 0.0], [4.0, 1.0]], [[[1.0, 0.4], [0.4, 0.5]], [[0.6, -0.3], [-0.3, 1.5]]])
CLOSE = mixture([0.4, 0.6], [[0.0, 0.0], [2.0, 1.0]], [[[1.0, 0.4], [0.4, 0.5]], [[0.6, -0.3], [-0.3, 1.5]]])


# one Gaussian


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_a_fit_is_numpys_covariance(d, ddof, offset):
    x = np.random.default_rng(d).normal(size=(3, 40, d)) + offset
    found = fit(GaussianNd(ddof=ddof).of(d), x)
    assert not found.status.any()
    for r in range(3):
        away = x[r] - offset  # exact
        expected = np.cov(away.T, ddof=ddof).reshape(d, d)
        assert found.params.covariance[r] == pytest.approx(expected, rel=1e-12, abs=1e-14)
        assert found.params.mean[r] - offset == pytest.approx(away.mean(axis=0), abs=1e-14 + 2e-16 * offset)
        assert np.array_equal(found.params.covariance[r], found.params.covariance[r].T)


def test_a_weighted_fit_is_numpys():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 30, 3)), rng.uniform(0.0, 2.0, size=(2, 30))
    found = fit(GaussianNd().of(3), x, weight)
    for r in range(2):
        expected = np.cov(x[r].T, ddof=0, aweights=weight[r])
        assert found.params.covariance[r] == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("family", [GaussianNd().of(3), MixtureNd(components=2).of(3)])
def test_affine_equivariance(family):
    """Fits of A x + b are those of x, transformed: the same steps, and nothing depends on units."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(size=(2, 80, 3)), rng.normal([3.0, 1.0, 0.0], size=(2, 60, 3))], axis=1)
    a, b = rng.normal(size=(3, 3)) * np.array([1e-3, 1.0, 1e4])[:, None], np.array([5.0, -1.0, 1e4])
    start = None
    if family.name == "mixture-nd":
        means = np.array([[[0.0] * 3, [3.0, 1.0, 0.0]]] * 2)
        start = MixtureNdParams(np.full((2, 2), 0.5), means, np.tile(np.eye(3), (2, 2, 1, 1)))
    moved = start and MixtureNdParams(start[0], start[1] @ a.T + b, a @ start[2] @ a.T)
    here, there = fit(family, x, start=start), fit(family, x @ a.T + b, start=moved)
    assert here.params.mean @ a.T + b == pytest.approx(there.params.mean, rel=1e-7)
    expected, scale = a @ here.params.covariance @ a.T, np.sqrt(np.diag(a @ a.T))
    assert (expected / np.outer(scale, scale)) == pytest.approx(
        there.params.covariance / np.outer(scale, scale), abs=1e-7
    )
    assert np.array_equal(here.iterations, there.iterations)


@pytest.mark.parametrize("d", [1, 2, 7])
def test_samples_have_the_moments(d):
    """z values of every mean and covariance of 40,000 items; a covariance off by 10 % would be seen."""
    rng = np.random.default_rng(d)
    c, m, n = spread_matrix(d, rng), rng.normal(size=d), 40_000
    family, params = GaussianNd().of(d), GaussianNdParams(m[None], c[None])
    x = family.sample(params, n, streams(1))[0]
    assert (np.abs(x.mean(axis=0) - m) / np.sqrt(np.diag(c) / n) < 4).all()
    away = x - m
    products = away[:, :, None] * away[:, None, :]
    error = products.std(axis=0) / np.sqrt(n)
    assert (np.abs(products.mean(axis=0) - c) < 4 * error).all()
    assert (np.diag(error) < 0.1 * np.diag(c) / 6).all()


def test_normals_are_independent_over_items_and_coordinates():
    x = GaussianNd().of(3).sample(GaussianNdParams(np.zeros((1, 3)), np.eye(3)[None]), 20_000, streams(1))[0]
    flat = x.ravel()
    for lag in (1, 2, 3, 32, 64):
        assert abs(np.mean(flat[:-lag] * flat[lag:])) < 4 / np.sqrt(len(flat))


@pytest.mark.parametrize(("n", "d"), [(1, 2), (2, 2), (3, 3), (3, 10), (10, 10)])
def test_few_items_give_a_singular_covariance(n, d):
    """Rank n - 1 and a status; its items lie in the span of these, and their fit is singular again."""
    family = GaussianNd().of(d)
    x = np.random.default_rng(0).normal(size=(4, n, d)) * np.logspace(-3, 3, d) + 1.0
    found = fit(family, x)
    assert (found.status & RANK != 0).all()
    assert ((found.status & COLLAPSED != 0) == (n == 1)).all()
    _, rank = factor(found.params.mean[:, None], found.params.covariance[:, None])
    assert (rank == n - 1).all()
    y = family.sample(found.params, 50, streams(4))
    for r in range(4):
        directions = (x[r] - x[r].mean(axis=0)) / np.logspace(-3, 3, d)
        away = (y[r] - x[r].mean(axis=0)) / np.logspace(-3, 3, d)
        left = away - away @ np.linalg.pinv(directions, rcond=1e-9) @ directions
        assert np.abs(left).max() < 1e-7
    again = fit(family, y)
    assert (again.status & RANK != 0).all()


def test_a_full_covariance_has_no_status():
    x = np.random.default_rng(0).normal(size=(50, 11, 10))
    assert not fit(GaussianNd().of(10), x).status.any()  # n = d + 1


@pytest.mark.parametrize("family", [GaussianNd().of(2), MixtureNd(components=2).of(2)])
def test_equal_items_are_a_collapsed_model(family):
    found = fit(family, np.full((2, 20, 2), [7.25, -0.1]))
    mean, variance = family.moments(found.params)
    assert mean == pytest.approx(np.full((2, 2), [7.25, -0.1]), rel=1e-15)
    assert variance.tolist() == [0.0, 0.0]
    assert (found.status & COLLAPSED != 0).all()
    assert (found.status & POINT != 0).all()


@pytest.mark.parametrize("family", [GaussianNd().of(2), MixtureNd(components=2).of(2)])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("started", [False, True])
def test_items_that_are_no_numbers_are_a_status_of_their_replicate(family, bad, started):
    x = np.random.default_rng(1).normal(size=(3, 50, 2))
    start = None
    if started:
        parts = PLANE if family.name == "mixture-nd" else GaussianNdParams(np.zeros((1, 2)), np.eye(2)[None])
        start = type(parts)(*(np.repeat(part, 3, axis=0) for part in parts))
    good = fit(family, x, start=start)
    x[1, 40, 1] = bad
    found = fit(family, x, start=start)
    assert [bool(s & int(Status.NONFINITE)) for s in found.status] == [False, True, False]
    for ours, theirs in zip(found.params, good.params, strict=True):
        assert np.array_equal(ours[[0, 2]], theirs[[0, 2]])


# EM


def theirs(x, start, steps, tolerance=0.0):
    """scikit-learn's EM from the same start, without regularisation."""
    model = GaussianMixture(
        len(start.weight[0]), tol=tolerance, reg_covar=0.0, max_iter=steps, weights_init=start.weight[0],
        means_init=start.mean[0], precisions_init=np.linalg.inv(start.covariance[0]),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x)


@pytest.mark.parametrize("steps", [1, 2, 10])
@pytest.mark.parametrize("start", [PLANE, CLOSE], ids=["apart", "close"])
def test_em_steps_are_scikit_learns(start, steps):
    x = MixtureNd().of(2).sample(PLANE, 300, streams(1))
    off = start._replace(covariance=1.5 * start.covariance)
    found = fit(MixtureNd(max_iterations=steps, tolerance=1e-150).of(2), x, start=off)
    model = theirs(x[0], off, steps)
    assert found.iterations.tolist() == [steps]
    assert found.status.tolist() == [int(Status.NOT_CONVERGED)]
    assert found.params.weight[0] == pytest.approx(model.weights_, abs=1e-11)
    assert found.params.mean[0] == pytest.approx(model.means_, abs=1e-11)
    assert found.params.covariance[0] == pytest.approx(model.covariances_, abs=1e-11)


@pytest.mark.parametrize("truth", [PLANE, CLOSE], ids=["apart", "close"])
def test_em_ends_where_scikit_learn_does(truth):
    """Both at the maximum, within 1e-8.

    A fit ends where the likelihood's last digit no longer grows, 1e-7 or so away in parameters; so it goes
    on from there a few times.
    """
    x = MixtureNd().of(2).sample(truth, 2_000, streams(1, seed=4))
    model = theirs(x[0], truth, 3_000)
    family, params = MixtureNd(tolerance=1e-150, max_iterations=3_000).of(2), truth
    for close in (1e-6, *[None] * 100, 1e-8):
        params = fit(family, x, start=params).params
        if close:
            assert params.weight[0] == pytest.approx(model.weights_, abs=close)
            assert params.mean[0] == pytest.approx(model.means_, abs=close)
            assert params.covariance[0] == pytest.approx(model.covariances_, abs=close)


def test_em_ends_when_less_than_the_tolerance_is_left():
    """Of 40 fits from a bad start, none leaves ten times the tolerance; most are below it."""
    tolerance = 1e-3
    x = MixtureNd().of(2).sample(CLOSE, 400, streams(40))
    off = MixtureNdParams(*(np.repeat(part, 40, axis=0) for part in CLOSE._replace(mean=CLOSE.mean + 0.5)))
    loose, tight = (
        fit(MixtureNd(tolerance=t, max_iterations=5_000).of(2), x, start=off).params
        for t in (tolerance, 1e-9)
    )
    left = [MixtureNd().of(2).log_pdf(p, x).sum(axis=1) for p in (loose, tight)]
    lost = left[1] - left[0]
    assert (lost < 10 * tolerance).all()
    assert np.mean(lost < tolerance) > 0.8
    assert lost.max() > 1e-9  # it did end early


@pytest.mark.parametrize("d", [1, 2, 4])
def test_the_likelihood_never_falls(d):
    """At every step of 30 fits, but for rounding, while no component becomes singular or dies."""
    rng = np.random.default_rng(d)
    for _ in range(30):
        x = rng.normal(size=(1, 60, d)) * rng.choice([0.5, 2.0], size=(1, 60, 1))
        w, m = rng.dirichlet(np.ones(3))[None], rng.normal(size=(1, 3, d))
        c, trace = np.tile(np.eye(d), (1, 3, 1, 1)), np.full(60, np.nan)
        _, status = em_vectors(x, np.empty((1, 0)), np.array([60]), w, m, c, 1e-3, 60, trace)
        trace = trace[~np.isnan(trace)]
        singular = factor(m, c)[1] < d
        if not singular.any() and not status[0] & int(Status.COMPONENT_DEAD):
            assert (np.diff(trace) > -1e-10).all()


@pytest.mark.parametrize("components", [1, 2, 4])
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("kind", ["smooth", "ties", "few", "line", "heavy"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_keeps_mean_and_covariance(components, d, kind, weighted):
    """An identity, wherever EM stops, with singular and dead components: 1e-10 of the variances."""
    rng = np.random.default_rng([components, d, weighted])
    rows, n = 20, 2 * components if kind == "few" else 24
    x = rng.standard_cauchy(size=(rows, n, d)) if kind == "heavy" else rng.normal(size=(rows, n, d))
    if kind == "ties":
        x = np.stack([rng.choice(one[:3], n) for one in x])
    if kind == "line":
        x[:, : n // 2] = x[:, : n // 2, :1] * np.arange(1.0, d + 1.0)
    weight = rng.integers(1, 4, size=(rows, n)).astype(float) if weighted else None
    places = rng.integers(n, size=(rows, components))
    start = MixtureNdParams(
        rng.dirichlet(np.ones(components), size=rows), np.take_along_axis(x, places[:, :, None], axis=1),
        np.tile(np.eye(d), (rows, components, 1, 1)),
    )  # fmt: skip
    for most in (1, 3, 1_000):
        for begin in (start, None):
            family = MixtureNd(components=components, max_iterations=most).of(d)
            found = fit(family, x, weight, begin)
            mean, covariance = family.spread(found.params)
            for r in range(rows):
                given = None if weight is None else weight[r]
                expected = np.cov(x[r].T, ddof=0, aweights=given).reshape(d, d)
                scale = np.sqrt(np.diag(expected)) + 1e-300
                assert (covariance[r] - expected) / np.outer(scale, scale) == pytest.approx(0.0, abs=1e-10)
                away = mean[r] - np.average(x[r], axis=0, weights=given)
                assert np.abs(away / scale).max() < 1e-10
            assert not (found.status & int(Status.NONFINITE)).any()


def test_a_singular_component_keeps_its_items():
    """Twenty items on a line among eighty others: the component of the line holds them, whole, for good."""
    rng = np.random.default_rng(0)
    line, cloud = np.outer(rng.normal(size=20), [1.0, 2.0]), rng.normal([6.0, 0.0], size=(80, 2))
    start = mixture([0.5, 0.5], [[0.0, 0.0], [6.0, 0.0]], [[[1.0, 2.0], [2.0, 4.0]], np.eye(2)])
    x, family = np.concatenate([line, cloud])[None], MixtureNd().of(2)
    for _ in range(3):
        found = fit(family, x, start=start)
        assert found.params.weight[0].tolist() == [0.2, 0.8]
        assert found.params.covariance[0, 1] == pytest.approx(np.cov(x[0, 20:].T, ddof=0), rel=1e-12)
        assert found.status.tolist() == [RANK]
        start = found.params


def test_a_dead_component_stays_dead():
    start = PLANE._replace(weight=np.array([[0.0, 1.0]]))
    x = MixtureNd().of(2).sample(PLANE, 100, streams(1))
    found = fit(MixtureNd().of(2), x, start=start)
    assert found.params.weight[0].tolist() == [0.0, 1.0]
    assert found.status.tolist() == [int(Status.COMPONENT_DEAD)]
    assert found.params.covariance[0, 1] == pytest.approx(np.cov(x[0].T, ddof=0), rel=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_scikit_learn_solver_is_that_library_at_its_defaults():
    x = MixtureNd().of(2).sample(PLANE, 200, streams(2))
    found = fit(MixtureNd(solver="scikit-learn").of(2), x)
    for r, stream in enumerate(streams(2)):
        seed = int(stream.integers(2**32, dtype=np.uint64))
        model = GaussianMixture(2, random_state=seed).fit(x[r])
        assert found.params.mean[r].tolist() == model.means_.tolist()
        assert found.params.covariance[r] == pytest.approx(model.covariances_, rel=1e-14)
    assert MixtureNd(solver="scikit-learn").of(2).moments_kept(10) == (1.0, 2e-6)


def test_log_densities_are_scipys():
    x = np.random.default_rng(0).normal(size=(1, 50, 2)) * 3
    w, m, c = (part[0] for part in PLANE)
    expected = sum(w[k] * multivariate_normal(m[k], c[k]).pdf(x[0]) for k in range(2))
    assert np.exp(MixtureNd().of(2).log_pdf(PLANE, x)[0]) == pytest.approx(expected, rel=1e-12)
    one = GaussianNd().of(2).log_pdf(GaussianNdParams(m[:1], c[:1]), x)[0]
    assert one == pytest.approx(multivariate_normal(m[0], c[0]).logpdf(x[0]), rel=1e-12)


# metrics


def gaussians(d, count=4, seed=0):
    rng = np.random.default_rng(seed)
    params = GaussianNdParams(
        rng.normal(size=(count, d)), np.array([spread_matrix(d, rng) for _ in range(count)])
    )
    return Law(GaussianNd().of(d), params)


@pytest.mark.parametrize("d", [1, 2, 6])
def test_distances_of_gaussians(d):
    models, truth = gaussians(d), gaussians(d, 1, seed=5)
    m0, s0 = truth.params.mean[0], truth.params.covariance[0]
    wasserstein, divergence = (
        METRICS[n].compute(models, truth) for n in ("wasserstein2_nd", "kullback_leibler")
    )
    for i, (m, s) in enumerate(zip(*models.params, strict=True)):
        root = sqrtm(s0)
        bures = np.trace(s + s0 - 2 * sqrtm(root @ s @ root).real)
        assert wasserstein[i] == pytest.approx((m - m0) @ (m - m0) + bures, rel=1e-9)
        inverse = np.linalg.inv(s)
        plain = np.trace(inverse @ s0) - d + (m - m0) @ inverse @ (m - m0)
        plain += np.log(np.linalg.det(s) / np.linalg.det(s0))
        assert divergence[i] == pytest.approx(plain / 2, rel=1e-9)
    for name in ("wasserstein2_nd", "kullback_leibler", "l2_distance"):
        assert METRICS[name].compute(truth, truth) == pytest.approx(0.0, abs=1e-12)


def test_in_one_dimension_metrics_are_those_of_the_line():
    models, truth = gaussians(1), gaussians(1, 1, seed=5)

    def line(law):
        return Law(Gaussian(), GaussianParams(law.params.mean[:, 0], np.sqrt(law.params.covariance[:, 0, 0])))

    for ours, theirs in (
        ("wasserstein2_nd", "wasserstein2"), ("kullback_leibler", "kullback_leibler"),
        ("total_variance", "total_variance"), ("squared_error_of_mean", "squared_error_of_mean"),
    ):  # fmt: skip
        expected = METRICS[theirs].compute(line(models), line(truth))
        assert METRICS[ours].compute(models, truth) == pytest.approx(expected, rel=1e-7)


def test_covariance_metrics():
    models = gaussians(4)
    for i, s in enumerate(models.params.covariance):
        values = np.linalg.eigvalsh(s)
        share = values / values.sum()
        expected = {
            "total_variance": np.trace(s), "determinant": np.prod(values),
            "log_determinant": np.log(values).sum(), "effective_rank": np.exp(-share @ np.log(share)),
        }  # fmt: skip
        for name, value in expected.items():
            assert METRICS[name].compute(models, models)[i] == pytest.approx(value, rel=1e-10)
    even = Law(GaussianNd().of(3), GaussianNdParams(np.zeros((3, 3)), np.zeros((3, 3, 3))))
    even.params.covariance[0], even.params.covariance[1, 0, 0] = 7.0 * np.eye(3), 2.0
    assert METRICS["effective_rank"].compute(even, even) == pytest.approx([3.0, 1.0, 0.0])
    assert METRICS["determinant"].compute(even, even) == pytest.approx([343.0, 0.0, 0.0])
    assert np.isneginf(METRICS["log_determinant"].compute(even, even)[1:]).all()
    truth = gaussians(3, 1)
    assert np.isposinf(METRICS["kullback_leibler"].compute(even, truth)[1:]).all()
    assert np.isfinite(METRICS["wasserstein2_nd"].compute(even, truth)).all()
    assert np.isposinf(METRICS["l2_distance"].compute(even, truth)[1:]).all()


def test_the_l2_distance_is_an_integral():
    """On a grid of the plane; of mixtures, a Gaussian, and a mixture with itself."""
    one, other = Law(MixtureNd().of(2), PLANE), Law(MixtureNd().of(2), CLOSE)
    step = 0.05
    axis = np.arange(-9.0, 13.0, step)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(1, -1, 2)
    p, q = (np.exp(law.space.log_pdf(law.params, points)[0]) for law in (one, other))
    expected = ((p - q) ** 2).sum() * step**2
    assert METRICS["l2_distance"].compute(one, other) == pytest.approx([expected], rel=1e-8)
    assert METRICS["l2_distance"].compute(one, one) == pytest.approx([0.0], abs=1e-15)
    single = Law(GaussianNd().of(2), GaussianNdParams(np.zeros((1, 2)), np.eye(2)[None]))
    g = np.exp(single.space.log_pdf(single.params, points)[0])
    assert METRICS["l2_distance"].compute(single, one) == pytest.approx(
        [((p - g) ** 2).sum() * step**2], rel=1e-8
    )


def test_a_dead_component_counts_in_no_metric():
    alone = Law(MixtureNd(components=1).of(2), MixtureNdParams(*(part[:, :1] for part in PLANE)))
    alone.params.weight[:] = 1.0
    dead = Law(MixtureNd().of(2), PLANE._replace(weight=np.array([[1.0, 0.0]])))
    dead.params.covariance[:, 1] = 0.0
    truth = Law(MixtureNd().of(2), CLOSE)
    for name, one in metrics_of(dead.family, truth).items():
        assert one.compute(dead, truth) == pytest.approx(one.compute(alone, truth), rel=1e-12), name


# recipes and truths

ONE = {"family": "gaussian-nd"}


def refused(**truth):
    with pytest.raises(RecipeError) as caught:
        mc.Experiment(truth=truth, learner=ONE)
    (problem,) = caught.value.problems
    return problem.field, problem.allowed


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "truth", "must have mean and covariance, or dimension alone"),
        ({"mean": [0.0]}, "truth", "this has mean"),
        ({"mean": [0.0], "covariance": [[1.0]], "dimension": 1}, "truth", "and dimension"),
        ({"dimension": 0}, "truth.dimension", "from 1 to 1000"),
        ({"dimension": 10**9}, "truth.dimension", "from 1 to 1000"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0, 0.0]]}, "truth.covariance", "this has 1 rows of 2"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0], [1.0, 2.0]]}, "truth.covariance", "2 rows of 1 and 2"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0, 0.5], [0.4, 1.0]]}, "truth.covariance",
         "row 1 has 0.5 where row 2 has 0.4"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0, 2.0], [2.0, 1.0]]}, "truth.covariance",
         "its smallest eigenvalue is -1"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0, 1.0], [1.0, 1.0]]}, "truth.covariance", "eigenvalue is"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0, float("nan")], [1.0, 1.0]]}, "truth.covariance[0][1]",
         "finite"),
    ],
)  # fmt: skip
def test_a_gaussian_truth_that_is_none(given, field, words):
    where, allowed = refused(family="gaussian-nd", **given)
    assert where == field
    assert words in allowed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"weights": [0.5, 0.5], "means": [[0.0], [1.0]]}, "one of covariances and stds; this has neither"),
        ({"weights": [0.5, 0.5], "means": [[0.0], [1.0]], "stds": [1.0]},
         "of one length; these have 2, 2 and 1"),
        ({"weights": [0.5, 0.5], "means": [[0.0], [1.0, 2.0]], "stds": [1.0, 1.0]}, "one length, from 1"),
        ({"weights": [1.0], "means": [[0.0, 0.0]], "covariances": [[[1.0, 2.0], [2.0, 1.0]]]},
         "number 1 must be positive definite; its smallest eigenvalue is -1"),
    ],
)  # fmt: skip
def test_a_mixture_truth_that_is_none(given, words):
    assert words in refused(family="mixture-nd", **given)[1]


def test_covariances_of_any_units_are_positive_definite():
    c = np.array([[1e-20, 5e-11], [5e-11, 1.0]])
    truth = {"family": "gaussian-nd", "mean": [0.0, 0.0], "covariance": c.tolist()}
    assert np.array_equal(mc.Experiment(truth=truth, learner=ONE).source.covariance()[0], c)


def test_learners_take_their_dimension_from_the_truth():
    experiment = mc.Experiment(truth={"family": "gaussian-nd", "dimension": 4}, learner=ONE)
    assert experiment.learner.sizes() == {"dimension": 4, "other_dimension": 4}
    assert mc.Experiment.from_toml(experiment.to_toml()) == experiment
    assert mc.Experiment.from_json(experiment.to_json()) == experiment


def test_a_learner_of_vectors_needs_vectors_and_the_exact_engine():
    vectors = {"family": "gaussian-nd", "dimension": 2}
    with pytest.raises(RecipeError, match="truth's items are vectors"):
        mc.Experiment(truth=vectors)
    with pytest.raises(RecipeError, match="truth's items are real numbers"):
        mc.Experiment(learner=ONE)
    for engine in ("grouped", "diffusion"):
        with pytest.raises(RecipeError, match=engine):
            mc.Experiment(truth=vectors, learner=ONE, engine=engine)
    assert mc.Experiment(truth=vectors, learner=ONE, engine="auto").settled().engine == "exact"


def test_memory_knows_the_numbers_of_an_item():
    from modelcollapse.lab import estimate

    small, large = (
        mc.Experiment(truth={"family": "gaussian-nd", "dimension": d}, learner=ONE, n_samples=10**6,
                      save="log", generations=1, replicates=1)
        for d in (1, 100)
    )  # fmt: skip
    assert estimate(large).memory > 90 * estimate(small).memory


# data


def npy(values):
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values))
    return buffer.getvalue()


def read(folder, name, content, more=""):
    (folder / name).write_bytes(content)
    (folder / "recipe.toml").write_text(
        f'n_samples = 20\ngenerations = 3\nreplicates = 2\n[learner]\nfamily = "gaussian-nd"\n'
        f'[truth]\nfamily = "data-nd"\npath = "{name}"\n{more}'
    )
    return mc.Experiment.from_toml(folder / "recipe.toml")


CSV = b"a,b,name,c\n1,2,x,3\n4,5,y,6\n7,8.5,z,10\n"


def test_columns_of_a_file(tmp_path):
    experiment = read(tmp_path, "x.csv", CSV, 'columns = ["c", "a"]')
    assert experiment.source.values.tolist() == [[3.0, 1.0], [6.0, 4.0], [10.0, 7.0]]
    assert experiment.learner.sizes()["dimension"] == 2
    every = read(tmp_path, "y.csv", b"a,b\n1,2\n3,5\n")
    assert every.source.values.tolist() == [[1.0, 2.0], [3.0, 5.0]]
    array = read(tmp_path, "x.npy", npy([[3, 1], [6, 4], [10, 7]]))
    assert array.source == experiment.source
    assert array.content() == experiment.content()
    mean, variance = array.source.moments()
    assert mean[0] == pytest.approx([19 / 3, 4.0])
    assert variance[0] == pytest.approx(np.var([3, 6, 10]) + np.var([1, 4, 7]))


@pytest.mark.parametrize(
    ("name", "content", "more", "field", "words"),
    [
        ("x.csv", b"a,b\n1,2\n3\n", "", "truth.path", "row 3 must have 2 cells; it has 1"),
        ("x.csv", CSV, "", "truth.path", "row 2, column name: 'x' is not a number"),
        ("x.csv", CSV, 'columns = ["a", "z"]', "truth.columns", "one of the columns: a, b, name, c"),
        ("x.csv", CSV, 'columns = ["a", "a"]', "truth.columns", "named once"),
        ("x.csv", b"a,b\n1,2\n\nnan,3\n4,inf\n5,6\n", "", "truth.path", "2 rows are not, the first in row 4"),
        ("x.csv", b"a,b\n1,2\n", "", "truth.path", "at least 2 rows"),
        ("x.csv", b"a,b\n1,2\n1,2\n", "", "truth.path", "all rows are [1.0, 2.0]"),
        ("x.npy", npy([1.0, 2.0]), "", "truth.path", "two axes of numbers, rows of at least one; its shape"),
        ("x.npy", npy(np.ones((2, 2, 2))), "", "truth.path", "its shape is (2, 2, 2)"),
        ("x.npy", npy(np.ones((5, 0))), "", "truth.path", "its shape is (5, 0)"),
        ("x.npy", npy([[1.0, np.nan], [1.0, 2.0]]), "", "truth.path", "the first at index 0"),
        ("x.npy", npy(np.ones((2, 1001))), "", "truth.path", "at most 1000 columns"),
        ("x.npy", npy([[1.0, 2.0], [2.0, 3.0]]), 'columns = ["a"]', "truth.columns", "for CSV files"),
    ],
)  # fmt: skip
def test_files_that_are_refused(tmp_path, name, content, more, field, words):
    with pytest.raises(DataError) as caught:
        read(tmp_path, name, content, more)
    assert caught.value.problems[0].field == field
    assert words in caught.value.problems[0].allowed
    assert "np." not in str(caught.value)


def test_items_of_a_data_set_are_its_rows():
    rows = np.arange(12.0).reshape(4, 3)
    x = VectorSet(rows).sample(np.array([5, 2]), streams(2))
    assert x.shape == (2, 5, 3)
    assert {tuple(row) for row in x[0]} <= {tuple(row) for row in rows}
    assert np.array_equal(VectorSet(rows).sample(5, streams(2))[0], x[0])


# results

TRUTHS = {
    "one dimension": {"family": "gaussian-nd", "dimension": 1},
    "plane": {"family": "gaussian-nd", "mean": [1.0, 2.0], "covariance": [[2.0, 0.5], [0.5, 1.0]]},
    "five dimensions": {"family": "gaussian-nd", "dimension": 5},
    "mixture": {"family": "mixture-nd", "weights": [0.5, 0.5], "means": [[-3.0, 0.0], [3.0, 0.0]],
                "stds": [1.0, 0.5]},
}  # fmt: skip
LEARNERS = [ONE, {"family": "mixture-nd"}]


def small(truth, learner, **more):
    return mc.Experiment(
        **{"truth": truth, "learner": learner, "n_samples": 12, "generations": 6, "replicates": 3, **more}
    )


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: one["family"])
def test_results_are_saved_replayed_measured_shown_and_drawn(tmp_path, truth, learner):
    dataset = mc.run(small(TRUTHS[truth], learner))
    mc.save(dataset, tmp_path / "out.zarr")
    loaded = mc.load(tmp_path / "out.zarr")
    assert mc.replay(loaded).equals(dataset)
    experiment = small(TRUTHS[truth], learner)
    assert dataset["total_variance"].values[:, 0] == pytest.approx(experiment.source.moments()[1][0])
    for name, one in metrics_of(experiment.learner, experiment.source).items():
        values = mc.measure(loaded, name)
        assert not np.isnan(values.values[:, 1:]).any(), name
        assert one.label
    write_csv(loaded, tmp_path / "out.csv")
    with open(tmp_path / "out.csv") as file:
        rows = list(csv.DictReader(file))
    last = dataset["covariance"].values[2, 6]
    place = (0,) * last.ndim
    assert float(rows[-1]["covariance_" + "_".join(map(str, place))]) == last[place]
    for kind in KINDS:
        if kind == "weights" and learner is ONE:
            continue
        mc.plot(loaded, kind, tmp_path / f"{kind}.png")


def test_a_result_holds_its_data(tmp_path):
    (tmp_path / "a").mkdir()
    rows = np.random.default_rng(0).normal(size=(30, 2)) @ np.array([[1.0, 0.4], [0.0, 1.0]])
    experiment = read(tmp_path / "a", "x.npy", npy(rows))
    dataset = mc.run(experiment)
    assert dataset["truth_vector"].dims == ("truth_item", "dimension")
    mc.save(dataset, tmp_path / "out.zarr")
    (tmp_path / "a" / "x.npy").unlink()
    loaded = mc.load(tmp_path / "out.zarr")
    assert mc.replay(loaded).equals(dataset)
    assert loaded["total_variance"].values[0, 0] == pytest.approx(np.trace(np.cov(rows.T, ddof=0)))
    assert mc.measure(loaded, "frechet_distance").values[:, -1].min() > 0.0
    for kind in ("overview", "density", "variance", "distance"):
        mc.plot(loaded, kind, tmp_path / "x.png")


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: one["family"])
def test_figures_of_singular_models(tmp_path, learner):
    dataset = mc.run(small(TRUTHS["plane"], learner, n_samples=4, generations=300, save="log"))
    assert (dataset["status"].values[:, -1] & RANK != 0).all()
    mc.plot(dataset, "overview", tmp_path / "x.png")
    high = mc.run(small(TRUTHS["five dimensions"], learner, n_samples=4, generations=10))
    mc.plot(high, "overview", tmp_path / "y.svg")


def test_filtered_sources_hold_vectors():
    from modelcollapse.sources import Filtered

    law = Law(GaussianNd().of(2), GaussianNdParams(np.zeros((1, 2)), np.eye(2)[None]))
    x = Filtered(law, lambda items: (items[:, :, 0] > 0.0).astype(float)).sample(20, streams(2))
    assert x.shape == (2, 20, 2)
    assert (x[:, :, 0] > 0.0).all()


@pytest.mark.parametrize(
    "learner",
    [
        {"family": "kde", "bandwidth": "scott"},
        {"family": "empirical"},
        {"family": "estimator", "name": "sklearn.neighbors.KernelDensity"},
    ],
    ids=lambda one: one["family"],
)
@pytest.mark.parametrize("kind", ["gaussian-nd", "mixture-nd", "data-nd"])
def test_learners_that_hold_data_learn_from_every_truth_of_vectors(tmp_path, learner, kind):
    values = np.random.default_rng(0).normal(size=(30, 2))
    np.save(tmp_path / "x.npy", values)
    truth = {
        "gaussian-nd": {"dimension": 2},
        "mixture-nd": {"weights": [0.5, 0.5], "means": [[0.0, 0.0], [3.0, 3.0]], "stds": [1.0, 1.0]},
        "data-nd": {"path": str(tmp_path / "x.npy")},
    }[kind]
    recipe = {"n_samples": 20, "generations": 3, "replicates": 2}
    dataset = mc.run(mc.Experiment(truth={"family": kind, **truth}, learner=learner, **recipe))
    assert np.isfinite(dataset["total_variance"].values).all()
    if (learner["family"], kind) == ("empirical", "data-nd"):  # rows that differ, not numbers
        assert dataset["distinct_items"].values[0, 0] == len(values)
    large = {"learner": learner, "n_samples": 1000, "generations": 1}
    one, many = (mc.Experiment(truth={"family": "gaussian-nd", "dimension": d}, **large) for d in (1, 500))
    assert lab.estimate(many).memory > 100 * lab.estimate(one).memory


@pytest.mark.parametrize("scale", [1e74, 1e149, 1e-74, 1e-149])
@pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: one["family"])
def test_units_so_large_or_small_that_a_volume_is_no_number(scale, learner):
    """Determinants and densities in six dimensions leave float64: infinite or 0, and nothing is warned of."""
    truth = {"family": "mixture-nd", "weights": [0.5, 0.5], "means": [[0.0] * 6, [3.0 * scale] * 6]}
    truth["stds"] = [scale, scale]
    experiment = mc.Experiment(truth=truth, learner=learner, n_samples=30, generations=2, replicates=2)
    with np.errstate(all="raise", under="ignore"):
        dataset = mc.run(experiment)
        ratio = dataset["total_variance"].values / scale**2
        measured = [mc.measure(dataset, name).values for name in metrics_of(GaussianNd(), experiment.source)]
        assert mc.collapse_profile(dataset).rows
    assert ((ratio > 5.0) & (ratio < 100.0)).all()
    assert not any(np.isnan(values).any() for values in measured)


def test_a_covariance_beyond_float64_is_no_point():
    """Ten times a covariance of 1e308 is infinite: its items are no numbers, not the mean again and again."""
    family = GaussianNd().of(2)
    params = GaussianNdParams(np.zeros((2, 2)), np.stack([np.eye(2), np.full((2, 2), np.inf)]))
    items = family.sample(params, 10, streams(2))
    assert np.isfinite(items[0]).all()
    assert np.isnan(items[1]).all()
    assert family.fit(items, np.full(2, 10), None, None, streams(2)).status[1] == int(Status.NONFINITE)


def test_which_metrics_there_are():
    """Between Gaussians all closed forms; of models that are not stored, what their moments say."""
    truth = {"family": "gaussian-nd", "dimension": 2}
    known = {
        name: metrics_of(recipe.learner, recipe.source).keys()
        for name in ("gaussian-nd", "mixture-nd", "empirical")
        for recipe in (mc.Experiment(truth=truth, learner={"family": name}, n_samples=50),)
    }
    covariance = {"determinant", "log_determinant", "effective_rank", "l2_distance"}
    assert known["gaussian-nd"] > covariance | {"kullback_leibler", "wasserstein2_nd"}
    assert known["mixture-nd"] > covariance | {"frechet_distance"}
    assert known["empirical"] == {"total_variance", "squared_error_of_mean", "distinct_items"}


def test_items_are_rows():
    """Of the four items of a data set three are different, though there are only two different numbers."""
    x = VectorSet(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]))
    assert METRICS["distinct_items"].value_at_truth(x, None) == 3.0


def test_the_divergence_between_gaussians_is_offered_and_no_other():
    one = {"family": "gaussian-nd", "dimension": 2}
    both = mc.run(small(one, {"family": "gaussian-nd"}))
    assert (mc.measure(both, "kullback_leibler").values[:, 1:] > 0.0).all()
    assert "Kullback-Leibler divergence" in str(mc.collapse_profile(both))
    with pytest.raises(ValueError, match="kullback_leibler"):
        mc.measure(mc.run(small(one, {"family": "mixture-nd"})), "kullback_leibler")
