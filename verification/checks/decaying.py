"""A real share that halves every generation."""

from collections.abc import Iterator

from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean

N = 20
REAL = (10, 5, 3, 1, 1, 0, 0)
"""Real items of 20 in generations 2, 3, ...: 10, 5, 2.5, 1.25, 0.6, 0.3 rounded, a half up."""


@check(
    "fresh real items whose number changes: A_t, B_t",
    "derived",
    {"exact": recipe(n=N, generations=8, workflow={"kind": "decaying", "real": 0.5, "half_life": 1.0})},
    defect=0.02,
)
def decaying(run: Run) -> Iterator[Mean]:
    """A' = a V0 + b (A + B) - B', B' = [n_r V0 + n_s A]/n^2 + b^2 B, with the numbers of each generation."""
    a, b = run.v0 * run.q, run.v0 / N
    for t, real in enumerate(REAL, start=2):
        share = real / N
        new = (real * run.v0 + (N - real) * a) / N**2 + (1.0 - share) ** 2 * b
        a, b = share * run.v0 + (1.0 - share) * (a + b) - new, new
        if t in (2, 4, 8):
            yield Mean(f"E V_{t}", run.at("total_variance", t), a)
            yield Mean(f"E (M_{t} - mu0)^2", run.at("squared_error_of_mean", t), b, defect=0.06)
