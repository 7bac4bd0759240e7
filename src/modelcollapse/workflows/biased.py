"""Synthetic items drawn with more or less noise than the model has."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator

from modelcollapse.errors import Problem
from modelcollapse.fields import number
from modelcollapse.sources import Law, Source
from modelcollapse.workflows.mix import Shares

FAR_APART = (
    "pools estimates of laws that are near each other, and those of chosen synthetic items are not near "
    "real or kept ones: workflow.real and workflow.kept must be 0"
)
"""Why the diffusion engine refuses a mix whose synthetic part is not drawn from the model itself."""


def _temperature(value: Any) -> float:
    return number(value, "must be a number from 0.001 to 1000", 1e-3, 1e3)


Temperature = Annotated[float, BeforeValidator(_temperature)]


class Biased(Shares):
    """A mix whose synthetic items are drawn at a temperature: density p^(1/temperature), normalised.

    Sampling bias: a Gaussian's variance, and that of every component of a mixture, times ``temperature``;
    probabilities of categories to the power 1/``temperature``, as a language model is sampled. It is the
    lambda of Alemohammad et al. 2023 (arXiv 2307.01850), which multiplies the covariance: 1 is
    unbiased, below 1 trades diversity for quality. The first training set is real, whatever it is.
    """

    name: ClassVar[str] = "biased"

    kind: Literal["biased"] = "biased"
    temperature: Temperature

    @property
    def far_apart(self) -> str:
        """Tempered items are not near those of other parts."""
        return FAR_APART if self.real > 0.0 or self.kept > 0.0 else ""

    def refuses(self, learner: Any, truth: Any) -> list[Problem]:
        """A learner whose models cannot be tempered."""
        if learner.tempers:
            return []
        allowed = f"cannot be used with learner.family = {learner.name!r}, whose models have no temperature"
        return [Problem("workflow.temperature", self.temperature, allowed)]

    def describe(self) -> list[str]:
        """The three shares and the temperature."""
        return [*super().describe(), f"temperature {self.temperature:g}"]

    def synthetic_source(self, model: Law, truth: Source) -> Source:
        """The model at its temperature."""
        with np.errstate(over="ignore"):  # beyond float64 the fit says that it is not finite
            return Law(model.family, model.family.tempered(model.params, self.temperature))
