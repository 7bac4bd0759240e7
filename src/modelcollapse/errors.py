"""The errors a user can meet. Each is raised before any work, with every problem found at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the field as written in TOML, its value, and what is allowed.

    ``where`` comes before them: the cell of a study.
    """

    field: str
    value: object
    allowed: str
    where: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        try:
            shown = _shorten(repr(self.value))
        except ValueError:  # Python does not print integers of more than 4300 digits
            shown = "an integer of thousands of digits"
        if not self.field or self.value is None:
            text = f"{self.field}: {self.allowed}" if self.field else self.allowed
        else:
            text = f"{self.field} = {shown}: {self.allowed}"
        return printable(f"{self.where}: {text}" if self.where else text)


class LabError(ValueError):
    """The base of all errors with a list of problems; `exit_code` and `ending` are the command line's."""

    exit_code: ClassVar[int] = 1
    ending: str = "nothing was written"

    def __init__(self, problems: Sequence[Problem] | str, file: str = "") -> None:
        """Take the problems (or one sentence) and the file they were found in."""
        if isinstance(problems, str):
            problems = [Problem("", None, problems)]
        self.problems = tuple(problems)
        self.file = file
        super().__init__(self.message())

    def message(self) -> str:
        """Say all problems, a line each, with the file before each of them."""
        start = f"{self.file}: " if self.file else ""
        return "\n".join(f"{start}{problem}" for problem in self.problems)


class RecipeError(LabError):
    """A bad recipe: unknown keys, values out of range, tables that do not fit each other."""

    exit_code = 2


class DataError(LabError):
    """Bad input data, or an input file that is not there."""

    exit_code = 3


class StorageError(LabError):
    """A result that cannot be written or read: damaged, of another recipe, or no place for it."""

    exit_code = 4


class WorkerError(LabError):
    """Workers of a study that cannot go on; what they have committed is kept."""

    exit_code = 5
    ending = "what was committed is kept; the same command goes on from there"


def printable(text: str) -> str:
    """A text in one line whose characters do nothing to a terminal: what others wrote is shown, not done."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _shorten(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
