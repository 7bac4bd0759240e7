"""HTML by construction: what is not `Markup` is text, and is escaped where it enters a page."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import TypeAlias

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""What a browser may do with a report: show its own style and pictures that lie in it, nothing else."""
VOID = ("meta",)


class Markup(str):
    """HTML that was made here; nothing else may be put into a page as it is."""

    __slots__ = ()


Child: TypeAlias = str | Iterable[str]


def element(name: str, /, *children: Child, **attributes: str) -> Markup:
    """An element. Children that are no `Markup` are text, and are escaped; so are attributes."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(v)}"' for key, v in attributes.items())
    inner = "".join(map(inside, children))
    return Markup(f"<{name}{said}>" if name in VOID else f"<{name}{said}>{inner}</{name}>")


def inside(child: Child) -> Markup:
    """What stands in an element: `Markup` as it is, text escaped, several one after the other."""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return Markup(escape(child))
    return Markup("".join(map(inside, child)))


def paragraphs(text: str) -> list[Markup]:
    """Lines of a text, a paragraph each."""
    return [element("p", line) for line in text.splitlines() if line.strip()]


def section(anchor: str, title: str, *children: Child) -> Markup:
    """A part of the page under a heading."""
    return element("section", element("h2", title), *children, id=anchor, aria_label=title)


def table(
    rows: Sequence[Sequence[Child]], name: str, texts: Iterable[int] = (0,), more: Child = ""
) -> Markup:
    """A table under its name, heads first; a row of one cell is a heading of those below it.

    ``texts`` are the columns of words, all others hold numbers. ``more`` is said beside the name. It
    scrolls by itself where it is wider than the page.
    """
    kinds = ["words" if i in set(texts) else "number" for i in range(len(rows[0]))]
    heads = [element("th", one, scope="col", class_=kind) for one, kind in zip(rows[0], kinds, strict=True)]
    body = [element("tr", _row(row, kinds)) for row in rows[1:]]
    inner = element("table", element("thead", element("tr", heads)), element("tbody", body))
    title = element("p", element("b", f"{name}. "), more, class_="caption")
    return element("div", title, wide(inner, name), class_="table")


def _row(row: Sequence[Child], kinds: Sequence[str]) -> list[Markup]:
    if len(row) == 1:
        return [element("th", row[0], scope="rowgroup", colspan=str(len(kinds)), class_="group")]
    first = element("th", row[0], scope="row", class_=kinds[0])
    return [first, *(element("td", one, class_=kind) for one, kind in zip(row[1:], kinds[1:], strict=True))]


def wide(child: Markup, name: str) -> Markup:
    """A box that scrolls, with the keyboard, too, where what is in it is wider than the page."""
    return element("div", child, class_="wide", tabindex="0", role="region", aria_label=name)


def terms(pairs: Iterable[tuple[Child, Child]], **attributes: str) -> Markup:
    """Names, each with what is said of it."""
    rows = [element("div", element("dt", name), element("dd", said)) for name, said in pairs]
    return element("dl", rows, **attributes)


def code(text: str) -> Markup:
    """Text as it is typed."""
    return element("pre", element("code", text), tabindex="0")


def document(
    kind: str, title: str, subtitle: str, body: Iterable[Markup], contents: Iterable[tuple[str, str]]
) -> str:
    """The whole file."""
    links = [element("a", name, href=f"#{anchor}") for anchor, name in contents]
    style = files("modelcollapse.report").joinpath("report.css").read_text(encoding="utf-8")
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} – modelcollapse"),
        element("style", Markup(style)),
    ]
    words = [element("p", kind, class_="kind"), element("h1", title), element("p", subtitle, class_="sizes")]
    header = element("header", words)
    nav = element("nav", links, aria_label="Contents")
    page = element("html", element("head", head), element("body", header, nav, element("main", body)),
                   lang="en")  # fmt: skip
    return f"<!DOCTYPE html>\n{page}\n"
