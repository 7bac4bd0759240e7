"""Real and synthetic items that count differently in a fit."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from modelcollapse.engines.base import Engine
from modelcollapse.errors import Problem
from modelcollapse.fields import Count, bad, number
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.workflows.augment import Counted
from modelcollapse.workflows.base import Corpus, rows


def _weight(value: Any) -> float:
    allowed = "must be a number above 0 and below 1 (without a part of them, it is an augment workflow)"
    found = number(value, allowed, 0.0, 1.0)
    if not 0.0 < found < 1.0:
        raise bad(allowed)
    return found


Weight = Annotated[float, BeforeValidator(_weight)]


class Weighted(Counted):
    """``real`` new real items of weight w together, ``synthetic`` ones of weight 1 - w.

    Weighted training of He et al. 2025 (arXiv 2502.18049): for n real and m synthetic items of a known
    variance, the weight that errs least in the long run is (sqrt(k^2 + 4 k) - k)/2, k = n/m; for k = 1 the
    inverse of the golden ratio. A real item counts as w (n + m)/n items of a fit and a synthetic one as
    (1 - w) (n + m)/m, so that all weights add up to the number of items.
    """

    name: ClassVar[str] = "weighted"

    kind: Literal["weighted"] = "weighted"
    weight: Weight
    real: Count
    synthetic: Count

    @property
    def exact_alone(self) -> str:
        """Counts on bins are whole items, and estimates of weighted parts are none of pooled items."""
        return "holds items that are all alike, and those of a weighted workflow are not"

    def refuses(self, learner: Any, truth: Any) -> list[Problem]:
        """A learner whose fit takes no weights."""
        found = super().refuses(learner, truth)
        if not learner.weighs:
            allowed = f"cannot be used with this {learner.name} learner, whose fit takes no weights"
            found.append(Problem("workflow.kind", "weighted", allowed))
        return found

    def describe(self) -> list[str]:
        """The two numbers and the weight."""
        return [*super().describe(), f"weight {self.weight:g} on the real ones"]

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw N real items of weight 1."""
        return Corpus(engine.draw(truth, n_samples, streams), rows((n_samples, 0, 0), len(streams)))

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Put real and synthetic items together, with their weights."""
        items = self.real + self.synthetic
        real = engine.draw(truth, self.real, streams)
        synthetic = engine.draw(self.synthetic_source(model, truth), self.synthetic, streams)
        weights = (self.weight * items / self.real, (1.0 - self.weight) * items / self.synthetic)
        training = engine.merge(real, synthetic, weights=weights)
        counts = rows((self.real, self.synthetic, 0), len(streams))
        return Corpus(training, counts, generation=corpus.generation + 1)
