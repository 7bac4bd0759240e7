"""The page's server: it streams what the lab computes, and nobody else can drive it."""

import contextlib
import functools
import json
import operator
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.page import limits, wire
from modelcollapse.page.jobs import AT_ONCE, WAITING
from modelcollapse.page.running import chosen
from modelcollapse.page.stories import STORIES

RECIPE = {"n_samples": 60, "generations": 9, "replicates": 4, "seed": 3}
LONG = {"n_samples": 2000, "generations": 5000, "replicates": 50}


class Server:
    """A process that serves, its address and its token."""

    def __init__(self, *studies):
        command = [sys.executable, "-m", "modelcollapse", "serve", "--port", "0", *map(str, studies)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url, self.token = self.process.stdout.readline().split()[-1].split("/#token=")
        self.port = int(self.url.rsplit(":", 1)[1])

    def client(self):
        headers = {"X-Token": self.token}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30.0, trust_env=False)

    def raw(self, request):
        """What is answered to bytes: the status, 0 where nothing is."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.settimeout(20)
            with contextlib.suppress(OSError):
                connection.sendall(request)
            try:
                answer = connection.recv(4096)
            except OSError:
                return 0
        return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    text = 'n_samples = 40\ngenerations = 6\nreplicates = 2\nsave = "log"\n[sweep]\nmix = {simplex = 0.5}\n'
    mc.sweep(text, folder / "mixes.zarr", workers=1)
    (folder / "broken.zarr").mkdir()
    (folder / "broken.zarr" / "zarr.json").write_text("{")
    one = Server(folder / "mixes.zarr", folder / "broken.zarr")
    yield one
    one.close()


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


def lines(client, body, path="/api/runs"):
    with client.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200, answer.read()
        return [json.loads(line) for line in answer.iter_lines()]


def test_a_streamed_run_is_the_labs(client):
    start, *frames, end = lines(client, {"recipe": RECIPE})
    dataset = mc.run(mc.Experiment(**RECIPE))
    assert start["type"] == "start"
    assert mc.Experiment.from_json(json.dumps(start["recipe"])) == mc.Experiment(**RECIPE)
    assert functools.reduce(operator.iadd, (frame["t"] for frame in frames), []) == list(range(1, 10))
    for name in ("total_variance", "component_variance"):
        sent = np.array(functools.reduce(operator.iadd, (frame["metrics"][name] for frame in frames), []))
        np.testing.assert_allclose(sent.T, mc.measure(dataset, name).values[:, 1:], rtol=1e-5)
    weights = np.array(functools.reduce(operator.iadd, (frame["weights"] for frame in frames), []))
    np.testing.assert_allclose(weights.swapaxes(0, 1), dataset["weight"].values[:, 1:], rtol=1e-5)
    assert {sum(row) for frame in frames for row in frame["histogram"]} <= set(range(55, 61))
    assert end["type"] == "end"
    assert "After 9 generations" in end["sentence"]
    law = next(law for law in start["laws"] if law["metric"] == "total_variance")
    expected = 5.0 * (1.0 - 1.0 / 60.0) ** 9
    assert law["values"][-1] == pytest.approx([9, expected], rel=1e-5)


def test_the_density_that_is_sent_is_the_models(client):
    start, frames, *_ = lines(client, {"recipe": {**RECIPE, "generations": 1}})
    x, (weight,), (mean,), (std,) = (
        np.array(start["x"]),
        *([np.array(frames[name][0][0])] for name in ("weights", "means", "stds")),
    )
    density = sum(
        w * np.exp(-0.5 * ((x - m) / s) ** 2) / (s * np.sqrt(2 * np.pi))
        for w, m, s in zip(weight, mean, std, strict=True)
    )
    np.testing.assert_allclose(frames["density"][0], density, rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_comes_to_its_end(client, story):
    short = {**story.recipe, "generations": 5, "replicates": 3}
    *_, end = lines(client, {"recipe": short})
    assert end["type"] == "end"
    limits.check(story.recipe)
    limits.check_cost(mc.Experiment(**story.recipe).settled())


def test_long_runs_are_thinned_and_end_with_the_last_generation():
    for last in (1, 400, 401, 5000):
        sent = chosen(last)
        assert sent[0] == 0
        assert sent[-1] == last
        assert len(sent) <= 402


def test_results_are_kept_as_tables_and_figures(client):
    start, *_ = lines(client, {"recipe": RECIPE})
    table = client.get(f"/api/runs/{start['id']}/csv")
    assert table.headers["content-disposition"].startswith("attachment")
    assert len(table.text.splitlines()) == 1 + 4 * 10
    assert client.get(f"/api/runs/{start['id']}/svg").text.count("<svg") == 1
    assert client.get(f"/api/runs/{start['id']}/png").content.startswith(b"\x89PNG")
    assert client.get(f"/api/runs/{start['id']}/exe").status_code == 404
    assert client.get(f"/api/runs/{'0' * 32}/csv").status_code == 404


def test_a_recipe_is_checked_and_told_as_toml_and_python(client):
    found = client.post("/api/check", json={"recipe": RECIPE}).json()
    assert mc.Experiment.from_toml(found["toml"]) == mc.Experiment(**RECIPE)
    scope = {}
    exec(found["python"].split("dataset =")[0], scope)
    assert scope["experiment"] == mc.Experiment(**RECIPE)
    wrong = client.post("/api/check", json={"recipe": {**RECIPE, "n_samples": 0, "sed": 1}})
    assert wrong.status_code == 422
    assert {"n_samples", "sed"} <= {problem["field"] for problem in wrong.json()["problems"]}


OVER = [
    {"n_samples": 10**12},
    {"generations": 10**9},
    {"replicates": 10**6},
    {"learner": {"family": "mixture", "components": 10**6}},
    {"truth": {"family": "categorical", "zipf": {"categories": 10**9, "exponent": 1}}},
    {"truth": {"family": "data", "path": "/etc/passwd"}},
    {"truth": {"family": "mixture", "weights": [0.001] * 1000}},
    {"n_samples": 10**8, "generations": 5000, "replicates": 200},
    {"n_samples": 10**400},
]


@pytest.mark.parametrize("more", OVER, ids=str)
@pytest.mark.parametrize("path", ["/api/runs", "/api/check", "/api/plan"])
def test_what_is_too_large_is_refused_with_its_field(client, more, path):
    content = json.dumps({"recipe": {**RECIPE, **more}}) if 10**400 not in more.values() else None
    content = content or '{"recipe": {"n_samples": 1%s}}' % ("0" * 400)
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"]
    assert "/" not in answer.json()["error"].replace("learner/", "")


UPLOAD = "x\n" + "\n".join(f"{value:.3f}" for value in np.linspace(-1, 1, 40))


def test_an_upload_is_a_truth(client):
    found = client.post("/api/upload", json={"csv": UPLOAD, "name": "<b>"}).json()
    assert found["n"] == 40
    assert sum(found["histogram"]["counts"]) == 40
    recipe = {**RECIPE, "truth": {"family": "data"}, "learner": {"family": "gaussian"}}
    start, *_, end = lines(client, {"recipe": recipe, "upload": found["upload"]})
    assert start["recipe"]["truth"]["family"] == "data"
    assert end["type"] == "end"
    gone = client.post("/api/runs", json={"recipe": RECIPE, "upload": "0" * 32})
    assert gone.status_code == 422


@pytest.mark.parametrize(
    "text", ["", "x", "x\n1", "x\na\nb", "x\n1\nnan\n", "x,y\n1,2\n3,4", "\x00\x01", "x\n1;2\n3;4"]
)
def test_bad_uploads_are_refused_without_a_path(client, text):
    answer = client.post("/api/upload", json={"csv": text})
    assert answer.status_code == 422
    assert "/tmp" not in answer.text


def test_the_planner_answers(client):
    recipe = {
        **RECIPE,
        "truth": {"family": "gaussian", "mean": 0, "std": 1},
        "learner": {"family": "gaussian"},
        "n_samples": 1000,
    }
    body = {"recipe": recipe, "loss": 0.005, "questions": ["mean"], "sources": ["fresh"]}
    *_, last = lines(client, body, "/api/plan")
    assert last["type"] == "answers"
    assert (
        last["answers"][0]["count"]
        == mc.plan(
            mc.Experiment(**recipe), limit=mc.Limit("variance", 0.005), questions=["mean"], sources=["fresh"]
        )[0].count
    )


def test_a_study_is_a_map_and_a_broken_one_leaves_the_others(client):
    one, broken = client.get("/api/about").json()["studies"]
    found = client.get(f"/api/studies/{one['id']}").json()
    assert found["title"] == "mixes.zarr"
    assert list(found["axes"][0]["coordinates"]) == ["real", "synthetic", "kept"]
    assert (found["cells"], found["done"], len(found["final"]["values"])) == (6, 6, 6)
    cell = client.get(f"/api/studies/{one['id']}/cell", params={"index": "3"}).json()
    assert cell["recipe"]["workflow"]["real"] == 0.5
    for index in ("6", "0,0", "-1", "a", ""):
        assert client.get(f"/api/studies/{one['id']}/cell", params={"index": index}).status_code == 404
    answer = client.get(f"/api/studies/{broken['id']}")
    assert answer.status_code == 422
    assert "cannot be read" in answer.json()["error"]
    assert "broken.zarr/" not in answer.text
    assert "/tmp" not in answer.text


def test_a_reader_who_leaves_ends_the_run(server):
    def first_line():
        with server.client() as client, client.stream("POST", "/api/runs", json={"recipe": LONG}) as answer:
            next(answer.iter_lines())

    for _ in range(2 * (AT_ONCE + WAITING)):
        for _ in range(40):  # those that left may take a generation to be gone
            try:
                first_line()
                break
            except (AssertionError, StopIteration):
                time.sleep(0.1)
        else:
            pytest.fail("runs that nobody reads are not ended")


def test_more_runs_than_there_is_room_for_are_told_to_wait(server):
    stop = threading.Event()

    def reader():
        with server.client() as client:
            while not stop.is_set():  # runs of the test before may still be ending
                with client.stream("POST", "/api/runs", json={"recipe": LONG}) as answer:
                    for _ in answer.iter_lines():
                        if stop.is_set():
                            return

    readers = [threading.Thread(target=reader, daemon=True) for _ in range(AT_ONCE + WAITING)]
    for one in readers:
        one.start()
    try:
        with server.client() as client:
            for _ in range(100):
                with client.stream("POST", "/api/runs", json={"recipe": LONG}) as answer:
                    if answer.status_code == 429:
                        assert int(answer.headers["Retry-After"]) > 0
                        break
                time.sleep(0.05)
            else:
                pytest.fail("never refused")
            assert client.get("/api/about").status_code == 200
    finally:
        stop.set()
    for _ in range(200):
        with server.client() as client, client.stream("POST", "/api/runs", json={"recipe": RECIPE}) as answer:
            if answer.status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail("no run could start afterwards")


def asked(method="POST", path="/api/check", host=None, token=None, body=b'{"recipe": {}}', **headers):
    def request(server):
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {f'127.0.0.1:{server.port}' if host is None else host.format(port=server.port)}",
            f"X-Token: {server.token if token is None else token}",
            f"Content-Length: {len(body)}",
            "Content-Type: application/json",
            *(
                f"{name.replace('_', '-')}: {value.format(port=server.port)}"
                for name, value in headers.items()
            ),
        ]
        return server.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    return request


HOSTS = ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost",
         "localhost:{port}.evil",
         "127.0.0.1.evil:{port}", "[::1]", "0.0.0.0:{port}", "127.1:{port}", "2130706433:{port}",
         "user@127.0.0.1:{port}"]  # fmt: skip
ORIGINS = ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1", "http://localhost:1",
           "http://127.0.0.1:{port}.evil", "file://", "http://127.0.0.1:{port}/x"]  # fmt: skip
TOKENS = ["", "0", "0" * 32, "None", "null", "é" * 32, " ", "../../x", "0" * 4000]


@pytest.mark.parametrize("host", HOSTS)
def test_another_name_is_refused(server, host):
    assert asked(host=host)(server) == 403
    assert asked("GET", "/", host=host, body=b"")(server) == 403


@pytest.mark.parametrize("origin", ORIGINS)
def test_another_page_is_refused(server, origin):
    assert asked(Origin=origin)(server) == 403


@pytest.mark.parametrize("token", TOKENS)
def test_another_token_is_refused(server, token):
    assert asked(token=token)(server) in (400, 403)
    assert asked("GET", f"/api/runs/{'0' * 32}/csv", token=token, body=b"")(server) in (400, 403)


def test_its_own_page_is_let_in(server):
    assert asked()(server) == 200
    assert asked(host="localhost:{port}", Origin="http://localhost:{port}")(server) == 200
    assert asked(host="[::1]:{port}", Origin="http://[::1]:{port}")(server) == 200


def test_a_page_that_only_knows_the_port_can_post_nothing(server):
    text = b"recipe=1"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        head = f"POST /api/runs HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: {kind}\r\n"
        assert server.raw(head.encode() + b"Content-Length: 8\r\n\r\n" + text) == 403


def test_headers_of_every_answer(client):
    for path in ("/", "/api/about", "/nowhere", "/static/nothing.js"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


STEPS = [
    "..",
    "%2e%2e",
    "%252e%252e",
    "..%2f",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "....//",
    "%c0%ae%c0%ae",
    ".%00.",
]
ENDS = ["etc/passwd", "etc%2fpasswd", "app.py", "guard.py", "zarr.json"]
TRICKS = [
    f"/{start}{step}/{step}/{end}" for start in ("static/", "api/studies/") for step in STEPS for end in ENDS
]


@pytest.mark.parametrize("path", TRICKS)
def test_no_path_leads_out(server, path):
    assert asked("GET", path, body=b"")(server) in (400, 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "BREW"])
def test_other_methods_are_not_known(server, method):
    assert asked(method, "/api/runs")(server) in (400, 405)


BODIES = [b"", b"{", b"[]", b'"a"', b"null", b'{"recipe": NaN}', b'{"recipe": {}, "recipe": {}}', b"\xff\xfe",
          b"[" * 100_000, b'{"recipe": {"seed": ' + b"9" * 1_000_000 + b"}}",
          b'{"recipe": {"n_samples": Infinity}}']  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:20])
def test_what_is_no_json_is_refused(server, body):
    assert asked(body=body)(server) in (400, 422)
    assert asked()(server) == 200


def test_large_bodies_are_refused_before_they_are_there(server):
    head = f"POST /api/check HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX-Token: {server.token}\r\n"
    head += "Content-Type: application/json\r\n"
    assert server.raw(f"{head}Content-Length: 1000000000\r\n\r\n".encode()) == 413
    chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    assert server.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + 5 * chunk) == 413


def test_null_for_what_is_no_number():
    assert wire.dumps({"a": [np.nan, np.inf, 1.23456789], "b": np.array([[1.0, np.nan]])}) == (
        b'{"a":[null,null,1.23457],"b":[[1.0,null]]}'
    )


def test_a_signal_ends_it_while_it_streams():
    one = Server()
    with one.client() as client, client.stream("POST", "/api/runs", json={"recipe": LONG}) as answer:
        next(answer.iter_lines())
        one.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        one.process.communicate(timeout=20)
    assert time.monotonic() - began < 10.0  # five are promised; this machine may be busy


def test_only_this_computer_is_listened_to(server):
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    listening = [row[1] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == server.port]
    assert listening == [f"0100007F:{server.port:04X}"]


def test_a_taken_port_is_said(server):
    command = [sys.executable, "-m", "modelcollapse", "serve", "--port", str(server.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ})
    assert done.returncode == 2
    assert "--port 0 takes a free one" in done.stderr
