"""Verified data: truncated normals, odds of right to wrong, and the error from which a verifier helps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import modelcollapse as mc
from modelcollapse.sources import Filtered
from modelcollapse.streams import COMMON_KEY, Streams, generators
from modelcollapse.types import Array, Sizes, per_replicate
from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

REACH = 1.6448536269514722
"""Normal score of 0.05: all but the least likely tenth of a normal lies within."""


def _verified(family: str = "gaussian", engine: str = "exact", n: int = 20, **rule: Any) -> mc.Experiment:
    return recipe(family, engine, n=n, generations=2, workflow={"kind": "verified", **rule})


@check(
    "items of a model that pass: the truncated normal, with noise a mixture with the whole one; then a fit",
    "derived; process: Feng et al. 2406.07515",
    {
        "above 2": _verified(low=2.0),
        "1 to 4, phi 0.8, psi 0.3": _verified(low=1.0, high=4.0, phi=0.8, psi=0.3),
        "the likely 0.9": _verified(likelihood=0.1),
    },
    defect=0.02,
)
def verified(run: Run) -> Iterator[Mean]:
    """The second generation given the first model, of every replicate; so the law is exact."""
    work = run.experiment.workflow
    region = work.ends() if work.likelihood is None else (3.0 - 2.0 * REACH, 3.0 + 2.0 * REACH)
    mean, variance = (run.result[name].values for name in ("total_mean", "total_variance"))
    m, v = laws.let_through(mean[:, 1], np.sqrt(variance[:, 1]), region, (work.phi, work.psi))
    score = (mean[:, 2] - m) / np.sqrt(v / run.n)
    yield Mean("E V_2 given the first model", variance[:, 2] / v, run.q)
    yield Mean("E M_2 given the first model", score, 0.0, scale=1.0)
    yield Mean("Var M_2 given the first model", score**2, 1.0, defect=0.05)


@check(
    "categories: odds of right to wrong times phi/psi",
    "derived; process: Feng et al. 2406.07515",
    {
        engine: _verified("categorical", engine, n=60, right=[1, 3], phi=0.6, psi=0.4)
        for engine in ("exact", "grouped")
    },
    defect=0.01,
)
def verified_categories(run: Run) -> Iterator[Mean]:
    """The second generation given the first, a binomial."""
    first, second = (run.result["probability"].values[:, t][:, [1, 3]].sum(axis=1) for t in (1, 2))
    odds = first / (1.0 - first) * 1.5
    law = odds / (1.0 + odds)
    score = (second - law) / np.sqrt(law * (1.0 - law) / run.n)
    yield Mean("right ones, of their law", second / law, 1.0)
    yield Mean("Var of right ones", score**2, 1.0, defect=0.05)


DIMENSIONS = 10
BESIDE = 0.1
"""How far from the threshold errors are, on either side."""


@dataclass(frozen=True)
class Labels:
    """Normal inputs, and the sign of the first coordinate, wrong with probability ``error``: the last."""

    error: float

    def sample(self, size: Sizes, streams: Streams) -> Array:
        """``(replicate, item, dimension + 1)``."""
        sizes = per_replicate(size, len(streams))
        items = np.zeros((len(streams), int(sizes.max(initial=0)), DIMENSIONS + 1))
        for r, stream in enumerate(streams):
            x = stream.standard_normal((sizes[r], DIMENSIONS))
            wrong = stream.random(sizes[r]) < self.error
            items[r, : sizes[r]] = np.column_stack([x, np.where(wrong, -1.0, 1.0) * np.sign(x[:, 0])])
        return items


def _taught(experiment: mc.Experiment, replicates: int, seed: int) -> Array:
    """How often classifiers are right, ``(below, at and above the threshold, replicate)``."""
    work, streams = experiment.workflow, generators(seed, COMMON_KEY, range(replicates))
    threshold = 1.0 / (1.0 + work.psi / work.phi)
    right = []
    for error in (threshold - BESIDE, threshold, threshold + BESIDE):
        chance = lambda x: np.where(x[..., -1] * x[..., 0] > 0.0, work.phi, work.psi)  # noqa: E731
        items = Filtered(Labels(error), chance).sample(experiment.n_samples, streams)  # type: ignore[arg-type]
        w = (items[:, :, :-1] * items[:, :, -1:]).mean(axis=1)
        right.append(1.0 - np.arccos(w[:, 0] / np.linalg.norm(w, axis=1)) / np.pi)
    return np.array(right)


@check(
    "pruned labels teach the right ones below p* = 1/(1 + psi/phi), wrong ones above it; a step as n/d grows",
    "Feng et al. 2406.07515",
    {
        "100 a dimension": _verified(n=1000, low=0.0, phi=0.9, psi=0.45),
        "500 a dimension": _verified(n=5000, low=0.0, phi=0.9, psi=0.45),
    },
    defect=0.05,
    pilot=100,
    simulate=_taught,
)
def threshold_of_a_verifier(run: Run) -> Iterator[Mean]:
    """At p* kept labels say nothing, so one half, exactly; beside it about as the length of w has it."""
    below, at, above = run.result
    work, n = run.experiment.workflow, run.n
    threshold = 1.0 / (1.0 + work.psi / work.phi)
    yield Mean("right at p*", at, 0.5)
    for side, values in ((-1.0, below), (1.0, above)):
        law = laws.prune(DIMENSIONS, n, threshold + side * BESIDE, work.phi, work.psi)
        step = law if side > 0.0 else 1.0 - law  # how far from the step
        yield Mean(f"right at p* {side * BESIDE:+g}", values, law, scale=1.0, about=0.2 * step)
