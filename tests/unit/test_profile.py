"""The collapse profile against results that are made by hand, so that every number of it is known."""

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

import modelcollapse as mc
from modelcollapse import resampling
from modelcollapse.profile import collapse_profile

HALF_LOG_2PIE = 0.5 * math.log(2 * math.pi * math.e)
STDS = np.array([
    [1.0, 0.9, 0.8, 0.7],
    [1.1, 0.6, 0.9, 1.0],
    [1.0, 0.75, 0.7, 0.5],
    [0.9, 0.75, 0.6, 0.6],
    [1.0, 1.2, 1.3, 1.2],
])  # fmt: skip
"""Of five replicates at generations 1 to 4. At 4 the median is 0.7, at 1 it is 1."""


def gaussians(std, n_samples=100, **values):
    """A result whose models are centred Gaussians of these ``(replicate, generation)`` stds, t >= 1."""
    std = np.asarray(std, dtype=np.float64)
    recipe = mc.Experiment(
        n_samples=n_samples, generations=std.shape[1], replicates=std.shape[0], **values,
        learner={"family": "gaussian"}, truth={"family": "gaussian", "mean": 0.0, "std": 1.0},
    )  # fmt: skip
    dataset = mc.run(recipe, threads=1)
    for name, value in (("mean", 0 * std), ("std", std), ("total_mean", 0 * std), ("total_variance", std**2)):
        dataset[name].values[:, 1:] = value
    return dataset


def row(profile, quantity):
    (found,) = (row for row in profile.rows if quantity in row.quantity)
    return found


def divergence(s):
    return np.log(s) + 0.5 / s**2 - 0.5


def test_every_number_of_a_gaussian():
    """Five replicates: the ranks of a 90 % interval of a median of five are the first and the last."""
    profile = collapse_profile(gaussians(STDS))
    known = {
        "Kullback-Leibler": divergence,
        "total variance": lambda s: s**2,
        "mass beyond": lambda s: 2 * ndtr(ndtri(0.01) / s) / 0.02,
        "Wasserstein": lambda s: (1 - s) ** 2,
        "entropy": lambda s: np.log(s) + HALF_LOG_2PIE,
        "mean distance": lambda s: 2 * s / np.sqrt(np.pi),
    }
    for quantity, of in known.items():
        found, values = row(profile, quantity), of(STDS)
        assert found.truth == pytest.approx(of(1.0), abs=1e-9)
        assert found.first.value == pytest.approx(np.median(values[:, 0]), rel=1e-9, abs=1e-9)
        assert found.last.value == pytest.approx(np.median(values[:, 3]), rel=1e-9)
        assert (found.last.low, found.last.high) == pytest.approx((values[:, 3].min(), values[:, 3].max()))
    assert (profile.first, profile.generation, profile.replicates) == (1, 4, 5)


def test_times_are_censored_and_said():
    """Half the variance is lost below 0.7071: at 4, 2, 3, 3 and never; the median is 3."""
    profile = collapse_profile(gaussians(STDS))
    time = row(profile, "half of it")
    assert (time.last.value, time.last.low, time.last.high) == (3.0, 2.0, np.inf)
    assert time.note == "1 of 5 not yet, counted as infinite"
    early = row(collapse_profile(gaussians(STDS), generation=2), "half of it")
    assert early.last.value == np.inf
    assert early.note.startswith("4 of 5 not yet")
    assert (
        "generations that are saved"
        in row(collapse_profile(gaussians(STDS).isel(generation=[0, 1, 3, 4])), "half of it").note
    )


def test_a_replicate_is_worse_than_its_own_first_model():
    """All but the second, which ends at the truth's own std."""
    worse = row(collapse_profile(gaussians(STDS)), "worse than")
    count = int((divergence(STDS[:, 3]) > divergence(STDS[:, 0])).sum())
    assert worse.last == resampling.share(count, 5, 0.9)
    assert count == 4


