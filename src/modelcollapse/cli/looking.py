"""``modelcollapse plot`` and ``modelcollapse show``: what looks at a result."""

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
    result: Annotated[Path, typer.Argument(help="A result, as `run --out` writes it.")],
    kind: Annotated[str, typer.Option(help="overview, variance, density, weights or distance.")] = "overview",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A .png, .svg or .pdf file; RESULT-KIND.png if not given."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Draw a figure of a result."""
    from modelcollapse import plots, store

    if kind not in plots.KINDS:
        raise RecipeError([Problem("--kind", kind, f"must be one of {', '.join(plots.KINDS)}")])
    dataset = store.load(result)
    target = output or Path(f"{result.resolve().name.removesuffix('.zarr')}-{kind}.png")
    check_figure(target, "-o", result)
    draw(dataset, kind, target)
    typer.echo(f"Figure: {target}")


def show(
    result: Annotated[Path, typer.Argument(help="A result, as `run --out` writes it.")],
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
    from modelcollapse import store
    from modelcollapse.summary import summary, write_csv

    if beside and not profile:
        raise RecipeError([Problem("--beside", str(beside[0]), "is for --profile alone")])
    dataset = store.load(result)
    others = [store.load(path) for path in beside or ()]
    if table is not None:
        outside(table, result, "--csv")
        replace(table, "--csv", lambda path: write_csv(dataset, path))
    typer.echo(_profile(dataset, others) if profile else summary(dataset))
    if table is not None:
        typer.echo(f"\nTable: {table}")


def _profile(dataset: "xr.Dataset", others: "list[xr.Dataset]") -> str:
    from modelcollapse.profile import collapse_profile

    try:
        return str(collapse_profile(dataset, others=others))
    except ValueError as error:
        raise RecipeError(f"--profile: {error}") from None
