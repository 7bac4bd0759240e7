"""Answers in plain words."""

from collections.abc import Sequence

from modelcollapse.metrics import METRICS
from modelcollapse.planning.asked import Answer, Asked, Horizon, Kind, Question, metric_of

MARTINGALE = "E p_t = p_0: frequencies are a martingale"
TRIVIAL = (
    "On average the probability of a category does not fall at all, with or without real data: "
    "its mean is carried by the replicates that keep it."
)


def _what(asked: Asked) -> str:
    """What is kept."""
    if asked.limit.of == "category":
        one = "the rarest category" if asked.limit.category is None else f"category {asked.limit.category}"
        return f"{one}"
    left = f"{1.0 - asked.limit.loss:.4g}"
    name = (
        "tail mass" if asked.limit.of == "tail" else METRICS[metric_of(asked.experiment, asked.limit)].label
    )
    return f"at least {left} of the truth's {name}"


def _who(asked: Asked, question: Question, last: str) -> str:
    verb = "keep" if asked.limit.of != "category" else "still have"
    share = f"{asked.sure:.4g} of the replicates"
    if question == "mean":
        return f"replicates on average keep {_what(asked)} at {last}"
    if question == "late":
        return f"{share} {verb} {_what(asked)} at {last}"
    return f"{share} {verb} {_what(asked)} in every generation up to {last}"


def table(answers: Sequence[Answer] | Sequence[Horizon]) -> str:
    """Numbers first, a line a question, then the sentences."""
    rows = [f"{'question':<9}{'real data':<10}{'answer':>10}  by"]
    for one in answers:
        value = one.count if isinstance(one, Answer) else one.generation
        none = "none" if isinstance(one, Answer) else "beyond"
        rows.append(
            f"{one.question:<9}{one.source:<10}{none if value is None else value:>10}"
            f"  {'law' if one.law else 'simulation'}"
        )
    return "\n".join([*rows, "", *(one.sentence for one in answers)])


def answer(
    asked: Asked,
    question: Question,
    source: Kind,
    count: int | None,
    low: int | None,
    high: int | None,
    law: str,
    checked: tuple[float, float, float] | None,
) -> str:
    """The sentence of an answer."""
    n = asked.experiment.n_samples
    who = _who(asked, question, f"generation {asked.experiment.generations}")
    if count is None:
        return f"No number of {source} real items is enough for this: {who}. N = {n} is too small."
    start = f"With {count} {source} real items in each training set of {n} ({count / n:.2%}), {who}"
    how = "by law" if law else f"by simulation, {asked.replicates} replicates"
    if not law and low != high:
        how += f"; {0 if low is None else low} might do"
    if checked is not None:
        how += f"; simulated anew: {checked[0]:.4g} ({checked[1]:.4g} to {checked[2]:.4g})"
    return f"{start} ({how})."


def horizon(asked: Asked, question: Question, source: Kind, real: int, first: int | None, law: str) -> str:
    """The sentence of a horizon."""
    n, how = asked.experiment.n_samples, "by law" if law else "by simulation"
    last = f"generation {asked.experiment.generations}" if first is None else f"generation {first - 1}"
    who = _who(asked, question, last)
    start = f"With {real} {source} real items in each training set of {n} ({real / n:.2%})"
    if first == 1:
        return f"{start}, not even the first model is within the limit ({how})."
    end = "; as far as was looked" if first is None else "; no longer than that"
    return f"{start}, {who}{end} ({how})."
