"""Maximum likelihood to first order in 1/n: Fisher information, bias, and what follows, for each family.

An estimate from n items of a law theta is theta + b/n + Normal(0, I^-1/n). So a training set can be
remembered by its size and its own estimate, and everything that happens to training sets happens to
estimates: see `modelcollapse.engines.diffusion`. Information and bias of mixtures are integrals over the
line, by quadrature (`modelcollapse.kernels.quadrature`); a Gaussian is a mixture of one component, and
categories need no integral.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from modelcollapse.families.base import Family
from modelcollapse.families.categorical import CategoricalParams
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import MixtureParams
from modelcollapse.kernels.displacement import displaced, settled
from modelcollapse.kernels.expansion import expansion_batch
from modelcollapse.kernels.pooling import pooled
from modelcollapse.kernels.shares import displaced_shares
from modelcollapse.streams import STREAM_LANES, Streams
from modelcollapse.types import Array, IntArray, Params, Status


class Expansion(NamedTuple):
    """How an estimate from n items is distributed, to first order: around theta + bias/n.

    The engine moves estimates without it; tests and verification hold its numbers against others.

    ``information`` ``(replicate, coordinate, coordinate)`` an item and ``bias`` ``(replicate,
    coordinate)``, in the coordinates of the family.
    """

    information: Array
    bias: Array


class Asymptotics(Protocol):
    """What first order in 1/n takes of a family, for a batch of replicates."""

    sized_by_truth: bool
    """Whether how many parameters there are is the truth's to say, and not the learner's."""

    def least(self, family: Family) -> int:
        """The fewest items for which first order was seen to be near exact fits."""

    def expand(self, params: Params) -> Expansion:
        """Information and bias: for tests and verification."""

    def displace(
        self, params: Params, size: IntArray, variance: Array, streams: Streams
    ) -> tuple[Params, IntArray]:
        """Estimates from ``size`` items, and status bits: theta + variance b + Normal(0, variance I^-1).

        ``variance`` ``(replicate,)`` is 1/n for n new items, 1/m - 1/n for m of n. Parameters may
        be one row for all replicates.
        """

    def pool(self, parts: Sequence[Params], size: IntArray) -> tuple[Params, IntArray]:
        """The likeliest parameters for a pool of laws, and status bits; ``size`` ``(part, replicate)``."""

    def settle(self, params: Params, size: IntArray) -> tuple[Params, IntArray]:
        """What is dead or a point by now, with the status bits of the model; `NONFINITE` where it is none."""

    def corrected(self, params: Params, size: IntArray, family: Family) -> Params:
        """What the settings of the family's own fit make of the maximum likelihood estimate."""

    def seconds(self, numbers: int) -> float:
        """What moving an estimate of so many components or categories takes, beside a fixed cost."""


class MixtureAsymptotics:
    """Mixtures of Gaussians. A component's logit, mean in units of its std, log of its std."""

    sized_by_truth = False

    def least(self, family: Family) -> int:
        """Three components 3 stds apart, t = 20: variance off by 3 % at N = 2,000, by 0.2 % at 8,000."""
        return 500 if family.sizes()["component"] < 3 else 8_000

    def expand(self, params: MixtureParams) -> Expansion:
        """Information and bias, by quadrature; all components must be alive.

        The common shift of the logits changes nothing; it has an information of its own and no bias.
        """
        return Expansion(*expansion_batch(*params, STREAM_LANES))

    def displace(
        self, params: MixtureParams, size: IntArray, variance: Array, streams: Streams
    ) -> tuple[MixtureParams, IntArray]:
        """Move logits, means and log stds."""
        *parts, status = displaced(*params, size, variance, streams.state)
        return MixtureParams(*parts), status

    def pool(self, parts: Sequence[MixtureParams], size: IntArray) -> tuple[MixtureParams, IntArray]:
        """Climb to the maximum of the pooled law's likelihood, by Newton's method on quadrature nodes."""
        w, m, s = (np.stack(own) for own in zip(*parts, strict=True))
        *law, status = pooled(w, m, s, size, STREAM_LANES)
        return MixtureParams(*law), status

    def settle(self, params: MixtureParams, size: IntArray) -> tuple[MixtureParams, IntArray]:
        """Components of less than one item die."""
        weight, std, status = settled(*params, size)
        return MixtureParams(weight, params.mean, std), status

    def corrected(self, params: MixtureParams, size: IntArray, family: Family) -> MixtureParams:
        """Nothing: its fit is maximum likelihood."""
        return params

    def seconds(self, numbers: int) -> float:
        """Nodes of quadrature for each pair of components."""
        return 2e-6 * numbers**2


