"""What the tests of laws share: z values with what they can see, and the reference implementation.

A test of a law has a fixed seed and asks for |z| < `AGREES`. Its docstring says the smallest defect it
sees: `AGREES` standard errors as a share of the law. Beside it stands a wrong law, or broken code, that
must give |z| > `DIFFERS`, so that a test that cannot fail is noticed. ``pytest -rP`` prints every z.
No replicate is ever left out, whatever happened to it.
"""

import importlib.util
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import pytest

AGREES = 4.0
DIFFERS = 6.0


def standard_error(values) -> float:
    """Standard error of the mean of one value a replicate; all of them must be there."""
    values = np.asarray(values, dtype=np.float64)
    assert np.isfinite(values).all(), "a replicate has no number"
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def z_of_mean(values, law: float) -> float:
    """(mean - law)/standard error."""
    return (float(np.mean(values)) - law) / standard_error(values)


def z_of_difference(a, b) -> float:
    """Difference of two independent means, in its standard errors."""
    return float((np.mean(a) - np.mean(b)) / np.hypot(standard_error(a), standard_error(b)))


def assert_law(values, law: float, what: str) -> None:
    """The mean over replicates agrees with a law."""
    z, sees = z_of_mean(values, law), AGREES * standard_error(values)
    share = f", {abs(sees / law):.2%} of it" if law else ""
    print(f"{what}: law {law:.5g}, z = {z:+.2f}, sees {sees:.2g}{share}")
    assert abs(z) < AGREES, f"{what}: z = {z:+.2f}, mean {np.mean(values):.6g}, law {law:.6g}"


def assert_not_law(values, wrong: float, what: str) -> None:
    """The mean over replicates is far from a wrong law: the test beside this one can fail."""
    z = z_of_mean(values, wrong)
    print(f"not {what}: {wrong:.5g}, z = {z:+.2f}")
    assert abs(z) > DIFFERS, f"{what}: z = {z:+.2f} does not tell it from the truth"


def assert_same_mean(a, b, what: str) -> None:
    """Two independent sets of replicates have the same mean."""
    z = z_of_difference(a, b)
    sees = AGREES * np.hypot(standard_error(a), standard_error(b))
    print(f"{what}: {np.mean(a):.5g} and {np.mean(b):.5g}, z = {z:+.2f}, sees {sees:.2g}")
    assert abs(z) < AGREES, f"{what}: z = {z:+.2f}, means {np.mean(a):.6g} and {np.mean(b):.6g}"


def at(dataset, name: str, generations: Iterable[int]) -> list[np.ndarray]:
    """A metric of a result at some generations: an array over replicates for each."""
    import modelcollapse as mc

    values = mc.measure(dataset.sel(generation=list(generations)), name)
    return list(values.transpose("generation", "replicate").values)


@cache
def callable_kernel(kernel):
    """A kernel that only kernels can call (see `kernels.compiling.borrowing`), for Python to call."""
    return numba.njit(lambda *arguments: kernel(*arguments))


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The executable specification, ``reference/recursion.py``."""
    path = Path(__file__).parents[1] / "reference" / "recursion.py"
    spec = importlib.util.spec_from_file_location("reference_recursion", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
