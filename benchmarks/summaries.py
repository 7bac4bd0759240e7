"""The arithmetic of the benchmark: medians, ratios of the same round, how much work a timing needs."""

import math
from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {"median": median(values), "low": min(values), "high": max(values)}


def ratios(baseline: Sequence[float], values: Sequence[float]) -> dict[str, float]:
    """How many times faster than the baseline: the ratio of each round, then its median and spread.

    A computer that slows down for a while slows both of a round, so the ratio is steadier than either.
    """
    if len(baseline) != len(values):
        raise ValueError(f"rounds differ: {len(baseline)} and {len(values)}")
    return spread([b / v for b, v in zip(baseline, values, strict=True)])


def milliseconds(seconds: float, replicates: int, generations: int) -> float:
    """Milliseconds a replicate-generation."""
    return 1e3 * seconds / (replicates * generations)


def generations_for(seconds: float, each: float, most: int) -> int:
    """Generations that take about ``seconds``, where one takes ``each``: from 2 to ``most``."""
    return max(2, min(most, math.ceil(seconds / max(each, 1e-9))))


def fallen(committed: float, fresh: float, least: float = 0.5) -> bool:
    """Whether a ratio has fallen below a part of what it was."""
    return not fresh >= least * committed


def significant(value: float | None, digits: int = 3) -> str:
    """A number for a table: three digits, no exponent between 1e-3 and 1e6."""
    if value is None:
        return "-"
    if value == 0.0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"
