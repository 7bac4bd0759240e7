"""Each law of a recipe beside what was measured, and a verdict in a line: agrees, differs, or not judged."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from modelcollapse import scores
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS
from modelcollapse.resampling import middle
from modelcollapse.results import COUNTS, MEASURED, experiment_of, measure
from modelcollapse.theory import Expectation, expectations
from modelcollapse.types import Array, BoolArray, Status

FEW = 100
"""Replicates below which no z is given."""
AGREES = 4.0
"""The largest |z| of a law that holds: chance alone goes beyond it once in 16,000."""
EXACT = 1e-9
"""Where replicates are all equal and there is no standard error: how far from a law they may be."""
ENDS = int(Status.PRECISION_LIMIT | Status.COLLAPSED | Status.POINT_MASS | Status.NONFINITE)
"""Statuses after which the logarithm of a spread is float64's, no longer the law's."""


@dataclass(frozen=True)
class Comparison:
    """One law at one generation: measured statistic and median over replicates, expected, and z.

    ``z`` is a normal score: of a mean `scores.of_mean`, about (measured - expected)/standard error; of
    medians and shares that of an exact test. It is NaN with fewer than two replicates, or where all of them
    are equal. No replicate is left out, but distances are measured on the first `MEASURED` alone.
    ``doubt`` says why z is not to be trusted; empty where it is.
    """

    law: Expectation
    generation: int
    measured: float
    error: float
    median: float
    expected: float
    z: float
    doubt: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a result says of one law.

    Attributes
    ----------
    at
        The law at the last generation that can be judged; at the last of all where none can.
    worst
        The law where z speaks most against it, of those that can be judged; of a bound, z beyond it.
    judged
        How many generations those are.
    word
        ``"agrees"``: |z| < `AGREES` at all of them; or ``"differs"``. Of a bound ``"kept"``, or
        ``"broken"`` where it is passed by `AGREES` standard errors. ``"not judged"``: see ``why``.
    why
        Why it is not judged.
    """

    at: Comparison
    worst: Comparison
    judged: int
    word: Literal["agrees", "differs", "kept", "broken", "not judged"]
    why: str = ""

    @property
    def law(self) -> Expectation:
        """The law."""
        return self.at.law

    def __str__(self) -> str:
        """The line of the summary."""
        at, law = self.at, self.law
        measured, _, expected = digits(at.measured, at.error, at.expected, least=3)
        sense = "expected" if law.sense == "equal" else law.sense
        error = "" if math.isnan(at.error) else f" +- {at.error:.2g}"
        start = f"{law.label} at t = {at.generation}: measured {measured}{error}, {sense} {expected}"
        if law.about and at.expected:
            start += f" (off by {100 * (at.measured / at.expected - 1.0):+.2g} %)"
        if self.word == "not judged":
            return f"{start}  {self.word}: {self.why}"
        z = f", z = {at.z:+.2f}" if math.isfinite(at.z) else ""
        if self.worst.generation != at.generation and math.isfinite(self.worst.z):
            z += f" (of {self.judged}, at t = {self.worst.generation}: {self.worst.z:+.2f})"
        return f"{start}{z}  {self.word}"


def verdicts(dataset: xr.Dataset, generations: Sequence[int] | None = None) -> list[Verdict]:
    """Judge each law of a result's recipe, at a few saved generations.

    Parameters
    ----------
    dataset
        A result.
    generations
        Saved generations >= 1; a few between the first and the last, evenly on a log scale, if not given.
    """
    shown = [g for g in spread_out(dataset) if g > 0] if generations is None else list(generations)
    return judged(compare(dataset, shown)) if shown else []


def judged(rows: Sequence[Comparison]) -> list[Verdict]:
    """Judge each law in these comparisons."""
    return [
        _judged([row for row in rows if row.law == law]) for law in dict.fromkeys(row.law for row in rows)
    ]


def _judged(rows: Sequence[Comparison]) -> Verdict:
    """The verdict on one law: at its last trusted generation, by the largest |z| of all of them."""
    trusted = [row for row in rows if not row.doubt]
    if not trusted:
        return Verdict(rows[-1], rows[-1], 0, "not judged", rows[-1].doubt)
    worst = max(trusted, key=_against)
    right = _against(worst) < AGREES
    equal = worst.law.sense == "equal"
    if equal and worst.law.about and not right:
        return Verdict(
            trusted[-1], worst, len(trusted), "not judged", f"the law is no exact one, {worst.law.about}"
        )
    word: Literal["agrees", "differs", "kept", "broken"]
    word = ("agrees" if right else "differs") if equal else ("kept" if right else "broken")
    return Verdict(trusted[-1], worst, len(trusted), word)


def _against(row: Comparison) -> float:
    """How many standard errors speak against a law: of a bound, those beyond it."""
    z = row.z
    if math.isnan(z):  # all replicates are equal: `compare` has let pass those alone that are near the law
        gap = row.measured - row.expected
        z = 0.0 if abs(gap) <= EXACT * abs(row.expected) else math.copysign(math.inf, gap)
    return {"equal": abs(z), "at least": -z, "at most": z}[row.law.sense]


