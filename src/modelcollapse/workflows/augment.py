"""Real data with synthetic data, each so many items a generation."""

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator

from modelcollapse.engines.base import Data, Engine
from modelcollapse.errors import Problem
from modelcollapse.fields import Count, Items, bad, number
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.workflows.base import Corpus, Flow, rows


def _growth(value: Any) -> float:
    return number(value, "must be a number from 0 to 10", 0.0, 10.0)


Growth = Annotated[float, BeforeValidator(_growth)]


class Counted(Flow):
    """Numbers of real and synthetic items, not shares of N: N is the size of the first training set alone."""

    kind: str
    real: Items
    synthetic: Items

    @model_validator(mode="after")
    def _some(self) -> "Counted":
        if self.real + self.synthetic == 0:
            raise bad("must be at least 1 where workflow.real is 0", "synthetic")
        return self

    def counts(self, generation: int = 2) -> tuple[int, int]:
        """How many items of a generation's training set are real and synthetic, from the second on."""
        return self.real, self.synthetic

    def describe(self) -> list[str]:
        """The two numbers."""
        return [f"real {self.real:g}, synthetic {self.synthetic:g} items"]

    def largest(self, n: int, generations: int) -> int:
        """The first training set, or a later one."""
        return max(n, sum(self.counts(generations)) if generations > 1 else 0)

    def refuses(self, learner: Any, truth: Any) -> list[Problem]:
        """Training sets that are too small for the learner."""
        items = sum(self.counts())
        few = [p for p in learner.problems(items) if p.field == "n_samples"]
        allowed = f"and workflow.real = {self.real} make training sets of {items} items; their size "
        return [Problem("workflow.synthetic", self.synthetic, allowed + p.allowed) for p in few]


class Augment(Counted):
    """Real and synthetic items in any numbers: the first training set has N, all of them real.

    ``real_source = "fixed"`` holds ``pool`` real items (``real`` of them if it is left out), drawn once, and
    takes ``real`` of those without replacement in each generation. With all of them that is the "synthetic
    augmentation loop" of Alemohammad et al. 2023 (arXiv 2307.01850) and, with N = ``real``, the
    iterative retraining of Bertrand et al. 2023 (arXiv 2310.00429), whose lambda is
    ``synthetic``/``real``. With ``"fresh"`` it is the "fresh data loop" of Alemohammad et al.:
    n_ini, n_r and n_s are N, ``real`` and ``synthetic``.

    Generation t has ``real`` t^growth and ``synthetic`` t^growth items, rounded: Shumailov et al. 2023
    (arXiv 2305.17493) show that the distance to the truth stays finite, of synthetic data alone, only if
    training sets grow faster than linearly.
    """

    name: ClassVar[str] = "augment"

    kind: Literal["augment"] = "augment"
    real_source: Literal["fresh", "fixed"] = "fresh"
    pool: Count | None = None
    growth: Growth = 0.0

    @model_validator(mode="after")
    def _pool_fits(self) -> "Augment":
        if self.pool is not None and self.real_source == "fresh":
            raise bad('is for real_source = "fixed"; leave it out', "pool")
        if self.pool is not None and self.pool < self.real:
            raise bad(f"must be at least workflow.real = {self.real}", "pool")
        if self.real_source == "fixed" and self.growth > 0.0:
            raise bad('must be 0 where real_source = "fixed": a fixed set does not grow', "growth")
        return self

    @property
    def fixed(self) -> int:
        """How many fixed items there are; none where real items are new ones."""
        return (self.pool or self.real) if self.real_source == "fixed" else 0

    def counts(self, generation: int = 2) -> tuple[int, int]:
        """How many items of a generation's training set are real and synthetic, from the second on."""
        if self.growth == 0.0:
            return self.real, self.synthetic
        factor = float(generation) ** self.growth
        return math.floor(self.real * factor + 0.5), math.floor(self.synthetic * factor + 0.5)

    def describe(self) -> list[str]:
        """The two numbers, and what is not as usual."""
        fixed = (
            [f"a fixed pool of {self.fixed} real items"] if self.fixed > self.real else ["fixed real items"]
        )
        grows = [f"times t^{self.growth:g}"] if self.growth > 0.0 else []
        return [*super().describe(), *(fixed if self.real_source == "fixed" else []), *grows]

    def largest(self, n: int, generations: int) -> int:
        """The first training set, a later one, or the fixed items."""
        return max(super().largest(n, generations), self.fixed)

    def notes(self, n_samples: int) -> list[str]:
        """A fixed set of none."""
        if self.real_source == "fixed" and self.real == 0:
            return ['workflow.real_source = "fixed" has no effect where workflow.real = 0']
        return []

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw N real items: the fixed ones are a part of them, or they are a part of the fixed ones."""
        counts = rows((n_samples, 0, 0), len(streams))
        if self.fixed == 0:
            return Corpus(engine.draw(truth, n_samples, streams), counts)
        fixed = engine.draw(truth, self.fixed, streams)
        if self.fixed >= n_samples:
            first = fixed if self.fixed == n_samples else engine.pick(fixed, n_samples, streams)
        else:
            first = engine.merge(fixed, engine.draw(truth, n_samples - self.fixed, streams))
        return Corpus(first, counts, fixed)

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Put real and synthetic items together."""
        generation = corpus.generation + 1
        real, synthetic = self.counts(generation)
        parts: list[Data] = []
        if real > 0 and corpus.fixed is None:
            parts.append(engine.draw(truth, real, streams))
        elif real > 0:
            every = real == self.fixed
            parts.append(corpus.fixed if every else engine.pick(corpus.fixed, real, streams))
        if synthetic > 0:
            parts.append(engine.draw(self.synthetic_source(model, truth), synthetic, streams))
        counts = rows((real, synthetic, 0), len(streams))
        return Corpus(engine.merge(*parts), counts, corpus.fixed, generation=generation)
