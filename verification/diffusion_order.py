"""Is the diffusion engine right to first order in 1/N? N times its error, from N = 50 to 3,200.

Two parts. Local: the mean and the covariance of actual fits to N items of one law, less b/N and I^-1/N, times
N^2: bounded if a generation is right to first order. The mean score at the truth takes most noise out of
the mean. Global: the diffusion and the exact engine in the same recipes, at three mixes, without real
data after a quarter of N generations and with real data in the long run; and where a law is known in closed
form, against the law. N times the difference is bounded if the engine is right to first order; its
standard error stands beside it.

With real data and in a single fit the table shows no growth beyond its standard errors; without real data
it does not show that N times the error of log component variance is bounded: it rises from N = 50 to 200,
and from N = 400 on its standard errors are too large to exclude growth like sqrt(N).

Run ``python verification/diffusion_order.py [seconds a cell]``: it prints the table and writes it to
``results/diffusion_order.txt``.
"""

import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numba
import numpy as np

import modelcollapse as mc
from modelcollapse.asymptotics import ASYMPTOTICS
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.streams import generators
from modelcollapse.theory import moment_recursion
from modelcollapse.types import Status

SEED = 20_240_607
SIZES = (50, 100, 200, 400, 800, 1600, 3200)
MIXES = {"no real data": {}, "0.3 fresh": {"real": 0.3}, "0.2 fresh, 0.4 kept": {"real": 0.2, "kept": 0.4}}
SETTLED = 30
"""Generations after which the mixes with real data are stationary."""
GAUSSIAN = {"truth": {"family": "gaussian", "mean": 0.0, "std": 1.0}, "learner": {"family": "gaussian"}}
W, M, S = np.array([0.5, 0.5]), np.array([-2.0, 2.0]), np.array([1.0, 1.0])
CAVEAT = (
    "With real data and in a single fit: no growth beyond the standard errors. Not shown: that N x error of",
    "log comp. var is bounded without real data; it rises from N = 50 to 200, and from N = 400 on its",
    "standard errors are too large to exclude growth like sqrt(N).",
)
"""What the table shows and what not, read off the run of 2026-11-25; read it again after another."""
NAMES = ("log total var", "component var", "log comp. var", "weight sd")


def score(x):
    """The score of the reference mixture at items, ``(item, coordinate)``."""
    z = (x[:, None] - M) / S
    r = W / S * np.exp(-0.5 * z * z)
    r /= r.sum(axis=1, keepdims=True)
    return np.stack([r - W, r * z, r * (z * z - 1)], axis=2).reshape(len(x), -1)


def local_errors(n, rows):
    """N^2 (E step - b/N) and N^2 (Cov step - I^-1/N) of the log stds of actual fits, with standard errors."""
    family, streams = Mixture(tolerance=1e-9), generators(SEED, (n,) + (0,) * 7, range(rows))
    truth = MixtureParams(W[None], M[None], S[None])
    x = family.sample(truth, n, streams)
    fit = family.fit(x, np.full(rows, n), None, truth, streams)
    information, bias = (part[0] for part in ASYMPTOTICS["mixture"].expand(truth))
    inverse = np.linalg.inv(information)
    step = np.log(np.maximum(fit.params.std, 1e-3)).mean(axis=1)  # of both components
    pick = np.array([0.0, 0.0, 0.5, 0.0, 0.0, 0.5])
    first = np.array([score(row).mean(axis=0) for row in x]) @ inverse @ pick
    left = n * (step - first) - bias @ pick
    square = (
        n * (step - step.mean()) ** 2 - n * (first**2 - pick @ inverse @ pick / n) - pick @ inverse @ pick
    )
    return [(n * part.mean(), n * part.std() / np.sqrt(rows)) for part in (left, square)]


