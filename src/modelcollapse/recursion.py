"""The recursion itself: fit, make the next training set, fit again. The only loop of the lab."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from modelcollapse.engines.base import Engine
from modelcollapse.families.base import Fit
from modelcollapse.sources import Source
from modelcollapse.streams import Streams
from modelcollapse.types import STICKY, IntArray, Params, Status
from modelcollapse.workflows import Corpus, Workflow

STAYS, FAILED = int(STICKY), int(Status.NONFINITE | Status.SOLVER_FAILED)


@dataclass(frozen=True)
class State:
    """What the next step needs: the last training set, the model fitted to it, and what stays flagged."""

    generation: int
    corpus: Corpus
    params: Params
    flags: IntArray


@dataclass(frozen=True)
class Info:
    """What one may want to look at: passes and status bits ``(replicate,)``, counts ``(replicate, 3)``."""

    iterations: IntArray
    status: IntArray
    counts: IntArray


def step(
    engine: Engine,
    workflow: Workflow,
    truth: Source,
    n_samples: int,
    start: Params | None,
    state: State | None,
    streams: Streams,
) -> tuple[State, Info]:
    """Go from one generation to the next; without a state, from the truth to generation 1.

    ``start`` holds the truth's parameters where they are of the learner's family and size: the
    generating parameters of the first training set.
    """
    if state is None:
        corpus = workflow.begin(engine, truth, n_samples, streams)
        fit = engine.fit(corpus.training, start, streams)
        sticky = np.zeros(len(streams), dtype=np.int64)
    else:
        model = engine.model(state.params)
        corpus = workflow.renew(engine, state.corpus, model, truth, n_samples, streams)
        fit = _keep_last(engine, engine.fit(corpus.training, state.params, streams), state.params)
        sticky = state.flags
    flags = sticky | fit.status
    generation = 1 if state is None else state.generation + 1
    return (
        State(generation, corpus, fit.params, flags & STAYS),
        Info(fit.iterations, flags, corpus.counts),
    )


def generations(
    engine: Engine,
    workflow: Workflow,
    truth: Source,
    n_samples: int,
    start: Params | None,
    streams: Streams,
) -> Iterator[tuple[State, Info]]:
    """Generation 1, 2, 3, ...: endless; the caller stops it."""
    state = None
    while True:
        state, info = step(engine, workflow, truth, n_samples, start, state, streams)
        yield state, info


def _keep_last(engine: Engine, fit: Fit, last: Params) -> Fit:
    """Where a fit gave no numbers, the replicate keeps its last model."""
    failed = (fit.status & FAILED) != 0
    if not np.count_nonzero(failed):
        return fit
    family = engine.model(last).family
    return replace(fit, params=family.take(fit.params, last, failed))
