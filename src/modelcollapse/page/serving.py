"""The server's process: loopback only, a new token each start, an end soon after a signal."""

import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcollapse.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    from modelcollapse.page.app import Page

HOST = "127.0.0.1"
"""No other address is listened on, and there is no option for one."""
GRACE = 1
"""Seconds that answers under way get at the end: streams are told to stop, and need less."""
PATIENCE = 3.0
"""Seconds after which the server's thread is left behind."""
CONNECTIONS = 100


def serve(port: int, studies: Sequence[Path], told: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM. Threads that compute may live on for a generation: see `leave`.

    Parameters
    ----------
    port
        0 takes any that is free.
    studies
        Folders of studies to be shown.
    told
        Gets the address, with the token in its fragment, once the server listens.

    Raises
    ------
    RecipeError
        Where the extra is not installed, or the port is taken.
    DataError
        Where there is no such study.
    """
    missing = [path for path in studies if not path.exists()]
    if missing:
        raise DataError([Problem("study", str(path), "no such folder") for path in missing])
    try:
        import uvicorn
        from starlette.applications import Starlette  # noqa: F401  # that it is there
    except ImportError:
        raise RecipeError("serve needs Starlette and uvicorn: pip install 'modelcollapse[app]'") from None
    listening = listen(port)
    from modelcollapse.page.app import Page
    from modelcollapse.page.compiling import warm
    from modelcollapse.page.hurried import Hurried
    from modelcollapse.page.memory import few_arenas

    few_arenas()
    page, token = Page(list(studies)), secrets.token_hex(16)
    page.first.clear()
    page.every.clear()
    address = listening.getsockname()[1]
    config = uvicorn.Config(
        guarded(page, token, address),
        http=Hurried,
        log_level="critical",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=30,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=16_384,
        lifespan="off",
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    with _signals() as stop:
        thread.start()
        threading.Thread(target=warm, args=(page.first, page.every), daemon=True).start()
        told(f"http://{HOST}:{address}/#token={token}")
        while thread.is_alive() and not stop.wait(0.5):
            pass
        page.jobs.stop()
        server.should_exit = True
        thread.join(PATIENCE)


def guarded(page: "Page", token: str, port: int) -> Any:
    """The whole application."""
    from modelcollapse.page.guard import Guard

    return Guard(page.app(), token, port)


def listen(port: int) -> socket.socket:
    """Listen on a port of this computer alone; who connects at once, waits until the server is there.

    Raises
    ------
    RecipeError
        Where it cannot be listened on.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(CONNECTIONS)
    except OSError as error:
        listening.close()
        allowed = f"cannot be listened on ({error.strerror}); --port 0 takes a free one"
        raise RecipeError([Problem("--port", port, allowed)]) from None
    return listening


def leave() -> None:
    """End the process, though a thread may still compute: a generation can take long, and nobody waits.

    Nothing is left to be written, and Python's own end takes a second, or more where the computer is busy.
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """The first SIGINT or SIGTERM asks for an end, the second ends at once."""
    stop = threading.Event()

    def handle(number: int, _frame: Any) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
