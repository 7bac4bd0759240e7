"""Shumailov et al. (Nature 631, 755, 2024), discrete distributions with exact imitation."""

import numpy as np
from matplotlib.figure import Figure

import modelcollapse as mc
from book import drawing
from book.base import SEED, Row

SOURCE = (
    "Shumailov et al., The Curse of Recursion (Nature 631, 755, 2024), discrete distributions with exact "
    "imitation"
)
TITLE = "Categories are lost until one is left: each with its own probability"
PAPER = (
    "an argument, no numbers: the chain is absorbed at a delta function, at category i with probability "
    "p_i [q]"
)
HERE = "five categories, n = 30, 400 generations, 4,000 replicates"
CAPTION = (
    "**a** One replicate: probabilities wander, and what is at 0 stays there. **b** The categories alive "
    "fall one by "
    "one, and the heterozygosity by 1/n a generation on average (Seddik et al. 2024). **c** In the end "
    "one is left; "
    "that it is category i happens with the probability p_i it had in the truth."
)
PROBABILITIES = (0.4, 0.3, 0.15, 0.1, 0.05)
N_SAMPLES, GENERATIONS, REPLICATES = 30, 400, 4_000


def compute() -> dict[str, np.ndarray]:
    experiment = mc.Experiment(
        n_samples=N_SAMPLES, generations=GENERATIONS, replicates=REPLICATES, seed=SEED,
        truth={"family": "categorical", "probabilities": list(PROBABILITIES)},
        learner={"family": "categorical"}, engine="grouped",
    )  # fmt: skip
    dataset = mc.run(experiment)
    return {"t": dataset["generation"].values, "p": dataset["probability"].values}


def draw(figure: Figure, data: dict[str, np.ndarray]) -> None:
    one, fall, end = drawing.panels(figure, 1, 3)
    t, p = data["t"], data["p"]
    for i, colour in zip(range(len(PROBABILITIES)), drawing.COLOURS, strict=False):
        one.plot(t, p[0, :, i], color=colour, lw=1.2, label=f"{PROBABILITIES[i]:g}")
    one.set_xlim(0, last_change(p[0]) + 5)
    drawing.label(one, "generation", "probability", "one replicate")
    drawing.legend(one, title="at first", title_fontsize=drawing.SMALL, loc="upper left")
    one.set_ylim(-0.02, 1.3)
    alive = (p > 0).mean(axis=2)
    spread = 1.0 - (p**2).sum(axis=2)
    fall.plot(t, alive.mean(axis=0), color=drawing.BLUE, lw=1.5, label="share of categories alive")
    fall.plot(t, spread.mean(axis=0), color=drawing.VERMILLION, lw=1.5, label="heterozygosity H")
    drawing.law(fall, t, spread[0, 0] * (1.0 - 1.0 / N_SAMPLES) ** t, "law: H₀ (1 − 1/n)ᵗ")
    fall.set_xlim(0, 150)
    fall.set_ylim(0, 1.3)
    drawing.label(fall, "generation", "mean over replicates", "all replicates")
    drawing.legend(fall, loc="upper right")
    share, error = shares(p)
    x = np.arange(len(PROBABILITIES))
    end.bar(x, PROBABILITIES, color="none", edgecolor=drawing.BLACK, lw=0.8, label="law: pᵢ")
    drawing.points(end, x, share, error, drawing.BLUE, "here, ± 2 standard errors")
    end.set_xticks(x, [f"{p:g}" for p in PROBABILITIES])
    drawing.label(end, "probability in the truth", "share of replicates", "what is left")
    end.set_ylim(0, 0.55)
    drawing.legend(end)


def last_change(path: np.ndarray) -> int:
    """The generation when one category is left."""
    return int(np.argmax(path.max(axis=1) == 1.0)) or len(path) - 1


def shares(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of replicates that each category has in the end, and its standard error."""
    share = p[:, -1].mean(axis=0)
    return share, p[:, -1].std(axis=0, ddof=1) / np.sqrt(len(p))


def rows(data: dict[str, np.ndarray]) -> list[Row]:
    share, error = shares(data["p"])
    laws = enumerate(PROBABILITIES)
    found = [
        Row(
            f"left in the end: category of p = {p:g}",
            float(share[i]),
            float(error[i]),
            law=p,
            note="law as stated by the paper, quoted [q]",
        )
        for i, p in laws
    ]
    at = 50
    spread = 1.0 - (data["p"][:, at] ** 2).sum(axis=1)
    law = (1.0 - np.square(PROBABILITIES).sum()) * (1.0 - 1.0 / N_SAMPLES) ** at
    error_of = float(spread.std(ddof=1) / np.sqrt(len(spread)))
    return [*found, Row(f"mean H at t = {at}", float(spread.mean()), error_of, law=float(law))]
