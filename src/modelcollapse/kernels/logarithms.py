"""Logarithms of ratios of factorials, which keep their digits."""

import numpy as np

from modelcollapse.kernels.arithmetic import log_positive
from modelcollapse.kernels.compiling import fma, inner

STIRLING = np.array(
    [
        0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509,
        0.01664469118982119, 0.01387612882307075, 0.01189670994589177, 0.01041126526197209,
        0.009255462182712733, 0.008330563433362871,
    ]
)  # fmt: skip
"""log x! - (x + 1/2) log(x + 1) + (x + 1) - log(2 pi)/2 for x = 0 .. 9."""


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
