"""The four verbs of an engine. Engines differ only in how a training set is held in memory."""

from dataclasses import dataclass
from typing import Any, Protocol

from modelcollapse.errors import Problem
from modelcollapse.families.base import Fit
from modelcollapse.sources import Law, Source
from modelcollapse.streams import Streams
from modelcollapse.types import Params, Sizes

Data = Any
"""A training set as an engine holds it; nothing above the engines looks inside."""


@dataclass(frozen=True)
class Cost:
    """Seconds a generation on one core, and bytes of memory, of one replicate: orders of magnitude."""

    seconds: float
    memory: int


class Engine(Protocol):
    """Draw, pick, merge and fit, for a batch of replicates."""

    def draw(self, source: Source, size: Sizes, streams: Streams) -> Data:
        """Draw ``size`` new items for each replicate."""

    def pick(self, data: Data, size: Sizes, streams: Streams) -> Data:
        """Pick ``size`` items of each replicate's data, without replacement."""

    def merge(self, *data: Data, weights: tuple[float, ...] | None = None) -> Data:
        """Put data together; with ``weights``, each item of a part counts as so many in a fit."""

    def fit(self, data: Data, start: Params | None, streams: Streams) -> Fit:
        """Fit the learner; ``start`` holds the generating parameters, where they fit."""

    def model(self, params: Params) -> Law:
        """The fitted model as a source."""

    def refuses(self, experiment: Any) -> list[Problem]:
        """What of a recipe this engine cannot do, with the reason, before any work."""

    def notes(self, n_samples: int) -> list[str]:
        """What is allowed but should be known."""

    def cost(self, n_samples: int, effort: float = 1.0) -> Cost:
        """What one replicate takes, roughly; ``effort`` is how many times as long a fit takes."""
