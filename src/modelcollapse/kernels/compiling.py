"""How kernels are compiled: strict arithmetic, no interpreter's lock, a cache that knows all their files."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types as nbt
from numba.core.caching import FunctionCache
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

LANES = 64
"""Independent partial sums, side by side.

Kernels get this number as an argument (`width`) and not as a constant: loops of a known length are
unrolled before they are vectorised, which multiplies the time to compile them by five.
"""

SOURCES = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()


class _Cache(FunctionCache):
    """numba's cache on disk, which by itself does not see changes in other files that a kernel calls."""

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), SOURCES)  # type: ignore[no-untyped-call]

    def holds(self, codegen: Any) -> bool:
        """Whether there is machine code of this version for this processor, for arguments of any types."""
        own = self._index_key(None, codegen)[1:]
        index = self._cache_file._load_index()  # type: ignore[no-untyped-call]
        return any(key[1:] == own for key in index)


def inner(function: F) -> F:
    """Compile a function that kernels call: it is compiled into them and needs no cache of its own."""
    return cast(F, numba.njit(nogil=True, error_model="numpy")(function))


def borrowing(function: F) -> F:
    """Compile a function that kernels call, and that makes no arrays and keeps none. Python cannot call it.

    It counts no references to its arrays. Counting takes 10 ns an array and call, where LLVM does not
    see that it can be left out; a random number takes 2.
    """
    options = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(F, cast(Any, numba.njit)(nogil=True, error_model="numpy", **options)(function))


def compiled(function: F) -> F:
    """Compile a kernel that Python calls, and keep the machine code on disk."""
    dispatcher: Any = inner(function)
    dispatcher._cache = _Cache(function)  # type: ignore[no-untyped-call]
    return cast(F, dispatcher)


def brief(function: F) -> F:
    """Compile a kernel that Python calls, so short that it keeps the interpreter's lock.

    A thread that lets go of the lock may have to wait for it again, for longer than such a kernel takes.
    """
    dispatcher: Any = numba.njit(error_model="numpy")(function)
    dispatcher._cache = _Cache(function)  # type: ignore[no-untyped-call]
    return cast(F, dispatcher)


def ready(kernel: Any) -> bool:
    """Whether a kernel need not be compiled: it is, in this process or on disk, or is not compiled at all."""
    cache = getattr(kernel, "_cache", None)
    if not isinstance(cache, _Cache) or kernel.signatures:
        return True
    try:
        return cache.holds(kernel.targetctx.codegen())
    except OSError:  # a cache that cannot be read: numba says so
        return True


def _as_float(_context: Any, bits: Any) -> Any:
    def generate(_c: Any, builder: Any, _s: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return nbt.float64(nbt.int64), generate


def _as_bits(_context: Any, number: Any) -> Any:
    def generate(_c: Any, builder: Any, _s: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return nbt.int64(nbt.float64), generate


def _fma(_context: Any, x: Any, y: Any, z: Any) -> Any:
    def generate(_c: Any, builder: Any, _s: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return nbt.float64(nbt.float64, nbt.float64, nbt.float64), generate


def _compact(_context: Any) -> Any:
    def generate(context: Any, builder: Any, _s: Any, _a: Any) -> Any:
        set.update(builder.function.attributes, ("optsize", "noinline"))  # see below
        return context.get_dummy_value()

    return nbt.none(), generate


def _widest_vectors(_context: Any) -> Any:
    def generate(context: Any, builder: Any, _s: Any, _a: Any) -> Any:
        # llvmlite's own `add` knows only some of LLVM's attributes
        set.update(builder.function.attributes, ('"prefer-vector-width"="512"', "noinline"))
        return context.get_dummy_value()

    return nbt.none(), generate


compact: Callable[[], None] = cast(Any, intrinsic(_compact))
"""Called in a kernel that is not worth it: compile it for size, and once, not again into each caller.

This and the numbers of lanes that LLVM does not know keep the time to compile within bounds.
"""
widest_vectors: Callable[[], None] = cast(Any, intrinsic(_widest_vectors))
"""Called in a kernel: vectorise it for 512 bits where the processor has them, and compile it once.

LLVM keeps to 256 bits on processors that run slower with more, which does not pay in loops as full of
arithmetic as these: 2.0 against 2.7 ns an item of an E-step. No bit of a result depends on it.
"""
as_float: Callable[[Any], float] = cast(Any, intrinsic(_as_float))
"""Read the 64 bits of an integer as a float."""
as_bits: Callable[[Any], int] = cast(Any, intrinsic(_as_bits))
"""Read the 64 bits of a float as an integer."""
fma: Callable[[Any, Any, Any], float] = cast(Any, intrinsic(_fma))
"""x y + z, rounded once: the same bits on every processor, and one instruction on those since 2013."""
