"""The program itself, and the options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.version import __version__

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="A laboratory for model collapse: a model learns from data that a model made, again and again.",
    epilog="Exit codes: 0 done; 1 internal error; 2 bad recipe or usage; 3 bad input data; "
    "4 storage refused or damaged; 5 finished, some cells failed; "
    "130/143 interrupted, what was done is kept.",
)

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Figure = Annotated[
    Path | None, typer.Option("--figure", help="Draw the overview: a .png, .svg or .pdf file.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a value: --set workflow.real=0.1"),
]
AllowLarge = Annotated[
    bool, typer.Option("--allow-large", help="Go past the limits on time, memory and disk.")
]


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        typer.echo(f"modelcollapse {__version__}")
        raise typer.Exit


def recipe() -> None:
    """Print the default recipe, ready to edit."""
    from modelcollapse.recipe import DEFAULT_TEXT

    typer.echo(DEFAULT_TEXT, nl=False)
