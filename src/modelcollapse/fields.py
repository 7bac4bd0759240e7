"""The kinds of values a recipe holds, each with the sentence that says what is allowed."""

import math
from numbers import Integral
from numbers import Real as Real_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

LARGEST = 2**53
"""The largest whole number that every float below it can be told from."""


class Table(BaseModel):
    """A table of a recipe: frozen, no unknown keys, no value taken for another."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


def bad(allowed: str, field: str = "") -> PydanticCustomError:
    """Make the error of a value, or of one ``field`` of a table: a sentence that says what is allowed."""
    return PydanticCustomError("allowed", "{allowed}", {"allowed": allowed, "field": field})


def whole(value: Any, least: int, most: int, allowed: str) -> int:
    """Take an integer, or a float that is one (TOML writes 1e3 as a float); never a bool."""
    if isinstance(value, bool) or not isinstance(value, Real_):
        raise bad(allowed)
    value = int(value) if isinstance(value, Integral) else float(value)
    if isinstance(value, float) and not (math.isfinite(value) and value == int(value)):
        raise bad(allowed)
    if isinstance(value, float) and abs(value) > LARGEST:
        raise bad(f"{allowed}, and at most 2^53 where it is written as a float")
    if not least <= int(value) <= most:
        raise bad(allowed)
    return int(value)


def number(value: Any, allowed: str, least: float = -math.inf, most: float = math.inf) -> float:
    """Take a finite real number within limits; never a bool, never text."""
    if isinstance(value, bool) or not isinstance(value, Real_):
        raise bad(allowed)
    try:
        value = float(value)
    except OverflowError:
        raise bad(allowed) from None
    if not math.isfinite(value) or not least <= value <= most:
        raise bad(allowed)
    return float(value) + 0.0  # -0.0 is 0.0


def _count(value: Any) -> int:
    return whole(value, 1, LARGEST, "must be an integer >= 1 (at most 2^53)")


def _items(value: Any) -> int:
    return whole(value, 0, LARGEST, "must be an integer >= 0 (at most 2^53)")


def _seed(value: Any) -> int:
    return whole(value, 0, 2**128, "must be an integer from 0 to 2^128")


def _share(value: Any) -> float:
    return number(value, "must be a number from 0 to 1", 0.0, 1.0)


def _real(value: Any) -> float:
    return number(value, "must be a finite number, at most 1e150 in size", -1e150, 1e150)


def _positive(value: Any) -> float:
    return number(value, "must be a number > 0, from 1e-150 to 1e150", 1e-150, 1e150)


def _not_negative(value: Any) -> float:
    return number(value, "must be a finite number >= 0", 0.0, 1e150)


def _probabilities(value: Any) -> tuple[float, ...]:
    allowed = "must be numbers >= 0 that add up to 1"
    if not isinstance(value, list | tuple) or not value:
        raise bad(allowed)
    numbers = tuple(number(v, f"{allowed}; {v!r} is not one", 0.0, 1.0) for v in value)
    total = math.fsum(numbers)
    if abs(total - 1.0) > 1e-12:
        raise bad(f"{allowed}; these add up to {total!r}")
    return numbers


Count = Annotated[int, BeforeValidator(_count)]
Items = Annotated[int, BeforeValidator(_items)]
"""A number of items, which may be none."""
Seed = Annotated[int, BeforeValidator(_seed)]
Share = Annotated[float, BeforeValidator(_share)]
Real = Annotated[float, BeforeValidator(_real)]
Positive = Annotated[float, BeforeValidator(_positive)]
NotNegative = Annotated[float, BeforeValidator(_not_negative)]
Probabilities = Annotated[tuple[float, ...], BeforeValidator(_probabilities)]


def _ddof(value: Any) -> int:
    return whole(value, 0, 1, "must be 0 (maximum likelihood) or 1 (unbiased)")


Ddof = Annotated[Literal[0, 1], BeforeValidator(_ddof)]
