"""The page against others: foreign names, pages, tokens and paths, and requests that are meant to hurt."""

import json
import socket
import time

import pytest
from page_server import LONG, RECIPE, Server

from modelcollapse.page import guard, hurried, streaming
from modelcollapse.page.app import STATIC


@pytest.fixture(scope="module")
def server():
    one = Server()
    with one.client() as client:
        client.post("/api/check", json={"recipe": RECIPE})  # what is imported then
    yield one
    one.close()


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


HOSTS = ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost", "", " ",
         "localhost:{port}.evil", "127.0.0.1.evil:{port}", "[::1]", "0.0.0.0:{port}", "127.1:{port}",
         "2130706433:{port}", "user@127.0.0.1:{port}", "localhost.:{port}", "LOCALHOST",
         "127.0.0.1:{port},evil", "é:{port}"]  # fmt: skip
ORIGINS = ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1", "http://localhost:1",
           "http://127.0.0.1:{port}.evil", "file://", "http://127.0.0.1:{port}/x", "", "*"]  # fmt: skip
TOKENS = ["", "0", "0" * 32, "None", "null", "é" * 32, "5f" * 15, "5F" * 16, "5f" * 17, "../../x", "0" * 4000]


@pytest.mark.parametrize("host", HOSTS)
def test_another_name_is_refused(server, host):
    assert server.status(server.asked(host=host)) in (400, 403)
    assert server.status(server.asked("GET", "/", host=host, body=b"")) in (400, 403)


def test_a_request_without_a_name_or_with_two_is_refused(server):
    rest = f"X-Token: {server.token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    own = f"Host: 127.0.0.1:{server.port}\r\n"
    assert server.status(f"POST /api/check HTTP/1.1\r\n{rest}".encode()) == 400
    assert server.status(f"POST /api/check HTTP/1.0\r\n{rest}".encode()) == 403
    assert server.status(f"POST /api/check HTTP/1.1\r\n{own}Host: evil\r\n{rest}".encode()) in (400, 403)


@pytest.mark.parametrize("origin", ORIGINS)
def test_another_page_is_refused(server, origin):
    assert server.status(server.asked(Origin=origin)) == 403


@pytest.mark.parametrize("token", TOKENS)
def test_another_token_is_refused(server, token):
    for path in ("/api/runs", "/api/check", "/api/upload", "/api/plan"):
        assert server.status(server.asked(path=path, token=token)) in (400, 403)
    for path in (f"/api/runs/{'0' * 32}/csv", f"/api/studies/{'0' * 32}"):
        assert server.status(server.asked("GET", path, token=token, body=b"")) in (400, 403)


def test_its_own_page_is_let_in(server):
    for name in ("127.0.0.1", "localhost", "[::1]", "LocalHost"):
        host = f"{name}:{{port}}"
        assert server.status(server.asked(host=host, Origin=f"http://{host}", body=b'{"recipe": {}}')) == 200
    assert server.status(server.asked("GET", "/", token="", body=b"")) == 200
    assert server.status(server.asked("GET", "/api/about", token="", body=b"")) == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_what_a_form_can_send_is_refused(server, kind):
    assert server.status(server.asked(Content_Type=kind)) == 403


def test_headers_of_every_answer(client):
    answers = [client.get(path) for path in ("/", "/api/about", "/nowhere", "/static/nothing.js")]
    answers += [client.post("/api/check", json={"recipe": {"n_samples": 0}}), client.put("/")]
    answers += [client.post("/api/runs", json={"recipe": RECIPE})]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "server" not in answer.headers


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
ENDS = ["etc/passwd", "etc%2fpasswd", "page/app.py", "recipe.py", "zarr.json"]
"""Two of them are there, two folders above what is served."""
STARTS = ["static/", "api/studies/", "api/runs/", ""]
TRICKS = [f"/{start}{step}/{step}/{end}" for start in STARTS for step in STEPS for end in ENDS]


def test_no_path_leads_out(server):
    assert len(TRICKS) == 200
    assert all((STATIC / ".." / ".." / end).is_file() for end in ENDS[2:4])
    for path in TRICKS:
        assert server.status(server.asked("GET", path, body=b"")) in (400, 404), path
    for path in ("http://evil.example/", "//evil.example/", "/static/", "/static/../static", "*"):
        assert server.status(server.asked("GET", path, body=b"")) in (400, 404), path


