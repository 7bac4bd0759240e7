"""One recipe on two engines: are their results equal in law?"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from modelcollapse import lab
from modelcollapse.engines import ENGINES
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import metrics_of
from modelcollapse.results import experiment_of, measure
from modelcollapse.types import Array, Status

FALSE_ALARM = 1e-4
"""Probability that two engines with the same law are told apart, over all that is compared."""
FEWEST = 20
"""Replicates that a comparison needs."""
SHOWN = 6
"""Generations that are compared, evenly on a log scale."""


@dataclass(frozen=True)
class Row:
    """One metric at one generation on both engines.

    ``first`` and ``second`` are medians over replicates; ``distance`` is the largest difference of the two
    distribution functions, and ``p`` the probability of one as large under one law (Kolmogorov and
    Smirnov's test of two samples).
    """

    metric: str
    generation: int
    first: float
    second: float
    distance: float
    p: float


@dataclass(frozen=True)
class CrossCheck:
    """What a cross-check found.

    Attributes
    ----------
    engines
        The names of the two.
    rows
        All that was compared.
    agree
        Whether no row is told apart: the least p times the number of rows (Bonferroni) is not below
        `FALSE_ALARM`.
    sees
        The difference of two distribution functions that a row would notice half of the time.
    statuses
        For each engine, in how many replicates a status was ever set.
    """

    engines: tuple[str, str]
    rows: tuple[Row, ...]
    agree: bool
    sees: float
    statuses: tuple[dict[str, int], dict[str, int]]

    def __str__(self) -> str:
        """A table, and the verdict in a sentence."""
        first, second = self.engines
        head = f"{'metric':>32}  generation  {first:>11}  {second:>11}  distance        p"
        lines = [f"Cross-check: {first} against {second}; medians over replicates", head]
        lines += [
            f"{row.metric:>32}  {row.generation:>10}  {row.first:>11.5g}  {row.second:>11.5g}  "
            f"{row.distance:>8.3f}  {row.p:>7.2g}"
            for row in self.rows
        ]
        for engine, counts in zip(self.engines, self.statuses, strict=True):
            flags = ", ".join(f"{name} in {count}" for name, count in counts.items()) or "none"
            lines.append(f"Replicates with a status, {engine}: {flags}")
        verdict = "no difference in law is seen" if self.agree else "THE ENGINES DIFFER IN LAW"
        alarm = f"{FALSE_ALARM:g}"
        lines.append(f"{verdict} (false alarms: {alarm}; distances of about {self.sees:.2g} are noticed)")
        return "\n".join(lines)


def other_recipe(experiment: Experiment, engine: str) -> Experiment:
    """The recipe on another engine, with streams of its own.

    Raises
    ------
    RecipeError
        Where that engine does not exist, is the recipe's own, or refuses the recipe; and where there are too
        few replicates to compare.
    """
    ours = experiment.settled()
    problems = []
    if engine not in ENGINES or engine == ours.engine:
        others = ", ".join(repr(name) for name in ENGINES if name != ours.engine)
        allowed = f"must be another engine than the recipe's ({ours.engine}): one of {others}"
        problems.append(Problem("--cross-check", engine, allowed))
    if experiment.replicates < FEWEST:
        allowed = f"must be at least {FEWEST} to compare the laws of two engines"
        problems.append(Problem("replicates", experiment.replicates, allowed))
    if ours.streams == "common":
        problems.append(Problem("streams", "common", "must be independent: a comparison of laws needs it"))
    if problems:
        raise RecipeError(problems)
    return ours.changed(engine=engine)


def cross_check(experiment: Experiment, engine: str, *, threads: int | None = None) -> CrossCheck:
    """Run a recipe on its own engine and on another, and compare the distributions of all metrics.

    A hundred replicates notice distribution functions that differ by 0.4, a thousand by 0.12.

    Raises
    ------
    RecipeError
        As `other_recipe`, and where the recipe is beyond the limits of `modelcollapse.run`.
    """
    theirs = other_recipe(experiment, engine)
    lab.check_size(experiment)
    lab.check_size(theirs)
    return compare(lab.run(experiment, threads=threads), lab.run(theirs, threads=threads))


def compare(first: xr.Dataset, second: xr.Dataset) -> CrossCheck:
    """Compare two results of one recipe, metric by metric, at a few saved generations."""
    from scipy.stats import ks_2samp, kstwobign

    experiment = experiment_of(first)
    saved = first["generation"].values
    wanted = np.geomspace(1, max(int(saved[-1]), 1), SHOWN)
    shown = sorted({int(saved[1:][np.abs(saved[1:] - goal).argmin()]) for goal in wanted})
    rows = []
    for name in metrics_of(experiment.learner, experiment.source):
        ours, theirs = (_values(dataset, name, shown) for dataset in (first, second))
        for i, generation in enumerate(shown):
            one, two = ours[:, i], theirs[:, i]
            found = ks_2samp(one, two, method="asymp")
            distance, p = float(found.statistic), float(found.pvalue)
            rows.append(Row(name, generation, float(np.median(one)), float(np.median(two)), distance, p))
    level = FALSE_ALARM / len(rows)
    size = first.sizes["replicate"] * second.sizes["replicate"]
    total = first.sizes["replicate"] + second.sizes["replicate"]
    sees = float(kstwobign.isf(level)) * float(np.sqrt(total / size))
    statuses = (_statuses(first), _statuses(second))
    engines = (experiment.engine, experiment_of(second).engine)
    return CrossCheck(engines, tuple(rows), all(row.p >= level for row in rows), min(sees, 1.0), statuses)


def _values(dataset: xr.Dataset, name: str, generations: list[int]) -> Array:
    """A metric ``(replicate, generation)`` to nine digits, so that roundings of one number are equal."""
    values = measure(dataset.sel(generation=generations), name).transpose("replicate", "generation").values
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.round(mantissa, 9), exponent))


def _statuses(dataset: xr.Dataset) -> dict[str, int]:
    """In how many replicates each status was ever set."""
    ever = np.bitwise_or.reduce(dataset["status"].transpose("replicate", "generation").values, axis=1)
    counts = {str(member.name).lower(): int(((ever & int(member)) != 0).sum()) for member in Status}
    return {name: count for name, count in counts.items() if count}
