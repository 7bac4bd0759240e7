"""What one result says of each meaning of collapse but the scaling law; see `modelcollapse.profile`."""

import math

import numpy as np

from modelcollapse.metrics import METRICS, SPREAD
from modelcollapse.metrics.categories import probability_of, rarest
from modelcollapse.metrics.diversity import distinct_categories
from modelcollapse.profile.case import Case, measured
from modelcollapse.profile.table import Row
from modelcollapse.resampling import median, share
from modelcollapse.results import MEASURED
from modelcollapse.types import BoolArray

LOSSES = ("kullback_leibler", "excess_error", "squared_error_of_rate", "log_loss")
DISTANCES = ("wasserstein2", "wasserstein2_nd", "frechet_distance", "total_variation")
ALIVE = ("components_alive", "categories_alive", "distinct_items")


def loss(case: Case) -> list[Row]:
    """How much worse the model is on real data; and in how many replicates than it was at first."""
    meaning = "1 loss on real data"
    row = case.row(meaning, LOSSES, "loss")
    name = case.one_of(LOSSES)
    what = "share of replicates worse than their own first model"
    if name is None or not row.computed:
        return [row, Row(meaning, what, note="there is no loss")]
    if case.first == case.last:
        return [row, Row(meaning, what, note="one generation is all there is")]
    first, last = case.ends(name)
    worse = share(int((last > first).sum()), len(last), case.level)
    both = int((np.isposinf(first) & np.isposinf(last)).sum())
    note = f"{both} of {len(last)} were infinite at both, and do not count as worse" if both else ""
    return [row, Row(meaning, what, last=worse, note=note)]


def variance(case: Case) -> list[Row]:
    """How much spread is left, and when half of it was gone."""
    meaning, name = "2 variance lost", SPREAD.get(case.experiment.learner.items, ("",))[0]
    row = case.row(meaning, [name], "variance", ratio=True)
    if name not in case.known or not row.computed:
        return [row]
    half = 0.5 * case.truth(name)
    values = measured(case.dataset, name)
    what = "generation at which half of it was lost"
    return [row, _time(case, meaning, what, values < half)]


def support(case: Case) -> list[Row]:
    """Components or categories that are lost: how many, in how many replicates, when first."""
    meaning, name = "3 modes lost", case.one_of(ALIVE)
    if name is None:
        return [case.row(meaning, ALIVE, "components or categories alive")]
    whole = case.truth(name)
    if not math.isfinite(whole):  # a truth of another kind
        whole = float(case.experiment.learner.sizes().get("component", math.inf))
    if whole == 1.0:
        return [Row(meaning, METRICS[name].label, note="there is one alone, which is never lost")]
    rows = [case.row(meaning, [name], "alive")]
    if not math.isfinite(whole) or not rows[0].computed:
        return rows
    thing = "category" if name == "categories_alive" else "component" if "comp" in name else "item"
    lost = measured(case.dataset, name) < whole
    what = f"share of replicates that have lost a {thing}"
    rows.append(Row(meaning, what, last=share(int(lost[:, -1].sum()), len(lost), case.level)))
    rows.append(_time(case, meaning, f"generation at which the first {thing} was lost", lost))
    if thing == "category":
        gone = case.dataset["probability"].isel(category=rarest(case.experiment.source)).values == 0.0
        rows.append(_time(case, meaning, "generation at which the rarest category was lost", gone))
    return rows


def tails(case: Case) -> list[Row]:
    """How much is left of what is rare."""
    return [case.row("4 tails lost", ("tail_mass", "rare_mass"), "mass in the truth's tails", ratio=True)]


def distance(case: Case) -> list[Row]:
    """How far the model is from the truth, as a distribution."""
    others = [name for name, one in case.known.items() if one.is_distance and name not in LOSSES]
    return [case.row("5 distance to the truth", [*DISTANCES, *others], "distance")]


def entropy(case: Case) -> list[Row]:
    """How much an item of the model says."""
    return [case.row("7 entropy lost", ("entropy",), "entropy")]


def diversity(case: Case) -> list[Row]:
    """How unlike two items are, and how many different ones a training set holds."""
    meaning = "8 diversity of items lost"
    rows = [case.row(meaning, ("distance_of_items", "heterozygosity"), "difference of two items")]
    if "probability" in case.dataset:
        n = case.experiment.n_samples
        part = case.dataset["probability"].isel(replicate=slice(MEASURED))
        first, last = (distinct_categories(part.sel(generation=g).values, n) for g in (case.first, case.last))
        truth = float(distinct_categories(probability_of(case.experiment.source), n)[0])
        row = Row(meaning, f"different categories in {n} items, expected", truth=truth)
        rows.append(case.medians(row, first, last))
    return rows


def stray(case: Case) -> list[Row]:
    """What the model makes up."""
    return [case.row("9 items that the truth hardly makes", ("stray_mass",), "mass where the truth has none")]


def _time(case: Case, meaning: str, what: str, reached: BoolArray) -> Row:
    """The median of the first saved generation >= 1 at which something is so; infinite where it never was."""
    generations = case.dataset["generation"].values
    reached = np.asarray(reached & (generations > 0))
    ever = np.asarray(reached.any(axis=1))
    times = np.where(ever, generations[reached.argmax(axis=1)].astype(np.float64), np.inf)
    not_yet = int((~ever).sum())
    note = f"{not_yet} of {len(ever)} not yet, counted as infinite" if not_yet else ""
    if (np.diff(generations) > 1).any():
        note += f"{'; ' if note else ''}of the generations that are saved"
    return Row(meaning, what, last=median(times, case.level), note=note)
