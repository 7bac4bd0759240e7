"""Counts drawn exactly, for totals from 0 to 2^53, at a cost that does not depend on them.

Every sampler is exact up to rounding and to the 52 random bits of a uniform. By rejection, a count has its
probability right to about 1e-7 of itself where the standard deviation is 5e7, as that of 2^53 fair coins,
and better in proportion below: its cell is hit by 4e7 uniforms. The mean is right to 1e-7 standard
deviations. By search, a probability is right to 2^-53 or so, so that what is less likely than that in a
single draw is never drawn. To see any of these takes more than 10^13 draws.
"""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import exp_negative, log_positive
from modelcollapse.kernels.compiling import borrowing, compiled, fma, inner
from modelcollapse.kernels.random import refill, uniform
from modelcollapse.types import Array, BitArray, IntArray, ItemArray

FEW = 10.0
"""Mean below which counts are searched from 0 upwards. The rejections below are valid from here on."""
NEVER = 1e-18
"""A search ends where single counts are less likely than this: the rounding of its sum is larger."""
STIRLING = np.array(
    [
        0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509,
        0.01664469118982119, 0.01387612882307075, 0.01189670994589177, 0.01041126526197209,
        0.009255462182712733, 0.008330563433362871,
    ]
)  # fmt: skip
"""log x! - (x + 1/2) log(x + 1) + (x + 1) - log(2 pi)/2 for x = 0 .. 9."""
HALF_BITS = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


# logarithms that keep their digits


@inner
def log_rest(d: float, x: float) -> float:
    """log(1 + d/x) - d/x for x > 0 and x + d > 0, to a few roundings of its own size.

    Near d = 0 it is -t s + 2 s^3/3 + 2 s^5/5 + ... with t = d/x and s = t/(2 + t).
    """
    t = d / x
    if abs(t) > 0.1:
        return log_positive((x + d) / x) - t
    s = d / (x + x + d)
    z = s * s
    p = fma(z, 1.0 / 13.0, 1.0 / 11.0)
    p = fma(z, p, 1.0 / 9.0)
    p = fma(z, p, 1.0 / 7.0)
    p = fma(z, p, 1.0 / 5.0)
    p = fma(z, p, 1.0 / 3.0)
    return s * fma(2.0 * z, p, -t)


@inner
def _stirling(x: float) -> float:
    """Give what Stirling's formula for log x! leaves out, within 1e-14; see `STIRLING`."""
    if x < 10.0:
        return float(STIRLING[np.int64(x)])
    y = 1.0 / (x + 1.0)
    z = y * y
    p = fma(z, 1.0 / 1188.0, -1.0 / 1680.0)
    p = fma(z, p, 1.0 / 1260.0)
    p = fma(z, p, -1.0 / 360.0)
    return y * fma(z, p, 1.0 / 12.0)


@inner
def log_factorial_ratio(m: float, d: float) -> float:
    """log(m! (m + 1)^d / (m + d)!) for whole numbers m and m + d from 0 to 2^53.

    It is about -d^2/(2m), right to 1e-13 up to nine standard deviations sqrt(m) and to 3e-14 of itself
    anywhere. The ratio of the two factorials alone has a logarithm near -d log m, which at m = 1e15 and
    d = 1e8 is 3e9, and known to 4e-7 at best. In a ratio of probabilities the factors (m + 1)^d of all
    its factorials nearly cancel, and so they are multiplied outside.
    """
    x = m + 1.0
    if abs(d) > 0.1 * x:
        change = (x + d - 0.5) * log_positive((x + d) / x) - d
    else:
        change = (d - 0.5) * (d / x) + (x + d - 0.5) * log_rest(d, x)
    return (_stirling(m) - _stirling(m + d)) - change


# binomial and multinomial


@inner
def _unit(bits: np.uint64) -> float:
    """Give the number strictly between 0 and 1 that `uniform` makes of 64 random bits."""
    return float((np.float64(np.int64(bits >> np.uint64(12))) + 0.5) * 2.0**-52)


@borrowing
def _pair(state: BitArray, block: BitArray, used: IntArray) -> int:
    """Give the index of the next two numbers of ``block``: two calls of `uniform` take twice as long."""
    first = int(used[0])
    if first + 2 > block.size:
        refill(state, block)
        first = 0
    used[0] = first + 2
    return first


