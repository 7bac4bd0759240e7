"""Objects with `fit(X)` and `sample(n)`, in scikit-learn's manner: which are known, and how they are called.

A recipe names an object and its settings and nothing is imported for it: three classes of scikit-learn are
known, and what the user has registered in this process.
"""

import copy
import inspect
import math
import re
from collections.abc import Callable, Mapping
from numbers import Integral
from numbers import Real as Real_
from typing import Any, TypeAlias

import numpy as np

from modelcollapse.families.scikit_learn import alone
from modelcollapse.fields import bad
from modelcollapse.types import Array

Plain: TypeAlias = bool | int | float | str
"""What a setting in a recipe can be."""

_REGISTERED: dict[str, Any] = {}


def _gaussian_mixture() -> type:
    from sklearn.mixture import GaussianMixture

    return GaussianMixture  # type: ignore[no-any-return]


def _bayesian_mixture() -> type:
    from sklearn.mixture import BayesianGaussianMixture

    return BayesianGaussianMixture  # type: ignore[no-any-return]


def _kernel_density() -> type:
    from sklearn.neighbors import KernelDensity

    return KernelDensity  # type: ignore[no-any-return]


CLASSES: dict[str, Callable[[], type]] = {
    "sklearn.mixture.BayesianGaussianMixture": _bayesian_mixture,
    "sklearn.mixture.GaussianMixture": _gaussian_mixture,
    "sklearn.neighbors.KernelDensity": _kernel_density,
}
"""Classes that a recipe may name; a new one is a function that imports it, and its line here."""


def known(name: Any) -> str:
    """Check that a name is one of the classes, or registered."""
    if isinstance(name, str) and (name in CLASSES or name in _REGISTERED):
        return name
    names = ", ".join(map(repr, (*CLASSES, *_REGISTERED)))
    raise bad(
        f"must be one of {names}; any other object is registered first, in this process, with "
        "modelcollapse.estimator(object, name=...)"
    )


def plain(value: Any) -> Plain | None:
    """A setting as TOML and JSON hold it, or None where it is none."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real_) and math.isfinite(value):
        return float(value)
    return None


def prototype(name: str, settings: Mapping[str, Plain]) -> Any:
    """A new object with these settings; whatever it raises says what is wrong with them."""
    if name not in CLASSES:
        made = copied(_REGISTERED[name])
        return made.set_params(**settings) if settings else made
    made = CLASSES[name]()(**settings)
    made._validate_params()  # what it would otherwise say in the first fit
    return made


def register(name: str, thing: Any) -> None:
    """Make an object known under a name, as it is now."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name) or name in CLASSES:
        raise ValueError(
            f"name = {name!r}: must be of letters, digits, '.', '_' and '-', and no class's of scikit-learn"
        )
    _REGISTERED[name] = copied(thing)


def copied(thing: Any) -> Any:
    """An unfitted copy: scikit-learn's own, where the object has settings, else a deep one."""
    if hasattr(thing, "get_params"):
        from sklearn.base import clone

        return clone(thing)
    return copy.deepcopy(thing)


def takes(method: Any, argument: str) -> bool:
    """Whether a method has an argument of this name."""
    try:
        return argument in inspect.signature(method).parameters
    except (TypeError, ValueError):
        return False


def seeded(thing: Any) -> bool:
    """Whether an object can be given a random state, as an attribute or with each draw."""
    return hasattr(thing, "random_state") or takes(thing.sample, "random_state")


def fitted(thing: Any, x: Array, weight: Array | None, seed: int) -> Any:
    """A copy fitted to items ``(item, dimension)``; called within `alone`.

    An integer ``random_state`` that stays would return the same draw at every call, so that it is set
    anew before each.
    """
    model = copied(thing)
    if hasattr(model, "random_state"):
        model.random_state = seed
    if weight is None:
        model.fit(x)
    else:
        model.fit(x, sample_weight=weight)
    return model


def drawn(model: Any, n: int, dimension: int, seed: int) -> Array:
    """Draw ``(n, dimension)`` items; NaN, all of them, where the object does not give them."""
    failed = np.full((n, dimension), np.nan)
    if model is None or n == 0:
        return failed
    try:
        with alone():
            if hasattr(model, "random_state"):
                model.random_state = seed
            own = {"random_state": seed} if takes(model.sample, "random_state") else {}
            found = model.sample(n, **own)
        x = np.asarray(found[0] if isinstance(found, tuple) else found, dtype=np.float64)
    except Exception:  # whatever an object of the user's raises is a status of its replicate
        return failed
    return x if x.shape == (n, dimension) and np.isfinite(x).all() else failed
