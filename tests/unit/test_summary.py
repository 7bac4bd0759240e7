"""The summary in words: what was run, the metrics that apply, laws with their z where it can be trusted."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.metrics import METRICS
from modelcollapse.summary import compare, summary, write_csv

GAUSSIAN = {"truth": {"family": "gaussian", "mean": 1.0, "std": 2.0}, "learner": {"family": "gaussian"}}
POISSON = {"truth": {"family": "poisson", "rate": 0.5}, "learner": {"family": "poisson"}}
LINEAR = {"truth": {"family": "linear", "dimension": 2, "noise": 1}, "learner": {"family": "linear"}}
CATEGORICAL = {
    "truth": {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]},
    "learner": {"family": "categorical"},
}


def run(**values):
    return mc.run(
        mc.Experiment(**{"n_samples": 50, "generations": 20, "replicates": 120, **values}), threads=1
    )


def heads(text):
    """The heads of the table of medians."""
    lines = text.splitlines()
    return lines[lines.index("Median over replicates") + 1]


def test_only_metrics_that_apply_are_shown():
    real, categories = heads(summary(run(**GAUSSIAN))), heads(summary(run(**CATEGORICAL)))
    whole, pairs = heads(summary(run(**POISSON))), heads(summary(run(**LINEAR)))
    items = heads(summary(run(learner={"family": "empirical"})))
    truth = {"family": "gaussian-nd", "dimension": 2}
    vectors, mixtures = (
        heads(summary(run(truth=truth, learner={"family": f"{name}-nd"}))) for name in ("gaussian", "mixture")
    )
    for metric in METRICS.values():
        if metric.head:
            every = (real, categories, whole, pairs, items, vectors, mixtures)
            assert any(metric.head in shown for shown in every)
    assert "tail mass" not in vectors
    assert "Frechet" not in vectors
    assert "variance" in real
    assert "KL" not in items
    assert "variance" not in categories
    assert "W2^2" not in categories


def test_what_is_1_or_0_is_shown_as_a_share_and_bounds_get_no_z():
    text = summary(run(replicates=100, n_samples=4, generations=10, **POISSON))
    alive = mc.measure(run(replicates=100, n_samples=4, generations=10, **POISSON), "alive").values[:, -1]
    row = next(line for line in text.splitlines() if line.split()[:1] == ["10"])
    assert row.split()[-1] == f"{alive.mean():.4g}"
    assert 0.0 < alive.mean() < 1.0
    large = {"family": "categorical", "zipf": {"categories": 100, "exponent": 1.0}}
    dataset = run(
        replicates=100, n_samples=600, generations=3, truth=large, learner={"family": "categorical"}
    )
    blocks = {block.split("\n")[0]: block for block in summary(dataset).split("\n\n")}
    bound = blocks["Law: share of replicates that hold the rarest category"]
    assert bound.splitlines()[2].split() == ["generation", "measured", "std.", "error", "law"]
    first = blocks["Law: mean probability of lost categories in generation 1"]
    assert len(first.splitlines()) == 4  # one generation alone


@pytest.mark.parametrize("learner", [{"family": "kde", "bandwidth": 0.3}, {"family": "empirical"}])
def test_what_was_measured_while_it_ran_is_shown(learner, tmp_path):
    dataset = run(learner=learner, replicates=3, generations=4)
    text = summary(dataset)
    assert f"{learner['family']} learner" in text
    assert f"{float(np.median(dataset['tail_mass'][:, -1])):.4g}" in text
    assert "Law: mean total variance" in text
    write_csv(dataset, tmp_path / "x.csv")
    head, first = (tmp_path / "x.csv").read_text().splitlines()[:2]
    assert {"total_variance", "tail_mass", "squared_error_of_mean"} <= set(head.split(","))
    assert len(first.split(",")) == len(head.split(","))


def test_an_estimator_is_named():
    name = "sklearn.mixture.GaussianMixture"
    text = summary(run(learner={"family": "estimator", "name": name}, replicates=2, generations=2))
    assert f"estimator learner {name}" in text


def test_the_words_of_each_workflow():
    for workflow, words in (
        ({"kind": "mix", "real": 0.2}, "mix, real 0.2, synthetic 0.8, kept 0: a training set of generation "
         "20 holds 10 real, 40 synthetic, 0 kept items"),
        ({"kind": "mix", "real": 0.2, "real_source": "fixed"}, "fixed real items"),
        ({"kind": "mix", "real": 0.2, "assignment": "per-sample"}, "per-sample"),
        ({"kind": "accumulate"}, "accumulate, adds real 0, synthetic 1: the pool of generation 20 holds "
         "0 real, 50 synthetic, 950 kept items"),
        ({"kind": "accumulate-subsample", "real": 0.5}, "accumulate-subsample, adds real 0.5, synthetic 0.5: "
         "the pool of generation 20 holds 25 real, 25 synthetic, 950 kept items"),
    ):  # fmt: skip
        assert words in summary(run(replicates=2, workflow=workflow, **GAUSSIAN))


@pytest.mark.parametrize("values", [GAUSSIAN, CATEGORICAL])
def test_z_is_given_late_where_nothing_is_thrown_away(values):
    """Under replace the mean is carried by rare replicates beyond N/4 generations; a pool keeps all."""
    assert "No z beyond N/4" in summary(run(**values))
    for kind in ("accumulate", "accumulate-subsample"):
        assert "No z" not in summary(run(workflow={"kind": kind}, **values))


def test_laws_stand_beside_what_was_measured():
    dataset = run(**CATEGORICAL)
    text = summary(dataset)
    assert "Law: mean heterozygosity" in text
    assert "2404.05090" in text
    rows = compare(dataset, [1, 20])
    two = ["heterozygosity", "squared_error_of_probabilities"]
    assert [row.law.metric for row in rows[:4:2]] == two
    assert rows[1].expected == pytest.approx(0.62 * (1 - 1 / 50) ** 20, rel=1e-12)
    assert rows[1].measured == mc.measure(dataset, "heterozygosity").values[:, 20].mean()


def test_categories_as_a_table(tmp_path):
    dataset = run(generations=2, replicates=2, **CATEGORICAL)
    write_csv(dataset, tmp_path / "x.csv")
    header, *rows = (tmp_path / "x.csv").read_text().splitlines()
    assert header.startswith("replicate,generation,probability_0,probability_1,probability_2")
    assert len(rows) == 6
    cells = np.array([row.split(",")[2:5] for row in rows], dtype=float).reshape(2, 3, 3)
    assert np.array_equal(cells, dataset["probability"].values)
