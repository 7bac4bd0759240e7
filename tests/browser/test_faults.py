"""What the page says when something goes wrong outside it."""

import json
import signal

import pytest

from browser.serving import answering, serve

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def own_server():
    """A server of one's own, to be killed."""
    pytest.importorskip("uvicorn", reason="the page needs modelcollapse[app]")
    one = serve()
    yield one
    if one.process.poll() is None:
        one.kill()


def test_server_killed_in_the_middle(own_server, visit, small):
    page = visit(refusals=True)
    long = {**small, "n_samples": 50_000, "generations": 5_000, "replicates": 4, "engine": "exact"}
    page.open(own_server.link_to(recipe=long))
    page.until("document.querySelector('#sentence').textContent.startsWith('After')")
    own_server.kill()
    page.wait_for_selector("#banner:not([hidden])")
    assert "modelcollapse serve" in page.text("#banner-text")
    assert page.locator("body.computing").count() == 0
    page.click("#banner-actions button:has-text('Try again')")
    page.wait_for_timeout(300)
    page.wait_for_selector("#banner:not([hidden])")
    # Begun again on the same port, with another token: what arrived is still there to look at.
    port = int(own_server.root.rsplit(":", 1)[1])
    again = serve(port=port)
    try:
        page.click("#banner-actions button:has-text('Try again')")
        page.until("document.querySelector('#banner-text').textContent.includes('token')")
        assert page.text("#sentence").startswith("After")
    finally:
        again.process.send_signal(signal.SIGINT)
        again.process.communicate(timeout=10)


COUNTED = """
window.asked = 0;
const real = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => { window.asked++; return real(draw); };
"""


def test_nothing_is_drawn_while_nothing_arrives(own_server, visit, small):
    """A reader who waits must not keep a processor busy with the same picture, sixty times a second."""
    page = visit()
    page.add_init_script(COUNTED)
    long = {**small, "n_samples": 50_000, "generations": 5_000, "replicates": 4, "engine": "exact"}
    page.open(own_server.link_to(recipe=long))
    page.until("document.querySelector('#sentence').textContent.startsWith('After')")
    own_server.process.send_signal(signal.SIGSTOP)
    assert page.evaluate("document.querySelector('#play').classList.contains('playing')")
    asked = [page.evaluate("window.asked")]
    while len(asked) < 2 or asked[-1] != asked[-2]:  # it plays what has arrived, and its scale comes to rest
        assert len(asked) < 30, f"it draws for ever: {asked}"
        page.wait_for_timeout(500)
        asked.append(page.evaluate("window.asked"))
    assert asked[-1] > 0
    where = page.text("#where")
    own_server.process.send_signal(signal.SIGCONT)
    page.until("(where) => document.querySelector('#where').textContent !== where", where)


def test_without_a_token(server, visit):
    page = visit(refusals=True)
    page.goto(server.root + "/")
    page.wait_for_selector("#banner:not([hidden])")
    assert "token" in page.text("#banner-text")


def test_another_version_asks_to_reload(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    about = {**server.about, "version": "99.0"}
    page.route(
        "**/api/about", lambda route: route.fulfill(body=json.dumps(about), content_type="application/json")
    )
    page.route("**/api/runs", lambda route: route.fulfill(status=403, body='{"error": "no token"}'))
    page.click("#run")
    page.wait_for_selector("#banner:not([hidden])")
    assert "99.0" in page.text("#banner-text")
    assert page.locator("#banner-actions button:has-text('Reload')").is_visible()


def test_a_busy_server_is_asked_again(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    times = []

    def busy(route):
        times.append(1)
        if len(times) > 2:
            route.continue_()
        else:
            route.fulfill(status=429, headers={"Retry-After": "1"}, body='{"error": "Too many runs."}')

    page.route("**/api/runs", busy)
    page.click("#run")
    page.until("document.querySelector('#running').textContent.includes('busy')")
    page.until_end()
    page.until("!document.querySelector('#running').textContent.includes('busy')")
    assert len(times) == 3


def test_the_last_picture_fades_until_the_next_run_has_one(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    asked = []
    page.route("**/api/runs", lambda route: asked.append(route))  # no answer yet
    page.click("#run")
    page.wait_for_selector("body.stale")
    page.until("getComputedStyle(document.querySelector('#sentence')).opacity < 0.5")
    asked.pop().continue_()
    page.until_end()
    assert page.locator("body.stale").count() == 0


def test_an_answer_that_breaks_off(server, visit, small):
    page = visit(refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    for body in ('{"type": "start", "id": "a"', '{"type": "frames"}\n', "<html>", ""):
        page.route("**/api/runs", answering(body))
        page.click("#run")
        page.wait_for_selector("#banner:not([hidden])")
        page.wait_for_selector("body:not(.computing)", state="attached")
        page.unroute("**/api/runs")
    page.click("#banner-actions button:has-text('Try again')")
    page.until_end()
    assert page.locator("#banner").is_hidden()
