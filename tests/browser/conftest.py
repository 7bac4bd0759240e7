"""A real server, and a real Chromium that looks at it. Without one of the two the tests are skipped."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from browser.serving import SMALL, Server, serve

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 30_000
"""Milliseconds until a step of a test is given up: a busy computer compiles for a while."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests of a worker."""
    pytest.importorskip("uvicorn", reason="the page needs modelcollapse[app]")
    one = serve()
    yield one
    one.process.send_signal(signal.SIGINT)
    try:
        one.process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        one.kill()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, or a skip that says how to get it."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install modelcollapse[dev]"
    )
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and all that went wrong in it."""

    page: Any
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the page's own."""
        return getattr(self.page, name)

    def open(self, link: str) -> None:
        """Go to a link, as in a new tab, and wait for the first picture."""
        self.page.goto("about:blank")
        self.page.goto(link)
        self.until("performance.getEntriesByName('first-picture').length > 0")

    def until(self, what: str, argument: Any = None) -> None:
        """Wait until this is true in the page.

        Playwright's own ``wait_for_function`` evaluates text within the page, which its policy forbids.
        """
        end = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(what, argument):
            assert time.monotonic() < end, f"never: {what}"
            self.page.wait_for_timeout(30)

    def until_end(self) -> None:
        """Wait until what is computed has ended."""
        self.page.wait_for_selector("body:not(.computing)", state="attached")
        self.until("document.querySelector('#after').childElementCount > 0")

    def text(self, selector: str) -> str:
        """The text of an element."""
        return str(self.page.locator(selector).first.text_content())

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe in the link."""
        found = self.page.evaluate("new URLSearchParams(location.hash.slice(1)).get('recipe')")
        return json.loads(found) if found else {}


@pytest.fixture
def visit(chromium) -> Iterator[Any]:
    """Make pages: ``visit(width=..., height=..., refusals=False, **options of a context)``.

    After the test their consoles must be free of errors; of answers that are refusals, too, which
    Chromium tells there, unless ``refusals`` is true.
    """
    contexts, watched = [], []

    def make(width: int = 1280, height: int = 900, refusals: bool = False, **options: Any) -> Watched:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return again(context, refusals)

    def again(context: Any, refusals: bool = False) -> Watched:
        page = context.new_page()
        one = Watched(page)
        watched.append(one)

        def logged(message: Any) -> None:
            refusal = "Failed to load resource" in message.text
            if message.type in ("error", "warning") and not (refusal and refusals):
                one.errors.append(message.text)

        def asked(dialog: Any) -> None:
            one.dialogs.append(dialog.message)
            dialog.dismiss()

        def requested(request: Any) -> None:
            if not re.match(r"(http://127\.0\.0\.1:\d+/|about:|blob:)", request.url):
                one.foreign.append(request.url)

        page.on("console", logged)
        page.on("pageerror", lambda error: one.errors.append(str(error.stack or error)))
        page.on("dialog", asked)
        page.on("request", requested)
        return one

    make.again = again  # type: ignore[attr-defined]
    yield make
    for one in watched:
        assert one.errors == []
        assert one.dialogs == []
        assert one.foreign == []
    for context in contexts:
        context.close()


@pytest.fixture
def small(server) -> dict[str, Any]:
    """The default recipe, made small."""
    return {**server.about["default"], **SMALL}
