"""Linear regression: labels of remembered inputs, least squares, too few items."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.engines.exact import ExactEngine
from modelcollapse.families.linear import Linear, LinearParams
from modelcollapse.lab import estimate
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.types import Status
from modelcollapse.workflows import Accumulate, Mix

TRUTH = {"family": "linear", "coefficients": [1.0, -2.0, 0.5], "noise": 0.25}
NOTHING = np.empty((1, 0, 3))


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def recipe(**values):
    small = {
        "n_samples": 12,
        "generations": 5,
        "replicates": 4,
        "truth": TRUTH,
        "learner": {"family": "linear"},
    }
    return mc.Experiment(**{**small, **values})


def fit(family, x, size=None, weight=None):
    size = np.full(len(x), x.shape[1]) if size is None else np.asarray(size)
    return family.fit(x, size, weight, None, streams(len(x)))


def test_labels_are_linear_in_standard_normal_inputs():
    """Of 50,000 items; sees 0.02 in the coefficients' place, 2 % in a variance."""
    w = np.array([[1.0, -2.0, 0.5]])
    x = Linear(inputs="new").of(3, 0.25).sample(LinearParams(w, NOTHING), 50_000, streams(1))[0]
    np.testing.assert_allclose(x[:, :3].T @ x[:, :3] / 50_000, np.eye(3), atol=0.02)
    rest = x[:, 3] - x[:, :3] @ w[0]
    assert rest.std() == pytest.approx(0.25, rel=0.02)
    np.testing.assert_allclose(rest @ x[:, :3] / 50_000, 0.0, atol=0.01)


def test_the_fit_is_least_squares():
    family = Linear(inputs="new").of(3, 0.5)
    x = family.sample(LinearParams(np.array([[1.0, -2.0, 0.5]]), NOTHING), 20, streams(3))
    weight = np.random.default_rng(0).uniform(0.5, 2.0, (3, 20))
    for ridge in (0.0, 3.0):
        fitted = fit(Linear(inputs="new", ridge=ridge).of(3, 0.5), x, weight=weight)
        for r in range(3):
            a, b, d = x[r, :, :3], x[r, :, 3], np.diag(weight[r])
            law = np.linalg.solve(a.T @ d @ a + ridge * np.eye(3), a.T @ d @ b)
            assert fitted.params.coefficient[r] == pytest.approx(law, rel=1e-10)
        assert not fitted.status.any()


def test_too_few_items_give_the_shortest_solution_and_a_status():
    x = np.array([[[1.0, 0.0, 0.0, 2.0], [0.0, 2.0, 0.0, 1.0]]])
    fitted = fit(Linear().of(3, 0.0), x)
    assert fitted.params.coefficient[0] == pytest.approx([2.0, 0.5, 0.0], abs=1e-15)
    assert fitted.status.tolist() == [int(Status.RANK_DEFICIENT)]
    assert fit(Linear(ridge=0.1).of(3, 0.0), x).status.tolist() == [0]
    dataset = mc.run(recipe(n_samples=2))
    assert ((dataset["status"].values[:, 1:] & int(Status.RANK_DEFICIENT)) > 0).all()
    assert np.isfinite(dataset["coefficient"].values).all()


def test_items_that_are_no_numbers_are_a_status_of_their_replicate():
    family = Linear().of(3, 0.5)
    x = family.sample(LinearParams(np.zeros((1, 3)), NOTHING), 20, streams(2))
    x[1, 4, 3] = np.nan
    assert fit(family, x).status.tolist() == [0, int(Status.NONFINITE)]


def test_a_model_labels_its_own_inputs_first_and_new_ones_then():
    family = Linear().of(3, 0.0)
    x = family.sample(LinearParams(np.array([[1.0, -2.0, 0.5]]), NOTHING), np.array([5, 8]), streams(2))
    params = fit(family, x, size=[5, 8]).params
    again = family.sample(params, np.array([9, 6]), streams(2, 1))
    assert np.array_equal(again[0, :5, :3], x[0, :5, :3])
    assert np.array_equal(again[1, :6, :3], x[1, :6, :3])
    assert again[0, 5:, :3].std() > 0.3  # and not what a row is filled up with
    assert np.unique(again[0, :9, 0]).size == 9
    new = Linear(inputs="new").of(3, 0.0)
    assert fit(new, x, size=[5, 8]).params.inputs.shape == (2, 0, 3)


