"""Arrays that begin where a cache line does: else every vector of eight numbers lies across two lines."""

import math
from typing import Any

import numpy as np

from modelcollapse.types import ItemArray

LINE = 64
"""Bytes."""


def empty(shape: tuple[int, ...], dtype: Any = np.float64) -> ItemArray:
    """Make an array that is not set to anything, as `numpy.empty` does."""
    size = math.prod(shape)
    whole = np.empty(size + LINE // np.dtype(dtype).itemsize, dtype)
    ahead = -whole.ctypes.data % LINE // whole.itemsize
    return whole[ahead : ahead + size].reshape(shape)
