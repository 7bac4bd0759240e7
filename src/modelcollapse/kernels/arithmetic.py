"""Elementary functions that LLVM vectorises, unlike the C library's, and sums in a fixed order."""

import numpy as np

from modelcollapse.kernels.compiling import as_bits, as_float, fma, inner
from modelcollapse.types import Array

ROUND = 6755399441055744.0
"""1.5 x 2^52: added and taken away again, it rounds a float to the nearest whole number."""


@inner
def exp_negative(x: float) -> float:
    """exp(x) for x <= 0, within two units in the last place; below -708 it stays at exp(-708).

    Range reduction by ln 2 in two parts, a Taylor polynomial of degree 13, and exponent bits.
    """
    x = max(x, -708.0)
    shifted = fma(x, 1.4426950408889634, ROUND)  # its last bits are the exponent
    k = shifted - ROUND
    r = fma(k, -6.93147180369123816490e-01, x)
    r = fma(k, -1.90821492927058770002e-10, r)
    p = 1.0 / 6227020800.0
    p = fma(p, r, 1.0 / 479001600.0)
    p = fma(p, r, 1.0 / 39916800.0)
    p = fma(p, r, 1.0 / 3628800.0)
    p = fma(p, r, 1.0 / 362880.0)
    p = fma(p, r, 1.0 / 40320.0)
    p = fma(p, r, 1.0 / 5040.0)
    p = fma(p, r, 1.0 / 720.0)
    p = fma(p, r, 1.0 / 120.0)
    p = fma(p, r, 1.0 / 24.0)
    p = fma(p, r, 1.0 / 6.0)
    p = fma(p, r, 0.5)
    p = 1.0 + fma(r * r, p, r)  # the large terms last, rounded once each
    return p * as_float((as_bits(shifted) + 1023) << 52)


@inner
def log_positive(x: float) -> float:
    """log(x) for a positive normal number, within one unit in the last place.

    x = 2^k m with m between sqrt(1/2) and sqrt(2); log m = 2 atanh(s) with s = (m - 1)/(m + 1), by the
    polynomial in s^2 of the public FreeBSD library (Ng 1986, error below 2^-58).
    """
    bits = as_bits(x)
    k = (bits - 0x3FE6A09E667F3BCD) >> 52
    f = as_float(bits - (k << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = fma(z, 1.479819860511658591e-01, 1.531383769920937332e-01)
    p = fma(z, p, 1.818357216161805012e-01)
    p = fma(z, p, 2.222219843214978396e-01)
    p = fma(z, p, 2.857142874366239149e-01)
    p = fma(z, p, 3.999999999940941908e-01)
    p = fma(z, p, 6.666666666666735130e-01)
    half = 0.5 * f * f
    low = fma(s, fma(z, p, half), np.float64(k) * 1.90821492927058770002e-10)
    return fma(np.float64(k), 6.93147180369123816490e-01, f - (half - low))


@inner
def lane_sum(lanes: Array) -> float:
    """Add up lanes pairwise, in a fixed order; they are used up. Their number is a power of two."""
    width = lanes.size
    while width > 1:
        width //= 2
        for lane in range(width):
            lanes[lane] += lanes[lane + width]
    return float(lanes[0])
