"""What the checks found, as a table, as JSON and as a figure."""

import json
import math
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np
import scipy
from scipy.stats import norm

import modelcollapse as mc
from verification.registry import Outcome
from verification.statements import ALARM, Finding

RESULTS = Path(__file__).parent / "results"
HEAD = f"  {'statement':34}{'kind':>9}{'measured':>13}{'law':>13}{'z':>8}{'sees':>9}{'values':>10}"


def versions() -> dict[str, str]:
    """The day, and what was run with."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "modelcollapse": mc.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
        "python": platform.python_version(),
    }


def lines_of(outcome: Outcome) -> list[str]:
    """A check and its statements."""
    check = outcome.check
    verdict = "holds" if outcome.holds else "VIOLATED"
    took = f"{outcome.seconds:.1f} s ({outcome.cpu:.1f} s of cores)"
    head = f"{check.name}: {verdict}; {outcome.replicates} replicates, {took}"
    return [head, f"  {check.law} [{check.source}]", *(_line(one) for one in outcome.findings)]


def _line(one: Finding) -> str:
    mark = "" if one.holds else "  <-- VIOLATED"
    return (
        f"  {one.what:34}{one.kind:>9}{one.measured:13.5g}{one.law:13.5g}{one.z:8.2f}{one.sees:9.2g}"
        f"{one.size:10}{mark}"
    )


def equations(outcomes: Sequence[Outcome]) -> list[float]:
    """The z values of statements that are exact equations of means: standard normal, if all is right."""
    return [one.z for outcome in outcomes for one in outcome.findings if one.kind == "equal"]


def overall(outcomes: Sequence[Outcome]) -> str:
    """All of it in a few numbers."""
    z = np.array(equations(outcomes))
    every = [one for outcome in outcomes for one in outcome.findings]
    broken = [outcome.check.name for outcome in outcomes if not outcome.holds]
    rms, largest = (float(np.sqrt(np.mean(z**2))), float(np.abs(z).max())) if len(z) else (math.nan, math.nan)
    usual = float(norm.isf(0.25 / max(len(z), 1)))
    return (
        f"{len(outcomes)} checks, {len(every)} statements, {len(z)} of them exact equations: "
        f"rms of z {rms:.3f}, "
        f"largest {largest:.2f}\n"
        f"(of so many independent ones usually about {usual:.1f}; violated beyond {ALARM}). "
        f"Violated: {', '.join(broken) or 'none'}.\n"
        f"{sum(o.seconds for o in outcomes):.0f} s ({sum(o.cpu for o in outcomes):.0f} s of cores)."
    )


def table_of(outcome: Outcome) -> dict[str, Any]:
    """A check as plain values; what is no number is null."""
    check = outcome.check
    found = [
        {
            "what": one.what,
            "kind": one.kind,
            **{
                name: value if math.isfinite(value) else None
                for name, value in (
                    ("measured", one.measured),
                    ("law", one.law),
                    ("z", one.z),
                    ("sees", one.sees),
                )
            },
            "values": one.size,
            "holds": one.holds,
        }
        for one in outcome.findings
    ]
    return {
        "name": check.name,
        "law": check.law,
        "source": check.source,
        "recipe": check.experiment.table(),
        "defect": check.defect,
        "replicates": outcome.replicates,
        "seconds": round(outcome.seconds, 2),
        "cpu_seconds": round(outcome.cpu, 2),
        "statements": found,
    }


def write(outcomes: Sequence[Outcome], seed: int, title: str) -> list[Path]:
    """Write the table, the JSON and the figure; where they are."""
    RESULTS.mkdir(exist_ok=True)
    text, data, figure = (RESULTS / f"checks-{seed}.{suffix}" for suffix in ("txt", "json", "png"))
    body = [line for outcome in outcomes for line in lines_of(outcome)]
    text.write_text("\n".join([title, "", overall(outcomes), "", HEAD, *body]) + "\n")
    everything = {**versions(), "seed": seed, "checks": [table_of(outcome) for outcome in outcomes]}
    data.write_text(json.dumps(everything, indent=1, allow_nan=False) + "\n")
    _draw(outcomes, figure)
    return [text, data, figure]


def _draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """The z values of each check as dots, and all exact ones against the normal's quantiles."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, max(4.0, 0.16 * len(outcomes) + 1.5)), layout="constrained")
    dots, quantiles = figure.subplots(1, 2, width_ratios=(2, 1))
    for row, outcome in enumerate(outcomes):
        for one in outcome.findings:
            marker = "o" if one.kind == "equal" else "x"
            dots.plot(np.clip(one.z, -8, 8), row, marker, color="#0072B2" if one.holds else "#D55E00", ms=3.5)
    dots.set_yticks(range(len(outcomes)), [outcome.check.name for outcome in outcomes], fontsize=6)
    dots.invert_yaxis()
    for end in (-ALARM, ALARM):
        dots.axvline(end, color="0.6", lw=0.8, ls="--")
    dots.set_xlabel("z (dots: equations; crosses: bounds, about, distributions)")
    z = np.sort(equations(outcomes))
    if len(z):
        expected = norm.ppf((np.arange(len(z)) + 0.5) / len(z))
        quantiles.plot(expected, z, "o", ms=3, color="#0072B2")
        quantiles.axline((0.0, 0.0), slope=1.0, color="0.6", lw=0.8)
    quantiles.set_xlabel("quantiles of the standard normal")
    quantiles.set_ylabel("z of the equations, in order")
    figure.savefig(path, dpi=110, metadata={"Software": None})
