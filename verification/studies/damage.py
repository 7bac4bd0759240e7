"""Every kind of damage to a file of a finished study: is it found, is it never read, is it mended?"""

import io
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import xarray as xr

import modelcollapse as mc
from modelcollapse import cli
from modelcollapse.errors import LabError
from modelcollapse.studies.archive import ROOT
from modelcollapse.studies.folder import open_study
from modelcollapse.studies.layout import COMMIT
from verification.studies.tools import Broken, Run, demand, files, sweep_here

TEXT = """
n_samples = 30
generations = 3
replicates = 3
save = "log"
[sweep]
"learner.components" = [1, 2]
"workflow.real" = [0.0, 0.1]
"""
EVERY = 64
"""Bytes between truncations."""


def damage(run: Run) -> str:
    """Truncations of every file, flipped bits, removed files."""
    path = run.memory / "s.zarr"
    sweep_here(TEXT, path, block=2)
    whole = _Whole(path)
    tried = Counter[str]()
    step = run.times(1, 23)
    cuts = ((name, n) for name in whole.files for n in range(0, len(whole.files[name]), EVERY))
    for name, n in list(cuts)[::step]:
        tried[f"{whole.kind(name)} truncated"] += 1
        whole.suffers(name, whole.files[name][:n], f"{name} cut to {n} bytes")
    for many, kinds in ((1000, ("data", "record")), (200, ("metadata", "root"))):
        names = [name for name in whole.files if whole.kind(name) in kinds]
        for _ in range(run.times(many, many // 50)):
            name = run.random.choice(names)
            bit = run.random.randrange(8 * len(whole.files[name]))
            tried[f"{whole.kind(name)}, a bit flipped"] += 1
            whole.suffers(name, flipped(whole.files[name], bit), f"bit {bit} of {name} flipped")
    for name in list(whole.files)[::step]:
        tried[f"{whole.kind(name)} removed"] += 1
        whole.suffers(name, None, f"{name} removed")
    what = ", ".join(f"{n} {name}" for name, n in sorted(tried.items()))
    return (
        f"{tried.total()} of {tried.total()} found and none read as other numbers ({what}); data and records "
        f"mended by sweep, metadata by check --repair, the root zarr.json refused; the same bytes afterwards"
    )


def flipped(content: bytes, bit: int) -> bytes:
    """The same bytes but for a bit."""
    found = bytearray(content)
    found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


class _Whole:
    """A finished study, and what must happen when one of its files is otherwise."""

    def __init__(self, path: Path) -> None:
        self.path, self.files, self.numbers = path, files(path), mc.load(path)
        archive = open_study(path)
        self._metadata = {str(file.relative_to(path)) for file in archive.files()}

    def kind(self, name: str) -> str:
        """What a file holds."""
        if name == ROOT:
            return "root"
        return "metadata" if name in self._metadata else "record" if name.startswith(COMMIT) else "data"

    def suffers(self, name: str, content: bytes | None, when: str) -> None:
        """Damage a file, look, mend, and compare."""
        path, kind = self.path / name, self.kind(name)
        path.unlink() if content is None else path.write_bytes(content)
        expected = 5 if kind == "record" and content is None else 4
        code = checked(self.path)
        demand(code == expected, f"{when}: check ends with {code}, not {expected}")
        self._read(kind, content is None, when)
        if kind == "root":
            demand(swept(self.path) == 4, f"{when}: sweep goes on with such a study")
            path.write_bytes(self.files[ROOT])
        elif kind == "metadata":
            demand(swept(self.path) == 4, f"{when}: sweep goes on with such metadata")
            demand(checked(self.path, repair=True) == 0, f"{when}: is not repaired")
        else:
            demand(swept(self.path) == 0, f"{when}: sweep does not end well")
        wrong = [n for n, c in files(self.path).items() if self.files.get(n) != c]
        missing = self.files.keys() - files(self.path).keys()
        demand(not wrong and not missing, f"{when}: afterwards {wrong[:3]} are otherwise, {missing} missing")

    def _read(self, kind: str, removed: bool, when: str) -> None:
        """Numbers are refused, or right; those of a unit without a record are none."""
        try:
            found = mc.load(self.path)
        except LabError as error:
            demand(error.exit_code == (4 if self.path.exists() else 3), f"{when}: load says {error}")
            return
        if kind == "metadata":  # load needs none of it
            demand(same(found, self.numbers), f"{when}: load gives other numbers")
        elif kind == "record" and removed:
            done = found["done"].values.astype(bool)
            demand(0 < done.sum() < done.size, f"{when}: all is done, or nothing")
            for variable in found.data_vars:
                there, right = found[variable].values[done], self.numbers[variable].values[done]
                demand(there.tobytes() == right.tobytes(), f"{when}: load gives other numbers")
        else:
            raise Broken(f"{when}: load reads it")


def same(found: xr.Dataset, expected: xr.Dataset) -> bool:
    """Whether two studies have the same numbers, to the bit; how they are held may differ."""
    names = {*expected.variables}
    return names == {*found.variables} and all(
        found[name].dtype == expected[name].dtype
        and found[name].dims == expected[name].dims
        and found[name].values.tobytes() == expected[name].values.tobytes()
        for name in names
        if expected[name].dtype.kind != "O"
    )


def checked(path: Path, repair: bool = False) -> int:
    """The exit code of ``modelcollapse check``, in this process."""
    return _code(lambda: cli.check(path, repair))


def swept(path: Path) -> int:
    """The exit code of a sweep, in this process."""
    return _code(lambda: sweep_here(TEXT, path))


def _code(act: Callable[[], object]) -> int:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            act()
        except LabError as error:
            return error.exit_code
        except SystemExit as end:
            return int(end.code or 0)
    return 0
