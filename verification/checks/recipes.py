"""Recipes that checks share."""

from typing import Any

import modelcollapse as mc

GAUSSIAN: dict[str, Any] = {"family": "gaussian", "mean": 3.0, "std": 2.0}
MIXTURE: dict[str, Any] = {
    "family": "mixture",
    "weights": [0.5, 0.5],
    "means": [-1.0, 3.0],
    "stds": [1.0, 1.0],
}
THREE: dict[str, Any] = {
    "family": "mixture",
    "weights": [0.5, 0.3, 0.2],
    "means": [-2.0, 1.0, 4.0],
    "stds": [1.0, 0.5, 0.3],
}
FIVE = (0.4, 0.3, 0.15, 0.1, 0.05)
CATEGORIES: dict[str, Any] = {"family": "categorical", "probabilities": list(FIVE)}
TRUTHS = {"gaussian": GAUSSIAN, "mixture": MIXTURE, "categorical": CATEGORIES}
LARGE_ENOUGH = {"exact": 20, "grouped": 100, "diffusion": 1000}
"""N: small, where laws bite, but as large as the engine was made for."""


def recipe(
    family: str = "gaussian", engine: str = "exact", n: int = 0, generations: int = 12, **more: Any
) -> mc.Experiment:
    """A family that learns from a truth of its own; ``workflow`` is a table, ``learner`` more settings."""
    workflow = more.pop("workflow", {"kind": "mix"})
    learner = {"family": family, **more.pop("learner", {})}
    truth = more.pop("truth", None) or TRUTHS[family]
    size = n or LARGE_ENOUGH[engine]
    return mc.Experiment(
        n_samples=size,
        generations=generations,
        engine=engine,
        truth=truth,
        learner=learner,
        workflow=workflow,
        **more,
    )


def mixed(
    counts: tuple[int, int, int], family: str = "gaussian", engine: str = "exact", **more: Any
) -> mc.Experiment:
    """Real, synthetic and kept items in these proportions."""
    total, own = sum(counts), {"generations", "n", "learner", "truth", "save"}
    workflow = {name: value for name, value in more.items() if name not in own}
    workflow |= {"kind": "mix", "real": counts[0] / total, "kept": counts[2] / total}
    return recipe(family, engine, workflow=workflow, **{k: v for k, v in more.items() if k in own})


def spread_and_error(experiment: mc.Experiment) -> tuple[str, str]:
    """The metrics V and (M - mu0)^2, or H and its like, of a recipe's items."""
    if experiment.learner.items == "categories":
        return "heterozygosity", "squared_error_of_probabilities"
    return "total_variance", "squared_error_of_mean"
