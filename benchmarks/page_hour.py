"""An hour of one reader at the page, and how much memory the server holds meanwhile.

    .venv/bin/python -m benchmarks.page_hour [minutes]

The reader goes from story to story, changes N and the three shares, drags the truth, plans, looks at a study,
exports, and leaves runs before their end; again and again. Each round is in a tab of its own.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import modelcollapse as mc
from benchmarks.page import FLAGS, Server, chromium, opened, serve

MINUTES = 60.0
LOOKS = 4.0
"""Seconds that the reader looks at what a run has come to."""
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


def held(process: int) -> float:
    """A process's resident memory now, MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the server has ended")


def visit(browser: Browser, server: Server) -> int:
    """One round of a reader; how many runs it started."""
    page = opened(browser, server.link)
    runs = 0
    for story in server.about["stories"]:
        page.click(f"[data-story='{story['id']}']")
        _ends(page)
        page.evaluate("document.querySelector('#to-last').click()")
        page.wait_for_timeout(1000.0 * LOOKS)
        runs += 1 + _changes(page)
    page.click("[data-view=plan]")
    page.wait_for_timeout(500)
    page.click("[data-view=studies]")
    page.locator(".cell").nth(3).click()
    page.locator(".map-cell pre").wait_for()
    page.context.close()
    return runs


def _changes(page: Page) -> int:
    """Change the shares and N by the keyboard, let one run end, and leave another; how many runs."""
    for key in ("ArrowUp", "ArrowUp", "ArrowRight"):
        page.locator(".triangle-point").focus()
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    _ends(page)
    page.locator("#size input[type=range]").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)  # and the next story comes in the middle of it
    return 4


def _ends(page: Page) -> None:
    until = time.monotonic() + 60.0
    page.wait_for_timeout(100)
    while page.evaluate("document.body.classList.contains('computing')") and time.monotonic() < until:
        page.wait_for_timeout(50)


def main() -> None:
    """Go on for an hour, and print the memory every five minutes, then the slope."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        study = Path(folder) / "study.zarr"
        mc.sweep(STUDY, study, workers=1)
        server = serve(study)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        began, rounds, runs = time.monotonic(), 0, 0
        looks = list[tuple[float, float]]()
        said = 0.0
        while (passed := (time.monotonic() - began) / 60.0) < minutes:
            runs, rounds = runs + visit(browser, server), rounds + 1
            looks.append((passed, held(server.process.pid)))
            if passed >= said:
                print(f"{passed:5.1f} min: {looks[-1][1]:.0f} MB, {rounds} rounds, {runs} runs", flush=True)
                said += 5.0
        browser.close()
        server.kill()
    print(_slope(looks))


def _slope(looks: list[tuple[float, float]]) -> str:
    """What the looks say: the largest, and the growth after the first minutes, with its standard error."""
    times, sizes = np.array([look for look in looks if look[0] >= min(WARM, looks[-1][0] / 2)]).T
    slope, covariance = np.polyfit(times, sizes, 1, cov=True)
    return (
        f"{max(size for _, size in looks):.0f} MB at most; after {times[0]:.0f} minutes it grows by "
        f"{60 * slope[0]:+.1f} +- {60 * np.sqrt(covariance[0, 0]):.1f} MB an hour"
    )


if __name__ == "__main__":
    main()
