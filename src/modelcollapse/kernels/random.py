"""Random numbers inside kernels: uniforms and normals from the lanes of a replicate's stream.

A replicate's ``state`` has the axes ``(word, lane)``: the four 64-bit words of xoshiro256++ (Blackman
and Vigna 2021, ACM Trans. Math. Software 47, 36) for each lane. All lanes advance together, so that
the loops vectorise. Every kernel begins with a fresh block of lanes: what is left of the last block of
the call before is not used.
"""

import math

import numpy as np

from modelcollapse.kernels.arithmetic import ROUND, log_positive
from modelcollapse.kernels.compiling import as_float, borrowing, fma, inner, widest_vectors
from modelcollapse.types import Array, BitArray, IntArray

ONE = 0x3FF0000000000000
"""The bits of 1.0; with 52 random bits below them, a float from 1 to 2."""
TWO_PI = 6.283185307179586


@borrowing
def refill(state: BitArray, block: BitArray) -> None:
    """Advance all lanes by one step; their outputs, 64 random bits each, go to ``block`` ``(lane,)``."""
    widest_vectors()
    for lane in range(block.size):
        s0, s1, s2, s3 = state[0, lane], state[1, lane], state[2, lane], state[3, lane]
        total = s0 + s3
        block[lane] = ((total << np.uint64(23)) | (total >> np.uint64(41))) + s0
        t = s1 << np.uint64(17)
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= t
        s3 = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
        state[0, lane], state[1, lane], state[2, lane], state[3, lane] = s0, s1, s2, s3


@inner
def unit(bits: np.uint64) -> float:
    """Give the number strictly between 0 and 1 that 64 random bits stand for, a multiple of 2^-53."""
    return float((np.float64(np.int64(bits >> np.uint64(12))) + 0.5) * 2.0**-52)


@borrowing
def uniform(state: BitArray, block: BitArray, used: IntArray) -> float:
    """Give the next number strictly between 0 and 1, a multiple of 2^-53.

    ``used[0]`` says how many numbers of ``block`` have been given; a kernel begins with ``block.size``.
    """
    if used[0] >= block.size:
        refill(state, block)
        used[0] = 0
    used[0] += 1
    return unit(block[used[0] - 1])


@borrowing
def pair(state: BitArray, block: BitArray, used: IntArray) -> int:
    """Give the index of the next two numbers of ``block``: two calls of `uniform` take twice as long."""
    first = int(used[0])
    if first + 2 > block.size:
        refill(state, block)
        first = 0
    used[0] = first + 2
    return first


@borrowing
def normal_block(state: BitArray, bits: BitArray, radius: Array, first: Array, second: Array) -> None:
    """Draw two normals a lane, by Box and Muller: ``first`` and ``second`` ``(lane,)``.

    The radius is sqrt(-2 log u) with u in (0, 1], 52 bits; so normals end at 8.5. The angle is reduced
    to an eighth of a turn, where Taylor polynomials of degree 13 and 14 are exact to rounding.
    """
    widest_vectors()
    refill(state, bits)
    for lane in range(bits.size):
        u = 2.0 - as_float(np.int64(bits[lane] >> np.uint64(12)) | ONE)
        radius[lane] = math.sqrt(-2.0 * log_positive(u))
    refill(state, bits)
    for lane in range(bits.size):
        turn = as_float(np.int64(bits[lane] >> np.uint64(12)) | ONE) - 1.5
        quarter = fma(turn, 4.0, ROUND) - ROUND  # -2 .. 2
        a = fma(quarter, -0.25, turn) * TWO_PI
        b = a * a
        p = fma(b, 1.6059043836821613e-10, -2.505210838544172e-08)
        p = fma(b, p, 2.7557319223985893e-06)
        p = fma(b, p, -1.984126984126984e-04)
        p = fma(b, p, 8.333333333333333e-03)
        p = fma(b, p, -1.6666666666666666e-01)
        sine = a * fma(b, p, 1.0)
        p = fma(b, -1.1470745597729725e-11, 2.08767569878681e-09)
        p = fma(b, p, -2.755731922398589e-07)
        p = fma(b, p, 2.48015873015873e-05)
        p = fma(b, p, -1.388888888888889e-03)
        p = fma(b, p, 4.1666666666666664e-02)
        p = fma(b, p, -0.5)
        cosine = fma(b, p, 1.0)
        odd, half = abs(quarter) == 1.0, abs(quarter) == 2.0
        r = radius[lane]
        first[lane] = (-r if (quarter == 1.0) | half else r) * (sine if odd else cosine)
        second[lane] = (-r if (quarter == -1.0) | half else r) * (cosine if odd else sine)


@inner
def normals(state: BitArray, out: Array, size: int, scratch: Array) -> None:
    """Fill ``out[:size]`` with independent standard normals. ``scratch`` has the axes ``(3, lane)``."""
    width = scratch.shape[1]
    bits = np.empty(width, dtype=np.uint64)
    radius, first, second = scratch[0], scratch[1], scratch[2]
    whole = size - size % (2 * width)
    for start in range(0, whole, 2 * width):
        middle, end = start + width, start + 2 * width
        normal_block(state, bits, radius, out[start:middle], out[middle:end])
    if whole < size:
        normal_block(state, bits, radius, first, second)
        for lane in range(min(width, size - whole)):
            out[whole + lane] = first[lane]
        for lane in range(size - whole - width):
            out[whole + width + lane] = second[lane]
