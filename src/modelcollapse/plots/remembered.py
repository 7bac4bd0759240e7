"""Results that hold no parameters: there is no model to draw again, but what was measured while it ran."""

import xarray as xr
from matplotlib.figure import Figure

from modelcollapse.metrics import metrics_of
from modelcollapse.plots import over_time
from modelcollapse.plots.style import canvas
from modelcollapse.results import experiment_of

WANTED = (
    ("total_variance",),
    ("squared_error_of_mean",),
    ("tail_mass",),
    ("wasserstein2", "kullback_leibler", "distinct_items"),
)
"""A panel each: the first of these that was measured."""


def remembers(dataset: xr.Dataset) -> bool:
    """Whether a result holds what was measured and not the models."""
    return bool(experiment_of(dataset).learner.remembers)


def overview(dataset: xr.Dataset, caption: str) -> Figure:
    """Spread, the error of the mean, the tails, and a distance where there is one."""
    experiment = experiment_of(dataset)
    known = metrics_of(experiment.learner, experiment.source)
    found = [next((name for name in names if name in known), "") for names in WANTED]
    names = [name for name in found if name]
    rows, columns = (2, 2) if len(names) == 4 else (1, len(names))
    figure, axes = canvas(dataset, rows, columns, caption)
    for panel, name in zip(axes, names, strict=True):
        over_time.metrics(panel, dataset, (name,))
    return figure


def refuse_density(dataset: xr.Dataset) -> None:
    """There is no model to draw.

    Raises
    ------
    ValueError
        Where the result holds no models.
    """
    if remembers(dataset):
        family = experiment_of(dataset).learner.name
        raise ValueError(f'kind = "density": a result of the family {family} holds no models to draw')
