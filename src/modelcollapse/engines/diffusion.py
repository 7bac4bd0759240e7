"""The diffusion engine: a training set is its size and its own estimate. Right to first order in 1/N.

To that order nothing else about a training set matters for what is ever fitted. Take a pool of parts with
n_j items, of laws near theta; part j's estimate is theta + u_j. Maximum likelihood on the pool solves
E_pool[score(theta + v)] = 0. The mean score of part j is I u_j + 1/2 E[(p_cd/p) s] u_c u_d, on average
I b/n_j + 1/2 E[h s]/n_j = 0 by the formula of the bias, as the mean score of items is; its variance is
I/n_j. The terms of second order are E[l_bc s_d] I^cd (1/N) and 1/2 E[l_bcd] I^cd (1/N), since u_j and v
have the covariance (n_j/N) I^-1/n_j. So v has the mean b/N and the covariance I^-1/N whatever the split,
which is what a fit to all N items has (derived). Fixed real data and kept parts are laws with their own
estimates; m of n items without replacement are the estimate displaced by the variance 1/m - 1/n. So
parts do not pile up: pools are one estimate again.

The cost of a generation does not depend on N. Where first order fails, a status says so, and the replicate
goes on: `modelcollapse.types.Status.OUTSIDE_RANGE`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelcollapse.asymptotics import ASYMPTOTICS, Asymptotics
from modelcollapse.engines.base import Cost
from modelcollapse.errors import Problem
from modelcollapse.families.base import Family, Fit
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import IntArray, Params, Sizes, per_replicate

NEEDS: Mapping[str, tuple[object, str]] = {
    "solver": ("em", "needs the maximum of the likelihood, which scikit-learn's solver stops short of"),
    "reg_covar": (0.0, "needs maximum likelihood: learner.reg_covar must be 0"),
    "known_std": (None, "fits the standard deviation, too: leave out learner.known_std"),
    "start": ("model", "does no EM and has no start of it: leave out learner.start"),
}
"""Settings of learners that this engine can follow, and why it cannot follow others."""


@dataclass(frozen=True)
class Remembered:
    """A training set as it is remembered: its size, its own maximum likelihood estimate and status.

    Attributes
    ----------
    size, status
        ``(replicate,)``.
    params
        The family's, with a row for each replicate.
    """

    size: IntArray
    params: Params
    status: IntArray


@dataclass(frozen=True)
class DiffusionEngine:
    """Hold an estimate of every replicate's training set."""

    family: Family

    @property
    def asymptotics(self) -> Asymptotics:
        """First order in 1/n for the family."""
        return ASYMPTOTICS[self.family.name]

    def draw(self, source: Source, size: Sizes, streams: Streams) -> Remembered:
        """The estimate from ``size`` items of a law: its parameters, displaced."""
        assert isinstance(source, Law)  # others are refused with the recipe
        sizes = per_replicate(size, len(streams))
        variance = np.where(sizes > 0, 1.0 / np.maximum(sizes, 1), 0.0)
        params, status = self.asymptotics.displace(source.params, sizes, variance, streams)
        return Remembered(sizes, params, status)

    def pick(self, data: Remembered, size: Sizes, streams: Streams) -> Remembered:
        """The estimate from ``size`` of the items: all of them give the same again."""
        sizes = per_replicate(size, len(streams))
        left_out = np.where(sizes > 0, data.size - sizes, 0)
        variance = left_out / np.maximum(data.size, 1) / np.maximum(sizes, 1)
        params, status = self.asymptotics.displace(data.params, sizes, variance, streams)
        return Remembered(sizes, params, status | np.where(sizes > 0, data.status, 0))

    def merge(self, *data: Remembered, weights: tuple[float, ...] | None = None) -> Remembered:
        """The estimate from the pool of all items; a single part is returned as it is."""
        if len(data) == 1:
            return data[0]
        size = np.stack([part.size for part in data])
        params, status = self.asymptotics.pool([part.params for part in data], size)
        for part in data:
            status = status | np.where(part.size > 0, part.status, 0)
        return Remembered(size.sum(axis=0), params, status)

    def fit(self, data: Remembered, start: Params | None, streams: Streams) -> Fit:
        """Give the estimate: there is no EM, and no pass over items."""
        params, status = self.asymptotics.settle(data.params, data.size)
        params = self.asymptotics.corrected(params, data.size, self.family)
        return Fit(params, np.zeros(len(data.size), dtype=np.int64), status | data.status)

    def model(self, params: Params) -> Law:
        """The family with the fitted parameters."""
        return Law(self.family, params)

    def refuses(self, experiment: Any) -> list[Problem]:
        """What is not maximum likelihood, and a truth that is not of the learner's family and size."""
        learner = experiment.learner
        if learner.name not in ASYMPTOTICS:
            families = ", ".join(ASYMPTOTICS)
            return [Problem("engine", "diffusion", f"is for the families {families}, not {learner.name}")]
        wrong = [reason for name, (value, reason) in NEEDS.items() if getattr(learner, name, value) != value]
        if experiment.workflow.exact_alone:
            wrong.append(experiment.workflow.exact_alone)
        if experiment.workflow.far_apart:
            wrong.append(experiment.workflow.far_apart)
        if not _same_family_and_size(experiment.truth, learner):
            wrong.append("follows the learner's parameters: the truth must be of its family and size")
        return [Problem("engine", "diffusion", reason) for reason in wrong]

    def notes(self, n_samples: int) -> list[str]:
        """Training sets smaller than those that were compared with exact fits."""
        least = self.asymptotics.least(self.family)
        if n_samples >= least:
            return []
        return [
            'engine = "diffusion" is right to first order in 1/N; it was compared with exact fits from '
            f"N = {least} on, not at N = {n_samples}"
        ]

    def cost(self, n_samples: int, effort: float = 1.0) -> Cost:
        """A few microseconds, whatever N is."""
        numbers = max([*self.family.sizes().values(), 1])
        return Cost(2e-6 + self.asymptotics.seconds(numbers), 1024 * numbers)


def _same_family_and_size(truth: Any, learner: Any) -> bool:
    """Whether a recipe's truth is a model that its learner could give."""
    if truth.family != learner.family:
        return False
    if ASYMPTOTICS[learner.name].sized_by_truth:
        return True
    blank = learner.blank(1)
    return all(own.shape == theirs.shape for own, theirs in zip(blank, truth.law()[1], strict=True))
