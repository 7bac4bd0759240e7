"""Feng et al. (arXiv 2406.07515): a verifier, and the error it can still turn right."""

import numpy as np
from matplotlib.figure import Figure

from book import drawing
from book.base import SEED, Row, mean_and_error

SOURCE = (
    "Feng et al., Beyond Model Collapse (arXiv 2406.07515): a verifier, and the error it can still turn "
    "right [q]"
)
TITLE = "The verifier's threshold"
PAPER = (
    "a linear classifier on pruned labels; right below p* = 1/(1 + ψ/φ), wrong above it, as items per "
    "dimension grow"
)
HERE = (
    "d = 100, the averaging classifier Σ y x, 1, 10 and 100 items per dimension before pruning, 20 replicates"
)
CAPTION = (
    "Labels are wrong with probability p. A verifier keeps right ones with probability φ and wrong ones "
    "with ψ; a linear "
    "classifier learns from what is kept. **a** Without a verifier (ψ = φ) it learns the right direction "
    "up to p = 1/2. "
    "**b** One that keeps a wrong label a quarter as often moves that to 0.8. The step is sharp only with"
    " many items "
    "per dimension. Black: to first order, accuracy 1 − arccos(ρ)/π."
)
DIMENSION, REPLICATES = 100, 20
PER_DIMENSION = (1, 10, 100)
KEPT = ((1.0, 1.0), (1.0, 0.25))
ERRORS = tuple(np.round(np.linspace(0.0, 1.0, 21), 3))


def compute() -> dict[tuple[float, int, float], tuple[np.ndarray, np.ndarray]]:
    """By ψ, items per dimension and error: accuracy and projection, each ``(replicate,)``."""
    return {
        (psi, m, p): trained(phi, psi, m, p, seed)
        for seed, (phi, psi, m, p) in enumerate(
            (*keep, m, p) for keep in KEPT for m in PER_DIMENSION for p in ERRORS
        )
    }


def trained(phi: float, psi: float, m: int, p: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Train one classifier a replicate.

    The truth is the sign of x_1, by symmetry. Along the other directions the kept labels say nothing, so
    that a sum over them is normal of variance as many as are kept, given their number.
    """
    rng = np.random.default_rng([SEED, seed])
    n = m * DIMENSION
    signal = np.abs(rng.standard_normal((REPLICATES, n)))  # the right label times x_1
    right = rng.random((REPLICATES, n)) >= p
    kept = rng.random((REPLICATES, n)) < np.where(right, phi, psi)
    along = (np.where(right, signal, -signal) * kept).sum(axis=1)
    across = rng.standard_normal((REPLICATES, DIMENSION - 1)) * np.sqrt(kept.sum(axis=1))[:, None]
    length = np.sqrt(along**2 + (across**2).sum(axis=1))
    cosine = along / np.where(length > 0.0, length, 1.0)
    return 1.0 - np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi, along / n


def expected(phi: float, psi: float, m: float, p: np.ndarray) -> np.ndarray:
    signal = np.sqrt(2.0 / np.pi) * ((1.0 - p) * phi - p * psi)
    noise = ((1.0 - p) * phi + p * psi) / m
    return 1.0 - np.arccos(signal / np.sqrt(signal**2 + noise)) / np.pi


def threshold(phi: float, psi: float) -> float:
    return 1.0 / (1.0 + psi / phi)


def draw(figure: Figure, data: dict) -> None:
    panels = drawing.panels(figure, 1, 2, sharey=True)
    dense = np.linspace(0.0, 1.0, 300)
    for panel, (phi, psi) in zip(panels, KEPT, strict=True):
        for m, colour, marker in zip(PER_DIMENSION, drawing.COLOURS, drawing.MARKERS, strict=False):
            y, error = np.array([mean_and_error(data[psi, m, p][0]) for p in ERRORS]).T
            drawing.points(panel, ERRORS, y, error, colour, f"items per dimension: {m}", marker)
            drawing.law(
                panel, dense, expected(phi, psi, m, dense), "first order" if m == PER_DIMENSION[0] else None
            )
        panel.axvline(threshold(phi, psi), color="0.5", lw=0.8, ls="--")
        panel.annotate(f"p* = {threshold(phi, psi):g}", (threshold(phi, psi), 0.97), (4, 0),
                       textcoords="offset points", fontsize=drawing.SMALL)  # fmt: skip
        drawing.label(
            panel, "error p of the labels", "accuracy" if psi == 1.0 else "", f"φ = {phi:g}, ψ = {psi:g}"
        )
    drawing.legend(panels[0], loc="lower left")


def rows(data: dict) -> list[Row]:
    """The projection on the truth is linear in p, so a line gives where it is 0."""
    found = []
    for phi, psi in KEPT:
        projections = np.array([data[psi, PER_DIMENSION[-1], p][1] for p in ERRORS])
        slope, start = np.polyfit(ERRORS, projections, 1)
        value, error = mean_and_error(-start / slope)
        note = "law quoted [q]; where the projection on the truth is 0"
        there = threshold(phi, psi)
        found.append(Row(f"ψ/φ = {psi / phi:g}: p*", value, error, there, 0.0, there, note=note))
    return found
