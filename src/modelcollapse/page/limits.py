"""What the page runs at most: less than the command line, so that it stays a page."""

from collections.abc import Mapping
from typing import Any

from modelcollapse import lab
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.experiment import Experiment

LIMITS: Mapping[str, tuple[int, int]] = {
    "n_samples": (1, 10**9),
    "generations": (1, 5_000),
    "replicates": (1, 200),
    "learner.components": (1, 16),
    "truth.weights": (1, 16),
    "truth.probabilities": (1, 1_000),
}
"""Least and most of a number; of a list, of its length."""
CATEGORIES = 1_000
SECONDS, MEMORY = 120.0, 512 * 2**20
"""Of a run, by the lab's estimate."""


def check(recipe: Mapping[str, Any]) -> None:
    """Refuse what is too large for the page by the numbers alone, before anything is made of them.

    Raises
    ------
    RecipeError
        Naming each field, its value and the limit.
    """
    problems = []
    for path, (least, most) in LIMITS.items():
        value = _at(recipe, path)
        size = len(value) if isinstance(value, list) else value
        if isinstance(size, int | float) and not isinstance(size, bool) and size > most:
            what = "of them at most on this page" if isinstance(value, list) else "at most on this page"
            problems.append(Problem(path, size, f"{most} {what}; the least is {least}"))
    zipf = _at(recipe, "truth.zipf")
    many = zipf.get("categories") if isinstance(zipf, Mapping) else None
    if isinstance(many, int | float) and many > CATEGORIES:
        problems.append(Problem("truth.zipf.categories", many, f"{CATEGORIES} at most on this page"))
    problems += [Problem(path, None, "files are uploaded to the page, not read") for path in _files(recipe)]
    if problems:
        raise RecipeError(problems)


def check_cost(experiment: Experiment) -> lab.Estimate:
    """Refuse what takes too long for the page, by estimate."""
    cost = lab.estimate(experiment)
    if cost.seconds > SECONDS or cost.memory > MEMORY:
        allowed = f"with these sizes takes {cost}; {SECONDS:g} seconds at most on this page: try engine auto"
        raise RecipeError([Problem("n_samples", experiment.n_samples, allowed)])
    return cost


def _at(recipe: Mapping[str, Any], path: str) -> Any:
    value: Any = recipe
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _files(recipe: Mapping[str, Any]) -> list[str]:
    truth = recipe.get("truth")
    return ["truth.path"] if isinstance(truth, Mapping) and "path" in truth else []
