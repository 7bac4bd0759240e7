"""Augmented, weighted, biased and decaying data against the moment law; verified data against what passes.

Each recipe's mean variance and squared error of the mean at generations 2, 5 and 12 of 4,000 replicates. The
standard error of a variance is then about sqrt(2/n)/63 of it, so with n = 40 a defect of 1.5 % is
seen at |z| = 4. Beside each stands the law of a recipe that differs in one thing, which must fail.
"""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.theory import (
    golden_weight,
    moment_recursion,
    stationary_deficit,
    verifier_threshold,
    weighted_error,
)

AT = [2, 5, 12]
GAUSSIAN = {"family": "gaussian", "mean": 1.0, "std": 2.0}
MIXTURE = {"family": "mixture", "weights": [0.3, 0.7], "means": [-2.0, 2.0], "stds": [1.0, 1.0]}
CATEGORIES = {"family": "categorical", "probabilities": [0.1, 0.2, 0.3, 0.4]}
SPREAD = {"categorical": ("heterozygosity", "squared_error_of_probabilities")}
ON_THE_LINE = ("total_variance", "squared_error_of_mean")


def recipe(workflow, truth=GAUSSIAN, learner=None, n=40, **values):
    learner = learner or {"family": truth["family"]}
    settings = {"n_samples": n, "generations": 12, "replicates": 4000, "seed": 3, **values}
    return mc.Experiment(truth=truth, learner=learner, workflow=workflow, **settings)


def z_values(experiment, law_of=None):
    """z of both moments at `AT`, against the law of the recipe or of another."""
    dataset = mc.run(experiment)
    laws = moment_recursion(law_of or experiment, max(AT))
    found = []
    for name, law in zip(SPREAD.get(experiment.learner.family, ON_THE_LINE), laws, strict=True):
        values = mc.measure(dataset.sel(generation=AT), name).values
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        with np.errstate(invalid="ignore"):  # a known variance has no error
            found.append((values.mean(axis=0) - law[AT]) / error)
    return np.array(found)


AUGMENT = {"kind": "augment", "real": 10, "synthetic": 30}
FIXED = {**AUGMENT, "real_source": "fixed"}
WEIGHTED = {"kind": "weighted", "weight": 0.4, "real": 20, "synthetic": 30}
BIASED = {"kind": "biased", "temperature": 0.8, "real": 0.2, "kept": 0.1}
DECAYING = {"kind": "decaying", "real": 0.5, "exponent": 1.0}

CASES = {
    "other sizes": ({**AUGMENT, "real": 20, "synthetic": 80}, {**AUGMENT, "real": 10, "synthetic": 40}, {}),
    "growing": ({**AUGMENT, "growth": 1.0}, AUGMENT, {}),
    "no real": ({**AUGMENT, "real": 0, "synthetic": 60}, {**AUGMENT, "real": 0, "synthetic": 40}, {}),
    "fixed": (FIXED, AUGMENT, {}),
    "pool": ({**FIXED, "pool": 20}, FIXED, {}),
    "pool of all": ({**FIXED, "pool": 40}, {**FIXED, "pool": 10}, {}),
    "unbiased": (AUGMENT, {**AUGMENT, "real": 5}, {"learner": {"family": "gaussian", "ddof": 1}}),
    "a mixture": (FIXED, AUGMENT, {"truth": MIXTURE, "replicates": 2000}),
    "categories": (FIXED, AUGMENT, {"truth": CATEGORIES}),
    "grouped": (AUGMENT, {**AUGMENT, "real": 5}, {"engine": "grouped", "n": 80}),
    "weighted": (WEIGHTED, {**WEIGHTED, "weight": 0.15}, {}),
    "weighted, known std": (
        WEIGHTED, {**WEIGHTED, "weight": 0.8}, {"learner": {"family": "gaussian", "known_std": 2.0}}),
    "biased": (BIASED, {**BIASED, "temperature": 1.0}, {}),
    "biased, hot": ({**BIASED, "temperature": 1.3}, BIASED, {"engine": "grouped", "n": 80}),
    "biased per sample": ({**BIASED, "assignment": "per-sample"}, {**BIASED, "temperature": 1.0}, {}),
    "decaying": (DECAYING, {**DECAYING, "exponent": 0.0}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_moments_follow_their_law(name):
    workflow, other, settings = CASES[name]
    experiment = recipe(workflow, **settings)
    z = z_values(experiment)
    finite = np.isfinite(z)
    print(name, np.round(z, 2).tolist())
    assert np.abs(z[finite]).max() < 4.0
    wrong = z_values(experiment, recipe(other, **settings))
    assert np.abs(wrong[finite]).max() > 8.0


def test_biased_sampling_without_real_data_is_a_power():
    """E V_t = lambda^(t-1) V0 and B_t = V0 (1 - lambda^t)/(n (1 - lambda)), unbiased."""
    unbiased = {"family": "gaussian", "ddof": 1}
    variance, error = moment_recursion(recipe({"kind": "biased", "temperature": 0.8}, learner=unbiased), 12)
    t = np.arange(1, 13)
    np.testing.assert_allclose(variance[1:], 4.0 * 0.8 ** (t - 1), rtol=1e-12)
    np.testing.assert_allclose(error[1:], 4.0 / 40 * (1 - 0.8**t) / 0.2, rtol=1e-12)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 4.0])
