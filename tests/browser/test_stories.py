"""Every story is told to its end; every state is a link."""

import json
import subprocess
import sys

import pytest

from browser.serving import SMALL, answering, serve

pytestmark = pytest.mark.filterwarnings("default")


def shortened(recipe):
    """The same recipe over fewer generations."""
    slow = recipe["learner"].get("solver") == "scikit-learn"
    return {**recipe, "generations": min(recipe["generations"], 12 if slow else 100)}


def test_every_story_to_its_end(server, visit):
    page = visit()
    stories = server.about["stories"]
    shorter = {**server.about, "stories": [{**one, "recipe": shortened(one["recipe"])} for one in stories]}
    page.route("**/api/about", answering(json.dumps(shorter)))
    page.open(server.link)
    assert len(stories) >= 5
    assert page.locator(".story").all_text_contents() == [story["title"] for story in stories]
    for story in stories:
        page.click(f"[data-story='{story['id']}']")
        page.wait_for_selector(f"[data-story='{story['id']}'][aria-current]")
        page.until_end()
        page.evaluate("document.querySelector('#to-last').click()")  # disabled at the end
        last = shortened(story["recipe"])["generations"]
        page.until(f"document.querySelector('#where').textContent === '{last} of {last}'")
        assert page.text("#story-text") == story["text"]
        assert f"{last} generations" in page.text("#sentence")
        assert len(page.text("#running")) > 20, "the sentence of the end"
        assert f"story={story['id']}" in page.url
        assert page.locator(".panel canvas").count() >= 3


def test_the_first_story_runs_when_the_page_opens(server, visit):
    page = visit()
    page.open(server.link)
    first = server.about["stories"][0]
    assert page.locator(".story[aria-current]").text_content() == first["title"]
    page.until("document.querySelector('#sentence').textContent.startsWith('After')")
    first = page.evaluate("performance.getEntriesByName('first-picture')[0].startTime")
    assert first < 5000, "milliseconds; on a computer that is busy with other tests"


def test_a_state_is_a_link(server, visit, small):
    page = visit()
    recipe = {**small, "workflow": {"kind": "mix", "real": 0.25, "kept": 0.5}}
    page.open(server.link_to(recipe=recipe, at=12, replicate=3))
    page.until_end()
    page.until("document.querySelector('#where').textContent === '12 of 30'")
    assert page.locator("#replicate").input_value() == "3"
    assert page.get_attribute(".triangle-point", "aria-valuetext") == "real 25 %, synthetic 25 %, kept 50 %"
    page.click("#step-on")
    page.until("location.hash.includes('at=13')")
    assert page.recipe["workflow"]["real"] == 0.25
    again = visit()
    again.open(page.url)
    again.until("document.querySelector('#where').textContent === '13 of 30'")
    again.until_end()


def test_back_returns_to_the_story(server, visit):
    page = visit()
    page.open(server.link)
    first, second = (story["id"] for story in server.about["stories"][:2])
    page.click(f"[data-story='{second}']")
    page.go_back()
    page.wait_for_selector(f"[data-story='{first}'][aria-current]")
    page.until_end()


