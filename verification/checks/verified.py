"""Verified data: what a perfect and a noisy verifier leave; the threshold of pruned labels."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import norm

import modelcollapse as mc
from modelcollapse.types import Array
from verification.checks.recipes import CATEGORIES, recipe
from verification.registry import Run, check
from verification.statements import Mean, Statement

STANDARD = {"family": "gaussian", "mean": 0.0, "std": 1.0}
DIMENSIONS, ITEMS = 20, 2000
PHI, PSI = 0.8, 0.2


def _verified(**rule: Any) -> mc.Experiment:
    return recipe(n=500, generations=2, truth=STANDARD, workflow={"kind": "verified", **rule})


@check(
    "items below 1 are kept with phi, others with psi: the mean of generation 2",
    "derived, for many items; process: Feng et al. 2406.07515",
    {"perfect": _verified(high=1.0), "noisy": _verified(high=1.0, phi=PHI, psi=PSI)},
    defect=0.03,
)
def first_verified(run: Run) -> Iterator[Mean]:
    """A truncated normal's mean; the first model is off the truth by 1/N in its second moment."""
    work = run.experiment.workflow
    below, density = norm.cdf(1.0), norm.pdf(1.0)
    law = (work.psi - work.phi) * density / (work.phi * below + work.psi * (1.0 - below))
    yield Mean("E M_2", _mean(run), law, about=2.0 / run.n)


def _mean(run: Run) -> Array:
    values: Array = run.result["total_mean"].sel(generation=2).values
    return values


@check(
    "categories: odds of right to wrong times phi/psi a generation",
    "derived, for many items; Feng et al. 2406.07515",
    {
        "exact": recipe(
            "categorical", n=2000, generations=2, truth=CATEGORIES,
            workflow={"kind": "verified", "right": [0, 1], "phi": PHI, "psi": PSI},
        ),
    },
    defect=0.01,
)  # fmt: skip
def odds(run: Run) -> Iterator[Mean]:
    """0.7 of the truth is right: odds of 7/3, times 4."""
    right = run.result["probability"].sel(generation=2).values[:, :2].sum(axis=1)
    law = 0.7 * PHI / (0.7 * PHI + 0.3 * PSI)
    yield Mean("E share of right items", right, law, about=2.0 / run.n)


def _classifiers(experiment: mc.Experiment, replicates: int, seed: int) -> dict[float, Array]:
    """Accuracy of least squares on pruned labels, with errors below and above p* = 1/(1 + psi/phi)."""
    rng = np.random.default_rng(seed)
    found = {}
    for p in (0.7, 0.9):
        accuracy = np.empty(replicates)
        for r in range(replicates):
            x = rng.normal(size=(ITEMS, DIMENSIONS))
            wrong = rng.random(ITEMS) < p
            label = np.sign(x[:, 0]) * np.where(wrong, -1.0, 1.0)
            kept = rng.random(ITEMS) < np.where(wrong, PSI, PHI)
            w = np.linalg.lstsq(x[kept], label[kept], rcond=None)[0]
            accuracy[r] = 1.0 - np.arccos(w[0] / np.linalg.norm(w)) / np.pi
        found[p] = accuracy
    return found


@check(
    "learning from pruned labels turns right below error p* = 1/(1 + psi/phi), wrong above it",
    "Feng et al. 2406.07515",
    {"p* = 0.8": recipe(n=2)},
    defect=0.1,
    pilot=50,
    simulate=_classifiers,
)
def threshold(run: Run) -> Iterator[Statement]:
    """100 items a dimension; accuracy is 1/2 where w says nothing."""
    yield Mean("accuracy at p = 0.7", run.result[0.7], 0.75, kind="at least")
    yield Mean("accuracy at p = 0.9", run.result[0.9], 0.25, kind="at most")
