"""Elementary functions that LLVM vectorises, and sums in a fixed order."""

import numpy as np

from modelcollapse.kernels.compiling import LANES, as_float, inner
from modelcollapse.types import Array


@inner
def exp_negative(x: float) -> float:
    """exp(x) for x <= 0, within two units in the last place; below -708 it stays at exp(-708).

    Range reduction by ln 2 in two parts, a polynomial of degree 13, and exponent bits: a form that
    LLVM vectorises, where a call of the C library's exp does not.
    """
    x = max(x, -708.0)
    k = (x * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0
    r = x - k * 6.93147180369123816490e-01
    r = r - k * 1.90821492927058770002e-10
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = 1.0 + (r + (r * r) * p)  # the large terms last, rounded once each
    return p * as_float((np.int64(k) + 1023) << 52)  # type: ignore[call-arg]


@inner
def lane_sum(lanes: Array, start: int) -> float:
    """Add up one row of lanes, pairwise, in a fixed order."""
    width = LANES
    part = np.empty(LANES)
    for lane in range(LANES):
        part[lane] = lanes[start + lane]
    while width > 1:
        width //= 2
        for lane in range(width):
            part[lane] += part[lane + width]
    return float(part[0])
