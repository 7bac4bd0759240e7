"""How the loss falls with N, at first and later: it takes results of several N."""

import math
from collections.abc import Sequence

import numpy as np

from modelcollapse.profile.case import Case
from modelcollapse.profile.meanings import LOSSES
from modelcollapse.profile.table import Row
from modelcollapse.resampling import interval, resampled_medians
from modelcollapse.types import Array

ALIKE = ("n_samples", "replicates", "seed", "engine", "save", "generations")
"""What results of one scaling law may differ in."""

ALONE = "it needs results of the same recipe at two or more N: --beside, or `others` in Python"


def scaling(case: Case) -> list[Row]:
    """The slope of log loss on log N at the first generation and the last.

    It is -1 for real data and a family that holds the truth. Where it comes nearer to 0, more data help
    less than they did (Dohmatob et al. 2024, arXiv 2402.07043).
    """
    meaning = "6 scaling law changed"
    what, moved = "slope of log loss on log N", "slope at the end less that at first"
    name = case.one_of(LOSSES)
    cases = [case, *(Case.of(other, case.last, case.level) for other in case.others)]
    _check_alike(cases)
    stream = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(case.seed)))
    sizes = np.log([float(one.experiment.n_samples) for one in cases])
    if len(np.unique(sizes)) < 2:
        return [Row(meaning, what, note=ALONE)]
    if name is None:
        return [Row(meaning, what, note="there is no loss")]
    values = [one.ends(name) for one in cases]
    slopes = []
    for end in (0, 1):
        middles = np.array([[np.median(v[end])] for v in values])
        drawn = np.array([resampled_medians(v[end], case.resamples, stream) for v in values])
        if not (np.isfinite(middles) & (middles > 0.0)).all():
            at = (case.first, case.last)[end]
            return [Row(meaning, what, note=f"a median loss at generation {at} is infinite, 0 or no number")]
        slopes.append((float(_slope(sizes, middles)[0]), _slope(sizes, drawn)))
    first, last = (interval(*slope, case.level) for slope in slopes)
    difference = interval(slopes[1][0] - slopes[0][0], slopes[1][1] - slopes[0][1], case.level)
    note = f"N = {', '.join(str(n) for n in sorted(one.experiment.n_samples for one in cases))}"
    return [Row(meaning, what, "", math.nan, first, last, note), Row(meaning, moved, last=difference)]


def _slope(x: Array, loss: Array) -> Array:
    """Least squares of log loss ``(size, resample)`` on x ``(size,)``; infinite where a loss is."""
    away = x - x.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.einsum("s,sr->r", away, np.log(loss)) / np.sum(away**2)
    return np.where(np.isnan(slope), np.inf, slope)


def _check_alike(cases: Sequence[Case]) -> None:
    ours, *theirs = (one.experiment.table() for one in cases)
    for other in theirs:
        differ = [key for key in ours if key not in ALIKE and ours[key] != other.get(key)]
        if differ:
            raise ValueError(f"others: must be results of the same recipe at other N; {differ[0]} differs")
    if len({one.first for one in cases}) > 1:
        raise ValueError("others: must hold the same first generation")
