"""What the page runs at most: less than the command line, so that it stays a page. Asked before any work."""

from collections.abc import Mapping
from typing import Any

from modelcollapse import lab
from modelcollapse.engines import ENGINES
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.page.running import numbers_of, sent

LIMITS: Mapping[str, tuple[int, int]] = {
    "n_samples": (1, 10**9),
    "generations": (1, 5_000),
    "replicates": (1, 200),
    "learner.components": (1, 16),
    "learner.max_iterations": (1, 10_000),
    "truth.weights": (1, 16),
    "truth.means": (1, 16),
    "truth.stds": (1, 16),
    "truth.probabilities": (2, 1_000),
    "truth.zipf.categories": (2, 1_000),
}
"""Least and most of a number; of a list, of its length."""
TRUTHS = ("gaussian", "mixture", "categorical", "data")
LEARNERS = ("gaussian", "mixture", "bayesian-gaussian", "kde", "empirical", "categorical")
"""Families of real numbers and of categories, which the page can draw."""
SECONDS, MEMORY = 120.0, 64 * 2**20
"""Of a run, by the lab's estimate: on one core, and for all replicates together."""


def check(recipe: Mapping[str, Any]) -> None:
    """Refuse what is too large for the page by the numbers alone, before anything is made of them.

    Raises
    ------
    RecipeError
        Naming each field, its value and the limit.
    """
    problems = [problem for path, span in LIMITS.items() for problem in _beyond(recipe, path, span)]
    for table, known in (("truth", TRUTHS), ("learner", LEARNERS)):
        family = _at(recipe, f"{table}.family")
        if isinstance(family, str) and family not in known:
            allowed = f"must be one of {', '.join(known)} on this page; `modelcollapse run` knows more"
            problems.append(Problem(f"{table}.family", family, allowed))
    if problems:
        raise RecipeError(problems)


def check_file(recipe: Mapping[str, Any]) -> None:
    """Refuse a file of this computer: the page reads none; what a reader uploads takes its place.

    Raises
    ------
    RecipeError
        Naming the field, without a word of whether there is such a file.
    """
    truth = recipe.get("truth")
    if isinstance(truth, Mapping) and ("path" in truth or truth.get("family") == "data"):
        raise RecipeError([Problem("truth.path", None, "files are not read here: upload the numbers")])


def check_cost(experiment: Experiment) -> lab.Estimate:
    """Refuse what takes too long for the page, or more memory with all replicates at once, by estimate.

    Parameters
    ----------
    experiment
        Settled: with an engine.

    Raises
    ------
    RecipeError
        Naming the sizes, the estimate and the limit.
    """
    seconds, memory = lab.estimate(experiment).seconds, _memory(experiment)
    cost = lab.Estimate(seconds, memory, 0)
    if seconds <= SECONDS and memory <= MEMORY:
        return cost
    taken = str(cost).rsplit(", ", 1)[0]
    sizes = f"generations = {experiment.generations}, replicates = {experiment.replicates}"
    hint = '; engine = "grouped" or "diffusion" takes any N' if experiment.engine == "exact" else ""
    allowed = (
        f"with {sizes} takes {taken}; on this page at most {SECONDS:g} seconds and {MEMORY >> 20} MiB{hint}"
    )
    raise RecipeError([Problem("n_samples", experiment.n_samples, allowed)])


def _memory(experiment: Experiment) -> int:
    """Bytes of all training sets together, and of the result."""
    most = experiment.workflow.largest(experiment.n_samples, experiment.generations)
    one = ENGINES[experiment.engine](experiment.learner).cost(most).memory
    return one * experiment.replicates + 8 * numbers_of(experiment) * len(sent(experiment))


def _beyond(recipe: Mapping[str, Any], path: str, span: tuple[int, int]) -> list[Problem]:
    """A number, or a list, that is larger than the page takes; what is no number is told elsewhere."""
    value, (least, most) = _at(recipe, path), span
    size = len(value) if isinstance(value, list) else value
    if isinstance(size, bool) or not isinstance(size, int | float) or not size > most:
        return []
    what = "must be a list of" if isinstance(value, list) else "must be from"
    return [Problem(path, size, f"{what} {least} to {most} on this page")]


def _at(recipe: Mapping[str, Any], path: str) -> Any:
    value: Any = recipe
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
