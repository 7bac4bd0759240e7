"""Metrics, one kind of items a file; a new one is a decorated function in the file of its items."""

from modelcollapse.metrics import categories, divergence, diversity, line, regression, vectors, whole
from modelcollapse.metrics.base import METRICS, SPREAD, Metric, metric, metrics_of
from modelcollapse.metrics.categories import heterozygosity

__all__ = [
    "METRICS",
    "SPREAD",
    "Metric",
    "categories",
    "divergence",
    "diversity",
    "heterozygosity",
    "line",
    "metric",
    "metrics_of",
    "regression",
    "vectors",
    "whole",
]
