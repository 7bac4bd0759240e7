"""A result, or a study, as one HTML file that needs nothing else: to read, to print, to hand on.

The file holds no script and loads nothing; a policy in its head forbids both. What comes from a user (names
of columns, paths, notes) enters as text alone, see `modelcollapse.report.markup`. The same result gives the
same file, to the byte.
"""

from collections.abc import Sequence

import xarray as xr

from modelcollapse.report import of_result, of_study
from modelcollapse.studies.cells import axes_of, cell, is_study


def report(dataset: xr.Dataset, others: Sequence[xr.Dataset] = ()) -> str:
    """Make a report: figures, laws with verdicts, the collapse profile, statuses, the recipe, how to replay.

    Parameters
    ----------
    dataset
        A result or a study, as from `modelcollapse.load`. A study of which one cell is selected is
        reported as a result.
    others
        Results of the same recipe at other N, for the profile's scaling law.

    Returns
    -------
    str
        The whole HTML file.

    Raises
    ------
    ValueError
        Where ``others`` are not of the same recipe, or the dataset is a study.
    """
    if is_study(dataset) and not axes_of(dataset):
        dataset = cell(dataset)
    if is_study(dataset):
        if others:
            raise ValueError("results at other N are for the report of a result, not of a study")
        return of_study.page(dataset)
    return of_result.page(dataset, others)
