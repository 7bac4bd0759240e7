"""Kernel densities: a fixed bandwidth, one that scales with the data, and pools."""

from collections.abc import Iterator

from verification import laws
from verification.checks.recipes import GAUSSIAN, recipe
from verification.registry import Run, check
from verification.statements import Mean

H = 1.0
FIXED = {"bandwidth": H}
SCALED = {"bandwidth": "scaled"}


@check(
    "bandwidth h: E S_1 = q V0, E S' = q (S + h^2)",
    "derived",
    {"replace": recipe("kde", truth=GAUSSIAN, learner=FIXED)},
    defect=0.03,
)
def kernels(run: Run) -> Iterator[Mean]:
    """S is the data's variance, the model's is S + h^2."""
    s = run.v0
    for t in range(1, 13):
        s = run.q * (s if t == 1 else s + H * H)
        if t in (1, 4, 12):
            yield Mean(f"E S_{t} + h^2", run.at("total_variance", t), s + H * H)


@check(
    "kernels accumulate: E (x - mu0)^2 over the pool = V0 + h^2 (H_t - 1)",
    "derived; process: Kazdan et al. 2410.16713",
    {"accumulate": recipe("kde", truth=GAUSSIAN, learner=FIXED, workflow={"kind": "accumulate"})},
    defect=0.03,
)
def kernels_accumulate(run: Run) -> Iterator[Mean]:
    """The second moment about mu0 is the pool's variance and its mean's squared error; V0 = 4."""
    for t in (2, 12):
        pool = run.at("total_variance", t) - H * H + run.at("squared_error_of_mean", t)
        yield Mean(f"E (x - mu0)^2, t = {t}", pool, 3.0 + laws.kernels_accumulate(run.n, H, t))


@check(
    "bandwidth n^(-1/5) sd: 1 - 1/n + n^(-2/5) a generation (ddof 1), (1 - 1/n)(1 + n^(-2/5)) (ddof 0)",
    "derived",
    {
        "ddof 0": recipe("kde", truth=GAUSSIAN, learner=SCALED),
        "ddof 1": recipe("kde", truth=GAUSSIAN, learner={**SCALED, "ddof": 1}),
    },
    defect=0.03,
)
def scaled_kernels(run: Run) -> Iterator[Mean]:
    """The total variance grows by a factor."""
    wider = run.n**-0.4
    factor = run.q + wider if run.experiment.learner.ddof else run.q * (1.0 + wider)
    for t in (1, 3):
        yield Mean(f"E V_{t}", run.at("total_variance", t), run.v0 * factor**t)
