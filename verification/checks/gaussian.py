"""One Gaussian that learns from itself: its step, its log variance, and what follows from them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import polygamma, psi
from scipy.stats import chi2, norm

from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean, Shape, Statement

N = 10
UNBIASED: dict[str, Any] = {"learner": {"ddof": 1}}


@check(
    "n V'/V ~ chi2_(n-1); sqrt(n)(M' - M)/sqrt V ~ N(0,1); independent",
    "textbook",
    {
        "n 3": recipe(n=3, generations=6),
        "n 10": recipe(n=10, generations=6),
        "n 50": recipe(n=50, generations=6),
    },
    defect=0.02,
)
def one_step(run: Run) -> Iterator[Statement]:
    """Six steps of each replicate, one after the other."""
    mean, variance = run.result["total_mean"].values, run.result["total_variance"].values
    freedom = run.n - 1
    ratio = run.n * variance[:, 1:] / variance[:, :-1]
    shift = np.sqrt(run.n / variance[:, :-1]) * np.diff(mean, axis=1)
    yield Shape("the ratio's chi2", ratio.ravel(), chi2(freedom).cdf)
    yield Shape("the shift's normal", shift.ravel(), norm.cdf)
    score = (ratio - freedom) / np.sqrt(2 * freedom)
    yield Mean("E chi2", ratio.ravel(), freedom)
    yield Mean("Var chi2", score.ravel() ** 2, 1.0, defect=0.1)
    yield Mean("Var of the shift", shift.ravel() ** 2, 1.0, defect=0.03)
    yield Mean("covariance of ratio and shift", (score * shift).ravel(), 0.0, scale=1.0)
    yield Mean("covariance of two steps", (score[:, 1:] * score[:, :-1]).mean(axis=1), 0.0, scale=1.0)


@check(
    "E log(V_t/V0) = t [psi((n-1)/2) + ln 2 - ln(n - ddof)], variance t psi_1((n-1)/2)",
    "derived",
    {
        "ML, exact": recipe(n=N, generations=100, save={"every": 50}),
        "unbiased, exact": recipe(n=N, generations=100, save={"every": 50}, **UNBIASED),
        "ML, grouped": recipe(engine="grouped", generations=100, save={"every": 50}),
        "ML, diffusion": recipe(engine="diffusion", generations=1000, save={"every": 500}),
        "unbiased, diffusion": recipe(engine="diffusion", generations=1000, save={"every": 500}, **UNBIASED),
    },
    defect=0.08,
)
def log_variance(run: Run) -> Iterator[Mean]:
    """The mean and the variance, relative to a standard deviation and to itself."""
    step = psi((run.n - 1) / 2) + np.log(2.0) - np.log(run.n - run.experiment.learner.ddof)
    wide = polygamma(1, (run.n - 1) / 2)
    last = run.experiment.generations
    for t in (last // 2, last):
        log = np.log(run.at("total_variance", t) / run.v0)
        sd, about = np.sqrt(t * wide), run.off(t * step, t * wide)
        yield Mean(f"E log V_{t}", log, t * step, scale=sd, about=about)
        yield Mean(f"Var log V_{t}", (log - t * step) ** 2, t * wide, about=run.off(t * wide, t * wide))


@check(
    "unbiased: E V_t = V0; E std_t = c4^t std_0; B_t = V0 t/n",
    "Bertrand et al. 2310.00429",
    {"n 50": recipe(n=50, generations=8, **UNBIASED), "n 200": recipe(n=200, generations=8, **UNBIASED)},
    defect=0.01,
)
def unbiased(run: Run) -> Iterator[Mean]:
    """A martingale that still goes to 0."""
    for t in (1, 3, 8):
        yield Mean(f"E V_{t}", run.at("total_variance", t), run.v0)
        std = run.result["std"].sel(generation=t).values
        yield Mean(f"E std_{t}", std, np.sqrt(run.v0) * laws.c4(run.n) ** t, defect=0.005)
        yield Mean(f"B_{t}", run.at("squared_error_of_mean", t), run.v0 * t / run.n, defect=0.06)


@check(
    "unbiased: V0 [t/n + 2 (1 - c4^t)]; ML: 2 V0 (1 - (c4 sqrt q)^t)",
    "exact: derived; first order: Shumailov et al. 2024",
    {
        "unbiased": recipe(n=50, generations=16, save={"every": 4}, **UNBIASED),
        "ML": recipe(n=50, generations=16, save={"every": 4}),
    },
    defect=0.04,
)
def wasserstein_2(run: Run) -> Iterator[Mean]:
    """The squared distance to the truth."""
    n, c4 = run.n, laws.c4(run.n)
    for t in (4, 16):
        law = t / n + 2 * (1 - c4**t) if run.experiment.learner.ddof else 2 * (1 - (c4 * np.sqrt(run.q)) ** t)
        yield Mean(f"E W2^2 at {t}", run.at("wasserstein2", t), run.v0 * law)


@check(
    "W2^2 about 3 t/(2 n) V0 at first",
    "Shumailov et al. 2024",
    {"unbiased, n 400": recipe(n=400, generations=4, **UNBIASED)},
    defect=0.04,
)
def wasserstein_2_at_first(run: Run) -> Iterator[Mean]:
    """To first order in t/n: off by t/n of itself at most."""
    for t in (1, 4):
        law = 1.5 * t / run.n * run.v0
        yield Mean(f"E W2^2 at {t}", run.at("wasserstein2", t), law, about=law * t / run.n)
