"""Real data plus synthetic data, of any sizes."""

from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import model_validator

from modelcollapse.engines.base import Engine
from modelcollapse.errors import Problem
from modelcollapse.fields import Count, NotNegative, WholeNumber, bad
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.workflows.base import Corpus, Flow, rows


class Augment(Flow):
    """``real`` real items and ``synthetic`` items of the last model, both counts free, each generation.

    With fresh real items it is the fresh data loop of Alemohammad et al. 2023 (arXiv 2307.01850): n_r fresh
    and n_s synthetic items, after a first training set of any size. With fixed ones it is their
    synthetic augmentation loop, and iterative retraining of Bertrand et al. 2023 (arXiv 2310.00429), where
    the real set is replayed beside ``lambda`` times as many synthetic items.

    The first training set is ``n_samples`` real items. ``pool`` real items are held where they are fixed,
    the first of the first training set, and ``real`` of them drawn each generation without replacement;
    all of them are replayed where no pool is given. With ``growth`` above 0 training set t has t^growth
    times the counts: the distance of a Gaussian from the truth stays finite only where sizes grow faster
    than linearly (Shumailov et al. 2024, Nature 631, 755).
    """

    name: ClassVar[str] = "augment"

    kind: Literal["augment"] = "augment"
    real: WholeNumber
    synthetic: Count
    real_source: Literal["fresh", "fixed"] = "fresh"
    pool: Count | None = None
    growth: NotNegative = 0.0

    @model_validator(mode="after")
    def _fits(self) -> "Augment":
        if self.growth > 10.0:
            raise bad("must be at most 10", "growth")
        if self.pool is not None and self.real_source == "fresh":
            raise bad('is for real_source = "fixed"; leave it out', "pool")
        if self.pool is not None and self.pool < self.real:
            raise bad(
                f"must be at least real = {self.real}: real items are drawn without replacement", "pool"
            )
        if self.real_source == "fixed" and self.growth > 0.0:
            raise bad('must be 0 where real_source = "fixed": a fixed set does not grow', "growth")
        return self

    def counts(self, generation: int) -> tuple[int, int]:
        """How many real and synthetic items the training set of a generation from 2 on has."""
        if self.growth == 0.0:
            return self.real, self.synthetic
        factor = Fraction(generation**self.growth)
        return int(self.real * factor), int(self.synthetic * factor)

    def describe(self) -> list[str]:
        """The two counts, and what is not as usual."""
        fixed = ["fixed real items"] if self.real_source == "fixed" else []
        pool = [f"of a pool of {self.pool}"] if self.pool is not None else []
        grows = [f"times t^{self.growth:g}"] if self.growth > 0.0 else []
        return [f"real {self.real}, synthetic {self.synthetic}", *fixed, *pool, *grows]

    def largest(self, n: int, generations: int) -> int:
        """The first training set, the last, or the real items that are held."""
        return max(n, self.pool or 0, sum(self.counts(generations)) if generations > 1 else 0)

    def problems(self, n_samples: int) -> list[Problem]:
        """More real items to replay than the first training set has."""
        held = self.pool or self.real
        if self.real_source == "fresh" or held <= n_samples:
            return []
        name = "real" if self.pool is None else "pool"
        allowed = f"must be at most n_samples = {n_samples}: fixed items are the first ones"
        return [Problem(f"workflow.{name}", held, allowed)]

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw the first real items; those to be replayed are a part of them."""
        counts = rows((n_samples, 0, 0), len(streams))
        if self.real_source == "fresh" or self.real == 0:
            return Corpus(engine.draw(truth, n_samples, streams), counts)
        held = self.pool or self.real
        fixed = engine.draw(truth, held, streams)
        if held == n_samples:
            return Corpus(fixed, counts, fixed)
        others = engine.draw(truth, n_samples - held, streams)
        return Corpus(engine.merge(fixed, others), counts, fixed)

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Put real and synthetic items together."""
        generation = corpus.generation + 1
        real, synthetic = self.counts(generation)
        parts = [] if real == 0 else [self.real_part(engine, corpus, truth, real, streams)]
        parts.append(engine.draw(self.synthetic_source(model, truth), synthetic, streams))
        counts = rows((real, synthetic, 0), len(streams))
        return Corpus(engine.merge(*parts), counts, corpus.fixed, generation=generation)

    def real_part(self, engine: Engine, corpus: Corpus, truth: Source, real: int, streams: Streams) -> object:
        """New real items, all that are held, or some of those."""
        if corpus.fixed is None:
            return engine.draw(truth, real, streams)
        if self.pool is None or self.pool == real:
            return corpus.fixed
        return engine.pick(corpus.fixed, real, streams)
