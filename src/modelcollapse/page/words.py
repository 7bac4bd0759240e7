"""What a run says, in plain words."""

import numpy as np
import xarray as xr

from modelcollapse.errors import LabError
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import SPREAD, metrics_of
from modelcollapse.results import at_truth, experiment_of, measure
from modelcollapse.theory import expectations
from modelcollapse.types import Array
from modelcollapse.workflows import Mix

A_LITTLE = 0.02
"""The share of fresh real data that is held against a run without any."""
NAMES = {"total_variance": "variance", "component_variance": "variance", "heterozygosity": "diversity"}


def sentence(dataset: xr.Dataset) -> str:
    """What half of the replicates have lost at the end, and what a little real data would keep, by law."""
    experiment = experiment_of(dataset)
    learner = experiment.learner
    known = metrics_of(learner, experiment.source)
    parts = "component_variance" in known and learner.sizes().get("component", 1) > 1
    parts = parts and np.isfinite(at_truth(experiment, "component_variance"))  # a data set has no components
    name = "component_variance" if parts else SPREAD[learner.items][0]
    if name not in NAMES or name not in known:
        return f"{experiment.generations:,} generations are done."
    truth = at_truth(experiment, name)
    last = measure(dataset.isel(generation=[-1]), name).values[:, 0] / truth
    whose = "within its components" if parts else ""
    what = f"the truth's {NAMES[name]} {whose}".strip()
    text = f"After {experiment.generations:,} generations {_middle(last, what)}"
    return text + _with_a_little(experiment) + "."


def _middle(last: Array, what: str) -> str:
    if len(last) == 1:
        return f"this replicate has {_share(last[0])} of {what}"
    middle = float(np.median(last))
    if middle > 0.995:
        return f"half of the replicates still have {_share(middle)} of {what} or more"
    return f"half of the replicates have lost {_share(1.0 - middle)} of {what} or more"


def _share(share: float) -> str:
    for value, word in ((0.25, "a quarter"), (1 / 3, "a third"), (0.5, "half"), (2 / 3, "two thirds"),
                        (0.75, "three quarters")):  # fmt: skip
        if abs(share - value) < 0.02:
            return word
    if share > 0.995 and share < 1.0:
        return "nearly all"
    return f"{100.0 * share:.2g} %" if share < 1.0 else f"{100.0 * share:.0f} %"


def _with_a_little(experiment: Experiment) -> str:
    work = experiment.workflow
    if type(work) is not Mix or work.real > 0.0 or experiment.n_samples * A_LITTLE < 1.0:
        return ""
    try:
        mixed = experiment.changed(workflow={"kind": "mix", "real": A_LITTLE, "kept": min(work.kept, 0.98)})
    except LabError:
        return ""
    spread = SPREAD[experiment.learner.items][0]
    law = next((one for one in expectations(mixed) if one.metric == spread and one.statistic == "mean"), None)
    if law is None:
        return ""
    kept = float(law.at(np.array([float(experiment.generations)]))[0]) / at_truth(experiment, spread)
    return (
        f"; with {100 * A_LITTLE:.0f} % fresh real data they would keep {100 * kept:.0f} % of the whole "
        f"{NAMES.get(spread, spread)} on average, by law"
    )
