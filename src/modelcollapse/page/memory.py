"""Memory that is free again, given back to the system: the C library of Linux would keep it for later."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """After a run or a figure, whose arrays take up to 100 MB: else the server stays as large as it was."""
    with suppress(OSError, AttributeError, TypeError):  # other systems have no such function
        ctypes.CDLL(None).malloc_trim(0)
