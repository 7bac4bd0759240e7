"""Categories: the exact binomial chain of two, and the laws of the variance with H in its place."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at
from scipy import stats

import modelcollapse as mc
from modelcollapse.theory import moment_recursion

N = 20
FIVE = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
GENERATIONS = (1, 2, 5, 12)
SPREAD, ERROR = "heterozygosity", "squared_error_of_probabilities"
COUNTS = {  # real, synthetic, kept items of 20
    "replace": (0, 20, 0),
    "a tenth fresh": (2, 18, 0),
    "all three": (4, 10, 6),
    "no synthetic": (6, 0, 14),
}


def recipe(probabilities, replicates=6000, generations=12, n=N, **workflow):
    return mc.Experiment(
        n_samples=n,
        generations=generations,
        replicates=replicates,
        truth={"family": "categorical", "probabilities": list(probabilities)},
        learner={"family": "categorical"},
        workflow={"kind": "mix", **workflow},
    )


def chain(n, p, generations):
    """The distribution over counts 0..n of the first category at each generation: powers of a matrix."""
    k = np.arange(n + 1)
    step = stats.binom.pmf(k[None, :], n, (k / n)[:, None])
    rows = [stats.binom.pmf(k, n, p)]
    for _ in range(generations - 1):
        rows.append(rows[-1] @ step)
    return rows


def test_two_categories_are_the_binomial_chain():
    """Chi-square over all counts, 10,000 replicates: a chain of one item more gives p < 1e-6."""
    n, p, replicates = 12, 0.3, 10_000
    dataset = mc.run(recipe([p, 1 - p], replicates, 20, n))
    for t in (1, 2, 7, 20):
        counts = np.rint(n * dataset["probability"].sel(generation=t).values[:, 0]).astype(int)
        seen = np.bincount(counts, minlength=n + 1)
        pvalue = []
        for items in (n, n + 1):
            law = chain(items, p, t)[-1]
            law = law if items == n else np.append(law[:n], law[n:].sum())
            expected = replicates * law
            often = expected > 5
            cells = (np.append(v[often], v[~often].sum() + 1e-9) for v in (seen, expected))
            one, other = cells
            pvalue.append(stats.chi2.sf(((one - other) ** 2 / other).sum(), often.sum()))
        print(f"counts at {t}: p = {pvalue[0]:.3g}, of a chain of 13 items {pvalue[1]:.3g}")
        assert pvalue[0] > 1e-4
        assert pvalue[1] < 1e-6 or t == 20  # at the end nearly all are absorbed, in either


def test_absorption_is_at_each_category_with_its_probability():
    """Sees 6 % of the largest of the probabilities, 0.4, and 22 % of the smallest, 0.05."""
    n = 6
    dataset = mc.run(recipe(FIVE, 6000, 120, n))
    last = dataset["probability"].values[:, -1]
    assert (last.max(axis=1) == 1.0).mean() > 0.999
    for k, p in enumerate(FIVE):
        assert_law(last[:, k], p, f"E p_{k}")
    assert_not_law(last[:, 0], 0.35, "E p_0 of another truth")
    collapsed = (dataset["status"].values[:, -1] & int(mc.Status.COLLAPSED)) != 0
    assert np.array_equal(collapsed, last.max(axis=1) == 1.0)


def assert_mix(experiment) -> None:
    """Both laws, as `theory` gives them; they are those of a Gaussian of variance H_0."""
    dataset = mc.run(experiment)
    h0 = 1.0 - (np.array(experiment.truth.probabilities) ** 2).sum()
    known = {law.metric: law for law in mc.expectations(experiment)}
    assert {SPREAD, ERROR} <= set(known)
    gaussian = experiment.changed(
        truth={"family": "gaussian", "mean": 3.0, "std": float(np.sqrt(h0))}, learner={"family": "gaussian"}
    )
    for name, law in zip((SPREAD, ERROR), moment_recursion(gaussian, 12), strict=True):
        np.testing.assert_allclose(known[name].at(np.array(GENERATIONS)), law[list(GENERATIONS)], rtol=1e-12)
        for g, measured in zip(GENERATIONS, at(dataset, name, GENERATIONS), strict=True):
            assert_law(measured, law[g], f"{name} at {g}")


def shares(counts):
    return {"real": counts[0] / N, "kept": counts[2] / N}


@pytest.mark.parametrize("split", COUNTS)
def test_exact_counts(split):
    """Sees 0.5 % of E H_1, 0.4 to 3 % of E H_12 (most under replace), 4 % of the squared error."""
    assert_mix(recipe(FIVE, **shares(COUNTS[split])))


@pytest.mark.parametrize("split", ["a tenth fresh", "all three"])
def test_each_item_draws_its_source(split):
    """Sees 1 to 2 % of E H_12 and 4 % of the squared error."""
    assert_mix(recipe(FIVE, assignment="per-sample", **shares(COUNTS[split])))


@pytest.mark.parametrize("split", ["a tenth fresh", "all three", "no synthetic"])
def test_fixed_real_items(split):
    """Sees 1 to 2 % of E H_12 and 4 % of the squared error."""
    assert_mix(recipe(FIVE, real_source="fixed", **shares(COUNTS[split])))


def test_heterozygosity_falls_by_one_item_in_n():
    """E H_t = H_0 q^t with Zipf's law; most of 200 categories are lost at once. Sees 1.8 % of E H_30."""
    n, zipf = 60, {"categories": 200, "exponent": 1.0, "shift": 2.7}
    experiment = recipe([0.5, 0.5], 3000, 30, n).changed(truth={"family": "categorical", "zipf": zipf})
    p = (np.arange(1, 201) + 2.7) ** -1.0
    h0 = 1.0 - ((p / p.sum()) ** 2).sum()
    dataset = mc.run(experiment)
    for t, measured in zip((1, 10, 30), at(dataset, SPREAD, (1, 10, 30)), strict=True):
        assert_law(measured, h0 * (1 - 1 / n) ** t, f"E H_{t}")
    assert_not_law(measured, h0 * (1 - 1 / (n + 5)) ** 30, "E H_30 of 65 items")
    assert_not_law(measured, h0 * (1 - 1 / n) ** 27, "E H_30, three generations late")


def test_wrong_laws_are_told_apart():
    """Fixed for fresh real items; kept items drawn with replacement."""
    counts = COUNTS["all three"]
    dataset = mc.run(recipe(FIVE, **shares(counts)))
    spread, error = (at(dataset, name, [12])[0] for name in (SPREAD, ERROR))
    fixed = moment_recursion(recipe(FIVE, real_source="fixed", **shares(counts)), 12)
    assert_not_law(spread, fixed[0][12], "E H_12 of fixed real items")
    assert_not_law(error, fixed[1][12], "the squared error of fixed real items")
    kept = at(mc.run(recipe(FIVE, **shares(COUNTS["no synthetic"]))), ERROR, [12])[0]
    with_replacement = moment_recursion(recipe(FIVE, real=6 / N), 12)[1][12]
    assert_not_law(kept, with_replacement, "the squared error of items kept with replacement")
