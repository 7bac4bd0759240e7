"""Where the next training set comes from, written with the engine's verbs alone."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import ClassVar, Literal, Protocol

import numpy as np
from pydantic import model_validator

from modelcollapse.engines.base import Data, Engine
from modelcollapse.fields import Share, Table, bad
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import IntArray, Sizes, longest


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
    """

    training: Data
    counts: IntArray
    fixed: Data | None = None
    pool: Data | None = None


class Workflow(Protocol):
    """The first training set, and the next one."""

    grows: ClassVar[bool]
    """Whether it keeps a pool of all items so far, to which each generation adds."""

    @property
    def real(self) -> float:
        """The share of real items in what is drawn for each generation."""

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


class Mix(Table):
    """Fresh or fixed real data, synthetic data and a kept part of the current training set.

    p_(i+1) = alpha p_model + beta p_i + gamma p_0 of Shumailov et al. 2024 (Nature 631, 755), with
    ``synthetic``, ``kept`` and ``real`` for alpha, beta and gamma. The kept part is drawn without
    replacement from the current training set.

    ``real_source = "fixed"`` replays the first ``real`` N items of the first training set. With
    ``assignment = "stratified"`` the counts are exact; with ``"per-sample"`` each item draws its
    source.
    """

    name: ClassVar[str] = "mix"
    grows: ClassVar[bool] = False

    kind: Literal["mix"] = "mix"
    real: Share = 0.0
    kept: Share = 0.0
    synthetic: Share | None = None
    real_source: Literal["fresh", "fixed"] = "fresh"
    assignment: Literal["stratified", "per-sample"] = "stratified"

    @model_validator(mode="after")
    def _adds_up(self) -> "Mix":
        shares = (self.real, self.kept, self.synthetic or 0.0)
        total = sum((Fraction(repr(share)) for share in shares), Fraction(0))
        if self.synthetic is None and total > 1 + Fraction(1, 10**12):
            raise bad(f"real + kept must be at most 1; these add up to {float(total)!r}", "real")
        if self.synthetic is not None and abs(total - 1) > Fraction(1, 10**12):
            allowed = f"real + synthetic + kept must be 1; these add up to {float(total)!r}"
            raise bad(allowed, "synthetic")
        if self.real_source == "fixed" and self.assignment == "per-sample":
            raise bad('must be "stratified" where real_source = "fixed"', "assignment")
        return self

    def shares(self) -> tuple[float, float, float]:
        """The shares of real, synthetic and kept items."""
        if self.synthetic is not None:
            return self.real, self.synthetic, self.kept
        return self.real, _left(self.real, self.kept), self.kept

    def counts(self, n: int) -> tuple[int, ...]:
        """The stratified counts of real, synthetic and kept items."""
        return apportion(n, self.shares())

    def describe(self) -> list[str]:
        """The three shares, and what is not as usual."""
        real, synthetic, kept = self.shares()
        fixed = ["fixed real items"] if self.real_source == "fixed" else []
        each = ["per-sample"] if self.assignment == "per-sample" else []
        return [f"real {real:g}, synthetic {synthetic:g}, kept {kept:g}", *fixed, *each]

    def holds(self) -> str:
        """A training set is all there is."""
        return "a training set"

    def largest(self, n: int, generations: int) -> int:
        """Every training set has N items."""
        return n

    def notes(self, n_samples: int) -> list[str]:
        """Shares too small for a single item, and a fixed set of none."""
        found = []
        real, _, kept = self.counts(n_samples)
        if self.assignment == "stratified":
            found += _nothing("real", self.real, real, n_samples)
            found += _nothing("kept", self.kept, kept, n_samples)
        if self.real_source == "fixed" and self.real == 0.0:
            found.append('workflow.real_source = "fixed" has no effect where workflow.real = 0')
        return found

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw N real items; those to be replayed are a part of them."""
        counts = _rows((n_samples, 0, 0), len(streams))
        if self.real_source == "fresh":
            return Corpus(engine.draw(truth, n_samples, streams), counts)
        replayed = self.counts(n_samples)[0]
        fixed = engine.draw(truth, replayed, streams)
        others = engine.draw(truth, n_samples - replayed, streams)
        return Corpus(engine.merge(fixed, others), counts, fixed)

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Merge the three parts."""
        real, synthetic, kept = sizes = self._sizes(n, streams)
        if corpus.fixed is not None:
            parts = [corpus.fixed]
        else:
            parts = [engine.draw(truth, real, streams)] if longest(real) > 0 else []
        if longest(synthetic) > 0:
            parts.append(engine.draw(model, synthetic, streams))
        if longest(kept) > 0:
            parts.append(engine.pick(corpus.training, kept, streams))
        return Corpus(engine.merge(*parts), _rows(sizes, len(streams)), corpus.fixed)

    def _sizes(self, n: int, streams: Streams) -> tuple[Sizes, ...]:
        """How many items are real, synthetic and kept: for all replicates, or for each."""
        if self.assignment == "stratified":
            return self.counts(n)
        shares = np.array(self.shares())
        drawn = np.array([stream.multinomial(n, shares / shares.sum()) for stream in streams])
        return tuple(np.ascontiguousarray(column) for column in drawn.T)


