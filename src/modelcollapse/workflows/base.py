"""What a workflow is: where the next training set comes from, with the engine's verbs alone."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, ClassVar, Protocol

import numpy as np

from modelcollapse.engines.base import Data, Engine
from modelcollapse.errors import Problem
from modelcollapse.fields import Table
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import IntArray, Sizes


@dataclass(frozen=True)
class Corpus:
    """A training set and what it is made of.

    Attributes
    ----------
    training
        The training set, as the engine holds it.
    counts
        ``(replicate, 3)``: how many of its items are real, synthetic and kept. Where a pool grows,
        of the pool's: the first two were added in this generation, the kept ones were there before.
    fixed
        The real items that are replayed each generation, where the workflow has such.
    pool
        All items so far, where the workflow keeps them.
    generation
        The number of the model that will be fitted to it.
    """

    training: Data
    counts: IntArray
    fixed: Data | None = None
    pool: Data | None = None
    generation: int = 1


class Workflow(Protocol):
    """The first training set, and the next one."""

    grows: ClassVar[bool]
    """Whether it keeps a pool of all items so far, to which each generation adds."""
    follows: ClassVar[tuple[str, ...]]
    """Keys that the others decide, whether they are given or not: no part of a content key."""

    @property
    def real(self) -> float:
        """The share, or the number, of real items in what is drawn for each generation."""

    @property
    def exact_alone(self) -> str:
        """Why only the exact engine can do it, in the words of a refusal; empty where others can."""

    @property
    def far_apart(self) -> str:
        """Why its parts are no laws near each other, whose estimates can be pooled; empty where they are."""

    def refuses(self, learner: Any, truth: Any) -> list[Problem]:
        """What does not fit the learner or the truth, two tables of a recipe."""

    def describe(self) -> list[str]:
        """Its settings in a few words each, for a title."""

    def holds(self) -> str:
        """What the stored counts are counts of."""

    def largest(self, n: int, generations: int) -> int:
        """How many items a replicate holds together at most."""

    def notes(self, n_samples: int) -> list[str]:
        """What is allowed but should be known."""

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw the first training set: real items only."""

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Make the next training set."""


class Flow(Table):
    """A workflow as a table of a recipe: what most of them answer alike."""

    grows: ClassVar[bool] = False
    follows: ClassVar[tuple[str, ...]] = ()

    @property
    def exact_alone(self) -> str:
        """All engines can do it."""
        return ""

    @property
    def far_apart(self) -> str:
        """Its parts are the truth's, or lie near the last model."""
        return ""

    def refuses(self, learner: Any, truth: Any) -> list[Problem]:
        """Nothing: it does with any learner and truth."""
        return []

    def holds(self) -> str:
        """A training set is all there is."""
        return "a training set"

    def largest(self, n: int, generations: int) -> int:
        """Every training set has N items."""
        return n

    def notes(self, n_samples: int) -> list[str]:
        """Nothing that need be said."""
        return []

    def synthetic_source(self, model: Law, truth: Source) -> Source:
        """What synthetic items are drawn from: the model as it is."""
        return model


@cache
def apportion(n: int, shares: tuple[float, ...]) -> tuple[int, ...]:
    """Split n by shares into whole numbers, by the largest remainder; ties go to the earlier share.

    The shares are taken as the decimals they are written in: 0.29 of 100 is 29, though
    ``int(0.29 * 100)`` is 28.
    """
    parts = [Fraction(repr(share)) for share in shares]
    exact = [n * part / sum(parts) for part in parts]
    counts = [int(part) for part in exact]
    order = sorted(range(len(shares)), key=lambda i: (counts[i] - exact[i], i))
    for i in order[: n - sum(counts)]:
        counts[i] += 1
    return tuple(counts)


def nothing(name: str, share: float, count: int, n: int) -> list[str]:
    """Say that a share is too small for a single item, if it is."""
    if share > 0.0 and count == 0:
        return [f"workflow.{name} = {share:g} of {n} items is no item at all"]
    return []


@cache
def left(*shares: float) -> float:
    """The share that others leave."""
    return max(float(1 - sum(Fraction(repr(share)) for share in shares)), 0.0)


def rows(counts: tuple[Sizes, ...], replicates: int) -> IntArray:
    """Counts of a corpus, ``(replicate, 3)``."""
    filled = np.empty((replicates, len(counts)), dtype=np.int64)
    for i, count in enumerate(counts):
        filled[:, i] = count
    return filled
