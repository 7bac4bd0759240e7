"""E V_t and E (M_t - mu0)^2 under `mix`: real, synthetic and kept data in any split.

The law is derived twice here, independently of the package: once in the package's own terms (the
variance of a mean), once from pairs of items, and both must equal `theory.moment_recursion`.
"""

from itertools import product

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.theory import moment_recursion
from modelcollapse.theory.schedule import schedule

N, MU0, V0 = 20, 3.0, 4.0
GAUSSIAN = {"family": "gaussian", "mean": MU0, "std": 2.0}
GENERATIONS = (1, 2, 5, 12)
PER_SAMPLE = {"kind": "mix", "assignment": "per-sample"}
COUNTS = {  # real, synthetic, kept items of 20
    "replace": (0, 20, 0),
    "a tenth fresh": (2, 18, 0),
    "half fresh": (10, 10, 0),
    "all three": (4, 10, 6),
    "no synthetic": (6, 0, 14),
    "no real": (0, 12, 8),
    "all real": (20, 0, 0),
}


def recipe(counts, replicates=6000, generations=12, learner=None, **workflow):
    real, _, kept = counts
    return mc.Experiment(
        n_samples=N,
        generations=generations,
        replicates=replicates,
        truth=GAUSSIAN,
        learner=learner or {"family": "gaussian"},
        workflow={"kind": "mix", "real": real / N, "kept": kept / N, **workflow},
    )


def by_means(counts, generations, per_sample=False):
    """The law as it is published: B' is the variance of the next mean, A' follows from it; ddof 0."""
    n_r, n_s, n_k = counts
    n = n_r + n_s + n_k
    a, s, c = n_r / n, n_s / n, n_k / n
    b = 1 - a
    A, B = [V0, V0 * (1 - 1 / n)], [0.0, V0 / n]
    for _ in range(generations - 1):
        if per_sample:
            after = (a * V0 + s * A[-1] + c * (1 - c) * A[-1] + a * b * B[-1]) / n + b**2 * B[-1]
        else:
            noise = n_r * V0 + n_s * A[-1] + n_k * A[-1] * (n - n_k) / (n - 1)
            after = noise / n**2 + b**2 * B[-1]
        A.append(a * V0 + b * (A[-1] + B[-1]) - after)
        B.append(after)
    return np.array(A), np.array(B)


def by_pairs(counts, generations, per_sample=False, fixed=False, ddof=0):
    """The law from pairs: a sample's variance is (1 - 1/n)/2 times the mean squared difference of two.

    v is the training set's variance (divided by n), A the model's, C = E (M - mu0)(m_R - mu0) for the
    mean m_R of replayed real items.
    """
    n = sum(counts)
    kinds = "rsk"
    share = {kind: count / n for kind, count in zip(kinds, counts, strict=True)}
    n_of = dict(zip(kinds, counts, strict=True))
    factor = n / (n - ddof)
    v, B, C = V0 * (1 - 1 / n), V0 / n, V0 / n if fixed else 0.0
    variance, error = [V0, factor * v], [0.0, B]
    for _ in range(generations - 1):
        A = factor * v
        half_square = {  # of the difference of two items, halved
            "rr": V0,
            "ss": A,
            "kk": v * n / (n - 1),  # two different items of the last training set
            "rs": (V0 + A + B) / 2 - C,
            "rk": (V0 + v + B) / 2 - C,
            "sk": (A + v) / 2,
        }
        pairs = 0.0
        for one, other in product(kinds, kinds):
            if per_sample:
                chance = share[one] * share[other]
            else:
                chance = n_of[one] * (n_of[other] - (one == other)) / (n * (n - 1))
            pairs += chance * half_square["".join(sorted((one, other), key=kinds.index))]
        second = share["r"] * V0 + share["s"] * (A + B) + share["k"] * (v + B)  # E (x - mu0)^2
        v = (1 - 1 / n) * pairs
        B = second - v
        if fixed:
            C = share["r"] * V0 / n_of["r"] + (1 - share["r"]) * C
        variance.append(factor * v)
        error.append(B)
    return np.array(variance), np.array(error)


@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("ddof", [0, 1])
def test_the_law_derived_again(counts, ddof):
    """Pure arithmetic, to 1e-12: from means, from pairs of items, and the package's recursion."""
    learner = {"family": "gaussian", "ddof": ddof}
    exact = recipe(counts, learner=learner)
    each = recipe(counts, learner=learner, assignment="per-sample")
    pairs = [(exact, by_pairs(counts, 60, ddof=ddof)), (each, by_pairs(counts, 60, True, ddof=ddof))]
    if ddof == 0:
        pairs += [(exact, by_means(counts, 60)), (each, by_means(counts, 60, True))]
    if counts[0]:
        fixed = recipe(counts, learner=learner, real_source="fixed")
        pairs.append((fixed, by_pairs(counts, 60, fixed=True, ddof=ddof)))
    for experiment, law in pairs:
        np.testing.assert_allclose(moment_recursion(experiment, 60), law, rtol=1e-12, atol=1e-12)


def test_items_that_draw_their_source_are_n_whatever_the_shares():
    """Pure arithmetic: a mean number of each source is rounded, and ddof asks for the number of all."""
    shares = [{"real": a / 20, "kept": c / 20} for a, c in product(range(21), range(21)) if a + c <= 20]
    for n, work in product((10, 50, 128, 1000), shares):
        made = schedule(recipe((0, n, 0)).changed(n_samples=n, workflow={**PER_SAMPLE, **work}))
        assert int(made(2).size) == n


