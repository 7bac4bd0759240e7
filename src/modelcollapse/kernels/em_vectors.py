"""EM for mixtures of Gaussians in several dimensions, from any start to the maximum."""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, log_positive
from modelcollapse.kernels.bits import DEAD, NONFINITE, NOT_CONVERGED
from modelcollapse.kernels.compiling import compiled, inner
from modelcollapse.kernels.vectors import factorise, log_weight, moments_into, solve, spanned
from modelcollapse.types import Array, IntArray


@inner
def _responsible(
    x: Array, w: Array, m: Array, c: Array, f: Array, order: IntArray, rank: IntArray, constant: Array,
    y: Array, share: Array,
) -> float:  # fmt: skip
    """Responsibilities of the components for one item, ``share`` ``(component,)``; give its log density.

    A singular component has an unbounded density in its span and none elsewhere: it takes the items that
    lie there, whole, the component of the lowest rank first. Where no component has a density at all, an
    item joins the nearest mean.
    """
    components, d = m.shape
    owner, nearest, distance, top, regular = -1, -1, np.inf, -np.inf, False
    for k in range(components):
        share[k] = -np.inf
        if w[k] <= 0.0:
            continue
        if rank[k] == d:
            regular = True
            share[k] = constant[k] - 0.5 * solve(x, m[k], f[k], order[k], d, y)
            top = max(top, share[k])
        elif (owner < 0 or rank[k] < rank[owner]) and spanned(x, m[k], c[k], f[k], order[k], rank[k], y):
            owner = k
        away = 0.0
        for j in range(d):
            away += (x[j] - m[k, j]) ** 2
        if nearest < 0 or away < distance:
            nearest, distance = k, away
    if owner < 0 and not regular:
        owner = nearest
    if owner >= 0:
        for k in range(components):
            share[k] = 1.0 if k == owner else 0.0
        return float(log_positive(w[owner]))
    total = 0.0
    for k in range(components):
        share[k] = exp_negative(share[k] - top) if share[k] - top > -700.0 else 0.0
        total += share[k]
    for k in range(components):
        share[k] /= total
    return float(top + log_positive(total))


@inner
def _climb(
    x: Array, given: Array, size: int, w: Array, m: Array, c: Array, tolerance: float, most: int, trace: Array
) -> tuple[int, int]:
    """Fit one replicate in place; give its passes over the items and its status bits.

    Each pass is an E-step and an M-step, so that what is returned has the sample's moments. It ends where
    the gains, if they go on to fall by the slower of their last two rates, have less than the tolerance left
    to give (Aitken). Components of less than a tenth of the tolerance in items are dropped before an E-step.
    """
    components, d = m.shape
    f, order = np.empty((components, d, d)), np.empty((components, d), dtype=np.int64)
    rank, before = np.empty(components, dtype=np.int64), np.full(components, -2)
    constant, share, y, rest = np.empty(components), np.empty(components), np.empty(d), np.empty(d)
    each = np.zeros((components, size))
    items = 0.0
    for i in range(size):
        items += given[i] if given.size else 1.0
    last, gain, rate = np.nan, np.nan, np.nan
    for step in range(most):
        changed = False
        heaviest = int(np.argmax(w))
        for k in range(components):
            if k != heaviest and w[k] * items < 0.1 * tolerance:
                w[k] = 0.0
            rank[k] = factorise(m[k], c[k], f[k], order[k], rest) if w[k] > 0.0 else -1
            constant[k] = log_weight(w[k], f[k], order[k], rank[k]) if w[k] > 0.0 else -np.inf
            changed |= rank[k] != before[k]
            before[k] = rank[k]
        likelihood = 0.0
        for i in range(size):
            v = given[i] if given.size else 1.0
            if v > 0.0:
                likelihood += v * _responsible(x[i], w, m, c, f, order, rank, constant, y, share)
            for k in range(components):
                each[k, i] = v * share[k] if v > 0.0 else 0.0
        if not math.isfinite(likelihood):
            return step + 1, NONFINITE
        if trace.size:
            trace[step] = likelihood
        done = False
        if changed:
            gain, rate = np.nan, np.nan
        else:
            now = likelihood - last
            slower = max(now / gain, rate)  # NaN until there are three gains
            left = now * slower / (1.0 - slower) if slower < 1.0 else np.inf
            done = now <= 0.0 or (math.isfinite(rate) and left < tolerance)
            rate, gain = now / gain, now
        last = likelihood
        for k in range(components):
            if w[k] > 0.0:
                held = moments_into(x, each[k], size, m[k], c[k], y)
                w[k] = held / items if held > 0.0 else 0.0
        if done:
            return step + 1, 0
    return most, NOT_CONVERGED


@compiled
def em_vectors(
    x: Array,
    given: Array,
    size: IntArray,
    w: Array,
    m: Array,
    c: Array,
    tolerance: float,
    most: int,
    trace: Array,
) -> tuple[IntArray, IntArray]:
    """Fit mixtures to items ``(replicate, item, d)``, in place, from ``(replicate, component, ...)``.

    ``given`` has a weight for each item, or no columns for weight 1 each. ``trace``, where it has a length,
    gets the log likelihood (up to a constant) at each pass of the last replicate. Gives passes and status
    bits, each ``(replicate,)``.
    """
    passes, status = np.zeros(x.shape[0], dtype=np.int64), np.zeros(x.shape[0], dtype=np.int64)
    for r in range(x.shape[0]):
        passes[r], status[r] = _climb(x[r], given[r], size[r], w[r], m[r], c[r], tolerance, most, trace)
        for k in range(w.shape[1]):
            if w[r, k] <= 0.0:
                status[r] |= DEAD
    return passes, status
