"""Laws in closed form, written from their sources and apart from ``modelcollapse.theory``.

n items a training set, q = 1 - 1/n; A_t = E V_t and B_t = E (M_t - mu0)^2, with V0 = 1.
"""

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom

from modelcollapse.types import Array


def replace(n: int, t: int) -> tuple[float, float]:
    """A_t = q^t and B_t = 1 - q^t."""
    spread = (1.0 - 1.0 / n) ** t
    return spread, 1.0 - spread


def mix(counts: tuple[int, int, int], t: int, per_item: bool = False) -> tuple[float, float]:
    """A_t and B_t of fresh real, synthetic and kept items; ``per_item``: counts/n are probabilities."""
    real, synthetic, kept = counts
    n = sum(counts)
    a, s, c = real / n, synthetic / n, kept / n
    b = 1.0 - a
    spread, error = 1.0 - 1.0 / n, 1.0 / n
    for _ in range(t - 1):
        if per_item:
            new = (a + s * spread + c * (1.0 - c) * spread + a * b * error) / n + b * b * error
        else:
            noise = real + synthetic * spread + kept * spread * (n - kept) / (n - 1)
            new = noise / n**2 + b * b * error
        spread, error = a + b * (spread + error) - new, new
    return spread, error


def fixed(counts: tuple[int, int, int]) -> float:
    """Stationary B of a fixed real set, all of it replayed: B of fresh times 1 + 2b/(a + kappa)."""
    real, synthetic, kept = counts
    n = sum(counts)
    a = real / n
    b, kappa = 1.0 - a, (synthetic + kept * (n - kept) / max(n - 1, 1)) / n
    fresh = mix(counts, 100_000)[1]
    return fresh * (1.0 + 2.0 * b / (a + kappa))


def fresh_deficit(n: int, lam: float) -> float:
    """1 - E V, stationary: a share lam of fresh real items by exact counts."""
    return 1.0 / (n * lam * (2.0 - lam) + 1.0 - lam)


def island_deficit(n: int, lam: float) -> float:
    """1 - E V, stationary: each item is real with probability lam (Wright's island model)."""
    return (1.0 / n) / (1.0 - (1.0 - lam) ** 2 * (1.0 - 1.0 / n))


def accumulate(n: int, t: int) -> float:
    """E V_t of a fit to the pool of t n items."""
    return float(np.prod(1.0 - 1.0 / (n * np.arange(1.0, t + 1) ** 2)))


def accumulate_limit(n: int) -> float:
    """What is left for ever."""
    x = np.pi / np.sqrt(n)
    return float(np.sin(x) / x)


def subsample(n: int, t: int) -> float:
    """E V_t of a fit to n of the pool's t n items, without replacement."""
    s, q = np.arange(1.0, t), 1.0 - 1.0 / n
    f, last = (s * n - n) / (s * n - 1), (t * n - n) / (t * n - 1)
    return float((1.0 - last / n) * q * np.prod(1.0 - (1.0 + f * q) / (n * (s + 1.0) ** 2)))


def c4(n: int) -> float:
    """E of the unbiased standard deviation of n standard normals."""
    return float(np.sqrt(2.0 / (n - 1)) * np.exp(gammaln(n / 2.0) - gammaln((n - 1) / 2.0)))


def drift(n: int) -> Array:
    """Wright and Fisher's chain of two categories: from i of n to Binomial(n, i/n), ``(from, to)``."""
    counts = np.arange(n + 1)
    return np.asarray(binom.pmf(counts[None, :], n, counts[:, None] / n))


def survival(n_p: float, t: int) -> float:
    """1 - exp(-n p g_t), g_1 = 1, g_(k+1) = 1 - exp(-g_k)."""
    g = 1.0
    for _ in range(t - 1):
        g = 1.0 - np.exp(-g)
    return float(1.0 - np.exp(-n_p * g))


def time_to_one(p: Array, n: int) -> float:
    """-2 n sum (1 - p) ln(1 - p), about: the diffusion limit."""
    rest = 1.0 - np.asarray(p)
    return float(-2.0 * n * np.sum(rest * np.log(rest)))


def augment(first: int, real: int, synthetic: int, t: int, pool: int = 0) -> tuple[float, float]:
    """A_t and B_t of real and synthetic items of any numbers, from ``first`` real ones; ML.

    ``pool`` fixed items, of which ``real`` are drawn each generation without replacement; 0: new ones.
    """
    n = real + synthetic
    a, s = real / n, synthetic / n
    spread, error, shared = 1.0 - 1.0 / first, 1.0 / first, 1.0 / max(first, pool)
    for _ in range(t - 1):
        new = a * a / real + s * s * spread / synthetic + s * s * error
        if pool:
            new += 2.0 * a * s * shared
            shared = a / pool + s * shared
        spread, error = a + s * (spread + error) - new, new
    return spread, error


def weighted(w: float, real: int, synthetic: int, t: int, known: bool) -> tuple[float, float]:
    """A_t and B_t of the weight w on fresh real items, from ``real`` of them; V0 = 1 is known, or ML."""
    spread, error = (1.0 if known else 1.0 - 1.0 / real), 1.0 / real
    for _ in range(t - 1):
        new = w * w / real + (1.0 - w) ** 2 * (error + spread / synthetic)
        spread = 1.0 if known else w + (1.0 - w) * (spread + error) - new
        error = new
    return spread, error


def kernels_accumulate(n: int, h: float, t: int) -> float:
    """E (x - mu0)^2 over a pool of t n items of a kernel density: V0 + h^2 (H_t - 1)."""
    return float(1.0 + h * h * ((1.0 / np.arange(1, t + 1)).sum() - 1.0))


def excess(t_items: int, d: int, t: int, accumulate: bool = False) -> float:
    """Excess error after t labellings, noise 1: d/(T - d - 1) t, or times sum 1/i^2 on the same inputs."""
    times = (1.0 / np.arange(1, t + 1) ** 2).sum() if accumulate else t
    return float(d / (t_items - d - 1) * times)
