"""Fifty hostile texts in each place where text comes from outside: none becomes anything but text."""

import json
from urllib.parse import quote

import pytest

from browser.payloads import HIT, PAYLOADS
from browser.serving import answering

pytestmark = pytest.mark.filterwarnings("default")

COUNT = """() => ({
    hit: window.__hit ?? 0,
    scripts: document.scripts.length,
    styles: document.styleSheets.length,
    strange: [...document.querySelectorAll(
        'img, iframe, object, embed, video, audio, base, link[href*="//"], meta[http-equiv], marquee, style'
    )].map((e) => e.outerHTML),
    handlers: [...document.querySelectorAll('*')]
        .filter((e) => [...e.attributes].some((a) => a.name.startsWith('on')
            || (/^(href|src|action|formaction|data|xlink:href)$/.test(a.name)
                && /^\\s*(javascript|data):/i.test(a.value))))
        .map((e) => e.outerHTML),
    polluted: [({}).polluted ?? null, Object.keys(Object.prototype)],
})"""


def assert_harmless(page, before):
    """Nothing ran, nothing was added, nothing was asked for elsewhere."""
    after = page.evaluate(COUNT)
    assert after["hit"] == 0
    assert after["strange"] == []
    assert after["handlers"] == []
    assert after["polluted"] == [None, []]
    assert (after["scripts"], after["styles"]) == (before["scripts"], before["styles"])


def test_fifty():
    assert len(set(PAYLOADS)) == 50


def answer(route, body):
    """Answer in the server's place."""
    route.fulfill(body=json.dumps(body), content_type="application/json")


def test_titles_of_stories_and_studies_and_versions(server, visit):
    """Every word in what the server says of itself."""
    page = visit(refusals=True)
    about = server.about
    default = about["default"]
    about["stories"] = [
        {"id": text, "title": text, "text": text, "recipe": default, "look": {"replicate": 0}}
        for text in PAYLOADS
    ]
    about["studies"] = [{"id": text, "title": text} for text in PAYLOADS]
    about["version"] = PAYLOADS[0]
    about["engines"] = [*about["engines"], *PAYLOADS]
    about["truths"] = [*about["truths"], *PAYLOADS]
    for kind in about["workflows"].values():
        if isinstance(kind, dict):
            kind["sentence"] = PAYLOADS[1]
    page.route("**/api/about", lambda route: answer(route, about))
    page.goto(server.link)
    page.wait_for_selector(".story")
    before = page.evaluate(COUNT)
    assert page.locator(".story").all_text_contents() == PAYLOADS
    for k in range(0, 50, 7):
        page.locator(".story").nth(k).dispatch_event("click")
        page.wait_for_timeout(30)
        assert page.text("#story-text") == PAYLOADS[k]
    assert page.locator("[data-field=engine] option").all_text_contents()[-50:-1] != []
    assert_harmless(page, before)


POLLUTED = {"polluted": 1}


def line(**parts):
    """A line of a stream."""
    return json.dumps(parts) + "\n"


def stream_of(text, recipe):
    """A run all of whose words are hostile."""
    names = ["total_variance", "component_variance", text]
    return (
        line(
            type="start", id=text, recipe=recipe, engine=text, notes=[text], replicates=2, generations=2,
            components=2, x=[0, 1, 2], truth=[0.1, 0.5, 0.1], edges=[0, 1, 2],
            laws=[{"metric": n, "label": text, "source": text, "values": [[0, 1], [2, 1]]} for n in names],
            metrics={n: {"label": text, "unit": text, "truth": 1} for n in names},
        )
        + line(
            type="frames", t=[0, 1, 2], metrics={n: [[1, 1], [1, 2], [2, None]] for n in names},
            density=[[0.1, 0.5, 0.1]] * 3, histogram=[None, [1, 2], [2, 1]], weights=[[[0.5, 0.5]] * 2] * 3,
            means=[[[0, 1]] * 2] * 3, stds=[[[1, 1]] * 2] * 3, counts=[[1, 2, 3]] * 3, status=[[0, 0]] * 3,
        )
        + line(type="end", seconds=1, sentence=text, verdicts=[text, {"text": text}], status={text: 1})
    )  # fmt: skip


