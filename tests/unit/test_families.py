"""What every family promises, over all that are registered; then what each has of its own.

A new family adds an example to `EXAMPLES` and runs under all of the contracts.
"""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import ndtr
from sklearn.mixture import GaussianMixture

from modelcollapse import families
from modelcollapse.families.base import REAL, Learner
from modelcollapse.families.bayesian_gaussian import BayesianGaussian
from modelcollapse.families.categorical import Categorical, CategoricalParams, Zipf
from modelcollapse.families.empirical import Empirical
from modelcollapse.families.estimator import Estimator
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.gaussian_nd import GaussianNd, GaussianNdParams
from modelcollapse.families.kde import Kde
from modelcollapse.families.linear import Linear, LinearParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.families.mixture_nd import MixtureNd, MixtureNdParams
from modelcollapse.families.poisson import Poisson, PoissonParams
from modelcollapse.families.scikit_learn import kmeans_start
from modelcollapse.streams import generators
from modelcollapse.types import Status

EXAMPLES = {
    "categorical": (
        Categorical().of(4),
        CategoricalParams(np.array([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]])),
    ),
    "bayesian-gaussian": (
        BayesianGaussian(mean=0.0, strength=1e-3, shape=1e-3, scale=1e-3),
        GaussianParams(np.array([0.5, -3.0, 1e3]), np.array([1.0, 0.1, 25.0])),
    ),
    "linear": (
        Linear(inputs="new").of(2, 0.5),
        LinearParams(np.array([[1.0, -2.0], [0.0, 0.0], [0.3, 30.0]]), np.empty((3, 0, 2))),
    ),
    "poisson": (Poisson(), PoissonParams(np.array([0.4, 3.0, 100.0]))),
    "gaussian": (
        Gaussian(),
        GaussianParams(np.array([0.5, -3.0, 1e3]), np.array([1.0, 0.1, 25.0])),
    ),
    "mixture": (
        Mixture(components=3),
        MixtureParams(
            np.array([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25], [0.4, 0.3, 0.3]]),
            np.array([[-4.0, 0.0, 3.0], [-1.0, 4.0, 9.0], [90.0, 120.0, 170.0]]),
            np.array([[1.0, 0.5, 1.5], [0.3, 1.0, 2.0], [5.0, 5.0, 25.0]]),
        ),
    ),
    "gaussian-nd": (
        GaussianNd().of(3),
        GaussianNdParams(
            np.array([[0.5, 1.0, -2.0], [-3.0, 0.0, 0.0], [1e2, 0.0, 1.0]]),
            np.array(
                [[[1.0, 0.3, 0.1], [0.3, 2.0, -0.5], [0.1, -0.5, 0.5]], np.diag([0.1, 1.0, 0.5]), np.eye(3)]
            ),
        ),
    ),
    "mixture-nd": (
        MixtureNd(components=3).of(2),
        MixtureNdParams(
            np.array([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25], [0.4, 0.3, 0.3]]),
            np.array(
                [
                    [[-5.0, 0.0], [0.0, 3.0], [5.0, 0.0]],
                    [[-3.0, 1.0], [0.0, -6.0], [2.0, 9.0]],
                    [[-8.0, 0.0], [0.0, 8.0], [9.0, 1.0]],
                ]
            ),
            np.array(
                [
                    [np.eye(2), [[0.5, 0.2], [0.2, 0.4]], 0.6 * np.eye(2)],
                    [[[1.0, -0.4], [-0.4, 0.5]], np.eye(2), np.eye(2)],
                    [np.eye(2), [[2.0, 1.0], [1.0, 2.0]], np.eye(2)],
                ]
            ),
        ),
    ),
}
"""A family and parameters of three replicates, by its name: components far enough apart to be told."""
NAMES = [learner.name for learner in families.LEARNERS]
every_family = pytest.mark.parametrize("name", NAMES)
PLAIN_NAMES = [learner.name for learner in families.LEARNERS if not learner.remembers]
plain_family = pytest.mark.parametrize("name", PLAIN_NAMES)
"""With parameters that are arrays, which a result stores."""
REMEMBERING_NAMES = [learner.name for learner in families.LEARNERS if learner.remembers]
remembering_family = pytest.mark.parametrize("name", REMEMBERING_NAMES)
"""With data or objects for parameters: they are measured while they run."""
REAL_NAMES = [one.name for one in families.LEARNERS if one.items == REAL and not one.remembers]
real_family = pytest.mark.parametrize("name", REAL_NAMES)
"""Of real numbers: these have a distribution function and moments."""
family_of_moments = pytest.mark.parametrize(
    "name",
    [
        one.name
        for one in families.LEARNERS
        if one.name in REAL_NAMES and one.moments_kept is not Learner.moments_kept
    ],
)
"""Of real numbers, with a fit that keeps the items' mean and variance: they say so in `moments_kept`."""


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def only(params, rows):
    return type(params)(*(part[rows] for part in params))


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def fitted_example(family, n=60):
    """A family and models of three replicates that it was fitted to."""
    x = np.random.default_rng(3).normal([[0.5], [-3.0], [40.0]], [[1.0], [0.1], [25.0]], (3, n))
    return family, family.fit(x, np.full(3, n), None, None, streams(3)).params


