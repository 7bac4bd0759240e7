"""One Gaussian once more: a known standard deviation, a bound on the spread, a variance that is added to.

And the weights of a mixture whose components share no items.
"""

import numpy as np
from conftest import assert_law, assert_not_law, at, standard_error

import modelcollapse as mc
from modelcollapse.theory.gaussian import regularised_median, regularised_variance, tail_bound
from modelcollapse.theory.separated import component_variance_after

GAUSSIAN = {"family": "gaussian", "mean": 3.0, "std": 2.0}


def recipe(learner, n=10, generations=20, replicates=5000, **values):
    table = {"n_samples": n, "generations": generations, "replicates": replicates, "truth": GAUSSIAN}
    return mc.Experiment(**{**table, "learner": learner, **values})


def test_the_mean_of_a_known_std_walks():
    """E (M_t - mu0)^2 = (V0 + (t - 1) s^2)/n, with s = 1 and V0 = 4. Sees 8 %."""
    experiment = recipe({"family": "gaussian", "known_std": 1.0})
    (law,) = [law for law in mc.expectations(experiment) if law.metric == "squared_error_of_mean"]
    dataset = mc.run(experiment)
    for t, measured in zip((1, 2, 20), at(dataset, law.metric, (1, 2, 20)), strict=True):
        assert_law(measured, law.at(np.array([float(t)]))[0], f"squared error of the mean at {t}")
    assert_not_law(measured, 4.0 * 20 / 10, "a fitted std")


def test_the_bound_on_the_spread_holds():
    """P(std_t > std_0/10) is at most 10 exp(-t/(4n - 1)), for either variance; without the 10 it is not."""
    n, t = 4, np.array([40.0, 70.0, 100.0])
    for ddof in (0, 1):
        experiment = recipe({"family": "gaussian", "ddof": ddof}, n, 100)
        (law,) = [law for law in mc.expectations(experiment) if law.sense == "at most"]
        assert law.at(t).tolist() == tail_bound(n, 10.0, t).tolist()
        for i, measured in enumerate(at(mc.run(experiment), law.metric, t.astype(int))):
            print(f"ddof {ddof}, t = {t[i]:.0f}: {measured.mean():.4f}, at most {law.at(t)[i]:.4f}")
            assert measured.mean() <= law.at(t)[i] + 4.0 * standard_error(measured)
    early = at(mc.run(experiment), law.metric, [10])[0]
    wrong = tail_bound(n, 1.0, np.array([10.0]))[0]
    print(f"not at most {wrong:.4f} at 10: {early.mean():.4f}")
    assert (early.mean() - wrong) / standard_error(early) > 6.0
    assert not [law for law in mc.expectations(recipe({"family": "gaussian"})) if law.sense == "at most"]


def test_a_variance_that_is_added_to():
    """E V_t early on, and the median at last: 0.615 n r at n = 10. Sees 5 % of E V_5, 4 % of the median."""
    n, r = 10, 0.3
    learner = {"family": "mixture", "components": 1, "reg_covar": r}
    dataset = mc.run(recipe(learner, n, 80))
    for t in (1, 5):
        law = regularised_variance(n, r, 4.0, np.array([float(t)]))[0]
        measured = at(dataset, "total_variance", [t])[0]
        assert_law(measured, law, f"E V_{t}")
    assert_not_law(measured, law + r, "one addition more")
    median = np.median(at(dataset, "total_variance", [80])[0]) / (n * r)
    print(f"median {median:.3f} n r at n = 10")
    assert abs(median - 0.615) < 0.025
    assert abs(regularised_median(n, r) / (n * r) - median) < 0.05


def test_weights_of_separate_components_drift():
    """E H_t = q^t H_0 of the weights, and a component's variance after one generation. Sees 3 %."""
    truth = {"family": "mixture", "weights": [0.3, 0.7], "means": [-6.0, 6.0], "stds": [1.0, 1.0]}
    experiment = recipe({"family": "mixture"}, 30, 12, 3000, truth=truth)
    (law,) = [law for law in mc.expectations(experiment) if law.metric == "weight_heterozygosity"]
    assert law.about
    dataset = mc.run(experiment)
    for t, measured in zip((1, 4, 12), at(dataset, law.metric, (1, 4, 12)), strict=True):
        assert_law(measured, law.at(np.array([float(t)]))[0], f"H of the weights at {t}")
    assert_not_law(measured, 0.42, "no drift")
    first = dataset.sel(generation=1)
    left = first["std"].values[:, 0] ** 2
    several = first["weight"].values[:, 0] > 1.5 / 30
    assert_law(left[several], component_variance_after(1.0, 0.3, 30), "variance of the left component")
    near = {**truth, "means": [-2.0, 2.0]}
    laws = mc.expectations(experiment.changed(truth=near))
    assert "weight_heterozygosity" not in {law.metric for law in laws}
