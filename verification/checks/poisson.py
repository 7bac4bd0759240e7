"""The Poisson model: a mean that stays, and P(alive at t) = 1 - exp(-n lambda_0 g_t)."""

from collections.abc import Iterator

import modelcollapse as mc
from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

RATE = 0.5


def _rates(**engines: int) -> dict[str, mc.Experiment]:
    truth = {"family": "poisson", "rate": RATE}
    return {name: recipe("poisson", name, n=n, truth=truth, save={"every": 4}) for name, n in engines.items()}


@check(
    "P(alive at t) = 1 - exp(-n lambda_0 g_t)",
    "Suresh et al. 2412.17646",
    _rates(exact=10, grouped=10),
    defect=0.05,
)
def whole_numbers(run: Run) -> Iterator[Mean]:
    """The sums of training sets are a branching process: mean and squared error, too."""
    for t in (4, 8, 12):
        rate = run.result["rate"].sel(generation=t).values
        law = laws.survival(run.n * RATE, t)
        yield Mean(f"P(alive at {t})", rate > 0.0, law, defect=0.01)
        yield Mean(f"E rate_{t}", rate, RATE)
        yield Mean(f"E (rate_{t} - rate_0)^2", (rate - RATE) ** 2, RATE * t / run.n, defect=0.2)
