"""What every figure is made of, and the page they are put on.

A script of the book has

    SOURCE      where the figure was published, in one line; the first line of its docstring says the same
    TITLE       what the figure is, in one line
    PAPER, HERE what was run there, and what is run here
    CAPTION     what is to be seen
    compute()   all numbers, from seed `SEED`
    draw(figure, data)
    rows(data)  what was published beside what was found

with its sizes as constants at the top.
"""

import datetime
import importlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import modelcollapse as mc
from book import CONTENTS

HERE = Path(__file__).parent
SEED = 0
PARTS = ("SOURCE", "TITLE", "PAPER", "HERE", "CAPTION", "compute", "draw", "rows")


@dataclass(frozen=True)
class Row:
    """A number that was published, or that a law gives, beside the one found here.

    Attributes
    ----------
    what
        Which number.
    here, error
        What was found, and its standard error (None: it has none, or it says nothing).
    published, published_error
        What was published, and its standard error where that can be told (None: it cannot).
    law
        What a law gives.
    about
        Whether it gives that only about, so that there is no z.
    note
        How the published number was read, or which law it is.
    """

    what: str
    here: float
    error: float | None = None
    published: float | None = None
    published_error: float | None = None
    law: float | None = None
    about: bool = False
    note: str = ""

    @property
    def z_published(self) -> float | None:
        """(here - published) in standard errors of the difference."""
        if self.published is None or self.published_error is None or not self.error:
            return None
        return (self.here - self.published) / float(np.hypot(self.error, self.published_error))

    @property
    def z_law(self) -> float | None:
        """(here - law) in standard errors."""
        return (
            None if self.law is None or self.about or not self.error else (self.here - self.law) / self.error
        )

    def line(self, name: str) -> str:
        """The row of a table in Markdown."""
        law = ("about " if self.about else "") + number(self.law)
        found = with_error(self.here, self.error)
        z = signed(self.z_published), signed(self.z_law)
        cells = (name, self.what, number(self.published), law, found, *z, self.note)
        return "| " + " | ".join(cells) + " |"


HEAD = (
    "| figure | what | published | law | here | z of the published | z of the law | |\n"
    "|---|---|---|---|---|---|---|---|"
)


def number(value: float | None, digits: int = 6) -> str:
    """Print six digits at most; nothing where nothing is known, and NaN as none."""
    if value is None:
        return ""
    if np.isnan(value):
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:.{digits}g}"


def signed(value: float | None) -> str:
    """Print a z value."""
    return "" if value is None else f"{value:+.1f}".replace("-", "−")


def with_error(value: float, error: float | None) -> str:
    """Print a number to the second digit of its error."""
    if not error or not np.isfinite(error):
        return number(value)
    places = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:,.{places}f} ± {error:,.{places}f}"


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean over the first axis, replicates, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def names() -> list[str]:
    """All figures, in the order of the page."""
    return [f"{folder}/{figure}" for folder, (_, figures) in CONTENTS.items() for figure in figures]


def script(name: str) -> ModuleType:
    """The script of a figure."""
    return importlib.import_module("book." + name.replace("/", "."))


def picture(made: ModuleType, data: object) -> Figure:
    """Draw a figure on an empty canvas."""
    with matplotlib.rc_context({"svg.hashsalt": "book", "font.size": 8.0, "axes.titlesize": 8.0}):
        figure = Figure(figsize=(7.4, 3.0), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        made.draw(figure, data)
    return figure


def build(name: str, out: Path, say: Callable[[str], None], png: Path | None = None) -> tuple[str, list[str]]:
    """Make one figure: its section of the page, and its rows of the table."""
    made, begun = script(name), time.perf_counter()
    say(f"{name}: {made.TITLE} ...")
    data = made.compute()
    figure = picture(made, data)
    file = out / "figures" / (name.replace("/", "-") + ".svg")
    file.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "book"}):
        figure.savefig(file, metadata={"Date": None}, dpi=200)
    if png is not None:
        figure.savefig(png / (file.stem + ".png"), dpi=130)
    rows = [row.line(name) for row in made.rows(data)]
    seconds = time.perf_counter() - begun
    say(f"{name}: {seconds:.1f} s")
    return section(name, made, seconds), rows


