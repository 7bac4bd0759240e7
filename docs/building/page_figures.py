"""Pictures of the page: each story, light and dark, wide and narrow; the planner, and a study.

    .venv/bin/python docs/building/page_figures.py          # `make page-figures`; about five minutes

They are looked at before they are committed.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from browser.serving import Server, serve  # noqa: E402

FOLDER = ROOT / "docs" / "figures" / "page"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
COLOURS = 256
"""Colours that a picture keeps: it is a quarter as large then, and looks the same."""
AT = {"blog": 420, "rare-word": 40}
"""Generations at which a story is shown, where not at its end."""
STUDY = """
n_samples = 200
generations = 200
replicates = 40
engine = "grouped"
save = "log"
[truth]
family = "gaussian"
mean = 0.0
std = 1.0
[learner]
family = "gaussian"
[sweep]
mix = {simplex = 0.05}
"""


def picture(page: Page, name: str) -> None:
    """Save what is there, with few colours."""
    page.wait_for_timeout(900)
    taken = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    few = taken.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)
    print(name, flush=True)


def until(page: Page, what: str) -> None:
    """Wait until this is true in the page."""
    while not page.evaluate(what):
        page.wait_for_timeout(50)


def opened(browser: Browser, link: str, theme: str, width: int, height: int) -> Page:
    """A page of this size, at a link."""
    options: Any = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
    page = browser.new_context(**options).new_page()
    page.goto(link)
    return page


def story(browser: Browser, server: Server, name: str, theme: str, width: int = 1280) -> None:
    """One story, when all of it has arrived."""
    at = {"at": str(AT[name])} if name in AT else {}
    page = opened(browser, server.link_to(story=name, **at), theme, width, 1000 if width > 600 else 740)
    until(page, "document.querySelector('#after').childElementCount > 0")
    if not at:
        page.evaluate("document.querySelector('#to-last').click()")  # disabled at the end
    picture(page, f"{name}-{theme}" + ("-narrow" if width < 600 else ""))
    page.context.close()


def planner(browser: Browser, server: Server, theme: str) -> None:
    """The planner, with answers."""
    plan = {"n_samples": 1000, "generations": 100, "questions": ["mean", "late"]}
    page = opened(browser, server.link_to(story="one-path", view="plan", plan=plan), theme, 1280, 900)
    page.click(".plan-form button[type=submit]")
    until(page, "document.querySelectorAll('.answer').length >= 2")
    picture(page, f"planner-{theme}")
    page.context.close()


def study(browser: Browser, theme: str, folder: Path) -> None:
    """A study's map, and a cell."""
    server = serve(folder)
    page = opened(browser, server.link_to(view="studies"), theme, 1280, 900)
    page.wait_for_selector(".cell")
    page.locator(".cell").nth(52).hover()
    page.locator(".cell").nth(52).click()
    page.wait_for_selector(".map-cell pre")
    picture(page, f"study-{theme}")
    page.context.close()
    server.kill()


def main() -> None:
    """All of them, or those whose names are given."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = serve()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        wanted = sys.argv[1:]
        for name in [one["id"] for one in server.about["stories"]]:
            if wanted and name not in wanted:
                continue
            for theme in ("light", "dark"):
                story(browser, server, name, theme)
                story(browser, server, name, theme, 360)
        if not wanted or "planner" in wanted:
            planner(browser, server, "light")
            planner(browser, server, "dark")
        if not wanted or "study" in wanted:
            recipe = Path(scratch) / "study.toml"
            recipe.write_text(STUDY)
            folder = Path(scratch) / "study.zarr"
            command = [sys.executable, "-m", "modelcollapse", "sweep", str(recipe), "--out", str(folder)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            study(browser, "light", folder)
            study(browser, "dark", folder)
        browser.close()
    server.kill()


if __name__ == "__main__":
    main()
