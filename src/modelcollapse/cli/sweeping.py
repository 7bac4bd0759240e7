"""``modelcollapse sweep`` and ``modelcollapse check``: studies."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.app import AllowLarge, Changes, Debug
from modelcollapse.errors import Problem, RecipeError
from modelcollapse.terminal import say, signals, standing

if TYPE_CHECKING:
    from modelcollapse.studies.sweeping import Outcome

FAILED, UNFINISHED, DAMAGED = 5, 5, 4
NAMED = 20
"""Units, or files, that are named at most."""


def sweep(
    study: Annotated[Path, typer.Argument(help="A study: a recipe (TOML) with a [sweep] table.")],
    out: Annotated[Path, typer.Option(help="The study's folder (zarr): made, or gone on with.")],
    changes: Changes = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core if not given. Changes no number.")
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:PORT; or local: a cluster here."),
    ] = None,
    accept_environment: Annotated[
        bool,
        typer.Option("--accept-environment", help="Go on with a study begun with other versions of NumPy."),
    ] = False,
    allow_large: AllowLarge = False,
    debug: Debug = False,
) -> None:
    """Run a grid of recipes: a study. The same command again goes on where the last one ended.

    Each block of replicates is committed as it is done, and is never computed again. More values or
    replicates in the recipe are added to what is there.

    Example: modelcollapse sweep examples/size.toml --out size.zarr --workers 2
    """
    from modelcollapse.studies import sweeping
    from modelcollapse.studies.study import Study

    if dask is not None and workers is not None and dask != "local":
        raise RecipeError(
            [Problem("--workers", workers, "is for processes of this computer; --dask has its own")]
        )
    asked = Study.from_toml(study, changes or ())
    asked.check(allow_large)
    cost = asked.estimate()
    say(f"{asked.size} cells of {asked.replicates} replicates: on one core {cost}")
    stop = threading.Event()
    with signals(stop) as caught, standing() as report:
        outcome = sweeping.sweep(
            asked,
            out,
            workers=workers,
            dask=dask,
            accept_environment=accept_environment,
            allow_large=True,
            report=report,
            note=lambda sentence: say(f"Note: {sentence}"),
            stop=stop,
        )
    _tell(outcome)
    if caught and outcome.stopped:
        say(f"interrupted; {outcome.done} of {outcome.units} blocks are in {out}, the same command goes on")
        raise SystemExit(128 + caught[0])
    if outcome.failed:
        raise SystemExit(FAILED)


def _tell(outcome: "Outcome") -> None:
    if outcome.failed:
        say(f"{len(outcome.failed)} blocks failed and were set aside; the same command tries them again:")
        for failure in outcome.failed[:NAMED]:
            say(f"  {failure}")
    if outcome.done == outcome.units:
        typer.echo(f"Study: {outcome.path}, all {outcome.units} blocks")


def check(
    study: Annotated[Path, typer.Argument(help="A study's folder, as `sweep --out` writes it.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Write damaged metadata anew; blocks are mended by a sweep.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Verify every block of a study by its hash, and say what is damaged, missing or not computed.

    Ends with 0 where all is whole, 4 where something is damaged or missing, 5 where all is right that is
    there, but the study is not finished.
    """
    from modelcollapse.studies import blocks, sweeping

    archive, scan, wrong = sweeping.check(study, repair)
    whole, damaged = scan.count(blocks.WHOLE), scan.count(blocks.DAMAGED)
    for sentence in wrong[:NAMED]:
        typer.echo(f"damaged: {sentence}")
    if wrong:
        typer.echo("`modelcollapse check --repair` writes metadata anew")
    for sentence in scan.problems[:NAMED]:
        typer.echo(f"damaged: {sentence}")
    if damaged > len(scan.problems[:NAMED]):
        typer.echo(f"... {damaged} damaged blocks in all; `modelcollapse sweep` computes them again")
    typer.echo(
        f"{whole} of {archive.size} blocks whole, {damaged} damaged, {scan.count(blocks.OPEN)} not computed"
    )
    if wrong or damaged:
        raise SystemExit(DAMAGED)
    if whole < archive.size:
        raise SystemExit(UNFINISHED)
