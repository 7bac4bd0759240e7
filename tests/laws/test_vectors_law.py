"""Vectors: the laws of variances hold of the covariance's trace in any dimension; laws of the determinant."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc
from modelcollapse.families.gaussian_nd import GaussianNd, GaussianNdParams
from modelcollapse.streams import generators
from modelcollapse.theory import expectations
from modelcollapse.types import Status

N, REPLICATES = 20, 3_000
WORKFLOWS = {
    "replace": {"kind": "mix"},
    "three parts": {"kind": "mix", "real": 0.1, "kept": 0.4},
    "fixed": {"kind": "mix", "real": 0.2, "kept": 0.2, "real_source": "fixed"},
    "per-sample": {"kind": "mix", "real": 0.2, "kept": 0.2, "assignment": "per-sample"},
    "accumulate": {"kind": "accumulate"},
    "accumulate-subsample": {"kind": "accumulate-subsample"},
}


def truth(d: int) -> dict:
    """A mean off the origin, and variances 1 to 2 that are correlated."""
    rng = np.random.default_rng(d)
    a = rng.normal(size=(d, d)) / np.sqrt(d)
    covariance = np.eye(d) + a @ a.T
    return {"family": "gaussian-nd", "mean": [3.0] * d, "covariance": covariance.tolist()}


def trace(table: dict) -> float:
    return float(np.trace(np.array(table["covariance"])))


def run(d: int, workflow: str = "replace", learner: dict | None = None, **more):
    values = {"n_samples": N, "generations": 5, "replicates": REPLICATES, "truth": truth(d), **more}
    learner = learner or {"family": "gaussian-nd"}
    return mc.run(mc.Experiment(learner=learner, workflow=WORKFLOWS[workflow], **values))


def laws(dataset) -> dict:
    experiment = mc.Experiment.from_json(dataset.attrs["recipe"])
    return {(law.metric, law.statistic): law for law in expectations(experiment)}


@pytest.mark.parametrize("d", [1, 3, 10])
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_laws_of_the_trace(d, workflow):
    """Sees 3 to 6 % of E V_5 for d = 1, 1 to 3 % for d = 10, and 4 to 12 % of the squared error of the mean.

    Beside it, the law of a spread that loses nothing.
    """
    dataset = run(d, workflow)
    known = laws(dataset)
    v0 = trace(truth(d))
    for name in ("total_variance", "squared_error_of_mean"):
        law = known[name, "mean"].at(np.array([1.0, 5.0]))
        for t, expected, values in zip((1, 5), law, at(dataset, name, (1, 5)), strict=True):
            assert_law(values, float(expected), f"{workflow}, d = {d}, {name} at {t}")
    if workflow == "replace":
        assert known["total_variance", "mean"].at(np.array([5.0]))[0] == pytest.approx(v0 * (1 - 1 / N) ** 5)
    (values,) = at(dataset, "total_variance", [5])
    assert_not_law(values, v0, "no loss at all")


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_law_of_the_trace_with_fewer_items_than_dimensions(n):
    """N <= d = 5: every covariance is singular; its trace obeys the law. Sees 5 % of E V_3 (n = 2: 18 %)."""
    dataset = run(5, n_samples=n, generations=3, replicates=6_000)
    assert (dataset["status"].values[:, 1:] & int(Status.RANK_DEFICIENT) != 0).all()
    v0 = trace(truth(5))
    for t in (1, 2, 3):
        (values,) = at(dataset, "total_variance", [t])
        assert_law(values, v0 * (1 - 1 / n) ** t, f"n = {n}, E V_{t}")
        assert_not_law(values, v0 * (1 - 1 / (n + 1)) ** t, "of one item more")
    (determinant,) = at(dataset, "determinant", [3])
    assert not determinant.any()


def test_unbiased_fits_keep_the_trace():
    """E V_t = V0 and E |M_t - mu0|^2 = V0 t/n. Sees 4.4 % of V0."""
    dataset = run(3, learner={"family": "gaussian-nd", "ddof": 1})
    v0 = trace(truth(3))
    for t in (1, 5):
        assert_law(at(dataset, "total_variance", [t])[0], v0, f"E V_{t}")
        assert_law(at(dataset, "squared_error_of_mean", [t])[0], v0 * t / N, f"B_{t}")
    assert_not_law(at(dataset, "total_variance", [5])[0], v0 * (1 - 1 / N) ** 5, "maximum likelihood")


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("d", [1, 3, 10])
def test_the_laws_of_the_determinant(d, ddof):
    """Wishart: the mean, and the mean of the log at every generation. d = 3 sees 4.5 % of E det_1, and
    E log det_5 to 0.1 nats.

    Beside it, the law of a covariance that loses a degree of freedom too few: (1 - (i - 1)/n).
    """
    dataset = run(d, learner={"family": "gaussian-nd", "ddof": ddof})
    known = laws(dataset)
    (first,) = at(dataset, "determinant", [1])
    start = np.linalg.det(np.array(truth(d)["covariance"]))
    i = np.arange(1, d + 1)
    expected = start * np.prod((N - i) / (N - ddof))
    assert known["determinant", "mean"].at(np.array([1.0]))[0] == pytest.approx(expected)
    assert_law(first, expected, f"d = {d}, E det_1")
    wrong = start * np.prod((N - i + 1) / (N - ddof))
    assert_not_law(first, wrong, "a degree of freedom too many")
    for t in (1, 5):
        (values,) = at(dataset, "log_determinant", [t])
        assert_law(values, float(known["determinant", "mean of log"].at(np.array([t]))[0]), f"E log det_{t}")
    assert_not_law(values, float(np.log(start) + 5 * np.sum(np.log((N - i) / (N - ddof)))), "log of the mean")


@pytest.mark.parametrize("learner", ["em", "kmeans", "scikit-learn"])
def test_mixtures_keep_the_law_of_the_trace(learner):
    """Three components from two, N = 24: many die or are singular, and none is left out. Sees 3 % of E V_4
    (6 % where fits start from scratch, with fewer replicates).
    """
    plane = {"family": "mixture-nd", "weights": [0.5, 0.5], "means": [[-2.0, 0.0], [2.0, 0.0]],
             "covariances": [[[1.0, 0.5], [0.5, 1.0]], [[0.5, 0.0], [0.0, 2.0]]]}  # fmt: skip
    settings = {"em": {}, "kmeans": {"start": "kmeans"}, "scikit-learn": {"solver": "scikit-learn"}}[learner]
    few = 2_000 if learner == "em" else 500
    dataset = run(2, learner={"family": "mixture-nd", "components": 3, **settings}, truth=plane, n_samples=24,
                  generations=4, replicates=few)  # fmt: skip
    v0, status = 0.5 * (2.0 + 2.5) + 4.0, dataset["status"].values[:, -1]
    assert not (status & int(Status.NONFINITE | Status.SOLVER_FAILED)).any()
    if learner == "em":
        assert np.mean(status & int(Status.COMPONENT_DEAD | Status.RANK_DEFICIENT) != 0) > 0.1
    for t in (1, 4):
        assert_law(at(dataset, "total_variance", [t])[0], v0 * (1 - 1 / 24) ** t, f"{learner}, E V_{t}")
    assert_not_law(at(dataset, "total_variance", [4])[0], v0, "no loss at all")


def test_the_spread_of_a_first_fit_is_wisharts():
    """n S/Sigma has the variances and covariances of a Wishart matrix: z of all six, at 20,000 draws."""
    d, n, rows = 3, 8, 20_000
    sigma = np.array(truth(d)["covariance"])
    params = GaussianNdParams(np.zeros((1, d)), sigma[None])
    streams = generators(3, (7,) * 8, range(rows))
    x = GaussianNd().of(d).sample(params, n, streams)
    s = n * GaussianNd().of(d).fit(x, np.full(rows, n), None, None, streams).params.covariance
    for i in range(d):
        for j in range(i + 1):
            law = (n - 1) * sigma[i, j]
            spread = (n - 1) * (sigma[i, j] ** 2 + sigma[i, i] * sigma[j, j])
            assert_law(s[:, i, j], law, f"E S_{i}{j}")
            assert_law((s[:, i, j] - law) ** 2, spread, f"Var S_{i}{j}")
    assert_not_law(s[:, 0, 0], n * sigma[0, 0], "n degrees of freedom")
