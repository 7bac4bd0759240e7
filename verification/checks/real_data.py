"""Real data in the long run: fresh, per item and fixed, and one given fixed set."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

import modelcollapse as mc
from modelcollapse.engines.exact import ExactEngine
from modelcollapse.recursion import generations
from modelcollapse.sources import DataSet
from modelcollapse.streams import COMMON_KEY, Streams, generators
from modelcollapse.types import Array, Sizes, per_replicate
from verification import laws
from verification.checks.recipes import mixed, spread_and_error
from verification.registry import Run, check
from verification.statements import Mean

N = 10
SHARES = {"0.2": (2, 8, 0), "0.5": (5, 5, 0)}
KEPT = {"3:5:2": (3, 5, 2), "2:2:6": (2, 2, 6)}
GIVEN = np.array([-1.3, 0.2, 0.9, 2.4])
"""Four real items, replayed for ever."""


def _settled(counts: tuple[int, int, int], longer: int = 1, **how: str) -> mc.Experiment:
    """A recipe whose last generations are stationary; they are averaged over."""
    settles = int(np.ceil(7 * sum(counts) / counts[0]))
    return mixed(counts, n=N, generations=settles * longer, save={"every": settles}, **how)


def _stationary(run: Run, deficit: float) -> Iterator[Mean]:
    """Without a kept part and with one: A + B = V0."""
    spread, error = spread_and_error(run.experiment)
    first, b = run.experiment.saved()[1], run.v0 * deficit
    yield Mean("E V", run.late(spread, first), run.v0 - b)
    yield Mean("E (M - mu0)^2", run.late(error, first), b, defect=0.04)


@check(
    "fresh share, exact counts: 1 - E V/V0 = 1/[n lam (2 - lam) + 1 - lam]",
    "derived",
    {f"lam {name}": _settled(counts, 6) for name, counts in SHARES.items()},
    defect=0.02,
)
def fresh_in_the_long_run(run: Run) -> Iterator[Mean]:
    """New real items each generation."""
    return _stationary(run, laws.fresh_deficit(run.n, run.experiment.workflow.real))


@check(
    "fresh share, per item: F = (1/n)/(1 - (1 - lam)^2 q)",
    "Wright's island model",
    {f"lam {name}": _settled(counts, 6, assignment="per-sample") for name, counts in SHARES.items()},
    defect=0.02,
)
def per_item_in_the_long_run(run: Run) -> Iterator[Mean]:
    """Each item is real with probability lam."""
    return _stationary(run, laws.island_deficit(run.n, run.experiment.workflow.real))


@check(
    "fixed set: the deficit is (3 - 2 lam) times that of fresh",
    "derived",
    {f"lam {name}": _settled(counts, real_source="fixed") for name, counts in SHARES.items()},
    defect=0.03,
)
def fixed_in_the_long_run(run: Run) -> Iterator[Mean]:
    """The same real items each generation, averaged over what they are."""
    lam = run.experiment.workflow.real
    return _stationary(run, (3.0 - 2.0 * lam) * laws.fresh_deficit(run.n, lam))


@check(
    "fixed set with a kept part: B_fixed/B_fresh = 1 + 2b/(a + kappa)",
    "derived",
    {name: _settled(counts, real_source="fixed") for name, counts in KEPT.items()},
    defect=0.03,
)
def fixed_and_kept_in_the_long_run(run: Run) -> Iterator[Mean]:
    """The same with items kept from the current training set."""
    return _stationary(run, laws.fixed(run.experiment.workflow.counts(run.n)))


@dataclass(frozen=True, eq=False)
class Listed(DataSet):
    """A source that gives the same items to every replicate, over and over: what is replayed is known."""

    def sample(self, size: Sizes, streams: Streams) -> Array:
        """The items, from the first on."""
        most = int(per_replicate(size, len(streams)).max(initial=0))
        return np.tile(np.resize(self.values, most), (len(streams), 1))


def _given(experiment: mc.Experiment, replicates: int, seed: int) -> tuple[Array, Array]:
    """Mean and variance of the last models, where the replayed set is `GIVEN` in every replicate."""
    engine = ExactEngine(experiment.learner)
    streams = generators(seed, COMMON_KEY, range(replicates))
    steps = generations(engine, experiment.workflow, Listed(GIVEN), experiment.n_samples, None, streams)
    state, _ = next(islice(steps, experiment.generations - 1, None))
    mean, variance = experiment.learner.moments(state.params)
    return mean, variance


@check(
    "one given set: E[V | R] = V_R n lam (2 - lam)/(n lam (2 - lam) + 1 - lam), centred on R's mean",
    "derived",
    {"4 of 10": mixed((4, 6, 0), n=N, generations=30, real_source="fixed")},
    defect=0.005,
    simulate=_given,
)
def one_given_set(run: Run) -> Iterator[Mean]:
    """Four items that are replayed in every replicate."""
    mean, variance = run.result
    lam, spread = run.experiment.workflow.real, GIVEN.var()
    settled = N * lam * (2.0 - lam)
    yield Mean("E[V | R]", variance, spread * settled / (settled + 1.0 - lam))
    yield Mean("E[M | R]", mean, GIVEN.mean(), scale=float(np.sqrt(spread)))