def test_points_are_infinite_and_not_dropped():
    std = np.ones((5, 2))
    std[:2, 1] = 0.0
    profile = collapse_profile(gaussians(std))
    assert row(profile, "Kullback-Leibler").last.value == pytest.approx(0.0, abs=1e-9)
    assert row(profile, "Kullback-Leibler").last.high == np.inf
    assert row(profile, "entropy").last.low == -np.inf
    std[2, 1] = 0.0
    profile = collapse_profile(gaussians(std))
    assert row(profile, "Kullback-Leibler").last.value == np.inf
    assert row(profile, "worse than").last.value == 0.6
    assert "inf" in str(profile)
    std[:, 0] = 0.0
    assert "3 of 5 were infinite at both" in str(collapse_profile(gaussians(std)))


def test_one_replicate_has_no_interval():
    profile = collapse_profile(gaussians(STDS[:1]))
    last = row(profile, "total variance").last
    assert last.value == pytest.approx(0.49)
    assert math.isnan(last.low)
    assert math.isnan(last.high)
    assert "0.49" in str(profile)


def test_what_is_not_computed_is_said():
    dataset = gaussians(STDS)
    profile = collapse_profile(dataset)
    assert not row(profile, "slope").computed
    assert "two or more N" in row(profile, "slope").note
    assert "one alone" in row(profile, "components alive").note
    assert "slope of log loss on log N: not computed" in str(profile)
    dataset["std"].values[2, 4] = np.nan
    dataset["total_variance"].values[2, 4] = np.nan
    lacking = row(collapse_profile(dataset), "total variance")
    assert not lacking.computed
    assert lacking.note == "1 of 5 replicates have no number"
    assert row(collapse_profile(dataset), "Wasserstein").last.high == np.inf


def test_every_recipe_has_a_profile_with_a_row_for_each_meaning():
    categories = {"truth": {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]},
                  "learner": {"family": "categorical"}}  # fmt: skip
    for values in ({}, {"learner": {"family": "gaussian"}}, categories):
        dataset = mc.run(mc.Experiment(n_samples=20, generations=2, replicates=3, **values), threads=1)
        profile = collapse_profile(dataset)
        assert sorted({row.meaning[0] for row in profile.rows}) == list("123456789")
        for one in profile.rows:
            assert one.computed or one.note
            assert one.quantity in str(profile)


def test_categories_by_hand():
    """Four categories, the last the rarest. Replicate 0 loses it at 2, replicate 1 another at 1, 2 none."""
    recipe = mc.Experiment(
        n_samples=10, generations=2, replicates=3, learner={"family": "categorical"},
        truth={"family": "categorical", "probabilities": [0.4, 0.3, 0.26, 0.04]},
    )  # fmt: skip
    dataset = mc.run(recipe, threads=1)
    dataset["probability"].values[:, 1:] = [
        [[0.4, 0.3, 0.2, 0.1], [0.5, 0.25, 0.25, 0.0]],
        [[0.5, 0.0, 0.4, 0.1], [0.9, 0.0, 0.09, 0.01]],
        [[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25]],
    ]
    profile = collapse_profile(dataset)
    assert row(profile, "categories alive").last.value == 3
    assert row(profile, "have lost a category").last == resampling.share(2, 3, 0.9)
    assert row(profile, "first category").last.value == 2
    assert row(profile, "rarest category was").last.value == np.inf
    assert row(profile, "rarest category was").note == "2 of 3 not yet, counted as infinite"
    tails = row(profile, "truth's rarest")
    assert tails.last.value == pytest.approx(0.01 / 0.04)
    distinct = row(profile, "different categories")
    assert distinct.last.high == pytest.approx(4 * (1 - 0.75**10))
    assert distinct.truth == pytest.approx(sum(1 - (1 - p) ** 10 for p in (0.4, 0.3, 0.26, 0.04)))


def falling(n_samples, slopes, replicates=4, seed=0):
    """Models whose divergence is N^slope/10 at generation 1 and at 2, in every replicate."""
    from scipy.optimize import brentq

    std = [
        brentq(lambda s, loss=0.1 * n_samples**slope: divergence(s) - loss, 1e-3, 1.0, xtol=1e-15)
        for slope in slopes
    ]
    return gaussians(np.tile(std, (replicates, 1)), n_samples, seed=seed)


