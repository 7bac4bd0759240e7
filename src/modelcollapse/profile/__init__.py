"""The collapse profile: one result by each of the meanings that "model collapse" has.

Schaeffer et al. 2025 (arXiv 2503.03150) count eight definitions in use: some speak of the loss on real data,
some of how the distribution changes shape (variance, modes, tails, made-up items), some of how the loss
falls with the amount of data. They can disagree about one and the same run, so none of them is the answer;
the profile gives a number for each, and says of those it cannot compute why.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import xarray as xr

from modelcollapse.profile.case import Case
from modelcollapse.profile.meanings import distance, diversity, entropy, loss, stray, support, tails, variance
from modelcollapse.profile.scaling import scaling
from modelcollapse.profile.table import Profile, Row
from modelcollapse.resampling import Estimate

__all__ = ["PARTS", "Estimate", "Profile", "Row", "collapse_profile"]

PARTS: tuple[Callable[[Case], list[Row]], ...] = (
    loss, variance, support, tails, distance, scaling, entropy, diversity, stray
)  # fmt: skip
"""The parts of a profile; a new one is a function and its place here."""


def collapse_profile(
    dataset: xr.Dataset,
    generation: int | None = None,
    seed: int = 0,
    level: float = 0.9,
    resamples: int = 2000,
    others: Sequence[xr.Dataset] = (),
) -> Profile:
    """Say what has become of a result by each meaning of model collapse, with intervals over replicates.

    Parameters
    ----------
    dataset
        A result.
    generation
        A saved generation to look at, beside the first; the last if not given.
    seed, resamples
        Of the bootstrap of the scaling law, the only one that draws.
    level
        Of the intervals: bootstrap percentiles of medians, exact binomial ones of shares.
    others
        Results of the same recipe at other N, for the scaling law.

    Notes
    -----
    No replicate is left out: what is infinite counts as such. Where a replicate has no number (NaN), the
    row says so and gives none; a distance without a number counts as infinite.
    """
    if resamples < 1:
        raise ValueError(f"resamples = {resamples!r}: must be at least 1")
    case = replace(Case.of(dataset, generation, level), others=tuple(others), resamples=resamples, seed=seed)
    rows = [row for part in PARTS for row in part(case)]
    return Profile(case.first, case.last, dataset.sizes["replicate"], level, tuple(rows))
