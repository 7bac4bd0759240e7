"""Where training sets come from: shares to counts, what is real, synthetic and kept, what is replayed."""

from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

import modelcollapse as mc
from modelcollapse import workflows
from modelcollapse.engines import ENGINES
from modelcollapse.families.categorical import Categorical, CategoricalParams
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.types import Status
from modelcollapse.workflows import (
    Accumulate,
    AccumulateSubsample,
    Augment,
    Biased,
    Decaying,
    Mix,
    Verified,
    Weighted,
    apportion,
)

TRUTH = Law(Gaussian(), GaussianParams(np.array([0.0]), np.array([1.0])))
ENGINE = ENGINES["exact"](Gaussian())
EXAMPLES = {
    "mix": [
        Mix(),
        Mix(real=1.0),
        Mix(real=0.1, kept=0.2),
        Mix(real=0.25, synthetic=0.75),
        Mix(kept=1.0),
        Mix(real=0.1, real_source="fixed"),
        Mix(real=0.3, kept=0.3, assignment="per-sample"),
    ],
    "accumulate": [Accumulate(), Accumulate(real=0.3), Accumulate(real=1.0)],
    "accumulate-subsample": [AccumulateSubsample(), AccumulateSubsample(real=0.3, synthetic=0.7)],
    "augment": [
        Augment(real=30, synthetic=90),
        Augment(real=30, synthetic=0),
        Augment(real=30, synthetic=90, real_source="fixed"),
        Augment(real=30, synthetic=90, real_source="fixed", pool=70),
        Augment(real=30, synthetic=90, real_source="fixed", pool=170),
        Augment(real=5, synthetic=9, growth=1.5),
    ],
    "weighted": [Weighted(real=30, synthetic=90, weight=0.6)],
    "biased": [Biased(temperature=0.8), Biased(temperature=1.2, real=0.1, kept=0.2)],
    "verified": [
        Verified(low=1e6, high=1e6 + 1),
        Verified(low=5.0, phi=0.5, psi=0.2, real=0.3, assignment="per-sample"),
        Verified(likelihood=0.1, psi=0.4, kept=0.2),
    ],
    "decaying": [
        Decaying(real=0.5, half_life=2.0),
        Decaying(real=0.5, half_life=2.0, kept=0.3, real_source="fixed"),
        Decaying(real=0.5, half_life=2.0, assignment="per-sample"),
    ],
}
"""Workflows of each kind that is registered."""
ALL = [flow for flows in EXAMPLES.values() for flow in flows]
every_workflow = pytest.mark.parametrize("workflow", ALL, ids=repr)


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def model(count, mean=1e6):
    """A model whose items cannot be taken for real ones."""
    return Law(Gaussian(), GaussianParams(np.full(count, mean), np.ones(count)))


def rows(data):
    return [data.x[r, : data.size[r]] for r in range(len(data.x))]


def two_generations(workflow, n=100, count=3):
    """The first corpus, the second, and what happened between, with one stream a replicate."""
    each = streams(count)
    first = workflow.begin(ENGINE, TRUTH, n, each)
    return first, workflow.renew(ENGINE, first, model(count), TRUTH, n, each)


def test_every_workflow_has_examples():
    assert set(EXAMPLES) == {flow.name for flow in workflows.WORKFLOWS}
    assert all(flow.kind == name for name, flows in EXAMPLES.items() for flow in flows)


# shares and counts