def assert_mix(dataset, law) -> None:
    variance, error = law
    known = mc.expectations(mc.Experiment.from_json(dataset.attrs["recipe"]))
    law_of = {law.metric: law for law in known if law.statistic == "mean"}
    t = np.array(GENERATIONS)
    for name, values in (("total_variance", variance), ("squared_error_of_mean", error)):
        np.testing.assert_allclose(law_of[name].at(t), values[t], rtol=1e-12)
        for g, measured in zip(GENERATIONS, at(dataset, name, GENERATIONS), strict=True):
            assert_law(measured, values[g], f"{name} at {g}")


@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
def test_exact_counts(counts):
    """Sees 1.7 % of E V_1, 2 to 8 % of E V_12 (most under replace), 7 to 9 % of E (M - mu0)^2."""
    dataset = mc.run(recipe(counts))
    for name, count in zip(("n_real", "n_synthetic", "n_kept"), counts, strict=True):
        np.testing.assert_array_equal(dataset[name].values[:, 2:], count)
    assert_mix(dataset, by_means(counts, 12))


@pytest.mark.parametrize("split", ["half fresh", "all three", "no real"])
def test_each_item_draws_its_source(split):
    """Sees 2 to 7 % of E V_12 and 7 to 9 % of E (M - mu0)^2."""
    dataset = mc.run(recipe(COUNTS[split], assignment="per-sample"))
    assert_mix(dataset, by_means(COUNTS[split], 12, per_sample=True))
    kept = dataset["n_kept"].values[:, 12].astype(float)
    share = COUNTS[split][2] / N
    if share:
        assert_law((kept - N * share) ** 2, N * share * (1 - share), "variance of the kept count")


@pytest.mark.parametrize("split", ["half fresh", "all three", "no synthetic"])
def test_fixed_real_items(split):
    """Sees 2 to 7 % of E V_12 and 7 to 9 % of E (M - mu0)^2."""
    dataset = mc.run(recipe(COUNTS[split], real_source="fixed"))
    assert_mix(dataset, by_pairs(COUNTS[split], 12, fixed=True))


@pytest.mark.parametrize("workflow", [{}, {"assignment": "per-sample"}, {"real_source": "fixed"}])
def test_unbiased_variance_with_all_three(workflow):
    """Sees 3 to 5 % of E V_12. Kept items carry the sample's variance, synthetic ones the unbiased one."""
    experiment = recipe(COUNTS["all three"], learner={"family": "gaussian", "ddof": 1}, **workflow)
    law = by_pairs(
        COUNTS["all three"],
        12,
        per_sample="assignment" in workflow,
        fixed="real_source" in workflow,
        ddof=1,
    )
    assert_mix(mc.run(experiment), law)


@pytest.mark.parametrize("workflow", [{}, {"assignment": "per-sample"}, {"real_source": "fixed"}])
def test_a_mixture_learns_under_the_same_law(workflow):
    """Sees 2 to 4 % of E V_12. Two components, fitted by EM, dying and collapsing on the way."""
    truth = {"family": "mixture", "weights": [0.5, 0.5], "means": [MU0 - 1.9, MU0 + 1.9]}
    truth["stds"] = [np.sqrt(V0 - 1.9**2)] * 2
    learner = {"family": "mixture"}
    experiment = recipe(COUNTS["all three"], 3000, learner=learner, **workflow).changed(truth=truth)
    law = by_pairs(
        COUNTS["all three"],
        12,
        per_sample="assignment" in workflow,
        fixed="real_source" in workflow,
    )
    assert_mix(mc.run(experiment), law)


def test_shares_that_are_not_whole():
    """Shares 0.1, 0.7 and 0.2 of 25: 2.5, 17.5 and 5 items are 3, 17 and 5. Sees 3 % of E V_12."""
    experiment = mc.Experiment(
        n_samples=25,
        generations=12,
        replicates=6000,
        truth=GAUSSIAN,
        learner={"family": "gaussian"},
        workflow={"kind": "mix", "real": 0.1, "kept": 0.2},
    )
    dataset = mc.run(experiment)
    assert [int(dataset[name][0, 5]) for name in ("n_real", "n_synthetic", "n_kept")] == [3, 17, 5]
    assert_mix(dataset, by_means((3, 17, 5), 12))


def test_wrong_laws_are_told_apart():
    """At fewer replicates: fixed for fresh, unbiased for ML, kept items drawn with replacement."""
    counts = COUNTS["all three"]
    dataset = mc.run(recipe(counts, 2500))
    variance, error = (at(dataset, name, [12])[0] for name in ("total_variance", "squared_error_of_mean"))
    fixed = by_pairs(counts, 12, fixed=True)
    unbiased = by_pairs(counts, 12, ddof=1)
    assert_not_law(variance, fixed[0][12], "E V_12 of fixed real items")
    assert_not_law(error, fixed[1][12], "E (M_12 - mu0)^2 of fixed real items")
    assert_not_law(variance, unbiased[0][12], "E V_12 of an unbiased fit")
    kept = at(mc.run(recipe(COUNTS["no synthetic"], 2500)), "squared_error_of_mean", [12])[0]
    with_replacement = by_means((6, 14, 0), 12)[1][12]  # as good as synthetic, for a mean
    assert_not_law(kept, with_replacement, "E (M_12 - mu0)^2 of items kept with replacement")