def section(name: str, made: ModuleType, seconds: float) -> str:
    """What the page says of one figure."""
    code = f"[{name}.py]({name}.py)"
    stamp = f"{datetime.date.today()}; {versions()}; seed {SEED}; {seconds:.0f} s; {code}"
    return "\n\n".join(
        (
            f"### {made.TITLE}",
            f"![{made.TITLE}](figures/{name.replace('/', '-')}.svg)",
            made.CAPTION,
            f"Source: {made.SOURCE}. There: {made.PAPER}. Here: {made.HERE}.",
            f"<sub>{stamp}</sub>",
        )
    )


def versions() -> str:
    """What the numbers depend on."""
    return f"modelcollapse {mc.__version__}, numpy {np.__version__}, matplotlib {matplotlib.__version__}"


def write(out: Path, built: dict[str, tuple[str, list[str]]]) -> None:
    """Write page and table; what was not built now stays as it is there."""
    sections, rows = read(out)
    sections |= {name: text for name, (text, _) in built.items()}
    rows |= {name: lines for name, (_, lines) in built.items()}
    table = [HEAD, *(line for name in names() for line in rows.get(name, []))]
    (out / "table.md").write_text(TABLE + "\n".join(table) + "\n")
    page = [INTRODUCTION]
    for folder, (question, figures) in CONTENTS.items():
        page.append(f"## {question}")
        for figure in figures:
            name = f"{folder}/{figure}"
            if name in sections:
                page.append(f"<!-- {name} -->\n{sections[name]}\n<!-- end -->")
    page.append(TABLE.replace("# ", "## ", 1) + "\n".join(table))
    (out / "index.md").write_text("\n\n".join(page) + "\n")


def read(out: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Sections and rows of the page that is there."""
    sections, rows = dict[str, str](), dict[str, list[str]]()
    if (out / "index.md").exists():
        for part in (out / "index.md").read_text().split("<!-- ")[1:]:
            name, _, text = part.partition(" -->\n")
            if name in names():
                sections[name] = text.rstrip("\n")
    if (out / "table.md").exists():
        for line in (out / "table.md").read_text().splitlines():
            rows.setdefault(line.split("|")[1].strip() if line.startswith("| ") else "", []).append(line)
    return sections, rows


def chosen(asked: Iterable[str]) -> list[str]:
    """The figures that were asked for, by name or by folder; all if none was named."""
    wanted = list(asked)
    unknown = [w for w in wanted if not any(_is(name, w) for name in names())]
    if unknown:
        raise SystemExit(f"no such figure: {', '.join(unknown)}; there are {', '.join(names())}")
    return [name for name in names() if not wanted or any(_is(name, w) for w in wanted)]


def _is(name: str, wanted: str) -> bool:
    return name == wanted or name.startswith(wanted.rstrip("/") + "/")


INTRODUCTION = """# Published figures, made again

Every figure here is made by one short script, from the recipe that was published or as near to it
as the script says. `make book` builds them all, `python -m book one_gaussian/refits blog` some. At
the end of the page stands what was published beside what was found ([the table alone](table.md)).

Thin black lines are laws, coloured ones simulations; bands hold 80 % of the replicates, from the 10
% to the 90 % quantile. Generation 1 is the first fit, on real data; papers that count from 0 are
one behind. [q] marks what was read in a text that quotes the paper, and not in the paper."""

TABLE = """# Published, here, z

z is the difference in standard errors: of the published number where its own standard error is
known, and of a law. A number read off a plot, a limit or a bound has no z.

"""
