"""A Gaussian refitted to parts, by the sums of their items: equal in law to drawing each item."""

from collections.abc import Iterable

import numpy as np

Part = tuple[int, np.ndarray, np.ndarray]
"""How many items, and the mean and variance ``(replicate,)`` they are drawn with."""


def fitted(rng: np.random.Generator, parts: Iterable[Part]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and maximum likelihood variance of all items together, ``(replicate,)``.

    The mean of n normals is normal of variance V/n, and their sum of squares about it V times chi-square
    of n - 1, independent of each other (Fisher 1925).
    """
    drawn = []
    for count, mean, variance in parts:
        if count:
            std = np.sqrt(variance)
            middle = mean + std * rng.normal(0.0, count**-0.5, len(mean))
            squares = variance * (rng.chisquare(count - 1, len(mean)) if count > 1 else 0.0)
            drawn.append((count, middle, squares))
    n = sum(count for count, _, _ in drawn)
    mean = sum(count * middle for count, middle, _ in drawn) / n
    squares = sum(inner + count * (middle - mean) ** 2 for count, middle, inner in drawn)
    return mean, squares / n