@pytest.mark.parametrize(
    ("n", "shares", "expected"),
    [
        (100, (0.29, 0.71, 0.0), (29, 71, 0)),  # int(0.29 * 100) is 28
        (25, (0.1, 0.9, 0.0), (3, 22, 0)),  # a tie: real before synthetic; round(2.5) is 2
        (25, (0.0, 0.9, 0.1), (0, 23, 2)),  # a tie: synthetic before kept
        (25, (0.1, 0.8, 0.1), (3, 20, 2)),  # a tie: real before kept
        (10, (0.25, 0.5, 0.25), (3, 5, 2)),
        (1, (0.5, 0.5, 0.0), (1, 0, 0)),
        (1, (0.3, 0.4, 0.3), (0, 1, 0)),
        (3, (0.5, 0.5, 0.0), (2, 1, 0)),
        (10_000, (0.0, 1.0, 0.0), (0, 10_000, 0)),
        (7, (1.0, 0.0, 0.0), (7, 0, 0)),
        (2, (0.0, 0.0, 1.0), (0, 0, 2)),
        (1000, (0.001, 0.998, 0.001), (1, 998, 1)),
        (3, (1 / 3, 1 / 3, 1 / 3), (1, 1, 1)),
        (10**12, (0.1, 0.7, 0.2), (10**11, 7 * 10**11, 2 * 10**11)),
    ],
)
def test_apportion(n, shares, expected):
    assert apportion(n, shares) == expected


def test_apportion_adds_up_and_is_fair():
    """Random shares in hundredths: always n, each count next to its exact share, the ties in order."""
    rng = np.random.default_rng(0)
    for _ in range(2_000):
        n, real = int(rng.integers(1, 2_000)), int(rng.integers(0, 101))
        synthetic = int(rng.integers(0, 101 - real))
        hundredths = (real, synthetic, 100 - real - synthetic)
        counts = apportion(n, tuple(part / 100 for part in hundredths))
        exact = [n * Fraction(part, 100) for part in hundredths]
        assert sum(counts) == n
        up = [count - int(part) for count, part in zip(counts, exact, strict=True)]
        assert set(up) <= {0, 1}
        rest = [part - int(part) for part in exact]
        ranked = sorted(range(3), key=lambda i: (-rest[i], i))
        assert [up[i] for i in ranked] == sorted(up, reverse=True)


@pytest.mark.parametrize("shares", [(1 / 3, 2 / 3, 0.0), (0.1 + 0.2, 0.7, 0.0), (0.7, 0.1, 0.2)])
def test_apportion_adds_up_where_the_shares_do_up_to_a_rounding(shares):
    for n in (1, 3, 10, 999, 10_000, 2**53):
        counts = apportion(n, shares)
        assert sum(counts) == n
        assert min(counts) >= 0


@pytest.mark.parametrize(
    ("given", "shares"),
    [
        ({}, (0.0, 1.0, 0.0)),
        ({"real": 0.1}, (0.1, 0.9, 0.0)),
        ({"real": 0.1, "kept": 0.7}, (0.1, 0.2, 0.7)),  # 1 - 0.1 - 0.7 is 0.20000000000000007
        ({"real": 0.7, "kept": 0.3}, (0.7, 0.0, 0.3)),
        ({"real": 0.2, "synthetic": 0.8}, (0.2, 0.8, 0.0)),
        ({"real": 0.1, "kept": 0.2, "synthetic": 0.7}, (0.1, 0.7, 0.2)),
    ],
)
def test_what_is_left_is_synthetic(given, shares):
    assert Mix(**given).shares() == shares


@pytest.mark.parametrize(
    "given",
    [
        {"real": 0.6, "kept": 0.6},
        {"real": 0.5, "synthetic": 0.6},
        {"real": 0.1, "synthetic": 0.1},
        {"synthetic": 0.999999999},
        {"real": 1.1},
        {"real": -0.1},
        {"real": True},
        {"real": 0.1, "real_source": "fixed", "assignment": "per-sample"},
        {"real_source": "other"},
    ],
)
def test_shares_that_do_not_fit_are_refused(given):
    with pytest.raises(ValidationError):
        Mix(**given)


# training sets


@every_workflow
def test_the_first_training_set_is_real(workflow):
    first, _ = two_generations(workflow)
    assert first.counts.tolist() == [[100, 0, 0]] * 3
    assert [len(row) for row in rows(first.training)] == [100] * 3
    assert all((np.abs(row) < 10).all() for row in rows(first.training))


