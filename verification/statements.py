"""What a check states, how many replicates it takes to see a defect, and what was found.

A statement is judged by z, its distance from the law in standard errors. It is violated beyond `ALARM`,
which a right simulator passes once in a million statements. A defect of 7.23 standard errors, `ALARM` +
`POWER`, is then seen with probability 0.99; so replicates are computed from the defect a check is to see.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from scipy.stats import kstest, norm

from modelcollapse.types import Array

ALARM = 4.9
"""Standard errors: 9.6e-7, two-sided."""
POWER = 2.33
"""Standard errors more: a defect of this size is missed once in a hundred runs."""
DISTANCE_ALARM, DISTANCE_POWER = 2.69, 1.63
"""The same for sqrt(n) times a distance of two distribution functions, by Kolmogorov's law."""

Kind = Literal["equal", "at most", "at least", "about"]


@dataclass(frozen=True)
class Finding:
    """A statement as it was found.

    Attributes
    ----------
    what, kind
        The statement in words; whether the law is an equation, a bound, or holds about.
    measured, law
        The number and what it must be.
    z
        Its distance from what the law allows, in standard errors.
    sees
        The defect that is seen with probability 0.99, in the terms of the check: relative to the law, or
        to the scale that is given where the law is 0; for a distribution, the distance of its function.
    size
        Values that went in.
    """

    what: str
    kind: Kind
    measured: float
    law: float
    z: float
    sees: float
    size: int

    @property
    def holds(self) -> bool:
        """Whether the law is not violated; of a number that is none, it is."""
        return {
            "at most": self.z < ALARM,
            "at least": self.z > -ALARM,
        }.get(self.kind, abs(self.z) < ALARM)


class Statement(Protocol):
    """A statement about values that were drawn."""

    def times(self, defect: float) -> float:
        """By what factor there must be more values for a defect to be seen."""

    def find(self) -> Finding:
        """Judge it."""


@dataclass(frozen=True)
class Mean:
    """The mean over replicates is that of a law; none of them is ever left out.

    ``scale`` is what a defect is relative to: the law, if not given. ``defect`` is one of its own, where
    that of its check does not fit. ``about`` is how far the law itself may be off, absolutely.
    """

    what: str
    values: Array
    law: float
    scale: float = math.nan
    defect: float = math.nan
    kind: Kind = "equal"
    about: float = 0.0

    @property
    def _scale(self) -> float:
        return abs(self.law) if math.isnan(self.scale) else self.scale

    def times(self, defect: float) -> float:
        """From the standard deviation of a pilot's values."""
        defect = defect if math.isnan(self.defect) else self.defect
        return float((self.find().sees / defect) ** 2)

    def find(self) -> Finding:
        """z = (mean - law)/standard error, less what the law may be off."""
        values = np.asarray(self.values, dtype=np.float64)
        mean, error = float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
        away = mean - self.law
        beyond = math.copysign(max(abs(away) - self.about, 0.0), away)
        z = (
            beyond / error
            if error > 0.0
            else (0.0 if abs(beyond) < 1e-12 else math.copysign(math.inf, beyond))
        )
        kind: Kind = "about" if self.about > 0.0 and self.kind == "equal" else self.kind
        sees = (ALARM + POWER) * error / self._scale
        return Finding(
            self.what, kind, mean, self.law, z if math.isfinite(mean) else math.nan, sees, values.size
        )


@dataclass(frozen=True)
class Shape:
    """Independent values have a distribution function (Kolmogorov and Smirnov's test).

    Here z is that of the p-value, and only a large one is a violation; the defect is a distance.
    """

    what: str
    values: Array
    cdf: Callable[[Array], Array]
    defect: float = 0.01

    def times(self, defect: float) -> float:
        """From Kolmogorov's law; the check's own defect is one of means."""
        return float((self.find().sees / self.defect) ** 2)

    def find(self) -> Finding:
        """The largest distance of the two distribution functions."""
        found = kstest(self.values, self.cdf)
        sees = (DISTANCE_ALARM + DISTANCE_POWER) / math.sqrt(len(self.values))
        return of_p(self.what, float(found.pvalue), float(found.statistic), sees, len(self.values))


@dataclass(frozen=True)
class Chance:
    """A test that gives a p-value, which must not be small; ``sees`` is the defect it sees at its size."""

    what: str
    p: float
    distance: float
    sees: float
    size: int
    defect: float = field(default=math.nan)

    def times(self, defect: float) -> float:
        """What is seen falls as the root of the size."""
        return float((self.sees / (defect if math.isnan(self.defect) else self.defect)) ** 2)

    def find(self) -> Finding:
        """As it is."""
        return of_p(self.what, self.p, self.distance, self.sees, self.size)


def of_p(what: str, p: float, distance: float, sees: float, size: int) -> Finding:
    """A finding from a p-value: a distance from 0 that chance makes at most so large."""
    z = float(norm.isf(min(max(p, 1e-300), 1.0 - 1e-16)))
    return Finding(what, "at most", distance, 0.0, z, sees, size)
