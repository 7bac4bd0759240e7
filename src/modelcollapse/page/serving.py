"""The server's process: loopback only, a new token each start."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelcollapse.errors import Problem, RecipeError

HOST = "127.0.0.1"
"""No other address is listened on, and there is no option for one."""
GRACE = 2
"""Seconds that answers under way get at the end."""


def serve(port: int, studies: list[Path], told: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM.

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
    """
    try:
        import uvicorn

        from modelcollapse.page.app import Page
    except ImportError:
        raise RecipeError("serve needs Starlette and uvicorn: pip install 'modelcollapse[app]'") from None
    from modelcollapse.page.guard import Guard

    token, listening = secrets.token_hex(16), _listen(port)
    real = int(listening.getsockname()[1])
    app: Any = Guard(Page(studies).app(), token, lambda: real)
    config = uvicorn.Config(
        app,
        log_level="critical",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=10,
        limit_concurrency=100,
        h11_max_incomplete_event_size=16_384,
        lifespan="off",
        ws="none",
    )

    async def run() -> None:
        server = uvicorn.Server(config)
        told(f"http://{HOST}:{real}/#token={token}")
        await server.serve(sockets=[listening])

    asyncio.run(run())


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        allowed = f"cannot be listened on ({error.strerror}); --port 0 takes a free one"
        raise RecipeError([Problem("--port", port, allowed)]) from None
    return listening
