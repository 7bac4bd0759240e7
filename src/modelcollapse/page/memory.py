"""The memory of a server that runs for hours: the C library of Linux keeps what is free for later."""

import ctypes
from contextlib import suppress

ARENAS = -8
"""M_ARENA_MAX of mallopt(3)."""
MOST = 2


def few_arenas() -> None:
    """Let threads share what they allocate from: each run has its own thread, and would leave holes."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(ARENAS, MOST)


def give_back() -> None:
    """After what takes up to 100 MB for a while: else the server stays as large as it was."""
    with suppress(OSError, AttributeError, TypeError):  # other systems have no such function
        ctypes.CDLL(None).malloc_trim(0)
