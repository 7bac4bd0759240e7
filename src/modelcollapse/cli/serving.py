"""``modelcollapse serve``: the page."""

from pathlib import Path
from typing import Annotated

import typer

from modelcollapse.cli.app import Debug


def serve(
    studies: Annotated[
        list[Path] | None, typer.Argument(help="Studies to show as maps, as `sweep --out` writes them.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8765,
    debug: Debug = False,
) -> None:
    """Open the laboratory as a page, on this computer only.

    Prints a link to open in a browser. SIGINT (Ctrl-C) ends it.
    """
    from modelcollapse.page import serving

    def told(address: str) -> None:
        typer.echo(f"The page is at {address}\nCtrl-C ends it.")

    serving.serve(port, studies or [], told)
    serving.leave()
