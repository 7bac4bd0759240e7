"""Points: components whose items are all equal take these items, whole."""

import numpy as np
import pytest

from modelcollapse.families import climbing


@pytest.mark.parametrize("weighted", [False, True])
def test_claim_takes_the_items_of_a_point(weighted):
    y = np.array([2.0, 1.0, 2.0, 3.0, 2.0 + 2.0**-51, 2.0 + 1e-9])
    v = np.arange(1.0, 7.0) if weighted else np.ones(6)
    w, m, s = np.array([0.5, 0.5]), np.array([2.0, 0.0]), np.array([0.0, 1.0])
    moving, held, free = climbing._claim(y, v, w, m, s)
    assert moving.tolist() == [False, True]
    assert y[free].tolist() == [1.0, 3.0, 2.0 + 1e-9]
    assert held.tolist() == [v[[0, 2, 4]].sum(), 0.0]
    assert m[0] == pytest.approx(2.0, rel=1e-15)


def test_a_point_nobody_comes_to_holds_nothing_and_stays_where_it_was():
    w, m, s = np.array([0.5, 0.5]), np.array([7.0, 0.0]), np.array([0.0, 1.0])
    _, held, free = climbing._claim(np.array([1.0, 2.0]), np.ones(2), w, m, s)
    assert held[0] == 0.0
    assert m[0] == 7.0
    assert free.all()


@pytest.mark.parametrize("weighted", [False, True])
def test_items_join_the_nearest_point(weighted):
    y = np.array([0.0, 0.1, 0.9, 1.2, 5.0, 5.0])
    v = np.arange(1.0, 7.0) if weighted else np.ones(6)
    w, m, s = np.array([0.3, 0.3, 0.4, 0.0]), np.array([0.0, 1.0, 5.0, 0.9]), np.zeros(4)
    climbing._join_nearest(y, v, w, m, s)
    for k, mine in enumerate([[0, 1], [2, 3], [4, 5]]):
        mean = np.average(y[mine], weights=v[mine])
        variance = np.average((y[mine] - mean) ** 2, weights=v[mine])
        expected = (v[mine].sum() / v.sum(), mean, variance**0.5)
        assert (w[k], m[k], s[k]) == pytest.approx(expected, rel=1e-14)
    assert s[2] == 0.0  # its items are equal: still a point
    assert (w[3], m[3], s[3]) == (0.0, 0.9, 0.0)  # the dead take nothing
