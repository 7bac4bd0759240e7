"""EM to the maximum of the likelihood, with the components that are points.

The kernel climbs while every component has a spread. A component whose spread has fallen to a few
roundings of its mean is a *point*: its density is unbounded at its own items and 0 elsewhere, so it
takes the items that equal it, whole, and the other components climb on what is left. This keeps
the sample's mean and second moment, as every M-step does.
"""

import numpy as np

from modelcollapse.kernels import em, sprinting
from modelcollapse.kernels.bits import DEAD, POINT
from modelcollapse.kernels.compiling import LANES
from modelcollapse.types import Array, BoolArray, IntArray, Parts

NO_TRACE = np.empty(0)
NOT_DONE = np.zeros(1, dtype=bool)


def climb(
    x: Array,
    size: IntArray,
    weight: Array | None,
    start: Parts,
    tolerance: float,
    max_iterations: int,
    reg_covar: float = 0.0,
) -> tuple[Parts, IntArray, IntArray]:
    """Fit mixtures to weighted items ``(replicate, item)``, from parameters ``(replicate, component)``.

    Two components with many items of weight 1 are left to a sprint of Newton's steps first, which takes a
    quarter of the time; what it leaves to do, to the climb. Returns the
    parameters, and for each replicate the passes over its items, at most five of them a sprint's, and its
    status bits.
    """
    shape = (len(x), start[0].shape[1])
    w, m, s = (part.copy() if part.shape == shape else np.repeat(part, shape[0], axis=0) for part in start)
    if weight is None and sprinting.suits(x.shape[1], shape[1], max_iterations, reg_covar):
        tried, done = sprinting.sprint_batch(x, size, w, m, s, tolerance, LANES)
        if np.count_nonzero(done) == len(done):
            return (w, m, s), tried, np.zeros(len(x), dtype=np.int64)
    else:
        tried, done = np.zeros(len(x), dtype=np.int64), np.zeros(len(x), dtype=bool)
    given = np.empty((len(x), 0)) if weight is None else weight
    settings = (tolerance, max_iterations, reg_covar)
    passes, status = em.em_batch(x, given, size, w, m, s, done, *settings, False, NO_TRACE, LANES)
    passes += tried
    pointed = status & POINT
    for r in np.flatnonzero(pointed) if np.count_nonzero(pointed) else ():
        items = x[r, : size[r]]
        own = np.ones(len(items)) if weight is None else weight[r, : size[r]]
        passes[r], status[r] = _with_points(items, own, w[r], m[r], s[r], int(passes[r]), settings)
    return (w, m, s), passes, status


def _with_points(
    y: Array, v: Array, w: Array, m: Array, s: Array, passes: int, settings: tuple[float, int, float]
) -> tuple[int, int]:
    """Fit one replicate that has points, in place; return its passes and status bits.

    Each round gives the points their items and lets the others climb on the rest; it ends when no
    further component has become a point. A component can become one only once, so rounds are few;
    if they still do not end, each item joins the nearest component.
    """
    tolerance, most, reg_covar = settings
    y, v = y[v > 0.0], v[v > 0.0]
    bits, total = 0, v.sum()
    for _ in range(2 * len(w) + 2):
        if not np.any((w > 0.0) & (s > 0.0)):
            _join_nearest(y, v, w, m, s)
            if not np.any(s[w > 0.0] > 0.0):
                break  # points alone hold all the items
        moving, held, free = _claim(y, v, w, m, s)
        w[~moving] = held[~moving] / total
        if not free.any():
            w[moving] = 0.0
            break
        rest = np.where(moving, w, 0.0)[None]
        given = np.ascontiguousarray(v[free][None])
        used, found = em.em_batch(
            y[free][None], given, np.array([free.sum()]), rest, m[None], s[None], NOT_DONE,
            tolerance, max(most - passes, 1), reg_covar, False, NO_TRACE, LANES,
        )  # fmt: skip
        passes += int(used[0])
        w[moving] = rest[0, moving] * (v[free].sum() / total)
        bits |= int(found[0]) & ~(DEAD | POINT)
        if not found[0] & POINT or moving.sum() == 1:
            break
    else:
        _join_nearest(y, v, w, m, s)
    bits |= DEAD if np.any(w == 0.0) else 0
    bits |= POINT if np.any((w > 0.0) & (s == 0.0)) else 0
    return max(passes, 1), bits


def _claim(y: Array, v: Array, w: Array, m: Array, s: Array) -> tuple[BoolArray, Array, BoolArray]:
    """Give each point its items: which components move, the weight each point holds, the free items."""
    moving, held = (w > 0.0) & (s > 0.0), np.zeros(len(w))
    free = np.ones(len(y), dtype=bool)
    for k in np.flatnonzero((w > 0.0) & (s == 0.0)):
        own = free & (np.abs(y - m[k]) <= 2.0**-48 * abs(m[k]) + 1e-152)
        held[k] = v[own].sum()
        if held[k] > 0.0:
            m[k] += np.average(y[own] - m[k], weights=v[own])
        free &= ~own
    return moving, held, free


def _join_nearest(y: Array, v: Array, w: Array, m: Array, s: Array) -> None:
    """Let each item join the nearest component alive, and give all their items' moments."""
    alive = np.flatnonzero(w > 0.0)
    nearest = alive[np.abs(y[:, None] - m[alive]).argmin(axis=1)]
    for k in alive:
        own = nearest == k
        w[k] = v[own].sum() / v.sum()
        if w[k] > 0.0:
            m[k] += np.average(y[own] - m[k], weights=v[own])
            s[k] = np.sqrt(np.average((y[own] - m[k]) ** 2, weights=v[own]))
            s[k] = 0.0 if em.is_point(m[k], s[k]) else s[k]
