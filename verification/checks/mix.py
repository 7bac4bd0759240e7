"""Real, synthetic and kept data: A_t and B_t in any split, by exact counts and per item."""

from collections.abc import Iterator

from verification import laws
from verification.checks.recipes import THREE, mixed, recipe, spread_and_error
from verification.registry import Run, check
from verification.statements import Mean

SPLITS = {
    "2:18:0": (2, 18, 0),
    "10:10:0": (10, 10, 0),
    "4:10:6": (4, 10, 6),
    "6:0:14": (6, 0, 14),
    "0:12:8": (0, 12, 8),
}
GENERATIONS = (1, 2, 5, 12)
FAMILIES = ("gaussian", "mixture", "categorical")
ENGINES = [
    ("gaussian", "grouped"),
    ("gaussian", "diffusion"),
    ("mixture", "grouped"),
    ("categorical", "grouped"),
]

REPLACE = {f"{family}, exact": recipe(family) for family in FAMILIES}
REPLACE["three components, one step of EM"] = recipe(
    "mixture", truth=THREE, learner={"components": 3, "max_iterations": 1}
)
REPLACE |= {f"{family}, {engine}": recipe(family, engine) for family, engine in ENGINES}
EXACT_COUNTS = {f"{name}, gaussian": mixed(counts) for name, counts in SPLITS.items()}
EXACT_COUNTS |= {f"4:10:6, {family}": mixed((4, 10, 6), family) for family in FAMILIES[1:]}
EXACT_COUNTS |= {f"4:10:6, {f}, {engine}": mixed((4, 10, 6), f, engine) for f, engine in ENGINES}
PER_ITEM = {
    f"{name}, {family}": mixed(SPLITS[name], family, assignment="per-sample")
    for name in ("2:18:0", "4:10:6")
    for family in ("gaussian", "categorical")
}


def _statements(run: Run, t: int, law: tuple[float, float]) -> Iterator[Mean]:
    spread, error = spread_and_error(run.experiment)
    a, b = run.v0 * law[0], run.v0 * law[1]
    yield Mean(f"E V_{t}", run.at(spread, t), a, about=run.off(a, run.v0 - a))
    yield Mean(f"E (M_{t} - mu0)^2", run.at(error, t), b, defect=0.06, about=run.off(b, b))


@check("A_t = q^t V0, Var M_t = V0 (1 - q^t)", "derived", REPLACE, defect=0.02)
def replace(run: Run) -> Iterator[Mean]:
    """Synthetic data alone."""
    for t in (2, 5, 12):
        yield from _statements(run, t, laws.replace(run.n, t))


@check("mix, exact counts: A' and B'", "derived; process: Shumailov et al. 2024", EXACT_COUNTS, defect=0.02)
def mix_by_exact_counts(run: Run) -> Iterator[Mean]:
    """Fresh real, synthetic and kept items, the last without replacement."""
    for t in GENERATIONS:
        yield from _statements(run, t, laws.mix(run.experiment.workflow.counts(run.n), t))


@check("mix, per item: A' and B'", "derived", PER_ITEM, defect=0.02)
def mix_per_item(run: Run) -> Iterator[Mean]:
    """Each item draws its source."""
    for t in GENERATIONS:
        yield from _statements(run, t, laws.mix(run.experiment.workflow.counts(run.n), t, per_item=True))