class _Pool(Table):
    """A pool of all items so far, to which each generation adds N: a real part and a synthetic one."""

    grows: ClassVar[bool] = True

    kind: str
    real: Share = 0.0
    synthetic: Share | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> "_Pool":
        total = Fraction(repr(self.real)) + Fraction(repr(self.synthetic or 0.0))
        if self.synthetic is not None and abs(total - 1) > Fraction(1, 10**12):
            raise bad(f"real + synthetic must be 1; these add up to {float(total)!r}", "synthetic")
        return self

    def shares(self) -> tuple[float, float]:
        """The shares of real and synthetic items in what a generation adds."""
        return self.real, _left(self.real) if self.synthetic is None else self.synthetic

    def counts(self, n: int) -> tuple[int, ...]:
        """How many real and synthetic items a generation adds."""
        return apportion(n, self.shares())

    def describe(self) -> list[str]:
        """What a generation adds."""
        real, synthetic = self.shares()
        return [f"adds real {real:g}, synthetic {synthetic:g}"]

    def holds(self) -> str:
        """The pool: kept items are those that were in it before."""
        return "the pool"

    def largest(self, n: int, generations: int) -> int:
        """The last pool."""
        return n * generations

    def notes(self, n_samples: int) -> list[str]:
        """A share too small for a single item."""
        return _nothing("real", self.real, self.counts(n_samples)[0], n_samples)

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw N real items: the first training set, and the pool."""
        first = engine.draw(truth, n_samples, streams)
        return Corpus(first, _rows((n_samples, 0, 0), len(streams)), pool=first)

    def _grow(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> tuple[Data, IntArray]:
        """The pool with what a generation adds, and its counts."""
        real, synthetic = self.counts(n)
        parts = [corpus.pool]
        if real > 0:
            parts.append(engine.draw(truth, real, streams))
        if synthetic > 0:
            parts.append(engine.draw(model, synthetic, streams))
        before = corpus.counts.sum(axis=1)
        return engine.merge(*parts), _rows((real, synthetic, before), len(streams))


class Accumulate(_Pool):
    """Nothing is thrown away: the model is fitted to the whole pool.

    Gerstgrasser et al. 2024 (arXiv 2404.01413), and "accumulate" of Kazdan et al. 2024 (arXiv
    2410.16713). The t-th model is fitted to t N items, of which the first N are real.
    """

    name: ClassVar[str] = "accumulate"

    kind: Literal["accumulate"] = "accumulate"

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Add N items to the pool, and fit to all of it."""
        pool, counts = self._grow(engine, corpus, model, truth, n, streams)
        return Corpus(pool, counts, pool=pool)


class AccumulateSubsample(_Pool):
    """Nothing is thrown away, but what a fit costs stays the same: N items of the pool.

    "Accumulate-subsample" of Kazdan et al. 2024 (arXiv 2410.16713): each model is fitted to N items
    picked from the pool of t N without replacement.
    """

    name: ClassVar[str] = "accumulate-subsample"

    kind: Literal["accumulate-subsample"] = "accumulate-subsample"

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Add N items to the pool, and fit to N of it."""
        pool, counts = self._grow(engine, corpus, model, truth, n, streams)
        return Corpus(engine.pick(pool, n, streams), counts, pool=pool)


def _nothing(name: str, share: float, count: int, n: int) -> list[str]:
    """Say that a share is too small for a single item, if it is."""
    if share > 0.0 and count == 0:
        return [f"workflow.{name} = {share:g} of {n} items is no item at all"]
    return []


@cache
def _left(*shares: float) -> float:
    """The share that others leave."""
    return max(float(1 - sum(Fraction(repr(share)) for share in shares)), 0.0)


def _rows(counts: tuple[Sizes, ...], replicates: int) -> IntArray:
    rows = np.empty((replicates, len(counts)), dtype=np.int64)
    for i, count in enumerate(counts):
        rows[:, i] = count
    return rows


WORKFLOWS = (Mix, Accumulate, AccumulateSubsample)
"""What a recipe's ``[workflow]`` can be; a new workflow is a class and its line here."""
