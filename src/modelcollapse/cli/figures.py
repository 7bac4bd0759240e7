"""What commands that draw share."""

from pathlib import Path
from typing import TYPE_CHECKING

from modelcollapse.errors import Problem, RecipeError
from modelcollapse.terminal import outside, replace

if TYPE_CHECKING:
    import xarray as xr


def check_figure(path: Path, option: str, result: Path | None) -> None:
    """Refuse a figure's place before any work."""
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise RecipeError([Problem(option, str(path), "must end in .png, .svg or .pdf")])
    outside(path, result, option)
    replace(path, option, None)


def draw(dataset: "xr.Dataset", kind: str | None, path: Path) -> None:
    """Draw a figure into a file: whole or not at all."""
    from modelcollapse import plots

    def write(beside: Path) -> None:
        try:
            plots.plot(dataset, kind=kind, path=beside)
        except ValueError as error:
            raise RecipeError(str(error)) from None

    replace(path, "--figure", write)
