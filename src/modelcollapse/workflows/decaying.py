"""A share of real data that decays: the web as models fill it."""

from typing import ClassVar, Literal

from modelcollapse.engines.base import Engine
from modelcollapse.fields import NotNegative, Share
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.workflows.base import Corpus, Flow, apportion, left, rows


class Decaying(Flow):
    """Fresh real items whose share falls from generation to generation, and synthetic ones for the rest.

    Training set t has the real share ``real`` (t - 1)^-exponent: ``real`` in the second, the first one with
    synthetic items, and 1 in the first. The exponent 0 is a constant share; a share that falls to nothing
    leaves the process of Shumailov et al. 2024 (Nature 631, 755) with gamma = 0 in the long run.
    """

    name: ClassVar[str] = "decaying"

    kind: Literal["decaying"] = "decaying"
    real: Share
    exponent: NotNegative

    def counts(self, n: int, generation: int) -> tuple[int, ...]:
        """How many real and synthetic items the training set of a generation from 2 on has."""
        share = self.real * float(generation - 1) ** -self.exponent
        return apportion(n, (share, left(share)))

    def describe(self) -> list[str]:
        """How the share falls."""
        return [f"real {self.real:g} (t - 1)^-{self.exponent:g}"]

    def begin(self, engine: Engine, truth: Source, n_samples: int, streams: Streams) -> Corpus:
        """Draw N real items."""
        return Corpus(engine.draw(truth, n_samples, streams), rows((n_samples, 0, 0), len(streams)))

    def renew(
        self, engine: Engine, corpus: Corpus, model: Law, truth: Source, n: int, streams: Streams
    ) -> Corpus:
        """Put as many real items as are left to synthetic ones."""
        generation = corpus.generation + 1
        real, synthetic = self.counts(n, generation)
        parts = [engine.draw(truth, real, streams)] if real > 0 else []
        if synthetic > 0:
            parts.append(engine.draw(self.synthetic_source(model, truth), synthetic, streams))
        counts = rows((real, synthetic, 0), len(streams))
        return Corpus(engine.merge(*parts), counts, generation=generation)
