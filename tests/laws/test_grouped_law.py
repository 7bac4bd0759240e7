"""The grouped engine: the experiment with rounded items, the laws of moments, its order in the width."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from conftest import AGREES, DIFFERS, assert_law, assert_not_law, assert_same_mean, at, z_of_difference
from scipy.special import ndtri

import modelcollapse as mc
from modelcollapse.engines.exact import ExactEngine, Items
from modelcollapse.engines.grouped import LOST, GroupedEngine
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.grids import Resolution
from modelcollapse.recursion import generations
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.theory import moment_recursion, pool_recursion
from modelcollapse.types import IntArray, per_replicate
from modelcollapse.workflows import Accumulate, AccumulateSubsample, Mix
from verification import grouped_order as order

# rounded items


@dataclass(frozen=True)
class RoundedItems:
    """Items at the middles of bins, whose widths are 2^exponent ``(replicate,)``."""

    items: Items
    exponent: IntArray


@dataclass(frozen=True)
class RoundedEngine:
    """The experiment that the grouped engine stands for, in plain NumPy: draw items, and round them.

    Nothing is counted: items are drawn, picked and merged one by one. Only where the bins lie is the
    package's own.
    """

    exact: ExactEngine
    parts: float

    def draw(self, source, size, streams):
        sizes = per_replicate(size, len(streams))
        reach = -ndtri(np.minimum(LOST / np.maximum(sizes, 1), 0.1))
        grid = source.grid(Resolution(self.parts, reach))
        items = self.exact.draw(source, size, streams)
        number = np.floor(items.x / 2.0 ** grid.exponent[:, None])
        last = grid.first + grid.bins - 1
        inside = np.clip(number, grid.first[:, None], last[:, None])
        x = (inside + 0.5) * 2.0 ** grid.exponent[:, None]
        return RoundedItems(replace(items, x=x), grid.exponent)

    def pick(self, data, size, streams):
        return replace(data, items=self.exact.pick(data.items, size, streams))

    def merge(self, *data):
        exponent = np.max([part.exponent for part in data], axis=0)
        items = self.exact.merge(*(part.items for part in data))
        width = 2.0 ** exponent[:, None]
        return RoundedItems(replace(items, x=(np.floor(items.x / width) + 0.5) * width), exponent)

    def fit(self, data, start, streams):
        family, rounding = self.exact.family, 4.0**data.exponent / 12.0
        wider = None if start is None else family.widened(start, rounding)
        fit = self.exact.fit(data.items, wider, streams)
        return replace(fit, params=family.widened(fit.params, -rounding))

    def model(self, params):
        return Law(self.exact.family, params)


ONE = Law(Gaussian(), GaussianParams(np.array([0.3]), np.array([1.2])))
TWO = Law(Mixture(), MixtureParams(np.array([[0.3, 0.7]]), np.array([[-2.0, 2.0]]), np.array([[0.9, 1.2]])))
LAWS = {"gaussian": ONE, "mixture": TWO}


def models(engine, law, workflow, n, generation, replicates, seed):
    """The parameters after some generations."""
    start = law.params if isinstance(law.family, Mixture) else None
    each = generators(seed, (3,) * 8, range(replicates))
    steps = generations(engine, workflow, law, n, start, each)
    for _ in range(generation):
        state, _ = next(steps)
    return state.params


def numbers(law, params):
    """What is compared, each a number a replicate."""
    mean, variance = law.family.moments(params)
    found = {"total mean": mean, "log total variance": np.log(variance)}
    if isinstance(law.family, Mixture):
        found["weight"] = params.weight[:, 0]
        found["std"] = params.std[:, 0]
    return found


def assert_same_law(one, other):
    """Means and variances of all numbers agree."""
    for name, a in one.items():
        b = other[name]
        assert_same_mean(a, b, f"E {name}")
        assert_same_mean((a - a.mean()) ** 2, (b - b.mean()) ** 2, f"Var {name}")


@pytest.mark.parametrize("family", LAWS)
def test_one_fit_is_that_of_rounded_items(family):
    """20,000 replicates, bins of 0.4 to 1.2 stds: sees 4 % of the standard deviation of every number as a
    shift of its mean, and 6 % of its variance. Without rounding variances are smaller by a tenth, or more."""
    law, n, count = LAWS[family], 150, 20_000
    grouped = GroupedEngine(law.family, 0.8)
    rounded = RoundedEngine(ExactEngine(law.family), 0.8)
    one = numbers(law, models(grouped, law, Mix(), n, 1, count, 0))
    other = numbers(law, models(rounded, law, Mix(), n, 1, count, 1))
    assert_same_law(one, other)
    plain = numbers(law, models(ExactEngine(law.family), law, Mix(), n, 1, count, 2))
    name = "log total variance" if family == "gaussian" else "std"
    a, b = ((values[name] - values[name].mean()) ** 2 for values in (one, plain))
    print(f"not without rounding: Var {name}, z = {z_of_difference(a, b):+.2f}")
    assert abs(z_of_difference(a, b)) > DIFFERS


WORKFLOWS = {
    "replace": Mix(),
    "three parts": Mix(real=0.1, kept=0.3),
    "per-sample": Mix(real=0.2, kept=0.2, assignment="per-sample"),
    "fixed": Mix(real=0.2, real_source="fixed"),
    "accumulate": Accumulate(),
    "accumulate-subsample": AccumulateSubsample(real=0.1),
}


@pytest.mark.parametrize("family", LAWS)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_several_generations_are_those_of_rounded_items(name, family):
    """Five generations, 4,000 replicates: sees 9 % of a standard deviation as a shift, 13 to 20 % of a
    variance.

    Widths change on the way, and counts on finer bins are merged into coarser ones.
    """
    law, n, count, generation = LAWS[family], 60, 4_000, 5
    one = numbers(law, models(GroupedEngine(law.family, 1.0), law, WORKFLOWS[name], n, generation, count, 3))
    rounded = RoundedEngine(ExactEngine(law.family), 1.0)
    other = numbers(law, models(rounded, law, WORKFLOWS[name], n, generation, count, 4))
    assert_same_law(one, other)
    if name != "accumulate":  # where the fifth generation is hardly noisier than the second
        early = numbers(law, models(rounded, law, WORKFLOWS[name], n, 2, count, 5))["total mean"]
        last = one["total mean"]
        z = z_of_difference((last - last.mean()) ** 2, (early - early.mean()) ** 2)
        print(f"not two generations: Var total mean, z = {z:+.2f}")
        assert z > DIFFERS


# moments

N = 20
FAMILIES = {
    "gaussian": ({"family": "gaussian", "mean": 3.0, "std": 2.0}, 4.0),
    "mixture": ({"family": "mixture", "weights": [0.5, 0.5], "means": [-1.0, 3.0], "stds": [1.0, 1.0]}, 5.0),
    "categorical": ({"family": "categorical", "probabilities": [0.4, 0.3, 0.15, 0.1, 0.05]}, 0.715),
}
MIXES = {
    "replace": {},
    "a tenth fresh": {"real": 0.1},
    "all three": {"real": 0.2, "kept": 0.3},
    "no real": {"kept": 0.4},
    "fixed": {"real": 0.2, "real_source": "fixed"},
    "fixed and kept": {"real": 0.2, "kept": 0.3, "real_source": "fixed"},
    "per-sample": {"real": 0.2, "kept": 0.3, "assignment": "per-sample"},
}


def recipe(family, workflow, n=N, generations=8, replicates=5000, **values):
    return mc.Experiment(
        engine="grouped", n_samples=n, generations=generations, replicates=replicates,
        truth=FAMILIES[family][0], learner={"family": family}, workflow=workflow, **values,
    )  # fmt: skip


def assert_moments(experiment, family, recursion):
    """Both moments at three generations; and not those of three times as many items."""
    v0 = FAMILIES[family][1]
    error_name = "squared_error_of_probabilities" if family == "categorical" else "squared_error_of_mean"
    spread_name = "heterozygosity" if family == "categorical" else "total_variance"
    dataset = mc.run(experiment)
    gaussian = experiment.changed(
        engine="exact",
        truth={"family": "gaussian", "mean": 0.0, "std": float(np.sqrt(v0))},
        learner={"family": "gaussian"},
    )
    variance, error = recursion(gaussian, 8)
    for t in (1, 3, 8):
        assert_law(at(dataset, spread_name, [t])[0], variance[t], f"E V_{t}")
        assert_law(at(dataset, error_name, [t])[0], error[t], f"B_{t}")
    wrong = recursion(gaussian.changed(n_samples=3 * N), 8)
    assert_not_law(at(dataset, spread_name, [8])[0], wrong[0][8], "E V_8 of three times the items")
    assert_not_law(at(dataset, error_name, [8])[0], wrong[1][8], "B_8 of three times the items")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MIXES)
def test_moments_of_mixes(name, family):
    """Sees 1.5 to 4 % of E V_t, 7 to 11 % of B_t. What rounding does to them, 0.01 % a generation, it does
    not see."""
    assert_moments(recipe(family, {"kind": "mix", **MIXES[name]}), family, moment_recursion)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["accumulate", "accumulate-subsample"])
@pytest.mark.parametrize("real", [0.0, 0.2])
def test_moments_of_pools(kind, real, family):
    """Sees 1 to 3 % of E V_t, 8 % of B_t."""
    assert_moments(recipe(family, {"kind": kind, "real": real}), family, pool_recursion)


# Sheppard's correction


@pytest.mark.parametrize("family", ["gaussian", "mixture"])
def test_without_sheppards_correction_the_law_is_missed(family, monkeypatch):
    """200,000 items, 2,000 replicates, five generations: sees 0.04 % of E V_5. Without the correction each
    generation adds width^2/12, 0.06 to 0.23 % of the least component's variance."""
    v0, n, t = FAMILIES[family][1], 200_000, 5
    experiment = recipe(family, {"kind": "mix"}, n=n, generations=t, replicates=2000)
    values = at(mc.run(experiment), "total_variance", [t])[0]
    assert_law(values, v0 * (1 - 1 / n) ** t, f"E V_{t}")
    learner = {"gaussian": Gaussian, "mixture": Mixture}[family]
    monkeypatch.setattr(learner, "widened", lambda self, params, variance: params)
    values = at(mc.run(experiment), "total_variance", [t])[0]
    assert_not_law(values, v0 * (1 - 1 / n) ** t, f"E V_{t}: rounding is not taken off")


