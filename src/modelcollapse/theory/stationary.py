"""What is left in the long run, in closed form."""

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


def weighted_error(weight: float, ratio: float) -> float:
    """n B/V0 in the long run, of a known variance, with the weight w on n real items and 1 - w on n/k others.

    [w^2 + k (1 - w)^2]/[w (2 - w)] (He et al. 2025, arXiv 2502.18049), k the ``ratio``.
    """
    return (weight**2 + ratio * (1.0 - weight) ** 2) / (weight * (2.0 - weight))


def golden_weight(ratio: float = 1.0) -> float:
    """The weight for which `weighted_error` is least, which is then equal to it: 0.618 where k = 1.

    w* = (sqrt(k^2 + 4k) - k)/2 (He et al. 2025, arXiv 2502.18049).
    """
    return (math.sqrt(ratio * ratio + 4.0 * ratio) - ratio) / 2.0


def verifier_threshold(phi: float, psi: float) -> float:
    """p* = 1/(1 + psi/phi): below it the error of labels is undone by pruning, above it is made worse.

    The verifier keeps right labels with probability phi and wrong ones with psi: of n labels with error p
    p psi wrong ones stay beside (1 - p) phi right ones (Feng et al. 2024, arXiv 2406.07515).
    """
    return 1.0 / (1.0 + psi / phi)
