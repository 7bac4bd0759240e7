"""A profile as a table: rows of numbers, each under the meaning of collapse that it belongs to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modelcollapse.resampling import Estimate


@dataclass(frozen=True)
class Row:
    """One number of the profile.

    Attributes
    ----------
    meaning
        Which meaning of collapse it belongs to, in words.
    quantity, unit
        What it is.
    truth
        Its value for the truth; NaN where it has none.
    first, last
        Over replicates, at the first generation and at the one that is looked at. None where it is of one
        of them alone, or was not computed.
    note
        Why it was not computed; or what one should know of it.
    """

    meaning: str
    quantity: str
    unit: str = ""
    truth: float = math.nan
    first: Estimate | None = None
    last: Estimate | None = None
    note: str = ""

    @property
    def computed(self) -> bool:
        """Whether there is a number."""
        return self.last is not None


@dataclass(frozen=True)
class Profile:
    """All rows for one result; printed, a table.

    ``first`` and ``generation`` are the two generations that are compared.
    """

    first: int
    generation: int
    replicates: int
    level: float
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        """A table: a line a number, under the meaning it belongs to."""
        title = (
            f"Collapse profile of {self.replicates} replicates: medians over them, or shares of them; "
            f"{100 * self.level:g} % intervals at generation {self.generation}"
        )
        heads = ("truth", f"generation {self.first}", f"generation {self.generation}", "interval")
        cells = {row: self._cells(row) for row in self.rows if row.computed}
        wide = max(len(_name(row)) for row in self.rows)
        widths = [max(map(len, column)) for column in zip(heads, *cells.values(), strict=True)]

        def line(name: str, columns: Sequence[str]) -> str:
            right = "  ".join(cell.rjust(width) for cell, width in zip(columns, widths, strict=True))
            return f"    {name.ljust(wide)}  {right}".rstrip()

        lines, meaning = [title, line("", heads)], ""
        for row in self.rows:
            if row.meaning != meaning:
                meaning = row.meaning
                lines.append(f"  {meaning}")
            if row.computed:
                lines.append(line(_name(row), cells[row]))
            note = row.note if row.computed else f"{_name(row)}: not computed, {row.note}"
            lines += [f"    {'  ' if row.computed else ''}{note}"] if row.note else []
        return "\n".join(lines)

    def _cells(self, row: Row) -> tuple[str, str, str, str]:
        assert row.last is not None
        ends = [_number(end) for end in (row.last.low, row.last.high)]
        between = "-" if math.isnan(row.last.low) else " to ".join(ends)
        first = "-" if row.first is None else _number(row.first.value)
        return _number(row.truth), first, _number(row.last.value), between


def _name(row: Row) -> str:
    return f"{row.quantity} ({row.unit})" if row.unit else row.quantity


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"
