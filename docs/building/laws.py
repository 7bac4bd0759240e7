"""The page of laws, from the package: what each says, of which recipes, its source, and its derivation."""

import inspect
from collections.abc import Iterator
from html import escape
from types import ModuleType
from typing import Any

from modelcollapse import theory
from modelcollapse.experiment import Experiment
from modelcollapse.theory import (
    Expectation,
    categories,
    gaussian,
    kde,
    moments,
    pools,
    regression,
    separated,
    stationary,
    vectors,
    verified,
    whole,
)

SECTIONS: tuple[tuple[str, ModuleType], ...] = (
    ("Fits that keep the mean and the variance", moments),
    ("The long run", stationary),
    ("Pools that grow", pools),
    ("One Gaussian", gaussian),
    ("Vectors", vectors),
    ("Components far apart", separated),
    ("Categories", categories),
    ("Whole numbers", whole),
    ("Kernel densities on pools", kde),
    ("Linear regression", regression),
    ("Verified data", verified),
)
"""A part of the page for each file of `modelcollapse.theory` that holds laws."""

Values = dict[str, Any]
NORMAL: Values = {"truth": {"family": "gaussian", "mean": 0.0, "std": 1.0}, "learner": {"family": "gaussian"}}
UNBIASED: Values = {**NORMAL, "learner": {"family": "gaussian", "ddof": 1}}
PLANE: Values = {"truth": {"family": "gaussian-nd", "dimension": 2}, "learner": {"family": "gaussian-nd"}}
WORDS: Values = {
    "truth": {"family": "categorical", "zipf": {"categories": 1000, "exponent": 1.0}},
    "learner": {"family": "categorical"},
}
FEW: Values = {
    "truth": {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]},
    "learner": {"family": "categorical"},
    "n_samples": 100,
}
NUMBERS: Values = {"truth": {"family": "poisson", "rate": 2.0}, "learner": {"family": "poisson"}}
KERNELS: Values = {**NORMAL, "learner": {"family": "kde", "bandwidth": 0.1}}
LINE: Values = {
    "truth": {"family": "linear", "dimension": 3, "noise": 1.0},
    "learner": {"family": "linear", "inputs": "same"},
    "n_samples": 100,
}
APART: Values = {
    "truth": {"family": "mixture", "weights": [0.5, 0.5], "means": [-9.0, 9.0], "stds": [1.0, 1.0]}
}
RARER = {"kind": "decaying", "real": 0.5, "half_life": 10}
NUMBERED = {"kind": "augment", "real": 100, "synthetic": 900}
WEIGHED = {"kind": "weighted", "weight": 0.6, "real": 100, "synthetic": 100}
ACCUMULATE, PICKED = {"kind": "accumulate"}, {"kind": "accumulate-subsample"}
BETWEEN = {"kind": "verified", "low": -1.0, "high": 1.0, "phi": 0.9, "psi": 0.1}

