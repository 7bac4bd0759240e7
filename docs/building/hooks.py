"""What makes a site of the documents: files that stand elsewhere, links to them, pages made from the code.

MkDocs calls the functions whose names begin with ``on_``. A page may hold three kinds of marks, each on
a line of its own:

    <!-- include: PATH -->      a Markdown file of the repository, its links bent to where they lead from here
    <!-- text: PATH -->         any other text file, as it is
    <!-- made: NAME -->         what a function of `MADE` gives

Links to files of the repository that are no pages lead to copies in the site; a text file's is a page.
"""

import posixpath
import re
from pathlib import Path

from commands import commands
from figures import checks
from laws import laws
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from stories import stories

ROOT = Path(__file__).parents[2]
LOG = get_plugin_logger("modelcollapse")
MADE = {"laws": laws, "commands": commands, "checks": checks, "stories": stories}
HOMES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "verification/README.md": "verification.md",
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/results/benchmark.md": "benchmarks.md",
    "book/index.md": "book.md",
    "book/table.md": "book.md",
}
"""Files of the repository that stand in a page of the site."""
PICTURES = (".png", ".svg", ".jpg")
LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".yml": "yaml"}
MARK = re.compile(r"^<!-- (include|text|made): (\S+) -->$", re.MULTILINE)
LINK = re.compile(r"(\]\()([^)\s:#]+)(#[^)\s]*)?(\))")
FENCE = re.compile(r"(^```[\s\S]*?^```|(?:(?<=\n\n)|\A)(?:    [^\n]*\n|\n(?=    ))+|`[^`\n]+`)", re.MULTILINE)
"""What is code: fenced, indented, or within a line."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file of the repository that a page links to, and its pictures."""
    for target in sorted(_wanted()):
        files.append(_copy(target, config))
    style = (ROOT / "docs" / "building" / "site.css").read_text()
    files.append(File.generated(config, "site.css", content=style))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what marks ask for, and bend links to where files lie in the site."""
    uri = page.file.src_uri
    if uri.startswith("files/"):
        return markdown
    return MARK.sub(lambda mark: _put(mark, uri), _bent(markdown, f"docs/{uri}", uri))


def _put(mark: re.Match[str], uri: str) -> str:
    what, name = mark.groups()
    if what == "made":
        return MADE[name]()
    text = (ROOT / name).read_text()
    if what == "text":
        return f"```text\n{text.rstrip()}\n```"
    return _bent(_lowered(text), name, uri)


def _lowered(text: str) -> str:
    """A file that stands in a page: its title goes, for the page has one."""
    return re.sub(r"\A# .*\n+", "", text)


def _bent(text: str, source: str, uri: str) -> str:
    """Links as they lead from a page of the site; what is code is left alone."""
    parts = FENCE.split(text)
    return "".join(
        part if i % 2 else LINK.sub(lambda link: _leading(link, source, uri), part)
        for i, part in enumerate(parts)
    )


def _leading(link: re.Match[str], source: str, uri: str) -> str:
    before, target, anchor, after = link.groups()
    place = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    found = where(place)
    if not found:
        LOG.warning("%s links to %s, which is not there", source, target)
        return link.group()
    return f"{before}{posixpath.relpath(found, posixpath.dirname(uri) or '.')}{anchor or ''}{after}"


def where(place: str) -> str:
    """Where a file of the repository lies in the site; empty where there is none."""
    if place in HOMES:
        return HOMES[place]
    if place.startswith("docs/"):
        return place.removeprefix("docs/")
    if not (ROOT / place).is_file():
        return ""
    return f"files/{place}" if Path(place).suffix in (*PICTURES, ".ipynb") else f"files/{place}.md"


def _wanted() -> set[str]:
    """Files of the repository, outside ``docs``, that pages and what stands in them link to."""
    pages = sorted((ROOT / "docs").glob("*.md"))
    included = [
        ROOT / name for page in pages for what, name in MARK.findall(page.read_text()) if what == "include"
    ]
    found = set()
    for page in (*pages, *included):
        source = page.relative_to(ROOT).as_posix()
        for _, target, _, _ in LINK.findall(page.read_text()):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
            if where(place).startswith("files/"):
                found.add(place)
    return found


def _copy(place: str, config: MkDocsConfig) -> File:
    """A file as it is; of text a page that shows it."""
    uri, path = where(place), ROOT / place
    if not uri.endswith(".md"):
        return File.generated(config, uri, abs_src_path=str(path))
    language = LANGUAGES.get(path.suffix, "text")
    head, fence = "---\nsearch:\n  exclude: true\n---\n", "`" * 5
    text = f"{head}# {place}\n\n{fence}{language}\n{path.read_text()}\n{fence}\n"
    return File.generated(config, uri, content=text)
