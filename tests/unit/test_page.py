"""The page's server by its contract: it streams what the lab computes, to the digit, and stops when left."""

import contextlib
import json
import threading
import time

import numpy as np
import pytest
from page_server import LONG, ONE, RECIPE, Server, lines

import modelcollapse as mc
from modelcollapse.page import downloads, limits
from modelcollapse.page.jobs import ASIDE, AT_ONCE, WAITING
from modelcollapse.page.stories import STORIES

COMPARED = [
    {},
    {"engine": "grouped", "n_samples": 5000},
    {"engine": "diffusion", "n_samples": 1000, "workflow": {"kind": "mix", "real": 0.1}},
    {"learner": {"family": "mixture", "components": 3, "start": "kmeans"}, "n_samples": 200},
    {**ONE, "workflow": {"kind": "accumulate"}},
    {**ONE, "workflow": {"kind": "mix", "kept": 0.5}, "seed": 2**60 + 1},
    {**ONE, "learner": {"family": "kde", "bandwidth": "scott"}},
    {**ONE, "learner": {"family": "empirical"}, "replicates": 1},
    {"truth": {"family": "categorical", "zipf": {"categories": 9, "exponent": 1.0}},
     "learner": {"family": "categorical"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    text = 'n_samples = 40\ngenerations = 6\nreplicates = 2\nsave = "log"\n[sweep]\nmix = {simplex = 0.5}\n'
    mc.sweep(text, folder / "mixes.zarr", workers=1)
    (folder / "broken.zarr").mkdir()
    (folder / "broken.zarr" / "zarr.json").write_text("{")
    mc.save(mc.run(mc.Experiment(**RECIPE)), folder / "result.zarr")
    one = Server(*(folder / f"{name}.zarr" for name in ("mixes", "broken", "result")))
    yield one
    one.close()


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


def joined(frames, name):
    return [row for frame in frames for row in frame[name]]


def sent(values):
    """Numbers as they are sent, at six digits; None where there is none."""
    return [[float(f"{v:.6g}") if np.isfinite(v) else None for v in row] for row in values]


@pytest.mark.parametrize("more", COMPARED, ids=str)
def test_a_streamed_run_is_the_labs_to_the_digits_that_are_sent(client, more):
    recipe = {**RECIPE, **more}
    start, *frames, end = lines(client, {"recipe": recipe, "shown": recipe["replicates"] - 1})
    experiment = mc.Experiment(**recipe)
    dataset = mc.run(experiment)
    assert [line["type"] for line in (start, *frames, end)] == ["start", *["frames"] * len(frames), "end"]
    assert mc.Experiment.from_json(json.dumps(start["recipe"])) == experiment
    assert joined(frames, "t") == list(range(10))
    for name, meta in start["metrics"].items():
        found = [row for frame in frames for row in frame["metrics"][name]]
        expected = sent(mc.measure(dataset, name).values.T)
        if name == "wasserstein2":
            assert found[0] is not None
            assert found[-1] is not None
        assert [row for row in found if row] == [e for e, row in zip(expected, found, strict=True) if row]
        if name != "wasserstein2":
            assert None not in found
        assert meta["label"]
    for name, variable in (("weights", "weight"), ("means", "mean"), ("stds", "std")):
        if "mean" in dataset and variable in dataset:
            values = dataset[variable].values.reshape(*dataset[variable].shape[:2], -1)
            assert np.array(joined(frames, name), dtype=float) == pytest.approx(
                np.swapaxes(values, 0, 1), rel=5.1e-6, nan_ok=True
            )
    counts = np.stack([dataset[name].values[0] for name in ("n_real", "n_synthetic", "n_kept")], axis=1)
    assert joined(frames, "counts") == counts.tolist()
    assert joined(frames, "status") == dataset["status"].values.T.tolist()
    assert end["sentence"].startswith("After 9 generations")


def test_a_law_is_sent_with_its_source(client):
    start, *_ = lines(client, {"recipe": RECIPE})
    law = next(law for law in start["laws"] if law["metric"] == "total_variance")
    assert law["values"][-1] == pytest.approx([9, 5.0 * (1.0 - 1.0 / 60.0) ** 9], rel=1e-5)
    assert "derived" in law["source"]


@pytest.mark.parametrize("engine", ["exact", "grouped"])
def test_the_density_and_the_histogram_are_of_the_shown_replicate(client, engine):
    recipe = {**RECIPE, "generations": 1, "n_samples": 20_000, "engine": engine}
    start, _, frames, _ = lines(client, {"recipe": recipe, "shown": 2})
    assert start["shown"] == 2
    x, edges = np.array(start["x"]), np.array(start["edges"])
    weight, mean, std = (np.array(frames[name][0][2])[:, None] for name in ("weights", "means", "stds"))
    each = weight * np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(frames["density"][0], each.sum(axis=0), rtol=1e-3, atol=1e-9)
    counts, middles = np.array(frames["histogram"][0]), 0.5 * (edges[1:] + edges[:-1])
    expected = 20_000 * np.interp(middles, x, each.sum(axis=0)) * np.diff(edges)
    assert counts.sum() == pytest.approx(20_000, abs=2)
    assert np.max(np.abs(counts - expected) / np.sqrt(np.maximum(expected, 1.0))) < 6.0


def test_the_end_counts_replicates_with_a_status(client):
    """Nine items for two components: some die, and some become points."""
    recipe = {"n_samples": 9, "generations": 60, "replicates": 7, "seed": 1}
    *_, end = lines(client, {"recipe": recipe})
    status = mc.run(mc.Experiment(**recipe))["status"].values
    ever = {one.name.lower(): sum(bool((row & int(one)).any()) for row in status) for one in mc.Status}
    assert end["status"] == {name: count for name, count in ever.items() if count}
    assert 0 < end["status"]["component_dead"] <= 7


def test_diffusion_has_no_training_set_to_show(client):
    _, *frames, _ = lines(client, {"recipe": {**RECIPE, "engine": "diffusion", "n_samples": 10**9}})
    assert joined(frames, "histogram") == [None] * 10


def test_a_rough_answer_has_the_first_replicates(client):
    start, *frames, end = lines(client, {"recipe": {**RECIPE, "replicates": 30}, "fast": True})
    assert start["replicates"] == 8
    whole = mc.measure(mc.run(mc.Experiment(**{**RECIPE, "replicates": 30})), "total_variance").values
    assert [row for f in frames for row in f["metrics"]["total_variance"]] == sent(whole[:8].T)
    assert client.get(f"/api/runs/{start['id']}/csv").status_code == 404
    assert end["verdicts"] == []


def test_a_long_run_is_thinned_and_ends_with_the_last_generation(client):
    recipe = {**RECIPE, **ONE, "generations": 2000}
    start, *frames, _ = lines(client, {"recipe": recipe})
    steps = joined(frames, "t")
    assert steps == sorted(set(steps))
    assert (steps[0], steps[1], steps[-1]) == (0, 1, 2000)
    assert 200 < len(steps) <= 401
    assert start["sent"] == len(steps)
    expected = sent(mc.measure(mc.run(mc.Experiment(**recipe)), "total_variance").values.T[steps])
    assert [row for f in frames for row in f["metrics"]["total_variance"]] == expected


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_comes_to_its_end(client, story):
    short = {**story.recipe, "generations": 5, "replicates": 3}
    *_, end = lines(client, {"recipe": short})
    assert end["type"] == "end"
    assert story.text.count(". ") == 1
    assert client.post("/api/check", json={"recipe": dict(story.recipe)}).status_code == 200


def test_results_are_kept_as_tables_and_figures(client):
    start, *_ = lines(client, {"recipe": RECIPE})
    table = client.get(f"/api/runs/{start['id']}/csv")
    assert table.headers["content-disposition"].startswith("attachment")
    assert table.headers["x-content-type-options"] == "nosniff"
    assert len(table.text.splitlines()) == 1 + 4 * 10
    assert client.get(f"/api/runs/{start['id']}/svg").text.count("<svg") == 1
    assert client.get(f"/api/runs/{start['id']}/png").content.startswith(b"\x89PNG")
    assert client.get(f"/api/runs/{start['id']}/exe").status_code == 404
    assert client.get(f"/api/runs/{'0' * 32}/csv").status_code == 404


def test_a_recipe_is_checked_and_told_as_toml_and_python(client):
    found = client.post("/api/check", json={"recipe": {**RECIPE, "engine": "auto"}}).json()
    expected = mc.Experiment(**RECIPE, engine="auto")
    assert mc.Experiment.from_toml(found["toml"]) == expected
    scope = {}
    exec(found["python"].split("dataset =")[0], scope)
    assert scope["experiment"] == expected
    assert found["cost"]["seconds"] > 0.0
    assert any("exact engine" in note for note in found["notes"])
    wrong = client.post("/api/check", json={"recipe": {**RECIPE, "n_samples": 0, "sed": 1}})
    assert wrong.status_code == 422
    assert {"n_samples", "sed"} <= {problem["field"] for problem in wrong.json()["problems"]}


UPLOAD = "x\n" + "\n".join(f"{value:.3f}" for value in np.linspace(-1, 1, 40))


@pytest.mark.parametrize(
    "learner", [{"family": "gaussian"}, {"family": "mixture"}, {"family": "kde", "bandwidth": 0.1}], ids=str
)
def test_an_upload_is_a_truth(client, tmp_path, learner):
    found = client.post("/api/upload", json={"csv": UPLOAD, "name": "../../<b>.csv"}).json()
    assert found["n"] == sum(found["histogram"]["counts"]) == 40
    assert found["truth"] == {"family": "data", "path": "<b>.csv"}
    (tmp_path / "<b>.csv").write_text(UPLOAD)
    recipe = {**RECIPE, "truth": {"family": "data", "path": "/etc/passwd"}, "learner": learner}
    start, *frames, end = lines(client, {"recipe": recipe, "upload": found["upload"]})
    assert end["type"] == "end"
    told = client.post("/api/check", json={"recipe": recipe, "upload": found["upload"]}).json()
    (tmp_path / "recipe.toml").write_text(told["toml"])
    dataset = mc.run(mc.Experiment.from_toml(tmp_path / "recipe.toml"))  # as one takes it home
    expected = sent(mc.measure(dataset, "total_variance").values.T)
    assert [row for f in frames for row in f["metrics"]["total_variance"]] == expected
    assert start["metrics"]["total_variance"]["truth"] == pytest.approx(found["variance"])


def test_a_file_of_this_computer_is_never_read(client, tmp_path):
    (tmp_path / "x.csv").write_text(UPLOAD)
    said = set()
    for path in (tmp_path / "x.csv", tmp_path / "none.csv", "/etc/passwd"):
        for truth in ({"family": "data"}, {"family": "categorical"}, {"family": "mixture"}):
            recipe = {**RECIPE, "truth": {**truth, "path": str(path)}, "learner": {"family": "gaussian"}}
            for where in ("/api/runs", "/api/check", "/api/plan"):
                answer = client.post(where, json={"recipe": recipe})
                assert answer.status_code == 422
                said.add(answer.text)
    assert len(said) == 1
    assert "upload" in said.pop()


BAD_UPLOADS = ["", "x", "x\n1", "x\na\nb", "x\n1\nnan\n", "x,y\n1,2\n3,4", "\x00\x01", "x\n1;2\n3;4",
               "1\n2\n", "x\n" + "1\n" * 9, "x\n1e999\n2", "x\n\ud800\n2", "x\n" + "9" * 5000]  # fmt: skip


@pytest.mark.parametrize("text", BAD_UPLOADS, ids=lambda text: repr(text[:12]))
def test_bad_uploads_are_refused_in_words(client, text):
    content = json.dumps({"csv": text})
    answer = client.post("/api/upload", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["problems"]


def test_uploads_have_a_size_and_a_number(client):
    assert client.post("/api/upload", json={"csv": "x\n" + "1.5\n" * 550_000}).status_code == 413
    assert client.post("/api/upload", json={"csv": 5}).status_code == 422
    first = client.post("/api/upload", json={"csv": "x\n1\n2\n"}).json()["upload"]
    for i in range(16):
        client.post("/api/upload", json={"csv": f"x\n1\n{i + 3}\n"})
    recipe = {**RECIPE, "truth": {"family": "data", "path": "x.csv"}, "learner": {"family": "gaussian"}}
    assert client.post("/api/check", json={"recipe": recipe, "upload": first}).status_code == 422
    for odd in (5, "../x", {}, "0" * 32):
        assert client.post("/api/check", json={"recipe": recipe, "upload": odd}).status_code == 422


def test_the_planner_answers_by_law_and_by_simulation(client):
    recipe = {**ONE, "n_samples": 1000, "generations": 20}
    body = {"recipe": recipe, "loss": 0.005, "questions": ["mean"], "sources": ["fresh"]}
    *_, last = lines(client, body, "/api/plan")
    expected = mc.plan(mc.Experiment(**recipe), limit=mc.Limit("variance", 0.005), questions=["mean"],
                       sources=["fresh"], check=False)[0]  # fmt: skip
    assert (last["type"], last["answers"][0]["count"]) == ("answers", expected.count)
    assert last["answers"][0]["share"] == expected.count / 1000
    first, *more, last = lines(client, {**body, "loss": 0.2, "questions": ["late"]}, "/api/plan")
    assert {line["type"] for line in (first, *more)} == {"progress"}
    assert any("simulating" in line["text"] for line in more)
    assert last["answers"][0]["sentence"]


BAD_PLANS = [{"loss": 0}, {"loss": "x"}, {"sure": 1}, {"questions": ["why"]}, {"questions": "mean"},
             {"sources": [1]}, {"of": []}, {"recipe": {"workflow": {"kind": "accumulate"}}}]  # fmt: skip


@pytest.mark.parametrize("more", BAD_PLANS, ids=str)
def test_what_cannot_be_planned_is_refused_before_any_work(client, more):
    answer = client.post("/api/plan", json={"recipe": ONE, **more})
    assert answer.status_code == 422
    assert answer.json()["problems"]


def test_a_study_is_a_map_and_a_broken_one_leaves_the_others(client):
    one, broken, result = client.get("/api/about").json()["studies"]
    found = client.get(f"/api/studies/{one['id']}").json()
    assert found["title"] == "mixes.zarr"
    assert list(found["axes"][0]["coordinates"]) == ["real", "synthetic", "kept"]
    assert (found["cells"], found["done"], len(found["final"]["values"])) == (6, 6, 6)
    assert found["final"]["never"] == [False] * 6
    assert True in found["speed"]["never"]
    assert [value is None for value in found["speed"]["values"]] == found["speed"]["never"]
    cell = client.get(f"/api/studies/{one['id']}/cell", params={"index": "3"}).json()
    assert cell["recipe"]["workflow"]["real"] == 0.5
    assert "Median over replicates" in cell["summary"]
    for index in ("6", "0,0", "-1", "a", "", "1" * 50, "٣"):
        assert client.get(f"/api/studies/{one['id']}/cell", params={"index": index}).status_code == 404
    for name in (broken["id"], result["id"]):
        for answer in (client.get(f"/api/studies/{name}"), client.get(f"/api/studies/{name}/cell?index=0")):
            assert answer.status_code == 422
            assert "this study" in answer.json()["error"]
            assert "/" not in answer.text
    assert client.get(f"/api/studies/{'0' * 32}").status_code == 404


def test_a_reader_who_leaves_ends_the_run(server):
    for _ in range(AT_ONCE + WAITING + 1):
        with server.client() as client, client.stream("POST", "/api/runs", json={"recipe": LONG}) as answer:
            assert answer.status_code == 200
            next(answer.iter_lines())
    began = time.monotonic()
    assert server.idle()
    assert time.monotonic() - began < 20.0
    assert not [one for one in threading.enumerate() if one.name == "computation"]


def test_more_runs_than_there_is_room_for_are_told_to_wait(server):
    assert server.idle()
    stop, began = threading.Event(), threading.Semaphore(0)

    def read():
        with server.client() as client, client.stream("POST", "/api/runs", json={"recipe": LONG}) as answer:
            for line in answer.iter_lines():
                if '"start"' in line:
                    began.release()
                if stop.is_set():
                    return

    readers = [threading.Thread(target=read, daemon=True) for _ in range(AT_ONCE + WAITING)]
    for one in readers:
        one.start()
    try:
        assert all(began.acquire(timeout=30) for _ in readers)
        assert sum(job.turn.is_set() for job in server.page.jobs._here) == AT_ONCE
        with server.client() as client:
            answer = client.post("/api/runs", json={"recipe": RECIPE})
            assert answer.status_code == 429
            assert int(answer.headers["Retry-After"]) > 0
            assert client.get("/api/about").status_code == 200
    finally:
        stop.set()
    server.page.jobs.stop()  # those that wait read nothing, and leave when the others have
    assert server.idle()
    with server.client() as client:
        *_, end = lines(client, {"recipe": RECIPE})
    assert end["type"] == "end"


def test_few_figures_are_made_at_once_and_few_wait(server, monkeypatch):
    go, lock, here, most = threading.Event(), threading.Lock(), [], []

    def slow(dataset, kind):
        with lock:
            here.append(kind)
            most.append(len(here))
        assert go.wait(30.0)
        with lock:
            here.pop()
        return b"made"

    with server.client() as client:
        start = lines(client, {"recipe": RECIPE})[0]
        monkeypatch.setattr(downloads, "as_file", slow)
        codes = []

        def ask():
            with server.client() as one:
                codes.append(one.get(f"/api/runs/{start['id']}/png").status_code)

        readers = [threading.Thread(target=ask, daemon=True) for _ in range(ASIDE)]
        for one in readers:
            one.start()
        until = time.monotonic() + 30.0
        while server.page.jobs._aside < ASIDE and time.monotonic() < until:
            time.sleep(0.01)
        refused = client.get(f"/api/runs/{start['id']}/png")
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert client.get("/api/about").status_code == 200
        go.set()
        for one in readers:
            one.join(30.0)
    assert codes == [200] * ASIDE
    assert max(most) == AT_ONCE
    assert server.page.jobs._aside == 0


@pytest.mark.parametrize("route", ["upload", "figure", "study", "cell"])
def test_what_is_made_aside_is_counted_and_gives_its_place_back(server, monkeypatch, route):
    with server.client() as client:
        start, study = lines(client, {"recipe": RECIPE})[0], server.page.studies.listed()[0]["id"]

        def ask():
            if route == "upload":
                return client.post("/api/upload", json={"csv": "no numbers\nat all\n", "name": "a.csv"})
            asked = {
                "figure": f"/api/runs/{start['id']}/csv",
                "study": f"/api/studies/{study}",
                "cell": f"/api/studies/{study}/cell?index=0",
            }
            return client.get(asked[route])

        expected = 422 if route == "upload" else 200
        assert [ask().status_code for _ in range(ASIDE + 1)] == [expected] * (ASIDE + 1)
        assert server.page.jobs._aside == 0
        monkeypatch.setattr(server.page.jobs, "_aside", ASIDE)
        assert ask().status_code == 429


def test_a_run_that_waits_is_seen_before_its_turn_and_computed_in_its_turn(server):
    assert server.idle()

    def asked(client):
        return client.stream("POST", "/api/runs", json={"recipe": LONG})

    with contextlib.ExitStack() as stack:
        client = stack.enter_context(server.client())
        others = [stack.enter_context(asked(client)) for _ in range(AT_ONCE)]
        under_way = [one.iter_lines() for one in others]
        assert all(map(next, under_way))
        answer = stack.enter_context(client.stream("POST", "/api/runs", json={"recipe": RECIPE}))
        found = map(json.loads, answer.iter_lines())
        start, first, waits = next(found), next(found), next(found)
        assert (start["type"], first["type"], waits["type"]) == ("start", "frames", "waiting")
        assert first["t"] == [0]
        assert len(first["density"][0]) == len(start["x"])
        rest = []
        reader = threading.Thread(target=lambda: rest.extend(found), daemon=True)
        reader.start()
        reader.join(2.0)
        assert reader.is_alive()  # a run like this takes a tenth of a second
        for one in others:
            one.close()
        reader.join(60.0)
        *more, end = rest
        assert {line["type"] for line in more} == {"frames"}
        assert joined(more, "t") == list(range(1, 10))
        assert end["type"] == "end"
    assert server.idle()


def test_a_plan_that_waits_says_so_first(server):
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(server.client())
        others = [
            stack.enter_context(client.stream("POST", "/api/runs", json={"recipe": LONG}))
            for _ in range(AT_ONCE)
        ]
        under_way = [one.iter_lines() for one in others]
        assert all(map(next, under_way))
        body = {"recipe": {**ONE, "n_samples": 1000, "generations": 20}, "questions": ["mean"]}
        answer = stack.enter_context(client.stream("POST", "/api/plan", json=body))
        found = map(json.loads, answer.iter_lines())
        assert next(found)["type"] == "waiting"
        for one in others:
            one.close()
        assert [line["type"] for line in found][-1] == "answers"
    assert server.idle()


def test_about_says_what_the_page_takes(client):
    about = client.get("/api/about").json()
    assert about["version"] == mc.__version__
    assert about["limits"]["n_samples"] == [1, 10**9]
    assert mc.Experiment(**about["default"]) == mc.Experiment()
    assert len({story["id"] for story in about["stories"]}) == len(STORIES)
    assert set(about["truths"]) == set(limits.TRUTHS)
