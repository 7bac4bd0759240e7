"""The four verbs of an engine. Engines differ only in how a training set is held in memory."""

from typing import Any, Protocol

from modelcollapse.errors import Problem
from modelcollapse.families.base import Fit
from modelcollapse.sources import Law, Source
from modelcollapse.types import Params, Sizes, Streams

Data = Any
"""A training set as an engine holds it; nothing above the engines looks inside."""


class Engine(Protocol):
    """Draw, pick, merge and fit, for a batch of replicates."""

    def draw(self, source: Source, size: Sizes, streams: Streams) -> Data:
        """Draw ``size`` new items for each replicate."""

    def pick(self, data: Data, size: Sizes, streams: Streams) -> Data:
        """Pick ``size`` items of each replicate's data, without replacement."""

    def merge(self, *data: Data) -> Data:
        """Put data together."""

    def fit(self, data: Data, start: Params | None, streams: Streams) -> Fit:
        """Fit the learner; ``start`` holds the generating parameters, where they fit."""

    def model(self, params: Params) -> Law:
        """The fitted model as a source."""

    def refuses(self, n_samples: int) -> list[Problem]:
        """What this engine cannot do, with the reason, before any work."""

    def bytes_needed(self, n_samples: int) -> int:
        """Memory for one replicate."""