def test_what_is_kept_of_both_kinds_of_items_counts_as_their_ratio():
    """phi and psi times the same number let through the same items, however small they are."""
    recipe = {"truth": {"family": "gaussian", "mean": 0.0, "std": 1.0}, "learner": {"family": "gaussian"}}
    recipe |= {"n_samples": 500, "generations": 3, "replicates": 3, "streams": "common"}
    one, same = (
        mc.run(mc.Experiment(**recipe, workflow={"kind": "verified", "low": 0.0, "phi": phi, "psi": psi}))
        for phi, psi in ((1.0, 0.5), (0.0078125, 0.00390625))
    )
    assert one["total_variance"].equals(same["total_variance"])
    assert not same["status"].any()


@every_workflow
def test_counts_say_what_the_training_set_is_made_of(workflow):
    first, second = two_generations(workflow)
    assert second.counts.dtype == np.int64
    whole = second.training if second.pool is None else second.pool
    for r, row in enumerate(rows(whole)):
        real, synthetic, kept = second.counts[r]
        expected = 100 if second.pool is None else 200
        if workflow.name in ("augment", "weighted"):
            expected = sum(workflow.counts(2))
        assert real + synthetic + kept == len(row) == expected
        from_model = np.abs(row) > 1e5
        assert from_model.sum() == synthetic
        replayed = set() if first.fixed is None else set(rows(first.fixed)[r])
        old = set(rows(first.training)[r]) - replayed
        carried = [item for item in row[~from_model] if item in old]
        assert len(carried) == len(set(carried))
        if first.fixed is None:
            assert len(carried) == kept


@every_workflow
def test_no_more_items_are_held_than_is_said(workflow):
    each = streams(2)
    corpus, most = workflow.begin(ENGINE, TRUTH, 20, each), 0
    for generation in range(1, 6):
        held = [data for data in (corpus.training, corpus.pool, corpus.fixed) if data is not None]
        most = max(most, *(int(data.size.max()) for data in held))
        assert most == workflow.largest(20, generation)
        corpus = workflow.renew(ENGINE, corpus, model(2), TRUTH, 20, each)


@every_workflow
def test_every_workflow_says_what_it_is(workflow):
    assert all(workflow.describe())
    assert f"real {workflow.real:g}" in workflow.describe()[0]
    assert workflow.holds()


@every_workflow
def test_replicates_do_not_depend_on_their_batch(workflow):
    _, batch = two_generations(workflow)
    for r in range(3):
        each = streams(3)[r : r + 1]
        first = workflow.begin(ENGINE, TRUTH, 100, each)
        second = workflow.renew(ENGINE, first, model(1), TRUTH, 100, each)
        assert np.array_equal(rows(second.training)[0], rows(batch.training)[r])
        assert np.array_equal(second.counts[0], batch.counts[r])


@pytest.mark.parametrize("n", [1, 2, 3, 25, 101])
def test_stratified_counts_are_exact(n):
    flow = Mix(real=0.1, kept=0.5)
    _, second = two_generations(flow, n)
    assert second.counts.tolist() == [list(apportion(n, (0.1, 0.4, 0.5)))] * 3


def test_kept_items_come_from_the_current_training_set():
    """Carried over again and again: after two generations some items are two generations old."""
    flow, each = Mix(kept=0.5), streams(2)
    first = flow.begin(ENGINE, TRUTH, 100, each)
    second = flow.renew(ENGINE, first, model(2, 1e6), TRUTH, 100, each)
    third = flow.renew(ENGINE, second, model(2, 1e9), TRUTH, 100, each)
    for r, row in enumerate(rows(third.training)):
        assert (np.abs(row) > 1e8).sum() == 50
        kept = row[np.abs(row) < 1e8]
        assert set(kept) <= set(rows(second.training)[r])
        assert 10 < (np.abs(kept) < 10).sum() < 40  # 25 +- 3.6 of them from the first


def test_fresh_real_items_are_new_each_generation():
    first, second = two_generations(Mix(real=1.0))
    for old, new in zip(rows(first.training), rows(second.training), strict=True):
        assert not set(old) & set(new)


def test_fixed_real_items_are_the_first_of_the_first_training_set():
    flow, each = Mix(real=0.29, real_source="fixed"), streams(3)
    corpus = flow.begin(ENGINE, TRUTH, 100, each)
    replayed = [row[:29].tolist() for row in rows(corpus.training)]
    for _ in range(3):
        corpus = flow.renew(ENGINE, corpus, model(3), TRUTH, 100, each)
        real = [row[np.abs(row) < 1e5].tolist() for row in rows(corpus.training)]
        assert real == replayed
        assert corpus.counts.tolist() == [[29, 71, 0]] * 3


