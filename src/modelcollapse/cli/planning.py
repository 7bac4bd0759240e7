"""``modelcollapse plan``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from modelcollapse.cli.app import Changes, Debug
from modelcollapse.terminal import say


def plan(
    recipe: Annotated[
        Path | None, typer.Argument(help="A recipe (TOML) with a mix. Without one: the default recipe.")
    ] = None,
    changes: Changes = None,
    of: Annotated[str, typer.Option(help="What must not be lost: variance, tail or category.")] = "variance",
    loss: Annotated[float, typer.Option(help="The share of it that may be lost.")] = 0.05,
    category: Annotated[int | None, typer.Option(help="Which category; else the truth's rarest.")] = None,
    sure: Annotated[float, typer.Option(help="The share of replicates that must keep within it.")] = 0.95,
    question: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="mean, late or never; may be repeated. All if not given."),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="fresh or fixed real items; both if not given.")
    ] = None,
    real: Annotated[
        int | None, typer.Option(help="The other way round: how many generations do so many real items last?")
    ] = None,
    replicates: Annotated[int, typer.Option(help="Replicates of each simulation.")] = 1000,
    debug: Debug = False,
) -> None:
    """How much real data is enough? How many real items must each training set hold?

    Keeps three questions apart: the mean over replicates; the share of replicates that are within
    the limit at the last generation; the share that never left it.

    Example: modelcollapse plan --set n_samples=10000 --loss 0.05 --sure 0.95
    """
    from modelcollapse import planning
    from modelcollapse.experiment import Experiment

    experiment = Experiment.from_toml(recipe if recipe is not None else "\n", changes or ())
    limit = planning.Limit(of, loss, category)  # type: ignore[arg-type]  # checked there
    asked: dict[str, Any] = {"limit": limit, "sure": sure, "replicates": replicates}
    asked["questions"] = question or planning.QUESTIONS
    asked["sources"] = source or planning.KINDS

    def report(line: str) -> None:
        say(f"simulating {line}")

    answers: list[Any]
    if real is not None:
        answers = list(planning.horizon(experiment, real=real, progress=report, **asked))
    else:
        answers = list(planning.plan(experiment, progress=report, **asked))
    typer.echo(planning.table(answers))