@pytest.mark.parametrize("flow", [Mix(), Accumulate()])
def test_the_same_inputs_through_the_generations(flow):
    """Under accumulate the pool is the first inputs over and over, with other labels."""
    family, s = Linear().of(3, 0.5), streams(2)
    engine, truth = (
        ExactEngine(family),
        Law(Linear(inputs="new").of(3, 0.5), LinearParams(np.ones((1, 3)), NOTHING)),
    )
    corpus = flow.begin(engine, truth, 6, s)
    first = corpus.training.x[:, :6, :3].copy()
    for generation in range(2, 5):
        model = engine.model(engine.fit(corpus.training, None, s).params)
        corpus = flow.renew(engine, corpus, model, truth, 6, s)
        x = corpus.training.x
        assert x.shape == (2, 6 if flow.kind == "mix" else 6 * generation, 4)
        for start in range(0, x.shape[1], 6):
            assert np.array_equal(x[:, start : start + 6, :3], first)
        assert np.unique(x[:, :, 3]).size == x[:, :, 3].size


@pytest.mark.parametrize("inputs", ["same", "new"])
@pytest.mark.parametrize("kind", ["mix", "accumulate", "accumulate-subsample"])
def test_a_replicate_alone_is_a_replicate_in_a_batch(inputs, kind):
    experiment = recipe(learner={"family": "linear", "inputs": inputs}, workflow={"kind": kind, "real": 0.25})
    whole, alone = mc.run(experiment), mc.run(experiment, chunk=1)
    assert whole.identical(alone)


def test_a_result_can_be_stored_measured_and_replayed(tmp_path):
    dataset = mc.run(recipe())
    mc.save(dataset, tmp_path / "l.zarr")
    loaded = mc.load(tmp_path / "l.zarr")
    assert loaded["coefficient"].dims == ("replicate", "generation", "dimension")
    assert loaded["coefficient"].values[:, 0].tolist() == [[1.0, -2.0, 0.5]] * 4
    assert mc.replay(loaded)["coefficient"].equals(dataset["coefficient"])
    excess = mc.measure(loaded, "excess_error").values
    law = ((dataset["coefficient"].values - [1.0, -2.0, 0.5]) ** 2).sum(axis=2)
    assert excess == pytest.approx(law, rel=1e-14)
    assert mc.measure(loaded, "squared_length").values[:, 0] == pytest.approx(5.25)


def test_noise_is_the_truths_unless_given():
    def noise(**learner):
        return recipe(learner={"family": "linear", **learner}).learner.label_noise

    assert (noise(), noise(noise=1.0), noise(noise=0.0)) == (0.25, 1.0, 0.0)
    still = mc.run(recipe(learner={"family": "linear", "noise": 0.0}))["coefficient"].values
    np.testing.assert_allclose(still[:, 1:], still[:, 1:2].repeat(5, axis=1), atol=1e-12)


def test_dimension_is_for_zeros():
    law = recipe(truth={"family": "linear", "dimension": 4, "noise": 1.0}).source
    assert law.params.coefficient.tolist() == [[0.0] * 4]


def test_items_of_more_numbers_need_more_memory():
    def memory(dimension):
        truth = {"family": "linear", "dimension": dimension, "noise": 1.0}
        return estimate(recipe(n_samples=10**6, truth=truth)).memory

    assert memory(99) > 20 * memory(1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"truth": {"family": "linear", "noise": 1.0}}, "truth"),
        ({"truth": {**TRUTH, "dimension": 3}}, "truth"),
        ({"truth": {"family": "linear", "dimension": 0, "noise": 1.0}}, "truth.dimension"),
        ({"truth": {"family": "linear", "coefficients": [], "noise": 1.0}}, "truth.coefficients"),
        ({"truth": {"family": "linear", "dimension": 3}}, "truth.noise"),
        ({"learner": {"family": "linear", "inputs": "old"}}, "learner.inputs"),
        ({"learner": {"family": "linear", "ridge": -1.0}}, "learner.ridge"),
        ({"learner": {"family": "gaussian"}}, "learner.family"),
        ({"engine": "grouped"}, "engine"),
        ({"engine": "diffusion"}, "engine"),
    ],
)
def test_what_is_refused(change, field):
    with pytest.raises(mc.RecipeError) as error:
        recipe(**change)
    assert field in [problem.field for problem in error.value.problems]


def test_figures(tmp_path):
    dataset = mc.run(recipe(replicates=10))
    for kind, panels in (("overview", 2), ("variance", 1), ("distance", 1)):
        figure = mc.plot(dataset, kind, tmp_path / f"{kind}.png")
        assert len(figure.axes) == panels
        assert "linear in 3 dimensions" in figure.get_suptitle()
