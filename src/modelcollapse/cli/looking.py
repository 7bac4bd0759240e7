"""``modelcollapse plot`` and ``modelcollapse show``: what looks at a result, or a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.app import Debug
from modelcollapse.cli.figures import check_figure, draw
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.terminal import outside, replace

if TYPE_CHECKING:
    import xarray as xr


def plot(
    result: Annotated[Path, typer.Argument(help="A result, or a study.")],
    kind: Annotated[
        str | None,
        typer.Option(help="overview, variance, density, weights, distance; of a study ternary, map, lines."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A .png, .svg or .pdf file; RESULT-KIND.png if not given."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Draw a figure of a result, or of a study as far as it has come."""
    from modelcollapse import plots
    from modelcollapse.studies.reading import load

    dataset = load(result)
    known = plots.kinds_of(dataset)
    if kind is not None and kind not in known:
        raise RecipeError([Problem("--kind", kind, f"must be one of {', '.join(known)}")])
    named = f"-{kind}" if kind else ""
    target = output or Path(f"{result.resolve().name.removesuffix('.zarr')}{named}.png")
    check_figure(target, "-o", result)
    draw(dataset, kind, target)
    typer.echo(f"Figure: {target}")


def show(
    result: Annotated[Path, typer.Argument(help="A result, or a study; it may be running.")],
    table: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every replicate and generation to a CSV file."),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print the collapse profile in the summary's place.")
    ] = False,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RESULT", help="A result at another N, for the profile's scaling law; may be repeated."
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Print the summary of a result again, its collapse profile, or write its numbers as a table."""
    from modelcollapse.studies.reading import load

    if beside and not profile:
        raise RecipeError([Problem("--beside", str(beside[0]), "is for --profile alone")])
    dataset = load(result)
    others = [load(path) for path in beside or ()]
    if table is not None:
        outside(table, result, "--csv")
        replace(table, "--csv", lambda path: _write_csv(dataset, path))
    typer.echo(_profile(dataset, others) if profile else _summary(dataset, result))
    if table is not None:
        typer.echo(f"\nTable: {table}")


def _summary(dataset: "xr.Dataset", path: Path) -> str:
    from modelcollapse.studies.cells import is_study
    from modelcollapse.study_summary import study_summary
    from modelcollapse.summary import summary

    if not is_study(dataset):
        return summary(dataset)
    from modelcollapse.studies.lock import at_work

    owner = at_work(path)
    if owner is None:
        return study_summary(dataset)
    said = [f"At work: process {owner['pid']} on {owner['host']}", *owner["failed"]]
    return "\n".join([*said, "", study_summary(dataset)])


def _write_csv(dataset: "xr.Dataset", path: Path) -> None:
    from modelcollapse.studies.cells import is_study
    from modelcollapse.study_summary import write_study_csv
    from modelcollapse.summary import write_csv

    (write_study_csv if is_study(dataset) else write_csv)(dataset, path)


def _profile(dataset: "xr.Dataset", others: "list[xr.Dataset]") -> str:
    from modelcollapse.profile import collapse_profile
    from modelcollapse.studies.cells import is_study

    if any(map(is_study, [dataset, *others])):
        raise RecipeError("--profile and --beside: are for results of one recipe, not for studies")
    try:
        return str(collapse_profile(dataset, others=others))
    except ValueError as error:
        raise RecipeError(f"--profile: {error}") from None
