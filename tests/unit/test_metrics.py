"""Metrics against closed forms, brute force and Monte Carlo; the mixture's functions against scipy."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp, ndtr
from scipy.stats import norm

import modelcollapse as mc
from modelcollapse import metrics
from modelcollapse.families.categorical import Categorical, CategoricalParams
from modelcollapse.families.empirical import Empirical
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.gaussian_nd import GaussianNd, GaussianNdParams
from modelcollapse.families.linear import Linear, LinearParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.families.mixture_nd import MixtureNd
from modelcollapse.families.poisson import Poisson, PoissonParams
from modelcollapse.metrics import divergence, diversity, heterozygosity, line
from modelcollapse.results import experiment_of
from modelcollapse.sources import DataSet, Law
from modelcollapse.streams import generators


def gaussian(mean, std) -> Law:
    return Law(Gaussian(), GaussianParams(*np.atleast_1d(np.float64(mean), np.float64(std))))


def mixture(weight, mean, std) -> Law:
    parts = (np.atleast_2d(np.array(part, dtype=np.float64)) for part in (weight, mean, std))
    params = MixtureParams(*parts)
    return Law(Mixture(components=params.weight.shape[1]), params)


MIXTURES = {
    "two": ([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0]),
    "unequal": ([0.1, 0.9], [-1.0, 3.0], [0.3, 2.0]),
    "far apart": ([0.25, 0.75], [-50.0, 60.0], [1.0, 2.0]),
    "narrow in wide": ([0.01, 0.99], [0.5, 0.0], [1e-4, 1.0]),
    "offset": ([0.4, 0.6], [1000.0, 1003.0], [1.0, 0.5]),
    "three, one dead": ([0.3, 0.7, 0.0], [-1.0, 1.0, 77.0], [0.5, 1.5, 1.0]),
    "rare and far": ([1e-6, 1 - 1e-6], [30.0, 0.0], [1.0, 1.0]),
}


def cdf(parts, x, upper=False):
    """P(X < x), or P(X > x), from scipy's normal alone; no points."""
    weight, mean, std = (np.array(part)[:, None] for part in parts)
    z = (np.ravel(x) - mean) / std
    return (weight * ndtr(-z if upper else z)).sum(axis=0)


def quantile(parts, score):
    """Quantiles by 60 bisections, each tail from its own side."""
    weight, mean, std = (np.array(part) for part in parts)
    alive = weight > 0
    low = np.full(np.shape(score), (mean - 45 * std)[alive].min())
    high = np.full(np.shape(score), (mean + 45 * std)[alive].max())
    for _ in range(60):
        x = (low + high) / 2
        right = cdf(parts, x) < ndtr(score)
        up = cdf(parts, x, upper=True) > ndtr(-score)
        right = np.where(score < 0, right, up)
        low, high = np.where(right, x, low), np.where(right, high, x)
    return (low + high) / 2


STEPS = np.linspace(-8.5, 8.5, 40_001)


@cache
def quantile_on_steps(name):
    return quantile(MIXTURES[name], STEPS)


def brute_force(one, other) -> float:
    """W2^2 by a sum over 40,000 equal steps of the normal score."""
    weight = norm.pdf(STEPS) * (STEPS[1] - STEPS[0])
    return float(weight @ (quantile_on_steps(one) - quantile_on_steps(other)) ** 2)


# Wasserstein-2


