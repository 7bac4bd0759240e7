"""``modelcollapse run``."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from modelcollapse import interruptible
from modelcollapse.cli.app import AllowLarge, Changes, Debug, Figure
from modelcollapse.cli.figures import check_figure, draw
from modelcollapse.terminal import say, signals


def run(
    recipe: Annotated[
        Path | None,
        typer.Argument(help="A recipe (TOML). Without one: the blog post's experiment."),
    ] = None,
    changes: Changes = None,
    out: Annotated[Path | None, typer.Option(help="Write the result here (a zarr folder).")] = None,
    figure: Figure = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; all cores if not given. Changes no number.")
    ] = None,
    other: Annotated[
        str | None,
        typer.Option("--cross-check", metavar="ENGINE", help="Run on another engine, too; compare the laws."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a result of another recipe.")
    ] = False,
    allow_large: AllowLarge = False,
    debug: Debug = False,
) -> None:
    """Run a recipe: fit, make the next training set, fit again.

    Prints what came out beside its laws. With --out the result is kept as a zarr folder that
    carries its recipe; with --figure the overview is drawn.

    Example: modelcollapse run --set n_samples=1000 --set workflow.real=0.1 --out mix.zarr
    """
    from modelcollapse import crosscheck, lab, store
    from modelcollapse.experiment import Experiment
    from modelcollapse.summary import summary

    source: str | Path = recipe if recipe is not None else "\n"
    asked = Experiment.from_toml(source, changes or ())
    experiment = asked.settled()
    compared = None if other is None else crosscheck.other_recipe(experiment, other)
    for one in filter(None, () if allow_large else (experiment, compared)):
        lab.check_size(one)
    if figure is not None:
        check_figure(figure, "--figure", out)
    if out is not None:
        store.check_target(out, experiment, overwrite, lab.estimate(experiment).disk)
    for note in asked.notes():
        say(f"Note: {note}")
    stop = threading.Event()
    with signals(stop) as caught:
        dataset = interruptible.run(experiment, threads, stop, caught)
        if caught:
            interruptible.keep(dataset, out, experiment, overwrite)
        elif out is not None:
            store.save(dataset, out)
            if caught:
                say(f"interrupted while saving; the whole result is in {out}")
        if caught:
            raise SystemExit(128 + caught[0])
    typer.echo(summary(dataset))
    if figure is not None:
        draw(dataset, "overview", figure)
    if compared is not None:
        interruptible.compare(dataset, compared, threads, out)
    written = [f"{name}: {path}" for name, path in (("Result", out), ("Figure", figure)) if path]
    if written:
        typer.echo("\n" + "\n".join(written))