def test_words_in_a_run(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    before = page.evaluate(COUNT)
    for text in PAYLOADS:
        body = stream_of(text, small)
        page.unroute("**/api/runs")
        page.route("**/api/runs", answering(body))
        page.click("#run")
        page.until("(text) => document.querySelector('#running').textContent === text", text)
        assert text in page.text("#after")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.wait_for_timeout(300)
    assert_harmless(page, before)


def test_words_in_errors(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    before = page.evaluate(COUNT)
    fields = ["n_samples", "workflow.real", "truth.means[1]", "learner.solver", "nowhere"]
    problems = [
        {"field": fields[k % 5] if k % 6 else text, "value": text, "allowed": text}
        for k, text in enumerate(PAYLOADS)
    ]

    def refuse(route, status, text):
        route.fulfill(status=status, body=json.dumps({"error": text, "problems": problems}))

    for path in ("check", "runs"):  # a run that begins takes the problems of the last one away
        page.route(f"**/api/{path}", lambda route: refuse(route, 422, HIT))
    field = page.locator("#size [data-field=n_samples]")
    field.fill("300")
    field.press("Tab")
    page.wait_for_selector("#size .problem")
    assert page.locator(".problem, .problems li").count() >= 40
    page.route("**/api/runs", lambda route: refuse(route, 500, texts.pop()))
    texts = list(PAYLOADS)
    while texts:
        last = texts[-1]
        page.click("#run")
        page.until("(text) => document.querySelector('#banner-text').textContent.startsWith(text)", last)
    assert_harmless(page, before)


def test_words_in_a_link(server, visit, small):
    """A link that somebody sends: the story's name, the recipe's values and keys, the plan, the study."""
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    before = page.evaluate(COUNT)
    page.route("**/api/runs", lambda route: route.fulfill(status=422, body='{"error": "no", "problems": []}'))
    for text in PAYLOADS:
        tables = {
            "learner": {"family": text, "solver": text, text: text},
            "workflow": {"kind": text, "real": text},
        }
        mixture = {"family": "mixture", "weights": [text], "means": [1], "stds": [text]}
        categories = {"family": "categorical", "probabilities": [text, {"__proto__": POLLUTED}]}
        plan = {"loss": text, "questions": [text], text: text}
        recipes = [
            {**small, **tables, "truth": {"family": text}, "engine": text, "n_samples": text},
            {text: text, "__proto__": POLLUTED, "truth": mixture, "learner": {"components": text}},
            {**small, "truth": categories, "workflow": {"kind": "augment", "real": text, "growth": text}},
        ]
        fragments = [f"&recipe={quote(json.dumps(recipe))}" for recipe in recipes]
        fragments[-1] += f"&view=plan&plan={quote(json.dumps(plan))}"
        fragments.append(f"&story={quote(text)}&study={quote(text)}&view={quote(text)}&at={quote(text)}")
        fragments.append(f"&recipe={quote(text)}&plan={quote(text)}&upload={quote(text)}")
        token = server.link.split("#")[1]
        for fragment in fragments:
            page.evaluate("(hash) => { location.hash = hash; }", token + fragment)
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)
    assert_harmless(page, before)


def test_names_of_files_and_columns(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    before = page.evaluate(COUNT)
    page.select_option("[data-field='truth.family']", "data")
    page.uncheck("#auto")
    page.wait_for_selector("#truth .upload-problem", state="attached")
    rows = "".join(f"{i % 17}\n" for i in range(60))
    for text in PAYLOADS:
        column = '"' + text.replace('"', '""').replace("\n", " ") + '"'
        name = text.replace("/", "-").replace("\n", " ")[:120] + ".csv"
        file = {"name": name, "mimeType": "text/csv", "buffer": f"{column}\n{rows}".encode()}
        page.locator("input[type=file]").set_input_files(file)
        page.until(
            """() => !document.querySelector('#truth .upload-problem').hidden
            || document.querySelector('.upload-told').textContent.includes('60 numbers')"""
        )
        page.evaluate(
            """() => { document.querySelector('#truth .upload-problem').hidden = true;
            document.querySelector('.upload-told').textContent = ''; }"""
        )
    page.click("#run")
    page.wait_for_timeout(200)
    page.until_end()
    assert_harmless(page, before)


def test_words_in_studies_and_plans(server, visit, small):
    page = visit()
    about = {**server.about, "studies": [{"id": "a" * 16, "title": PAYLOADS[0]}]}
    values = list(range(50))
    study = {
        "title": PAYLOADS[1],
        "axes": [
            {"name": PAYLOADS[2], "values": PAYLOADS},
            {"name": PAYLOADS[3], "coordinates": {PAYLOADS[4]: PAYLOADS}},
        ],
        "final": {"label": PAYLOADS[5], "values": [values] * 50},
        "speed": {"label": PAYLOADS[6], "values": [values] * 50},
        "cells": 2500,
        "done": 2500,
    }
    cell = {"recipe": {**small, "engine": PAYLOADS[7]}, "summary": "\n".join(PAYLOADS)}
    page.route("**/api/about", lambda route: answer(route, about))
    page.route("**/api/studies/*", lambda route: answer(route, study))
    page.route("**/api/studies/*/cell*", lambda route: answer(route, cell))
    page.goto(server.link_to(recipe=small, view="studies"))
    page.wait_for_selector(".cell")
    before = page.evaluate(COUNT)
    for k in range(0, 2500, 51):
        page.locator(".cell").nth(k).dispatch_event("pointerenter")
    page.locator(".cell").nth(60).dispatch_event("click")
    page.wait_for_selector(".map-cell pre")
    assert page.text(".map-cell pre") == cell["summary"]
    page.click(".map-side + *, #view-studies details > summary")
    page.click("[data-view=plan]")
    numbers = {"count": 3, "share": 0.1, "low": 1, "high": 5}
    words = ("question", "source", "sentence", "law")
    answers = [{**numbers, **dict.fromkeys(words, text)} for text in PAYLOADS]
    progress = "".join(line(type="progress", text=text) for text in PAYLOADS)
    body = progress + line(type="answers", answers=answers)
    page.route("**/api/plan", answering(body))
    page.click(".plan-form button[type=submit]")
    page.wait_for_selector(".answer")
    assert page.locator(".answer").count() == 50
    assert_harmless(page, before)
