"""Arrays that begin where a cache line does: else every vector of eight numbers lies across two lines."""

import math
from typing import Any

import numpy as np

from modelcollapse.types import ItemArray

LINE = 64
"""Bytes."""


def empty(shape: tuple[int, ...], dtype: Any = np.float64) -> ItemArray:
    """Make an array of 64-bit numbers that is not set to anything, as `numpy.empty` does."""
    size = math.prod(shape)
    whole = np.empty(size + LINE // 8, dtype)
    ahead = -whole.ctypes.data % LINE // 8
    return whole[ahead : ahead + size].reshape(shape)
