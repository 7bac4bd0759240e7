"""The page's server for tests: in this process, on a free port, with sockets like anybody's."""

import contextlib
import json
import socket
import threading
import time

import httpx
import uvicorn

from modelcollapse.page import serving
from modelcollapse.page.app import Page
from modelcollapse.page.hurried import Hurried

TOKEN = "5f" * 16
RECIPE = {"n_samples": 60, "generations": 9, "replicates": 4, "seed": 3}
LONG = {"n_samples": 2000, "generations": 5000, "replicates": 50}
ONE = {"truth": {"family": "gaussian", "mean": 0, "std": 1}, "learner": {"family": "gaussian"}}
ALONE = httpx.Limits(max_keepalive_connections=0)
"""A connection a request: the server closes idle ones, perhaps just when the next request goes out."""


class Server:
    """A server on a thread, its address and its token."""

    def __init__(self, *studies):
        self.page, self.token = Page(list(studies)), TOKEN
        listening = serving.listen(0)
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        app = serving.guarded(self.page, TOKEN, self.port)
        config = uvicorn.Config(app, http=Hurried, log_level="critical", lifespan="off", ws="none",
                                server_header=False, timeout_graceful_shutdown=1)  # fmt: skip
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, args=([listening],), daemon=True)
        self.thread.start()

    def client(self):
        headers = {"X-Token": self.token}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0, trust_env=False, limits=ALONE)

    def answer(self, request, *more, pause=0.0):
        """What is answered to bytes: (status, body), 0 where nothing is."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(request)
                for part in more:
                    time.sleep(pause)
                    connection.sendall(part)
            answer = b""
            with contextlib.suppress(OSError):
                while b"\r\n\r\n" not in answer and (got := connection.recv(65536)):
                    answer += got
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0), body

    def status(self, request, *more, pause=0.0):
        return self.answer(request, *more, pause=pause)[0]

    def asked(
        self, method="POST", path="/api/check", host="127.0.0.1:{port}", token=None, body=b"{}", **headers
    ):
        """A request as bytes, all of it right but for what is given."""
        named = {
            "Host": host.format(port=self.port),
            "X-Token": self.token if token is None else token,
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
        }
        named |= {name.replace("_", "-"): value.format(port=self.port) for name, value in headers.items()}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def idle(self, within=60.0):
        """Wait until nothing is computed."""
        end = time.monotonic() + within
        while self.page.jobs.here and time.monotonic() < end:
            time.sleep(0.02)
        return self.page.jobs.here == 0

    def close(self):
        self.page.jobs.stop()
        self.uvicorn.should_exit = True
        self.thread.join(20)


def lines(client, body, path="/api/runs"):
    """All lines of a stream."""
    with client.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.iter_lines()]
