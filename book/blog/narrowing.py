"""The blog post's experiment, after Shumailov et al. (arXiv 2305.17493)."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row, mean_and_error

SOURCE = (
    "The blog post's experiment, after Shumailov et al. (arXiv 2305.17493): two Gaussians that learn from"
    " themselves"
)
TITLE = "A mixture of two Gaussians, 2,000 generations, two solvers"
PAPER = (
    "truth N(-2, 1) and N(2, 1) in equal parts, N = 10,000, 2,000 generations, scikit-learn's mixture at "
    "its defaults"
)
HERE = (
    "the same with EM to the maximum, 24 replicates; scikit-learn's defaults, 6 replicates and 500 "
    "generations"
)
CAPTION = (
    "**a** Densities of one replicate, the one in the middle by its last variance. **b** The weights of "
    "all components drift as "
    "gene frequencies do. **c** Components narrow; early on mostly because scikit-learn's defaults stop "
    "EM after about two "
    "steps. **d** The total variance obeys one law under both solvers. Lines are means and bands 80 % of "
    "the replicates."
)
N_SAMPLES = 10_000
RUNS = {"em": (2_000, 24), "scikit-learn": (500, 6)}
NAMES = {"em": "EM to the maximum", "scikit-learn": "scikit-learn's defaults"}


def compute() -> dict[str, xr.Dataset]:
    return {solver: run(solver, *sizes) for solver, sizes in RUNS.items()}


def run(solver: str, generations: int, replicates: int) -> xr.Dataset:
    experiment = mc.Experiment(
        n_samples=N_SAMPLES, generations=generations, replicates=replicates, seed=SEED, save="log",
        learner={"family": "mixture", "solver": solver},
    )  # fmt: skip
    return mc.run(experiment)


def density(one: xr.Dataset, x: np.ndarray) -> np.ndarray:
    """The density of a model."""
    weight, mean, std = (one[name].values for name in ("weight", "mean", "std"))
    z = (x[:, None] - mean) / np.where(std > 0, std, 1.0)
    parts = np.exp(-0.5 * z**2) / (np.where(std > 0, std, 1.0) * np.sqrt(2 * np.pi))
    return (parts * weight * (std > 0)).sum(axis=1)


def draw(figure: Figure, data: dict[str, xr.Dataset]) -> None:
    a, b, c, d = drawing.panels(figure, 2, 2)
    em = data["em"]
    chosen = int(np.argsort(em["total_variance"].values[:, -1])[(em.sizes["replicate"] - 1) // 2])
    x = np.linspace(-9, 9, 600)
    shown = [g for g in (1, 100, 500, 2_000) if g <= em["generation"].values[-1]]
    drawing.law(a, x, density(em.isel(replicate=chosen).sel(generation=0), x), "truth")
    for g, colour in zip(shown, drawing.COLOURS, strict=False):
        one = em.isel(replicate=chosen).sel(generation=g, method="nearest")
        a.plot(x, density(one, x), color=colour, lw=1.3, label=f"generation {int(one['generation']):,}")
    drawing.label(a, "x", "density, 1/(units of x)", "one replicate")
    drawing.legend(a, loc="upper right", fontsize=6)
    weight, t = em["weight"].values[:, 1:], em["generation"].values[1:]
    for k in range(2):
        b.plot(t, weight[:, :, k].T, ".", ms=1.2, color=drawing.BLUE, alpha=0.5, rasterized=True)
    b.set_xscale("log")
    drawing.label(b, "generation", "weights of the components", "24 replicates, EM to the maximum")
    for (solver, dataset), colour in zip(data.items(), drawing.COLOURS, strict=False):
        part = dataset.isel(generation=slice(1, None))
        t = part["generation"].values
        drawing.band(c, t, mc.measure(part, "component_variance").values, colour, NAMES[solver])
        drawing.band(d, t, part["total_variance"].values, colour, NAMES[solver])
    last = em["generation"].values[1:]
    drawing.law(d, last, law(last), "law: V₀ (1 − 1/N)ᵗ")
    for panel, y, title in (
        (c, "component variance, (units of x)²", "within"),
        (d, "total variance, (units of x)²", "in all"),
    ):
        panel.set_xscale("log")
        panel.set_ylim(bottom=0.0)
        drawing.label(panel, "generation", y, title)
        drawing.legend(panel, loc="lower left")


def law(t: np.ndarray | int) -> np.ndarray | float:
    return 5.0 * (1.0 - 1.0 / N_SAMPLES) ** t


def rows(data: dict[str, xr.Dataset]) -> list[Row]:
    found = []
    for solver, dataset in data.items():
        for near in (100, 200, 500, 2_000):
            if near > dataset["generation"].values[-1]:
                continue
            part = dataset.sel(generation=[near], method="nearest")
            g = int(part["generation"].values[0])
            inner = mean_and_error(mc.measure(part, "component_variance").values[:, 0])
            total = mean_and_error(part["total_variance"].values[:, 0])
            found.append(Row(f"{NAMES[solver]}: mean component variance, t = {g:,}", *inner))
            found.append(Row(f"{NAMES[solver]}: mean total variance, t = {g:,}", *total, law=float(law(g))))
    return found