@pytest.mark.parametrize("name", ["x", "0" * 15, "0" * 65, "G" * 32, "0" * 32 + "%0a", "..", "%2e%2e%2f" * 6])
def test_names_of_results_are_hexadecimal(server, name):
    for path in (f"/api/runs/{name}/csv", f"/api/studies/{name}", f"/api/studies/{name}/cell?index=0"):
        assert server.status(server.asked("GET", path, body=b"")) == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "BREW"])
def test_other_methods_are_not_known(server, method):
    for path in ("/api/runs", "/", "/nowhere"):
        assert server.status(server.asked(method, path)) in (400, 405)


def test_methods_have_their_places(client):
    assert client.get("/api/runs").status_code == 405
    assert client.post("/", json={}).status_code == 405
    assert client.head("/").status_code == 200
    assert client.head("/api/about").content == b""
    assert client.get("/api/nothing").status_code == 404


BODIES = [b"", b"{", b"[]", b'"a"', b"null", b'{"recipe": NaN}', b'{"recipe": {}, "recipe": {}}', b"\xff\xfe",
          b"[" * 100_000, b'{"recipe": {"seed": ' + b"9" * 200_000 + b"}}", b'{"recipe": -Infinity}',
          b'{"recipe": {"n_samples": Infinity}}', b'{"recipe": ' + b'{"a":' * 30 + b"1" + b"}" * 31,
          b'{"recipe": {"truth": {"family": "mixture", "family": "gaussian"}}}']  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("path", ["/api/check", "/api/upload"])
def test_what_is_no_plain_json_is_refused(server, body, path):
    status, said = server.answer(server.asked(path=path, body=body))
    assert status == 400
    assert b"Traceback" not in said


ODD = [
    None,
    [],
    "x",
    5,
    {"n_samples": None},
    {"n_samples": 1e400},
    {"n_samples": True},
    {"seed": "x" * 1000},
    {"seed": 10**39},
    {"engine": ["exact"]},
    {"save": {"every": 0}},
    {"<script>": 1},
    {"x" * 5000: 1},
    {"sweep": {"n_samples": [1]}},
    {"workflow": {"kind": {}}},
    {"learner": {"components": 1e308}},
    {"learner": {"family": "estimator", "name": "os.system"}},
    {"truth": []},
    {"truth": {"family": []}},
    {"truth": {"family": 5}},
    {"truth": {"family": "poisson", "rate": 3}},
    {"truth": {"family": "mixture", "weights": [[1]], "means": {}, "stds": "x"}},
]


@pytest.mark.parametrize("recipe", ODD, ids=lambda recipe: str(recipe)[:40])
@pytest.mark.parametrize("path", ["/api/check", "/api/runs", "/api/plan"])
def test_odd_recipes_are_refused_in_words(server, path, recipe):
    body = json.dumps({"recipe": recipe}).replace("Infinity", "1e400").encode()
    status, said = server.answer(server.asked(path=path, body=body))
    assert status == 422
    assert b"Traceback" not in said
    assert b"site-packages" not in said


OVER = [
    ("n_samples", {"n_samples": 10**12}),
    ("generations", {"generations": 10**9}),
    ("replicates", {"replicates": 10**6}),
    ("learner.components", {"learner": {"family": "mixture", "components": 10**6}}),
    ("learner.max_iterations", {"learner": {"family": "mixture", "max_iterations": 10**9}}),
    ("truth.zipf.categories", {"truth": {"family": "categorical", "zipf": {"categories": 10**9}}}),
    ("truth.weights", {"truth": {"family": "mixture", "weights": [0.001] * 1000}}),
    ("truth.family", {"truth": {"family": "gaussian-nd", "dimension": 10**6}}),
]  # fmt: skip
TOGETHER = [
    {"n_samples": 10**8, "generations": 5000, "replicates": 200},
    {"n_samples": 10**8, "generations": 2, "replicates": 200},
    {"n_samples": 10**5, "generations": 5000, "workflow": {"kind": "accumulate"}},
    {"n_samples": 10**9, "engine": "exact"},
    {"n_samples": 1000, "learner": {"family": "mixture", "solver": "scikit-learn"}, "replicates": 200,
     "generations": 5000},
]  # fmt: skip


