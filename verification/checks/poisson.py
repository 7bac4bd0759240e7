"""Poisson rates: a martingale that dies out."""

from collections.abc import Iterator

from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

RARE = {"family": "poisson", "rate": 0.1}
N = 20


@check(
    "P(alive at t) = 1 - exp(-n lambda_0 g_t)",
    "Suresh et al. 2412.17646",
    {engine: recipe("poisson", engine, n=N, generations=20, truth=RARE) for engine in ("exact", "grouped")},
    defect=0.04,
)
def poisson(run: Run) -> Iterator[Mean]:
    """n lambda_0 = 2 items are expected in the first training set."""
    for t in (1, 5, 20):
        yield Mean(f"P(alive at {t})", run.at("alive", t), laws.survival(N * 0.1, t))
    yield Mean("E rate_5", run.at("rate", 5), 0.1, defect=0.1)
    yield Mean("E (rate_5 - rate_0)^2", run.at("squared_error_of_rate", 5), 0.1 * 5 / N, defect=0.2)
