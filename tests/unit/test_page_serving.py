"""``modelcollapse serve`` as a process: where it listens, how it ends, what it takes of the memory."""

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from page_server import ALONE, LONG, ONE

RUN = [sys.executable, "-m", "modelcollapse", "serve"]


class Process:
    """A process that serves."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [*RUN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        first = self.process.stdout.readline()
        assert first, self.process.stderr.read()
        self.url, self.token = first.split()[-1].split("/#token=")
        self.port = int(self.url.rsplit(":", 1)[1])

    def client(self):
        headers = {"X-Token": self.token}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0, trust_env=False, limits=ALONE)

    def end(self, number=signal.SIGTERM):
        """How it ended, and how long that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
        return self.process.returncode, time.monotonic() - began

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024.0


@pytest.fixture(scope="module")
def served():
    one = Process("--port", "0")
    yield one
    one.end()


def test_only_this_computer_is_listened_to(served):
    assert len(served.token) == 32
    with open("/proc/net/tcp") as four, open("/proc/net/tcp6") as six:
        rows = [line.split() for line in [*four, *six]]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{served.port:04X}")]
    assert listening == [f"0100007F:{served.port:04X}"]


def test_memory_does_not_grow_with_runs(served):
    """Ten runs that each kept 400 kB would be seen. At first, what the stories need is still read in."""
    recipe = {**ONE, "n_samples": 500, "generations": 20, "replicates": 50}
    grown = []
    with served.client() as client:
        for _ in range(8):
            before = served.memory()
            for _ in range(10):
                answer = client.post("/api/runs", json={"recipe": recipe})
                assert json.loads(answer.text.splitlines()[-1])["type"] == "end"
            grown.append(served.memory() - before)
            if grown[-1] < 4.0:
                break
    assert grown[-1] < 4.0, grown
    assert served.memory() < 400.0


def test_a_taken_port_is_said(served):
    done = subprocess.run([*RUN, "--port", str(served.port)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "--port 0 takes a free one" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_it_streams(number):
    one = Process("--port", "0")
    with one.client() as client, client.stream("POST", "/api/runs", json={"recipe": LONG}) as answer:
        next(answer.iter_lines())
        code, took = one.end(number)
    assert code == 0
    assert took < 5.0


def test_a_study_that_is_not_there_is_said(tmp_path):
    done = subprocess.run([*RUN, str(tmp_path / "no.zarr")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "no such folder" in done.stderr


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path):
    (tmp_path / "uvicorn.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        RUN, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 2
    assert "pip install 'modelcollapse[app]'" in done.stderr


def test_help_needs_nothing_heavy():
    program = (
        "import sys; from modelcollapse.cli import main\n"
        "sys.argv = ['modelcollapse', 'serve', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numba', 'numpy', 'xarray', 'starlette', 'uvicorn', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "--port" in done.stdout