def same_fit(one, other):
    return (
        equal(one.params, other.params)
        and np.array_equal(one.iterations, other.iterations)
        and np.array_equal(one.status, other.status)
    )


def fit(family, x, size=None, weight=None, start=None, seed=5):
    size = np.full(len(x), x.shape[1]) if size is None else np.asarray(size)
    return family.fit(x, size, weight, start, streams(len(x), seed))


EXAMPLES |= {
    "kde": fitted_example(Kde(bandwidth="scaled", ddof=1)),
    "empirical": fitted_example(Empirical()),
    "estimator": fitted_example(
        Estimator(name="sklearn.mixture.GaussianMixture", settings={"n_components": 2})
    ),
}


def test_every_family_has_an_example():
    assert set(EXAMPLES) == set(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert {law.model_fields["family"].default for law in families.TRUTHS} <= set(NAMES)


# sampling and the distribution


@real_family
def test_samples_follow_the_distribution_function(name):
    family, params = EXAMPLES[name]
    x = family.sample(params, 5_000, streams(3))
    for r in range(3):

        def cdf(points, r=r):
            return family.cdf(only(params, [r]), points[None])[0]

        assert stats.kstest(x[r], cdf).pvalue > 1e-4
        wrong = cdf(x[r] + 0.15 * x[r].std())  # so much off would be seen
        assert stats.kstest(wrong, "uniform").pvalue < 1e-4


@real_family
def test_the_density_is_the_slope_of_the_distribution_function(name):
    family, params = EXAMPLES[name]
    mean, variance = family.moments(params)
    h = 1e-5 * np.sqrt(variance)[:, None]
    x = mean[:, None] + np.sqrt(variance)[:, None] * np.linspace(-3, 3, 120)  # not 0 or -1: a bend, or an end
    slope = (family.cdf(params, x + h) - family.cdf(params, x - h)) / (2 * h)
    density = np.exp(family.log_pdf(params, x))
    assert np.abs(slope - density).max(axis=1) == pytest.approx(0.0, abs=1e-8 * density.max())


@real_family
def test_quantiles_invert_the_distribution_function(name):
    family, params = EXAMPLES[name]
    score = np.tile(np.linspace(-5, 5, 41), (3, 1))
    quantile = family.quantile(params, score)
    assert family.cdf(params, quantile) == pytest.approx(ndtr(score), rel=1e-9)
    assert (np.diff(quantile, axis=1) > 0).all()


@real_family
def test_moments_are_integrals(name):
    family, params = EXAMPLES[name]
    mean, variance = family.moments(params)
    for r in range(3):
        knots = np.sort(family.knots(only(params, [r]))[0])

        def moment(power, knots=knots, r=r):
            def integrand(x):
                density = np.exp(family.log_pdf(only(params, [r]), np.array([[x]]))[0, 0])
                return density * (x - mean[r]) ** power

            return sum(
                quad(integrand, a, b, epsabs=1e-10 * np.sqrt(variance[r]) ** power, epsrel=1e-10)[0]
                for a, b in pairwise(knots)
                if b > a
            )

        scale = variance[r] ** 0.5
        assert moment(0) == pytest.approx(1.0, rel=1e-8)
        assert moment(1) == pytest.approx(0.0, abs=1e-8 * scale)
        assert moment(2) == pytest.approx(variance[r], rel=1e-8)


@real_family
def test_partial_means_are_integrals_of_quantiles(name):
    """E X 1(X < q(u)) is the integral of the quantiles over the normal scores below."""
    family, params = EXAMPLES[name]
    score = np.tile([-2.0, -0.5, 0.0, 1.0, 2.5], (3, 1))
    got = family.partial_mean(params, score)
    grid = np.linspace(-8.5, 2.5, 22_001)
    inner = family.quantile(params, np.tile(grid, (3, 1))) * stats.norm.pdf(grid)
    scale = np.abs(params.mean).reshape(3, -1).max(axis=1) + np.sqrt(family.moments(params)[1])
    for j, s in enumerate(score[0]):
        below = grid <= s + 1e-9
        assert np.abs(got[:, j] - np.trapezoid(inner[:, below], grid[below])).max() < 1e-7 * (scale.max())


@every_family
def test_one_row_of_parameters_serves_all_replicates(name):
    family, params = EXAMPLES[name]
    one = only(params, [1])
    shared = family.sample(one, 50, streams(3))
    each = family.sample(only(params, [1, 1, 1]), 50, streams(3))
    assert np.array_equal(shared, each)


# replicates on their own


@every_family
def test_a_replicate_draws_alone_what_it_draws_in_a_batch(name):
    """And again from the same streams: what is drawn for the longest row must not move another's stream."""
    family, params = EXAMPLES[name]
    size, each = np.array([40, 7, 90]), streams(3)
    batch = [family.sample(params, size, each) for _ in range(2)]
    assert batch[0].shape[:2] == (3, 90)
    for r in range(3):
        own = streams(3)[r : r + 1]
        for drawn in batch:
            alone = family.sample(only(params, [r]), int(size[r]), own)
            assert np.array_equal(alone[0], drawn[r, : size[r]])


@plain_family
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("started", [False, True])
def test_a_replicate_is_fitted_alone_as_in_a_batch(name, weighted, started):
    family, params = EXAMPLES[name]
    size = np.array([400, 70, 250])
    x = family.sample(params, size, streams(3))
    nothing = np.nan if x.dtype.kind == "f" else -1  # what a row is filled up with
    there = (np.arange(400) < size[:, None]).reshape(3, 400, *[1] * (x.ndim - 2))
    filled = np.where(there, x, nothing)
    weight = 0.5 + (np.arange(1200).reshape(3, 400) % 3) if weighted else None
    start = params if started else None
    batch = family.fit(filled, size, weight, start, streams(3))
    assert np.isfinite(np.concatenate([part.ravel() for part in batch.params])).all()
    for r in range(3):
        alone = family.fit(
            x[r : r + 1, : size[r]],
            size[r : r + 1],
            None if weight is None else np.ascontiguousarray(weight[r : r + 1, : size[r]]),
            None if start is None else only(start, [r]),
            [streams(3)[r]],
        )
        assert equal(alone.params, only(batch.params, [r]))
        assert (alone.iterations[0], alone.status[0]) == (batch.iterations[r], batch.status[r])


@plain_family
def test_fits_do_not_change_what_they_are_given(name):
    family, params = EXAMPLES[name]
    x = family.sample(params, 100, streams(3))
    copies = x.copy(), *(part.copy() for part in params)
    fit(family, x, start=params)
    assert equal((x, *params), copies)


# fitting


@plain_family
@pytest.mark.parametrize("row", [0, 1, 2])
def test_fits_recover_the_parameters(name, row):
    """64 fits of 4,000 items: their mean within four standard errors, each parameter by itself."""
    family, params = EXAMPLES[name]
    true = only(params, [row])
    x = family.sample(true, 4_000, streams(64, seed=row))
    fitted = family.fit(x, np.full(64, 4_000), None, true, streams(64, seed=100))
    assert not fitted.status.any()
    found = family.restore(family.record(fitted.params))
    for ours, theirs in zip(found, true, strict=True):
        error = ours.std(axis=0, ddof=1) / 8.0
        assert (np.abs(ours.mean(axis=0) - theirs[0]) < 4 * error).all()
        assert (error < 0.01 * (1.0 + np.abs(theirs[0]))).all()  # and the errors are small


@plain_family
def test_fits_need_no_start(name):
    family, params = EXAMPLES[name]
    x = family.sample(params, 4_000, streams(3))
    with_start, without = fit(family, x, start=params), fit(family, x)
    for ours, theirs in zip(
        *(family.restore(family.record(f.params)) for f in (with_start, without)), strict=True
    ):
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-4)  # far less than a standard error


