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
from modelcollapse.types import IntArray, Sizes, per_replicate


@dataclass(frozen=True)
class Corpus:
    """A training set and what it is made of.

    Attributes
    ----------
    training
        The training set, as the engine holds it.
    counts
        ``(replicate, 3)``: how many of its items are real, synthetic and kept.
    fixed
        The real items that are replayed each generation, where the workflow has such.
    """

    training: Data
    counts: IntArray
    fixed: Data | None = None


class Workflow(Protocol):
    """The first training set, and the next one."""

    def notes(self, n_samples: int) -> list[str]:
        """What is allowed but should be known."""

    def largest(self, n: int, generations: int) -> int:
        """The most items that are held at once."""

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
        rest = 1 - Fraction(repr(self.real)) - Fraction(repr(self.kept))
        return self.real, max(float(rest), 0.0), self.kept

    def counts(self, n: int) -> tuple[int, ...]:
        """The stratified counts of real, synthetic and kept items."""
        return apportion(n, self.shares())

    def notes(self, n_samples: int) -> list[str]:
        """Shares too small for a single item, and a fixed set of none."""
        found = []
        counts = dict(zip(("real", "synthetic", "kept"), self.counts(n_samples), strict=True))
        for name in ("real", "kept"):
            share = getattr(self, name)
            if self.assignment == "stratified" and share > 0.0 and counts[name] == 0:
                found.append(f"workflow.{name} = {share:g} of {n_samples} items is no item at all")
        if self.real_source == "fixed" and self.real == 0.0:
            found.append('workflow.real_source = "fixed" has no effect where workflow.real = 0')
        return found

    def largest(self, n: int, generations: int) -> int:
        """A training set."""
        return n

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
        counts = self._draw_counts(n, streams)
        real, synthetic, kept = counts.T
        if corpus.fixed is not None:
            parts = [corpus.fixed]
        else:
            parts = [engine.draw(truth, real, streams)] if real.any() else []
        if synthetic.any():
            parts.append(engine.draw(model, synthetic, streams))
        if kept.any():
            parts.append(engine.pick(corpus.training, kept, streams))
        return Corpus(engine.merge(*parts), counts, corpus.fixed)

    def _draw_counts(self, n: int, streams: Streams) -> IntArray:
        if self.assignment == "stratified":
            return _rows(self.counts(n), len(streams))
        shares = np.array(self.shares())
        return np.array([stream.multinomial(n, shares / shares.sum()) for stream in streams])


def _rows(counts: tuple[Sizes, ...], replicates: int) -> IntArray:
    return np.stack([per_replicate(count, replicates) for count in counts], axis=1)


WORKFLOWS = (Mix,)
"""What a recipe's ``[workflow]`` can be; a new workflow is a class and its line here."""
