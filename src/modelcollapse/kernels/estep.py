"""The E-step of a one-dimensional mixture: one pass over weighted items, in lanes.

Scratch space ``work`` has the axes ``(row, lane)``; `work_rows` says how many rows a pass needs.

Loops over lanes take their items as a slice of a block's length, not as ``x[first + lane]``. Where arrays
might overlap, LLVM asks before such a loop whether they do, and if so goes on without vectors. Of
``x[first + lane]`` it asks once for all blocks, and takes them for longer than they are: scratch space that
happened to lie a little after the items doubled the time of a pass.
"""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, lane_sum, log_positive
from modelcollapse.kernels.compiling import borrowing, fma, widest_vectors
from modelcollapse.types import Array

ITEMS, GIVEN, TOP, TOTAL, HEIGHT, FIXED_ROWS = 0, 1, 2, 3, 4, 5
"""Rows of the scratch space; z and q of each component follow, then the sums, then those of pairs."""
TWO_ROWS = 10
"""Rows that `two_sums` needs."""


@borrowing
def work_rows(components: int) -> int:
    """Rows of scratch space for a mixture."""
    return FIXED_ROWS + 5 * components + 5 * components * components


@borrowing
def clear(rows: Array) -> None:
    """Set scratch space to 0 (numba takes seconds to compile an assignment to a slice)."""
    for row in range(rows.shape[0]):
        for lane in range(rows.shape[1]):
            rows[row, lane] = 0.0


@borrowing
def _load_tail(x: Array, weight: Array, size: int, first: int, items: Array, given: Array) -> None:
    """Take the last items and weights, fewer than a block; what lies behind them has weight 0."""
    for lane in range(items.size):
        items[lane], given[lane] = x[first], 0.0
    for i in range(first, size):
        items[i - first], given[i - first] = x[i], weight[i] if weight.size > 0 else 1.0


@borrowing
def _share_two(qk: Array, ql: Array, top: Array, total: Array) -> None:
    """Turn the logits of two components into responsibilities, with one exponential."""
    for lane in range(top.size):
        d = qk[lane] - ql[lane]
        e = exp_negative(-abs(d))
        s = 1.0 + e
        g = 1.0 / s
        top[lane] = max(qk[lane], ql[lane])
        total[lane] = s
        qk[lane] = g if d > 0.0 else e * g
        ql[lane] = e * g if d > 0.0 else g


@borrowing
def share(q: Array, top: Array, total: Array) -> None:
    """Turn logits ``(component, lane)`` into responsibilities, in place.

    ``top`` + log ``total`` is the log of their sum of exponentials. The largest logit is subtracted
    first, so an item may lie any number of stds away from every component.
    """
    components, width = q.shape
    if components == 2:
        _share_two(q[0], q[1], top, total)
        return
    for lane in range(width):
        top[lane] = -np.inf
        total[lane] = 0.0
    for k in range(components):
        for lane in range(width):
            top[lane] = max(top[lane], q[k, lane])
    for k in range(components):
        for lane in range(width):
            e = exp_negative(q[k, lane] - top[lane])
            q[k, lane] = e
            total[lane] += e
    for k in range(components):
        for lane in range(width):
            q[k, lane] /= total[lane]


@borrowing
def add_pair(given: Array, z: Array, qk: Array, ql: Array, out: Array) -> None:
    """Add given r_k r_l (1, z, .., z^4) of a block to ``out`` ``(5, lane)``."""
    for lane in range(z.size):
        y = z[lane]
        v = given[lane] * (qk[lane] * ql[lane])
        v1 = v * y
        v2 = v1 * y
        v3 = v2 * y
        out[0, lane] += v
        out[1, lane] += v1
        out[2, lane] += v2
        out[3, lane] += v3
        out[4, lane] += v3 * y


