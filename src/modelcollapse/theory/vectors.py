"""One Gaussian over vectors learned from a Gaussian; laws of the trace are those of `moments` and `pools`."""

import numpy as np
from scipy.special import psi

from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS
from modelcollapse.metrics.vectors import both_gaussian
from modelcollapse.theory.base import Expectation, replaces

WISHART = "E det_t = det_0 prod_(i<=d) ((n - i)/(n - ddof))^t, derived from Wishart's determinant"
WISHART_LOG = (
    "E log det_t = log det_0 + t sum_(i<=d) [psi((n-i)/2) + ln 2 - ln(n - ddof)], derived from Wishart's"
)


def vector_laws(experiment: Experiment) -> list[Expectation]:
    """The determinant under replace: a fit's is the last one's times that of a Wishart matrix.

    It is a product of independent chi-square variables with n - 1, ..., n - d degrees of freedom (Bartlett),
    over (n - ddof)^d. From n <= d items it is 0.
    """
    learner, truth, n = experiment.learner, experiment.source, experiment.n_samples
    if not both_gaussian(learner, truth) or not replaces(experiment) or n < 2:
        return []
    d = learner.sizes()["dimension"]
    i = np.arange(1, d + 1)
    start = METRICS["log_determinant"].value_at_truth(truth, None)
    if n <= d:
        return [Expectation("determinant", "mean", "mean determinant", WISHART, lambda t: 0.0 * t)]
    step = float(np.sum(np.log((n - i) / (n - learner.ddof))))
    drift = float(np.sum(psi((n - i) / 2.0) + np.log(2.0) - np.log(n - learner.ddof)))
    return [
        Expectation(
            "determinant", "mean", "mean determinant of the covariance", WISHART,
            lambda t: np.exp(start + t * step),
        ),
        Expectation(
            "determinant", "mean of log", "mean log of the determinant", WISHART_LOG,
            lambda t: start + t * drift,
        ),
    ]  # fmt: skip
