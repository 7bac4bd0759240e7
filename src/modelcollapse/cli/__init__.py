"""The command line: parse, call, write. No science."""

import os
import sys
from contextlib import suppress

from modelcollapse.cli.app import app, recipe
from modelcollapse.cli.looking import plot, show
from modelcollapse.cli.planning import plan
from modelcollapse.cli.reporting import report
from modelcollapse.cli.running import run
from modelcollapse.cli.serving import serve
from modelcollapse.cli.sweeping import check, sweep
from modelcollapse.errors import LabError

app.command()(run)
app.command()(plot)
app.command(short_help="Print a result's summary again, or its collapse profile.")(show)
app.command(short_help="Write a result, or a study, as one HTML page.")(report)
app.command(short_help="How many real items must each training set hold?")(plan)
app.command()(sweep)
app.command()(check)
app.command()(serve)
app.command()(recipe)


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
        _fail(f"{error}\n{error.ending}", error.exit_code)
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