def test_the_golden_weight(ratio):
    """The long run of the recursion, with a known variance, is He et al.'s, with the same least."""
    synthetic = int(40 / ratio)

    def error(weight):
        work = {"kind": "weighted", "weight": weight, "real": 40, "synthetic": synthetic}
        known = {"family": "gaussian", "known_std": 2.0}
        return moment_recursion(recipe(work, learner=known), 4000)[1][-1] * 40 / 4.0

    best = golden_weight(ratio)
    assert error(best) == pytest.approx(weighted_error(best, ratio), rel=1e-9)
    assert error(best) == pytest.approx(best, rel=1e-9)
    assert min(error(best - 0.02), error(best + 0.02)) > error(best)
    assert golden_weight() == pytest.approx((np.sqrt(5) - 1) / 2)


def test_a_pool_costs_more_by_the_share_of_it_that_is_drawn():
    """1 + 2 (1 - lambda) n_r/m times the deficit of fresh items; 3 - 2 lambda where all of it is replayed."""
    fresh = 1 - moment_recursion(recipe(AUGMENT), 4000)[0][-1] / 4.0
    assert fresh == pytest.approx(stationary_deficit(40, 0.25), rel=1e-9)
    for pool in (10, 20, 40):
        found = 1 - moment_recursion(recipe({**FIXED, "pool": pool}), 4000)[0][-1] / 4.0
        assert found / fresh == pytest.approx(1 + 2 * 0.75 * 10 / pool, rel=1e-9)


def test_the_fresh_data_loop_forgets_its_first_training_set():
    """100 fresh and 900 synthetic items, from 100 or 1,000 at the start (Alemohammad et al.)."""
    work = {"kind": "augment", "real": 100, "synthetic": 900}
    ends = [moment_recursion(recipe(work, n=n), 400)[0] for n in (100, 1000)]
    assert ends[0][1] != pytest.approx(ends[1][1], rel=1e-3)
    assert ends[0][-1] == pytest.approx(ends[1][-1], rel=1e-9)


# verified data


def measured(experiment, name="total_mean", generation=2):
    values = mc.run(experiment)[name].sel(generation=generation).values
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize(("phi", "psi"), [(1.0, 0.0), (0.6, 0.2)])
def test_a_region_keeps_a_truncated_gaussian(phi, psi):
    """Generation 2 learns from what is kept: its mean is that of the first model, cut at 1.

    To first order the first model is the truth N(0, 1); at N = 2,000 its second order is below 1/1,000 of
    the standard error here. A defect of 0.003 would be seen.
    """
    work = {"kind": "verified", "high": 1.0, "phi": phi, "psi": psi}
    normal = {"family": "gaussian", "mean": 0.0, "std": 1.0}
    mean, error = measured(recipe(work, truth=normal, n=2000, generations=2, replicates=1500))
    from scipy.stats import norm

    below = norm.cdf(1.0)
    expected = (psi - phi) * norm.pdf(1.0) / (phi * below + psi * (1 - below))
    assert abs(mean - expected) < 4 * error + 2.0 / 2000
    assert abs(mean) > 20 * error


def test_a_rule_by_likelihood_keeps_what_is_likely_under_the_truth():
    """The half of N(0, 1) with the higher density: |x| below 0.6745, of variance 0.143."""
    work = {"kind": "verified", "likelihood": 0.5}
    normal = {"family": "gaussian", "mean": 0.0, "std": 1.0}
    mean, error = measured(
        recipe(work, truth=normal, n=2000, generations=2, replicates=500), "total_variance"
    )
    assert abs(mean - 0.1426) < 4 * error + 2e-4


def test_a_noisy_verifier_of_categories_multiplies_the_odds():
    """Odds of a right category are multiplied by phi/psi, exactly but for terms in 1/N."""
    work = {"kind": "verified", "right": [0, 1], "phi": 0.8, "psi": 0.4}
    dataset = mc.run(recipe(work, truth=CATEGORIES, n=10_000, generations=4, replicates=200))
    right = dataset["probability"].values[:, 1:, :2].sum(axis=2).mean(axis=0)
    odds = right / (1 - right)
    np.testing.assert_allclose(odds[1:] / odds[:-1], 2.0, rtol=0.01)


def test_where_nothing_passes_the_last_model_is_kept():
    """A region a hundred standard deviations away, and categories that the model has lost."""
    work = {"kind": "verified", "low": 1e4}
    dataset = mc.run(recipe(work, n=20, generations=3, replicates=2))
    assert (dataset["status"].values[:, 2:] & int(mc.Status.NONFINITE)).all()
    assert (dataset["mean"].values[:, 2:] == dataset["mean"].values[:, 1:2]).all()
    rare = {"family": "categorical", "probabilities": [1e-9, 0.5, 0.5 - 1e-9]}
    work = {"kind": "verified", "right": [0]}
    dataset = mc.run(recipe(work, truth=rare, n=20, generations=3, replicates=2))
    assert (dataset["status"].values[:, 2:] & int(mc.Status.NONFINITE)).all()
    assert (dataset["n_synthetic"].values[:, 2:] == 0).all()


def test_the_verifier_s_threshold():
    """At p* as many wrong labels stay as right ones."""
    p = verifier_threshold(0.8, 0.2)
    assert p * 0.2 == pytest.approx((1 - p) * 0.8)
