"""The search: by law where there is one, else by bisection over simulations."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from scipy.special import ndtri

from modelcollapse import lab
from modelcollapse.engines.diffusion import DiffusionEngine
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.metrics.categories import rarest
from modelcollapse.planning import words
from modelcollapse.planning.asked import (
    Answer,
    Asked,
    Horizon,
    Kind,
    Limit,
    Question,
    metric_of,
    probabilities,
    value_at_truth,
)
from modelcollapse.resampling import Estimate, share
from modelcollapse.results import measure
from modelcollapse.theory import expectations
from modelcollapse.types import Array, BoolArray
from modelcollapse.workflows import Mix

FINE = 0.01
"""Bisection ends where two numbers of real items are so near, relatively, or next to each other."""
LEVEL = 0.95
"""Of the intervals of what was simulated: a share of replicates, or a mean."""
PART = 100
"""Real items a component from which on the diffusion engine searches: below, its first order is too rough."""
AT_ONCE = 2**22
"""Numbers of a metric, replicates times generations, that one run of a search holds at most."""

STEPS = 20
"""Numbers of real items that are simulated for one question, about: brackets, then bisection for two ends."""

Found = tuple[str, Callable[[Array], Array], float]
"""Source, values and value at the truth of a law."""
Progress = Callable[[str], None]
"""Called with a line of words before each simulation."""


@dataclass
class Search:
    """One recipe and limit; what has been simulated is kept for the other questions."""

    asked: Asked
    progress: Progress
    seen: dict[tuple[Kind, int], dict[Question, Estimate]] = field(default_factory=dict)

    def check_time(
        self,
        questions: Sequence[Question],
        sources: Sequence[Kind],
        steps: int = STEPS,
        most: float = lab.MAX_SECONDS,
    ) -> None:
        """Refuse simulations that together take too long, before the first of them."""
        seconds = 0.0
        for source in sources:
            recipe = self._recipe(source, self.asked.experiment.n_samples // 2, searching=steps > 1)
            for question in questions:
                trivial = question == "mean" and self.asked.limit.of == "category"
                if not trivial and self._law_of(question, source) is None:
                    seconds += steps * lab.estimate(recipe).seconds
        if seconds <= most:
            return
        taken, limit = f"about {seconds / 3600:.3g} hours", f"{most / 3600:.3g}"
        if most < 3600:
            taken, limit = f"about {seconds:.3g} seconds", f"{most:.3g}"
        allowed = (
            f"with {recipe.replicates} replicates of {recipe.generations} generations: all simulations take "
            f"{taken}; the limit is {limit}. Fewer replicates or generations take less"
        )
        raise RecipeError([Problem("n_samples", recipe.n_samples, allowed)])

    def answer(self, question: Question, source: Kind, check: bool) -> Answer:
        """By law where there is one, else by bisection."""
        if question == "mean" and self.asked.limit.of == "category":
            return Answer(question, source, 0, 0, 0, words.MARTINGALE, None, words.TRIVIAL)
        law, goal = self._law_of(question, source), self.asked.target(question)
        if law is not None:
            enough = self._by_law(source, 0) >= goal
            count = low = high = 0 if enough else self._least(lambda n: self._by_law(source, n) >= goal, 1)
            by = (self._law(source, count or 0) or law)[0]
        else:
            by = ""
            low = self._least(lambda n: self.simulated(source, n)[question].high >= goal)
            high = self._least(lambda n: self.simulated(source, n)[question].low >= goal)
            count = high
        checked = None
        if check and count is not None:
            found = self._estimates(self._recipe(source, count, searching=False))[question]
            checked = (found.value, found.low, found.high)
        sentence = words.answer(self.asked, question, source, count, low, high, by, checked)
        return Answer(question, source, count, low, high, by, checked, sentence)

    def _least(self, enough: Callable[[int], bool], fine: int | None = None) -> int | None:
        """The least number of real items that is enough: bracketed by steps of two, then bisected."""
        most = self.asked.experiment.n_samples
        high = min(most, self._guess())
        low = high // 2
        while not enough(high):
            if high == most:
                return None
            low, high = high, min(2 * high, most)
        while low < high and enough(low):
            if low == 0:
                return 0
            low, high = low // 2, low
        while high - low > (fine or max(1, int(FINE * high))):
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high

    def _guess(self) -> int:
        """Where to begin: with n_r fresh items a Gaussian's variance has sd 1/sqrt(n_r) of the truth's."""
        if self.asked.limit.of == "category":
            return math.ceil(1.0 / (1.0 - self.asked.sure))
        return math.ceil((float(ndtri(self.asked.sure)) / self.asked.limit.loss) ** 2) or 1

    # by law

    def _law_of(self, question: Question, source: Kind) -> Found | None:
        """The law that answers a question: there for any number of real items, or enough without any."""
        law = self._law(source, 0) if question == "mean" else None
        if law is None or self._by_law(source, 0) >= self.asked.target(question):
            return law
        everywhere = all(self._law(source, n) for n in (1, self.asked.experiment.n_samples))
        return law if everywhere else None

    def _law(self, source: Kind, real: int) -> Found | None:
        """Source, values and value at the truth of the law of the mean, where there is one."""
        recipe = self._recipe(source, real)
        name = metric_of(recipe, self.asked.limit)
        for law in expectations(recipe):
            if (law.metric, law.statistic, law.sense, law.about) == (name, "mean", "equal", ""):
                return law.source, law.at, value_at_truth(recipe, self.asked.limit)
        return None

    def _by_law(self, source: Kind, real: int) -> float:
        """The mean over the truth's, at the last generation."""
        found = self._law(source, real)
        assert found is not None
        return float(found[1](np.array([float(self.asked.experiment.generations)]))[0] / found[2])

    # by simulation

    def simulated(self, source: Kind, real: int) -> dict[Question, Estimate]:
        """What a number of real items gives, on streams common to all numbers."""
        if (source, real) not in self.seen:
            self.progress(f"{real} {source} real items of {self.asked.experiment.n_samples}")
            self.seen[source, real] = self._estimates(self._recipe(source, real, searching=True))
        return self.seen[source, real]

    def _recipe(self, source: Kind, real: int, searching: bool | None = None) -> Experiment:
        """The recipe with so many real items; an engine is chosen where it is to be run."""
        old = self.asked.experiment
        assert isinstance(old.workflow, Mix)
        n = old.n_samples
        kept = min(old.workflow.kept, (n - real) / n)
        work = Mix(real=real / n, kept=kept, real_source=source)
        recipe = old.changed(workflow=work.model_dump(exclude_none=True), replicates=self.asked.replicates)
        if searching is None:
            return recipe
        name = "diffusion" if searching and _rough_enough(recipe, real) else "auto"
        streams = {"streams": "common"} if searching else {"seed": (old.seed + 1) % 2**128}
        save = "all" if self.asked.limit.of != "tail" else "log"
        return recipe.changed(engine=name, save=save, **streams).settled()

    def _estimates(self, recipe: Experiment) -> dict[Question, Estimate]:
        """All three questions of one simulation, in runs that fit into memory."""
        ratio, never = list[Array](), list[BoolArray]()
        for dataset in _runs(recipe):
            values = _ratios(dataset, recipe, self.asked.limit)
            ratio.append(values[:, -1])
            never.append(np.asarray((values >= self._floor()).all(axis=1)))
        last, stayed = np.concatenate(ratio), np.concatenate(never)
        return {
            "mean": _of_mean(last),
            "late": _of_share(last >= self._floor()),
            "never": _of_share(stayed),
        }

    def _floor(self) -> float:
        """The least that is within the limit, over the truth's: of a category, anything above 0."""
        return np.nextafter(0.0, 1.0) if self.asked.limit.of == "category" else 1.0 - self.asked.limit.loss

    # the other way round

    def horizon(self, question: Question, source: Kind, real: int) -> Horizon:
        """The first generation at which the limit does not hold any more."""
        t = np.arange(1, self.asked.experiment.generations + 1, dtype=np.float64)
        if question == "mean" and self.asked.limit.of == "category":
            return Horizon(question, source, None, words.MARTINGALE, words.TRIVIAL)
        law = self._law(source, real) if question == "mean" else None
        if law is not None:
            by, course = law[0], law[1](t) / law[2]
        else:
            saved, courses = self._courses(source, real)
            by, t, course = "", saved, courses[question]
        below = course < self.asked.target(question)
        first = int(t[below.argmax()]) if below.any() else None
        sentence = words.horizon(self.asked, question, source, real, first, by)
        return Horizon(question, source, first, by, sentence)

    def _courses(self, source: Kind, real: int) -> tuple[Array, dict[Question, Array]]:
        """Generations looked at, and at each the mean, the share within, and the share that never left."""
        recipe = self._recipe(source, real, searching=False)
        parts = []
        for dataset in _runs(recipe):
            saved = dataset["generation"].values[1:].astype(np.float64)
            parts.append(_ratios(dataset, recipe, self.asked.limit))
        ratio = np.concatenate(parts)
        within = ratio >= self._floor()
        stayed = np.logical_and.accumulate(within, axis=1)
        return saved, {"mean": ratio.mean(axis=0), "late": within.mean(axis=0), "never": stayed.mean(axis=0)}


