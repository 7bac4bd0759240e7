"""Regularised maximum likelihood, V' = V chi2/n + r: the transient of the mean, the stationary median."""

from collections.abc import Iterator

import modelcollapse as mc
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

ONE = {"family": "mixture", "weights": [1.0], "means": [3.0], "stds": [2.0]}


def _regularised(n: int, floor: float, generations: int, every: int) -> mc.Experiment:
    """A recipe whose variance settles near n r = ``floor`` V0."""
    return recipe(
        "mixture", n=n, generations=generations, save={"every": every}, truth=ONE,
        learner={"components": 1, "reg_covar": 4.0 * floor / n},
    )  # fmt: skip


@check(
    "E V_t = n r + q^t (V0 - n r)",
    "derived",
    {"floor 0.25": _regularised(20, 0.25, 20, 5), "floor 1.5": _regularised(20, 1.5, 20, 5)},
    defect=0.04,
)
def regularised_at_first(run: Run) -> Iterator[Mean]:
    """The transient: of the stationary law the third moment is infinite."""
    floor = run.n * run.experiment.learner.reg_covar
    for t in (5, 10, 20):
        yield Mean(f"E V_{t}", run.at("total_variance", t), floor + run.q**t * (run.v0 - floor))


@check(
    "stationary median 0.615 n r at n = 10, about 0.596 n r for large n",
    "derived",
    {"n 10": _regularised(10, 1.0, 800, 50), "n 100": _regularised(100, 1.0, 4000, 400)},
    defect=0.06,
)
def regularised_in_the_long_run(run: Run) -> Iterator[Mean]:
    """The share of models below the median, known to 0.0005; at n = 100 it is about 0.002 above 0.596."""
    floor = run.n * run.experiment.learner.reg_covar
    median, about = (0.615, 0.001) if run.n == 10 else (0.596, 0.0025)
    late = run.result["total_variance"].isel(generation=slice(2, None)).transpose("replicate", "generation")
    below = (late.values < median * floor).mean(axis=1)
    yield Mean("P(V < the median)", below, 0.5, about=about)