@pytest.mark.parametrize("truth", [gaussian(1.0, 2.0), mixture([1.0], [1.0], [2.0])], ids=["g", "m"])
def test_wasserstein2_of_two_gaussians(truth):
    mean, std = np.array([1.0, 1.0, -3.0, 1e3, 1.0]), np.array([2.0, 0.5, 2.0, 1e-3, 1e-12])
    law = (mean - 1.0) ** 2 + (std - 2.0) ** 2
    np.testing.assert_allclose(line.wasserstein2(gaussian(mean, std), truth), law, rtol=1e-7, atol=1e-12)
    models = mixture(np.ones((5, 1)), mean[:, None], std[:, None])
    np.testing.assert_allclose(line.wasserstein2(models, truth), law, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("other", MIXTURES)
@pytest.mark.parametrize("one", MIXTURES)
def test_wasserstein2_of_two_mixtures(one, other):
    """Against brute force, which jumps between components in steps: 5e-4 of the distance."""
    measured = line.wasserstein2(mixture(*MIXTURES[one]), mixture(*MIXTURES[other]))[0]
    assert measured == pytest.approx(brute_force(one, other), rel=5e-4, abs=1e-9)


def test_wasserstein2_is_the_mean_square_of_sorted_samples():
    one, other = mixture(*MIXTURES["two"]), mixture(*MIXTURES["unequal"])
    n, estimates = 20_000, []
    for seed in range(20):
        streams = [generators(seed, (7,) * 8, [i]) for i in range(2)]
        x, y = (np.sort(law.sample(n, s)[0]) for law, s in zip((one, other), streams, strict=True))
        estimates.append(np.mean((x - y) ** 2))
    error = np.std(estimates, ddof=1) / np.sqrt(20)
    # two samples are a little farther apart than their laws, here by less than 0.02
    assert abs(np.mean(estimates) - line.wasserstein2(one, other)[0]) < 4 * error + 0.02


@pytest.mark.parametrize("name", MIXTURES)
def test_wasserstein2_of_a_translation(name):
    weight, mean, std = MIXTURES[name]
    for c in (0.0, 1e-3, -2.0, 100.0):
        moved = mixture(weight, np.array(mean) + c, std)
        measured = line.wasserstein2(moved, mixture(weight, mean, std))[0]
        assert measured == pytest.approx(c**2, rel=1e-8, abs=1e-18)


def test_wasserstein2_of_points():
    one = mixture([1.0, 0.0], [3.0, 9.0], [0.0, 1.0])
    truth = gaussian(1.0, 2.0)
    assert line.wasserstein2(one, truth)[0] == pytest.approx(2.0**2 + 2.0**2, rel=1e-9)
    assert line.wasserstein2(gaussian(3.0, 0.0), truth)[0] == pytest.approx(8.0, rel=1e-9)
    two = mixture([0.5, 0.5], [-1.5, 1.5], [0.0, 0.0])  # E |X| = sqrt(2/pi)
    law = 1 + 1.5**2 - 2 * 1.5 * np.sqrt(2 / np.pi)
    assert line.wasserstein2(two, gaussian(0.0, 1.0))[0] == pytest.approx(law, rel=1e-9)
    skew = mixture([0.2, 0.8], [-1.0, 2.0], [0.0, 0.0])
    cut = norm.pdf(norm.ppf(0.2))  # E X 1(X < its 20 % quantile) = -cut
    law = 1 + 0.2 * 1 + 0.8 * 4 - 2 * (cut + 2 * cut)
    assert line.wasserstein2(skew, gaussian(0.0, 1.0))[0] == pytest.approx(law, rel=1e-6)


def test_wasserstein2_of_points_to_data():
    """Two points and two values: a quarter of the mass goes from -1 to 4, the rest stays nearer."""
    model = mixture([0.25, 0.75], [-1.0, 2.0], [0.0, 0.0])
    data = DataSet(np.array([0.0, 4.0]))
    law = 0.25 * 1 + 0.25 * 4 + 0.5 * 4
    assert line.wasserstein2(model, data)[0] == pytest.approx(law, rel=1e-12)
    same = mixture([0.5, 0.5], [4.0, 0.0], [0.0, 0.0])
    assert line.wasserstein2(same, data)[0] == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("n", [2, 3, 10, 272])
@pytest.mark.parametrize("name", MIXTURES)
def test_wasserstein2_to_data_against_brute_force(name, n):
    """On each step (i/n, (i+1)/n) of the data, the integral of (F^-1(u) - x_(i))^2 by its own nodes: 1e-3."""
    values = 3.0 * np.random.default_rng(n).standard_normal(n) + 1.0
    node, weight = np.polynomial.legendre.leggauss(400 if n < 10 else 40)
    law, edges = 0.0, norm.ppf(np.arange(n + 1) / n)
    edges[0], edges[-1] = -8.5, 8.5
    for low, high, value in zip(edges[:-1], edges[1:], np.sort(values), strict=True):
        score = (low + high) / 2 + (high - low) / 2 * node
        w = (high - low) / 2 * weight * norm.pdf(score)
        law += float(w @ (quantile(MIXTURES[name], score) - value) ** 2)
    measured = line.wasserstein2(mixture(*MIXTURES[name]), DataSet(values))[0]
    assert measured == pytest.approx(law, rel=1e-3)


def test_wasserstein2_of_a_gaussian_to_data():
    """W2^2 = E X^2 + mean of x^2 - 2 sum x_(i) E[Y; Y in its i-th part], the parts in closed form."""
    values = np.random.default_rng(5).exponential(size=50) + 1e4
    cut = norm.pdf(norm.ppf(np.arange(51) / 50))
    parts = 1e4 / 50 + 1.5 * (cut[:-1] - cut[1:])
    centred = np.sort(values) - 1e4
    law = np.mean(centred**2) + 1.5**2 - 2 * centred @ (parts - 1e4 / 50)
    for model in (gaussian(1e4, 1.5), mixture([0.3, 0.7], [1e4, 1e4], [1.5, 1.5])):
        assert line.wasserstein2(model, DataSet(values))[0] == pytest.approx(law, rel=1e-7)


def test_a_large_data_set_is_taken_in_groups():
    """5,000 values in 2,000 groups: what is lost is 2 cov(x, y) within groups, 2.8 times their variance."""
    values = np.random.default_rng(6).normal(size=5000)
    model, truth = gaussian(0.3, 1.4), DataSet(values)
    score = np.linspace(-8.0, 8.0, 400_001)
    weight = norm.pdf(score) * (score[1] - score[0])
    law = weight @ (0.3 + 1.4 * score - truth.quantile(score)) ** 2
    within = np.mean([group.var() for group in np.array_split(np.sort(values), 2000)])
    assert line.wasserstein2(model, truth)[0] == pytest.approx(law, abs=3 * within + 1e-4 * law)


def test_wasserstein2_of_what_learned_from_data_shrinks_with_n():
    """A fit to n items is O(1/n) from the data set; a wrong centring would not be."""
    truth = DataSet(np.random.default_rng(7).normal(1e6, 1.0, size=300))
    mean, variance = (float(part[0]) for part in truth.moments())
    near = line.wasserstein2(gaussian(mean, np.sqrt(variance)), truth)[0]
    assert 0.0 < near < 0.05
    far = line.wasserstein2(gaussian(mean + 1.0, np.sqrt(variance)), truth)[0]
    assert far == pytest.approx(near + 1.0, rel=1e-6)


# Kullback-Leibler


def test_kullback_leibler_of_two_gaussians():
    mean, std = np.array([1.0, 1.0, -3.0, 1.5]), np.array([2.0, 0.5, 2.0, 7.0])
    law = np.log(std / 2.0) + (2.0**2 + (mean - 1.0) ** 2) / (2 * std**2) - 0.5
    for truth in (gaussian(1.0, 2.0), mixture([0.3, 0.7], [1.0, 1.0], [2.0, 2.0])):
        models = mixture(np.ones((4, 1)), mean[:, None], std[:, None])
        np.testing.assert_allclose(divergence.kullback_leibler(models, truth), law, rtol=1e-9, atol=1e-12)
        measured = divergence.kullback_leibler(gaussian(mean, std), truth)
        np.testing.assert_allclose(measured, law, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("other", ["two", "unequal", "three, one dead"])
@pytest.mark.parametrize("one", ["two", "unequal", "three, one dead"])
def test_kullback_leibler_of_two_mixtures_against_monte_carlo(one, other):
    """200,000 draws: sees 0.01 nats and less."""
    model, truth = mixture(*MIXTURES[one]), mixture(*MIXTURES[other])
    x = truth.sample(200_000, generators(8, (7,) * 8, [0]))
    gain = (truth.family.log_pdf(truth.params, x) - model.family.log_pdf(model.params, x))[0]
    measured = divergence.kullback_leibler(model, truth)[0]
    assert abs(gain.mean() - measured) <= 4 * gain.std() / np.sqrt(len(gain)) + 1e-12
    assert measured == 0.0 if one == other else measured > 0.01


def test_kullback_leibler_of_points_is_infinite_and_to_data_unknown():
    models = mixture([[1.0, 0.0], [0.5, 0.5]], [[0.0, 5.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(divergence.kullback_leibler(models, gaussian(0.0, 1.0)), np.inf)
    np.testing.assert_array_equal(divergence.kullback_leibler(gaussian(0.0, 0.0), gaussian(0.5, 1.0)), np.inf)
    half = mixture([0.5, 0.5], [0.1, 0.0], [0.0, 1.0])  # the point gives no density to real items
    assert divergence.kullback_leibler(half, gaussian(0.0, 1.0))[0] == pytest.approx(np.log(2), rel=1e-9)
    assert np.isnan(divergence.kullback_leibler(models, DataSet(np.array([0.0, 1.0])))).all()


# tails, components, moments


@pytest.mark.parametrize("name", MIXTURES)
def test_tail_mass_of_the_truth_is_two_percent(name):
    truth = mixture(*MIXTURES[name])
    assert line.tail_mass(truth, truth)[0] == pytest.approx(0.02, rel=1e-9)


def test_tail_mass_of_a_gaussian():
    cut = norm.ppf(0.99)
    mean, std = np.array([0.0, 1.0, 0.0, 0.0, 9.0]), np.array([1.0, 1.0, 2.0, 0.0, 0.0])
    with np.errstate(divide="ignore"):
        law = ndtr((-cut - mean) / std) + ndtr((mean - cut) / std)
    np.testing.assert_allclose(line.tail_mass(gaussian(mean, std), gaussian(0.0, 1.0)), law, rtol=1e-12)


def test_components_alive_and_their_variance():
    weight = [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5], [0.9, 0.1, 0.0]]
    std = [[1.0, 2.0, 9.0], [3.0, 9.0, 9.0], [1.0, 2.0, 3.0], [2.0, 0.0, 9.0]]
    models, truth = mixture(weight, np.zeros((4, 3)), std), gaussian(0.0, 1.0)
    np.testing.assert_array_equal(line.components_alive(models, truth), [2, 1, 3, 2])
    law = [2.5, 9.0, 14 / 3, 2.0]  # each component alive once, a point as 0
    np.testing.assert_allclose(line.component_variance(models, truth), law, rtol=1e-15)
    one = gaussian([0.0, 1.0], [2.0, 0.0])
    np.testing.assert_array_equal(line.components_alive(one, truth), [1, 1])
    np.testing.assert_array_equal(line.component_variance(one, truth), [4.0, 0.0])


@pytest.mark.parametrize("name", MIXTURES)
def test_total_variance_and_squared_error_of_the_mean(name):
    weight, mean, std = (np.array(part) for part in MIXTURES[name])
    models, truth = mixture(*MIXTURES[name]), gaussian(1.0, 2.0)
    center = weight @ mean
    law = weight @ (std**2 + (mean - center) ** 2)
    assert line.total_variance(models, truth)[0] == pytest.approx(law, rel=1e-12)
    error = line.squared_error_of_mean(models, truth)[0]
    assert error == pytest.approx((center - 1.0) ** 2, rel=1e-12)


def test_every_metric_says_all_about_itself():
    heads = {}
    vectors = Law(GaussianNd().of(2), GaussianNdParams(np.zeros((1, 2)), np.eye(2)[None]))
    for name, metric in metrics.METRICS.items():
        assert metric.name == name
        assert metric.label
        assert "{" not in metric.unit.format(x="units of x")
        items = (
            metric.applies(Categorical(), categories([0.5, 0.5])),
            metric.applies(Gaussian(), gaussian(0, 1)),
            metric.applies(Poisson(), Law(Poisson(), PoissonParams(np.ones(1)))),
            metric.applies(Linear(), Law(Linear(), LinearParams(np.ones((1, 2)), np.empty((1, 0, 2))))),
            metric.applies(Mixture(), gaussian(0, 1)),
            metric.applies(Empirical(), gaussian(0, 1)),
            metric.applies(Gaussian(), DataSet(np.array([0.0, 1.0]))),
            metric.applies(GaussianNd().of(2), vectors),
            metric.applies(MixtureNd().of(2), vectors),
        )
        assert any(items)
        for kind in np.flatnonzero(items):
            assert not metric.head or heads.setdefault((kind, metric.head), name) == name
    for spread, error in metrics.SPREAD.values():
        assert metrics.METRICS[error].is_distance
        assert not metrics.METRICS[spread].is_distance


def test_generation_zero_of_a_result_is_the_truth():
    dataset = mc.run(mc.Experiment(n_samples=20, generations=2, replicates=3))
    law = {
        "total_variance": 5.0, "component_variance": 1.0, "components_alive": 2.0, "tail_mass": 0.02,
        "wasserstein2": 0.0, "kullback_leibler": 0.0, "squared_error_of_mean": 0.0, "stray_mass": 0.01,
        "entropy": 2.051658726941548, "distance_of_items": 2.565167606262708,
        "weight_heterozygosity": 0.5, "a_tenth_as_wide": 1.0,
    }  # fmt: skip
    check_generation_zero(dataset, law)


def check_generation_zero(dataset, law):
    experiment = experiment_of(dataset)
    assert set(law) == set(metrics.metrics_of(experiment.learner, experiment.source))
    for name, value in law.items():
        measured = mc.measure(dataset, name)
        assert measured.dims == ("replicate", "generation")
        digits = 1e-6 if name == "entropy" else 1e-12  # six nodes a panel
        np.testing.assert_allclose(measured.values[:, 0], value, rtol=digits)
        assert np.isfinite(measured.values).all()
        assert (measured.values >= 0).all()


def test_a_metric_of_a_part_of_a_result_is_part_of_the_metric():
    dataset = mc.run(mc.Experiment(n_samples=20, generations=4, replicates=3))
    for name in ("wasserstein2", "component_variance", "kullback_leibler", "tail_mass"):
        whole, part = mc.measure(dataset, name), mc.measure(dataset.isel(generation=[4, 2]), name)
        np.testing.assert_array_equal(part.values, whole.values[:, [4, 2]])


# categories


def categories(*probabilities) -> Law:
    probability = np.atleast_2d(np.array(probabilities, dtype=np.float64))
    return Law(Categorical().of(probability.shape[1]), CategoricalParams(probability))


def test_metrics_of_categories_by_hand():
    models, truth = categories([0.5, 0.3, 0.2], [0.0, 0.4, 0.6], [1.0, 0.0, 0.0]), categories([0.2, 0.3, 0.5])
    by_hand = {
        "heterozygosity": [0.62, 0.48, 0.0],
        "categories_alive": [3, 2, 1],
        "squared_error_of_probabilities": [0.18, 0.06, 0.98],
        "total_variation": [0.3, 0.2, 0.8],
        "missing_mass": [0.0, 0.2, 0.8],
        "rarest_alive": [1.0, 0.0, 1.0],
        "one_category_left": [0.0, 0.0, 1.0],
        "kullback_leibler": [0.2 * np.log(0.4) + 0.5 * np.log(2.5), np.inf, np.inf],
    }
    for name, law in by_hand.items():
        measured = metrics.METRICS[name].compute(models, truth)
        assert measured.dtype == np.float64
        np.testing.assert_allclose(measured, law, rtol=1e-13)


def test_a_category_that_the_truth_lacks_costs_no_divergence():
    models, truth = categories([0.5, 0.5, 0.0], [0.25, 0.25, 0.5]), categories([0.5, 0.5, 0.0])
    np.testing.assert_allclose(divergence.kullback_leibler(models, truth), [0.0, np.log(2)], atol=1e-16)


def test_heterozygosity_is_that_of_pairs_of_items():
    """The share of pairs in which two items differ: 1e5 of them, within four standard errors."""
    law = categories([0.5, 0.25, 0.125, 0.125])
    x = law.sample(200_000, generators(0, (7,) * 8, [0]))[0]
    x = np.random.default_rng(0).permutation(x)
    differ = x[::2] != x[1::2]
    h = heterozygosity(law, law)[0]
    assert abs(differ.mean() - h) < 4 * np.sqrt(h * (1 - h) / 100_000)


def test_generation_zero_of_categories_is_the_truth():
    truth = {"family": "categorical", "probabilities": [0.4, 0.3, 0.3]}
    learner = {"family": "categorical"}
    dataset = mc.run(mc.Experiment(n_samples=300, generations=2, replicates=3, truth=truth, learner=learner))
    law = {
        "heterozygosity": 0.66, "categories_alive": 3.0, "total_variation": 0.0,
        "squared_error_of_probabilities": 0.0, "kullback_leibler": 0.0, "rare_mass": 0.3,
        "entropy": -0.4 * np.log(0.4) - 0.6 * np.log(0.3),
        "missing_mass": 0.0, "rarest_alive": 1.0, "one_category_left": 0.0,
    }  # fmt: skip
    check_generation_zero(dataset, law)


def test_the_real_line_is_refused_to_categories():
    law = categories([0.5, 0.5])
    for ask in (law.moments, lambda: law.quantile(np.zeros((1, 1)))):
        with pytest.raises(TypeError, match="the items of a categorical are categories"):
            ask()


# the mixture's functions


SCORES = np.linspace(-8.0, 8.0, 161)


@pytest.mark.parametrize("name", MIXTURES)
def test_quantile_and_cdf_go_round_in_both_tails(name):
    """To 1e-9 of the probability, where float64's spacing of the quantile allows as much."""
    weight, mean, std = MIXTURES[name]
    law = mixture(weight, mean, std)
    x = law.quantile(SCORES[None, :])[0]
    assert (np.diff(x) >= 0).all()
    spacing = np.spacing(np.abs(x)) * np.exp(law.family.log_pdf(law.params, x[None, :]))[0]
    below, above = cdf(MIXTURES[name], x), cdf(MIXTURES[name], x, upper=True)
    low, high = SCORES <= 0, SCORES >= 0
    np.testing.assert_array_less(np.abs(below - ndtr(SCORES))[low], (1e-9 * ndtr(SCORES) + 4 * spacing)[low])
    np.testing.assert_array_less(
        np.abs(above - ndtr(-SCORES))[high], (1e-9 * ndtr(-SCORES) + 4 * spacing)[high]
    )
    np.testing.assert_allclose(law.family.cdf(law.params, x[None, :])[0], below, rtol=1e-12)
    mirrored = mixture(weight, -np.array(mean), std).quantile(-SCORES[None, :])[0]
    np.testing.assert_allclose(mirrored, -x, rtol=1e-14, atol=1e-14)


def test_quantile_of_a_mixture_with_a_point_lands_on_it():
    law = mixture([0.25, 0.75], [1.0, 0.0], [0.0, 1.0])
    u = np.linspace(0.005, 0.995, 199)
    x = law.quantile(norm.ppf(u)[None, :])[0]
    first = 0.75 * ndtr(1.0)  # where the step at 1 begins
    on = (u > first + 1e-9) & (u < first + 0.25 - 1e-9)
    np.testing.assert_allclose(x[on], 1.0, rtol=1e-15)
    left, right = u < first, u > first + 0.25
    np.testing.assert_allclose(x[left], norm.ppf(u[left] / 0.75), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(x[right], norm.ppf((u[right] - 0.25) / 0.75), rtol=1e-9)
    jump = law.family.cdf(law.params, np.array([[1.0 - 1e-12, 1.0]]))[0]
    np.testing.assert_allclose(jump, [first, first + 0.25], rtol=1e-9)
    alone = mixture([1.0], [5.0], [0.0])
    np.testing.assert_array_equal(alone.quantile(SCORES[None, :]), 5.0)


@pytest.mark.parametrize("name", MIXTURES)
def test_log_pdf_against_scipy(name):
    weight, mean, std = (np.array(part)[:, None] for part in MIXTURES[name])
    law = mixture(*MIXTURES[name])
    x = np.concatenate([law.quantile(SCORES[None, :])[0], [-1e3, 0.0, 1e3]])
    measured = law.family.log_pdf(law.params, x[None, :])[0]
    exact = logsumexp(norm.logpdf(x, mean, std), axis=0, b=weight)
    np.testing.assert_allclose(measured, exact, rtol=1e-10, atol=1e-12)


def test_log_pdf_of_points():
    x = np.array([[0.0, 1.0]])
    law = mixture([0.5, 0.5], [1.0, 0.0], [0.0, 1.0])
    assert law.family.log_pdf(law.params, x)[0, 0] == pytest.approx(np.log(0.5) + norm.logpdf(0.0))
    assert law.family.log_pdf(law.params, x)[0, 1] == np.inf
    alone = mixture([1.0], [1.0], [0.0])
    np.testing.assert_array_equal(alone.family.log_pdf(alone.params, x)[0], [-np.inf, np.inf])


@pytest.mark.parametrize("law", [gaussian(1.0, 2.0), *(mixture(*m) for m in MIXTURES.values())])
def test_the_derivative_of_the_cdf_is_the_density(law):
    x = law.quantile(np.linspace(-3.0, 3.0, 61)[None, :])
    density = np.exp(law.family.log_pdf(law.params, x))
    h = 1e-5 / density.max()
    slope = (law.family.cdf(law.params, x + h) - law.family.cdf(law.params, x - h)) / (2 * h)
    np.testing.assert_allclose(slope, density, rtol=1e-6, atol=1e-6 * density.max())


@pytest.mark.parametrize("name", ["gaussian", *MIXTURES])
def test_partial_mean_against_integration(name):
    """E X 1(X < q) = q u - the integral of F up to q; here, of the parts by scipy's quad."""
    law = gaussian(1.0, 2.0) if name == "gaussian" else mixture(*MIXTURES[name])
    parts = ([1.0], [1.0], [2.0]) if name == "gaussian" else MIXTURES[name]
    score = np.array([-4.0, -1.0, -0.1, 0.0, 0.7, 2.0, 5.0])
    measured = law.family.partial_mean(law.params, score[None, :])[0]
    scale = float(np.sqrt(law.moments()[1][0]) + abs(law.moments()[0][0]))
    for value, q in zip(measured, law.quantile(score[None, :])[0], strict=True):
        exact = 0.0
        for w, m, s in zip(*parts, strict=True):
            top = np.clip((q - m) / s, -12, 12)
            exact += w * quad(lambda z, m=m, s=s: (m + s * z) * norm.pdf(z), -12, top, epsabs=1e-13)[0]
        assert value == pytest.approx(exact, abs=1e-9 * scale)


def test_partial_mean_with_a_point():
    law = mixture([0.25, 0.75], [1.0, 0.0], [0.0, 1.0])
    u = np.array([0.3, 0.7, 0.85, 0.95])  # left of the point, twice on it, right of it
    score = norm.ppf(u)
    q = law.quantile(score[None, :])[0]
    first = 0.75 * ndtr(1.0)
    smooth = -0.75 * norm.pdf(q)
    law_of = smooth + np.array([0.0, u[1] - first, u[2] - first, 0.25])
    np.testing.assert_allclose(law.family.partial_mean(law.params, score[None, :])[0], law_of, atol=1e-9)


# entropy, diversity, what the truth hardly makes


@pytest.mark.parametrize("name", MIXTURES)
def test_entropy_of_a_mixture(name):
    """Against a sum over 40,000 steps of the normal score, which jumps between components in steps."""
    law = mixture(*MIXTURES[name])
    density = law.line.log_pdf(law.params, quantile_on_steps(name)[None, :])[0]
    brute = -float(norm.pdf(STEPS) @ density) * (STEPS[1] - STEPS[0])
    assert diversity.entropy(law, law)[0] == pytest.approx(brute, abs=3e-4)


def test_entropy_of_gaussians_points_and_categories():
    std, truth = np.array([1.0, 0.5, 1e-9, 0.0]), gaussian(0.0, 1.0)
    with np.errstate(divide="ignore"):
        law = np.log(std) + 0.5 * np.log(2 * np.pi * np.e)
    np.testing.assert_allclose(diversity.entropy(gaussian(0 * std, std), truth), law, rtol=1e-14)
    models = mixture(np.ones((4, 1)), np.zeros((4, 1)), std[:, None])
    np.testing.assert_allclose(diversity.entropy(models, truth), law, rtol=1e-9)
    assert diversity.entropy(mixture([0.5, 0.5], [0.0, 1.0], [1.0, 0.0]), truth)[0] == -np.inf
    found = diversity.entropy(categories([0.5, 0.5, 0.0], [1.0, 0.0, 0.0]), categories([0.2, 0.3, 0.5]))
    np.testing.assert_allclose(found, [np.log(2), 0.0], rtol=1e-15)


def test_distance_of_two_items():
    """E |X - Y| is twice the integral of F (1 - F)."""
    for name in MIXTURES:
        parts = MIXTURES[name]
        ends = np.sort(
            np.concatenate([np.array(parts[1]) + z * np.array(parts[2]) for z in (-9, -3, 0, 3, 9)])
        )
        below = [quad(lambda x, parts=parts: (cdf(parts, x) * cdf(parts, x, upper=True)).item(), a, b,
                      limit=200)[0] for a, b in pairwise(ends) if b > a]  # fmt: skip
        found = diversity.distance_of_items(mixture(*parts), gaussian(0.0, 1.0))[0]
        assert found == pytest.approx(2 * sum(below), rel=1e-6)
    points = mixture([0.5, 0.5], [0.0, 3.0], [0.0, 0.0])
    assert diversity.distance_of_items(points, gaussian(0.0, 1.0))[0] == 1.5
    data = DataSet(np.array([0.0, 3.0, 3.0, 7.0]))
    pairs = np.abs(data.values[:, None] - data.values).mean()
    assert metrics.METRICS["distance_of_items"].value_at_truth(data, None) == pytest.approx(pairs)


def test_mass_where_the_truth_hardly_has_any():
    """Of one Gaussian it lies in the tails; of two far apart, between them, too."""
    truth = gaussian(0.0, 1.0)
    std = np.array([1.0, 2.0, 0.5])
    law = 2 * ndtr(norm.ppf(0.005) / std)
    np.testing.assert_allclose(diversity.stray_mass(gaussian(0 * std, std), truth), law, atol=2e-3)
    two = mixture([0.5, 0.5], [-50.0, 50.0], [1.0, 1.0])
    assert diversity.stray_mass(gaussian(0.0, 1.0), two)[0] == 1.0
    assert diversity.stray_mass(two, two)[0] == pytest.approx(0.01, abs=2e-3)


def test_the_rarest_categories():
    truth = categories([0.5, 0.3, 0.04, 0.01, 0.15, 0.0])
    np.testing.assert_array_equal(diversity.rare(truth), [False, False, True, True, False, False])
    np.testing.assert_array_equal(diversity.rare(categories([0.5, 0.3, 0.2])), [False, False, True])
    assert diversity.rare_mass(categories([0.1, 0.2, 0.3, 0.25, 0.15, 0.0]), truth)[0] == pytest.approx(0.55)
    found = diversity.distinct_categories(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]), 3)
    np.testing.assert_allclose(found, [1.75, 1.0], rtol=1e-15)


def test_log_loss_on_real_items():
    data, std = DataSet(np.array([0.0, 1.0, 4.0])), np.array([1.0, 2.0, 0.0])
    models = gaussian([0.0, 1.0, 1.0], std)
    law = [-norm.logpdf(data.values, m, s).mean() for m, s in ((0.0, 1.0), (1.0, 2.0))]
    np.testing.assert_allclose(diversity.log_loss(models, data), [*law, np.inf], rtol=1e-14)
    assert diversity.log_loss(gaussian(1.0, 0.0), DataSet(np.array([1.0, 1.0])))[0] == np.inf
