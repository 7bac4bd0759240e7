"""What a recipe takes, by estimate and as measured: mixtures above all, whose fits may be easy or hard."""

import time

import pytest

import modelcollapse as mc
from modelcollapse import lab
from modelcollapse.experiment import Experiment


def parts(components, n_samples, engine, learned=None, gap=4.0, **learner):
    """A truth of equal components in a row, and as many that learn it, or another number of them."""
    truth = {"family": "mixture", "weights": [1.0 / components] * components, "stds": [1.0] * components}
    return {
        "truth": {**truth, "means": [gap * i for i in range(components)]},
        "learner": {"family": "mixture", "components": learned or components, **learner},
        "n_samples": n_samples, "engine": engine, "generations": 20, "replicates": 10,
    }  # fmt: skip


GAUSSIAN = {"truth": {"family": "gaussian", "mean": 0.0, "std": 1.0}, "learner": {"family": "gaussian"}}
ZIPF = {"truth": {"family": "categorical", "zipf": {"categories": 1000, "exponent": 1.0}},
        "learner": {"family": "categorical"}}  # fmt: skip
MEASURED = [
    (28e-6, parts(1, 1000, "exact")),
    (41e-6, parts(2, 1000, "grouped")),
    (213e-6, parts(2, 20_000, "exact")),
    (119e-6, parts(4, 1000, "exact")),
    (67e-6, parts(4, 10**7, "grouped")),
    (4.2e-3, parts(8, 20_000, "exact")),
    (720e-6, parts(8, 1000, "grouped")),
    (22e-3, parts(16, 1000, "exact")),
    (12e-3, parts(16, 1000, "grouped")),
    (2.5e-3, parts(16, 20_000, "grouped")),
    (1.6e-3, parts(16, 10**7, "grouped")),
    (1.7, parts(16, 10**7, "grouped", gap=2.0)),
    (1.6e-3, parts(4, 1000, "grouped", gap=2.0)),
    (50e-3, parts(2, 1000, "exact", learned=8)),
    (47e-3, parts(2, 1000, "grouped", learned=16)),
    (2.1e-3, parts(4, 1000, "exact", start="kmeans")),
    (4.8e-3, parts(2, 1000, "exact", solver="scikit-learn")),
    (14e-6, {**GAUSSIAN, "n_samples": 1000, "engine": "grouped"}),
    (420e-6, {**GAUSSIAN, "n_samples": 10**5, "engine": "exact"}),
    (84e-6, {**ZIPF, "n_samples": 10**6, "engine": "grouped"}),
]
"""Seconds that one generation of a replicate took on one core of a server of 2023."""


@pytest.mark.parametrize(("seconds", "recipe"), MEASURED, ids=lambda one: str(one)[-60:])
def test_the_estimate_is_what_was_measured_within_a_factor_of_three(seconds, recipe):
    experiment = Experiment(**recipe)
    estimated = lab.estimate(experiment).seconds / experiment.generations / experiment.replicates
    assert seconds / 3.0 < estimated < 3.0 * seconds


@pytest.mark.parametrize("recipe", [parts(16, 20_000, "grouped"), parts(2, 1000, "grouped")], ids=["16", "2"])
def test_the_estimate_is_what_it_takes_here_roughly(recipe):
    """Processor time, so that what else is at work does not matter."""
    experiment = Experiment(**recipe)
    mc.run(experiment.changed(generations=2, replicates=1), threads=1)  # what is compiled then
    began = time.process_time()
    mc.run(experiment, threads=1)
    took = time.process_time() - began
    assert took / 8.0 < lab.estimate(experiment).seconds < 8.0 * took
