"""EM: it climbs, it stops at the top, and components that die or become points lose no item."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

from modelcollapse.families.climbing import climb
from modelcollapse.kernels import em
from modelcollapse.kernels.compiling import LANES
from modelcollapse.types import Status

NONE = np.empty(0)
TOLERANCE = 1e-5
GONE = int(Status.COMPONENT_DEAD | Status.POINT_MASS)


@dataclass
class Fitted:
    """One fit: its items, its start, and what came of it."""

    x: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    passes: int
    status: Status
    trace: np.ndarray

    @property
    def params(self):
        return self.weight, self.mean, self.std


def fit(x, w, m, s, *, item_weight=NONE, tolerance=TOLERANCE, steps=10_000, reg=0.0, plain=False):
    x = np.array(x, dtype=float)
    start = tuple(np.array(part, dtype=float)[None] for part in (w, m, s))
    size, given = np.array([len(x)]), item_weight[None] if item_weight.size else np.empty((1, 0))
    trace, parts = np.full(steps + 10, np.nan), tuple(part.copy() for part in start)
    passes, status = em.em_batch(
        x[None], given, size, *parts, np.zeros(1, dtype=bool), tolerance, steps, reg, plain, trace, LANES
    )  # fmt: skip
    if status[0] & Status.POINT_MASS:  # points are not the kernel's
        weight = given if item_weight.size else None
        parts, passes, status = climb(x[None], size, weight, start, tolerance, steps, reg)
    params = (part[0] for part in parts)
    return Fitted(x, *params, int(passes[0]), Status(int(status[0])), trace[~np.isnan(trace)])


def keeps_the_moments(fitted, item_weight=None):
    """The weights add up to 1, and mean and variance are the items', to 1e-10."""
    w, m, s = fitted.params
    mean = np.average(fitted.x, weights=item_weight)
    variance = np.average((fitted.x - mean) ** 2, weights=item_weight)
    assert w.sum() == pytest.approx(1.0, rel=1e-12)
    reach = 1e-10 * np.sqrt(variance) + 4 * np.spacing(np.abs(fitted.x).max())
    assert abs(w @ m - mean) <= reach
    assert w @ (s**2 + (m - mean) ** 2) == pytest.approx(variance, rel=1e-10)


def log_likelihood(x, w, m, s):
    logs = (np.log(w) - np.log(s))[:, None] - 0.5 * ((x - m[:, None]) / s[:, None]) ** 2
    return float(logsumexp(logs, axis=0).sum())


def promised_gain(x, w, m, s, h=1e-4):
    """What a parabola through the log-likelihood promises, all derivatives by differences.

    Coordinates: logits but the last, means in stds, log stds.
    """
    free = len(w) - 1

    def at(step):
        v = w * np.exp(np.append(step[:free], 0.0))
        b, c = step[free:].reshape(2, -1)
        return log_likelihood(x, v / v.sum(), m + s * b, s * np.exp(c))

    e = h * np.eye(3 * len(w) - 1)
    here, up, down = at(0 * e[0]), [at(a) for a in e], [at(-a) for a in e]
    score = (np.array(up) - down) / (2 * h)
    hessian = np.empty((len(e), len(e)))
    for i in range(len(e)):
        hessian[i, i] = (up[i] + down[i] - 2 * here) / h**2
        for j in range(i):
            both = at(e[i] + e[j]) + at(-e[i] - e[j]) - up[i] - down[i] - up[j] - down[j]
            hessian[i, j] = hessian[j, i] = (both + 2 * here) / (2 * h**2)
    return float(0.5 * score @ np.linalg.solve(-hessian, score))


