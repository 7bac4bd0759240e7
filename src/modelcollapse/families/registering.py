"""From an object to a learner: the one line that makes any model a family."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from modelcollapse.errors import Problem, RecipeError
from modelcollapse.families import objects
from modelcollapse.families.estimator import Estimator
from modelcollapse.families.objects import plain


def estimator(thing: Any, name: str | None = None) -> Estimator:
    """Make a learner of any object with ``fit(X)`` and ``sample(n)``, in scikit-learn's manner.

    Parameters
    ----------
    thing
        An object, fitted or not; copies of it are fitted, with its settings. `sample` may return X or
        ``(X, labels)``, and takes ``random_state`` as an argument, or the object has it as an attribute.
    name
        What recipes and results call it. GaussianMixture, BayesianGaussianMixture and KernelDensity of
        scikit-learn need none. Any other object is known to this process alone: to load or replay a
        result, make the same call before.

    Raises
    ------
    RecipeError
        Where the object or its settings are not what they must be.

    Examples
    --------
    >>> from sklearn.mixture import GaussianMixture
    >>> import modelcollapse as mc
    >>> mc.Experiment(learner=mc.estimator(GaussianMixture(n_components=2)))  # doctest: +SKIP
    """
    lacks = [method for method in ("fit", "sample") if not callable(getattr(thing, method, None))]
    if isinstance(thing, type) or lacks:
        raise _refused("learner", thing, "must be an object with fit(X) and sample(n)")
    if not objects.seeded(thing):
        raise _refused(
            "learner",
            thing,
            "must have random_state, as an attribute or an argument of sample, to be replayed",
        )
    made = f"{type(thing).__module__.split('._')[0]}.{type(thing).__name__}"
    if name is None and made in objects.CLASSES and type(thing) is objects.CLASSES[made]():
        settings = _changed(thing)
        odd = [key for key, value in settings.items() if plain(value) is None]
        if odd:
            allowed = f"{', '.join(odd)} cannot be written in a recipe: give the object a name"
            raise _refused("learner.settings", None, allowed)
        return _table(made, settings)
    if name is None:
        raise _refused("name", None, f"must be given: a {type(thing).__name__} is known to no recipe")
    try:
        objects.register(name, thing)
    except ValueError as error:
        raise _refused("name", name, str(error).partition(": ")[2]) from None
    return _table(name, {key: value for key, value in _given(thing).items() if plain(value) is not None})


def _table(name: str, settings: Mapping[str, Any]) -> Estimator:
    try:
        return Estimator(name=name, settings=dict(settings))
    except ValidationError as error:
        found = [(details["ctx"].get("allowed", details["msg"])) for details in error.errors()]
        raise _refused("learner.settings", dict(settings), "; ".join(found)) from None


def _refused(field: str, value: Any, allowed: str) -> RecipeError:
    return RecipeError([Problem(field, value, allowed)])


def _changed(thing: Any) -> dict[str, Any]:
    """The settings of an object that are not its class's defaults."""
    usual = type(thing)().get_params(deep=False)
    return {
        key: value for key, value in _given(thing).items() if key not in usual or _differs(value, usual[key])
    }


def _given(thing: Any) -> dict[str, Any]:
    given: dict[str, Any] = thing.get_params(deep=False) if hasattr(thing, "get_params") else {}
    given.pop("random_state", None)
    return given


def _differs(value: Any, usual: Any) -> bool:
    return value is not usual and (plain(value) is None or plain(value) != plain(usual))
