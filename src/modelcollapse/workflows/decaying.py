"""Real data that become rarer."""

from typing import ClassVar, Literal

from modelcollapse.fields import Positive
from modelcollapse.workflows.base import left
from modelcollapse.workflows.mix import Shares


class Decaying(Shares):
    """A mix whose real share halves every ``half_life`` generations; synthetic items take its place.

    The training set of generation t = 2, 3, ... has the real share ``real`` 2^(-(t - 2)/``half_life``), by
    exact counts or per item: ``real`` itself in generation 2, the first that has synthetic items. Sooner or
    later that is less than one item, so every such path ends as without real data. Bakshi and Chakraborty
    2026 (arXiv 2602.10531) study shares of real data that decay.

    With ``real_source = "fixed"``, ever fewer of the first ``real`` N items are picked without replacement.
    """

    name: ClassVar[str] = "decaying"

    kind: Literal["decaying"] = "decaying"
    half_life: Positive

    def shares_in(self, generation: int) -> tuple[float, float, float]:
        """The shares of real, synthetic and kept items in a generation's training set."""
        real = self.real * 2.0 ** (-(generation - 2) / self.half_life)
        return real, left(real, self.kept), self.kept

    def describe(self) -> list[str]:
        """The three shares at first, and how fast the real one falls."""
        return [*super().describe(), f"the real share halves every {self.half_life:g} generations"]
