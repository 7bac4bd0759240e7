"""The words of the lab as types: array aliases with named axes, and what can happen to a replicate.

Axes are named in docstrings in this order: ``(replicate, generation, item | component)``.
"""

from enum import IntFlag
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
BitArray: TypeAlias = npt.NDArray[np.uint64]
Parts: TypeAlias = tuple[Array, Array, Array]
"""Weights, means and stds of mixtures, each ``(replicate, component)``."""
ItemArray: TypeAlias = npt.NDArray[Any]
"""Items ``(replicate, item)`` of any family: real numbers, numbers of categories."""
Sizes: TypeAlias = int | IntArray
"""A number of items: one for the whole batch, or one for each replicate."""
Number = TypeVar("Number", np.float64, np.int64)
"""What an array of numbers holds, where one of the same kind is made of it."""
Params: TypeAlias = Any
"""Fitted parameters: a NamedTuple of arrays, each with a leading ``replicate`` axis."""


class Status(IntFlag):
    """What happened to a replicate. Stored for every replicate and generation; never a reason to drop one.

    Each member carries the sentence that explains it, as ``member.sentence``.
    """

    sentence: str

    def __new__(cls, value: int, sentence: str = "") -> "Status":
        """Make a member from its bit and its sentence."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    COMPONENT_DEAD = 1, "a component has no weight; where EM starts from the last model, it stays dead"
    POINT_MASS = 2, "a component's items are all equal: positive weight, no variance"
    COLLAPSED = 4, "the whole model is one point, or one category"
    NOT_CONVERGED = 8, "EM reached max_iterations with more than the tolerance left to gain"
    UNIDENTIFIED = 16, "the likelihood is flat or a saddle here: two components are alike"
    PRECISION_LIMIT = 32, "a spread is within eight roundings of its mean: float64 ends here"
    NONFINITE = 64, "the fit was not finite; the last model was kept"
    SOLVER_FAILED = 128, "the solver raised an error; the last model was kept"
    CATEGORY_LOST = 256, "a category has probability 0: the model cannot draw it"
    OUTSIDE_RANGE = 512, "the diffusion engine has left the range where its first order in 1/N holds"
    GRID_COARSE = 1024, "a component is narrower than two bins: the grouped engine does not resolve it"
    RANK_DEFICIENT = 2048, "a covariance is singular: its items lie in fewer dimensions than there are"


STICKY = (
    Status.GRID_COARSE
    | Status.OUTSIDE_RANGE
    | Status.PRECISION_LIMIT
    | Status.NONFINITE
    | Status.SOLVER_FAILED
)
"""Once one of these is set, later numbers of the replicate depend on it, so it stays set."""


def per_replicate(size: Sizes, replicates: int) -> IntArray:
    """Give a size for each replicate, axis ``(replicate,)``."""
    if isinstance(size, int):
        sizes = np.empty(replicates, dtype=np.int64)
        sizes.fill(size)
        return sizes
    return repeated(np.asarray(size, dtype=np.int64), replicates)


def repeated(values: npt.NDArray[Number], replicates: int) -> npt.NDArray[Number]:
    """Give values, one row for all or ``(replicate, ...)``, to each replicate: ``(replicate, ...)``.

    Always a copy, in C's order: kernels are compiled once more for arrays in another order, or that may not
    be written to, as those of `numpy.broadcast_to`.
    """
    return np.array(np.broadcast_to(values, (replicates, *values.shape[1:])), order="C")


def longest(size: Sizes) -> int:
    """Give the most items of a replicate."""
    return size if isinstance(size, int) else int(size.max(initial=0))
