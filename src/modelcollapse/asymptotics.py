"""Maximum likelihood to first order in 1/n: Fisher information, bias, and what follows, for each family.

An estimate from n items of a law theta is theta + b/n + Normal(0, I^-1/n). So a training set can be
remembered by its size and its own estimate, and everything that happens to training sets happens to
estimates: see `modelcollapse.engines.diffusion`. Information and bias of mixtures are integrals over the
line, by quadrature (`modelcollapse.kernels.expansion`); a Gaussian is a mixture of one component, and
categories need no integral.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from modelcollapse.families.gaussian import GaussianParams
from modelcollapse.families.mixture import MixtureParams
from modelcollapse.kernels import expansion
from modelcollapse.streams import LANES, Streams
from modelcollapse.types import Array, IntArray, Params, Status

CATEGORY_LOST = 256
"""As in types.Status."""


class Expansion(NamedTuple):
    """How an estimate from n items is distributed, to first order: around theta + bias/n.

    ``information`` ``(replicate, coordinate, coordinate)`` an item and ``bias`` ``(replicate,
    coordinate)``, in the coordinates of the family.
    """

    information: Array
    bias: Array


class Asymptotics(Protocol):
    """What first order in 1/n takes of a family, for a batch of replicates."""

    least: int
    """The fewest items for which first order was compared with exact fits: N times the error is bounded."""

    def expand(self, params: Params) -> Expansion:
        """Information and bias."""

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
        """What is dead or a point by now, with the status bits of the model."""


class MixtureAsymptotics:
    """Mixtures of Gaussians. A component's logit, mean in units of its std, log of its std."""

    least = 500

    def expand(self, params: MixtureParams) -> Expansion:
        """Information and bias, by quadrature; all components must be alive.

        The common shift of the logits changes nothing; it has an information of its own and no bias.
        """
        return Expansion(*expansion.expansion_batch(*params, LANES))

    def displace(
        self, params: MixtureParams, size: IntArray, variance: Array, streams: Streams
    ) -> tuple[MixtureParams, IntArray]:
        """Move logits, means and log stds."""
        *parts, status = expansion.displaced(*params, size, variance, streams.state)
        return MixtureParams(*parts), status

    def pool(self, parts: Sequence[MixtureParams], size: IntArray) -> tuple[MixtureParams, IntArray]:
        """Climb to the maximum of the pooled law's likelihood, by Newton's method on quadrature nodes."""
        w, m, s = (np.stack(own) for own in zip(*parts, strict=True))
        *pooled, status = expansion.pooled(w, m, s, size, LANES)
        return MixtureParams(*pooled), status

    def settle(self, params: MixtureParams, size: IntArray) -> tuple[MixtureParams, IntArray]:
        """Components of less than one item die."""
        weight, std, status = expansion.settled(*params, size)
        return MixtureParams(weight, params.mean, std), status


class GaussianAsymptotics:
    """One Gaussian: mean in units of the std, and log std. I = diag(1, 2), b = (0, -1).

    So log variance moves by -2/n, with variance 2/n: the n V'/V ~ chi2_(n-1) of the exact fit, to
    first order.
    """

    least = 50
    _one = MixtureAsymptotics()

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
        pooled, status = self._one.pool([_alone(part) for part in parts], size)
        return GaussianParams(pooled.mean[:, 0], pooled.std[:, 0]), status

    def settle(self, params: GaussianParams, size: IntArray) -> tuple[GaussianParams, IntArray]:
        """A spread that is a rounding of the mean is a point."""
        settled, status = self._one.settle(_alone(params), size)
        return GaussianParams(params.mean, settled.std[:, 0]), status


def _alone(params: GaussianParams) -> MixtureParams:
    """A Gaussian as the only component of a mixture."""
    std = params.std[:, None]
    return MixtureParams(np.ones(std.shape), params.mean[:, None], std)


class CategoricalAsymptotics:
    """Shares of categories: no bias, covariance (diag p - p p')/n. Absorbed where a share falls to 0."""

    least = 100

    def expand(self, params: Any) -> Expansion:
        """Information in the plane where shares add up to 1: the pseudo-inverse of diag p - p p'."""
        p = params[0]
        covariance = np.einsum("ri,ij->rij", p, np.eye(p.shape[1])) - np.einsum("ri,rj->rij", p, p)
        return Expansion(np.linalg.pinv(covariance, hermitian=True), np.zeros(p.shape))

    def displace(
        self, params: Any, size: IntArray, variance: Array, streams: Streams
    ) -> tuple[Any, IntArray]:
        """Move the shares; what falls below 0 stays at 0."""
        share, status = expansion.displaced_shares(params[0], size, variance, streams.state)
        return type(params)(share), status

    def pool(self, parts: Sequence[Any], size: IntArray) -> tuple[Any, IntArray]:
        """The mean of the parts' shares, each part by its items."""
        weight = size / np.maximum(size.sum(axis=0), 1)
        share = np.einsum("jr,jrc->rc", weight, np.stack([part[0] for part in parts]))
        return type(parts[0])(share), np.zeros(len(share), dtype=np.int64)

    def settle(self, params: Any, size: IntArray) -> tuple[Any, IntArray]:
        """What is lost is lost: a category at 0 stays there."""
        alive = np.count_nonzero(params[0], axis=1)
        status = np.where(alive < params[0].shape[1], CATEGORY_LOST, 0)
        return params, np.asarray(status | np.where(alive == 1, int(Status.COLLAPSED), 0), dtype=np.int64)


ASYMPTOTICS: Mapping[str, Asymptotics] = {
    "gaussian": GaussianAsymptotics(),
    "mixture": MixtureAsymptotics(),
    "categorical": CategoricalAsymptotics(),
}
"""By the family's name; a new one is a class and its line here."""
