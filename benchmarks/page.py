"""The page as its readers meet it: time to the first picture, and pictures a second while a run streams in.

    .venv/bin/python -m benchmarks.page

Chromium draws without a graphics card here, and shares the processor with the server: on a desktop it is
faster. A picture is a call of ``requestAnimationFrame``, which the browser makes 60 times a second at most.
"""

import json
import os
import shutil
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser.serving import Server, serve

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
STREAM = {
    "n_samples": 20_000,
    "generations": 2_000,
    "replicates": 8,
    "engine": "exact",
    "truth": {"family": "mixture", "weights": [0.5, 0.5], "means": [-2.0, 2.0], "stds": [1.0, 1.0]},
    "learner": {"family": "mixture", "components": 2},
    "workflow": {"kind": "mix", "real": 0.0},
}
COUNT = """() => {
    window.__pictures = [];
    const count = (now) => {
        if (document.body.classList.contains('computing')) window.__pictures.push(now);
        requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
}"""


def chromium() -> str | None:
    """Where the system's Chromium is; None for Playwright's own."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def opened(browser: Browser, link: str) -> Page:
    """A reader's page."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(f"({COUNT})()")
    page.goto(link)
    return page


def first_picture(page: Page) -> float:
    """Milliseconds from opening to the first picture."""
    marks = "performance.getEntriesByName('first-picture').map((e) => e.startTime)"
    while not page.evaluate(marks):
        page.wait_for_timeout(20)
    return float(page.evaluate(marks)[0])


def measured(browser: Browser, server: Server, readers: int) -> dict[str, Any]:
    """All readers at once."""
    link = f"{server.link}&recipe={quote(json.dumps(STREAM), safe='')}"
    pages = [opened(browser, link) for _ in range(readers)]
    first = [first_picture(page) for page in pages]
    for page in pages:
        while page.evaluate("document.body.classList.contains('computing')"):
            page.wait_for_timeout(50)
    times = [page.evaluate("window.__pictures") for page in pages]
    for page in pages:
        page.context.close()
    gaps = sorted(b - a for one in times for a, b in pairwise(one))
    seconds = [(one[-1] - one[0]) / 1000 for one in times]
    return {
        "readers": readers,
        "first": max(first),
        "pictures": min(len(one) / span for one, span in zip(times, seconds, strict=True)),
        "slow": gaps[int(0.99 * len(gaps))],
        "generations": STREAM["generations"] / (sum(seconds) / len(seconds)),
        "memory": memory(server.process.pid),
    }


def memory(process: int, what: str = "VmHWM") -> float:
    """A process's resident memory, MB: the largest so far, or (``VmRSS``) now."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Measure with one reader and with five."""
    server = serve()
    print(f"{os.cpu_count()} processors, load before {os.getloadavg()[0]:.1f}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        warm = opened(browser, server.link)
        print(f"first story, first reader: first picture after {first_picture(warm):.0f} ms")
        time.sleep(3)
        warm.context.close()
        story = opened(browser, server.link)
        print(f"first story, next reader:  first picture after {first_picture(story):.0f} ms")
        time.sleep(3)
        story.context.close()
        five = [opened(browser, server.link) for _ in range(5)]
        firsts = sorted(first_picture(page) for page in five)
        told = ", ".join(f"{first:.0f}" for first in firsts)
        print(f"first story, five readers at once (two runs at a time): {told} ms")
        for page in five:
            page.context.close()
        time.sleep(2)
        print(
            "| readers | first picture, ms | pictures a second | 99 % within, ms | generations a second "
            "| server, MB |"
        )
        print("|---|---|---|---|---|---|")
        for readers in (1, 5):
            one = measured(browser, server, readers)
            print(
                f"| {readers} | {one['first']:.0f} | {one['pictures']:.0f} | {one['slow']:.0f} "
                f"| {one['generations']:.0f} | {one['memory']:.0f} |"
            )
        browser.close()
    server.kill()


if __name__ == "__main__":
    main()
