"""Verdicts: a right law agrees, a wrong one differs, a bound is kept or broken, and what is not judged."""

import numpy as np
import pytest
from scipy import stats

import modelcollapse as mc
from modelcollapse import scores, verdict
from modelcollapse.summary import summary
from modelcollapse.theory import Expectation
from modelcollapse.theory.gaussian import log_shrinkage

GAUSSIAN = {"truth": {"family": "gaussian", "mean": 1.0, "std": 2.0}, "learner": {"family": "gaussian"}}


def run(**values):
    recipe = {"n_samples": 50, "generations": 12, "replicates": 400, **GAUSSIAN, **values}
    return mc.run(mc.Experiment(**recipe), threads=1)


@pytest.fixture(scope="module")
def dataset():
    return run()


def law(monkeypatch, metric="total_variance", statistic="mean", factor=1.0, **values):
    """The only law there is: the mean total variance is (1 - 1/50)^t 4, times a factor."""
    one = Expectation(
        metric, statistic, "a law", "made up", lambda t: factor * 4.0 * (1 - 1 / 50) ** t, **values
    )
    monkeypatch.setattr(verdict, "expectations", lambda experiment: [one])


def test_right_laws_agree(dataset):
    """Four laws; the variance is seen to 4 standard errors, 0.57 or 18 %, at t = 12."""
    found = mc.verdicts(dataset)
    assert [one.law.metric for one in found] == [
        "total_variance", "squared_error_of_mean", "total_variance", "wasserstein2",
    ]  # fmt: skip
    for one in found:
        print(one)
        assert one.word == "agrees"
        assert (one.at.generation, one.judged) == (12, 6)
        assert abs(one.worst.z) < 4.0
        assert str(one).endswith("agrees")


def test_wrong_laws_differ(dataset, monkeypatch):
    """A variance 30 % larger than it is, and one that is right only at first."""
    law(monkeypatch, factor=1.3)
    (one,) = mc.verdicts(dataset)
    assert one.word == "differs"
    assert one.worst.z < -6.0
    law(monkeypatch)
    assert mc.verdicts(dataset)[0].word == "agrees"


def test_the_worst_generation_decides(dataset, monkeypatch):
    """A law that is right everywhere but at generation 1: the last line would agree."""
    one = Expectation("total_variance", "mean", "a law", "made up",
                      lambda t: np.where(t == 1, 5.0, 4.0 * (1 - 1 / 50) ** t))  # fmt: skip
    monkeypatch.setattr(verdict, "expectations", lambda experiment: [one])
    (found,) = mc.verdicts(dataset)
    assert abs(found.at.z) < 4.0
    assert found.worst.generation == 1
    assert found.word == "differs"
    assert "at t = 1: " in str(found)


def test_bounds_are_kept_or_broken(dataset, monkeypatch):
    for sense, factor, word in (
        ("at least", 0.5, "kept"), ("at most", 1.5, "kept"), ("at least", 1.5, "broken"),
        ("at most", 0.5, "broken"), ("at least", 1.0, "kept"), ("at most", 1.0, "kept"),
    ):  # fmt: skip
        law(monkeypatch, factor=factor, sense=sense)
        (one,) = mc.verdicts(dataset)
        assert one.word == word, (sense, factor)
        assert f"{sense} " in str(one)


def test_a_law_that_holds_about_is_never_said_to_differ(dataset, monkeypatch):
    law(monkeypatch, factor=1.3, about="to first order")
    (one,) = mc.verdicts(dataset)
    assert one.word == "not judged"
    assert "no exact one, to first order" in str(one)
    assert "off by -2" in str(one)


def test_what_is_not_judged_says_why(monkeypatch):
    few = run(replicates=20)
    assert {one.why for one in mc.verdicts(few)} == {"fewer than 100 replicates"}
    assert summary(few).endswith("Verdict: no law is judged with fewer than 100 replicates")
    late = run(replicates=100, generations=60, save={"every": 60})
    for one in mc.verdicts(late):
        if one.law.statistic == "mean of log":
            assert one.word == "agrees"  # a log is not carried by the few
        else:
            assert "beyond N/4" in one.why
    law(monkeypatch, factor=1.3)
    points = run(replicates=100, generations=1)
    points["total_variance"].values[:, 1] = 0.0
    assert "all replicates are equal" in mc.verdicts(points)[0].why
    points["total_variance"].values[3, 1] = np.inf
    assert "1 of 100 replicates have no finite number" in mc.verdicts(points)[0].why


def test_a_log_beyond_the_precision_of_float64_is_not_judged():
    dataset = run(n_samples=4, generations=400, replicates=100, save={"every": 400})
    logs = [one for one in mc.verdicts(dataset) if one.law.statistic == "mean of log"]
    assert [one.word for one in logs] == ["not judged"]
    assert "float64" in logs[0].why


def test_medians_and_shares(dataset, monkeypatch):
    """The sign test's z of a median; a share by the law's own error, so that none of 400 is no certainty."""
    middle = float(np.median(dataset["total_variance"].values[:, 12]))
    for factor, word in ((1.0, "agrees"), (1.3, "differs")):
        one = Expectation(
            "total_variance", "median", "a law", "made up", lambda t, f=factor: f * middle + 0 * t
        )
        monkeypatch.setattr(verdict, "expectations", lambda experiment, one=one: [one])
        assert mc.verdicts(dataset, [12])[0].word == word
    dataset = dataset.copy(deep=True)
    dataset["total_variance"].values[:, 12] = 0.0
    for p, word in ((0.001, "agrees"), (0.1, "differs")):
        one = Expectation("total_variance", "share", "a law", "made up", lambda t, p=p: p + 0 * t)
        monkeypatch.setattr(verdict, "expectations", lambda experiment, one=one: [one])
        assert mc.verdicts(dataset, [12])[0].word == word
        tail = stats.binom.cdf(0, 400, p)
        assert mc.verdicts(dataset, [12])[0].at.z == pytest.approx(min(stats.norm.ppf(tail), 0.0))