def test_play_pause_step_and_scrub(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    page.click("#to-first")
    page.until("document.querySelector('#where').textContent === '0 of 30'")
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.click("#play")
    page.until("document.querySelector('#where').textContent > '2 of 30'")
    page.click("#play")
    place = page.text("#where")
    page.wait_for_timeout(400)
    assert page.text("#where") == place, "a pause stands still"
    page.locator("#scrub").fill("20")
    page.until("document.querySelector('#where').textContent === '20 of 30'")
    page.click("#step-back")
    page.until("document.querySelector('#where').textContent === '19 of 30'")
    assert "19" in page.text("#sentence")
    over = page.locator(".panels .u-over").first
    over.click(position={"x": over.bounding_box()["width"] / 2, "y": 40})
    page.until("document.querySelector('#where').textContent === '15 of 30'")


def test_a_pause_at_low_speed_belongs_to_the_link(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    page.click("#to-first")
    page.select_option("#speed", "0.25")  # two thirds of a second a picture
    page.click("#play")
    page.until("document.querySelector('#where').textContent.startsWith('1 ')")
    page.wait_for_timeout(450)
    page.click("#play")
    page.until("/at=[0-9]/.test(location.hash)")


def test_a_run_that_is_stopped_is_played_to_where_it_came(server, visit, small):
    page = visit()
    long = {**small, "n_samples": 50_000, "generations": 5_000, "replicates": 4, "engine": "exact"}
    page.open(server.link_to(recipe=long))
    page.until("document.querySelector('#sentence').textContent.startsWith('After')")
    page.select_option("#speed", "4")
    page.click("#run")
    page.until("document.querySelector('#play').getAttribute('aria-label') === 'Play'")
    last = page.text("#where")
    page.select_option("#speed", "0.25")
    page.click("#play")
    page.until("(last) => document.querySelector('#where').textContent !== last", last)


def test_exports(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    found = {}
    for name in ("Recipe (TOML)", "Python (.py)", "Numbers (CSV)", "Figure (PNG)", "Figure (SVG)"):
        page.click("#exports > summary")
        with page.expect_download() as download:
            page.click(f"#export-items button:has-text('{name}')")
        with open(download.value.path(), "rb") as file:
            found[download.value.suggested_filename] = file.read()
    assert b"n_samples = 500" in found["recipe.toml"]
    assert b"import modelcollapse" in found["experiment.py"]
    assert found["modelcollapse.csv"].count(b"\n") > 30
    assert found["modelcollapse.png"].startswith(b"\x89PNG")
    assert b"<svg" in found["modelcollapse.svg"]


def test_reduced_motion_does_not_play(server, visit, small):
    page = visit(reduced_motion="reduce")
    page.open(server.link_to(recipe=small))
    page.until_end()
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.until("document.querySelector('#where').textContent === '30 of 30'")


def test_the_planner(server, visit, small):
    page = visit()
    recipe = {
        **small,
        "truth": {"family": "gaussian", "mean": 0, "std": 1},
        "learner": {"family": "gaussian"},
        **SMALL,
    }
    page.open(server.link_to(recipe=recipe, view="plan", plan={"questions": ["mean"], "sources": ["fresh"]}))
    page.click(".plan-form button[type=submit]")
    page.wait_for_selector(".answer-number strong")
    assert "fresh real items of 500" in page.text(".answer-number")
    page.click("text=Watch it in the laboratory")
    page.until_end()
    assert page.recipe["workflow"]["kind"] == "mix"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A server that shows a small study."""
    pytest.importorskip("uvicorn", reason="the page needs modelcollapse[app]")
    folder = tmp_path_factory.mktemp("studies")
    (folder / "small.toml").write_text(
        "n_samples = 50\ngenerations = 20\nreplicates = 4\nsave = 'log'\n"
        "truth = {family = 'gaussian', mean = 0, std = 1}\nlearner = {family = 'gaussian'}\n"
        "sweep.mix = {simplex = 0.5}\n"
    )
    store = str(folder / "small.zarr")
    command = [sys.executable, "-m", "modelcollapse", "sweep", str(folder / "small.toml"), "--out", store]
    subprocess.run(command, check=True, capture_output=True)
    one = serve(store)
    yield one
    one.kill()


def test_a_study_is_a_map(study, visit):
    page = visit()
    page.open(study.link_to(view="studies"))
    page.wait_for_selector(".cell")
    assert page.locator(".cell").count() == 6
    if page.locator(".pickers select").count():  # how long half of it lasts: most mixes never get there
        page.select_option(".pickers select", "speed")
    assert page.locator(".cell.never").count() > 0
    assert page.locator(".cell.missing").count() == 0
    page.locator(".cell.never").first.hover()
    assert "never within the study" in page.text(".map-reading")
    assert "never" in page.text(".map-key")
    page.locator(".cell").first.hover()
    first = page.text(".map-reading")
    assert "real" in first
    page.locator(".map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert page.text(".map-reading") != first
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-cell pre")
    assert "Median over replicates" in page.text(".map-cell pre")
    page.click("text=Run it in the laboratory")
    page.until_end()
    assert page.recipe["n_samples"] == 50
    assert page.text("#where").endswith("of 20")
