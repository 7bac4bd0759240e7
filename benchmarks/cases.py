"""What is timed: a truth, N, the number of components, of replicates and of generations."""

from dataclasses import asdict, dataclass
from typing import Any

SPACING = 4.0
"""Distance of neighbouring means of the truth, in standard deviations."""


@dataclass(frozen=True)
class Case:
    """One piece of work: ``replicates`` trajectories of ``generations`` fits to ``n_samples`` items."""

    n_samples: int = 10_000
    components: int = 2
    replicates: int = 1
    generations: int = 100
    save_all: bool = True

    @property
    def means(self) -> list[float]:
        """Means of the truth: equal weights, standard deviation 1, centred on 0."""
        return [SPACING * (k - (self.components - 1) / 2) for k in range(self.components)]

    def recipe(self, engine: str, seed: int) -> dict[str, Any]:
        """The case as an experiment's recipe."""
        k = self.components
        return {
            "n_samples": self.n_samples,
            "generations": self.generations,
            "replicates": self.replicates,
            "seed": seed,
            "engine": engine,
            "save": "all" if self.save_all else {"every": self.generations},
            "truth": {"family": "mixture", "weights": [1 / k] * k, "means": self.means, "stds": [1.0] * k},
            "learner": {"family": "mixture", "components": k},
        }

    def table(self) -> dict[str, Any]:
        """The case as JSON holds it."""
        return asdict(self)
