"""A bound on how long a spread lasts."""

from collections.abc import Iterator

import numpy as np

from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean


@check(
    "P(std_t > eps) <= (std_0/eps) exp(-t/(4n - 1))",
    "Suresh et al. 2412.17646",
    {
        "n 5": recipe(n=5, generations=60, save={"every": 20}),
        "n 20": recipe(n=20, generations=240, save={"every": 80}),
    },
    defect=0.1,
)
def tail_bound(run: Run) -> Iterator[Mean]:
    """A bound: violated only from above."""
    std_0 = float(np.sqrt(run.v0))
    for t in run.experiment.saved()[1:]:
        std = run.result["std"].sel(generation=t).values
        decay = np.exp(-t / (4 * run.n - 1))
        for eps in (1.2 * std_0 * decay, std_0):
            bound = min(std_0 / eps * decay, 1.0)
            yield Mean(f"P(std_{t} > {eps:.2g})", std > eps, bound, scale=1.0, kind="at most")