def test_one_rare_event_breaks_no_law(dataset, monkeypatch):
    """One replicate of 400 where 0.04 are expected: 4.8 of the law's errors, and no rarer than 4 in 100."""
    one = Expectation("total_variance", "share", "a law", "made up", lambda t: 1e-4 + 0 * t)
    monkeypatch.setattr(verdict, "expectations", lambda experiment: [one])
    dataset = dataset.copy(deep=True)
    for events, word in ((1, "agrees"), (4, "differs")):
        dataset["total_variance"].values[:, 12] = np.arange(400) < events
        (found,) = mc.verdicts(dataset, [12])
        assert found.word == word
        assert found.at.z == pytest.approx(stats.norm.isf(stats.binom.sf(events - 1, 400, 1e-4)))


@pytest.mark.parametrize(
    ("workflow", "judged"),
    [
        ({"kind": "mix"}, 12),
        ({"kind": "mix", "real": 0.009}, 12),  # of 50 items none
        ({"kind": "mix", "real": 0.1}, 40),
        ({"kind": "accumulate"}, 40),
        ({"kind": "decaying", "real": 0.2, "half_life": 6.0}, 27),  # the last real item
        ({"kind": "augment", "real": 0, "synthetic": 16}, 4),
        ({"kind": "augment", "real": 0, "synthetic": 500}, 40),
    ],
)
def test_how_long_means_are_judged_without_real_data(workflow, judged):
    """Up to N/4, N being what training sets really hold, and as long as one of them has a real item."""
    dataset = run(generations=40, replicates=100, workflow=workflow)
    means = [row for row in verdict.compare(dataset, range(1, 41)) if row.law.metric == "total_variance"]
    assert max(row.generation for row in means if row.law.statistic == "mean" and not row.doubt) == judged


def test_generations_of_which_a_law_says_nothing_are_left_out(dataset, monkeypatch):
    one = Expectation("total_variance", "mean", "a law", "made up",
                      lambda t: np.where(t > 3, np.nan, 4.0 * (1 - 1 / 50) ** t))  # fmt: skip
    monkeypatch.setattr(verdict, "expectations", lambda experiment: [one])
    (found,) = mc.verdicts(dataset)
    assert found.at.generation <= 3
    assert found.word == "agrees"


def test_squares_beyond_float64_have_a_standard_error():
    """Variances of 1e280: their squares overflow, which numpy warns of and pytest makes an error."""
    values = np.array([1.0, 2.0, 4.0])
    for scale in (1e-280, 1.0, 1e280):
        mean, error = scores.mean_and_error(scale * values)
        assert mean == pytest.approx(scale * 7 / 3, rel=1e-14)
        assert error == pytest.approx(scale * values.std(ddof=1) / np.sqrt(3), rel=1e-14)
    large = run(truth={"family": "gaussian", "mean": 0.0, "std": 1e140}, generations=2)
    assert {one.word for one in mc.verdicts(large)} == {"agrees"}
    assert "e+279" in summary(large)


def test_as_many_digits_as_the_error_tells_apart():
    assert verdict.digits(3.8231, 0.0132, 3.81) == ("3.8231", "0.0132", "3.81")
    assert verdict.digits(3.9999999712, 1.5e-8, 4.0) == ("3.999999971", "1.5e-08", "4")
    assert verdict.digits(1.0, float("nan"), 1.0) == ("1", "nan", "1")
    text = summary(run(n_samples=10**12, generations=2, replicates=100, engine="grouped"))
    for line in text.splitlines():
        if line.startswith("  law  "):
            print(line)
            assert line.endswith("agrees")


def test_the_shrinkage_of_a_std_keeps_its_digits():
    """log c4 by log-gammas is off by 1e-4 at n = 10^12, more than all of it; the series is not."""
    from scipy.special import gammaln

    for n in (61, 80, 100):
        x = (n - 1) / 2
        assert log_shrinkage(n) == pytest.approx(gammaln(x + 0.5) - gammaln(x) - 0.5 * np.log(x), abs=5e-14)
    assert log_shrinkage(10**12) == pytest.approx(-0.25e-12, rel=1e-9)
    assert np.exp(log_shrinkage(2)) == pytest.approx(np.sqrt(2 / np.pi), rel=1e-14)


def test_the_verdicts_stand_last(dataset):
    *_, block = summary(dataset).split("\n\n")
    lines = block.splitlines()
    assert lines[0].startswith("Verdicts: ")
    assert len(lines) == 5
    assert lines[1].startswith("  law  mean total variance at t = 12: measured ")


def test_a_recipe_without_a_law_is_said_to_have_none():
    from modelcollapse.summary import summary

    recipe = mc.Experiment(
        n_samples=100, generations=2, replicates=2, workflow={"kind": "verified", "likelihood": 0.1}
    )
    assert summary(mc.run(recipe)).endswith("Verdict: no law is known for this recipe")
