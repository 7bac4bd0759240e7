"""What can be asked, and what an answer is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from modelcollapse.errors import Problem
from modelcollapse.experiment import Experiment
from modelcollapse.families.base import PAIRS
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.metrics import METRICS, SPREAD, metrics_of
from modelcollapse.sources import Law
from modelcollapse.types import Array
from modelcollapse.workflows import Mix

Question = Literal["mean", "late", "never"]
Kind = Literal["fresh", "fixed"]
Of = Literal["variance", "tail", "category"]
QUESTIONS: tuple[Question, ...] = get_args(Question)
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST = 10**7
"""Generations that are looked at, at most."""


@dataclass(frozen=True)
class Limit:
    """What must not be lost, and how much of it may be.

    Attributes
    ----------
    of
        ``"variance"`` (of categories: heterozygosity), ``"tail"`` (the mass beyond the truth's 1 % quantiles)
        or ``"category"`` (one of them must not be lost).
    loss
        The share of it that may be lost, from 0 to 1; without meaning for a category.
    category
        Which one; without it, the truth's rarest.
    """

    of: Of = "variance"
    loss: float = 0.05
    category: int | None = None


@dataclass(frozen=True)
class Asked:
    """The recipe, what must not be lost, the share of replicates that count, and how many are simulated."""

    experiment: Experiment
    limit: Limit
    sure: float
    replicates: int

    def target(self, question: Question) -> float:
        """What the estimate of a question must reach."""
        return 1.0 - self.limit.loss if question == "mean" else self.sure


@dataclass(frozen=True)
class Answer:
    """How many real items a generation are enough, to one question.

    Attributes
    ----------
    question, source
        What was asked, and whether the real items are fresh each generation or the same ones.
    count
        The least number of real items a generation that is enough; where it was simulated, the least for
        which ``sure`` is known to hold in spite of the noise. None where no number is.
    low, high
        The interval of that number that simulation leaves; both equal `count` where a law answers.
    law
        The source of the law that answered; empty where it was simulated.
    checked
        What a simulation of the answer with other streams gave, as a share or as a mean over the truth's,
        with its interval: ``(value, low, high)``; None where nothing was simulated.
    sentence
        All of it in plain words.
    """

    question: Question
    source: Kind
    count: int | None
    low: int | None
    high: int | None
    law: str
    checked: tuple[float, float, float] | None
    sentence: str


@dataclass(frozen=True)
class Horizon:
    """How many generations a number of real items lasts, to one question: None where beyond the last one."""

    question: Question
    source: Kind
    generation: int | None
    law: str
    sentence: str


def metric_of(recipe: Experiment, limit: Limit) -> str:
    """The metric that a limit speaks of; of a category, none but its probability."""
    return "tail_mass" if limit.of == "tail" else SPREAD[recipe.learner.items][0]


def value_at_truth(recipe: Experiment, limit: Limit) -> float:
    """That metric of the truth."""
    truth = recipe.source
    same = truth if isinstance(truth, Law) else None
    return METRICS[metric_of(recipe, limit)].value_at_truth(truth, same)


def probabilities(experiment: Experiment) -> Array:
    """The truth's probabilities, ``(category,)``."""
    assert isinstance(experiment.source, Law)
    return np.asarray(experiment.source.params.probability[0])


def wrong(asked: Asked, questions: Sequence[str], sources: Sequence[str]) -> Iterator[Problem]:
    """What cannot be asked."""
    experiment, limit, replicates = asked.experiment, asked.limit, asked.replicates
    known = metrics_of(experiment.learner, experiment.source)
    if limit.of not in get_args(Of):
        yield Problem("of", limit.of, f"must be one of {', '.join(get_args(Of))}")
    elif limit.of == "tail" and "tail_mass" not in known:
        yield Problem("of", limit.of, f"is for models on the real line, not for {experiment.learner.items}")
    elif limit.of == "category" and experiment.learner.items != CATEGORIES:
        yield Problem("of", limit.of, f"is for categories, not for {experiment.learner.items}")
    elif limit.of == "variance" and (
        experiment.learner.items == PAIRS or SPREAD.get(experiment.learner.items, ("",))[0] not in known
    ):
        yield Problem("of", limit.of, f"is not known of {experiment.learner.items}")
    elif limit.of != "category" and not value_at_truth(experiment, limit) > 0.0:
        yield Problem("of", limit.of, "must be above 0 in the truth: no share of nothing can be lost")
    if limit.category is not None:
        yield from _wrong_category(experiment, limit)
    for name, value in (("loss", limit.loss), ("sure", asked.sure)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < 1.0:
            yield Problem(name, value, "must be a number above 0 and below 1")
    for name, given, allowed in (("question", questions, QUESTIONS), ("source", sources, KINDS)):
        for one in given:
            if one not in allowed:
                yield Problem(name, one, f"must be one of {', '.join(allowed)}")
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 100:
        yield Problem("replicates", replicates, "must be an integer >= 100: shares are counted")
    if experiment.generations > MOST:
        most = f"must be at most {MOST}: laws are followed from one generation to the next"
        yield Problem("generations", experiment.generations, most)
    if type(experiment.workflow) is not Mix:
        yield Problem("workflow.kind", experiment.workflow.kind, 'must be "mix": its real share is sought')


def _wrong_category(experiment: Experiment, limit: Limit) -> Iterator[Problem]:
    if limit.of != "category":
        yield Problem("category", limit.category, 'is for of = "category"; leave it out')
        return
    many = experiment.learner.sizes().get("category", 0)
    if isinstance(limit.category, bool) or not isinstance(limit.category, int):
        yield Problem("category", limit.category, "must be an integer >= 0")
    elif not 0 <= limit.category < many or probabilities(experiment)[limit.category] == 0.0:
        allowed = f"must be from 0 to {many - 1}, with a probability above 0 in the truth"
        yield Problem("category", limit.category, allowed)
