"""What a mutant is."""

from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "modelcollapse"


@dataclass(frozen=True)
class Mutant:
    """A small deliberate mistake: in a file of the package, ``old`` becomes ``new``; ``test`` must fail.

    ``old`` stands in the file exactly once. ``test`` is what pytest takes, from ``tests/`` on.
    """

    name: str
    file: str
    old: str
    new: str
    test: str

    def applied(self, text: str) -> str:
        """The file's text with the mistake in it."""
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: its old text stands {found} times in {self.file}, not once")
        return text.replace(self.old, self.new)

    @property
    def of_a_kernel(self) -> bool:
        """Whether it needs a cache of compiled code of its own: numba does not see what a kernel calls."""
        return self.file.startswith("kernels/")
