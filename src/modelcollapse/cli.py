"""The command line: parse, call, write. No science."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelcollapse import interruptible
from modelcollapse.errors import LabError, Problem, RecipeError
from modelcollapse.terminal import outside, replace, say, signals
from modelcollapse.version import __version__

if TYPE_CHECKING:
    import xarray as xr


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
    other: Annotated[
        str | None,
        typer.Option("--cross-check", metavar="ENGINE", help="Run on another engine, too; compare the laws."),
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
        _check_figure(figure, "--figure", out)
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
        _draw(dataset, "overview", figure)
    if compared is not None:
        interruptible.compare(dataset, compared, threads, out)
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

    if kind not in plots.KINDS:
        raise RecipeError([Problem("--kind", kind, f"must be one of {', '.join(plots.KINDS)}")])
    dataset = store.load(result)
    target = output or Path(f"{result.resolve().name.removesuffix('.zarr')}-{kind}.png")
    _check_figure(target, "-o", result)
    _draw(dataset, kind, target)
    typer.echo(f"Figure: {target}")


@app.command(short_help="Print a result's summary again, or its collapse profile.")
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


@app.command(short_help="How many real items must each training set hold?")
def plan(
    recipe: Annotated[
        Path | None, typer.Argument(help="A recipe (TOML) with a mix. Without one: the default recipe.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Replace a value: --set n_samples=1000"),
    ] = None,
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


@app.command()
def recipe() -> None:
    """Print the default recipe, ready to edit."""
    from modelcollapse.recipe import DEFAULT_TEXT

    typer.echo(DEFAULT_TEXT, nl=False)


def _check_figure(path: Path, option: str, result: Path | None) -> None:
    """Refuse a figure's place before any work."""
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise RecipeError([Problem(option, str(path), "must end in .png, .svg or .pdf")])
    outside(path, result, option)
    replace(path, option, None)


def _draw(dataset: "xr.Dataset", kind: str, path: Path) -> None:
    from modelcollapse import plots

    def draw(beside: Path) -> None:
        try:
            plots.plot(dataset, kind=kind, path=beside)
        except ValueError as error:
            raise RecipeError(str(error)) from None

    replace(path, "--figure", draw)


def main() -> None:
    """Run the command line; an error is a sentence and an exit code, never a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before the program began
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="replace")
    debug = "--debug" in sys.argv
    try:
        app(standalone_mode=True)
        sys.stdout.flush()
    except SystemExit as end:
        # click ends with 1 where nobody reads its output, and puts a wrapper in the place of stdout
        sys.exit(0 if type(sys.stdout).__name__ == "PacifyFlushWrapper" else end.code)
    except LabError as error:
        if debug:
            raise
        _fail(f"{error}\nnothing was written", error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted; nothing was written", 130)
    except OSError as error:
        if debug:
            raise
        _fail(f"cannot print or write: {error}; a result or figure already written is whole", 4)
    except Exception as error:
        if debug:
            raise
        _fail(f"internal error: {type(error).__name__}: {error}\n(--debug shows where)", 1)


def _fail(message: str, code: int) -> None:
    with suppress(OSError):
        print(f"Error: {message}", file=sys.stderr, flush=True)
    try:
        sys.stdout.flush()
    except OSError:  # what is left to print goes nowhere, or Python would say so at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
