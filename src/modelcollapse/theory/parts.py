"""What each training set is made of, as the moment law needs it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.workflows import Augment, Biased, Decaying, Mix, Weighted


@dataclass(frozen=True)
class Parts:
    """One training set: numbers of real, synthetic and kept items, and the weight of each part in a mean.

    Attributes
    ----------
    counts, weights
        Of the real, the synthetic and the kept items; the weights add up to 1.
    held
        Real items that are held for all generations, where they are fixed; else 0.
    factor
        What multiplies the variance of synthetic items: the temperature.
    per_item
        Whether each item draws its source, so that the counts are not fixed.
    """

    counts: tuple[int, int, int]
    weights: tuple[float, float, float]
    held: int = 0
    factor: float = 1.0
    per_item: bool = False

    @property
    def size(self) -> int:
        """The number of items."""
        return sum(self.counts)

    def noise(self, truth: float, model: float, sample: float, error: float, before: int) -> float:
        """The variance of the next mean about what it is expected to be, given the current model.

        ``truth``, ``model`` and ``sample`` are V0, A and E v; ``error`` is B, ``before`` the size of the
        current training set.
        """
        (n_r, n_s, n_k), (a, s, c) = self.counts, self.weights
        if self.per_item:
            spread = a * truth + s * self.factor * model + c * (1.0 - c) * sample
            return (spread + a * (s + c) * error) / self.size
        found = a * a * truth / n_r if n_r else 0.0
        found += s * s * self.factor * model / n_s if n_s else 0.0
        if n_k:
            found += c * c * sample * (before - n_k) / (n_k * max(before - 1, 1))
        return found


def parts_of(experiment: Experiment) -> Callable[[int], Parts]:
    """What the training set of generation t >= 2 is made of, as a function of t."""
    work, n = experiment.workflow, experiment.n_samples
    if isinstance(work, Mix):
        mix = _of_mix(work, n)
        return lambda t: mix
    if isinstance(work, Decaying):
        return lambda t: _by_shares((*work.counts(n, t), 0))
    if isinstance(work, Augment):
        held = 0 if work.real_source == "fresh" or work.real == 0 else work.pool or work.real
        return lambda t: _by_shares((*work.counts(t), 0), held)
    assert isinstance(work, Weighted)
    weights = (work.weight, 1.0 - work.weight, 0.0)
    weighted = Parts((work.real, work.synthetic, 0), weights)
    return lambda t: weighted


def _by_shares(counts: tuple[int, ...], held: int = 0, factor: float = 1.0) -> Parts:
    real, synthetic, kept = counts
    share = np.array(counts) / sum(counts)
    return Parts((real, synthetic, kept), (float(share[0]), float(share[1]), float(share[2])), held, factor)


def _of_mix(work: Mix, n: int) -> Parts:
    factor = work.temperature if isinstance(work, Biased) else 1.0
    if work.assignment == "per-sample":
        return Parts((n, 0, 0), work.shares(), 0, factor, per_item=True)
    counts = work.counts(n)
    held = counts[0] if work.real_source == "fixed" else 0
    return _by_shares(counts, held, factor)