class GaussianAsymptotics:
    """One Gaussian: mean in units of the std, and log std. I = diag(1, 2), b = (0, -1).

    So log variance moves by -2/n, with variance 2/n: the n V'/V ~ chi2_(n-1) of the exact fit, to
    first order.
    """

    sized_by_truth = False
    _one = MixtureAsymptotics()

    def least(self, family: Family) -> int:
        """Where the laws were tested."""
        return 50

    def expand(self, params: GaussianParams) -> Expansion:
        """The same for every Gaussian."""
        rows = len(params.mean)
        information = np.tile(np.diag([1.0, 2.0]), (rows, 1, 1))
        return Expansion(information, np.tile([0.0, -1.0], (rows, 1)))

    def displace(
        self, params: GaussianParams, size: IntArray, variance: Array, streams: Streams
    ) -> tuple[GaussianParams, IntArray]:
        """Move mean and log std."""
        moved, status = self._one.displace(_alone(params), size, variance, streams)
        return GaussianParams(moved.mean[:, 0], moved.std[:, 0]), status

    def pool(self, parts: Sequence[GaussianParams], size: IntArray) -> tuple[GaussianParams, IntArray]:
        """Mean and variance of the pooled law."""
        law, status = self._one.pool([_alone(part) for part in parts], size)
        return GaussianParams(law.mean[:, 0], law.std[:, 0]), status

    def settle(self, params: GaussianParams, size: IntArray) -> tuple[GaussianParams, IntArray]:
        """A spread that is a rounding of the mean is a point."""
        alone, status = self._one.settle(_alone(params), size)
        return GaussianParams(params.mean, alone.std[:, 0]), status

    def corrected(self, params: GaussianParams, size: IntArray, family: Family) -> GaussianParams:
        """Divide the sum of squares by n - ddof, as the family does."""
        assert isinstance(family, Gaussian)
        if not family.ddof:
            return params
        return GaussianParams(params.mean, params.std * np.sqrt(size / np.maximum(size - family.ddof, 1)))

    def seconds(self, numbers: int) -> float:
        """No integral."""
        return self._one.seconds(1)


def _alone(params: GaussianParams) -> MixtureParams:
    """A Gaussian as the only component of a mixture."""
    std = params.std[:, None]
    return MixtureParams(np.ones(std.shape), params.mean[:, None], std)


class CategoricalAsymptotics:
    """Shares of categories: no bias, covariance (diag p - p p')/n. Absorbed where a share falls to 0."""

    sized_by_truth = True

    def least(self, family: Family) -> int:
        """Where the laws were tested, rounded down."""
        return 100

    def expand(self, params: CategoricalParams) -> Expansion:
        """Information in the plane where shares add up to 1: the pseudo-inverse of diag p - p p'."""
        p = params.probability
        covariance = np.einsum("ri,ij->rij", p, np.eye(p.shape[1])) - np.einsum("ri,rj->rij", p, p)
        return Expansion(np.linalg.pinv(covariance, hermitian=True), np.zeros(p.shape))

    def displace(
        self, params: CategoricalParams, size: IntArray, variance: Array, streams: Streams
    ) -> tuple[CategoricalParams, IntArray]:
        """Move the shares; what falls below 0 stays at 0."""
        share, status = displaced_shares(params.probability, size, variance, streams.state)
        return CategoricalParams(share), status

    def pool(self, parts: Sequence[CategoricalParams], size: IntArray) -> tuple[CategoricalParams, IntArray]:
        """The mean of the parts' shares, each part by its items."""
        weight = size / np.maximum(size.sum(axis=0), 1)
        share = np.einsum("jr,jrc->rc", weight, np.stack([part.probability for part in parts]))
        return CategoricalParams(share), np.zeros(len(share), dtype=np.int64)

    def settle(self, params: CategoricalParams, size: IntArray) -> tuple[CategoricalParams, IntArray]:
        """What is lost is lost: a category at 0 stays there."""
        share = params.probability
        alive = np.count_nonzero(share, axis=1)
        status = np.where(alive < share.shape[1], int(Status.CATEGORY_LOST), 0)
        status |= np.where(alive == 1, int(Status.COLLAPSED), 0)
        status = np.where(np.isfinite(share).all(axis=1), status, int(Status.NONFINITE))
        return params, np.asarray(status, dtype=np.int64)

    def corrected(self, params: CategoricalParams, size: IntArray, family: Family) -> CategoricalParams:
        """Nothing: frequencies are maximum likelihood."""
        return params

    def seconds(self, numbers: int) -> float:
        """A normal for each category."""
        return 5e-9 * numbers


ASYMPTOTICS: Mapping[str, Asymptotics] = {
    "gaussian": GaussianAsymptotics(),
    "mixture": MixtureAsymptotics(),
    "categorical": CategoricalAsymptotics(),
}
"""By the family's name; a new one is a class and its line here."""
