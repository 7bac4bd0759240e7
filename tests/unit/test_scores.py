"""z of a mean over replicates: as rare as a normal one, of squares too, and large where a law is wrong."""

import numpy as np
import pytest

from modelcollapse import scores

EXPERIMENTS = 40_000


def z_of(values, expected, squares_of=0):
    return np.array([scores.of_mean(one, expected, squares_of) for one in values])


def plain(values, expected):
    return (values.mean(axis=1) - expected) / (values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]))


def test_z_of_skewed_means_is_beyond_4_hardly_more_often_than_a_normal_one():
    """Once in 16,000 is a normal z. Of 40,000 the bounds are 4 standard deviations above what was counted in
    400,000; the plain z, in whose place it stands, goes far beyond them."""
    rng = np.random.default_rng(1)
    normals = rng.standard_normal((EXPERIMENTS, 100))
    wide = np.exp(0.5 * normals - 0.125)
    for values, squares_of, most in ((normals**2, 0, 25), (normals**2, 1, 8), (wide, 0, 25)):
        z = z_of(values, 1.0, squares_of)
        beyond = int((np.abs(z) > 4).sum())
        print(f"beyond 4: {beyond} of {EXPERIMENTS}, plain {int((np.abs(plain(values, 1.0)) > 4).sum())}")
        assert beyond <= most
        assert (np.abs(plain(values, 1.0)) > 4).sum() > most
        assert abs(np.median(z)) < 0.05
        spread = np.subtract(*np.quantile(z, [0.84, 0.16]))
        assert spread == pytest.approx(1.99, abs=0.06) or squares_of == 1, "least deviations narrow it"
        assert 1.8 < spread < 2.1


def test_a_wrong_law_is_seen():
    """Of 400 squares of normals a law that is off by 2 either way is beyond 4 in more than 99 of 100."""
    squares = np.random.default_rng(2).standard_normal((500, 400)) ** 2
    for wrong, side in ((0.5, 1), (2.0, -1)):
        assert np.mean(side * z_of(squares, wrong) > 4) > 0.99
        assert np.mean(side * z_of(squares, wrong, 1) > 4) > 0.99


def test_where_nothing_is_skewed_it_is_the_plain_z():
    """Relative errors of 1e-14 keep their digits; numbers that may be negative have the plain z."""
    normals = np.random.default_rng(3).standard_normal(400)
    for relative in (1e-2, 1e-6, 1e-10):
        values = 7.0 * (1.0 + relative * normals)
        expected = 7.0 * (1.0 + 0.1 * relative)
        near = plain(values[None], expected)[0]
        assert scores.of_mean(values, expected) == pytest.approx(near, rel=1e-2, abs=1e-2 * relative)
    assert scores.of_mean(normals, 0.05) == pytest.approx(plain(normals[None], 0.05)[0], rel=1e-12)
    assert np.isnan(scores.of_mean(np.ones(5), 2.0))
    assert scores.of_mean(normals**2, np.inf) == -np.inf


def test_squares_in_many_dimensions_vary_less():
    """A sum of d squares: the least relative deviation falls as the root of d, and no power is lost."""
    values = (np.random.default_rng(4).standard_normal((200, 100, 50)) ** 2).sum(axis=2)
    z = z_of(values, 50.0, 50)
    assert z.std(ddof=1) == pytest.approx(1.0, abs=0.2)  # 4 standard errors of it
    assert np.abs(z_of(values, 60.0, 50)).min() > 4
