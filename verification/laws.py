"""Laws in closed form, written from their sources and apart from ``modelcollapse.theory``.

n items a training set, q = 1 - 1/n; A_t = E V_t and B_t = E (M_t - mu0)^2, with V0 = 1.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom, norm

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


def parts(
    first: int,
    made: Sequence[tuple[float, float, float]],
    by_item: bool = False,
    temperature: float = 1.0,
    ddof: int = 0,
) -> tuple[float, float]:
    """A and B after ``first`` real items and then, generation after generation, real and synthetic ones.

    ``made`` has the weight of all real items together, and how many real and synthetic ones there are;
    ``by_item``: so many on average, each item drawing its source. Second moments about mu0 are
    averages over items, and what is left of one without the mean's error is the spread.
    """
    spread, error = (1.0 - 1.0 / first) * first / (first - ddof), 1.0 / first
    for w, real, synthetic in made:
        n, drawn = real + synthetic, temperature * spread
        noise = w * w / max(real, 1e-300) + (1.0 - w) ** 2 * drawn / synthetic
        if by_item:
            noise = (w + (1.0 - w) * drawn + w * (1.0 - w) * error) / n
        new = noise + (1.0 - w) ** 2 * error
        spread = (w + (1.0 - w) * (drawn + error) - new) * n / (n - ddof)
        error = new
    return spread, error


def pool_of_real(real: int, synthetic: int, pool: int) -> float:
    """Stationary B where ``real`` of ``pool`` fixed items are picked: fresh times 1 + 2 (1 - lam) n_r/m."""
    lam = real / (real + synthetic)
    return fresh_deficit(real + synthetic, lam) * (1.0 + 2.0 * (1.0 - lam) * real / pool)


def weighted_error(w: float, real: int, synthetic: int, known: bool) -> float:
    """Stationary B: real items of weight w, synthetic ones of the truth's variance or of their own."""
    k = real / synthetic
    lost = 0.0 if known else k * (1.0 - w) ** 2 / real
    return (w**2 + k * (1.0 - w) ** 2) / (w * (2.0 - w) + lost) / real


def golden(k: float) -> float:
    """The weight that errs least, (sqrt(k^2 + 4 k) - k)/2."""
    return float((np.sqrt(k * k + 4.0 * k) - k) / 2.0)


def let_through(
    mean: Array, std: Array, region: tuple[float, float], keep: tuple[float, float]
) -> list[Array]:
    """Mean and variance of normals of which items in the region pass with keep[0], others with keep[1].

    A mixture of the truncated normal and the whole one; textbook moments of the first.
    """
    low, high = ((end - mean) / std for end in region)
    inside = norm.cdf(high) - norm.cdf(low)
    ends = [np.where(np.isfinite(z), z, 0.0) * norm.pdf(z) for z in (low, high)]
    first = (norm.pdf(low) - norm.pdf(high)) / inside
    second = 1.0 - (ends[1] - ends[0]) / inside
    weight = (keep[0] - keep[1]) * inside
    share = weight / (weight + keep[1])
    return [mean + std * share * first, std**2 * (share * second + 1.0 - share - (share * first) ** 2)]


def prune(d: int, n: int, error: float, phi: float, psi: float) -> float:
    """How often a linear classifier is right that n pruned labels in d dimensions taught; about.

    A label is wrong with probability ``error`` and kept with psi, else with phi. w = mean of y x has the
    length (1 - 2 p) sqrt(2/pi) along the truth, p the share of wrong ones among those kept, and noise of
    variance 1/n in each of the other dimensions; normal inputs.
    """
    wrong = error * psi / (error * psi + (1.0 - error) * phi)
    along = (1.0 - 2.0 * wrong) * np.sqrt(2.0 / np.pi)
    return float(1.0 - np.arctan2(np.sqrt((d - 1) / n), along) / np.pi)


def determinant(n: int, d: int, t: int, ddof: int = 0) -> float:
    """E det_t/det_0 = prod_(i<=d) ((n - i)/(n - ddof))^t."""
    return float(np.prod((n - np.arange(1.0, d + 1)) / (n - ddof)) ** t)


def harmonic(t: int, power: float = 1.0) -> float:
    """1 + 2^-power + ... + t^-power."""
    return float(np.sum(np.arange(1.0, t + 1) ** -power))
