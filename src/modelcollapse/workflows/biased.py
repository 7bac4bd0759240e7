"""Biased sampling: a mix whose synthetic items have more or less noise than the model."""

from typing import Any, ClassVar, Literal

from modelcollapse.errors import Problem
from modelcollapse.fields import Positive
from modelcollapse.sources import Law, Source
from modelcollapse.workflows.mix import Mix


class Biased(Mix):
    """A `Mix` whose synthetic items are drawn at a temperature.

    The sampling bias lambda of Alemohammad et al. 2023 (arXiv 2307.01850): a Gaussian's covariance is
    multiplied by it. Below 1 synthetic items are of higher "quality" and lower diversity, as when a model
    is sampled near its mode. Of categories it is a language model's temperature, p^(1/temperature).
    """

    name: ClassVar[str] = "biased"

    kind: Literal["biased"] = "biased"  # type: ignore[assignment]  # a kind of its own
    temperature: Positive

    def describe(self) -> list[str]:
        """The shares, and the temperature."""
        return [*super().describe(), f"temperature {self.temperature:g}"]

    def suits(self, truth: Any, learner: Any) -> list[Problem]:
        """A learner whose models have no temperature."""
        if learner.tempers:
            return []
        allowed = f"has no meaning for models of learner.family = {learner.name!r}"
        return [Problem("workflow.temperature", self.temperature, allowed)]

    def synthetic_source(self, model: Law, truth: Source) -> Source:
        """The model at the temperature."""
        return Law(model.family, model.family.tempered(model.params, self.temperature))