def test_a_correction_of_the_start_alone_matters_to_nothing():
    """EM ends at the maximum, from a start as wide as the items or as wide as the model."""
    engine, count = GroupedEngine(TWO.family, 2.0), 200
    each = generators(0, (3,) * 8, range(count))
    data = engine.draw(TWO, 400, each)
    start = MixtureParams(*(np.repeat(part, count, axis=0) for part in TWO.params))
    one = engine.fit(data, start, each).params
    other = engine.fit(data, start._replace(std=1.2 * start.std), each).params
    deviation = np.abs(one.std - other.std).max(axis=1)  # in sampling stds, of some 0.07, sqrt(2e-5) or less
    assert np.median(deviation) < 0.01 * 0.07
    assert not np.array_equal(one.std, other.std)


# the order in the width


def test_the_excess_noise_is_of_second_order_in_the_width():
    """400,000 replicates of one fit, four widths: sees 0.15 in the exponent of the variance, 0.3 of the mean.

    First and third order are ten standard errors away.
    """
    case = order.gaussian_case(Mix(), 400, 1, 400_000)
    for row in order.measure("one Gaussian", case, 99, control=False):
        exponent, error = row.exponent
        print(f"{row.what}: exponent {exponent:.3f} ({error:.3f}), formula's {row.expected:.3f}, z {row.z}")
        assert abs(exponent - row.expected) < AGREES * error
        assert abs(row.expected - 2.0) < 0.05  # the widest bins show the fourth order
        assert min(abs(exponent - 1.0), abs(exponent - 3.0)) > DIFFERS * error
        assert np.abs(row.z).max() < AGREES


