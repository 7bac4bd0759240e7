"""An hour of one reader at the page, and how much memory the server holds meanwhile.

    .venv/bin/python -m benchmarks.page_hour [minutes]

The reader goes from story to story: looks at what it came to, moves the point in the triangle, a component
of the truth and N, takes home the numbers and the figures, and leaves a run before its end; then plans, and
looks at a study. Each round is in a tab of its own.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, Request, sync_playwright

import modelcollapse as mc
from benchmarks.page import FLAGS, Server, chromium, memory, opened, serve

MINUTES = 60.0
LOOKS = 4.0
"""Seconds that the reader looks at what a run has come to."""
LONGEST = 120.0
"""Seconds that a run may take."""
WARM = 10.0
"""Minutes that are not counted in the slope: what is kept of the last runs fills up in them."""
STUDY = """
n_samples = 200
generations = 100
replicates = 20
engine = "grouped"
truth = {family = "gaussian", mean = 0.0, std = 1.0}
learner = {family = "gaussian"}
workflow = {kind = "mix", real = 0.1}

[sweep]
mix = {simplex = 0.1}
"""


def visit(browser: Browser, server: Server) -> int:
    """One round of a reader; how many runs it started."""
    started = list[str]()

    def count(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/runs"):
            started.append(request.url)

    page = opened(browser, "about:blank")
    page.on("request", count)
    page.goto(server.link)
    for story in server.about["stories"]:
        page.click(f"[data-story='{story['id']}']")
        _ends(page)
        page.wait_for_timeout(1000.0 * LOOKS)
        _takes_home(page)
        _changes(page)
    page.click("[data-view=plan]")
    page.click(".plan-form button[type=submit]")
    page.locator(".answer-number strong").first.wait_for(timeout=1000.0 * LONGEST)
    page.click("[data-view=studies]")
    page.locator(".cell").nth(3).click()
    page.locator(".map-cell pre").wait_for()
    page.context.close()
    return len(started)


def _takes_home(page: Page) -> None:
    for name in ("Numbers (CSV)", "Figure (PNG)", "Figure (SVG)"):
        with page.expect_download(timeout=1000.0 * LONGEST) as download:
            page.click("#exports > summary")
            page.click(f"#export-items button:has-text('{name}')")
        download.value.delete()


def _changes(page: Page) -> None:
    """Change shares, truth and N by the keyboard; the next story comes in the middle of the last run."""
    for place, key in (
        (".triangle-point", "ArrowUp"),
        (".truth-svg .dot", "ArrowRight"),
        ("#size input[type=range]", "ArrowRight"),
    ):
        if page.locator(place).count() == 0:  # a truth of categories has no dots
            continue
        page.locator(place).first.focus()
        page.keyboard.press(key)
        page.wait_for_timeout(400.0)
        if not place.startswith("#size"):
            _ends(page)


def _ends(page: Page) -> None:
    """Wait until what is computed, or will be in a moment, has ended."""
    page.wait_for_timeout(200.0)
    until = time.monotonic() + LONGEST
    while page.evaluate("document.body.classList.contains('computing')"):
        if time.monotonic() > until:
            raise RuntimeError(f"a run goes on for {LONGEST:.0f} s: {page.url}")
        page.wait_for_timeout(50.0)


def main() -> None:
    """Go on for an hour, and print the memory every five minutes, then the slope."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        study = Path(folder) / "study.zarr"
        mc.sweep(STUDY, study, workers=1)
        server = serve(study)
        try:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            _hour(browser, server, minutes)
            browser.close()
        finally:
            server.kill()


def _hour(browser: Browser, server: Server, minutes: float) -> None:
    began, rounds, runs, said, passed = time.monotonic(), 0, 0, 0.0, 0.0
    looks = list[tuple[float, float]]()
    while passed < minutes or len(looks) < 4:
        runs, rounds = runs + visit(browser, server), rounds + 1
        passed = (time.monotonic() - began) / 60.0
        looks.append((passed, memory(server.process.pid, "VmRSS")))
        if passed >= said:
            print(f"{passed:5.1f} min: {looks[-1][1]:.0f} MB, {rounds} rounds, {runs} runs", flush=True)
            said += 5.0
    print(f"{memory(server.process.pid):.0f} MB at most, at any moment; {_slope(looks)}")


def _slope(looks: list[tuple[float, float]]) -> str:
    """By how much memory grew after the first minutes; the standard error takes looks for independent."""
    first = min(WARM, looks[-1][0] / 2.0)
    times, sizes = np.array([look for look in looks if look[0] >= first] if len(looks) > 8 else looks).T
    (slope, _), covariance = np.polyfit(times, sizes, 1, cov=True)
    error = float(np.sqrt(covariance[0, 0]))
    return f"after {times[0]:.0f} minutes it grows by {60 * slope:+.1f} +- {60 * error:.1f} MB an hour"


if __name__ == "__main__":
    main()