@borrowing
def _binomial_by_search(n: float, p: float, u: float) -> float:
    """Count up from 0 until the probabilities passed exceed ``u``; p <= 1/2."""
    odds = p / (1.0 - p)
    chance = exp_negative(n * (log_rest(-p, 1.0) - p))
    k = 0.0
    while u > chance and k < n and chance > NEVER:
        u -= chance
        chance *= (n - k) * odds / (k + 1.0)
        k += 1.0
    return k


@borrowing
def _binomial_by_rejection(n: float, p: float, state: BitArray, block: BitArray, used: IntArray) -> float:
    """Transformed rejection with a squeeze for n p >= 10, p <= 1/2.

    BTRS of Hormann (1993), J. Stat. Comput. Simul. 46, 101, counted from the mode so that no digits go
    to the mean.
    """
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    squeeze = 0.92 - 4.2 / b
    mode = np.floor((n + 1.0) * p)
    centre = fma(n, p, -mode) + 0.5
    while True:
        first = _pair(state, block, used)
        u, v = _unit(block[first]) - 0.5, _unit(block[first + 1])
        edge = 0.5 - abs(u)
        d = np.floor((2.0 * a / edge + b) * u + centre)
        if edge >= 0.07 and v <= squeeze:
            return float(mode + d)
        if d < -mode or d > n - mode:
            continue
        tilt = log_positive((n - mode + 1.0) * p / ((mode + 1.0) * (1.0 - p)))
        height = log_factorial_ratio(mode, d) + log_factorial_ratio(n - mode, -d) + d * tilt
        if log_positive(v * (2.83 + 5.1 / b) * spread / (a / (edge * edge) + b)) <= height:
            return float(mode + d)


@borrowing
def binomial(n: int, p: float, state: BitArray, block: BitArray, used: IntArray) -> int:
    """Draw the number of successes in ``n`` trials; n from 0 to 2^53. A p that is no number is 0."""
    if n <= 0 or not p > 0.0:
        return 0
    if p >= 1.0:
        return n
    less = min(p, 1.0 - p)
    if n * less < FEW:
        k = int(_binomial_by_search(float(n), less, uniform(state, block, used)))
    else:
        k = int(_binomial_by_rejection(float(n), less, state, block, used))
    return n - k if p > 0.5 else k


@inner
def multinomial(
    n: int, mass: Array, bins: int, out: IntArray, state: BitArray, block: BitArray, used: IntArray
) -> None:
    """Put ``n`` items into bins with probabilities proportional to ``mass[:bins]``: ``out[:bins]``.

    One binomial a bin, out of those left, given the bins before. What lies behind a bin is added up from
    the last bin on, so that nothing is subtracted, and the binomial is of the smaller side. So every
    count, however small its mass, has its mean to within about ``bins`` roundings. Bins without positive
    mass stay empty; where all are such, no item is put anywhere.
    """
    behind = np.empty(bins)
    total = 0.0
    for i in range(bins - 1, -1, -1):
        behind[i] = total
        total += mass[i] if mass[i] > 0.0 else 0.0
    left = n
    for i in range(bins):
        k = 0
        if left > 0 and mass[i] > 0.0:
            more = mass[i] > behind[i]
            part = behind[i] if more else mass[i]
            k = binomial(left, part / (mass[i] + behind[i]), state, block, used)
            if more:
                k = left - k
        out[i] = k
        left -= k


@compiled
def multinomials(n: IntArray, mass: Array, bins: IntArray, state: BitArray, out: IntArray) -> None:
    """Draw the `multinomial` of every replicate.

    ``n`` and ``bins`` have the axis ``(replicate,)``, ``mass`` and ``out`` ``(replicate, bin)``, the
    ``state`` ``(replicate, word, lane)``. Behind a replicate's last bin, ``out`` is 0.
    """
    block, used = np.empty(state.shape[2], dtype=np.uint64), np.empty(1, dtype=np.int64)
    for r in range(n.size):
        used[0] = block.size
        for i in range(bins[r], out.shape[1]):
            out[r, i] = 0
        multinomial(n[r], mass[r], bins[r], out[r], state[r], block, used)


# hypergeometric


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
        first = _pair(state, block, used)
        u, v = _unit(block[first]), _unit(block[first + 1])
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
