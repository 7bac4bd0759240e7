"""The command line: parse, call, write. No science."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelcollapse.errors import LabError, Problem, RecipeError, StorageError
from modelcollapse.version import __version__

if TYPE_CHECKING:
    import xarray as xr

    from modelcollapse.experiment import Experiment

PATIENCE = 4.0
"""Seconds that an interrupted run gets to end its generation."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="A laboratory for model collapse: a model learns from data that a model made, again and again.",
    epilog="Exit codes: 0 done; 1 internal error; 2 bad recipe or usage; 3 bad input data; "
    "4 storage refused or damaged; 130/143 interrupted, what was done is kept.",
)

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Figure = Annotated[
    Path | None, typer.Option("--figure", help="Draw the overview: a .png, .svg or .pdf file.")
]


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        typer.echo(f"modelcollapse {__version__}")
        raise typer.Exit


@app.command()
def run(
    recipe: Annotated[
        Path | None,
        typer.Argument(help="A recipe (TOML). Without one: the blog post's experiment."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Replace a value: --set workflow.real=0.1"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the result here (a zarr folder).")] = None,
    figure: Figure = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; all cores if not given. Changes no number.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a result of another recipe.")
    ] = False,
    allow_large: Annotated[
        bool, typer.Option("--allow-large", help="Go past the limits on time, memory and disk.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Run a recipe: fit, make the next training set, fit again.

    Prints what came out beside its laws. With --out the result is kept as a zarr folder that
    carries its recipe; with --figure the overview is drawn.

    Example: modelcollapse run --set n_samples=1000 --set workflow.real=0.1 --out mix.zarr
    """
    from modelcollapse import lab, store
    from modelcollapse.experiment import Experiment
    from modelcollapse.summary import summary

    source: str | Path = recipe if recipe is not None else "\n"
    experiment = Experiment.from_toml(source, changes or ())
    if not allow_large:
        lab.check_size(experiment)
    if figure is not None:
        _check_figure(figure)
    if out is not None:
        store.check_target(out, experiment, overwrite, lab.estimate(experiment).disk)
    for note in experiment.notes():
        typer.echo(f"Note: {note}", err=True)
    dataset, interrupted = _run(experiment, threads)
    if interrupted:
        _keep(dataset, out, experiment, overwrite)
        raise SystemExit(128 + interrupted)
    assert dataset is not None
    if out is not None:
        store.save(dataset, out)
    if figure is not None:
        from modelcollapse import plots

        plots.plot(dataset, path=figure)
    typer.echo(summary(dataset))
    written = [f"{name}: {path}" for name, path in (("Result", out), ("Figure", figure)) if path]
    if written:
        typer.echo("\n" + "\n".join(written))


@app.command()
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

    dataset = store.load(result)
    target = output or Path(f"{result.name.removesuffix('.zarr')}-{kind}.png")
    _check_figure(target, "-o")
    try:
        plots.plot(dataset, kind=kind, path=target)
    except ValueError as error:
        raise RecipeError([Problem("--kind", kind, str(error))]) from None
    typer.echo(f"Figure: {target}")


@app.command()
def show(
    result: Annotated[Path, typer.Argument(help="A result, as `run --out` writes it.")],
    table: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every replicate and generation to a CSV file."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Print the summary of a result again, or write its numbers as a table."""
    from modelcollapse import store
    from modelcollapse.summary import summary, write_csv

    dataset = store.load(result)
    typer.echo(summary(dataset))
    if table is not None:
        try:
            write_csv(dataset, table)
        except OSError as error:
            raise StorageError([Problem("--csv", str(table), f"cannot be written: {error}")]) from None
        typer.echo(f"\nTable: {table}")


@app.command()
def recipe() -> None:
    """Print the default recipe, ready to edit."""
    from modelcollapse.recipe import DEFAULT_TEXT

    typer.echo(DEFAULT_TEXT, nl=False)


def _check_figure(path: Path, option: str = "--figure") -> None:
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise RecipeError([Problem(option, str(path), "must end in .png, .svg or .pdf")])
    parent = path.absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK) or path.is_dir():
        raise StorageError([Problem(option, str(path), "cannot be written there")])


def _run(experiment: "Experiment", threads: int | None) -> tuple["xr.Dataset | None", int]:
    """Run on a thread of its own, so that a signal is heard at once; return the signal, or 0."""
    from modelcollapse import lab

    stop, outcome = threading.Event(), dict[str, Any]()

    def work() -> None:
        try:
            outcome["dataset"] = lab.run(
                experiment, threads=threads, progress=report, stop=stop, allow_large=True
            )
        except BaseException as error:
            outcome["error"] = error

    with _signals(stop) as caught, _progress() as report:
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        while worker.is_alive() and not stop.is_set():
            worker.join(0.1)
        worker.join(PATIENCE if stop.is_set() else None)
    if worker.is_alive():
        _leave("interrupted: this generation takes too long to wait for; nothing was kept", caught[0])
    if "error" in outcome:
        raise outcome["error"]
    return outcome.get("dataset"), caught[0] if caught else 0


def _leave(message: str, number: int) -> None:
    typer.echo(message, err=True)
    sys.stdout.flush()
    os._exit(128 + number)


@contextmanager
def _signals(stop: threading.Event) -> Iterator[list[int]]:
    """The first SIGINT or SIGTERM asks for an end, the second ends at once."""
    caught: list[int] = []

    def handle(number: int, _frame: Any) -> None:
        if caught:
            os._exit(128 + number)
        caught.append(number)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar with the time left on a terminal; elsewhere a plain line every few seconds."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.percentage:3.0f} %"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("run")
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    began, last = list[tuple[float, int]](), [time.monotonic()]

    def line(done: int, total: int) -> None:
        now = time.monotonic()
        if not began:  # the first generation waits for the compiler
            began.append((now, done))
        if now - last[0] >= 5.0 and done > began[0][1]:
            last[0] = now
            left = (now - began[0][0]) * (total - done) / (done - began[0][1])
            with suppress(OSError):  # nobody listens: the run goes on
                typer.echo(f"{100 * done / total:.0f} % done, about {left:.0f} s left", err=True)

    yield line


def _keep(dataset: "xr.Dataset | None", out: Path | None, experiment: "Experiment", overwrite: bool) -> None:
    """Keep what an interrupted run has reached, unless the place already holds as much."""
    from modelcollapse import store

    reached = int(dataset["generation"][-1]) if dataset is not None else 0
    start = f"interrupted at generation {reached} of {experiment.generations}"
    if out is None or dataset is None or reached == 0:
        typer.echo(f"{start}; nothing was kept{'' if out else ' (no --out)'}", err=True)
        return
    if out.exists() and not overwrite and int(store.load(out)["generation"][-1]) >= reached:
        typer.echo(f"{start}; {out} is as it was", err=True)
        return
    store.save(dataset, out)
    typer.echo(
        f"{start}; kept generations 0 to {reached} in {out}. "
        "The same command runs all of it again, with the same numbers.",
        err=True,
    )


def main() -> None:
    """Run the command line; an error is a sentence and an exit code, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    debug = "--debug" in sys.argv
    try:
        app(standalone_mode=True)
    except LabError as error:
        if debug:
            raise
        _fail(f"{error}\nnothing was written", error.exit_code)
    except SystemExit as end:
        # click ends with 1 where nobody reads its output, and puts a wrapper in the place of stdout
        sys.exit(0 if type(sys.stdout).__name__ == "PacifyFlushWrapper" else end.code)
    except KeyboardInterrupt:
        _fail("interrupted; nothing was written", 130)
    except Exception as error:
        if debug:
            raise
        _fail(f"internal error: {type(error).__name__}: {error}\n(--debug shows where)", 1)


def _fail(message: str, code: int) -> None:
    print(f"Error: {message}", file=sys.stderr)
    sys.exit(code)
