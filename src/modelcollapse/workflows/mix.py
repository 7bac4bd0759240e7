"""Real, synthetic and kept items in three shares of N."""

from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from modelcollapse.engines.base import Data, Engine
from modelcollapse.fields import Share, bad
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import Sizes, longest
from modelcollapse.workflows.base import Corpus, Flow, apportion, left, nothing, rows


class Shares(Flow):
    """Three shares of N: what `Mix` and its relatives have in common."""

    follows: ClassVar[tuple[str, ...]] = ("synthetic",)

    kind: str
    real: Share = 0.0
    kept: Share = 0.0
    synthetic: Share | None = None
    real_source: Literal["fresh", "fixed"] = "fresh"
    assignment: Literal["stratified", "per-sample"] = "stratified"

    @model_validator(mode="after")
    def _adds_up(self) -> "Shares":
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
        return self.real, left(self.real, self.kept), self.kept

    def shares_in(self, generation: int) -> tuple[float, float, float]:
        """Those of the training set of a generation, from the second on: always the same."""
        return self.shares()

    def counts(self, n: int, generation: int = 2) -> tuple[int, ...]:
        """The stratified counts of real, synthetic and kept items."""
        return apportion(n, self.shares_in(generation))

    def describe(self) -> list[str]:
        """The three shares, and what is not as usual."""
        real, synthetic, kept = self.shares()
        fixed = ["fixed real items"] if self.real_source == "fixed" else []
        each = ["per-sample"] if self.assignment == "per-sample" else []
        return [f"real {real:g}, synthetic {synthetic:g}, kept {kept:g}", *fixed, *each]

    def notes(self, n_samples: int) -> list[str]:
        """Shares too small for a single item, and a fixed set of none."""
        found = []
        real, _, kept = self.counts(n_samples)
        if self.assignment == "stratified":
            found += nothing("real", self.real, real, n_samples)
            found += nothing("kept", self.kept, kept, n_samples)
        if self.real_source == "fixed" and self.real == 0.0:
            found.append('workflow.real_source = "fixed" has no effect where workflow.real = 0')
        return found

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw N real items; those to be replayed are a part of them."""
        counts = rows((n_samples, 0, 0), len(streams))
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
        generation = corpus.generation + 1
        real, synthetic, kept = self._sizes(n, generation, streams)
        parts = []
        if corpus.fixed is not None or longest(real) > 0:
            parts.append(self._real(engine, corpus, truth, real, n, streams))
        if longest(synthetic) > 0:
            synthetic = self.found(model, synthetic)
            parts.append(engine.draw(self.synthetic_source(model, truth), synthetic, streams))
        if longest(kept) > 0:
            parts.append(engine.pick(corpus.training, kept, streams))
        counts = rows((real, synthetic, kept), len(streams))
        return Corpus(engine.merge(*parts), counts, corpus.fixed, generation=generation)

    def found(self, model: Law, synthetic: Sizes) -> Sizes:
        """How many synthetic items there are, where so many are asked for: all of them."""
        return synthetic

    def _real(
        self, engine: Engine, corpus: Corpus, truth: Source, real: Sizes, n: int, streams: Streams
    ) -> Data:
        """The real part: new items, or the fixed ones, of which fewer may be asked for than there are."""
        if corpus.fixed is None:
            return engine.draw(truth, real, streams)
        every = real == self.counts(n)[0]
        return corpus.fixed if every else engine.pick(corpus.fixed, real, streams)

    def _sizes(self, n: int, generation: int, streams: Streams) -> tuple[Sizes, ...]:
        """How many items are real, synthetic and kept: for all replicates, or for each."""
        if self.assignment == "stratified":
            return self.counts(n, generation)
        shares = np.array(self.shares_in(generation))
        drawn = np.array([stream.multinomial(n, shares / shares.sum()) for stream in streams])
        return tuple(np.ascontiguousarray(column) for column in drawn.T)


class Mix(Shares):
    """Fresh or fixed real data, synthetic data and a kept part of the current training set.

    p_(i+1) = alpha p_model + beta p_i + gamma p_0 of Shumailov et al. 2024 (Nature 631, 755), with
    ``synthetic``, ``kept`` and ``real`` for alpha, beta and gamma. The kept part is drawn without
    replacement from the current training set.

    ``real_source = "fixed"`` replays the first ``real`` N items of the first training set. With
    ``assignment = "stratified"`` the counts are exact; with ``"per-sample"`` each item draws its
    source.
    """

    name: ClassVar[str] = "mix"

    kind: Literal["mix"] = "mix"
