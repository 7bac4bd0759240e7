"""Categories under replace: each by itself is the binomial chain of Wright (1931), lost or alone at last."""

from functools import lru_cache

import numpy as np

from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import Categorical
from modelcollapse.sources import Law
from modelcollapse.theory.base import Expectation, replaces
from modelcollapse.theory.whole import survival
from modelcollapse.types import Array

MOST_ITEMS = 500
"""Items up to which the chain's matrix is used."""
MOST_CHAINS = 64
"""Categories up to which each of them is followed."""
CHAIN = "by the binomial chain of each category, exactly; Wright 1931"


def category_laws(experiment: Experiment) -> list[Expectation]:
    """Categories that are lost: their probability, whether the rarest is alive, whether one is left."""
    source, n = experiment.source, experiment.n_samples
    if not isinstance(experiment.learner, Categorical) or not isinstance(source, Law):
        return []
    p: Array = source.params.probability[0]
    p = p[p > 0.0]
    if replaces(experiment) and n <= MOST_ITEMS and len(p) <= MOST_CHAINS:
        return _chain_laws(p, n)
    found = [
        Expectation("missing_mass", "mean", "mean probability of lost categories in generation 1",
                    "E = sum p (1 - p)^n, exact; of heavy tails, Dohmatob et al. 2024, arXiv 2402.07043",
                    lambda t: np.where(t == 1, missing_mass(p, n), np.nan))
    ]  # fmt: skip
    if replaces(experiment):
        found.append(
            Expectation("rarest_alive", "share", "share of replicates that hold the rarest category",
                        "P(alive at t) >= 1 - exp(-n p g_t), g_1 = 1, g_(k+1) = 1 - exp(-g_k); a bound, "
                        "loose beyond t = n; Suresh et al. 2024",
                        lambda t: survival(n * float(p.min()), t),
                        sense="at least")
        )  # fmt: skip
    return found


def _chain_laws(p: Array, n: int) -> list[Expectation]:
    def lost(t: Array) -> Array:
        return np.asarray(ends(p, n, int(t.max()))[0][t.astype(int) - 1])

    def alone(t: Array) -> Array:
        return np.asarray(ends(p, n, int(t.max()))[1][t.astype(int) - 1])

    rare = int(np.argmin(p))
    return [
        Expectation("categories_alive", "mean", "mean number of categories alive", CHAIN,
                    lambda t: len(p) - lost(t).sum(axis=1)),
        Expectation("missing_mass", "mean", "mean probability of lost categories", CHAIN,
                    lambda t: lost(t) @ p),
        Expectation("rarest_alive", "share", "share of replicates that hold the rarest category", CHAIN,
                    lambda t: 1.0 - lost(t)[:, rare]),
        Expectation("one_category_left", "share", "share of replicates with one category left", CHAIN,
                    lambda t: alone(t).sum(axis=1)),
    ]  # fmt: skip


def _binomials(n: int, p: Array) -> Array:
    """Binomial(n, p) for each p, ``(p, count)``."""
    from scipy.stats import binom  # it takes a third of a second to import

    return np.asarray(binom.pmf(np.arange(n + 1)[None, :], n, p[:, None]))


def chain(p: Array, n: int, generations: int) -> Array:
    """The distribution of a category's count, ``(generation, category, count)`` from generation 1 on.

    Whatever the other categories do, its count in n items is Binomial(n, p) in generation 1, and given
    a count of i, Binomial(n, i/n) in the next.
    """
    step = _binomials(n, np.arange(n + 1) / n)
    law = np.empty((generations, len(p), n + 1))
    law[0] = _binomials(n, p)
    for t in range(1, generations):
        law[t] = law[t - 1] @ step
    return law


def ends(p: Array, n: int, generations: int) -> tuple[Array, Array]:
    """P(lost) and P(the only one left) of each category, each ``(generation, category)``, from 1 on."""
    return _ends(tuple(p.tolist()), n, generations)


@lru_cache(maxsize=8)
def _ends(categories: tuple[float, ...], n: int, generations: int) -> tuple[Array, Array]:
    """As `ends`, computed once: four laws ask for the same chain."""
    p = np.array(categories)
    step, law = _binomials(n, np.arange(n + 1) / n), _binomials(n, p)
    lost, alone = np.empty((generations, len(p))), np.empty((generations, len(p)))
    for t in range(generations):
        lost[t], alone[t] = law[:, 0], law[:, n]
        law = law @ step
    return lost, alone


def missing_mass(p: Array, n: int) -> float:
    """E sum of p over the categories that n items do not show: sum p (1 - p)^n, exact.

    Where p falls as i^-b, the first generation's error in the tail falls as n^-(b - 1)/b (Dohmatob et al.
    2024, arXiv 2402.07043).
    """
    with np.errstate(divide="ignore"):
        return float(np.sum(p * np.exp(n * np.log1p(-p))))


def absorption(p: Array) -> Array:
    """Probability of each category to be the one that is left in the end: its own, for it is a martingale."""
    return np.asarray(p / p.sum())


def time_to_one(p: Array, n: int) -> float:
    """Mean generation of the first model with one category, about: -2 n sum (1 - p) ln(1 - p).

    The diffusion limit of the Wright-Fisher model (Ewens 2004, Mathematical Population Genetics); 7 to 10 %
    too long at n = 10, 1 % at n = 200.
    """
    other = 1.0 - p[(p > 0.0) & (p < 1.0)]
    return float(-2.0 * n * np.sum(other * np.log(other)))
