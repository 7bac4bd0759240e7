"""Which engine `auto` takes, and that it is only a name for it."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.engines.choice import FEW_ITEMS, choose

CATEGORIES = {
    "truth": {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]},
    "learner": {"family": "categorical"},
}
APART = {"truth": {"family": "mixture", "weights": [0.5, 0.5], "means": [0.0, 1e4], "stds": [1.0, 1.0]}}
GAUSSIAN = {"truth": {"family": "gaussian", "mean": 0.0, "std": 1.0}, "learner": {"family": "gaussian"}}


def auto(**values):
    return mc.Experiment(engine="auto", **values)


@pytest.mark.parametrize(
    ("values", "engine"),
    [
        pytest.param({"n_samples": FEW_ITEMS}, "exact", id="few"),
        pytest.param({"n_samples": FEW_ITEMS + 1}, "grouped", id="many"),
        pytest.param({"n_samples": 10**15}, "grouped", id="very many"),
        pytest.param({"n_samples": 10, **CATEGORIES}, "grouped", id="categories"),
        pytest.param({"n_samples": 100, "workflow": {"kind": "accumulate"}}, "grouped", id="a pool"),
        pytest.param(
            {"n_samples": 10**6, "learner": {"family": "mixture", "solver": "scikit-learn"}}, "exact",
            id="a solver without weights",
        ),
        pytest.param({"n_samples": 10**6, **APART}, "exact", id="too far apart for bins"),
        pytest.param({"n_samples": 10**6, **GAUSSIAN}, "grouped", id="gaussian"),
    ],
)  # fmt: skip
def test_the_engine_taken(values, engine):
    experiment = auto(**values)
    assert choose(experiment)[0] == engine
    assert experiment.settled().engine == engine
    (note,) = [note for note in experiment.notes() if "auto" in note]
    assert engine in note


@pytest.mark.parametrize("kind", ["mix", "accumulate"])
def test_more_generations_take_the_same_engine(kind):
    for n in (10, 10**5, 10**12):
        workflow = {"kind": kind}
        short, long = (auto(n_samples=n, generations=g, workflow=workflow) for g in (1, 5_000))
        assert choose(short) == choose(long)


def test_auto_gives_the_bits_of_the_engine_it_names():
    sizes = {"n_samples": 5_000, "generations": 5, "replicates": 3}
    dataset = mc.run(auto(**sizes))
    assert dataset.equals(mc.run(mc.Experiment(engine="grouped", **sizes)))
    assert mc.replay(dataset).equals(dataset)
    assert "auto" in dataset.attrs["notes"]


def test_a_pool_that_cannot_be_counted_is_refused_by_every_engine():
    for engine in ("exact", "grouped", "diffusion", "auto"):
        with pytest.raises(mc.RecipeError, match="2\\^53"):
            mc.Experiment(
                n_samples=2**52, generations=3, engine=engine, workflow={"kind": "accumulate"}, **GAUSSIAN
            )


def test_changes_after_settling_keep_the_data_of_a_file(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(50.0))
    truth = {"family": "data", "path": str(tmp_path / "x.npy")}
    assert auto(n_samples=10_000, truth=truth).settled().source == mc.Experiment(truth=truth).source
