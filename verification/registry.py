"""The register of checks. A new one is a decorated function in a file of ``verification/checks/``.

    @check(law="E V_t = q^t V0", source="derived", recipes={"exact": recipe}, defect=0.01)
    def replace(run):
        yield Mean("E V_5", run.at("total_variance", 5), run.v0 * run.q**5)

The function is called twice: on a small pilot run, for the standard deviations, and on one with as many
replicates as it takes to see the defect. The two have different seeds.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import modelcollapse as mc
from modelcollapse.theory.base import spread_of_truth
from modelcollapse.types import Array
from verification.statements import Finding, Statement

PILOT = 400
"""Replicates of a pilot."""
GROUPED_NOISE = 0.005
"""The random part of a fit on bins is larger by at most this: ``results/grouped_order.txt``."""
FIRST_ORDER = 5.0
"""The diffusion engine may be off by this over N, of a number's own size: ``results/diffusion_order.txt``."""

Simulate = Callable[[int, int], Any]
"""From replicates and a seed to anything, where a check runs no recipe."""


@dataclass(frozen=True)
class Run:
    """What a check's function sees: a recipe and its result, or whatever was simulated instead."""

    experiment: mc.Experiment
    result: Any

    def at(self, metric: str, generation: int) -> Array:
        """A metric at a generation, one value a replicate."""
        values: Array = mc.measure(self.result.sel(generation=[generation]), metric).values.ravel()
        return values

    def late(self, metric: str, first: int) -> Array:
        """A metric averaged over the generations saved from ``first`` on, one value a replicate."""
        late = self.result.sel(generation=slice(first, None))
        averaged: Array = mc.measure(late, metric).mean("generation").values
        return averaged

    @property
    def n(self) -> int:
        """N."""
        return self.experiment.n_samples

    @property
    def q(self) -> float:
        """1 - 1/N."""
        return 1.0 - 1.0 / self.n

    @cached_property
    def v0(self) -> float:
        """The truth's variance, or H of categories."""
        return spread_of_truth(self.experiment)

    def off(self, law: float, noise: float) -> float:
        """How far the engine may be off a law; ``noise`` is the part of it that the fits' noise makes."""
        if self.experiment.engine == "diffusion":
            return FIRST_ORDER / self.n * abs(law)
        rounded = self.experiment.engine == "grouped" and self.experiment.learner.items != "categories"
        return GROUPED_NOISE * abs(noise) if rounded else 0.0


@dataclass(frozen=True)
class Check:
    """A named check: the row of laws it covers, what runs, the defect it is to see, and its statements."""

    name: str
    law: str
    source: str
    experiment: mc.Experiment
    simulate: Simulate
    defect: float
    pilot: int
    statements: Callable[[Run], Iterable[Statement]]

    def _states(self, replicates: int, seed: int, part: str) -> list[Statement]:
        text = f"{seed} {self.name} {part}".encode()
        own = int.from_bytes(hashlib.sha256(text).digest()[:12], "big")
        return list(self.statements(Run(self.experiment, self.simulate(replicates, own))))

    def replicates(self, seed: int) -> int:
        """Replicates from which on every statement sees its defect, by a pilot's standard deviations."""
        states = self._states(self.pilot, seed, "pilot")
        return max(self.pilot, math.ceil(self.pilot * max(one.times(self.defect) for one in states)))

    def run(self, seed: int, quick: bool = False) -> "Outcome":
        """Run it; ``quick`` takes no more replicates than a pilot's."""
        began, worked = time.perf_counter(), time.process_time()
        replicates = self.pilot if quick else self.replicates(seed)
        found = tuple(one.find() for one in self._states(replicates, seed, "run"))
        seconds, cpu = time.perf_counter() - began, time.process_time() - worked
        return Outcome(self, replicates, found, seconds, cpu)


@dataclass(frozen=True)
class Outcome:
    """A check and what was found; the seconds that it took, and those of all threads together."""

    check: Check
    replicates: int
    findings: tuple[Finding, ...]
    seconds: float
    cpu: float

    @property
    def holds(self) -> bool:
        """Whether all statements hold."""
        return all(one.holds for one in self.findings)


CHECKS: dict[str, Check] = {}
"""All checks by name."""


def check(
    law: str,
    source: str,
    recipes: Mapping[str, mc.Experiment],
    defect: float,
    pilot: int = PILOT,
    simulate: Callable[[mc.Experiment, int, int], Any] | None = None,
) -> Callable[[Callable[[Run], Iterable[Statement]]], Callable[[Run], Iterable[Statement]]]:
    """Register a function as a check of each recipe, under its own name and the recipe's.

    Parameters
    ----------
    law, source
        The row of laws, and where it comes from.
    recipes
        By name; their replicates and seeds are chosen.
    defect
        The smallest defect that is to be seen, relative to the law unless a statement says otherwise.
    pilot
        Replicates of the pilot: more where a standard deviation is hard to know.
    simulate
        What runs in the place of `modelcollapse.run`: a recipe, replicates and a seed.
    """

    def register(statements: Callable[[Run], Iterable[Statement]]) -> Callable[[Run], Iterable[Statement]]:
        title = statements.__name__.replace("_", " ")
        for name, experiment in recipes.items():
            full = f"{title}: {name}"
            assert full not in CHECKS, full
            runs = _simulate(experiment, simulate)
            CHECKS[full] = Check(full, law, source, experiment, runs, defect, pilot, statements)
        return statements

    return register


def _simulate(experiment: mc.Experiment, own: Callable[[mc.Experiment, int, int], Any] | None) -> Simulate:
    if own is not None:
        return lambda replicates, seed: own(experiment, replicates, seed)
    return lambda replicates, seed: mc.run(experiment.changed(replicates=replicates, seed=seed))
