"""How much real data is enough? The inverse of a run: from a tolerable loss to a number of real items.

Three questions are kept apart, because their answers differ a hundredfold:

- ``mean``: is the mean over replicates within the limit at the last generation?
- ``late``: is a given share of replicates within it then?
- ``never``: has a given share of replicates never left it, in all generations up to then?

Where a law gives the mean, the law answers. All else is simulated: the recipe is run with one number of real
items after another, on common random streams, and the number is bisected. Then the answer is simulated anew.
"""

from collections.abc import Sequence

from modelcollapse.errors import Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.lab import MAX_SECONDS
from modelcollapse.planning.asked import (
    KINDS,
    QUESTIONS,
    Answer,
    Asked,
    Horizon,
    Kind,
    Limit,
    Question,
    wrong,
)
from modelcollapse.planning.search import Progress, Search
from modelcollapse.planning.words import table

__all__ = ["KINDS", "QUESTIONS", "Answer", "Horizon", "Limit", "horizon", "plan", "table"]


def plan(
    experiment: Experiment | None = None,
    *,
    limit: Limit | None = None,
    sure: float = 0.95,
    questions: Sequence[Question] = QUESTIONS,
    sources: Sequence[Kind] = KINDS,
    replicates: int = 1000,
    check: bool = True,
    progress: Progress | None = None,
    most_seconds: float = MAX_SECONDS,
) -> list[Answer]:
    """Answer how many real items a generation are enough.

    Parameters
    ----------
    experiment
        The recipe that is asked about: its N, generations, truth, learner, seed, and the kept share of its
        mix. The real share is what is sought. Without one: the default recipe.
    limit
        What must not be lost; 5 % of the variance if not given.
    sure
        The share of replicates that must be within the limit, for the questions ``late`` and ``never``.
    questions, sources
        Which of `QUESTIONS` and of `KINDS`; all if not given.
    replicates
        How many are simulated at each step of the search, and for the check.
    check
        Whether to simulate each answer anew, with other streams and no diffusion engine.
    progress
        Called with a line of words before each simulation.
    most_seconds
        What all simulations may take on one core, by estimate.

    Raises
    ------
    RecipeError
        Naming what cannot be asked, before any work.
    """
    asked = Asked(experiment or Experiment(), limit or Limit(), sure, replicates)
    search = _search(asked, questions, sources, progress)
    search.check_time(questions, sources, most=most_seconds)
    return [search.answer(question, source, check) for source in sources for question in questions]


def horizon(
    experiment: Experiment | None = None,
    *,
    real: int,
    limit: Limit | None = None,
    sure: float = 0.95,
    questions: Sequence[Question] = QUESTIONS,
    sources: Sequence[Kind] = KINDS,
    replicates: int = 1000,
    progress: Progress | None = None,
) -> list[Horizon]:
    """Answer how many generations ``real`` items a generation last: `plan` the other way round.

    Parameters and errors are those of `plan`; the recipe's number of generations is how far it looks.
    """
    asked = Asked(experiment or Experiment(), limit or Limit(), sure, replicates)
    search = _search(asked, questions, sources, progress)
    n = asked.experiment.n_samples
    if isinstance(real, bool) or not isinstance(real, int) or not 0 <= real <= n:
        allowed = f"must be an integer from 0 to n_samples = {n}"
        raise RecipeError([Problem("real", real, allowed)])
    search.check_time(questions, sources, steps=1)
    return [search.horizon(question, source, real) for source in sources for question in questions]


def _search(
    asked: Asked, questions: Sequence[str], sources: Sequence[str], progress: Progress | None
) -> Search:
    problems = list(wrong(asked, questions, sources))
    if problems:
        raise RecipeError(problems)
    return Search(asked, progress or (lambda line: None))
