"""Suresh et al. (arXiv 2412.17646): Bernoulli, Poisson, Gaussian."""

import numpy as np
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error
from modelcollapse.theory.categories import ends

SOURCE = (
    "Suresh et al., Rate of model collapse in recursive training (arXiv 2412.17646): Bernoulli, Poisson, "
    "Gaussian"
)
TITLE = "How fast: what is rare, and the spread of a Gaussian"
PAPER = (
    "Bernoulli with (p0, n) = (0.001, 10,000) and (0.01, 100); Gaussian n = 100, 2,500 generations, 25 paths"
)
HERE = "the same, 2,000 replicates behind shares and 25 paths drawn; Poisson rates with n λ0 = 1 and 10"
CAPTION = (
    "**a** The share of replicates in which a category of probability p₀ is still alive, and its lower bound "
    "1 − exp(−n p₀ g_t), g₁ = 1, g_(t+1) = 1 − exp(−g_t) (dashed): tight at first, loose beyond t = n. "
    "Black: the "
    "binomial chain, exactly, for n = 100. **b** For a Poisson rate the same expression is exact. **c** "
    "25 paths of the "
    "standard deviation, and exp(E log std). **d** The share of paths above ε, below its bound (1/ε) "
    "exp(−t/(4 n − 1))."
)
BERNOULLI = ((0.001, 10_000), (0.01, 100))
POISSON = (1.0, 10.0)
EPSILONS = (0.3, 0.1, 0.03)
N_SAMPLES, GENERATIONS, REPLICATES, PATHS = 100, 2_500, 2_000, 25


def compute() -> dict[str, dict]:
    alive = {(p, n): bernoulli(p, n) for p, n in BERNOULLI}
    return {
        "bernoulli": alive,
        "poisson": {mean: poisson(mean) for mean in POISSON},
        "gaussian": {"std": gaussian()},
    }


def bernoulli(p: float, n: int) -> np.ndarray:
    """Whether the rare category is alive, ``(replicate, generation)`` from generation 1 on."""
    experiment = mc.Experiment(
        n_samples=n, generations=GENERATIONS, replicates=REPLICATES, seed=SEED, engine="grouped",
        truth={"family": "categorical", "probabilities": [p, 1.0 - p]}, learner={"family": "categorical"},
    )  # fmt: skip
    return mc.run(experiment)["probability"].values[:, 1:, 0] > 0.0


def poisson(mean: float) -> np.ndarray:
    """The same of a rate: the sum of n Poisson items is one Poisson number, so n λ is all there is."""
    rng, total = np.random.default_rng([SEED, 1]), np.full(REPLICATES, mean)
    alive = []
    for _ in range(GENERATIONS):
        total = rng.poisson(total).astype(float)
        alive.append(total > 0.0)
    return np.array(alive).T


def gaussian() -> np.ndarray:
    experiment = mc.Experiment(
        n_samples=N_SAMPLES, generations=GENERATIONS, replicates=REPLICATES, seed=SEED, save={"every": 10},
        truth={"family": "gaussian", "mean": 0, "std": 1}, learner={"family": "gaussian"},
    )  # fmt: skip
    return mc.run(experiment)["std"].values


def survival(mean: float, generations: int) -> np.ndarray:
    """1 - exp(-mean g_t) at t = 1, 2, ...: of a Poisson rate exact, of a category a lower bound."""
    g = [1.0]
    while len(g) < generations:
        g.append(-np.expm1(-g[-1]))
    return -np.expm1(-mean * np.array(g))


