"""Real and synthetic data with a weight each."""

from typing import ClassVar, Literal

from pydantic import model_validator

from modelcollapse.engines.base import Engine
from modelcollapse.fields import Count, Share, bad
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.workflows.base import Corpus, Flow, rows


class Weighted(Flow):
    """Weight w on ``real`` fresh real items, 1 - w on ``synthetic`` ones, whatever their numbers are.

    He et al. 2025 (arXiv 2502.18049): with as many synthetic items as real ones and a known variance the
    error of the mean is least at the inverse of the golden ratio, w = 0.618. The weights of the items add
    up to their number. The first training set is ``n_samples`` real items.
    """

    name: ClassVar[str] = "weighted"
    exact_alone: ClassVar[str] = 'holds no weights of items; workflow.kind = "weighted" needs "exact"'

    kind: Literal["weighted"] = "weighted"
    weight: Share
    real: Count
    synthetic: Count

    @model_validator(mode="after")
    def _is_between(self) -> "Weighted":
        if not 0.0 < self.weight < 1.0:
            raise bad("must be above 0 and below 1", "weight")
        return self

    def describe(self) -> list[str]:
        """The weight and the two counts."""
        return [f"real {self.real} of weight {self.weight:g}, synthetic {self.synthetic}"]

    def largest(self, n: int, generations: int) -> int:
        """The first training set, or a later one."""
        return max(n, self.real + self.synthetic if generations > 1 else 0)

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw the first real items."""
        return Corpus(engine.draw(truth, n_samples, streams), rows((n_samples, 0, 0), len(streams)))

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Put both parts together, each item with its part's weight over its part's number."""
        real = engine.draw(truth, self.real, streams)
        synthetic = engine.draw(self.synthetic_source(model, truth), self.synthetic, streams)
        total = self.real + self.synthetic
        weights = (self.weight * total / self.real, (1.0 - self.weight) * total / self.synthetic)
        counts = rows((self.real, self.synthetic, 0), len(streams))
        training = engine.merge(real, synthetic, weights=weights)
        return Corpus(training, counts, generation=corpus.generation + 1)
