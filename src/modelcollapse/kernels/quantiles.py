"""Quantiles of mixtures."""

import math

import numpy as np

from modelcollapse.kernels.compiling import compiled
from modelcollapse.types import Array


@compiled
def mixture_quantile(w: Array, m: Array, s: Array, score: Array) -> Array:
    """Quantiles of mixtures ``(model, component)`` at probabilities Phi(score), ``(model, point)``.

    Newton's steps inside a bracket that bisection narrows; each tail is computed from its own
    side, so that a score of 8 has as many digits as one of -8. A point is a step of the
    distribution function, and the quantile lands on it.
    """
    quantile = np.empty(score.shape)
    for i in range(score.shape[0]):
        low, high = np.inf, -np.inf
        for k in range(w.shape[1]):
            if w[i, k] > 0.0:
                low = min(low, m[i, k] - 40.0 * s[i, k])
                high = max(high, m[i, k] + 40.0 * s[i, k])
        for j in range(score.shape[1]):
            side = -1.0 if score[i, j] > 0.0 else 1.0  # the upper tail mirrored
            goal = 0.5 * math.erfc(abs(score[i, j]) / math.sqrt(2.0))
            a, b = low, high
            x = 0.5 * (a + b)
            for _ in range(200):
                tail, density = -goal, 0.0
                for k in range(w.shape[1]):
                    if w[i, k] <= 0.0:
                        continue
                    if s[i, k] == 0.0:
                        tail += w[i, k] if side * (x - m[i, k]) >= 0.0 else 0.0
                        continue
                    z = side * (x - m[i, k]) / s[i, k]
                    tail += w[i, k] * 0.5 * math.erfc(-z / math.sqrt(2.0))
                    density += w[i, k] * math.exp(-0.5 * z * z) / (s[i, k] * math.sqrt(2.0 * math.pi))
                if (tail >= 0.0) == (side > 0.0):
                    b = x
                else:
                    a = x
                if b - a <= 4e-16 * max(abs(a), abs(b)):
                    for k in range(w.shape[1]):  # between the two is a point: land on it
                        x = m[i, k] if w[i, k] > 0.0 and a <= m[i, k] <= b else x
                    break
                step = x - side * tail / density if density > 0.0 else a
                if tail == 0.0 or (a < step < b and abs(step - x) <= 1e-15 * abs(x)):
                    break
                x = step if a < step < b else 0.5 * (a + b)
            quantile[i, j] = x
    return quantile
