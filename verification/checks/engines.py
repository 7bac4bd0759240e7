"""Engine against engine, in law: every metric at a few generations."""

from collections.abc import Callable, Iterator

import modelcollapse as mc
from modelcollapse.crosscheck import CrossCheck, cross_check
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Chance

PAIRS = {
    "gaussian": recipe(n=100, generations=50),
    "the default's mixture": mc.Experiment(n_samples=600, generations=25),
    "mixture that keeps": mc.Experiment(
        n_samples=300, generations=25, workflow={"kind": "mix", "real": 0.1, "kept": 0.3}
    ),
    "categories": recipe("categorical", n=50, generations=50),
    "a pool": recipe(n=60, generations=12, workflow={"kind": "accumulate"}),
}
LARGE = {
    "gaussian": recipe(n=1000, generations=50),
    "the default's mixture": mc.Experiment(n_samples=2000, generations=20),
    "a subsample": recipe(n=1000, generations=12, workflow={"kind": "accumulate-subsample"}),
}


def _against(engine: str) -> Callable[[mc.Experiment, int, int], tuple[CrossCheck, int]]:
    def compare(experiment: mc.Experiment, replicates: int, seed: int) -> tuple[CrossCheck, int]:
        return cross_check(experiment.changed(replicates=replicates, seed=seed), engine), replicates

    return compare


def _rows(found: CrossCheck, replicates: int) -> Iterator[Chance]:
    """A row's p-value, and the distance of two distribution functions that it sees."""
    sees = (2.69 + 1.63) * (2.0 / replicates) ** 0.5
    for row in found.rows:
        yield Chance(f"{row.metric} at {row.generation}", row.p, row.distance, sees, replicates)


@check(
    "the exact and the grouped engine are equal in law",
    "the house's plan",
    PAIRS,
    defect=0.15,
    pilot=100,
    simulate=_against("grouped"),
)
def exact_against_grouped(run: Run) -> Iterator[Chance]:
    """Distribution functions of all metrics, by Kolmogorov and Smirnov's test of two samples."""
    return _rows(*run.result)


@check(
    "the exact and the diffusion engine: first order",
    "the house's plan",
    LARGE,
    defect=0.15,
    pilot=100,
    simulate=_against("diffusion"),
)
def exact_against_diffusion(run: Run) -> Iterator[Chance]:
    """Distances smaller than what first order leaves out are not asked for."""
    return _rows(*run.result)
