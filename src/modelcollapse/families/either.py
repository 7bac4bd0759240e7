"""What families share that learn from real numbers or from vectors, whichever the truth's items are."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import PrivateAttr

from modelcollapse.families.base import REAL, VECTORS, Learner


def dimension_of(source: Any) -> int | None:
    """How many numbers an item of a truth has where it is a vector; None of real numbers."""
    return int(source.moments()[0].shape[-1]) if source.items == VECTORS else None


class EitherLearner(Learner):
    """A family whose models are data or objects. Of real numbers, until a truth has suited it to vectors."""

    items: ClassVar[str] = REAL
    learns: ClassVar[tuple[str, ...]] = (REAL, VECTORS)
    remembers: ClassVar[bool] = True

    _dimension: int | None = PrivateAttr(None)

    def sizes(self) -> Mapping[str, int]:
        """One axis, of the numbers in an item, where that is a vector."""
        return {} if self._dimension is None else {"dimension": self._dimension}

    def item_numbers(self) -> int:
        """One, or as many as there are dimensions."""
        return self._dimension or 1
