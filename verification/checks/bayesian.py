"""The Bayesian refit: the prior is invariant under the recursion (Geweke 2004)."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from scipy import stats

import modelcollapse as mc
from modelcollapse.engines.exact import ExactEngine
from modelcollapse.recursion import generations
from modelcollapse.sources import Law
from modelcollapse.streams import COMMON_KEY, generators
from modelcollapse.types import Array
from verification.checks.recipes import GAUSSIAN, recipe
from verification.registry import Run, check
from verification.statements import Shape

PRIOR: dict[str, Any] = {"mean": 1.0, "strength": 2.0, "shape": 3.0, "scale": 4.0}


def _refit(n: int, **workflow: Any) -> mc.Experiment:
    work = {"kind": "mix", **workflow}
    return recipe("bayesian-gaussian", n=n, generations=8, truth=GAUSSIAN, learner=PRIOR, workflow=work)


def _models(experiment: mc.Experiment, replicates: int, seed: int) -> dict[int, tuple[Array, Array]]:
    """Mean and standard deviation of some generations; each replicate's truth is drawn from the prior."""
    streams = generators(seed, COMMON_KEY, range(replicates))
    truth = Law(experiment.learner, experiment.learner.prior(streams))
    engine = ExactEngine(experiment.learner)
    steps = generations(engine, experiment.workflow, truth, experiment.n_samples, None, streams)
    found = ((state.generation, state.params) for state, _ in islice(steps, experiment.generations))
    return {t: (params.mean, params.std) for t, params in found if t in (1, 8)}


@check(
    "the prior is invariant: mean, log variance and standardised mean of every model are the prior's",
    "Geweke 2004",
    {
        "n 2": _refit(2),
        "n 10": _refit(10),
        "n 10, half of them kept": _refit(10, kept=0.5),
        "n 5, accumulate": _refit(5, kind="accumulate"),
    },
    defect=0.02,
    simulate=_models,
)
def prior(run: Run) -> Iterator[Shape]:
    """Sampling, posterior draw and loop at once."""
    mean0, strength, shape, scale = PRIOR.values()
    of_mean = stats.t(2.0 * shape, mean0, np.sqrt(scale / (shape * strength))).cdf
    of_variance = stats.invgamma(shape, scale=scale).cdf
    for t, (mean, std) in run.result.items():
        score = (mean - mean0) / std * np.sqrt(strength)
        yield Shape(f"mean at {t}", mean, of_mean, defect=0.02)
        yield Shape(f"log variance at {t}", 2.0 * np.log(std), lambda x: of_variance(np.exp(x)), defect=0.02)
        yield Shape(f"standardised mean at {t}", score, stats.norm.cdf, defect=0.02)