def draw(figure: Figure, data: dict[str, dict]) -> None:
    a, b, c, d = drawing.panels(figure, 2, 2)
    t = np.arange(1, GENERATIONS + 1)
    for (p, n), colour in zip(BERNOULLI, drawing.COLOURS, strict=False):
        share = data["bernoulli"][p, n].mean(axis=0)
        a.plot(t, share, color=colour, lw=1.5, label=f"p₀ = {p:g}, n = {n:,}")
        drawing.law(
            a, t, survival(p * n, GENERATIONS), "bound" if p == BERNOULLI[0][0] else None, (0, (4, 2))
        )
        if n <= 500:
            lost = ends(np.array([p, 1.0 - p]), n, GENERATIONS)[0][:, 0]
            drawing.law(a, t, 1.0 - lost, "exact, n = 100")
    for mean, colour in zip(POISSON, drawing.COLOURS[2:], strict=False):
        b.plot(t, data["poisson"][mean].mean(axis=0), color=colour, lw=1.5, label=f"n λ₀ = {mean:g}")
        drawing.law(b, t, survival(mean, GENERATIONS), "law" if mean == POISSON[0] else None)
    for panel, title in ((a, "a Bernoulli category"), (b, "a Poisson rate")):
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_ylim(3e-4, 3.0)
        drawing.label(panel, "generation", "share still alive", title)
        drawing.legend(panel, loc="lower left")
    std = data["gaussian"]["std"]
    every = np.append(np.arange(0, GENERATIONS + 1, 10), GENERATIONS)[: std.shape[1]]
    drawing.paths(c, every, std[:PATHS], drawing.BLUE, "25 paths", PATHS)
    drawing.law(c, every, np.exp(0.5 * every * log_drift()), "exp(E log std)")
    c.set_yscale("log")
    drawing.label(c, "generation", "standard deviation, units of x", "one Gaussian, n = 100")
    drawing.legend(c, loc="lower left")
    for epsilon, colour in zip(EPSILONS, drawing.COLOURS, strict=False):
        d.plot(every, (std > epsilon).mean(axis=0), color=colour, lw=1.5, label=f"std > {epsilon:g}")
        drawing.law(d, every, np.minimum(np.exp(-every / (4 * N_SAMPLES - 1)) / epsilon, 1.0),
                    "bound" if epsilon == EPSILONS[0] else None, (0, (4, 2)))  # fmt: skip
    drawing.label(d, "generation", "share of replicates", "and how many paths are left")
    drawing.legend(d, loc="upper right")


def log_drift() -> float:
    """E log(V'/V) of one generation, by maximum likelihood."""
    from scipy.special import psi

    return float(psi((N_SAMPLES - 1) / 2.0) + np.log(2.0 / N_SAMPLES))


def rows(data: dict[str, dict]) -> list[Row]:
    found = []
    for p, n in BERNOULLI:
        for at in (10, 50):
            mean, error = mean_and_error(data["bernoulli"][p, n][:, at - 1])
            what = f"Bernoulli p₀ = {p:g}, n = {n:,}: alive at t = {at}"
            if n <= 500:
                law = float(1.0 - ends(np.array([p, 1.0 - p]), n, at)[0][-1, 0])
                found.append(Row(what, mean, error, law=law, note="law: the binomial chain, exactly"))
            bound = float(survival(n * p, at)[-1])
            found.append(Row(what, mean, error, bound, None, note="published: a lower bound"))
    for mean_count in POISSON:
        for at in (10, 100):
            mean, error = mean_and_error(data["poisson"][mean_count][:, at - 1])
            law = float(survival(mean_count, at)[-1])
            found.append(Row(f"Poisson n λ₀ = {mean_count:g}: alive at t = {at}", mean, error, law, 0.0, law))
    log, error = mean_and_error(np.log(data["gaussian"]["std"][:, -1]))
    law = 0.5 * GENERATIONS * log_drift()
    found.append(Row(f"Gaussian: mean log std at t = {GENERATIONS:,}", log, error, law=law))
    mean, error = mean_and_error(data["gaussian"]["std"][:, 100] > 0.1)
    bound = 10.0 * float(np.exp(-1000 / (4 * N_SAMPLES - 1)))
    return [
        *found,
        Row(
            "Gaussian: P(std > 0.1) at t = 1,000", mean, error, bound, None, note="published: an upper bound"
        ),
    ]
