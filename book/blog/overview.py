"""The blog post's experiment: two Gaussians that learn from themselves for 2,000 generations.

Truth: a mixture of two Gaussians at -2 and 2, standard deviation 1. N = 10,000, synthetic data only, EM to
the maximum, 8 replicates. After "The Curse of Recursion" (Shumailov et al., arXiv 2305.17493).
"""

import sys
from pathlib import Path

import modelcollapse as mc

if __name__ == "__main__":
    default = Path(__file__).parents[2] / "docs" / "figures" / "overview.png"
    mc.plot(mc.run(mc.Experiment()), path=Path(sys.argv[1]) if len(sys.argv) > 1 else default)