@plain_family
def test_a_weight_of_two_is_the_item_twice(name):
    family, params = EXAMPLES[name]
    x = family.sample(params, 200, streams(3))
    times = np.tile(np.arange(200) % 4, (3, 1))  # 0 is an item that is not there
    weighted = fit(family, x, weight=times.astype(float), start=params)
    repeated = fit(family, np.stack([np.repeat(x[r], times[r], axis=0) for r in range(3)]), start=params)
    for ours, theirs in zip(weighted.params, repeated.params, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    if name not in REAL_NAMES:
        return
    for ours, theirs in zip(family.moments(weighted.params), family.moments(repeated.params), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-10)


@family_of_moments
def test_fits_keep_mean_and_variance(name):
    family, params = EXAMPLES[name]
    x = family.sample(params, 300, streams(3))
    mean, variance = family.moments(fit(family, x, start=params).params)
    assert mean == pytest.approx(x.mean(axis=1), rel=1e-10)
    assert variance == pytest.approx(x.var(axis=1), rel=1e-10)


@plain_family
def test_the_smallest_training_set_can_be_fitted(name):
    family, params = EXAMPLES[name]
    size = next(n for n in range(1, 100) if not family.problems(n))
    fitted = fit(family, family.sample(params, size, streams(3)), start=params)
    assert not (fitted.status & int(Status.NONFINITE)).any()
    assert np.isfinite(np.concatenate([part.ravel() for part in fitted.params])).all()


@family_of_moments
def test_equal_items_are_a_collapsed_model(name):
    family, params = EXAMPLES[name]
    for start in (params, None):
        fitted = fit(family, np.full((3, 50), 7.25), start=start)
        mean, variance = family.moments(fitted.params)
        assert (mean.tolist(), variance.tolist()) == ([7.25] * 3, [0.0] * 3)
        for status in fitted.status:
            assert Status(int(status)) & Status.COLLAPSED
            assert Status(int(status)) & Status.POINT_MASS


@real_family
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_items_that_are_no_numbers_are_a_status_of_their_replicate(name, bad):
    family, params = EXAMPLES[name]
    x = family.sample(params, 100, streams(3))
    good = fit(family, x, start=params)
    x[1, 40] = bad
    fitted = fit(family, x, start=params)
    assert [bool(s & int(Status.NONFINITE)) for s in fitted.status] == [False, True, False]
    assert equal(only(fitted.params, [0, 2]), only(good.params, [0, 2]))


# what a result stores


@plain_family
def test_restore_is_the_inverse_of_record(name):
    family, params = EXAMPLES[name]
    record = family.record(params)
    assert equal(family.restore(record), params)  # the examples are in order
    again = family.record(family.restore(record))
    assert all(np.array_equal(again[key], record[key]) for key in record)


@every_family
def test_record_has_the_dimensions_it_names(name):
    family, params = EXAMPLES[name]
    record = family.record(params)
    assert set(record) == set(family.dimensions)
    for key, dimensions in family.dimensions.items():
        assert record[key].ndim == 1 + len(dimensions)
        assert len(record[key]) == 3
        assert record[key].shape[1:] == tuple(family.sizes()[d] for d in dimensions)
    if "total_mean" not in record:
        return
    mean, variance = family.moments(params)
    assert np.array_equal(record["total_mean"], mean)
    assert np.array_equal(record["total_variance"], variance)


@plain_family
def test_take_keeps_the_old_parameters_of_some(name):
    family, params = EXAMPLES[name]
    new = fit(family, family.sample(params, 100, streams(3)), start=params).params
    kept = family.take(new, params, np.array([False, True, False]))
    assert equal(only(kept, [1]), only(params, [1]))
    assert equal(only(kept, [0, 2]), only(new, [0, 2]))


@plain_family
def test_blank_parameters_are_nan_and_can_be_recorded(name):
    family, params = EXAMPLES[name]
    blank = family.blank(4)
    assert all(np.isnan(part).all() and len(part) == 4 for part in blank)
    assert {k: v.shape[1:] for k, v in family.record(blank).items()} == {
        k: v.shape[1:] for k, v in family.record(params).items()
    }


@every_family
def test_families_are_frozen_values(name):
    family = EXAMPLES[name][0]
    again = type(family)(**family.model_dump())
    sizes = {"categorical": (4,), "gaussian-nd": (3,), "mixture-nd": (2,), "linear": (2, 0.5)}
    again = again.of(*sizes[name]) if name in sizes else again
    assert family == again
    assert len({family, again}) == 1
    with pytest.raises(ValueError, match="frozen"):
        family.family = "other"
    assert family.problems(1_000) == []


# families that remember


@remembering_family
def test_models_of_a_batch_are_those_of_its_replicates(name):
    """Fitted alone, started or not, with items left over in a row: the same moments, tails and draws."""
    family, params = EXAMPLES[name]
    size = np.array([400, 70, 250])
    x = family.sample(params, size, streams(3))
    filled = np.where(np.arange(400) < size[:, None], x, np.nan)
    batch = family.fit(filled, size, None, None, streams(3))
    points = np.array([[-3.0, 0.1, 41.0]] * 3)
    drawn, below = family.sample(batch.params, 30, streams(3, 9)), family.cdf(batch.params, points)
    for r in range(3):
        alone = family.fit(x[r : r + 1, : size[r]], size[r : r + 1], None, None, streams(3)[r : r + 1])
        for ours, theirs in zip(
            family.record(alone.params).values(), family.record(batch.params).values(), strict=True
        ):
            assert np.array_equal(ours[0], theirs[r])
        assert (alone.iterations[0], alone.status[0]) == (batch.iterations[r], batch.status[r])
        assert np.array_equal(family.cdf(alone.params, points[:1])[0], below[r])
        assert np.array_equal(family.sample(alone.params, 30, streams(3, 9)[r : r + 1])[0], drawn[r])


@remembering_family
def test_samples_of_what_is_remembered_follow_the_distribution_function(name):
    family, params = EXAMPLES[name]
    count = 20_000
    x = family.sample(params, count, streams(3))
    levels = np.quantile(x, [0.05, 0.3, 0.5, 0.8, 0.99], axis=1).T
    below = family.cdf(params, levels)
    shares = (x[:, :, None] <= levels[:, None, :]).mean(axis=1)
    assert np.abs(shares - below).max() < 4 * np.sqrt(0.25 / count)
    mean, variance = family.moments(params)
    assert (np.abs(x.mean(axis=1) - mean) < 4 * np.sqrt(variance / count)).all()
    away = (x - mean[:, None]) ** 2
    assert (np.abs(away.mean(axis=1) - variance) < 4 * away.std(axis=1) / np.sqrt(count)).all()


@remembering_family
def test_items_that_are_no_numbers_keep_the_last_model(name):
    family, params = EXAMPLES[name]
    x = family.sample(params, 50, streams(3))
    x[1, 7] = np.nan
    fitted = fit(family, x)
    failed = (fitted.status & int(Status.NONFINITE | Status.SOLVER_FAILED)) != 0
    assert failed.tolist() == [False, True, False]
    kept = family.take(fitted.params, params, failed)
    own, old, new = (family.record(one) for one in (kept, params, fitted.params))
    for key in own:
        assert np.array_equal(own[key], np.where(failed, old[key], new[key]))
    drawn = family.sample(kept, 20, streams(3))
    assert np.array_equal(drawn[1], family.sample(params, 20, streams(3))[1])
    assert np.array_equal(drawn[[0, 2]], family.sample(fitted.params, 20, streams(3))[[0, 2]])


@remembering_family
def test_what_is_not_there_is_recorded_as_nan(name):
    family, _ = EXAMPLES[name]
    blank = family.blank(2)
    with np.errstate(all="ignore"):
        assert all(np.isnan(value).all() for value in family.record(blank).values())
    assert np.isnan(family.sample(blank, 3, streams(2))).all()


# gaussian


@pytest.mark.parametrize("ddof", [0, 1])
def test_gaussian_ddof(ddof):
    x = np.random.default_rng(0).normal(size=(3, 12))
    fitted = fit(Gaussian(ddof=ddof), x)
    assert fitted.params.mean == pytest.approx(x.mean(axis=1), rel=1e-13)
    assert fitted.params.std == pytest.approx(x.std(axis=1, ddof=ddof), rel=1e-13)
    assert [bool(Gaussian(ddof=ddof).problems(n)) for n in (1, 2)] == [ddof == 1, False]


def test_a_gaussian_point_is_a_step():
    params = GaussianParams(np.array([2.0]), np.array([0.0]))
    x = np.array([[1.0, 2.0, 3.0]])
    assert Gaussian().cdf(params, x).tolist() == [[0.0, 1.0, 1.0]]
    assert Gaussian().log_pdf(params, x).tolist() == [[-np.inf, np.inf, -np.inf]]
    assert Gaussian().quantile(params, x).tolist() == [[2.0, 2.0, 2.0]]


# mixture


def test_mixtures_are_recorded_in_the_order_of_their_means_the_dead_last():
    params = MixtureParams(
        np.array([[0.3, 0.0, 0.7], [0.2, 0.5, 0.3], [0.0, 1.0, 0.0]]),
        np.array([[5.0, -9.0, 1.0], [3.0, 2.0, 1.0], [4.0, 7.0, 2.0]]),
        np.array([[0.1, 0.2, 0.3], [1.0, 0.0, 3.0], [1.0, 2.0, 3.0]]),
    )
    record = Mixture(components=3).record(params)
    assert record["mean"].tolist() == [[1.0, 5.0, -9.0], [1.0, 2.0, 3.0], [7.0, 2.0, 4.0]]
    assert record["weight"].tolist() == [[0.7, 0.3, 0.0], [0.3, 0.5, 0.2], [1.0, 0.0, 0.0]]
    assert record["std"].tolist() == [[0.3, 0.1, 0.2], [3.0, 0.0, 1.0], [2.0, 3.0, 1.0]]


def test_the_dead_and_points_in_the_distribution_of_a_mixture():
    family = Mixture(components=3)
    params = MixtureParams(*(np.array([p]) for p in ([0.4, 0.6, 0.0], [0.0, 1.0, 5.0], [1.0, 0.0, 2.0])))
    x = np.array([[-1.0, 0.999, 1.0, 5.0]])
    expected = 0.4 * ndtr(x) + 0.6 * (x >= 1.0)
    assert family.cdf(params, x) == pytest.approx(expected, rel=1e-15)
    alone = stats.norm.logpdf(x) + np.log(0.4)
    assert family.log_pdf(params, x)[0, [0, 1, 3]] == pytest.approx(alone[0, [0, 1, 3]], rel=1e-14)
    assert family.log_pdf(params, x)[0, 2] == np.inf
    assert np.abs(family.knots(params)).max() == 6.5  # the dead one bends nothing
    sample = family.sample(params, 1000, streams(1))
    assert np.mean(sample == 1.0) == pytest.approx(0.6, abs=4 * np.sqrt(0.24 / 1000))
    mean, variance = family.moments(params)
    assert (mean[0], variance[0]) == pytest.approx((0.6, 0.4 * 1.36 + 0.6 * 0.16), rel=1e-15)


def test_partial_means_across_a_point():
    """On the point's step the partial mean grows linearly with the probability."""
    family = Mixture(components=2)
    params = MixtureParams(*(np.array([p]) for p in ([0.5, 0.5], [0.0, 3.0], [1.0, 0.0])))
    probability = np.array([0.5, 0.6, 0.75, 0.9])  # the step is from about 0.4993 to 0.9993
    got = family.partial_mean(params, stats.norm.ppf(probability)[None])[0]
    start = 0.5 * ndtr(3.0)
    expected = -0.5 * stats.norm.pdf(3.0) + 3.0 * (probability - start)
    assert got == pytest.approx(expected, rel=1e-9)


def test_moments_of_a_mixture_far_from_zero():
    params = MixtureParams(np.array([[0.5, 0.5]]), np.array([[1e8 - 2.0, 1e8 + 2.0]]), np.array([[1.0, 1.0]]))
    mean, variance = Mixture().moments(params)
    assert (mean[0], variance[0]) == (1e8, 5.0)


def test_a_mixture_of_one_is_the_gaussian():
    x = np.random.default_rng(2).normal(size=(3, 100))
    one, gaussian = fit(Mixture(components=1), x), fit(Gaussian(), x)
    assert one.params.mean[:, 0] == pytest.approx(gaussian.params.mean, rel=1e-12)
    assert one.params.std[:, 0] == pytest.approx(gaussian.params.std, rel=1e-12)


def test_max_iterations_and_tolerance_are_used():
    _, params = EXAMPLES["mixture"]
    x = Mixture(components=3).sample(params, 500, streams(3))
    off = MixtureParams(params.weight, params.mean, 1.3 * params.std)
    short = fit(Mixture(components=3, max_iterations=2), x, start=off)
    assert short.iterations.tolist() == [2, 2, 2]
    assert (short.status & int(Status.NOT_CONVERGED)).all()
    loose, tight = (fit(Mixture(components=3, tolerance=t), x, start=off).iterations for t in (1.0, 1e-12))
    assert (loose < tight).all()


def test_reg_covar_is_added():
    _, params = EXAMPLES["mixture"]
    x = Mixture(components=3).sample(params, 300, streams(3))
    family = Mixture(components=3, reg_covar=0.01)
    _, variance = family.moments(fit(family, x, start=params).params)
    assert variance == pytest.approx(x.var(axis=1) + 0.01, rel=1e-10)


# k-means starts and scikit-learn


@pytest.mark.parametrize("weighted", [False, True])
def test_kmeans_starts_are_the_moments_of_clusters(weighted):
    x = np.array([[0.0, 1.0, 2.0, 100.0, 101.0, 102.0, 103.0]])
    weight = np.array([[1.0, 2.0, 1.0, 1.0, 1.0, 3.0, 1.0]]) if weighted else None
    w, m, s = kmeans_start(2, x, np.array([7]), weight, streams(1))
    order = np.argsort(m[0])
    for k, mine in zip(order, ([0, 1, 2], [3, 4, 5, 6]), strict=True):
        each = np.ones(7) if weight is None else weight[0]
        mean = np.average(x[0, mine], weights=each[mine])
        assert w[0, k] == pytest.approx(each[mine].sum() / each.sum(), rel=1e-14)
        assert m[0, k] == pytest.approx(mean, rel=1e-14)
        variance = np.average((x[0, mine] - mean) ** 2, weights=each[mine])
        assert s[0, k] ** 2 == pytest.approx(variance, rel=1e-12)


def test_kmeans_starts_of_few_distinct_items():
    """Three distinct values and five clusters: empty ones are dead, the others points."""
    x = np.tile([1.0, 1.0, 2.0, 5.0, 5.0, 5.0], (1, 1))
    w, m, s = kmeans_start(5, x, np.array([6]), None, streams(1))
    assert w.sum() == pytest.approx(1.0, rel=1e-15)
    assert sorted(m[w > 0]) == [1.0, 2.0, 5.0]
    assert not s.any()


def test_kmeans_draws_a_new_start_each_time():
    x, size = np.random.default_rng(0).normal(size=(1, 300)), np.array([300])
    stream = streams(1)
    first, second = (kmeans_start(6, x, size, None, stream) for _ in range(2))
    assert not equal(first, second)
    assert equal(first, kmeans_start(6, x, size, None, streams(1)))


@pytest.mark.parametrize("scale", [1e-140, 1.0, 1e140])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_kmeans_starts_at_any_scale(scale, offset):
    x = np.array([[0.0, 1.0, 2.0, 100.0, 101.0, 102.0, 103.0]])
    here = kmeans_start(2, x, np.array([7]), None, streams(1))
    there = kmeans_start(2, scale * (x + offset), np.array([7]), None, streams(1))
    assert there[0].tolist() == here[0].tolist()
    assert there[1] / scale - offset == pytest.approx(here[1], rel=1e-7)
    assert there[2] / scale == pytest.approx(here[2], rel=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_scikit_learn_solver_is_that_library_at_its_defaults():
    _, params = EXAMPLES["mixture"]
    x = Mixture(components=3).sample(params, 400, streams(3))
    fitted = fit(Mixture(components=3, solver="scikit-learn"), x, seed=9)
    for r, stream in enumerate(streams(3, 9)):
        seed = int(stream.integers(2**32, dtype=np.uint64))
        theirs = GaussianMixture(3, random_state=seed).fit(x[r, :, None])
        assert fitted.params.weight[r] == pytest.approx(theirs.weights_, rel=1e-15)
        assert fitted.params.mean[r].tolist() == theirs.means_[:, 0].tolist()
        assert (fitted.params.std[r] ** 2) == pytest.approx(theirs.covariances_[:, 0, 0], rel=1e-15)
        assert fitted.iterations[r] == theirs.n_iter_
        assert bool(fitted.status[r] & int(Status.NOT_CONVERGED)) is not theirs.converged_


def test_the_scikit_learn_solver_draws_a_new_start_each_time():
    x = np.random.default_rng(0).normal(size=(1, 300))
    family, stream = Mixture(components=4, solver="scikit-learn"), streams(1)
    size = np.array([300])
    first, second = (family.fit(x, size, None, None, stream) for _ in range(2))
    assert not equal(first.params, second.params)
    assert equal(first.params, family.fit(x, size, None, None, streams(1)).params)


def test_the_scikit_learn_solver_alone_and_in_a_batch():
    _, params = EXAMPLES["mixture"]
    family = Mixture(components=3, solver="scikit-learn")
    size = np.array([100, 30, 70])
    x = family.sample(params, size, streams(3))
    batch = family.fit(x, size, None, None, streams(3))
    for r in range(3):
        row = x[r : r + 1, : size[r]]
        assert same_fit(
            family.fit(row, size[r : r + 1], None, None, [streams(3)[r]]),
            type(batch)(only(batch.params, [r]), batch.iterations[[r]], batch.status[[r]]),
        )


def test_an_error_of_scikit_learn_is_a_status():
    """Fewer items than components: it raises; the model is then the sample's mean and variance."""
    x = np.array([[1.0, 3.0]])
    fitted = fit(Mixture(components=3, solver="scikit-learn"), x)
    assert fitted.status.tolist() == [int(Status.SOLVER_FAILED)]
    assert fitted.params.weight.tolist() == [[1.0, 0.0, 0.0]]
    assert (fitted.params.mean[0, 0], fitted.params.std[0, 0]) == (2.0, 1.0)


def test_solvers_leave_the_global_generator_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    x = np.random.default_rng(0).normal(size=(1, 100))
    fit(Mixture(solver="scikit-learn"), x)
    fit(Mixture(start="kmeans"), x)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_scikit_learn_takes_no_weights():
    x = np.random.default_rng(0).normal(size=(1, 100))
    with pytest.raises(ValueError, match="no weights"):
        fit(Mixture(solver="scikit-learn"), x, weight=np.ones((1, 100)))


# categories


def test_categories_are_drawn_in_their_order_and_fitted_by_their_frequencies():
    family, params = EXAMPLES["categorical"]
    x = family.sample(params, 500, streams(3))
    assert x.dtype == np.int64
    assert (np.diff(x, axis=1) >= 0).all()
    fitted = fit(family, x)
    counts = np.array([np.bincount(row, minlength=4) for row in x])
    assert np.array_equal(fitted.params.probability, counts / 500)
    assert np.array_equal(fitted.iterations, [1, 1, 1])


def test_counts_of_categories_are_multinomial():
    """Chi-square over 2,000 draws of 50 items; weights of 0.22 for 0.2 would be seen."""
    family, params = EXAMPLES["categorical"]
    x = family.sample(only(params, [0]), 50, streams(2_000))
    counts = np.array([np.bincount(row, minlength=4) for row in x])
    for k, p in enumerate(params.probability[0]):
        seen = np.bincount(counts[:, k], minlength=51)
        expected = 2_000 * stats.binom.pmf(np.arange(51), 50, p)
        often = expected > 5
        seen, expected = (np.append(v[often], v[~often].sum()) for v in (seen, expected))
        chi2 = ((seen - expected) ** 2 / expected).sum()
        assert stats.chi2.sf(chi2, len(seen) - 1) > 1e-4
        off = 50 * (p * 1.1 - p) * np.sqrt(2_000 / (50 * p * (1 - p)))
        assert off > 6.0  # so many standard errors of the mean


def test_a_lost_category_is_never_drawn_again():
    """Neither the first nor the last."""
    share = np.array([*np.full(10, 0.1), 0.0])
    params = CategoricalParams(np.array([share, np.roll(share, 1)]))
    x = Categorical().of(11).sample(params, 5_000, streams(2))
    assert (x[0] < 10).all()
    assert (x[1] > 0).all()
    fitted = fit(Categorical().of(11), x)
    assert (fitted.status == int(Status.CATEGORY_LOST)).all()


def test_weights_of_categories_may_be_as_large_as_a_float_counts():
    family = Categorical().of(3)
    weight = np.array([[10.0**15 - 7.0, 3.0, 4.0]])
    fitted = fit(family, np.array([[0, 1, 2]]), weight=weight)
    assert fitted.params.probability[0].tolist() == [(10**15 - 7) / 10**15, 3e-15, 4e-15]


def test_one_category_left_is_a_collapsed_model():
    family = Categorical().of(3)
    fitted = fit(family, np.array([[2, 2, 2], [0, 1, 2]]))
    assert fitted.params.probability.tolist() == [[0.0, 0.0, 1.0], [1 / 3, 1 / 3, 1 / 3]]
    assert fitted.status.tolist() == [int(Status.CATEGORY_LOST | Status.COLLAPSED), 0]
    assert np.array_equal(family.sample(fitted.params, 3, streams(2))[0], [2, 2, 2])


def test_no_items_of_any_weight_are_a_status():
    fitted = fit(Categorical().of(2), np.array([[0, 1], [0, 1]]), weight=np.array([[0.0, 0.0], [1.0, 3.0]]))
    assert fitted.status.tolist() == [int(Status.NONFINITE), 0]
    assert fitted.params.probability[1].tolist() == [0.25, 0.75]


def test_zipf():
    """By hand: (i + shift)^-exponent over their sum."""
    got = Zipf(categories=4, exponent=2.0, shift=5.0).probabilities()
    weights = np.array([1 / 36, 1 / 49, 1 / 64, 1 / 81])
    assert got == pytest.approx(weights / weights.sum(), rel=1e-14)
    assert Zipf(categories=5, exponent=0.0).probabilities().tolist() == [0.2] * 5
    harmonic = sum(1 / i for i in range(1, 1001))
    assert Zipf(categories=1000, exponent=1.0).probabilities()[0] == pytest.approx(1 / harmonic, rel=1e-12)