@borrowing
def e_step(
    x: Array, weight: Array, size: int, now: Array, components: int, sums: Array, cross: Array, work: Array
) -> float:
    """One pass over the items of one replicate; returns the log-likelihood without n/2 log(2 pi).

    With responsibilities r_k and z_k = (x - mean_k)/std_k it fills ``sums[k] = sum r_k (1, z_k, z_k^2)``
    and, if it has rows, ``cross[k K + l] = sum r_k r_l (1, z, .., z^4)`` for k < l, z of the narrower of
    the two: what Newton's method needs beside (Louis 1982), in the variable in which it is small.
    ``now`` has rows weight, mean and std; ``weight`` has no items for weight 1 each.
    """
    widest_vectors()
    width, pairs = work.shape[1], cross.shape[0] > 0
    top, total, height = work[TOP], work[TOTAL], work[HEIGHT]
    z = work[FIXED_ROWS : FIXED_ROWS + components]
    q = work[FIXED_ROWS + components : FIXED_ROWS + 2 * components]
    lanes = work[FIXED_ROWS + 2 * components : FIXED_ROWS + 5 * components]
    cross_lanes = work[FIXED_ROWS + 5 * components : work_rows(components)]
    clear(work[HEIGHT:FIXED_ROWS])
    clear(lanes)
    if pairs:
        clear(cross_lanes)
    for lane in range(width):
        work[GIVEN, lane] = 1.0
    for first in range(0, size, width):
        items, given = work[ITEMS], work[GIVEN]
        if first + width > size:
            _load_tail(x, weight, size, first, items, given)
        else:
            items = x[first : first + width]
            given = weight[first : first + width] if weight.size > 0 else given
        for k in range(components):
            center, scale = now[1, k], 1.0 / now[2, k]
            constant = math.log(now[0, k]) - math.log(now[2, k])
            for lane in range(width):
                y = (items[lane] - center) * scale
                z[k, lane] = y
                q[k, lane] = fma(-0.5 * y, y, constant)
        share(q, top, total)
        for lane in range(width):
            height[lane] += given[lane] * (top[lane] + log_positive(total[lane]))
        for k in range(components):
            for lane in range(width):
                r = given[lane] * q[k, lane]
                y = z[k, lane]
                lanes[3 * k, lane] += r
                lanes[3 * k + 1, lane] += r * y
                lanes[3 * k + 2, lane] += r * y * y
        if pairs:
            for k in range(components):
                for other in range(k + 1, components):
                    narrow = k if now[2, k] <= now[2, other] else other
                    row = 5 * (k * components + other)
                    add_pair(given, z[narrow], q[k], q[other], cross_lanes[row : row + 5])
    for k in range(components):
        for j in range(3):
            sums[k, j] = lane_sum(lanes[3 * k + j])
    if pairs:
        for k in range(components):
            for other in range(k + 1, components):
                for j in range(5):
                    cross[k * components + other, j] = lane_sum(cross_lanes[5 * (k * components + other) + j])
    return lane_sum(height)


@borrowing
def two_sums(x: Array, size: int, now: Array, sums: Array, cross: Array, total: Array, work: Array) -> None:
    """The E-step of two components and items of weight 1, without the likelihood: four times as fast.

    One exponential and one division an item, all in the z of the narrower component. The wider one has
    what the narrower leaves of the items' own sums, ``total = sum (1, z, z^2)``. ``sums`` and ``cross``
    are those of `e_step`.
    """
    widest_vectors()
    width = work.shape[1]
    narrow = 0 if now[2, 0] <= now[2, 1] else 1
    center, inverse = now[1, narrow], 1.0 / now[2, narrow]
    p = now[2, narrow] / now[2, 1 - narrow]
    a = (now[1, 1 - narrow] - center) * inverse
    c0 = math.log(now[0, narrow] / (now[0, 1 - narrow] * p)) + 0.5 * a * a * p * p
    c1, c2 = -a * p * p, -0.5 * (1.0 - p * p)
    lanes = work[:TWO_ROWS]
    clear(lanes)
    whole = size - size % width
    for first in range(0, whole, width):
        items = x[first : first + width]
        for lane in range(width):
            y = (items[lane] - center) * inverse
            d = fma(fma(c2, y, c1), y, c0)
            e = exp_negative(-abs(d))
            g = 1.0 / (1.0 + e)
            r = g if d > 0.0 else e * g
            ry, v = r * y, e * g * g
            v2 = v * y * y
            lanes[0, lane] += r
            lanes[1, lane] += ry
            lanes[2, lane] = fma(ry, y, lanes[2, lane])
            lanes[3, lane] += y
            lanes[4, lane] = fma(y, y, lanes[4, lane])
            lanes[5, lane] += v
            lanes[6, lane] = fma(v, y, lanes[6, lane])
            lanes[7, lane] += v2
            lanes[8, lane] = fma(v2, y, lanes[8, lane])
            lanes[9, lane] = fma(v2 * y, y, lanes[9, lane])
    for i in range(whole, size):
        y = (x[i] - center) * inverse
        d = fma(fma(c2, y, c1), y, c0)
        e = exp_negative(-abs(d))
        g = 1.0 / (1.0 + e)
        r = g if d > 0.0 else e * g
        for j in range(5):
            power = y**j
            lanes[5 + j, 0] += e * g * g * power
            if j < 3:
                lanes[j, 0] += r * power
            if 0 < j < 3:
                lanes[2 + j, 0] += power
    for j in range(5):
        cross[1, j] = lane_sum(lanes[5 + j])
    total[0], total[1], total[2] = float(size), lane_sum(lanes[3]), lane_sum(lanes[4])
    for j in range(3):
        sums[narrow, j] = lane_sum(lanes[j])
    r0, r1, r2 = total[0] - sums[narrow, 0], total[1] - sums[narrow, 1], total[2] - sums[narrow, 2]
    sums[1 - narrow, 0] = r0
    sums[1 - narrow, 1] = p * (r1 - a * r0)
    sums[1 - narrow, 2] = p * p * (r2 - 2.0 * a * r1 + a * a * r0)