def test_the_scaling_law_of_results_of_several_sizes():
    results = [falling(n, (-1.0, -0.5)) for n in (100, 400, 1600)]
    profile = collapse_profile(results[0], others=results[1:])
    slope, moved = row(profile, "slope of"), row(profile, "slope at the end")
    assert slope.first.value == pytest.approx(-1.0, abs=1e-4)
    assert slope.last.value == pytest.approx(-0.5, abs=1e-4)
    assert moved.last.value == pytest.approx(0.5, abs=1e-4)
    assert moved.last.low == pytest.approx(moved.last.high)  # replicates are all alike
    assert slope.note == "N = 100, 400, 1600"


def test_a_slope_has_an_interval_that_a_seed_repeats():
    rng = np.random.default_rng(5)
    results = [gaussians(np.exp(rng.normal(-0.3, 0.2, (30, 2))), n) for n in (100, 1000)]
    ends = [
        row(collapse_profile(results[0], others=results[1:], seed=seed), "slope of").last
        for seed in (1, 1, 2)
    ]
    assert ends[0] == ends[1]
    assert ends[0] != ends[2]
    assert ends[0].low < ends[0].value < ends[0].high


def test_what_cannot_be_looked_at_is_refused():
    dataset = gaussians(STDS)
    for values, words in (
        ({"generation": 7}, "generation = 7: must be a saved one"),
        ({"generation": 0}, "must be a saved one"),
        ({"level": 1.0}, "level = 1.0"),
        ({"resamples": 0}, "resamples = 0"),
        (
            {"others": [gaussians(STDS, 400, workflow={"kind": "mix", "real": 0.5})]},
            "same recipe at other N; workflow differs",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            collapse_profile(dataset, **values)


def test_long_metrics_take_some_of_many_replicates():
    profile = collapse_profile(gaussians(np.ones((1200, 1))))
    assert row(profile, "Wasserstein").note == "of the first 1000 replicates"
    assert row(profile, "total variance").note == ""


# intervals


def test_the_interval_is_that_of_resampling():
    """The distribution of a resample's median, without drawing it, against 40,000 resamples of 10 and 11.

    Of so many resamples a distribution function is off by 0.0025 at most, one standard error; 4 are allowed.
    """
    rng = np.random.default_rng(3)
    for n in (10, 11):
        values = np.sort(rng.exponential(size=n))
        drawn = np.sort(rng.choice(values, size=(40_000, n)), axis=1)[:, resampling.middle(n) - 1]
        quick = resampling.resampled_medians(values, 40_000, rng)
        for medians in (quick, drawn):
            for level in (0.5, 0.8, 0.9):
                found = resampling.median(values, level)
                tail = (1 - level) / 2
                assert np.mean(medians < found.low) < tail + 0.01
                assert np.mean(medians <= found.low) > tail - 0.01
                assert np.mean(medians > found.high) < tail + 0.01
                assert np.mean(medians >= found.high) > tail - 0.01


def coverage(level):
    rng = np.random.default_rng(11)
    hit = 0
    for _ in range(400):
        found = resampling.median(rng.exponential(size=51), level)
        hit += found.low <= math.log(2) <= found.high
    return hit / 400


def test_the_interval_covers_the_median():
    """90 % intervals of 400 samples of 51 exponentials: 0.90, with a binomial standard error of 0.015.

    Ranks are whole, so the true coverage is not 0.90 to the letter: 0.85 to 0.95 is allowed, 3.3 standard
    errors. An interval of 70 % is told apart.
    """
    assert 0.85 <= coverage(0.9) <= 0.95
    assert coverage(0.7) < 0.85


def test_a_share_of_none_is_not_certain():
    assert resampling.share(0, 64, 0.9).high == pytest.approx(1 - 0.05 ** (1 / 64))
    assert resampling.share(64, 64, 0.9).low == pytest.approx(0.05 ** (1 / 64))
    from scipy.stats import binomtest

    for count in (1, 20, 63):
        exact = binomtest(count, 64).proportion_ci(0.9, method="exact")
        found = resampling.share(count, 64, 0.9)
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
