"""The first fit, to n real items: A_1 = q V0, B_1 = V0/n. And the source of the first generation."""

from collections.abc import Iterator

from verification.checks.recipes import THREE, recipe, spread_and_error
from verification.registry import Run, check
from verification.statements import Mean

FITS = {
    "gaussian, exact": recipe(n=10, generations=1),
    "gaussian, grouped": recipe(engine="grouped", generations=1),
    "mixture, exact": recipe("mixture", n=10, generations=1),
    "three components, exact": recipe("mixture", n=10, generations=1, learner={"components": 3}, truth=THREE),
    "categories, exact": recipe("categorical", n=10, generations=1),
    "categories, grouped": recipe("categorical", "grouped", n=10, generations=1),
}


@check("A_1 = q V0, B_1 = V0/n", "derived", FITS, defect=0.01)
def first_fit(run: Run) -> Iterator[Mean]:
    """Any fit that keeps mean and second moment."""
    spread, error = spread_and_error(run.experiment)
    a, b = run.q * run.v0, run.v0 / run.n
    yield Mean("E V_1", run.at(spread, 1), a, about=run.off(a, run.v0 - a))
    yield Mean("E (M_1 - mu0)^2", run.at(error, 1), b, defect=0.03, about=run.off(b, b))