def run(engine, n, seconds, mix, **recipe):
    """A result of about so many seconds, and the generations to look at."""
    real = "real" in mix
    generations = 200 if real else max(n // 4, 1)
    cost = (2e-5 + 3e-8 * n if engine == "exact" else 1.2e-5) * generations
    replicates = int(np.clip(seconds / cost, 100, 20_000))
    experiment = mc.Experiment(
        n_samples=n,
        generations=generations,
        replicates=replicates,
        seed=SEED,
        engine=engine,
        workflow={"kind": "mix", **mix},
        save="all" if real else {"every": generations},
        **recipe,
    )
    return experiment, mc.run(experiment).isel(generation=slice(SETTLED, None) if real else slice(-1, None))


def observables(dataset):
    """One value a replicate, averaged over the generations, ``(observable, replicate)``."""
    component = mc.measure(dataset, "component_variance").transpose("replicate", "generation").values
    return np.array(
        [
            np.log(dataset["total_variance"].values).mean(axis=1),
            component.mean(axis=1),
            np.log(np.maximum(dataset["std"].values, 1e-3) ** 2).mean(axis=(1, 2)),
            ((dataset["weight"].values[:, :, 0] - 0.5) ** 2).mean(axis=1),
        ]
    )


def difference(n, mix, seconds):
    """N (diffusion - exact) of the mixture's observables, their standard errors, and the share flagged."""
    found = []
    for engine in ("exact", "diffusion"):
        _, dataset = run(engine, n, seconds, mix)
        values = observables(dataset)
        mean, error = values.mean(axis=1), values.std(axis=1) / np.sqrt(values.shape[1])
        root = np.sqrt(mean[3])
        mean[3], error[3] = root, error[3] / (2 * root)
        found.append((mean, error))
    outside = (dataset["status"].values[:, -1] & int(Status.OUTSIDE_RANGE) != 0).mean()
    (exact, one), (diffusion, other) = found
    return n * (diffusion - exact), n * np.hypot(one, other), outside


def against_law(n, mix, seconds, **recipe):
    """N (E V - law)/V0 and N (E (M - mu0)^2 - law)/V0 of the diffusion engine, and standard errors."""
    experiment, dataset = run("diffusion", n, seconds, mix, **recipe)
    at = dataset["generation"].values
    variance, error = (law[at] for law in moment_recursion(experiment, int(at.max())))
    mean, v0 = (float(part[0]) for part in experiment.source.moments())
    away = [
        (dataset["total_variance"].values - variance).mean(axis=1) / v0,
        ((dataset["total_mean"].values - mean) ** 2 - error).mean(axis=1) / v0,
    ]
    return [(n * part.mean(), n * part.std() / np.sqrt(len(part))) for part in away]


def cell(pairs):
    """Numbers with their standard errors."""
    return "".join(f"{value:10.2f} ({error:6.2f})" for value, error in pairs)


def table(seconds):
    """The lines of the table."""
    yield "local: the reference mixture's mean log std after one fit; N^2 times the error of"
    yield f"{'N':>6}{'mean':>19}{'variance':>19}   (b = {_bias():.3f})"
    for n in SIZES:
        rows = int(np.clip(seconds / (3e-5 + 1.5e-7 * n), 500, 20_000))
        yield f"{n:6}" + cell(local_errors(n, rows))
    for what, recipe in (("gaussian", GAUSSIAN), ("reference mixture", {})):
        for name, mix in MIXES.items():
            yield f"\n{what}, {name}: N (diffusion - law)/V0 of total variance, squared error of the mean"
            for n in SIZES:
                yield f"{n:6}" + cell(against_law(n, mix, seconds, **recipe))
    for name, mix in MIXES.items():
        yield f"\nreference mixture, {name}: N (diffusion - exact)"
        yield f"{'N':>6}" + "".join(f"{own:>19}" for own in NAMES) + "   outside its range"
        for n in SIZES:
            value, error, outside = difference(n, mix, seconds)
            yield f"{n:6}" + cell(zip(value, error, strict=True)) + f"   {outside:.3f}"


def _bias():
    found = ASYMPTOTICS["mixture"].expand(MixtureParams(W[None], M[None], S[None])).bias[0]
    return found[[2, 5]].mean()


def main():
    """Print the table and save it."""
    seconds, began = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0, time.perf_counter()
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, modelcollapse {mc.__version__}, NumPy {np.__version__}, "
        f"numba {numba.__version__}, Python {platform.python_version()}, seed {SEED}",
        "Standard errors in brackets; without real data after N/4 generations, else averaged over "
        f"generations {SETTLED} to 200.",
        *CAVEAT,
        "",
    ]
    for line in lines:
        print(line)
    for line in table(seconds):
        print(line, flush=True)
        lines.append(line)
    lines.append(f"\n{time.perf_counter() - began:.0f} s")
    target = Path(__file__).parent / "results" / "diffusion_order.txt"
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
