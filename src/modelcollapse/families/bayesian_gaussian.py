"""A Gaussian that is not fitted but drawn from its posterior: the model that tests the whole loop.

With the first parameters drawn from the prior, items from them, and new parameters from the posterior given
the items, the prior is what the parameters have again: it is invariant under the recursion, with any
number of items and generations. An error in sampling, in the fit or in the loop moves it (Geweke 2004,
J. Am. Stat. Assoc. 99, 799).
"""

from typing import ClassVar, Literal

import numpy as np

from modelcollapse.families.base import Fit, at_precision
from modelcollapse.families.gaussian import GaussianParams, OneGaussian
from modelcollapse.fields import Positive, Real
from modelcollapse.kernels.compiling import LANES
from modelcollapse.kernels.moments import moments
from modelcollapse.streams import Streams
from modelcollapse.types import Array, IntArray, Status


class BayesianGaussian(OneGaussian):
    """A Gaussian under the normal-inverse-gamma prior.

    The variance s2 has an inverse gamma distribution of ``shape`` and ``scale``, and the mean, given s2, is
    normal about ``mean`` with the variance s2/``strength``: the prior counts as so many items.
    """

    name: ClassVar[str] = "bayesian-gaussian"

    family: Literal["bayesian-gaussian"] = "bayesian-gaussian"
    mean: Real
    strength: Positive
    shape: Positive
    scale: Positive

    def prior(self, streams: Streams) -> GaussianParams:
        """Draw parameters from the prior, for each replicate its own."""
        none = np.zeros(len(streams))
        return self._drawn(none, none, none, streams)

    def fit(
        self,
        x: Array,
        size: IntArray,
        weight: Array | None,
        start: GaussianParams | None,
        streams: Streams,
    ) -> Fit:
        """Draw from the posterior given the weighted items; weights count as repeated items."""
        given = np.empty((len(x), 0)) if weight is None else weight
        params = self._drawn(*moments(x, given, size, LANES), streams)
        finite = np.isfinite(params.mean) & np.isfinite(params.std)
        status = np.where(at_precision(*params), int(Status.PRECISION_LIMIT), 0)
        status = np.where(finite, status, int(Status.NONFINITE))
        return Fit(params, np.ones(len(x), dtype=np.int64), status)

    def _drawn(self, n: Array, mean: Array, variance: Array, streams: Streams) -> GaussianParams:
        """Draw given n items, their mean and their variance (divided by n), each ``(replicate,)``.

        The posterior is of the prior's kind (Gelman et al., Bayesian Data Analysis, 3.3): its strength and
        shape are strength + n and shape + n/2, its mean the weighted one of prior and items, and its scale
        is the prior's and half the sums of squares, within the items and of their mean about the prior's.
        """
        strength, shape = self.strength + n, self.shape + n / 2.0
        middle = (self.strength * self.mean + n * mean) / strength
        between = self.strength * n / strength * (mean - self.mean) ** 2
        scale = self.scale + (n * variance + between) / 2.0
        gamma = np.array([stream.standard_gamma(a) for stream, a in zip(streams, shape, strict=True)])
        normal = np.array([stream.standard_normal() for stream in streams])
        with np.errstate(divide="ignore", over="ignore"):
            std = np.sqrt(scale / gamma)
            return GaussianParams(middle + std / np.sqrt(strength) * normal, std)
