"""Randomness: a seed, a recipe's content key and a replicate's number give one stream.

Nothing else in the package makes random generators. A replicate's stream depends on nothing but
these three, so it can be replayed alone, and chunking, threads and order change no bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from modelcollapse import aligned
from modelcollapse.types import BitArray

COMMON_KEY = (0,) * 8
"""The key of every recipe with ``streams = "common"``: the recipe is left out of it."""
WORDS = 4
"""64-bit words of one lane's state: xoshiro256++."""
STREAM_LANES = 32
"""Lanes of a replicate that kernels draw from side by side."""


@dataclass(frozen=True)
class Streams(Sequence[np.random.Generator]):
    """The random streams of a batch of replicates.

    Attributes
    ----------
    generators
        One NumPy generator for each replicate; ``streams[r]`` is the r-th.
    state
        ``(replicate, word, lane)``: what kernels draw from, and advance in place. It is drawn from
        the generator, once.
    """

    generators: tuple[np.random.Generator, ...]
    state: BitArray

    @overload
    def __getitem__(self, index: int) -> np.random.Generator: ...
    @overload
    def __getitem__(self, index: slice) -> "Streams": ...
    def __getitem__(self, index: int | slice) -> "np.random.Generator | Streams":
        """One replicate's generator, or the streams of some replicates."""
        if isinstance(index, slice):
            return Streams(self.generators[index], self.state[index])
        return self.generators[index]

    def __len__(self) -> int:
        """The number of replicates."""
        return len(self.generators)

    def __iter__(self) -> Iterator[np.random.Generator]:
        """The generators, replicate after replicate."""
        return iter(self.generators)


def of(generators: Iterable[np.random.Generator]) -> Streams:
    """Make the streams that begin where these generators are."""
    each = tuple(generators)
    state = aligned.empty((len(each), WORDS, STREAM_LANES), np.uint64)
    for words, generator in zip(state, each, strict=True):
        words[:] = generator.integers(2**64, size=words.shape, dtype=np.uint64)
    return Streams(each, state)


def generators(seed: int, key: tuple[int, ...], replicates: Iterable[int]) -> Streams:
    """Make the stream of each replicate.

    Parameters
    ----------
    seed
        The recipe's seed, from 0 to 2**128.
    key
        Eight 32-bit words, the recipe's content key, or `COMMON_KEY`. Eight always: words of
        another number could run into the replicate's.
    replicates
        The numbers of the replicates.

    Notes
    -----
    ``SeedSequence([1])`` equals ``SeedSequence([1, 0])``; ``spawn_key`` has no such collisions.
    """
    if len(key) != 8:
        raise ValueError(f"a key has eight words, not {len(key)}")
    return of(
        np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(seed, spawn_key=(*key, replicate))))
        for replicate in replicates
    )