def _runs(recipe: Experiment) -> Iterator[xr.Dataset]:
    """The recipe in blocks of replicates, each with a seed of its own, whatever the number of real items."""
    lab.check_size(recipe)
    block = max(1, AT_ONCE // (recipe.generations + 1))
    for first in range(0, recipe.replicates, block):
        last = min(first + block, recipe.replicates)
        seed = (recipe.seed + first) % 2**128
        yield lab.run(recipe.changed(replicates=last - first, seed=seed), allow_large=True)


def _rough_enough(recipe: Experiment, real: int) -> bool:
    """Whether the diffusion engine may search: it is only to first order in 1/n of each part."""
    engine = DiffusionEngine(recipe.learner)
    if engine.refuses(recipe) or recipe.n_samples < engine.asymptotics.least(recipe.learner):
        return False
    if recipe.learner.items == CATEGORIES:
        return False  # counts are exact, and cost as little
    components = recipe.learner.sizes().get("component", 1)
    return real == 0 or real >= PART * components


def _ratios(dataset: xr.Dataset, recipe: Experiment, limit: Limit) -> Array:
    """What is left over the truth's, at saved generations from 1 on: ``(replicate, generation)``."""
    part = dataset.isel(generation=slice(1, None))
    if limit.of == "category":
        category = rarest(recipe.source) if limit.category is None else limit.category
        return np.asarray(part["probability"].values[:, :, category] / probabilities(recipe)[category])
    name = metric_of(recipe, limit)
    values = part[name] if name in part else measure(part, name)
    return np.asarray(values.values / value_at_truth(recipe, limit))


def _of_share(within: BoolArray) -> Estimate:
    return share(int(within.sum()), len(within), LEVEL)


def _of_mean(values: Array) -> Estimate:
    mean = float(values.mean())
    half = float(ndtri((1.0 + LEVEL) / 2.0)) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Estimate(mean, mean - half, mean + half)
