"""The audit of axe-core 4.14 (MPL 2.0, in ``vendor``), light and dark, on each view: no violation."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings("default")

AXE = Path(__file__).parent / "vendor" / "axe.min.js"


def violations(page) -> list[str]:
    """What axe finds, a line each."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.wait_for_timeout(200)
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violation(server, visit, small, theme):
    # The page's own policy forbids scripts from elsewhere, axe among them.
    page = visit(color_scheme=theme, bypass_csp=True, refusals=True)
    page.open(server.link_to(recipe=small))
    page.until_end()
    field = page.locator("#size [data-field=n_samples]")
    field.fill("0")
    field.press("Enter")
    page.wait_for_selector("#size .problem")
    for view in ("lab", "plan", "studies"):
        page.click(f"[data-view={view}]")
        assert violations(page) == [], view


def test_categories_narrow(server, visit, small):
    page = visit(width=360, height=740, color_scheme="dark", bypass_csp=True)
    zipf = {"family": "categorical", "zipf": {"categories": 30, "exponent": 1.0}}
    page.open(server.link_to(recipe={**small, "truth": zipf, "learner": {"family": "categorical"}}))
    page.until_end()
    assert violations(page) == []


def test_every_chart_has_a_table(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    charts = page.locator(".panel").count()
    assert charts >= 5
    page.evaluate("for (const one of document.querySelectorAll('details.numbers')) one.open = true")
    page.wait_for_timeout(200)
    assert page.locator(".panel table").count() == charts
    for k in range(charts):
        assert page.locator(".panel table").nth(k).locator("tbody tr").count() >= 5


def test_the_sentence_is_not_read_out_while_it_plays(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe={**small, "generations": 300}))
    page.until_end()
    live = "document.querySelector('#sentence').getAttribute('aria-live')"
    assert page.evaluate("document.querySelector('#play').getAttribute('aria-label')") == "Pause"
    page.until(f"{live} === 'off'")
    page.click("#play")
    page.until(f"{live} === 'polite'")


def test_what_is_seen_is_also_said(server, visit, small):
    page = visit()
    page.open(server.link_to(recipe=small))
    page.until_end()
    page.evaluate("document.querySelector('#to-last').click()")  # disabled at the end
    page.until("document.querySelector('#density').getAttribute('aria-label')?.includes('generation 30')")
    assert page.get_attribute("#sentence", "aria-live") == "polite"
    assert page.text("#say") == page.text("#running")
    for k in range(page.locator(".panels [role=img]").count()):
        assert len(page.locator(".panels [role=img]").nth(k).get_attribute("aria-label")) > 30
