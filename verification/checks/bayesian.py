"""The whole loop: a prior is invariant where each model is a posterior draw (Geweke 2004)."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import invgamma
from scipy.stats import t as student

import modelcollapse as mc
from modelcollapse.engines import ENGINES
from modelcollapse.recursion import generations
from modelcollapse.sources import Law
from modelcollapse.streams import COMMON_KEY, generators
from modelcollapse.types import Array
from verification.checks.recipes import GAUSSIAN, recipe
from verification.registry import Run, check
from verification.statements import Shape

PRIOR = {"mean": 1.0, "strength": 2.0, "shape": 3.0, "scale": 4.0}


def _from_the_prior(experiment: mc.Experiment, replicates: int, seed: int) -> tuple[Array, Array]:
    """Mean and variance of the last model, each replicate with a truth of its own from the prior."""
    family = experiment.learner
    streams = generators(seed, COMMON_KEY, range(replicates))
    truth = Law(family, family.prior(streams))
    engine = ENGINES["exact"](family)
    steps = generations(engine, experiment.workflow, truth, experiment.n_samples, None, streams)
    for state, _ in steps:
        if state.generation == experiment.generations:
            return np.asarray(state.params.mean), np.asarray(state.params.std) ** 2
    raise AssertionError


@check(
    "a posterior draw under a proper prior: the prior is invariant",
    "Geweke 2004",
    {
        f"n = {n}": recipe("bayesian-gaussian", n=n, generations=4, truth=GAUSSIAN, learner=PRIOR)
        for n in (2, 10)
    },
    defect=0.02,
    simulate=_from_the_prior,
)
def invariant_prior(run: Run) -> Iterator[Shape]:
    """The variance is inverse gamma, the mean Student's t."""
    mean, variance = run.result
    a, b, k = PRIOR["shape"], PRIOR["scale"], PRIOR["strength"]
    yield Shape("the variance", variance, invgamma(a, scale=b).cdf, defect=0.03)
    yield Shape("the mean", mean, student(2 * a, PRIOR["mean"], np.sqrt(b / (a * k))).cdf, defect=0.03)