def random_problem(seed):
    """2 K to 400 items of 1 to 5 components, near or far apart, and a start that is not theirs."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 6))
    size = int(np.exp(rng.uniform(np.log(2 * k), np.log(400))))
    own = rng.integers(k, size=size)
    x = rng.normal(rng.uniform(0, 4) * own, np.exp(rng.normal(0, 0.5, k))[own])
    start = rng.dirichlet(np.full(k, 2.0)), rng.normal(x.mean(), x.std(), k)
    return x, *start, x.std() * np.exp(rng.normal(-0.5, 0.5, k))


def two_bumps(size=400, seed=1):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(-2, 1, size // 2), rng.normal(2, 1, size - size // 2)])


TRUTH = ([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0])
SEEDS = range(1000)


@pytest.fixture(scope="module")
def fits():
    return {seed: fit(*random_problem(seed)) for seed in SEEDS}


def test_bits_are_those_of_the_statuses():
    assert (em.DEAD, em.POINT) == (Status.COMPONENT_DEAD, Status.POINT_MASS)
    assert (em.NOT_CONVERGED, em.NONFINITE) == (Status.NOT_CONVERGED, Status.NONFINITE)
    assert em.UNIDENTIFIED == Status.UNIDENTIFIED


# a thousand fits


def test_the_likelihood_never_falls(fits):
    fell = {}
    for seed, fitted in fits.items():
        if fitted.status & GONE or len(fitted.trace) < 2:
            continue  # another set of components has another likelihood
        height = fitted.trace
        step = np.diff(height) / np.maximum(np.abs(height[1:]), len(fitted.x))
        if step.min() < -1e-12:
            fell[seed] = (fitted.status, float(step.min()))
    assert fell == {}


def test_every_fit_is_finite_and_keeps_the_moments(fits):
    """Of ordinary data: whatever happens to components, no item is lost."""
    lost = {}
    for seed, fitted in fits.items():
        try:
            assert not fitted.status & Status.NONFINITE
            keeps_the_moments(fitted)
        except AssertionError:
            lost[seed] = (fitted.status, fitted.params)
    assert lost == {}


def test_nothing_is_left_to_gain_at_the_stop(fits):
    """A fit without a flag is at a maximum, by a parabola that knows nothing of the kernels."""
    done = {s: f for s, f in fits.items() if not f.status and len(f.weight) > 1}
    assert len(done) > 600
    # Differences cannot see the logit of a component that holds a thousandth of an item
    seen = {s: f for s, f in done.items() if f.weight.min() * len(f.x) > 1e-3}
    assert len(seen) > 0.97 * len(done)
    gains = {seed: promised_gain(f.x, *f.params) for seed, f in seen.items() if seed % 3 == 0}
    assert {s: g for s, g in gains.items() if not -1e-3 * TOLERANCE < g < TOLERANCE} == {}


def test_three_thousand_plain_steps_more_gain_less_than_the_tolerance(fits):
    gains = {}
    for seed, fitted in fits.items():
        if seed % 2 or fitted.status or fitted.weight.min() * len(fitted.x) < 1e-3:
            continue  # one with a thousandth of an item may yet be pulled onto a single item
        if len(fitted.weight) == 1:
            continue
        on = fit(fitted.x, *fitted.params, tolerance=0.0, steps=3000, plain=True)
        gains[seed] = float(on.trace[-1] - on.trace[0])
    assert len(gains) > 300
    assert {seed: gain for seed, gain in gains.items() if gain >= TOLERANCE} == {}


def test_few_fits_are_stopped_by_the_limit(fits):
    assert sum(bool(f.status & Status.NOT_CONVERGED) for f in fits.values()) <= 2


def test_newton_needs_far_fewer_passes_than_plain_em(fits):
    """From a start that is not near the maximum; plain EM stops where its own series ends."""
    many = [s for s, f in fits.items() if not f.status and len(f.weight) > 1][:150]
    plain = [fit(*random_problem(seed), plain=True).passes for seed in many]
    assert np.median(plain) > 3 * np.median([fits[seed].passes for seed in many])


# other programs, other ways


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("steps", [1, 2, 5, 25])
@pytest.mark.parametrize("seed", [3, 8, 21, 36])
def test_plain_steps_are_those_of_scikit_learn(steps, seed):
    """A pass is an E- and an M-step there, too; its last E-step changes no parameter."""
    x, w, m, s = random_problem(seed)
    ours = fit(x, w, m, s, tolerance=0.0, steps=steps, plain=True)
    theirs = GaussianMixture(
        len(w), tol=0.0, reg_covar=0.0, max_iter=steps, init_params="random", random_state=0,
        weights_init=w, means_init=m[:, None], precisions_init=1 / s[:, None, None] ** 2,
    ).fit(x[:, None])  # fmt: skip
    assert ours.passes == theirs.n_iter_ == steps
    assert ours.weight == pytest.approx(theirs.weights_, rel=1e-9)
    assert np.abs(ours.mean - theirs.means_[:, 0]).max() <= 1e-9 * x.std()
    assert ours.std == pytest.approx(np.sqrt(theirs.covariances_[:, 0, 0]), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_newton_and_plain_em_reach_the_same_maximum(seed):
    """The reference case: N = 10,000 from the truth, to a thousandth of a standard error."""
    x = two_bumps(10_000, seed)
    newton = fit(x, *TRUTH)
    plain = fit(x, *TRUTH, tolerance=0.0, steps=5_000, plain=True)
    assert not newton.status
    assert newton.passes < 20
    gain = plain.trace[-1] - log_likelihood(x, *newton.params)
    assert -1e-12 * len(x) < gain < TOLERANCE
    exact = fit(x, *TRUTH, tolerance=1e-10)
    for ours, theirs in zip(exact.params, plain.params, strict=True):
        assert np.abs(ours - theirs).max() < 1e-3 / np.sqrt(len(x))


def test_the_tolerance_bounds_what_is_left():
    x = two_bumps(500)
    top = fit(x, *TRUTH, tolerance=1e-13).params
    for tolerance in (1e-1, 1e-3, 1e-5, 1e-8):
        left = log_likelihood(x, *top) - log_likelihood(x, *fit(x, *TRUTH, tolerance=tolerance).params)
        assert -1e-10 < left < tolerance


@pytest.mark.parametrize("plain", [True, False])
def test_a_weight_of_two_is_the_item_twice(plain):
    x, w, m, s = random_problem(21)
    times = np.random.default_rng(0).integers(0, 4, len(x))
    how = {"tolerance": 0.0 if plain else 1e-12, "steps": 20 if plain else 1000, "plain": plain}
    weighted = fit(x, w, m, s, item_weight=times.astype(float), **how)
    repeated = fit(np.repeat(x, times), w, m, s, **how)
    for ours, theirs in zip(weighted.params, repeated.params, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-10 if plain else 1e-6)
    keeps_the_moments(weighted, times)


@pytest.mark.parametrize("size", [1, 2, 33, 1000])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_one_component_is_the_closed_form(size, offset):
    x = offset + np.random.default_rng(size).normal(3.0, 2.0, size)
    fitted = fit(x, [1.0], [0.0], [1.0])
    near = x - offset
    assert fitted.weight == 1.0
    assert fitted.mean[0] - offset == pytest.approx(near.mean(), abs=1e-12 + np.spacing(offset))
    assert fitted.std[0] == pytest.approx(near.std(), rel=1e-12)
    assert fitted.status == (Status.POINT_MASS if size == 1 else Status(0))


def test_one_component_left_of_two_is_the_closed_form():
    x = two_bumps(100)
    alone, left = fit(x, [1.0], [0.0], [1.0]), fit(x, [0.0, 1.0], [9.0, 0.0], [2.0, 1.0])
    assert (left.mean[1], left.std[1]) == (alone.mean[0], alone.std[0])


@pytest.mark.parametrize("seed", [8, 15, 21, 36, 55])
def test_permuting_the_components_permutes_the_fit(seed):
    x, *start = random_problem(seed)
    first = fit(x, *start, tolerance=1e-12)
    assert len(first.weight) > 1
    order = np.roll(np.arange(len(first.weight)), 1)
    second = fit(x, *(part[order] for part in start), tolerance=1e-12)
    assert second.status == first.status
    for ours, theirs in zip(second.params, first.params, strict=True):
        assert ours == pytest.approx(theirs[order], rel=1e-6, abs=1e-6 * x.std())


def test_mirrored_items_give_the_mirrored_fit():
    x = two_bumps()
    w, m, s = (np.array(part) for part in TRUTH)
    here, there = fit(x, w, m, s), fit(-x, w, -m, s)
    assert there.passes == here.passes
    assert [part.tolist() for part in there.params] == [
        p.tolist() for p in (here.weight, -here.mean, here.std)
    ]


@pytest.mark.parametrize("scale", [1e100, 1e-100, 1e140, 1e-140])
def test_fits_follow_the_scale(scale):
    x = two_bumps()
    w, m, s = (np.array(part) for part in TRUTH)
    here, there = fit(x, w, m, s), fit(scale * x, w, scale * m, scale * s)
    assert there.status == here.status == 0
    assert there.weight == pytest.approx(here.weight, rel=1e-9)
    assert there.std / scale == pytest.approx(here.std, rel=1e-9)


@pytest.mark.parametrize("offset", [1e8, -1e8])
def test_fits_follow_the_offset(offset):
    w, m, s = (np.array(part) for part in TRUTH)
    x = offset + two_bumps(1000)
    here, there = fit(x - offset, w, m, s), fit(x, w, m + offset, s)
    assert there.weight == pytest.approx(here.weight, rel=1e-6)
    assert there.mean - offset == pytest.approx(here.mean, abs=1e-6)
    assert there.std == pytest.approx(here.std, rel=1e-6)
    assert there.status == 0


# what can happen to a component

Z = np.random.default_rng(0).normal(size=200)
POINT, DEAD = Status.POINT_MASS, Status.COMPONENT_DEAD


@pytest.mark.parametrize("far", [1e6, -1e6, 1e12])
@pytest.mark.parametrize("others", [1, 2])
def test_one_item_far_from_all_others(far, others):
    """A million standard deviations away, or a billion: it becomes a point of its own."""
    w, m = np.full(others + 1, 1 / (others + 1)), np.linspace(-1, 1, others + 1)
    fitted = fit(np.append(Z, far), w, m, np.ones(others + 1))
    keeps_the_moments(fitted)
    k = np.argmax(np.abs(fitted.mean))
    assert fitted.status & POINT
    assert (fitted.mean[k], fitted.std[k]) == (far, 0.0)
    assert fitted.weight[k] == 1 / 201


@pytest.mark.parametrize(
    ("w", "m", "s"),
    [
        ([0.5, 0.5], [0.0, 0.0], [1.0, 1.0]),
        ([0.3, 0.7], [5.0, 5.0], [2.0, 2.0]),
        ([0.3, 0.3, 0.4], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
        ([0.25, 0.25, 0.5], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]),
    ],
)
def test_identical_components_are_a_saddle_and_no_trap(w, m, s):
    fitted = fit(Z, w, m, s)
    keeps_the_moments(fitted)
    assert fitted.passes < 10_000
    assert fitted.status & (Status.UNIDENTIFIED | DEAD) or len(set(fitted.mean)) == len(w)


def test_equal_starts_stay_equal_and_are_flagged():
    fitted = fit(Z, [0.5, 0.5], [0.0, 0.0], [1.0, 1.0])
    assert fitted.status == Status.UNIDENTIFIED
    assert fitted.weight.tolist() == [0.5, 0.5]
    assert fitted.mean == pytest.approx(Z.mean(), rel=1e-12)
    assert fitted.std == pytest.approx(Z.std(), rel=1e-12)


def test_the_dead_stay_dead():
    fitted = fit(two_bumps(), [0.5, 0.0, 0.5], [-1.0, 7.0, 1.0], [1.0, 3.0, 1.0])
    assert fitted.status == DEAD
    assert (fitted.weight[1], fitted.mean[1], fitted.std[1]) == (0.0, 7.0, 3.0)
    two = fit(two_bumps(), [0.5, 0.5], [-1.0, 1.0], [1.0, 1.0])
    assert [part[[0, 2]].tolist() for part in fitted.params] == [p.tolist() for p in two.params]


def test_a_component_without_items_dies_where_it_is():
    fitted = fit(Z, [0.5, 0.5], [0.0, 1e4], [1.0, 1.0])
    assert fitted.status == DEAD
    assert fitted.weight.tolist() == [1.0, 0.0]
    assert (fitted.mean[1], fitted.std[1]) == (1e4, 1.0)
    keeps_the_moments(fitted)


@pytest.mark.parametrize(
    ("tolerance", "items", "dead"),
    [(1e-5, 1e-4, False), (1e-5, 2e-6, False), (1e-5, 5e-7, True), (1e-8, 5e-7, False), (1e-8, 5e-10, True)],
)
def test_a_component_dies_with_less_than_a_tenth_of_the_tolerance_in_items(tolerance, items, dead):
    """At most a millionth of an item: what it may still gain is of that size."""
    share = items / 200
    fitted = fit(Z, [1 - share, share], [0.0, 0.0], [1.0, 1.0], tolerance=tolerance, steps=1)
    assert bool(fitted.status & DEAD) is dead
    assert fitted.weight[1] == (0.0 if dead else pytest.approx(share, rel=1e-9))


def test_a_component_that_jumps_keeps_the_digits_of_its_variance():
    """From 1e8 of its new stds away: E z^2 - (E z)^2 would have none left."""
    rng = np.random.default_rng(5)
    x = np.append(1e5 + 1e-3 * rng.normal(size=100), -1e5 + rng.normal(size=100))
    for steps in (1, 1000):
        fitted = fit(x, [0.5, 0.5], [0.0, -1e5], [1e4, 1e4], steps=steps)
        # after one step the other cluster's items still have responsibilities of exp(-50)
        assert fitted.std == pytest.approx([x[:100].std(), x[100:].std()], rel=1e-5)
    assert fitted.status == 0


@pytest.mark.parametrize("times", [1, 3])
def test_a_component_on_one_item_becomes_a_point(times):
    fitted = fit(np.append(Z, np.full(times, 8.0)), [0.9, 0.1], [0.0, 8.0], [1.0, 0.01])
    keeps_the_moments(fitted)
    assert fitted.status == POINT
    assert (fitted.mean[1], fitted.std[1]) == (8.0, 0.0)
    assert fitted.weight[1] == times / (200 + times)


POINTS = {
    "one component an item": ([1.0, 2.0], [0.5, 0.5], [1.2, 1.9], [0.3, 0.3]),
    "three values": ([0.0] * 3 + [1.0] * 4 + [5.0] * 5, [0.3, 0.3, 0.4], [0.1, 1.1, 4.8], [0.1] * 3),
    "four values": ([0.0, 1.0, 1.0, 2.0, 3.0, 3.0], [0.25] * 4, [0.0, 1.0, 2.0, 3.0], [0.1] * 4),
    "far from zero": ([1e8, 1e8 + 1, 1e8 + 1], [0.5, 0.5], [1e8, 1e8 + 1], [0.1, 0.1]),
}  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
def test_components_that_become_points_on_the_same_pass(name):
    x, *start = POINTS[name]
    fitted = fit(x, *start)
    value, count = np.unique(x, return_counts=True)
    assert fitted.status == POINT
    assert fitted.std.tolist() == [0.0] * len(value)
    assert fitted.mean == pytest.approx(value, rel=1e-15)
    assert fitted.weight == pytest.approx(count / len(x), rel=1e-15)
    keeps_the_moments(fitted)


@pytest.mark.parametrize("value", [0.0, 3.0, -1e8])
@pytest.mark.parametrize("size", [1, 2, 40])
@pytest.mark.parametrize("components", [1, 2, 3])
def test_equal_items_are_one_point(value, size, components):
    w, m = np.full(components, 1 / components), value + np.linspace(-1, 1, components)
    fitted = fit(np.full(size, value), w, m, np.ones(components))
    alive = fitted.weight > 0
    assert alive.any()
    assert fitted.weight.sum() == pytest.approx(1.0, rel=1e-15)
    assert fitted.mean[alive] == pytest.approx(value, rel=1e-15)
    assert not fitted.std[alive].any()
    assert fitted.status & POINT
    assert bool(fitted.status & DEAD) is not alive.all()


def test_weights_of_points_are_counts():
    fitted = fit([1, 1, 1, 2, 2], [0.5, 0.5], [1, 2], [0, 0])
    assert [part.tolist() for part in fitted.params] == [[0.6, 0.4], [1.0, 2.0], [0.0, 0.0]]
    assert fitted.status == POINT
    weighted = fit([1, 2], [0.5, 0.5], [1, 2], [0, 0], item_weight=np.array([3.0, 2.0]))
    assert weighted.weight.tolist() == [0.6, 0.4]


def test_items_of_weight_0_are_not_there():
    """Points hold all the weight there is, and only items without one are left to the others."""
    weight = np.array([0.0, 2.0, 1.0])
    fitted = fit([7.0, 1.0, 1.0], [0.5, 0.5], [1.0, 2.0], [0.0, 1.0], item_weight=weight)
    assert [part.tolist() for part in fitted.params] == [[1.0, 0.0], [1.0, 2.0], [0.0, 1.0]]
    assert fitted.status == POINT | DEAD


def test_points_whose_items_are_gone_die():
    fitted = fit([2, 2], [0.5, 0.5], [1, 2], [0, 0])
    assert (fitted.weight.tolist(), fitted.status) == ([0.0, 1.0], POINT | DEAD)


def test_items_elsewhere_join_the_nearest_point_and_give_it_a_spread():
    x = np.array([1, 1, 1, 2, 2, 1.8, 1.7])
    fitted = fit(x, [0.5, 0.5], [1, 2], [0, 0])
    keeps_the_moments(fitted)
    assert fitted.status == POINT
    assert fitted.weight == pytest.approx([3 / 7, 4 / 7], rel=1e-15)
    assert fitted.std == pytest.approx([0.0, x[3:].std()], rel=1e-14)


def test_a_point_keeps_its_items_and_the_others_share_the_rest():
    x = np.array([1, 1, 1, 2, 2, 2.5, 3, 3.5])
    fitted = fit(x, [0.5, 0.5], [1, 2], [0, 1])
    keeps_the_moments(fitted)
    assert fitted.status == POINT
    assert (fitted.weight[0], fitted.std[0]) == (3 / 8, 0.0)
    assert (fitted.mean[1], fitted.std[1]) == pytest.approx((x[3:].mean(), x[3:].std()), rel=1e-14)


def test_a_point_takes_all_items_of_its_value():
    fitted = fit([1, 1, 1], [0.5, 0.5], [1, 2], [0, 1])
    assert fitted.weight.tolist() == [1.0, 0.0]
    assert fitted.status == POINT | DEAD


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("components", [1, 2, 3])
@pytest.mark.parametrize("size", [2, 3, 4, 6])
def test_few_items(size, components, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=size)
    start = rng.dirichlet(np.ones(components)), rng.normal(size=components), np.ones(components)
    fitted = fit(x, *start)
    assert not fitted.status & Status.NONFINITE
    keeps_the_moments(fitted)


@pytest.mark.parametrize("components", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("width", [0.01, 0.1, 0.5, 2.0])
def test_ties(components, width):
    """Whole numbers from 0 to 3: narrow components become points, wide ones need not."""
    x = np.random.default_rng(components).integers(0, 4, 300)
    w, m = np.full(components, 1 / components), np.linspace(0.0, 3.0, components)
    fitted = fit(x, w, m, np.full(components, width))
    assert not fitted.status & Status.NONFINITE
    keeps_the_moments(fitted)
    for k in np.flatnonzero((fitted.weight > 0) & (fitted.std == 0)):
        assert fitted.weight[k] == np.mean(x == fitted.mean[k])


def test_one_outlier_at_1e12_within_a_mixture():
    x = np.append(two_bumps(), 1e12)
    fitted = fit(x, *TRUTH)
    keeps_the_moments(fitted)
    assert np.isfinite(fitted.params).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
@pytest.mark.parametrize("components", [2, 3])
def test_items_that_are_no_numbers_are_a_status(bad, components):
    """1e200 has no square: it is beyond what recipes and data files may hold."""
    w, m = np.full(components, 1 / components), np.linspace(-2, 2, components)
    assert fit(np.append(Z, bad), w, m, np.ones(components)).status & Status.NONFINITE


# where it stops


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_too_few_iterations_are_a_status(steps):
    fitted = fit(two_bumps(), [0.2, 0.8], [1.0, 1.5], [3.0, 1.0], steps=steps)
    assert (fitted.passes, fitted.status) == (steps, Status.NOT_CONVERGED)
    keeps_the_moments(fitted)


def test_the_last_pass_is_not_a_fall():
    """Of overlapping components, where Newton's steps can fail: the last is taken back, too."""
    x, *start = random_problem(427)
    heights = [log_likelihood(x, *fit(x, *start, steps=n).params) for n in range(1, 120)]
    fell = {n + 1: heights[n] - heights[n - 1] for n in range(1, 119)}
    assert {n: by for n, by in fell.items() if by < -1e-12 * len(x)} == {}


def test_reg_covar_is_added_to_every_variance():
    x = two_bumps()
    fitted = fit(x, *TRUTH, reg=0.1)
    w, m, s = fitted.params
    assert fitted.status == 0
    assert w @ (s**2 + (m - x.mean()) ** 2) == pytest.approx(x.var() + 0.1, rel=1e-10)
    plain = fit(x, *TRUTH, reg=0.1, plain=True)
    assert [part.tolist() for part in fitted.params] == [p.tolist() for p in plain.params]
    one = fit(x, [1.0], [0.0], [1.0], reg=0.1)
    assert one.std[0] ** 2 == pytest.approx(x.var() + 0.1, rel=1e-14)


def test_reg_covar_keeps_components_from_becoming_points():
    fitted = fit([1, 1, 2, 2], [0.5, 0.5], [1, 2], [0.1, 0.1], reg=1e-4)
    assert fitted.status == 0
    assert (fitted.std >= 1e-2).all()
