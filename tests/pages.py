"""The code in the documents: blocks of a page, and commands in them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)((?:    [^\n]*\n|\n(?=    ))+)")
COMMAND = re.compile(
    r"(\.venv/bin/\S+|modelcollapse|python3?|pip|make|kubectl|source|git|mkdocs|pytest|jupyter) "
)


@dataclass(frozen=True)
class Block:
    """Code in a page: its language (indented blocks have none), its text, and the paragraph before it."""

    language: str
    text: str
    before: str


@dataclass(frozen=True)
class Command:
    """A line that a reader would type: its words, where its output goes, and what the page says of it."""

    words: list[str]
    into: str
    line: str
    before: str

    @property
    def program(self):
        return self.words[0].removeprefix(".venv/bin/")


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = [(m.start(), m.end(), *m.groups()) for m in FENCE.finditer(text)]
    outside = FENCE.sub(lambda m: re.sub(r"[^\n]", "x", m.group()), text)
    for m in INDENTED.finditer(outside):
        code = re.sub(r"^    ", "", m.group(1), flags=re.MULTILINE)
        found.append((m.start(), m.end(), "", code))
    return [
        Block(language, code, text[: max(start - 2, 0)].rpartition("\n\n")[2])
        for start, _, language, code in sorted(found)
    ]


def is_toml(block: Block) -> bool:
    """A recipe, or a part of one."""
    return block.language == "toml" or (not block.language and re.match(r"\[\w+\]\n", block.text) is not None)


def commands(page: Path) -> list[Command]:
    """All commands of a page's blocks, in order; what stands in square brackets may be left out, and is."""
    found = []
    for block in blocks(page):
        if block.language in ("python", "toml") or is_toml(block):
            continue
        text = re.sub(r"\\\n\s*", "", block.text)
        for line in filter(COMMAND.match, text.splitlines()):
            for part in re.sub(r" \[-[^\]]*\]", "", line).split(" && "):
                words = shlex.split(part, comments=True)
                into = words[words.index(">") + 1] if ">" in words else ""
                words = words[: words.index(">")] if into else words
                found.append(Command(words, into, line, block.before))
    return found
