"""What the numbers of a study may depend on beside its recipe: versions."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from modelcollapse.errors import StorageError
from modelcollapse.experiment import STREAM_VERSION
from modelcollapse.version import __version__


def versions() -> dict[str, Any]:
    """What the numbers may depend on beside the recipe."""
    import numba

    return {
        "modelcollapse_version": __version__,
        "numpy_version": np.__version__,
        "numba_version": numba.__version__,
        "scipy_version": version("scipy"),
        "scikit_learn_version": version("scikit-learn"),
        "streams_version": STREAM_VERSION,
    }


def environment(of: Mapping[str, Any]) -> bytes:
    """The hash of such versions: 8 bytes."""
    return hashlib.sha256(json.dumps(dict(of), sort_keys=True).encode()).digest()[:8]


def check(begun: Mapping[str, Any], path: str, accept: bool) -> str:
    """Say in which versions this process differs from those that a study was begun with.

    Raises
    ------
    StorageError
        Where it does, unless that is accepted; streams of another version never are.
    """
    ours = versions()
    other = {name: value for name, value in begun.items() if ours[name] != value}
    if not other:
        return ""
    said = ", ".join(
        f"{name.removesuffix('_version')} {value}, not {ours[name]}" for name, value in other.items()
    )
    if "streams_version" in other:
        raise StorageError(f"was begun by a version that draws other numbers ({said})", path)
    if not accept:
        hint = "--accept-environment goes on all the same, and notes it in each block"
        raise StorageError(f"was begun with {said}; {hint}", path)
    return f"goes on with other versions: the study was begun with {said}"
