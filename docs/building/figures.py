"""The verification's checks as a table, from the numbers that were stored with them."""

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = "verification/results/checks-2.json"


def checks() -> str:
    """A row a law: how many checks and statements, the largest z, the smallest defect that was seen."""
    found = json.loads((ROOT / RESULTS).read_text())
    laws: dict[tuple[str, str], list[dict]] = {}
    for check in found["checks"]:
        laws.setdefault((check["law"], check["source"]), []).append(check)
    versions = ", ".join(f"{name} {found[name]}" for name in ("modelcollapse", "numpy", "scipy", "numba"))
    title = f"{found['date']}, {versions}, seed {found['seed']}: {len(found['checks'])} checks."
    heads = ["law", "source", "checks", "statements", "largest z", "sees", "holds"]
    lines = [title, "", f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(_row(*law, rows))} |" for law, rows in laws.items())])


def _row(law: str, source: str, rows: list[dict]) -> Iterator[str]:
    statements = [statement for check in rows for statement in check["statements"]]
    z = [abs(s["z"]) for s in statements if s["kind"] == "equal" and s["z"] is not None]
    sees = [s["sees"] for s in statements if s["sees"] is not None]
    yield from (_plain(law), _plain(source), str(len(rows)), str(len(statements)))
    yield f"{max(z):.2f}" if z else "-"
    yield f"{min(sees):.2g} to {max(sees):.2g}" if sees else "-"
    yield "yes" if all(s["holds"] for s in statements) else "**no**"


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    text = escape(text, quote=False)
    for character in "|*_[]":
        text = text.replace(character, f"&#{ord(character)};")
    return text