EXAMPLES: tuple[tuple[str, Values], ...] = (
    ("a mixture, all data synthetic", {}),
    ("a mixture, a tenth of new real items", {"workflow": {"kind": "mix", "real": 0.1}}),
    ("a Gaussian by maximum likelihood, all data synthetic", {**NORMAL, "n_samples": 100}),
    ("a Gaussian with the unbiased variance, all data synthetic", UNBIASED),
    ("a Gaussian, each item drawing its source",
     {**NORMAL, "workflow": {"kind": "mix", "real": 0.1, "assignment": "per-sample"}}),
    ("a Gaussian with the unbiased variance, synthetic data at a temperature",
     {**UNBIASED, "workflow": {"kind": "biased", "temperature": 0.9}}),
    ("a Gaussian, real data that become rarer", {**NORMAL, "workflow": RARER}),
    ("a Gaussian, numbers of real and synthetic items", {**NORMAL, "workflow": NUMBERED}),
    ("a Gaussian, weights", {**NORMAL, "workflow": WEIGHED}),
    ("a Gaussian, everything pooled", {**NORMAL, "workflow": ACCUMULATE}),
    ("a Gaussian, everything pooled, real items among what is added",
     {**NORMAL, "workflow": {**ACCUMULATE, "real": 0.1}}),
    ("a Gaussian, N items of a pool", {**NORMAL, "workflow": PICKED}),
    ("Gaussian vectors, all data synthetic", PLANE),
    ("a mixture whose components are far apart, all data synthetic", APART),
    ("a thousand categories, all data synthetic", WORDS),
    ("three categories, all data synthetic", FEW),
    ("categories, everything pooled", {**WORDS, "workflow": ACCUMULATE}),
    ("categories, a tenth of new real items", {**WORDS, "workflow": {"kind": "mix", "real": 0.1}}),
    ("whole numbers, all data synthetic", NUMBERS),
    ("whole numbers, everything pooled", {**NUMBERS, "workflow": ACCUMULATE}),
    ("a kernel density, all data synthetic", KERNELS),
    ("a kernel density, everything pooled", {**KERNELS, "workflow": ACCUMULATE}),
    ("least squares, all labels synthetic", LINE),
    ("least squares, the same inputs labelled again and pooled", {**LINE, "workflow": ACCUMULATE}),
    ("least squares, new inputs, pooled",
     {**LINE, "learner": {"family": "linear", "inputs": "new"}, "workflow": ACCUMULATE}),
    ("a Gaussian, synthetic data that a verifier lets through", {**NORMAL, "workflow": BETWEEN}),
)  # fmt: skip
"""Recipes that together have every law."""


def laws() -> str:
    """A part for each file of laws: what holds of which recipe, then how it is derived."""
    return "\n\n".join(_part(title, module) for title, module in SECTIONS)


def _part(title: str, module: ModuleType) -> str:
    lines = [f"## {title}", inspect.cleandoc(module.__doc__ or "")]
    for law in theory.LAWS:
        if law.__module__ == module.__name__:
            lines += [_spoken(law.__doc__ or ""), *_table(law)]
    for name, function in derivations(module):
        lines.append(f"::: {module.__name__}.{name}\n    options:\n      heading_level: 4")
        assert function.__doc__
    return "\n\n".join(lines)


def derivations(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The functions of a file that are no law themselves: recursions, closed forms, bounds."""
    for name, value in vars(module).items():
        own = inspect.isfunction(value) and value.__module__ == module.__name__
        if own and not name.startswith("_") and value not in theory.LAWS:
            yield name, value


def _spoken(text: str) -> str:
    """A docstring as Markdown: blocks that are indented in it stay so."""
    return inspect.cleandoc(text)


def found_by(law: Any) -> dict[str, list[tuple[str, Expectation]]]:
    """What a law says of the examples: of each statement with its source, in which of them."""
    found: dict[str, list[tuple[str, Expectation]]] = {}
    for words, values in EXAMPLES:
        for one in law(Experiment(**values)):
            found.setdefault(one.source, []).append((words, one))
    return found


def _table(law: Any) -> list[str]:
    heads = ["what", "statement and source", "holds", "for example"]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    for source, seen in found_by(law).items():
        what, examples, holds = (
            "; ".join(dict.fromkeys(parts))
            for parts in (
                [one.label for _, one in seen],
                [words for words, _ in seen],
                [_holds(one) for _, one in seen],
            )
        )
        lines.append(f"| {_plain(what)} | {_plain(source)} | {_plain(holds)} | {_plain(examples)} |")
    return ["\n".join(lines)]


def _holds(one: Expectation) -> str:
    if one.sense != "equal":
        return f"a bound: {one.sense} this"
    return f"about: {one.about}" if one.about else "exactly"


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    text = escape(text, quote=False)
    for character in "|*_[]":
        text = text.replace(character, f"&#{ord(character)};")
    return text
