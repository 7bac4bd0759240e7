"""The recursion in obvious NumPy, one replicate at a time: the executable specification.

Read this first. A truth gives N real items; a model is fitted to them; the next N items are a mix of
real items, items drawn from the model, and items kept from the last training set; and so on. The
package does the same for many replicates at once, faster, and must agree with this file in law.
A Gaussian is a mixture of one component. Nothing here imports the package::

    rng = np.random.default_rng(0)
    truth = Model(np.array([0.5, 0.5]), np.array([-2.0, 2.0]), np.array([1.0, 1.0]))
    run = recursion(truth, fit_mixture, 100, (0.1, 0.9, 0.0), rng)
    for model, items, counts in islice(run, 10):
        print(variance(model))
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Counts = tuple[int, int, int]
Rng = np.random.Generator

LEAST = 1e-6  # a component with fewer items than this is dead
TOLERANCE = 1e-9  # EM ends when a step gains less than this many nats
MOST_STEPS = 20_000


class Model(NamedTuple):
    """Weight, mean and standard deviation of each component; weight 0 is dead, std 0 a point."""

    weight: Array
    mean: Array
    std: Array


Fit = Callable[[Array, Model], Model]  # items, the model that climbing starts from -> the next model


def variance(model: Model) -> float:
    """Total variance: within the components and between them."""
    center = model.weight @ model.mean
    return float(model.weight @ (model.std**2 + (model.mean - center) ** 2))


def draw(model: Model, n: int, rng: Rng) -> Array:
    """Draw n items: a component each, then a normal."""
    component = rng.choice(len(model.weight), n, p=model.weight / model.weight.sum())
    return rng.normal(model.mean[component], model.std[component])


def fit_gaussian(x: Array, start: Model, ddof: int = 0) -> Model:
    """Fit one Gaussian, from no start: ddof 0 is maximum likelihood, 1 has the unbiased variance."""
    return Model(np.ones(1), np.array([x.mean()]), np.array([x.std(ddof=ddof)]))


def fit_mixture(x: Array, start: Model) -> Model:
    """Climb by plain EM from ``start``; the last word is an M-step, so mean and variance are the items'."""
    weight, mean, std = (part.copy() for part in start)
    before = -np.inf
    for _ in range(MOST_STEPS):
        if not np.any((weight > 0) & (std > 0)):  # points alone: each item joins the nearest
            alive = np.flatnonzero(weight > 0)
            nearest = alive[np.abs(x[:, None] - mean[alive]).argmin(axis=1)]
            for k in map(int, alive):
                own = x[nearest == k]
                weight[k] = len(own) / len(x)
                if len(own) > 0:
                    mean[k], std[k] = own.mean(), own.std()
            std[is_point(mean, std)] = 0.0
            if not np.any((weight > 0) & (std > 0)):
                break
        free = x  # points take the items that equal them, whole
        for k in map(int, np.flatnonzero((weight > 0) & (std == 0))):
            equal = np.abs(free - mean[k]) <= 2.0**-48 * abs(mean[k]) + 1e-152
            weight[k] = equal.sum() / len(x)
            free = free[~equal]
        smooth = np.flatnonzero((weight > 0) & (std > 0))  # the others share the rest
        if len(free) == 0:
            weight[smooth] = 0.0
            break
        log_density = np.log(weight[smooth] / std[smooth])
        log_density = log_density - 0.5 * ((free[:, None] - mean[smooth]) / std[smooth]) ** 2
        top = log_density.max(axis=1, keepdims=True)
        density = np.exp(log_density - top)
        height = float(np.sum(top[:, 0] + np.log(density.sum(axis=1))))
        share = density / density.sum(axis=1, keepdims=True)
        items = share.sum(axis=0)
        if items.min() < LEAST:  # dropped before responsibilities are normalised
            weight[smooth[items.argmin()]] = 0.0
            before = -np.inf
            continue
        weight[smooth] = items / len(x)
        mean[smooth] = (share * free[:, None]).sum(axis=0) / items
        std[smooth] = np.sqrt((share * (free[:, None] - mean[smooth]) ** 2).sum(axis=0) / items)
        points = smooth[is_point(mean[smooth], std[smooth])]
        if len(points) > 0:
            std[points] = 0.0
            before = -np.inf
        elif len(smooth) == 1 or height - before < TOLERANCE:
            break
        else:
            before = height
    return Model(weight, mean, std)


def is_point(mean: Array, std: Array) -> npt.NDArray[np.bool_]:
    """Whether a spread is a rounding of its mean."""
    return std <= 2.0**-50 * np.abs(mean) + 1e-154


def counts_of(n: int, shares: tuple[float, float, float], per_sample: bool, rng: Rng) -> Counts:
    """How many items are real, synthetic, kept: exact counts, or each item draws its source."""
    if per_sample:
        real, synthetic, kept = rng.multinomial(n, shares)
    else:  # largest remainder; ties go to real, then synthetic
        exact = [n * Fraction(str(share)) for share in shares]
        counts = [int(part) for part in exact]
        order = sorted(range(3), key=lambda i: (counts[i] - exact[i], i))
        for i in order[: n - sum(counts)]:
            counts[i] += 1
        real, synthetic, kept = counts
    return int(real), int(synthetic), int(kept)


def recursion(
    truth: Model, fit: Fit, n: int, shares: tuple[float, float, float], rng: Rng,
    per_sample: bool = False, fixed: bool = False,
) -> Iterator[tuple[Model, Array, Counts]]:  # fmt: skip
    """Give generation 1, 2, 3, ...: the fitted model, its training set and what that was made of.

    ``shares`` are those of real, synthetic and kept items. Real items are new ones each generation,
    or, if ``fixed``, the first of the first training set. Kept items are taken without replacement.
    """
    items, counts = draw(truth, n, rng), (n, 0, 0)
    replayed = items[: counts_of(n, shares, False, rng)[0]]
    model = fit(items, truth)
    while True:
        yield model, items, counts
        counts = counts_of(n, shares, per_sample, rng)
        real = replayed if fixed else draw(truth, counts[0], rng)
        synthetic = draw(model, counts[1], rng)
        kept = rng.choice(items, counts[2], replace=False)
        items = np.concatenate([real, synthetic, kept])
        model = fit(items, model)