def refused(client, path, recipe):
    """The fields that are told, and the least time of some answers: half a millisecond, but this computer may
    be busy."""
    least = 1.0
    for _ in range(40):
        began = time.perf_counter()
        answer = client.post(path, json={"recipe": recipe})
        least = min(least, time.perf_counter() - began)
        if least < 0.05:
            break
    assert answer.status_code == 422
    return [problem["field"] for problem in answer.json()["problems"]], least


@pytest.mark.parametrize(("field", "more"), OVER, ids=lambda part: part if isinstance(part, str) else "")
@pytest.mark.parametrize("path", ["/api/check", "/api/runs", "/api/plan"])
def test_what_is_too_large_is_refused_at_once_with_its_field(client, path, field, more):
    fields, took = refused(client, path, {**RECIPE, **more})
    assert field in fields
    assert took < 0.05


@pytest.mark.parametrize("more", TOGETHER, ids=str)
@pytest.mark.parametrize("path", ["/api/check", "/api/runs"])
def test_what_is_too_large_together_is_refused_at_once(client, path, more):
    fields, took = refused(client, path, {**RECIPE, **more})
    assert fields == ["n_samples"]
    assert took < 0.05


def test_large_bodies_are_refused_before_they_are_there(server):
    for length in ("1000000000", "9" * 30, "-1", "1e9"):
        request = server.asked(Content_Length=length, body=b"").replace(b"Content-Length: 0\r\n", b"")
        assert server.status(request) in (400, 413)
    head = server.asked(body=b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
    chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    began = time.monotonic()
    assert server.status(head, *[chunk] * 1000) == 413
    assert time.monotonic() - began < 15.0
    assert server.status(server.asked("GET", "/", Content_Length="1000000000", body=b"")) == 413


def test_slow_bodies_and_headers_are_given_up(server, monkeypatch):
    monkeypatch.setattr(guard, "SLOWEST_BODY", 0.5)
    request = server.asked(body=b"x" * 1000)
    assert server.status(request[:-900], *[b"x"] * 10, pause=0.1) == 408
    monkeypatch.setattr(hurried, "HEADERS_WITHIN", 0.5)
    for begun in (b"", b"GET / HT"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(begun)
            assert connection.recv(10) == b""


def test_a_body_that_is_cut_off_hurts_nobody(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(server.asked(body=b"x" * 1000)[:-500])
    assert server.status(server.asked("GET", "/", body=b"")) == 200


def test_an_error_of_ours_has_an_id_and_nothing_else(server, client, monkeypatch, capfd):
    def broken(*_):
        raise ValueError("/secret/place")

    monkeypatch.setattr("modelcollapse.page.app.limits.check", broken)
    answer = client.post("/api/check", json={"recipe": RECIPE})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["id"] in capfd.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr("modelcollapse.page.running.Run._end", broken)
    with client.stream("POST", "/api/runs", json={"recipe": RECIPE}) as stream:
        *_, last = map(json.loads, stream.iter_lines())
    assert last["type"] == "error"
    assert "secret" not in str(last)
    assert last["id"] in capfd.readouterr().err


def test_a_reader_who_stays_and_reads_nothing_gives_the_place_back(server, monkeypatch):
    """A tab that a browser has frozen: its connection is open, and nobody takes what comes."""
    assert server.idle()
    monkeypatch.setattr(streaming, "PATIENCE", 0.5)
    large = {**RECIPE, "generations": 300, "replicates": 200, "engine": "grouped"}
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(server.asked(path="/api/runs", body=json.dumps({"recipe": large}).encode()))
        time.sleep(0.5)
        assert server.page.jobs.here == 1
        assert server.idle(within=15.0)


def test_runs_that_are_left_at_once_leave_nothing(server):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            body = json.dumps({"recipe": LONG}).encode()
            connection.sendall(server.asked(path="/api/runs", body=body))
    assert server.idle()
