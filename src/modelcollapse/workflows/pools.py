"""Pools that grow: nothing is thrown away."""

from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import model_validator

from modelcollapse.engines.base import Data, Engine
from modelcollapse.fields import Share, bad
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import IntArray
from modelcollapse.workflows.base import Corpus, Flow, apportion, left, nothing, rows


class _Pool(Flow):
    """A pool of all items so far, to which each generation adds N: a real part and a synthetic one."""

    grows: ClassVar[bool] = True
    follows: ClassVar[tuple[str, ...]] = ("synthetic",)

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
        return self.real, left(self.real) if self.synthetic is None else self.synthetic

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
        return nothing("real", self.real, self.counts(n_samples)[0], n_samples)

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw N real items: the first training set, and the pool."""
        first = engine.draw(truth, n_samples, streams)
        return Corpus(first, rows((n_samples, 0, 0), len(streams)), pool=first)

    def _grow(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> tuple[Data, IntArray]:
        """The pool with what a generation adds, and its counts."""
        real, synthetic = self.counts(n)
        parts = [corpus.pool]
        if real > 0:
            parts.append(engine.draw(truth, real, streams))
        if synthetic > 0:
            parts.append(engine.draw(self.synthetic_source(model, truth), synthetic, streams))
        before = corpus.counts.sum(axis=1)
        return engine.merge(*parts), rows((real, synthetic, before), len(streams))


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
        return Corpus(pool, counts, pool=pool, generation=corpus.generation + 1)


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
        picked = engine.pick(pool, n, streams)
        return Corpus(picked, counts, pool=pool, generation=corpus.generation + 1)
