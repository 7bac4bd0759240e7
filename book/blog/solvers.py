"""How much of the narrowing is the data's, and how much the solver's? The blog post's experiment, twice.

Truth: a mixture of two Gaussians at -2 and 2, standard deviation 1. N = 10,000, synthetic data only, 500
generations, 24 replicates. One solver is scikit-learn's GaussianMixture at its own defaults, which the
experiment is usually run with: a k-means start, and an end when a step gains less than 1e-3 nats an item,
about two steps later. The other is EM run to the maximum of the likelihood. Both keep the mean and the
variance of the training set, so the total variance has one law; they differ in how they divide it within
and between the components.

Left: the mean component variance, independent replicates. Right: the paired difference with
`streams = "common"`, where replicate k of both solvers has the same first training set. Later the two draw
from different models, so the pairs come apart.

Source: the blog post's experiment, after "The Curse of Recursion" (Shumailov et al., arXiv 2305.17493; Nature
631, 755, 2024). `init_params="kmeans"` and `tol=1e-3` are scikit-learn's documented defaults.

    python book/blog/solvers.py [OUT.png] [--short]

prints a table and writes it beside the figure, as OUT.txt. It takes about ten minutes, `--short` seconds.
"""

import argparse
import datetime
from pathlib import Path

import numpy as np
import sklearn
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import modelcollapse as mc

DEFAULT = Path(__file__).parents[2] / "docs" / "figures" / "solvers.png"
BLUE, VERMILLION, BLACK = "#0072B2", "#D55E00", "#000000"  # Okabe and Ito
LOOKS = {
    "em": (BLUE, "-", "EM to the maximum"),
    "scikit-learn": (VERMILLION, "--", "scikit-learn's defaults"),
}
SHORT = {"n_samples": 500, "generations": 40, "replicates": 4, "save": {"every": 2}}
FULL = {"n_samples": 10_000, "generations": 500, "replicates": 24, "save": {"every": 10}}


def component_variance(solver: str, streams: str, sizes: dict) -> xr.DataArray:
    learner = {"family": "mixture", "solver": solver}
    experiment = mc.Experiment(learner=learner, streams=streams, **sizes)
    return mc.measure(mc.run(experiment, threads=1), "component_variance")


def mean_and_error(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over replicates and its standard error."""
    return values.mean("replicate"), values.std("replicate", ddof=1) / np.sqrt(values.sizes["replicate"])


def draw(panel: Axes, values: xr.DataArray, colour: str, dash: str, label: str) -> None:
    """Mean, a band of one standard error, and a lighter one from the 10 % to the 90 % quantile."""
    t = values["generation"].values
    mean, error = mean_and_error(values)
    low, high = values.quantile([0.1, 0.9], "replicate")
    panel.fill_between(t, low, high, color=colour, alpha=0.12, lw=0)
    panel.fill_between(t, mean - error, mean + error, color=colour, alpha=0.35, lw=0)
    panel.plot(t, mean, color=colour, ls=dash, lw=1.6, label=label)


def figure(apart: dict[str, xr.DataArray], difference: xr.DataArray, title: str) -> Figure:
    made = Figure(figsize=(7.4, 3.6), layout="constrained", facecolor="white")
    FigureCanvasAgg(made)
    left, right = made.subplots(1, 2)
    for solver, values in apart.items():
        draw(left, values, *LOOKS[solver])
    left.axhline(1.0, color=BLACK, lw=0.8, ls=":", label="truth")
    left.set_ylim(bottom=0.0)
    left.set_ylabel("component variance, (units of x)²", fontsize=8)
    draw(right, difference, BLACK, "-", "EM minus scikit-learn, paired")
    right.axhline(0.0, color=BLACK, lw=0.8, ls=":")
    right.set_ylabel("difference, (units of x)²", fontsize=8)
    for panel, letter in ((left, "a"), (right, "b")):
        panel.set_xlabel("generation", fontsize=8)
        panel.set_xlim(0, difference["generation"].values[-1])
        panel.set_title(letter, loc="left", fontsize=9, fontweight="bold")
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(fontsize=7, frameon=False, loc="upper left" if panel is right else "lower left")
    made.suptitle(title, fontsize=8)
    caption = (
        "Lines: means over replicates; dark bands: one standard error; light bands: 10-90 % of replicates."
    )
    made.supxlabel(caption, fontsize=7, x=0.01, ha="left")
    return made


def table(apart: dict[str, xr.DataArray], common: dict[str, xr.DataArray]) -> str:
    """Means, standard errors, and the difference of common streams, paired and as if not paired."""
    generations = apart["em"]["generation"].values
    shown = [g for g in (1, 10, 20, 50, 100, 200, 300, 400, 500) if g in generations]
    shown = shown if generations[-1] in shown else [*shown, generations[-1]]
    lines = [
        "            independent streams                  common streams",
        "            EM              scikit-learn         EM - scikit-learn",
        "generation  mean   error    mean   error         mean    error   error if not paired",
    ]
    for g in shown:
        at = [mean_and_error(apart[s].sel(generation=g)) for s in LOOKS]
        pair = [common[s].sel(generation=g) for s in LOOKS]
        mean, error = mean_and_error(pair[0] - pair[1])
        loose = np.hypot(*(float(mean_and_error(values)[1]) for values in pair))
        cells = "    ".join(f"{float(m):.3f}  {float(e):.3f}" for m, e in at)
        lines.append(f"{g:>10}  {cells}         {float(mean):+.3f}  {float(error):.3f}   {loose:.3f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="The blog post's experiment under two solvers.")
    parser.add_argument("out", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--short", action="store_true", help="a quick try with small numbers")
    options = parser.parse_args()
    sizes = SHORT if options.short else FULL
    apart = {solver: component_variance(solver, "independent", sizes) for solver in LOOKS}
    common = {solver: component_variance(solver, "common", sizes) for solver in LOOKS}
    run = f"N = {sizes['n_samples']:,}, synthetic data only, {sizes['replicates']} replicates"
    title = f"A mixture of two Gaussians that learns from itself under two solvers\n{run}, seed 0"
    figure(apart, common["em"] - common["scikit-learn"], title).savefig(options.out, dpi=150)
    versions = f"modelcollapse {mc.__version__}, numpy {np.__version__}, scikit-learn {sklearn.__version__}"
    text = f"Mean component variance. {run}, seed 0.\n{datetime.date.today()}; {versions}\n\n"
    text += table(apart, common) + "\n"
    options.out.with_suffix(".txt").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
