"""How much real data is enough: on average, and for one's own path."""

from collections.abc import Iterator

import numpy as np

import modelcollapse as mc
from verification.checks.recipes import mixed
from verification.registry import Run, check
from verification.statements import Mean

EPS = 0.05


def _settled(n: int, n_real: int, longer: int, **how: str) -> mc.Experiment:
    settles = int(np.ceil(6 * n / n_real))
    return mixed((n_real, n - n_real, 0), n=n, generations=settles * longer, save={"every": settles}, **how)


@check(
    "n_r = (1/eps - 1 + lam)/(2 - lam) fresh or ((3 - 2 lam)/eps - 1 + lam)/(2 - lam) fixed items",
    "derived",
    {
        "10 of 100 fresh": _settled(100, 10, 5),
        "30 of 300 fixed": _settled(300, 30, 1, real_source="fixed"),
        "28 of 2,000 fixed": _settled(2000, 28, 1, engine="grouped", real_source="fixed"),
    },
    defect=0.1,
)
def enough_on_average(run: Run) -> Iterator[Mean]:
    """The deficit eps for which the formula asks for as many real items as there are."""
    lam = run.experiment.workflow.real
    n_real = lam * run.n
    shape = 1.0 if run.experiment.workflow.real_source == "fresh" else 3.0 - 2.0 * lam
    eps = shape / (n_real * (2.0 - lam) + 1.0 - lam)
    error = run.late("squared_error_of_mean", run.experiment.saved()[1]) / run.v0
    yield Mean("the deficit, as B/V0", error, eps, about=run.off(eps, eps))
    variance = run.late("total_variance", run.experiment.saved()[1]) / run.v0
    yield Mean("E V/V0", variance, 1.0 - eps, about=run.off(1.0 - eps, eps))


@check(
    "10 of 1,000 fresh: sd of V 0.30 V0 (about V0/sqrt(n_r)), V >= 0.95 V0 in 41 % of replicates",
    "derived",
    {"10 of 1,000": mixed((10, 990, 0), n=1000, generations=3000, save={"every": 500})},
    defect=0.06,
    pilot=100,
)
def one_path(run: Run) -> Iterator[Mean]:
    """Given to two digits: about within half of the last one."""
    late = run.result["total_variance"].sel(generation=slice(500, None)).transpose("replicate", "generation")
    ratio = late.values / run.v0
    mean = ratio.mean()
    yield Mean("Var V/V0", ((ratio - mean) ** 2).mean(axis=1), 0.30**2, about=2 * 0.30 * 0.005, defect=0.15)
    yield Mean("P(V >= 0.95 V0)", (ratio >= 0.95).mean(axis=1), 0.41, about=0.005)
