"""What each training set is made of: all that the laws of moments ask of a workflow."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.gaussian import Gaussian
from modelcollapse.families.gaussian_nd import GaussianNd
from modelcollapse.workflows import Augment, Biased, Decaying, Mix, Weighted


@dataclass(frozen=True)
class Made:
    """What a training set is made of.

    Attributes
    ----------
    items
        How many real, synthetic and kept items there are; where each draws its source, on average.
    shares
        Their shares of the weight in a fit.
    fixed
        Of how many fixed items the real ones are picked; 0 where they are new ones.
    by_item
        Whether each item draws its source.
    temperature
        What the variance of synthetic items is, divided by the model's.
    """

    items: tuple[float, float, float]
    shares: tuple[float, float, float]
    fixed: int = 0
    by_item: bool = False
    temperature: float = 1.0

    @property
    def size(self) -> float:
        """The number of items."""
        return float(round(sum(self.items)))  # means of items that draw their source may add up to less


Schedule = Callable[[int], Made]
"""From a generation, from the second on, to what its training set is made of. The first is N real items."""


def schedule(experiment: Experiment) -> Schedule | None:
    """The schedule of a recipe's workflow; None where laws of moments know none."""
    work, n = experiment.workflow, experiment.n_samples
    if isinstance(work, Biased) and not isinstance(experiment.learner, Gaussian | GaussianNd):
        return None  # the variance between components, or of categories, is not multiplied
    if isinstance(work, Mix | Decaying | Biased):
        return lambda t: _of_shares(work, n, t)
    if isinstance(work, Augment | Weighted):
        return lambda t: _of_counts(work, t)
    return None


def _of_shares(work: Mix | Decaying | Biased, n: int, generation: int) -> Made:
    by_item = work.assignment == "per-sample"
    shares = np.array(work.shares_in(generation))
    items = n * shares / shares.sum() if by_item else np.array(work.counts(n, generation), dtype=np.float64)
    real, synthetic, kept = map(float, items)
    return Made(
        (real, synthetic, kept),
        (real / n, synthetic / n, kept / n),
        0 if work.real_source == "fresh" else work.counts(n)[0],
        by_item,
        work.temperature if isinstance(work, Biased) else 1.0,
    )


def _of_counts(work: Augment | Weighted, generation: int) -> Made:
    real, synthetic = map(float, work.counts(generation))
    share = work.weight if isinstance(work, Weighted) else real / (real + synthetic)
    fixed = work.fixed if isinstance(work, Augment) else 0
    return Made((real, synthetic, 0.0), (share, 1.0 - share, 0.0), fixed)
