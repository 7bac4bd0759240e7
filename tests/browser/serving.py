"""Starting the real server in a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

SMALL: dict[str, Any] = {"n_samples": 500, "generations": 30, "replicates": 6}


@dataclass
class Server:
    """A server in a process of its own, and the link that it printed."""

    process: subprocess.Popen[str]
    link: str

    @property
    def root(self) -> str:
        """The address without the fragment."""
        return self.link.split("/#")[0]

    @property
    def about(self) -> dict[str, Any]:
        """What the server says of itself."""
        with urllib.request.urlopen(f"{self.root}/api/about", timeout=20) as answer:
            return json.load(answer)

    def link_to(self, **parts: Any) -> str:
        """The link to a state of the page."""
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parts.items()}
        return self.link + "".join(f"&{key}={quote(value, safe='')}" for key, value in texts.items())

    def kill(self) -> None:
        """End it at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=10)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def serve(*words: Any, port: int | None = None) -> Server:
    """Start a server, and wait for its link."""
    command = [
        sys.executable,
        "-m",
        "modelcollapse",
        "serve",
        "--port",
        str(port or free_port()),
        *map(str, words),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, COLUMNS="200"),
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(r"http://\S+#token=\w+", line)
        if found:
            server = Server(process, found.group())
            _wait_for(server)
            return server
    raise RuntimeError("".join(said))


def _wait_for(server: Server) -> None:
    """Until it answers."""
    end = time.monotonic() + 60.0
    while True:
        try:
            assert server.about
            return
        except OSError:
            if time.monotonic() > end or server.process.poll() is not None:
                raise
            time.sleep(0.1)


def answering(body: str) -> Callable[[Any], None]:
    """Answer a request in the server's place, with lines of JSON or whatever this is."""
    return lambda route: route.fulfill(body=body, content_type="application/x-ndjson")