def test_per_sample_counts_are_multinomial():
    flow, count = Mix(real=0.2, kept=0.3, assignment="per-sample"), 2_000
    each = streams(count)
    corpus = flow.begin(ENGINE, TRUTH, 50, each)
    counts = flow.renew(ENGINE, corpus, model(count), TRUTH, 50, each).counts
    assert (counts.sum(axis=1) == 50).all()
    for column, p in zip(counts.T, (0.2, 0.5, 0.3), strict=True):
        expected = count * stats.binom.pmf(np.arange(51), 50, p)
        seen = np.bincount(column, minlength=51)
        often = expected > 5
        rest = [seen[~often].sum()], [expected[~often].sum()]
        chi2 = (np.append(seen[often], rest[0]) - np.append(expected[often], rest[1])) ** 2
        chi2 = (chi2 / np.append(expected[often], rest[1])).sum()
        assert stats.chi2.sf(chi2, often.sum()) > 1e-4


def test_items_of_the_model_come_from_each_replicates_own_model():
    flow, each = Mix(), streams(3)
    first = flow.begin(ENGINE, TRUTH, 50, each)
    own = Law(Gaussian(), GaussianParams(np.array([1e3, 2e3, 3e3]), np.ones(3)))
    second = flow.renew(ENGINE, first, own, TRUTH, 50, each)
    assert [round(row.mean() / 1e3) for row in rows(second.training)] == [1, 2, 3]


def test_a_share_of_no_item_is_said():
    assert Mix(real=0.004).notes(100) == ["workflow.real = 0.004 of 100 items is no item at all"]
    assert Mix(real=0.004).notes(1_000) == []
    assert Mix(real=0.004, assignment="per-sample").notes(100) == []
    assert len(Mix(real_source="fixed").notes(100)) == 1


# pools


@pytest.mark.parametrize("flow", [Accumulate(real=0.25), AccumulateSubsample(real=0.25)])
def test_a_pool_keeps_everything(flow):
    """Generation t's pool begins with that of t - 1, and has N more: 25 real, 75 of the last model."""
    each = streams(3)
    corpus = flow.begin(ENGINE, TRUTH, 100, each)
    for t in range(2, 6):
        before, own = corpus, model(3, 10.0 ** (2 + t))
        corpus = flow.renew(ENGINE, corpus, own, TRUTH, 100, each)
        for old, row, training in zip(
            rows(before.pool), rows(corpus.pool), rows(corpus.training), strict=True
        ):
            assert np.array_equal(row[: len(old)], old)
            added = row[len(old) :]
            assert len(added) == 100
            assert (np.abs(added) < 10).sum() == 25
            assert (np.abs(added - 10.0 ** (2 + t)) < 10).sum() == 75
            assert set(training) <= set(row)
            assert len(set(training)) == len(training) == (100 * t if flow.name == "accumulate" else 100)
        assert corpus.counts.tolist() == [[25, 75, 100 * (t - 1)]] * 3


def test_a_subsample_is_of_the_whole_pool():
    """100 of 400 items, each as likely as any other: a quarter of each generation's."""
    flow, each, shares = AccumulateSubsample(), streams(50), []
    corpus = flow.begin(ENGINE, TRUTH, 100, each)
    for t in range(2, 5):
        corpus = flow.renew(ENGINE, corpus, model(50, 10.0 ** (2 + t)), TRUTH, 100, each)
    size = np.array([np.log10(np.abs(row) + 10).round() for row in rows(corpus.training)])
    for power in (1, 4, 5, 6):
        shares.append((size == power).mean(axis=1))
    error = np.sqrt(0.25 * 0.75 / 100 * 300 / 399 / 50)
    assert np.mean(shares, axis=1) == pytest.approx(np.full(4, 0.25), abs=4 * error)


