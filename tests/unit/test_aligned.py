"""Arrays that begin where a cache line does."""

import numpy as np
import pytest

from modelcollapse import aligned
from modelcollapse.engines.exact import ExactEngine, Items
from modelcollapse.families.gaussian import Gaussian


@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (4, 10_000), (3, 4, 32), (0, 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.uint64, np.float32])
def test_arrays_begin_where_a_line_does_and_are_their_own(shape, dtype):
    kept = [aligned.empty(shape, dtype) for _ in range(20)]
    assert {(one.shape, one.dtype) for one in kept} == {(shape, np.dtype(dtype))}
    assert all(one.flags.c_contiguous and one.flags.writeable for one in kept)
    if kept[0].size:
        assert {one.ctypes.data % aligned.LINE for one in kept} == {0}
    for number, one in enumerate(kept):
        one[...] = number
    assert all(np.all(one == number) for number, one in enumerate(kept))


def test_parts_of_two_kinds_of_numbers_lose_nothing():
    size = np.array([2, 2])
    whole = Items(np.array([[1, 2], [3, 4]]), size)
    parts = Items(np.array([[0.5, 1.5], [2.5, 3.5]]), size)
    merged = ExactEngine(Gaussian()).merge(whole, parts)
    assert merged.x.tolist() == [[1.0, 2.0, 0.5, 1.5], [3.0, 4.0, 2.5, 3.5]]
    assert merged.size.tolist() == [4, 4]
    fewer = Items(parts.x, np.array([2, 1]))  # and where replicates have different sizes
    merged = ExactEngine(Gaussian()).merge(whole, fewer)
    assert merged.x.tolist() == [[1.0, 2.0, 0.5, 1.5], [3.0, 4.0, 2.5, 0.0]]
    assert merged.size.tolist() == [4, 3]
