"""One Gaussian learned from a Gaussian."""

import numpy as np
from scipy.special import gammaln, psi

from modelcollapse.experiment import Experiment
from modelcollapse.families.gaussian import Gaussian
from modelcollapse.sources import Law
from modelcollapse.theory.base import Expectation, replaces
from modelcollapse.theory.moments import moment_recursion
from modelcollapse.types import Array


def gaussian_laws(experiment: Experiment) -> list[Expectation]:
    """One Gaussian learned from a Gaussian, replace: log variance, standard deviation, Wasserstein-2."""
    learner, source, n = experiment.learner, experiment.source, experiment.n_samples
    truth_is_gaussian = isinstance(source, Law) and isinstance(source.family, Gaussian)
    both = isinstance(learner, Gaussian) and truth_is_gaussian
    if not both or not replaces(experiment) or n < 2 or learner.known_std is not None:
        return []
    variance = float(source.moments()[1][0])
    ddof = learner.ddof
    drift = float(psi((n - 1) / 2.0)) + np.log(2.0) - np.log(n - ddof)
    ratio = float(np.log1p(-1.0 / n)) if ddof == 0 else 0.0  # log of (n - 1)/(n - ddof)
    shrink = log_shrinkage(n) + 0.5 * ratio
    found = [
        Expectation(
            "total_variance", "mean of log", "mean log of the variance",
            "E log(V_t/V0) = t [psi((n-1)/2) + ln 2 - ln(n - ddof)], derived from chi-square",
            lambda t: np.log(variance) + t * drift,
        ),
        Expectation(
            "wasserstein2", "mean", "mean squared Wasserstein-2",
            "derived; first order in Shumailov et al. 2024",
            lambda t: _gaussian_wasserstein2(experiment, t, shrink, ratio),
        ),
    ]  # fmt: skip
    if ddof == 1:
        found.append(
            Expectation(
                "std", "mean", "mean standard deviation",
                "E std_t = c4(n)^t std_0, Bertrand et al. 2023 (arXiv 2310.00429)",
                lambda t: np.sqrt(variance) * np.exp(t * shrink),
            )
        )  # fmt: skip
    if tail_bound(n, 10.0, np.array([float(experiment.generations)]))[0] < 1.0:
        found.append(
            Expectation(
                "a_tenth_as_wide", "share", "share of replicates with std above a tenth of the truth's",
                "P(std_t > eps) <= (std_0/eps) exp(-t/(4n - 1)), Suresh et al. 2024 (arXiv 2412.17646)",
                lambda t: tail_bound(n, 10.0, t), sense="at most",
            )
        )  # fmt: skip
    return found


def tail_bound(n: int, ratio: float, t: Array) -> Array:
    """A bound on P(std_t > std_0/ratio) under replace: ratio exp(-t/(4n - 1)), and 1 where that is more.

    Markov's inequality and E std_t <= std_0 c4(n)^t: it holds for maximum likelihood and for the unbiased
    variance (Suresh et al. 2024, arXiv 2412.17646).
    """
    return np.asarray(np.minimum(ratio * np.exp(-t / (4.0 * n - 1.0)), 1.0))


def regularised_variance(n: int, reg_covar: float, variance: float, t: Array) -> Array:
    """E V_t of V' = V chi2_(n-1)/n + r under replace: n r + q^t (V0 - n r), q = 1 - 1/n; derived.

    That is a mixture of one component with ``reg_covar`` = r. Its third moment is infinite: late means
    are carried by rare replicates, so test early ones and the median.
    """
    return np.asarray(n * reg_covar + (1.0 - 1.0 / n) ** t * (variance - n * reg_covar))


def regularised_median(n: int, reg_covar: float) -> float:
    """The median of V in the long run under the same: about 0.596 n r for large n, 0.615 n r at n = 10."""
    return 0.596 * n * reg_covar


def _gaussian_wasserstein2(experiment: Experiment, t: Array, shrink: float, ratio: float) -> Array:
    """E [(M - mu0)^2 + (S - S0)^2] = B_t + E V_t + V0 - 2 S0 E S_t.

    V falls by exp(ratio) a generation and S by exp(shrink), both on average and near 1 where n is large:
    what they lack of 1 keeps its digits.
    """
    variance = float(experiment.source.moments()[1][0])
    error = moment_recursion(experiment, int(t.max()))[1][t.astype(int)]
    return np.asarray(error + variance * (np.expm1(t * ratio) - 2.0 * np.expm1(t * shrink)))


def shrinkage(n: int) -> float:
    """c4(n): E of the unbiased standard deviation of n normals of standard deviation 1."""
    return float(np.exp(log_shrinkage(n)))


def log_shrinkage(n: int) -> float:
    """log c4(n): -1/(4 n) or so, with all its digits.

    c4 is Gamma(x + 1/2)/(Gamma(x) sqrt x) at x = (n - 1)/2. For large n log-gammas cancel, and Stirling's
    series of their difference is right to the last digit.
    """
    x = (n - 1) / 2.0
    if n > 60:
        return -1.0 / (8.0 * x) + 1.0 / (192.0 * x**3) - 1.0 / (640.0 * x**5) + 17.0 / (14336.0 * x**7)
    return float(gammaln(x + 0.5) - gammaln(x) - 0.5 * np.log(x))
