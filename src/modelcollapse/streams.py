"""Randomness: a seed, a recipe's content key and a replicate's number give one generator.

Nothing else in the package makes random generators. A replicate's stream depends on nothing but
these three, so it can be replayed alone, and chunking, threads and order change no bit.
"""

from collections.abc import Iterable

import numpy as np

from modelcollapse.types import Streams

COMMON_KEY = (0,) * 8
"""The key of every recipe with ``streams = "common"``: the recipe is left out of it."""


def generators(seed: int, key: tuple[int, ...], replicates: Iterable[int]) -> Streams:
    """Make one generator for each replicate.

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
    return [
        np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(seed, spawn_key=(*key, replicate))))
        for replicate in replicates
    ]
