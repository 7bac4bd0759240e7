"""Wherever EM stops, and whatever it starts from, the moment law holds: scikit-learn's solver, too."""

import numpy as np
import pytest
from conftest import assert_law, assert_not_law, at

import modelcollapse as mc

N, V0, REPLICATES = 20, 5.0, 320
SOLVERS = {
    "em": {},
    "scikit-learn": {"solver": "scikit-learn"},
    "kmeans start": {"start": "kmeans"},
    "loose tolerance": {"tolerance": 0.5},
    "one step": {"max_iterations": 1},
}


@pytest.mark.parametrize("name", SOLVERS)
def test_total_variance(name):
    """320 replicates: sees 5 % of E V_1, 8 % of E V_3 and 26 to 36 % of E (M - mu0)^2."""
    experiment = mc.Experiment(
        n_samples=N,
        generations=3,
        replicates=REPLICATES,
        learner={"family": "mixture", **SOLVERS[name]},
    )
    dataset = mc.run(experiment)
    law = next(e for e in mc.expectations(experiment) if e.metric == "total_variance")
    for t in (1, 2, 3):
        values = dataset["total_variance"].sel(generation=t).values
        assert values.shape == (REPLICATES,)
        exact = V0 * (1 - 1 / N) ** t
        assert law.at(np.array([t]))[0] == pytest.approx(exact, rel=1e-5)
        assert_law(values, exact, f"E V_{t}, {name}")
        error = at(dataset, "squared_error_of_mean", [t])[0]
        assert_law(error, V0 - exact, f"E (M_{t} - mu0)^2, {name}")
    assert_not_law(values, V0, "an unbiased fit")
    most = dataset["iterations"].values[:, 1:].mean()  # the solvers do stop at different places
    assert most == 1 if name == "one step" else most > 2