@pytest.mark.parametrize("flow", [Accumulate, AccumulateSubsample])
def test_what_a_pool_is_given_adds_up(flow):
    assert flow(real=0.3).shares() == (0.3, 0.7)
    assert flow(real=0.1).counts(25) == (3, 22)
    assert flow(real=0.004).notes(100) == ["workflow.real = 0.004 of 100 items is no item at all"]
    for given in ({"real": 0.5, "synthetic": 0.6}, {"synthetic": 0.5}, {"real": 1.1}, {"kept": 0.1}):
        with pytest.raises(ValidationError):
            flow(**given)


# numbers of items, weights, temperatures, verifiers


def test_what_is_drawn_from_a_fixed_pool_lies_in_it():
    """As many as are asked for, none twice, others each generation; the first training set shares them."""
    for pool in (70, 170):
        flow, each = Augment(real=30, synthetic=90, real_source="fixed", pool=pool), streams(3)
        corpus = flow.begin(ENGINE, TRUTH, 100, each)
        first, pools, seen = rows(corpus.training), rows(corpus.fixed), []
        assert [len(row) for row in pools] == [pool] * 3
        assert [len(set(a) & set(b)) for a, b in zip(first, pools, strict=True)] == [min(pool, 100)] * 3
        for _ in range(3):
            corpus = flow.renew(ENGINE, corpus, model(3), TRUTH, 100, each)
            real = [set(row[np.abs(row) < 1e5]) for row in rows(corpus.training)]
            assert all(len(a) == 30 and a <= set(b) for a, b in zip(real, pools, strict=True))
            seen.append(real[0])
        assert seen[0] != seen[1] != seen[2]


def test_training_sets_grow_by_a_power_of_the_generation():
    flow = Augment(real=5, synthetic=9, growth=1.5)
    assert [flow.counts(t) for t in (2, 3, 4)] == [(14, 25), (26, 47), (40, 72)]
    assert Augment(real=1, synthetic=2, growth=0.5).counts(10**12) == (10**6, 2 * 10**6)


def test_weights_add_up_to_the_number_of_items():
    _, second = two_generations(Weighted(real=30, synthetic=90, weight=0.6))
    weight = second.training.weight
    np.testing.assert_allclose(weight.sum(axis=1), 120.0, rtol=1e-12)
    real = np.abs(second.training.x) < 1e5
    np.testing.assert_allclose((weight * real).sum(axis=1), 72.0, rtol=1e-12)


def test_a_temperature_widens_what_is_drawn():
    for temperature in (0.25, 4.0):
        _, second = two_generations(Biased(temperature=temperature), 20_000)
        for row in rows(second.training):
            assert row.std() == pytest.approx(temperature**0.5, rel=0.03)


def test_the_real_share_halves():
    flow = Decaying(real=0.4, half_life=3.0, kept=0.1)
    assert [flow.counts(1000, t) for t in (2, 5, 8)] == [(400, 500, 100), (200, 700, 100), (100, 800, 100)]
    assert flow.counts(1000, 1000) == (0, 900, 100)


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [({"low": 0.5, "high": 1.0}, 0.5, 1.0), ({"low": -0.3}, -0.3, 9.0), ({"high": 0.0}, -9.0, 0.0),
     ({"likelihood": 0.1}, stats.norm.ppf(0.05), stats.norm.ppf(0.95))],
)  # fmt: skip
def test_a_verifier_keeps_what_is_right(given, low, high):
    """All of it; the density's quantile is that of the normal to a part in 10,000. With noise, some wrong."""
    for flow in (Verified(**given), Verified(**given, phi=0.9, psi=0.3)):
        each = streams(2)
        first = flow.begin(ENGINE, TRUTH, 2_000, each)
        second = flow.renew(ENGINE, first, model(2, 0.0), TRUTH, 2_000, each)
        inside = stats.norm.cdf(high) - stats.norm.cdf(low)
        share = flow.phi * inside / (flow.phi * inside + flow.psi * (1 - inside))
        for row in rows(second.training):
            right = np.mean((low - 1e-3 < row) & (row < high + 1e-3))
            assert abs(right - share) <= 4 * np.sqrt(share * (1 - share) / 2_000) + 1e-9


