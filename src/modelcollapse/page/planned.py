"""The planner as a stream: lines of progress, then the answers."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modelcollapse import planning
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.page import wire
from modelcollapse.page.jobs import Job
from modelcollapse.page.memory import give_back
from modelcollapse.planning.asked import Asked as planning_asked
from modelcollapse.planning.asked import wrong

REPLICATES = 200
"""Simulated at each step: a fifth of the command line's, so that one can wait for it."""
SECONDS = 120.0
"""Of all simulations, by estimate, at most."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the planner."""

    recipe: Experiment
    limit: planning.Limit
    sure: float
    questions: tuple[str, ...]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, recipe: Experiment, table: Mapping[str, Any]) -> "Asked":
        """Read it from a request; what is left out is as on the command line."""
        limit = planning.Limit(table.get("of", "variance"), table.get("loss", 0.05), table.get("category"))
        lists = {"questions": planning.QUESTIONS, "sources": planning.KINDS}
        found: dict[str, Any] = {}
        for name, every in lists.items():
            given = table.get(name) or list(every)
            if not isinstance(given, list) or not all(one in every for one in given):
                raise RecipeError([Problem(name, None, f"must be some of {', '.join(every)}")])
            found[name] = tuple(dict.fromkeys(given))
        sure = table.get("sure", 0.95)
        problems = list(wrong(planning_asked(recipe, limit, sure, REPLICATES), **found))
        if problems:
            raise RecipeError(problems)
        return cls(recipe, limit, sure, **found)

    def answers(self, progress: Callable[[str], None]) -> list[planning.Answer]:
        """Find them."""
        return planning.plan(
            self.recipe,
            limit=self.limit,
            sure=self.sure,
            questions=self.questions,  # type: ignore[arg-type]  # checked above
            sources=self.sources,  # type: ignore[arg-type]
            replicates=REPLICATES,
            check=False,
            progress=progress,
            most_seconds=SECONDS,
        )


def work(asked: Asked, job: Job) -> None:
    """Answer, and say on the way what is simulated; the reader may leave between two simulations."""

    def progress(text: str) -> None:
        job.put(wire.line({"type": "progress", "text": f"simulating {text}"}))

    job.put(wire.line({"type": "progress", "text": "looking for laws"}))
    try:
        answers = asked.answers(progress)
    finally:
        give_back()
    n = asked.recipe.n_samples
    each = [{**asdict(one), "share": None if one.count is None else one.count / n} for one in answers]
    job.put(wire.line({"type": "answers", "answers": each}))