def spread_out(dataset: xr.Dataset) -> list[int]:
    """0, the last, and a few between, evenly on a log scale: generations that are saved."""
    saved = dataset["generation"].values
    wanted = np.unique(np.geomspace(1, max(int(saved[-1]), 1), 6).round())
    near = {int(saved[np.abs(saved - goal).argmin()]) for goal in wanted}
    return sorted({int(saved[0]), *near, int(saved[-1])})


def compare(dataset: xr.Dataset, generations: Sequence[int]) -> list[Comparison]:
    """Lay each law of the recipe beside what was measured, at saved generations >= 1."""
    rows = []
    experiment = experiment_of(dataset)
    part = dataset.sel(generation=list(generations)).transpose("replicate", "generation", ...)
    alone = _long_alone(part, experiment)
    ended = ((part["status"].values & ENDS) != 0).sum(axis=0)
    for law in expectations(experiment):
        costly = law.metric in METRICS and METRICS[law.metric].costly
        values = _values(part.isel(replicate=slice(MEASURED)) if costly else part, law.metric)
        if law.statistic == "mean of log":
            with np.errstate(divide="ignore"):
                values = np.log(values)
        squares_of = dataset.sizes.get("dimension", 1) if law.metric == "squared_error_of_mean" else 0
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # a law may leave float64, as what it speaks of does
            expected = law.at(np.asarray(generations, dtype=np.float64))
        for column, generation in enumerate(generations):
            if math.isnan(expected[column]):  # a law of other generations
                continue
            doubt = _doubt(experiment, law, bool(alone[column]), int(ended[column]))
            rows.append(
                _compared(law, generation, values[:, column], float(expected[column]), doubt, squares_of)
            )
    return rows


def _values(part: xr.Dataset, name: str) -> Array:
    values = part[name] if name in part else measure(part, name)
    return np.asarray(values.transpose("replicate", "generation").values, dtype=np.float64)


def _compared(
    law: Expectation, generation: int, values: Array, expected: float, doubt: str, squares_of: int
) -> Comparison:
    count, middling = len(values), float(np.median(values))
    measured, error = scores.mean_and_error(values)
    z = (measured - expected) / error if error > 0.0 else math.nan
    if law.statistic == "mean":
        z = scores.of_mean(values, expected, squares_of)
    if law.statistic == "median":
        measured = middling
        low, high = np.sort(values)[_one_sigma(count)]
        error = 0.5 * float(high - low) if math.isfinite(high - low) and count > 1 else math.nan
        beyond = int((values > expected).sum()) - int((values < expected).sum())
        z = beyond / math.sqrt(count) if count > 1 else math.nan  # the sign test's
    elif law.statistic == "share" and 0.0 < expected < 1.0:
        error = math.sqrt(expected * (1.0 - expected) / count)  # the law's own: 0 of 64 is no certainty
        z = scores.of_share(round(measured * count), count, expected)
    if not doubt and not math.isfinite(z):
        if not np.isfinite(values).all():
            doubt = f"{int((~np.isfinite(values)).sum())} of {count} replicates have no finite number"
        elif law.sense == "equal" and abs(measured - expected) > EXACT * abs(expected):
            doubt = "all replicates are equal: there is no standard error"
    return Comparison(law, generation, measured, error, middling, expected, z, doubt)


def _one_sigma(count: int) -> list[int]:
    """Places, in order, of the ends of a 68 % interval of the median."""
    away = math.ceil(0.5 * math.sqrt(count))
    return [max(middle(count) - 1 - away, 0), min(middle(count) - 1 + away, count - 1)]


def _long_alone(part: xr.Dataset, experiment: Experiment) -> BoolArray:
    """Which generations are beyond N/4 and hold no real data, N being the size of their training sets.

    By what training sets really held: a share of real data may be less than an item, or decay to that.
    """
    counts = {name: part[name].values for name in COUNTS}
    size = np.sum(list(counts.values()), axis=0).max(axis=0)
    none = (counts["n_real"] == 0).all(axis=0) & (not experiment.workflow.grows)  # a pool keeps all
    return np.asarray(none & (part["generation"].values > size / 4.0))


def _doubt(experiment: Experiment, law: Expectation, alone: bool, ended: int) -> str:
    """Why a standard error from these replicates does not say how far their statistic may be off.

    Variances and squares are skewed. From few replicates, or late without real data, where rare
    replicates carry the mean, both the mean and its standard error come out too small together. Means of
    logs, medians and shares are not carried by the few.
    """
    if experiment.replicates < FEW:
        return f"fewer than {FEW} replicates"
    if law.statistic == "mean of log" and ended:
        return (
            f"{ended} of {experiment.replicates} replicates are a point, or at the end of float64's precision"
        )
    if law.statistic == "mean" and alone:
        return "beyond N/4 generations without real data the mean is carried by rare replicates"
    return ""


def digits(measured: float, error: float, expected: float, least: int = 5) -> tuple[str, str, str]:
    """Print three numbers: five digits at least, or as many as the error can tell apart, up to sixteen."""
    size, places = max(abs(measured), abs(expected)), max(least, 5)
    if 0.0 < error < math.inf and 0.0 < size < math.inf:
        places = int(np.clip(math.floor(math.log10(size)) - math.floor(math.log10(error)) + 2, least, 16))
    return f"{measured:.{places}g}", f"{error:.5g}", f"{expected:.{places}g}"