def test_categories_that_a_verifier_lets_through():
    """Right ones alone; where a model has lost them all, none: the training set has fewer items."""
    family = Categorical().of(3)
    engine = ENGINES["exact"](family)
    truth = Law(family, CategoricalParams(np.array([[0.2, 0.3, 0.5]])))
    own = Law(family, CategoricalParams(np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])))
    for real, left_over in ((0.0, 0), (0.1, 5)):
        flow, each = Verified(right=[0, 2], real=real), streams(3)
        first = flow.begin(engine, truth, 50, each)
        second = flow.renew(engine, first, own, truth, 50, each)
        assert second.counts[:, 1].tolist() == [50 - left_over, 0, 50 - left_over]
        assert second.training.size.tolist() == [50, left_over, 50]
        fit = engine.fit(second.training, None, each)
        assert (fit.status[1] == int(Status.NONFINITE)) == (real == 0.0)
    assert 1 not in rows(second.training)[0][left_over:]


@pytest.mark.parametrize("learner", [{"family": "gaussian"}, {"family": "mixture"}])
def test_a_verifier_who_keeps_nothing_is_a_status(learner):
    """A region that no model reaches: the last model stays, and a status says so."""
    dataset = mc.run(
        mc.Experiment(
            n_samples=30,
            generations=4,
            replicates=3,
            learner=learner,
            workflow={"kind": "verified", "low": 1e6},
        )
    )
    status, variance = dataset["status"].values, dataset["total_variance"].values
    assert (status[:, 2:] & int(Status.NONFINITE) > 0).all()
    assert (variance[:, 2:] == variance[:, 1:2]).all()


def test_a_temperature_without_end_is_a_status():
    """Variances that double a generation leave float64 in the end: the last model stays."""
    dataset = mc.run(
        mc.Experiment(
            n_samples=20,
            generations=900,
            replicates=2,
            learner={"family": "gaussian"},
            save={"every": 100},
            workflow={"kind": "biased", "temperature": 10.0},
        )
    )
    assert np.isfinite(dataset["total_variance"].values).all()
    assert (dataset["status"].values[:, -1] & int(Status.NONFINITE) > 0).all()


@pytest.mark.parametrize("solver", [{"start": "kmeans"}, {"solver": "scikit-learn"}, {}])
def test_a_verifier_that_keeps_nothing_is_a_status(solver):
    """Some replicates end; the others are what they are alone."""
    experiment = mc.Experiment(
        learner={"family": "mixture", **solver}, workflow={"kind": "verified", "low": 3.2},
        n_samples=30, generations=4, replicates=12, seed=3,
    )  # fmt: skip
    with np.errstate(all="raise", under="ignore"):
        dataset = mc.run(experiment, chunk=12)
    assert dataset.identical(mc.run(experiment, chunk=1))
    if solver != {"solver": "scikit-learn"}:  # whose variances never are 0: something always passes
        assert (dataset["status"].values & int(Status.NONFINITE)).any()


@pytest.mark.parametrize("family", ["gaussian", "mixture", "gaussian-nd", "mixture-nd"])
def test_a_temperature_that_drives_a_model_out_of_float64(family):
    """A status, and the last model that was one: no warning, no point, no numbers that are none."""
    truth = {"family": "gaussian-nd", "dimension": 2} if family.endswith("nd") else {"family": "mixture"}
    if family in ("gaussian", "mixture"):
        truth |= {"weights": [0.5, 0.5], "means": [-2.0, 2.0], "stds": [1.0, 1.0]}
    experiment = mc.Experiment(
        truth=truth, learner={"family": family}, workflow={"kind": "biased", "temperature": 1000},
        n_samples=30, generations=150, replicates=2,
    )  # fmt: skip
    with np.errstate(all="raise", under="ignore"):
        dataset = mc.run(experiment)
    assert (dataset["status"].values[:, -1] & int(Status.NONFINITE)).all()
    assert (dataset["total_variance"].values[:, -1] > 1e280).all()
    assert np.isfinite(dataset["total_variance"].values[:, -1]).all()
