"""The report of one recipe."""

import math
from collections.abc import Sequence

import xarray as xr

from modelcollapse.experiment import Experiment
from modelcollapse.plots import style
from modelcollapse.profile import Profile, Row, collapse_profile
from modelcollapse.report.figures import panels_of, shown
from modelcollapse.report.markup import Markup, document, element, inside, paragraphs, section, table, terms
from modelcollapse.report.provenance import made_by, recipe_part, replay_part
from modelcollapse.resampling import Estimate
from modelcollapse.results import experiment_of
from modelcollapse.summary import caution, counted, law_rows, medians, what_was_run
from modelcollapse.theory import expectations
from modelcollapse.types import Status
from modelcollapse.verdict import AGREES, Comparison, Verdict, compare, digits, judged, spread_out

NO_MODEL = "The result holds the truth alone, and no model yet: there is nothing to show."
EVER = "How many replicates have ever had one, and since when. None is left out of any number."
SEVERAL = {"agrees": "agree", "differs": "differ"}
ENSEMBLE = (
    "Thin lines are replicates, 500 at most. The thick line is the median of all, the band holds 80 % of "
    "them. Black dashed lines are laws, or the truth. Of densities and weights, one replicate stands out: "
    "the one in the middle at the end."
)
CONTENTS = (
    ("glance", "At a glance"), ("run", "What was run"), ("figures", "Figures"), ("laws", "Laws"),
    ("profile", "Collapse profile"), ("medians", "Medians"), ("statuses", "What happened"),
    ("recipe", "Recipe"), ("again", "Run it again"), ("made", "Versions and hash"),
)  # fmt: skip


def page(dataset: xr.Dataset, others: Sequence[xr.Dataset] = ()) -> str:
    """The whole report."""
    dataset = dataset.transpose("replicate", "generation", ...)
    experiment = experiment_of(dataset)
    fitted = [generation for generation in spread_out(dataset) if generation > 0]
    profile = collapse_profile(dataset, others=others) if fitted else None
    laws = compare(dataset, fitted) if fitted and experiment.replicates > 1 else []
    found = judged(laws)
    parts = {
        "glance": glance(dataset, profile, found, experiment),
        "run": [*paragraphs(what_was_run(experiment, dataset)), *_notes(dataset)],
        "figures": _figures(dataset) if fitted else [element("p", NO_MODEL)],
        "laws": _laws(laws, found, experiment),
        "profile": _profile(profile) if profile else [element("p", NO_MODEL)],
        "medians": [_medians(dataset)],
        "statuses": [_statuses(dataset)],
        "recipe": [recipe_part(experiment.to_toml(), in_file=experiment.held is not None)],
        "again": [replay_part(dataset, "run")],
        "made": [made_by(dataset)],
    }
    body = [section(name, title, parts[name]) for name, title in CONTENTS]
    what, sizes = style.title_lines(experiment, dataset.sizes["replicate"])
    title, sizes = "\u00a0· ".join(what), [f"{experiment.generations:,} generations", *sizes]
    return document(
        "A result of modelcollapse", title[:1].upper() + title[1:], " · ".join(sizes), body, CONTENTS
    )


def _notes(dataset: xr.Dataset) -> list[Markup]:
    notes = str(dataset.attrs.get("notes", ""))
    return [element("p", f"Note: {notes}", class_="note")] if notes else []


def glance(
    dataset: xr.Dataset, profile: Profile | None, found: Sequence[Verdict], experiment: Experiment
) -> list[Markup]:
    """The answers in short: laws, what is left, how far from the truth, what happened to replicates."""
    pairs = [("Laws", in_short(found, experiment))]
    for meaning, name in (
        ("2 variance lost", "Spread"),
        ("5 distance to the truth", "Distance to the truth"),
    ):
        row = (
            next((r for r in profile.rows if r.meaning == meaning and r.computed), None) if profile else None
        )
        if profile and row and row.last:
            unit = f" {row.unit}" if row.unit else ""
            said = f"median {_number(row.last.value)}{unit}{_between(row.last)}"
            pairs.append((name, f"{row.quantity} in generation {profile.generation}: {said}"))
    pairs.append(("Replicates", _happened(dataset)))
    return [terms(pairs, class_="tiles")]


def in_short(found: Sequence[Verdict], experiment: Experiment) -> str:
    """How many laws say what."""
    if experiment.replicates == 1:
        return "laws speak of means over replicates: one replicate is not judged"
    if not found:
        return "no law is known for this recipe" if not expectations(experiment) else "none is judged"
    words = [SEVERAL.get(verdict.word, verdict.word) for verdict in found]
    said = ", ".join(f"{words.count(word)} of {len(words)} {word}" for word in dict.fromkeys(words))
    why = {verdict.why for verdict in found if verdict.why}
    return f"{said} ({why.pop()})" if len(why) == 1 else said


