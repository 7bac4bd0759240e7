"""Verified data: synthetic items are kept by a rule."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, model_validator
from scipy.special import ndtri

from modelcollapse.errors import Problem
from modelcollapse.families.base import REAL
from modelcollapse.families.categorical import CATEGORIES
from modelcollapse.fields import LARGEST, Real, Share, bad, whole
from modelcollapse.sources import Filtered, Law, Source
from modelcollapse.types import Array, BoolArray, ItemArray, Sizes
from modelcollapse.workflows.mix import Mix

POINTS = 20_001
"""Quantiles of the truth from which a quantile of its density is taken."""


def _categories(value: Any) -> tuple[int, ...]:
    allowed = "must be a list of numbers of categories, each once"
    if not isinstance(value, list | tuple) or not value:
        raise bad(allowed)
    numbers = tuple(whole(one, 0, LARGEST, allowed) for one in value)
    if len(set(numbers)) < len(numbers):
        raise bad(allowed)
    return numbers


class Verified(Mix):
    """A `Mix` whose synthetic items pass a verifier.

    An item is right if it lies in a region, from ``low`` to ``high``; if its density under the truth is at
    least the ``likelihood``-quantile of what the truth's own items have; or if it is of one of the
    categories ``right``. The verifier keeps right items with probability ``phi`` and wrong ones with ``psi``
    (Feng et al. 2024, arXiv 2406.07515); 1 and 0 is a perfect one. Items are drawn until there are enough.
    Where none of a model's items can be kept there are none: the training set is smaller, or the fit is
    not finite and the last model is kept.
    """

    name: ClassVar[str] = "verified"
    exact_alone: ClassVar[str] = 'holds no single items; workflow.kind = "verified" needs "exact"'

    kind: Literal["verified"] = "verified"  # type: ignore[assignment]  # a kind of its own
    low: Real | None = None
    high: Real | None = None
    likelihood: Share | None = None
    right: Annotated[tuple[int, ...], BeforeValidator(_categories)] | None = None
    phi: Share = 1.0
    psi: Share = 0.0

    @model_validator(mode="after")
    def _has_a_rule(self) -> "Verified":
        region = self.low is not None or self.high is not None
        rules = [region, self.likelihood is not None, self.right is not None]
        if sum(rules) != 1:
            raise bad("must have one rule: low and/or high, likelihood, or right", "kind")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise bad(f"must be above low = {self.low:g}", "high")
        if self.likelihood is not None and not self.likelihood < 1.0:
            raise bad("must be a number from 0 to below 1", "likelihood")
        if self.phi == self.psi == 0.0:
            raise bad("must be above 0 where psi = 0: nothing would be kept", "phi")
        return self

    def describe(self) -> list[str]:
        """The shares, the rule, and what the verifier gets wrong."""
        if self.right is not None:
            rule = f"right: {len(self.right)} categories"
        elif self.likelihood is not None:
            rule = f"right: above the {self.likelihood:g} quantile of density"
        else:
            ends = (
                "-inf" if self.low is None else f"{self.low:g}",
                "inf" if self.high is None else f"{self.high:g}",
            )
            rule = f"right: from {ends[0]} to {ends[1]}"
        noisy = [] if (self.phi, self.psi) == (1.0, 0.0) else [f"phi {self.phi:g}, psi {self.psi:g}"]
        return [*super().describe(), rule, *noisy]

    def suits(self, truth: Any, learner: Any) -> list[Problem]:
        """A rule for other items than the truth's, or a density where there is none."""
        found = []
        if self.right is not None and truth.items != CATEGORIES:
            found.append(Problem("workflow.right", list(self.right), f"is for categories, not {truth.items}"))
        for name in ("low", "high", "likelihood"):
            value = getattr(self, name)
            if value is not None and truth.items != REAL:
                found.append(Problem(f"workflow.{name}", value, f"is for real numbers, not {truth.items}"))
        if self.likelihood is not None and not hasattr(truth, "law"):
            found.append(Problem("workflow.likelihood", self.likelihood, "needs a truth with a density"))
        return found

    def synthetic_source(self, model: Law, truth: Source) -> Source:
        """The model's items that the verifier keeps: of categories, a distribution again."""
        if self.right is None:
            least = 0.0 if self.likelihood is None else self._least_density(truth, self.likelihood)
            return Filtered(model, lambda x: self._chance(self._is_right(x, truth, least)))
        mass = model.params.probability * self._kept(model.params.probability.shape[1])
        total = mass.sum(axis=1, keepdims=True)
        possible = np.where(total > 0.0, mass, model.params.probability)  # where none is, none is drawn
        return Law(model.family, type(model.params)(possible / possible.sum(axis=1, keepdims=True)))

    def synthetic_size(self, model: Law, size: Sizes) -> Sizes:
        """None where no category of the model can be kept."""
        if self.right is None:
            return size
        mass = model.params.probability * self._kept(model.params.probability.shape[1])
        return np.where(mass.sum(axis=1) > 0.0, size, 0)

    def _kept(self, categories: int) -> Array:
        """The probability of each category to be kept, ``(category,)``."""
        return self._chance(np.isin(np.arange(categories), np.array(self.right)))

    def _chance(self, right: BoolArray) -> Array:
        return np.where(right, self.phi, self.psi)

    def _is_right(self, x: ItemArray, truth: Source, least: float) -> BoolArray:
        """Which items lie in the region, or where the truth's log density is at least so much."""
        if self.likelihood is None:
            low = -np.inf if self.low is None else self.low
            high = np.inf if self.high is None else self.high
            return np.asarray((x >= low) & (x <= high))
        assert isinstance(truth, Law)
        density = truth.line.log_pdf(truth.params, x.reshape(1, -1))
        return np.asarray(density.reshape(x.shape) >= least)

    def _least_density(self, truth: Source, share: float) -> float:
        """The log density that all but a share of the truth's items have."""
        assert isinstance(truth, Law)
        score = ndtri((np.arange(POINTS) + 0.5) / POINTS)[None, :]
        return float(np.quantile(truth.line.log_pdf(truth.params, truth.quantile(score)), share))
