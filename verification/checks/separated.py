"""Components 20 standard deviations apart: weights drift, and each spread goes its own way."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import binom, chi2

from verification import laws
from verification.checks.recipes import recipe
from verification.registry import Run, check
from verification.statements import Mean, Shape, Statement

FAR = {"family": "mixture", "weights": [0.3, 0.7], "means": [-20.0, 20.0], "stds": [1.0, 1.0]}


@check(
    "component counts are multinomial; given n_k >= 2, n_k V_k'/V_k ~ chi2_(n_k - 1)",
    "derived",
    {"n 30": recipe("mixture", n=30, truth=FAR)},
    defect=0.02,
)
def separated(run: Run) -> Iterator[Statement]:
    """The left component and the right one, alive or dead, of every replicate."""
    weight, mean, std = (run.result[name].values for name in ("weight", "mean", "std"))
    sides = [(weight > 0.0) & (mean < 0.0), (weight > 0.0) & (mean > 0.0)]
    w, s = (np.stack([(part * side).sum(axis=-1) for side in sides]) for part in (weight, std))
    left, n, w0 = w[0], run.n, 0.3
    for t in (1, 4, 12):
        yield Mean(f"E w_{t}", left[:, t], w0)
        yield Mean(f"Var w_{t}", (left[:, t] - w0) ** 2, w0 * (1 - w0) * (1 - run.q**t), defect=0.05)
    dead = float((binom.pmf(np.arange(n + 1), n, w0) @ np.linalg.matrix_power(laws.drift(n), 11))[0])
    yield Mean("P(left is dead at 12)", left[:, 12] == 0.0, dead, scale=1.0)
    count = np.rint(n * w)
    good = (count[..., 1:] >= 2) & (s[..., :-1] > 0.0)
    freedom = count[..., 1:][good] - 1
    ratio = count[..., 1:][good] * (s[..., 1:][good] / s[..., :-1][good]) ** 2
    yield Shape("chi2 of a component", chi2.cdf(ratio, freedom), lambda u: u)
    yield Mean("E of its score", (ratio - freedom) / np.sqrt(2 * freedom), 0.0, scale=1.0)
