"""The documents as a site: built without a warning, from this repository alone, and its links lead on."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import modelcollapse as mc
from modelcollapse import theory

pytest.importorskip("mkdocs", reason="the site needs mkdocs: pip install -e '.[docs]'")
pytest.importorskip("mkdocstrings", reason="the site needs mkdocstrings: pip install -e '.[docs]'")
pytest.importorskip("material", reason="the site needs mkdocs-material: pip install -e '.[docs]'")

ROOT = Path(__file__).parents[2]
BUILDING = ROOT / "docs" / "building"


class Links(HTMLParser):
    """What a page points to, what it loads, and the places in it that others can point to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.places = [], [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") not in ("canonical", "next", "prev"):
            self.loads.append(found.get("href", ""))
        elif found.get("src"):
            self.loads.append(found["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_every_link_leads_to_a_file_and_a_place_in_it(site, pages):
    for path, page in pages.items():
        if path.name == "404.html":  # it may be shown anywhere, so its links begin at the root
            continue
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "data", "javascript") or link.startswith("//"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file() or (target / "index.html").is_file(), f"{path.relative_to(site)}: {link}"
            if parts.fragment and target in pages and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[target].places, f"{path.relative_to(site)}: {link}"


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for path, page in pages.items():
        assert not [load for load in page.loads if re.match(r"(https?:)?//", load)], path
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", path.read_text(encoding="utf-8")), path


def test_files_that_pages_link_to_are_in_the_site(site):
    page = (site / "files/src/modelcollapse/families/base.py.html").read_text(encoding="utf-8")
    assert "class Learner" in re.sub(r"<[^>]*>", "", page)
    assert (site / "files/book/figures/one_gaussian-refits.svg").is_file()


def test_the_python_page_has_every_public_name(pages, site):
    places = pages[site / "python.html"].places
    for name in set(mc.__all__) - {"__version__"}:
        assert f"modelcollapse.{name}" in places, name


def test_the_page_of_laws_has_every_law_and_derivation(pages, site, monkeypatch):
    monkeypatch.syspath_prepend(BUILDING)
    import laws

    text = (site / "laws.html").read_text(encoding="utf-8")
    sections = [module.__name__ for _, module in laws.SECTIONS]
    for law in theory.LAWS:
        assert law.__module__ in sections
        assert laws.found_by(law), f"no example has {law.__name__}"
    for name in set(theory.__all__) - {"LAWS", "Expectation", "expectations"}:
        assert any(place.endswith(f".{name}") for place in pages[site / "laws.html"].places), name
    for source in ("arXiv 2310.00429", "arXiv 2410.16713", "arXiv 2412.17646", "Wright 1931", "Wishart"):
        assert source in text


def test_the_page_of_commands_has_every_command(pages, site):
    import typer

    from modelcollapse.cli import app

    text = (site / "commands.html").read_text(encoding="utf-8")
    for name, command in typer.main.get_command(app).commands.items():
        assert f"modelcollapse-{name}" in pages[site / "commands.html"].places
        for parameter in command.params:
            assert all(option in text for option in parameter.opts if option.startswith("--"))


def test_tables_come_from_the_files_of_results(site):
    import json

    found = json.loads((ROOT / "verification/results/checks-2.json").read_text())
    text = (site / "verification.html").read_text(encoding="utf-8")
    assert f"seed {found['seed']}: {len(found['checks'])} checks" in text
    assert "| modelcollapse, exact |" not in (site / "benchmarks.html").read_text()  # a table, no text
    assert "modelcollapse, exact" in (site / "benchmarks.html").read_text()


def test_the_citation_names_this_version():
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == mc.__version__
    assert {"message", "title", "authors", "license"} <= set(cited)
