"""Synthetic items that a verifier lets through."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, model_validator

from modelcollapse.errors import Problem
from modelcollapse.families.base import REAL
from modelcollapse.families.categorical import CATEGORIES, CategoricalParams
from modelcollapse.fields import LARGEST, Real, Share, bad, number, whole
from modelcollapse.sources import Filtered, Law, Source
from modelcollapse.types import Array, BoolArray, ItemArray, Sizes, per_replicate
from modelcollapse.workflows.biased import FAR_APART
from modelcollapse.workflows.mix import Shares


def _numbers(value: Any) -> tuple[int, ...]:
    allowed = "must be a list of different numbers of categories: integers >= 0"
    if not isinstance(value, list | tuple) or not value:
        raise bad(allowed)
    numbers = tuple(whole(v, 0, LARGEST, allowed) for v in value)
    if len(set(numbers)) < len(numbers):
        raise bad(allowed)
    return numbers


def _level(value: Any) -> float:
    allowed = "must be a number above 0 and below 1"
    found = number(value, allowed, 0.0, 1.0)
    if not 0.0 < found < 1.0:
        raise bad(allowed)
    return found


Numbers = Annotated[tuple[int, ...], BeforeValidator(_numbers)]
Level = Annotated[float, BeforeValidator(_level)]


class Verified(Shares):
    """A mix whose synthetic items a verifier keeps: right ones with probability phi, wrong ones with psi.

    A verifier as in Feng et al. 2024 (arXiv 2406.07515), who select synthetic data in this way
    and find one threshold, at an error of 1/(1 + psi/phi). phi = 1 and psi = 0 is a perfect one. As many
    items are drawn as it takes to have enough of them kept. What is right is one of three:

    - a region of real numbers, from ``low`` to ``high``, either of which may be left out;
    - ``likelihood = q``: items whose density under the truth is at least that of its least likely share q;
    - ``right = [0, 3]``: these categories.
    """

    name: ClassVar[str] = "verified"

    kind: Literal["verified"] = "verified"
    low: Real | None = None
    high: Real | None = None
    likelihood: Level | None = None
    right: Numbers | None = None
    phi: Share = 1.0
    psi: Share = 0.0

    @model_validator(mode="after")
    def _one_rule(self) -> "Verified":
        rules = {
            "low and high": self.low is not None or self.high is not None,
            "likelihood": self.likelihood is not None,
            "right": self.right is not None,
        }
        given = [name for name, there in rules.items() if there]
        if len(given) != 1:
            found = " with ".join(given) or "none of them"
            raise bad(f"must say what is right by low or high, by likelihood or by right; this has {found}")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise bad(f"must be above workflow.low = {self.low:g}", "high")
        if self.phi == self.psi == 0.0:
            raise bad("must be above 0 where workflow.psi is 0: no item would be kept", "phi")
        return self

    @property
    def exact_alone(self) -> str:
        """Bins and estimates know no items to keep; verified categories are categories again."""
        return "" if self.right is not None else "has no single items, of which a verifier keeps some"

    @property
    def far_apart(self) -> str:
        """Verified items are not near those of other parts."""
        return FAR_APART if self.real > 0.0 or self.kept > 0.0 else ""

    def refuses(self, learner: Any, truth: Any) -> list[Problem]:
        """A rule for other items than the truth's, a truth without density, categories that are not there."""
        allowed = "is for a truth whose items are {}; these are " + str(truth.items)
        found = []
        for name in ("low", "high", "likelihood"):
            if getattr(self, name) is not None and truth.items != REAL:
                found.append(Problem(f"workflow.{name}", getattr(self, name), allowed.format(REAL)))
        if self.right is not None and truth.items != CATEGORIES:
            found.append(Problem("workflow.right", list(self.right), allowed.format(CATEGORIES)))
        if self.likelihood is not None and not found and not hasattr(truth, "law"):
            needs = "needs a truth with a density, and a data set has none"
            found.append(Problem("workflow.likelihood", self.likelihood, needs))
        if self.right is not None and not found and getattr(truth, "path", None) is None:
            found += self.unknown(truth.law()[1].probability.shape[1])
        return found

    def unknown(self, categories: int) -> list[Problem]:
        """Numbers of categories that are not there."""
        if self.right is None or max(self.right) < categories:
            return []
        allowed = f"must be numbers of categories from 0 to {categories - 1}"
        return [Problem("workflow.right", list(self.right), allowed)]

    def ends(self) -> tuple[float, float]:
        """The ends of the region."""
        return -np.inf if self.low is None else self.low, np.inf if self.high is None else self.high

    def describe(self) -> list[str]:
        """The three shares, what is right, and how well that is seen."""
        if self.right is not None:
            rule = f"right: {len(self.right)} categories"
        elif self.likelihood is not None:
            rule = f"right: all but the least likely {self.likelihood:g}"
        else:
            rule = "right: {:g} to {:g}".format(*self.ends())
        return [*super().describe(), rule, f"kept with probability {self.phi:g}, if wrong {self.psi:g}"]

    def synthetic_source(self, model: Law, truth: Source) -> Source:
        """What the verifier lets through of the model."""
        if self.right is not None:
            share, weight = model.params.probability, self._passed(model)
            total = weight.sum(axis=1, keepdims=True)
            kept = np.divide(weight, total, out=share.copy(), where=total > 0.0)
            return Law(model.family, CategoricalParams(kept))
        return Filtered(model, self._chance(truth))

    def found(self, model: Law, synthetic: Sizes) -> Sizes:
        """None, where a model has lost every category that the verifier lets through."""
        if self.right is None:
            return synthetic
        some = self._passed(model).sum(axis=1) > 0.0
        return np.where(some, per_replicate(synthetic, len(some)), 0)

    def _passed(self, model: Law) -> Array:
        """The probability that an item is of a category and is kept, ``(replicate, category)``."""
        share: Array = model.params.probability
        chance = np.full(share.shape[1], self.psi)
        chance[list(self.right or ())] = self.phi
        return np.asarray(share * chance)

    def _chance(self, truth: Source) -> Callable[[ItemArray], Array]:
        """The probability of an item to be kept, over the larger: the same law, and fewer draws."""
        rule, most = self._rule(truth), max(self.phi, self.psi)
        return lambda x: np.where(rule(x), self.phi / most, self.psi / most)

    def _rule(self, truth: Source) -> Callable[[ItemArray], BoolArray]:
        """Whether items are right."""
        if self.likelihood is None:
            low, high = self.ends()
            return lambda x: np.asarray((low <= x) & (x <= high))
        assert isinstance(truth, Law)  # others are refused with the recipe
        line, params = truth.line, truth.params
        least = np.quantile(truth.log_densities, self.likelihood)
        return lambda x: np.asarray(line.log_pdf(params, x) >= least)
