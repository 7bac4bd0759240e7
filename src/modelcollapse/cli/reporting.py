"""``modelcollapse report``."""

from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli.app import Debug
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.terminal import outside, replace

SUFFIXES = (".html", ".htm")


def report(
    result: Annotated[Path, typer.Argument(help="A result or a study, as `run` and `sweep` write them.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="An .html file; RESULT.html if not given.")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RESULT", help="A result at another N, for the profile's scaling law; may be repeated."
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Write one HTML file that says what was run, what came out, and how it compares with the laws.

    It needs no other file and no network, and prints on A4: something to hand to a colleague.

    Example: modelcollapse report blog.zarr -o blog.html
    """
    from modelcollapse import report as reports
    from modelcollapse.studies.reading import load

    target = output or Path(f"{result.resolve().name.removesuffix('.zarr')}.html")
    if target.suffix.lower() not in SUFFIXES:
        raise RecipeError([Problem("-o", str(target), "must end in .html or .htm")])
    outside(target, result, "-o")
    replace(target, "-o", None)
    dataset, others = load(result), [load(path) for path in beside or ()]
    try:
        page = reports.report(dataset, others)
    except ValueError as error:
        raise RecipeError(str(error)) from None
    replace(target, "-o", lambda path: path.write_text(page, encoding="utf-8"))
    typer.echo(f"Report: {target}")
