"""Figures of results and studies, fit to print: every replicate, the median, a band, and the law beside them.

Only Matplotlib's objects are used, never pyplot: a figure needs no display, and making one changes
nothing outside it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modelcollapse.families.base import REAL, VECTORS
from modelcollapse.metrics import SPREAD, metrics_of
from modelcollapse.plots import categories, density, over_time, remembered, studies, vectors
from modelcollapse.plots.style import canvas, middle
from modelcollapse.results import experiment_of, measure
from modelcollapse.sources import Law
from modelcollapse.store import digest
from modelcollapse.studies.cells import axes_of, cell, is_study

SUFFIXES = {".png": "Description", ".svg": "Description", ".pdf": "Subject"}
"""What a figure can be saved as, and the field of the file's metadata that holds the result's hash."""
REPRODUCIBLE: dict[Any, Any] = {"svg.hashsalt": "modelcollapse", "pdf.fonttype": 42, "savefig.bbox": None}
DPI = 120
"""Dots an inch of PNG: small enough for a page; for print there are SVG and PDF."""
OF_VECTORS = ("wasserstein2_nd", "frechet_distance", "l2_distance")
"""Distances of vectors, the first that applies first."""
ENSEMBLE = "Thin lines: every replicate, 500 at most; shaded: 10-90 % of all."
"""What stands beneath figures of more than one replicate."""


def plot(dataset: xr.Dataset, kind: str | None = None, path: str | Path | None = None) -> Figure:
    """Draw a result, or a study.

    Ensembles come first: one trajectory alone misleads, so every replicate is drawn, thin, beneath
    the median and the band from the 10 % to the 90 % quantile over replicates. A dashed line is a
    law, what the mean over replicates must be; see `modelcollapse.expectations`. The mean of a few
    replicates that live and many that do not can lie far above the median.

    Parameters
    ----------
    dataset
        A result, as from `modelcollapse.run` or `modelcollapse.load`; or a study, whole or in part. A study
        of which one cell is selected, ``study.sel(real=0.1, n_samples=100)``, is drawn as a result.
    kind
        ``"overview"``: four panels and a title that says what was run. The default of a result.
        ``"density"``: the truth, and the models of one replicate, the one in the middle by its
        last total variance, with the last models of the others. Of categories: their probabilities.
        Of vectors: ellipses in the plane, else the eigenvalues of the covariances.
        ``"variance"``: the total variance and the mean variance of the components alive. Of
        categories the heterozygosity, of whole numbers the rate, of regression the coefficients' length.
        ``"weights"``: the weights of the components. They are points, not lines: components are
        kept in the order of their means, and which was which a generation before is not known.
        ``"distance"``: squared Wasserstein-2 distance (of categories: total variation) and
        Kullback-Leibler divergence to the truth. Of vectors: what applies of these, of Frechet's and of
        L2 distances. Where there is none, the squared error.

        Of a study, each with how the cells end (spread, distance to the truth), and how long it takes until
        half of the variance is lost:

        ``"map"``: colours over two axes of numbers, further axes as small multiples, laws as contour lines.
        ``"ternary"``: the same over the triangle of real, synthetic and kept shares, for a `simplex`.
        ``"lines"``: one axis across, a line for each value of another, with bands and dashed laws.
        The default is the first of ternary, map and lines that the axes allow.
    path
        Where to save it: PNG, SVG or PDF by its suffix. The file's metadata hold the SHA-256 of the
        result, and the same result gives the same bytes.

    Returns
    -------
    matplotlib.figure.Figure
        To be changed further or saved otherwise. In a notebook, ``%matplotlib inline`` shows it.

    Raises
    ------
    ValueError
        Where ``kind`` or the suffix is not one of these, the learner has no components to plot, the
        result holds no models to draw, as of a kernel density, or none yet. Where a study has no such axes.
    """
    if is_study(dataset) and not axes_of(dataset):
        dataset = cell(dataset)
    kinds = kinds_of(dataset)
    if kind is not None and kind not in kinds:
        what = " of a study" if kinds is studies.KINDS else ""
        raise ValueError(f"kind = {kind!r}: must be one of {', '.join(kinds)}{what}")
    if path is not None and Path(path).suffix.lower() not in SUFFIXES:
        raise ValueError(f"path = {str(path)!r}: must end in one of {', '.join(SUFFIXES)}")
    if kinds is studies.KINDS:
        studies.check(dataset)
        kind = kind or studies.default_kind(dataset)
    elif not (dataset["generation"].values > 0).any():
        raise ValueError("there is nothing to plot: the result holds the truth alone, and no model")
    figure = kinds[kind or "overview"](dataset)
    if path is not None:
        _save(figure, Path(path), digest(dataset))
    return figure


def kinds_of(dataset: xr.Dataset) -> dict[str, Callable[[xr.Dataset], Figure]]:
    """The kinds of figures there are of a result, or of a study."""
    return studies.KINDS if is_study(dataset) else KINDS


def _save(figure: Figure, path: Path, sha: str) -> None:
    """Write the file with the hash and without the date, so that its bytes depend on the result alone."""
    suffix = path.suffix.lower()
    metadata = {SUFFIXES[suffix]: f"modelcollapse result, sha256 {sha}"}
    dates = {".svg": "Date", ".pdf": "CreationDate"}
    undated = {dates[suffix]: None} if suffix in dates else {}
    with matplotlib.rc_context(REPRODUCIBLE):
        figure.savefig(path, format=suffix[1:], dpi=DPI, metadata={**metadata, **undated})


def _has_categories(dataset: xr.Dataset) -> bool:
    return "probability" in dataset


def _on_the_line(dataset: xr.Dataset) -> bool:
    return bool(experiment_of(dataset).learner.items == REAL)


def _has_vectors(dataset: xr.Dataset) -> bool:
    return bool(experiment_of(dataset).learner.items == VECTORS)


def _variance(dataset: xr.Dataset) -> Figure:
    if not (_on_the_line(dataset) or _has_vectors(dataset)):
        return _panels(dataset, [SPREAD[experiment_of(dataset).learner.items][0]])
    metrics = ["total_variance"]
    if over_time.has_components(dataset):
        metrics.append("component_variance")
    return _panels(dataset, metrics)


def _distance(dataset: xr.Dataset) -> Figure:
    experiment = experiment_of(dataset)
    known = metrics_of(experiment.learner, experiment.source)
    distances = ["wasserstein2", "total_variation", *OF_VECTORS, "kullback_leibler"]
    if not {*distances} & {*known}:
        distances = [SPREAD[experiment.learner.items][1]]
    return _panels(dataset, [name for name in distances if name in known])


def _panels(dataset: xr.Dataset, metrics: list[str]) -> Figure:
    """Panels side by side, one a metric."""
    figure, axes = canvas(dataset, 1, len(metrics), ENSEMBLE)
    for panel, name in zip(axes, metrics, strict=True):
        over_time.metrics(panel, dataset, (name,))
    return figure


def _density(dataset: xr.Dataset) -> Figure:
    remembered.refuse_density(dataset)
    if not (_has_categories(dataset) or _on_the_line(dataset) or _has_vectors(dataset)):
        learner = experiment_of(dataset).learner
        raise ValueError(f'kind = "density": the items of a {learner.name} are {learner.items}')
    figure, (panel,) = canvas(dataset, 1, 1, middle(dataset))
    if _has_categories(dataset):
        categories.probabilities(panel, dataset)
    elif _has_vectors(dataset):
        vectors.models(panel, dataset)
    else:
        density.densities(panel, dataset)
    return figure


def _weights(dataset: xr.Dataset) -> Figure:
    if not over_time.has_components(dataset):
        family = experiment_of(dataset).learner.name
        raise ValueError(f'kind = "weights": a {family} has no components to weigh')
    figure, (panel,) = canvas(dataset, 1, 1, middle(dataset))
    over_time.weights(panel, dataset)
    return figure


def _overview(dataset: xr.Dataset) -> Figure:
    """Spread, the models themselves, their parts (where there are none: another distance), a distance.

    Of items that are neither numbers on the line nor categories: the metrics of the summary, four at most.
    """
    if remembered.remembers(dataset):
        return remembered.overview(dataset, ENSEMBLE)
    if not (_has_categories(dataset) or _on_the_line(dataset) or _has_vectors(dataset)):
        experiment = experiment_of(dataset)
        known = metrics_of(experiment.learner, experiment.source)
        return _panels(dataset, [name for name, metric in known.items() if metric.head][:4])
    figure, axes = canvas(dataset, 2, 2, ENSEMBLE, middle(dataset))
    if _has_categories(dataset):
        return _overview_of_categories(figure, axes, dataset)
    if _has_vectors(dataset):
        return _overview_of_vectors(figure, axes, dataset)
    density.densities(axes[1], dataset)
    over_time.metrics(axes[3], dataset, ("wasserstein2",))
    if over_time.has_components(dataset):
        over_time.metrics(axes[0], dataset, ("total_variance", "component_variance"))
        over_time.weights(axes[2], dataset)
    else:
        over_time.metrics(axes[0], dataset, ("total_variance",))
        has_density = isinstance(experiment_of(dataset).source, Law)
        over_time.metrics(axes[2], dataset, ("kullback_leibler" if has_density else "tail_mass",))
    return figure


def _overview_of_categories(figure: Figure, axes: list[Axes], dataset: xr.Dataset) -> Figure:
    """Heterozygosity, probabilities, categories alive, a distance: one that is finite for most."""
    last = measure(dataset.isel(generation=[-1]), "kullback_leibler").values
    distance = "kullback_leibler" if np.isfinite(last).mean() > 0.5 else "total_variation"
    categories.probabilities(axes[1], dataset)
    for panel, name in ((0, "heterozygosity"), (2, "categories_alive"), (3, distance)):
        over_time.metrics(axes[panel], dataset, (name,))
    return figure


def _overview_of_vectors(figure: Figure, axes: list[Axes], dataset: xr.Dataset) -> Figure:
    """Total variance, the models, the determinant (where most are singular: effective rank), a distance."""
    experiment = experiment_of(dataset)
    known = metrics_of(experiment.learner, experiment.source)
    last = dataset.isel(generation=[-1])
    spreads = ("total_variance", "component_variance")
    over_time.metrics(axes[0], dataset, spreads if over_time.has_components(dataset) else spreads[:1])
    vectors.models(axes[1], dataset)
    volume = bool(np.median(measure(last, "determinant").values) > 0.0)
    over_time.metrics(axes[2], dataset, ("determinant" if volume else "effective_rank",))
    distances = [name for name in OF_VECTORS if name in known]
    finite = (name for name in distances if np.isfinite(measure(last, name).values).mean() > 0.5)
    over_time.metrics(axes[3], dataset, (next(finite, distances[0]),))
    return figure


KINDS: dict[str, Callable[[xr.Dataset], Figure]] = {
    "overview": _overview,
    "density": _density,
    "variance": _variance,
    "weights": _weights,
    "distance": _distance,
}
"""All kinds of figures of a result; a new one is a function and its line here."""
