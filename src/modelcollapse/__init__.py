"""A laboratory for model collapse: fit a model, draw the next training set from it, fit again.

>>> import modelcollapse as mc
>>> dataset = mc.run(mc.Experiment(n_samples=100, generations=10))
>>> mc.measure(dataset, "wasserstein2")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelcollapse.version import __version__

_HOMES = {
    "Experiment": "experiment",
    "run": "lab",
    "replay": "lab",
    "estimate": "lab",
    "estimator": "families.registering",
    "cross_check": "crosscheck",
    "save": "store",
    "load": "studies.reading",
    "sweep": "studies.sweeping",
    "Study": "studies.study",
    "cell": "studies.cells",
    "half_time": "studies.views",
    "measure": "studies.views",
    "plan": "planning",
    "horizon": "planning",
    "Limit": "planning",
    "collapse_profile": "profile",
    "verdicts": "verdict",
    "plot": "plots",
    "expectations": "theory",
    "Status": "types",
    "RecipeError": "errors",
    "DataError": "errors",
    "StorageError": "errors",
    "WorkerError": "errors",
}

__all__ = [
    "DataError",
    "Experiment",
    "Limit",
    "RecipeError",
    "Status",
    "StorageError",
    "Study",
    "WorkerError",
    "__version__",
    "cell",
    "collapse_profile",
    "cross_check",
    "estimate",
    "estimator",
    "expectations",
    "half_time",
    "horizon",
    "load",
    "measure",
    "plan",
    "plot",
    "replay",
    "run",
    "save",
    "sweep",
    "verdicts",
]

if TYPE_CHECKING:
    from modelcollapse.crosscheck import cross_check
    from modelcollapse.errors import DataError, RecipeError, StorageError, WorkerError
    from modelcollapse.experiment import Experiment
    from modelcollapse.families.registering import estimator
    from modelcollapse.lab import estimate, replay, run
    from modelcollapse.planning import Limit, horizon, plan
    from modelcollapse.plots import plot
    from modelcollapse.profile import collapse_profile
    from modelcollapse.store import save
    from modelcollapse.studies.cells import cell
    from modelcollapse.studies.reading import load
    from modelcollapse.studies.study import Study
    from modelcollapse.studies.sweeping import sweep
    from modelcollapse.studies.views import half_time, measure
    from modelcollapse.theory import expectations
    from modelcollapse.types import Status
    from modelcollapse.verdict import verdicts


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: numba and xarray take most of a second."""
    if name in _HOMES:
        return getattr(import_module(f"modelcollapse.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'modelcollapse' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Names for completion."""
    return sorted(__all__)
