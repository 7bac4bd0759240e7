"""Where the laws of moments end: closed forms of the long run."""

import math


def stationary_deficit(n: int, share: float, workflow: str = "fresh") -> float:
    """1 - E V/V0 in the long run for a share of real data and no kept part (share n whole); derived.

    ``workflow`` is ``"fresh"`` or ``"fixed"`` (exact counts), or ``"per-sample"`` (fresh; Wright's
    island model). A fixed real set costs (3 - 2 share) times as much as a fresh one.
    """
    if workflow == "per-sample":
        return (1.0 / n) / (1.0 - (1.0 - share) ** 2 * (1.0 - 1.0 / n))
    fresh = 1.0 / (n * share * (2.0 - share) + 1.0 - share)
    return fresh if workflow == "fresh" else (3.0 - 2.0 * share) * fresh


def pool_cost(real: int, synthetic: int, pool: int) -> float:
    """How much larger the deficit is where ``real`` items are picked from ``pool`` fixed ones; derived.

    1 + 2 (1 - lam) n_r/m times that of new real items, lam = n_r/(n_r + n_s); 3 - 2 lam where all are
    replayed.
    """
    share = real / (real + synthetic)
    return 1.0 + 2.0 * (1.0 - share) * real / pool


def spread_of_given_set(n: int, share: float) -> float:
    """E V/V_R in the long run, given the one fixed set R of variance V_R (divided by its size); derived.

    The mean of the models is centred on R's: a model forgets the truth and learns the set.
    """
    return n * share * (2.0 - share) / (n * share * (2.0 - share) + 1.0 - share)


def weighted_error(weight: float, real: int, synthetic: int, known: bool = True) -> tuple[float, float]:
    """E V/V0 and E (M - mu0)^2/V0 in the long run, with ``weight`` on the real items.

    With a known variance, n B = [w^2 + k (1 - w)^2]/[w (2 - w)] V0, k = n/m of n real and m synthetic items:
    He et al. 2025 (arXiv 2502.18049). With the weighted variance of all items (maximum likelihood), E V is
    V0 - B and k (1 - w)^2/n is added to the denominator; derived.
    """
    k, rest = real / synthetic, (1.0 - weight) ** 2
    within = weight * (2.0 - weight) + (0.0 if known else k * rest / real)
    error = (weight**2 + k * rest) / within / real
    return (1.0, error) if known else (1.0 - error, error)


def golden_weight(ratio: float) -> float:
    """The weight on real items that errs least with a known variance, ``ratio`` = real/synthetic items.

    (sqrt(k^2 + 4 k) - k)/2 of He et al. 2025; 0.618, the inverse of the golden ratio, for k = 1. There
    n B = w V0.
    """
    return (math.sqrt(ratio * ratio + 4.0 * ratio) - ratio) / 2.0
