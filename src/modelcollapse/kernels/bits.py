"""The bits of `modelcollapse.types.Status` as plain numbers, which kernels can hold."""

from modelcollapse.types import Status

DEAD, POINT, COLLAPSED = int(Status.COMPONENT_DEAD), int(Status.POINT_MASS), int(Status.COLLAPSED)
NOT_CONVERGED, UNIDENTIFIED = int(Status.NOT_CONVERGED), int(Status.UNIDENTIFIED)
PRECISION_LIMIT, NONFINITE = int(Status.PRECISION_LIMIT), int(Status.NONFINITE)
OUTSIDE_RANGE = int(Status.OUTSIDE_RANGE)
RANK_DEFICIENT = int(Status.RANK_DEFICIENT)
