"""Who is timed: the lab's engines and the rivals, each with what it stops at and how it uses threads."""

import importlib
import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import rivals
from benchmarks.cases import Case

BASELINE = "scikit-learn"
"""All ratios are to the scikit-learn loop at its defaults, on one thread."""
NUMPY = "numpy"
"""The regression check compares with the NumPy loop: it changes with the processor as ours does."""
ENGINES = ("exact", "grouped", "diffusion")


@dataclass(frozen=True)
class Contender:
    """One way to run the recursion.

    Attributes
    ----------
    name, label
        The key in the results; what figures and tables say.
    library
        The distribution whose version is noted; "" for the lab itself.
    maximum
        Whether a fit ends at the maximum of the likelihood, by its settings.
    stop
        What ends a fit.
    threading
        "own": the library's threads. "processes": it has none to speak of, so that on two cores a user
        runs two processes of one thread each.
    make
        Makes the rival; not for the lab's engines.
    largest
        The largest N that is tried.
    """

    name: str
    label: str
    library: str
    maximum: bool
    stop: str
    threading: str = "own"
    make: Callable[[], Any] = field(default=lambda: None)
    largest: int = 10**6

    @property
    def ours(self) -> bool:
        """Whether it is an engine of the lab."""
        return not self.library

    def version(self) -> str:
        """The library's version, once it can be imported."""
        if self.ours:
            return importlib.import_module("modelcollapse").__version__
        return importlib.metadata.version(self.library)


EM = "a parabola promises less than 1e-5 nats"
ALL = (
    Contender(
        BASELINE,
        "scikit-learn, defaults",
        "scikit-learn",
        False,
        "a step gains < 1e-3 nats an item",
        "processes",
        lambda: rivals.ScikitLearn(),
    ),
    Contender(
        "scikit-learn-own",
        "scikit-learn, defaults, its own threads",
        "scikit-learn",
        False,
        "a step gains < 1e-3 nats an item",
        "own",
        lambda: rivals.ScikitLearn(),
    ),
    Contender(
        "scikit-learn-tight",
        "scikit-learn, tol 1e-8",
        "scikit-learn",
        True,
        "a step gains < 1e-8 nats an item",
        "processes",
        lambda: rivals.ScikitLearn(tol=1e-8, max_iter=100_000),
    ),
    Contender(
        NUMPY,
        "NumPy loop",
        "numpy",
        True,
        "a step gains < 1e-6 nats",
        "processes",
        lambda: rivals.NumPyLoop(1e-6),
    ),
    Contender(
        "gmmx",
        "gmmx, defaults",
        "gmmx",
        False,
        "a step gains < 1e-3 nats an item",
        "own",
        lambda: rivals.Gmmx(),
    ),
    Contender(
        "gmmx-tight",
        "gmmx, tol 1e-6",
        "gmmx",
        True,
        "a step gains < 1e-6 nats an item (the end of float32), or 1,000 steps",
        "own",
        lambda: rivals.Gmmx(tol=1e-6, max_iter=1000),
    ),
    Contender(
        "pomegranate",
        "pomegranate, defaults",
        "pomegranate",
        False,
        "a step gains < 0.1 nats",
        "own",
        lambda: rivals.Pomegranate(),
    ),
    Contender(
        "pomegranate-tight",
        "pomegranate, tol 1e-6",
        "pomegranate",
        True,
        "a step gains < 1e-6 nats",
        "own",
        lambda: rivals.Pomegranate(tol=1e-6, max_iter=100_000),
    ),
    Contender(
        "mlpack",
        "mlpack, tol 1e-6",
        "mlpack",
        True,
        "a step gains < 1e-6 nats",
        "own",
        lambda: rivals.Mlpack(tolerance=1e-6, max_iterations=0),
    ),
    Contender("exact", "modelcollapse, exact", "", True, EM, largest=10**7),
    Contender("grouped", "modelcollapse, grouped", "", True, EM, largest=10**15),
    Contender("diffusion", "modelcollapse, diffusion", "", True, "no EM: first order in 1/N", largest=10**15),
)
BY_NAME = {contender.name: contender for contender in ALL}


class Unavailable(Exception):
    """A contender that cannot run here, with the reason."""


def ready(contender: Contender) -> Any:
    """Make a contender's rival, or find that the engine exists; `Unavailable` says why not."""
    try:
        if not contender.ours:
            return contender.make()
        engines = importlib.import_module("modelcollapse.engines").ENGINES
    except Exception as error:  # a library may fail to load in many ways
        raise Unavailable(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    if contender.name not in engines:
        raise Unavailable("this version of the lab has no such engine")
    return None


def run(contender: Contender, rival: Any, case: Case, seed: int, threads: int) -> None:
    """Do a case once, as a user would: what is timed."""
    if contender.ours:
        import modelcollapse as mc

        experiment = mc.Experiment(**case.recipe(contender.name, seed))
        mc.run(experiment, threads=threads, allow_large=True)
        return
    for replicate in range(case.replicates):
        for _ in rivals.recursion(rival, case, seed + replicate):
            pass


def gap(contender: Contender, rival: Any, case: Case, seed: int) -> float | None:
    """Nats, over all N items, from a fit to the maximum above it: the mean over generations.

    The maximum is climbed to from the fitted parameters, on the same training set. None where the
    training set is not held as items, or a component has died.
    """
    from modelcollapse.families.climbing import climb

    gaps = []
    for x, parts in _fits(contender, rival, case, seed):
        rows = tuple(np.array(part, dtype=float)[None] for part in parts)
        top, _, status = climb(x[None], np.array([len(x)]), None, rows, 1e-9, 10_000)
        if status[0] & 3:  # dead or a point: another likelihood
            continue
        gaps.append(log_likelihood(x, *(part[0] for part in top)) - log_likelihood(x, *parts))
    return max(float(np.mean(gaps)), 0.0) if gaps else None


def _fits(contender: Contender, rival: Any, case: Case, seed: int) -> Iterator[tuple[np.ndarray, Any]]:
    """Training set and fitted parameters of each generation of one replicate."""
    if not contender.ours:
        for items, model in rivals.recursion(rival, case, seed):
            yield np.asarray(items, dtype=float).ravel(), rival.params(model)
        return
    if contender.name != "exact":
        return
    import modelcollapse as mc
    from modelcollapse import streams
    from modelcollapse.engines import ENGINES as engines
    from modelcollapse.recursion import generations

    experiment = mc.Experiment(**case.recipe(contender.name, seed))
    engine = engines[contender.name](experiment.learner)
    given = streams.generators(seed, experiment.key(), range(1))
    loop = generations(
        engine, experiment.workflow, experiment.source, case.n_samples, experiment.start, given
    )
    for _ in range(case.generations):
        state, _ = next(loop)
        yield state.corpus.training.x[0], tuple(part[0] for part in state.params)


def log_likelihood(x: np.ndarray, weight: np.ndarray, mean: np.ndarray, std: np.ndarray) -> float:
    """Log-likelihood of items under a mixture."""
    with np.errstate(divide="ignore"):
        each = np.log(weight / std)[:, None] - 0.5 * ((x - mean[:, None]) / std[:, None]) ** 2
    return float(np.logaddexp.reduce(each, axis=0).sum() - 0.5 * len(x) * np.log(2 * np.pi))
