"""Two maps of the same question, by two engines: how the speed of collapse depends on the three shares.

    python -m verification.ternary FOLDER

runs ``examples/ternary.toml`` on the grouped and on the diffusion engine, into two studies in the folder
(again: goes on with them), lays the maps side by side and compares them cell by cell: the mean over
replicates of the log variance of the components at five generations, z = difference / standard error. The
engines share no random numbers and hardly any code: one draws counts on bins and fits by EM, the other moves
estimates by one scoring step. The diffusion engine is right to first order in 1/N; cells in which a replicate
left its range are compared, too, and counted.

With 64 replicates a difference of half a standard deviation over replicates would be seen (z = 2.8); over all
231 cells together one of a thirtieth.
"""

import argparse
import datetime
import math
import platform
import time
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import modelcollapse as mc
from modelcollapse.plots import style
from modelcollapse.plots.scales import shares_of
from modelcollapse.plots.shades import Shades
from modelcollapse.plots.ternary import ternary_map
from modelcollapse.studies.cells import Cells
from modelcollapse.studies.quantities import quantities

STUDY = Path(__file__).parents[1] / "examples" / "ternary.toml"
RESULTS = Path(__file__).parent / "results" / "ternary.txt"
ENGINES = ("grouped", "diffusion")
GENERATIONS = (10, 100, 501, 1000, 2000)


def swept(folder: Path, engine: str) -> tuple[mc.Study, Path, float]:
    """Run the study on an engine, or what is missing of it: seconds of this run."""
    study = mc.Study.from_toml(STUDY, [f"engine={engine}"])
    path, began = folder / f"ternary-{engine}.zarr", time.monotonic()
    outcome = mc.sweep(study, path, workers=2, note=print)
    assert outcome.done == outcome.units, outcome.failed
    return study, path, time.monotonic() - began


def compare(studies: dict[str, object]) -> list[str]:
    """z of every cell, and over all of them."""
    lines, values = [], {}
    for name, study in studies.items():
        saved = study["generation"].values
        chosen = [int(saved[np.abs(saved - t).argmin()]) for t in GENERATIONS]
        parts = mc.measure(study.sel(generation=chosen), "component_variance").values
        with np.errstate(divide="ignore"):
            values[name] = np.log(parts)
        outside = (study["status"].values & int(mc.Status.OUTSIDE_RANGE)) != 0
        lines.append(
            f"{name}: {int(outside.any(axis=(1, 2)).sum())} cells in which a replicate left its range"
        )
    one, other = (values[name] for name in ENGINES)
    lines.append("generation  rms of z  largest  mean of z")
    for i, generation in enumerate(chosen):
        a, b = one[..., i], other[..., i]
        error = np.sqrt((a.var(axis=-1, ddof=1) + b.var(axis=-1, ddof=1)) / a.shape[-1])
        z = (a.mean(axis=-1) - b.mean(axis=-1)) / error
        z = z[np.isfinite(z)]
        together = z.mean() * math.sqrt(len(z))
        lines.append(
            f"{generation:>10}  {math.sqrt((z**2).mean()):>8.3f}  {np.abs(z).max():>7.2f}  "
            f"{z.mean():>9.3f} ({together:+.2f} standard errors, {len(z)} cells)"
        )
    return lines


def side_by_side(studies: dict[str, object], path: Path) -> None:
    """A row a quantity, a column an engine, with the same colours."""
    cells = {name: Cells.of(study) for name, study in studies.items()}
    found = {name: quantities(one) for name, one in cells.items()}
    rows = len(found[ENGINES[0]])
    figure = Figure(figsize=(8.4, 3.1 * rows + 0.4), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    for row in range(rows):
        shades, panels = Shades(found[ENGINES[0]][row]), []
        for column, name in enumerate(ENGINES):
            panel = figure.add_subplot(rows, 2, 2 * row + column + 1)
            quantity = found[name][row]
            shares = shares_of(cells[name], cells[name].axes[0])
            ternary_map(panel, shares, (quantity.middle, quantity.law, quantity.reach), shades)
            if row == 0:
                panel.set_title(f"{name} engine", fontsize=style.TEXT + 1)
            panels.append(panel)
        shades.bar(figure, panels)
        if shades.key():
            panels[0].legend(handles=shades.key(), loc="upper left", fontsize=style.SMALL, frameon=False)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Run, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--figure", type=Path, default=RESULTS.with_suffix(".png"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{datetime.date.today()}; modelcollapse {mc.__version__}, numpy {np.__version__}, "
        f"Python {platform.python_version()}, {platform.machine()}; seed 0, two workers"
    ]
    studies = {}
    for engine in ENGINES:
        study, path, seconds = swept(options.folder, engine)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        lines.append(
            f"{engine}: {study.size} mixes x {study.replicates} replicates x {study.generations} "
            f"generations, N = 10,000: {seconds / 60:.1f} minutes, {size / 2**20:.0f} MiB"
        )
        print(lines[-1], flush=True)
        studies[engine] = mc.load(path)
    lines += compare(studies)
    side_by_side(studies, options.figure)
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
