"""What families share that learn from real numbers or from vectors, whichever the truth's items are."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr

from modelcollapse.families.base import REAL, VECTORS, Learner
from modelcollapse.types import Array, Params


def dimension_of(source: Any) -> int | None:
    """How many numbers an item of a truth has where it is a vector; None of real numbers."""
    return int(source.moments()[0].shape[-1]) if source.items == VECTORS else None


class EitherLearner(Learner):
    """A family whose models are data or objects. Of real numbers, until a truth has suited it to vectors."""

    items: ClassVar[str] = REAL
    learns: ClassVar[tuple[str, ...]] = (REAL, VECTORS)
    remembers: ClassVar[bool] = True

    _dimension: int | None = PrivateAttr(None)

    @classmethod
    def of_vectors(cls) -> "type[EitherLearner]":
        """The same family of vectors: a class of its own, since it records a mean of several numbers."""
        raise NotImplementedError

    def suited(self, source: Any) -> Self:
        """The family of the truth's items."""
        dimension = dimension_of(source)
        if dimension is None:
            return self
        sized: Any = self.of_vectors()(**self.model_dump())
        sized._dimension = dimension
        return sized  # type: ignore[no-any-return]

    def restore(self, variables: Mapping[str, Array]) -> Params:
        """Nothing is stored that parameters could be restored from: see `Family.remembers`."""
        raise NotImplementedError

    def sizes(self) -> Mapping[str, int]:
        """One axis, of the numbers in an item, where that is a vector."""
        return {} if self._dimension is None else {"dimension": self._dimension}

    def item_numbers(self) -> int:
        """One, or as many as there are dimensions."""
        return self._dimension or 1