def _happened(dataset: xr.Dataset) -> str:
    """The statuses that have been seen."""
    count = dataset.sizes["replicate"]
    seen = [f"{_name(one)} in {had}" for one, had, _ in counted(dataset) if had]
    return f"{count}, none left out; " + (", ".join(seen) if seen else "no status was set")


def _figures(dataset: xr.Dataset) -> list[Markup]:
    panels = panels_of(dataset)
    figures = [shown(panel, i + 1, f"{panel.label}.") for i, panel in enumerate(panels)]
    words = ENSEMBLE if dataset.sizes["replicate"] > 1 else "One replicate: others would end elsewhere."
    return [element("p", words), element("div", figures, class_="panels")]


def _laws(rows: list[Comparison], found: list[Verdict], experiment: Experiment) -> list[Markup]:
    """A row a law with its verdict, then each law with its source and its generations."""
    if not rows:
        return [element("p", f"{in_short(found, experiment)}.".capitalize())]
    intro = (
        "A law says what a metric must be over replicates. z is (measured - law)/standard error. "
        f"A law agrees where |z| < {AGREES:g}; a bound is kept up to {AGREES:g} standard errors."
    )
    heads = ["law", "verdict", "generation", "measured", "std. error", "law says", "z", "largest |z|"]
    parts = [element("p", intro), table([heads, *map(_verdict, found)], "Verdicts", texts=(0, 1))]
    each = []
    for law in dict.fromkeys(row.law for row in rows):
        lines = law_rows([row for row in rows if row.law == law])
        source = f"{law.source} ({law.about})" if law.about else law.source
        each.append(table(lines, law.label, texts=(), more=source))
    parts.append(element("div", each, class_="pairs"))
    why = caution(rows, experiment)
    return [*parts, element("p", why, class_="note")] if why else parts


def _verdict(one: Verdict) -> list[Markup | str]:
    at, law = one.at, one.law
    measured, error, expected = digits(at.measured, at.error, at.expected, least=3)
    sense = "" if law.sense == "equal" else f"{law.sense} "
    judged_z = one.word != "not judged" and math.isfinite(at.z)
    worst = f"{one.worst.z:+.2f} (t = {one.worst.generation})" if judged_z and one.judged > 1 else "-"
    word = element("span", one.word, class_=f"verdict {one.word.replace(' ', '-')}")
    why = element("small", f" {one.why}") if one.why else ""
    return [
        law.label, inside([word, why]), str(at.generation), measured,
        error if math.isfinite(at.error) else "-", f"{sense}{expected}",
        f"{at.z:+.2f}" if judged_z else "-", worst,
    ]  # fmt: skip


def _profile(profile: Profile) -> list[Markup]:
    words = (
        f"Eight meanings of “model collapse” are in use (Schaeffer et al. 2025, arXiv 2503.03150), and they "
        f"may disagree. Numbers are medians over {profile.replicates} replicates, or shares of them; "
        f"intervals hold with {100 * profile.level:g} % at generation {profile.generation}."
    )
    heads = [
        "quantity", "truth", f"generation {profile.first}", f"generation {profile.generation}",
        "interval", "remark",
    ]  # fmt: skip
    rows: list[list[str]] = []
    for meaning in dict.fromkeys(row.meaning for row in profile.rows):
        rows += [[meaning], *(_profile_row(row) for row in profile.rows if row.meaning == meaning)]
    return [element("p", words), table([heads, *rows], "Collapse profile", texts=(0, 5))]


def _profile_row(row: Row) -> list[str]:
    name = f"{row.quantity} ({row.unit})" if row.unit else row.quantity
    note = row.note if row.computed else f"not computed: {row.note}"
    if row.last is None:
        return [name, "-", "-", "-", "-", note]
    first = "-" if row.first is None else _number(row.first.value)
    ends = "-" if math.isnan(row.last.low) else f"{_number(row.last.low)} to {_number(row.last.high)}"
    return [name, _number(row.truth), first, _number(row.last.value), ends, note]


def _between(estimate: Estimate) -> str:
    if math.isnan(estimate.low):
        return ""
    return f" ({_number(estimate.low)} to {_number(estimate.high)})"


def _number(value: float) -> str:
    """A number as the summary prints it."""
    return "-" if math.isnan(value) else "∞" if value == math.inf else f"{value:.4g}"


def _medians(dataset: xr.Dataset) -> Markup:
    name, rows = medians(dataset, spread_out(dataset))
    return table(rows, name, texts=())


def _statuses(dataset: xr.Dataset) -> Markup:
    """All statuses, those that nobody had, too."""
    count, rows = dataset.sizes["replicate"], [["status", "replicates", "first seen in", "what it means"]]
    for one, had, first in counted(dataset):
        rows.append([_name(one), f"{had} of {count}", str(first) if had else "-", one.sentence])
    return table(rows, "Statuses", texts=(0, 3), more=EVER)


def _name(status: Status) -> str:
    return str(status.name).lower()
