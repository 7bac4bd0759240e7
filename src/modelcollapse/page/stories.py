"""Prepared recipes, each a story of two sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TWO: Mapping[str, Any] = {
    "truth": {"family": "mixture", "weights": [0.5, 0.5], "means": [-2.0, 2.0], "stds": [1.0, 1.0]},
    "learner": {"family": "mixture", "components": 2},
}
ONE: Mapping[str, Any] = {
    "truth": {"family": "gaussian", "mean": 0.0, "std": 1.0},
    "learner": {"family": "gaussian"},
}


@dataclass(frozen=True)
class Story:
    """A recipe, what it is called, what it shows, and how it is looked at (``log``: a log scale)."""

    name: str
    title: str
    text: str
    recipe: Mapping[str, Any]
    look: Mapping[str, Any] = field(default_factory=dict)


STORIES = (
    Story(
        "blog",
        "Learning from oneself",
        "Two Gaussians learn from data that they made, again and again. The components narrow in "
        "most replicates, and no two end alike.",
        {**TWO, "n_samples": 1_000, "generations": 1_000, "replicates": 16, "engine": "grouped"},
    ),
    Story(
        "early-stopping",
        "Stopping early",
        "The same experiment with scikit-learn's defaults, which end EM after about two steps. "
        "Much of the early narrowing is the solver's: to the maximum, in the first story, it is "
        "slower.",
        {
            **TWO,
            "learner": {"family": "mixture", "components": 2, "solver": "scikit-learn"},
            "n_samples": 1_000,
            "generations": 100,
            "replicates": 4,
        },
    ),
    Story(
        "fixed",
        "The same real data again",
        "A tenth of each training set is real, but always the same items. Their own errors stay "
        "for ever: three times as much is lost as with fresh ones.",
        {
            **ONE,
            "n_samples": 200,
            "generations": 400,
            "replicates": 100,
            "workflow": {"kind": "mix", "real": 0.1, "real_source": "fixed"},
        },
    ),
    Story(
        "accumulate",
        "Throw nothing away",
        "Each generation adds its data to a pool of all that came before. The pool remembers, and"
        " the variance stays near the truth's.",
        {
            **TWO,
            "n_samples": 500,
            "generations": 400,
            "replicates": 16,
            "engine": "grouped",
            "workflow": {"kind": "accumulate"},
        },
    ),
    Story(
        "rare-word",
        "A rare word dies",
        "Fifty words, as often as Zipf's law says. A word that one generation does not use is "
        "gone for all that follow.",
        {
            "truth": {"family": "categorical", "zipf": {"categories": 50, "exponent": 1.0, "shift": 0.0}},
            "learner": {"family": "categorical"},
            "n_samples": 200,
            "generations": 300,
            "replicates": 32,
        },
    ),
    Story(
        "one-path",
        "Why one path misleads",
        "One Gaussian, a hundred replicates of the same recipe. The mean follows its law, while "
        "half of the paths are far below it and a few far above.",
        {**ONE, "n_samples": 100, "generations": 300, "replicates": 100},
        {"log": True},
    ),
    Story(
        "how-much",
        "How much real data?",
        "Two fresh real items in a hundred hold the mean near the truth. Each path still wanders:"
        " for one's own, it takes far more.",
        {
            **ONE,
            "n_samples": 500,
            "generations": 400,
            "replicates": 100,
            "workflow": {"kind": "mix", "real": 0.02},
        },
    ),
)
"""All of them, in the order of the page."""
