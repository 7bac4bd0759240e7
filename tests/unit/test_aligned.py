"""Arrays that begin where a cache line does."""

import numpy as np
import pytest

from modelcollapse import aligned


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
