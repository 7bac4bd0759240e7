"""Kazdan et al., Collapse or Thrive? (arXiv 2410.16713), kernel density estimates, the authors' code."""

import numpy as np
from matplotlib.figure import Figure
from sklearn import datasets

from book import drawing
from book.base import SEED, Row, mean_and_error

SOURCE = "Kazdan et al., Collapse or Thrive? (arXiv 2410.16713), kernel density estimates, the authors' code"
TITLE = "Kernel densities spread: replacing and accumulating"
PAPER = "blobs, circles, moons and swiss roll, bandwidths h = 0.1, 0.5 and 1"
HERE = "the same sets with 100 items each, 100 generations, 100 replicates; all steps in plain NumPy"
CAPTION = (
    "A kernel density is wider than its data by h² in each direction. **Above** Moons that learn from "
    "themselves, h = 0.1: "
    "what is fine is lost first. **Below** The variance of the data, all directions together: where data "
    "are replaced it goes "
    "to (n − 1) d h² whatever the truth was; where they accumulate it grows on as the harmonic numbers, "
    "so that accumulation "
    "does not cap it. Black: exact laws, given the real items."
)
SETS = ("blobs", "circles", "moons", "swiss roll")
BANDWIDTHS, N_SAMPLES, GENERATIONS, REPLICATES = (0.1, 0.5, 1.0), 100, 100, 100
SHOWN = (1, 11, 51)
KINDS = ("replace", "accumulate")


def real(name: str, seed: int) -> np.ndarray:
    """A set of N items, ``(item, dimension)``."""
    made = {
        "blobs": lambda: datasets.make_blobs(N_SAMPLES, random_state=seed)[0],
        "circles": lambda: datasets.make_circles(N_SAMPLES, noise=0.05, factor=0.5, random_state=seed)[0],
        "moons": lambda: datasets.make_moons(N_SAMPLES, noise=0.05, random_state=seed)[0],
        "swiss roll": lambda: datasets.make_swiss_roll(N_SAMPLES, noise=0.05, random_state=seed)[0],
    }
    return made[name]()


def compute() -> dict[tuple[str, str, float], dict[str, np.ndarray]]:
    first = {name: np.array([real(name, SEED + r) for r in range(REPLICATES)]) for name in SETS}
    return {
        (k, s, h): run(k, first[s], h, i)
        for i, (k, s, h) in enumerate((k, s, h) for k in KINDS for s in SETS for h in BANDWIDTHS)
    }


def run(kind: str, first: np.ndarray, h: float, seed: int) -> dict[str, np.ndarray]:
    """Spread of the data ``(replicate, generation)``, its law given the first data, and some data."""
    rng = np.random.default_rng([SEED, seed])
    replicates, n, d = first.shape
    middle = first.mean(axis=1, keepdims=True)
    data, spread, law, shown = first, [], [], {}
    real_spread = ((first - middle) ** 2).sum(axis=2).mean(axis=1)
    now, q = real_spread, 1.0 - 1.0 / n
    for t in range(1, GENERATIONS + 1):
        about = middle if kind == "accumulate" else data.mean(axis=1, keepdims=True)
        spread.append(((data - about) ** 2).sum(axis=2).mean(axis=1))
        law.append(now)
        if t in SHOWN:
            shown[str(t)] = data[0, -n:]
        which = rng.integers(data.shape[1], size=(replicates, n))
        drawn = np.take_along_axis(data, which[:, :, None], axis=1) + h * rng.standard_normal(
            (replicates, n, d)
        )
        if kind == "accumulate":
            data, now = np.concatenate([data, drawn], axis=1), now + d * h * h / (t + 1)
        else:
            data, now = drawn, q * (now + d * h * h)
    return {"spread": np.array(spread).T, "law": np.array(law).T, **shown}


def draw(figure: Figure, data: dict) -> None:
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    panels = drawing.panels(figure, 2, 4, height=2.5)
    figure.set_size_inches(9.2, 5.0)
    one = data["replace", "moons", BANDWIDTHS[0]]
    for panel, t in zip(panels, (*SHOWN, None), strict=False):
        items = one[str(t)] if t else data["accumulate", "moons", BANDWIDTHS[0]][str(SHOWN[-1])]
        panel.plot(items[:, 0], items[:, 1], ".", ms=3, color=drawing.BLUE if t else drawing.GREEN)
        panel.set_xlim(-3, 4)
        panel.set_ylim(-3.5, 3.5)
        panel.set_aspect("equal")
        title = f"{t - 1} generations" if t else f"{SHOWN[-1] - 1}, accumulate"
        drawing.label(panel, "x₁", "x₂" if t == SHOWN[0] else "", title)
    t = np.arange(1, GENERATIONS + 1)
    for panel, name in zip(panels[4:], SETS, strict=True):
        for h, colour in zip(BANDWIDTHS, drawing.COLOURS, strict=False):
            for kind, dash in zip(KINDS, ("-", (0, (3, 1.5))), strict=True):
                found = data[kind, name, h]
                label = f"h = {h:g}" if kind == KINDS[0] else ("accumulate" if h == BANDWIDTHS[-1] else None)
                panel.plot(t, found["spread"].mean(axis=0), color=colour, ls=dash, lw=1.5, label=label)
                drawing.law(
                    panel, t, found["law"].mean(axis=0), "law" if (h, kind) == (1.0, KINDS[1]) else None
                )
        panel.set_xscale("log")
        panel.set_yscale("log")
        drawing.label(panel, "generation", "variance, (units of x)²" if name == SETS[0] else "", name)
    panels[5].set_ylim(0.3, 1e3)
    drawing.legend(panels[5], loc="upper left", fontsize=6)


def rows(data: dict) -> list[Row]:
    found = []
    for (kind, name, h), one in data.items():
        if h != 0.5:
            continue
        off, error = mean_and_error(one["spread"][:, -1] - one["law"][:, -1])
        law = float(one["law"][:, -1].mean())
        found.append(
            Row(f"{kind}, {name}, h = {h:g}: variance at t = {GENERATIONS}", law + off, error, law=law)
        )
    return found
