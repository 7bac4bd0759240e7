"""Items picked without replacement, exactly: how many of each bin, or which; as exact as `counting`."""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, log_positive
from modelcollapse.kernels.compiling import borrowing, compiled, inner
from modelcollapse.kernels.counting import FEW, NEVER
from modelcollapse.kernels.logarithms import log_factorial_ratio, log_rest
from modelcollapse.kernels.random import pair, refill, uniform, unit
from modelcollapse.types import BitArray, IntArray, ItemArray

HALF_BITS = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


@inner
def _hypergeometric_by_search(total: float, few: float, some: float, u: float) -> float:
    """Count up from 0 until the probabilities passed exceed ``u``; few <= some <= total/2."""
    rest = total - few - some
    none = few * (log_rest(-some, total - few + 1.0) - some / (total - few + 1.0))
    none += log_factorial_ratio(total - few, few) - log_factorial_ratio(rest, few)
    chance = exp_negative(min(none, 0.0))
    k = 0.0
    while u > chance and k < few and chance > NEVER:
        u -= chance
        chance *= (few - k) * (some - k) / ((k + 1.0) * (rest + k + 1.0))
        k += 1.0
    return k


@borrowing
def _hypergeometric_by_rejection(
    total: float, few: float, some: float, state: BitArray, block: BitArray, used: IntArray
) -> float:
    """Ratio of uniforms, counted from the mode; few <= some <= total/2.

    HRUA of Stadlober (1990), J. Comput. Appl. Math. 31, 181.
    """
    rest = total - few - some
    mean = few * (some / total)
    spread = math.sqrt(mean * ((total - few) / total) * ((total - some) / (total - 1.0)) + 0.5)
    width = 1.7155277699214135 * spread + 0.8989161620588988  # 2 sqrt(2/e), 3 - 2 sqrt(3/e)
    mode = np.floor((few + 1.0) * ((some + 1.0) / (total + 2.0)))
    centre = mean - mode + 0.5
    tilt = log_positive((few - mode + 1.0) / (mode + 1.0) * ((some - mode + 1.0) / (rest + mode + 1.0)))
    while True:
        first = pair(state, block, used)
        u, v = unit(block[first]), unit(block[first + 1])
        d = np.floor(width * (v - 0.5) / u + centre)
        if d < -mode or d > few - mode:
            continue
        height = log_factorial_ratio(mode, d) + log_factorial_ratio(few - mode, -d) + d * tilt
        height += log_factorial_ratio(some - mode, -d) + log_factorial_ratio(rest + mode, d)
        if u * (4.0 - u) - 3.0 <= height or (u * (u - height) < 1.0 and 2.0 * log_positive(u) <= height):
            return float(mode + d)


@borrowing
def hypergeometric(good: int, bad: int, sample: int, state: BitArray, block: BitArray, used: IntArray) -> int:
    """Draw the number of good items among ``sample`` taken without replacement; good + bad <= 2^53.

    Taking more than there are takes all. The law is symmetric in good and bad, taken and left, and in
    taken and good: all is drawn with few <= some <= total/2.
    """
    total = good + bad
    if sample <= 0 or good <= 0:
        return 0
    if sample >= total:
        return good
    if bad <= 0:
        return sample
    rare, part = min(good, bad), min(sample, total - sample)
    few, some = float(min(rare, part)), float(max(rare, part))
    if few * (some / total) < FEW:
        k = int(_hypergeometric_by_search(float(total), few, some, uniform(state, block, used)))
    else:
        k = int(_hypergeometric_by_rejection(float(total), few, some, state, block, used))
    if part < sample:
        k = rare - k
    return k if good <= bad else sample - k


@compiled
def pick_counts(count: IntArray, bins: IntArray, size: IntArray, state: BitArray, out: IntArray) -> None:
    """Pick ``size`` of every replicate's items without replacement, where items are counts on bins.

    One hypergeometric a bin, out of the items left. ``size`` and ``bins`` have the axis ``(replicate,)``,
    ``count`` and ``out`` ``(replicate, bin)``, the ``state`` ``(replicate, word, lane)``. Behind a
    replicate's last bin, ``out`` is 0.
    """
    block, used = np.empty(state.shape[2], dtype=np.uint64), np.empty(1, dtype=np.int64)
    for r in range(size.size):
        used[0] = block.size
        lanes, left, behind = state[r], size[r], 0
        for i in range(bins[r]):
            behind += count[r, i]
        for i in range(out.shape[1]):
            k = 0
            if left > 0 and i < bins[r]:
                behind -= count[r, i]
                k = hypergeometric(count[r, i], behind, left, lanes, block, used)
            out[r, i] = k
            left -= k


# items


@borrowing
def below(n: int, state: BitArray, block: BitArray, used: IntArray) -> int:
    """Draw a whole number from 0 to n - 1, all exactly equally likely; n from 1 to 2^32.

    The upper 64 bits of the product of n and 64 random bits; the few products that would favour some
    numbers are drawn again (Lemire 2019, ACM Trans. Model. Comput. Simul. 29, 3).
    """
    m = np.uint64(n)
    while True:
        if used[0] >= block.size:
            refill(state, block)
            used[0] = 0
        bits = block[used[0]]
        used[0] += 1
        lower = bits * m
        if lower >= m or lower >= (np.uint64(0) - m) % m:
            carry = ((bits & LOW) * m) >> HALF_BITS
            return int(np.int64(((bits >> HALF_BITS) * m + carry) >> HALF_BITS))


@compiled
def shuffle_pick(x: ItemArray, size: IntArray, chosen: IntArray, state: BitArray, out: ItemArray) -> None:
    """Pick ``chosen`` of the first ``size`` items of every replicate without replacement, in any order.

    The first steps of a shuffle by Fisher and Yates, on a copy: they choose what to take, or what to
    leave where that is less. ``x`` ``(replicate, item)`` are of any type, ``out`` is of the same; its
    items from ``chosen`` on stay as they are. Choosing more than there are takes all.
    """
    block, used = np.empty(state.shape[2], dtype=np.uint64), np.empty(1, dtype=np.int64)
    items = np.empty_like(x[0])
    for r in range(size.size):
        used[0] = block.size
        lanes, there, wanted = state[r], size[r], min(chosen[r], size[r])
        for i in range(there):
            items[i] = x[r, i]
        steps = min(wanted, there - wanted)
        for i in range(steps):
            j = i + below(there - i, lanes, block, used)
            items[i], items[j] = items[j], items[i]
        start = 0 if steps == wanted else steps
        for i in range(wanted):
            out[r, i] = items[start + i]