def test_the_excess_noise_of_a_mixture_is_what_the_scores_of_rounded_items_say():
    """60,000 replicates: sees 2.4 to 4 % of a variance in each of the parameters, at each of four widths."""
    case = order.mixture_case(Mix(), 100_000, 1, 60_000)
    for row in order.measure("mixture", case, 98, control=False):
        print(f"{row.what}: excess {np.round(row.found, 3)}, z = {np.round(row.z, 2)}")
        assert np.abs(row.z).max() < AGREES
        wrong = (row.found - order.of_mean(order.WIDTHS)) / row.error  # what the mean of one Gaussian has
        print(f"not one Gaussian's: z = {np.round(wrong, 2)}")
        assert np.abs(wrong).max() > DIFFERS


def test_a_mixture_on_ever_more_items_is_off_by_the_fourth_power_of_the_width():
    """Without noise: a rounded Gaussian is no Gaussian. The engine's fit to 10^12 items at their expected
    counts ends where the mean score of the rounded law is 0; bins wider than a std are beyond the power law.
    """
    for separation in (4.0, 3.0, 2.0):
        away = order.without_noise(separation)
        ends = [order.sandwich(float(width), separation)[0][3] for width in order.WIDTHS]
        assert away[1:] == pytest.approx(ends[1:], rel=1e-2)
        assert np.log2(away[2] / away[3]) == pytest.approx(4.0, abs=0.1)
    least = order.without_noise(4.0)[3] / (6.0 * order.WIDTHS[3]) ** 4
    assert 2e-7 < least < 3e-7  # the reference mixture on a recipe's widest bins, a sixth of a std
