"""Where the time goes: a run's time by verb, and within each verb compiled kernels against the rest.

``python -m benchmarks.breakdown [ENGINE ...]`` runs `modelcollapse.run` on one thread with clocks around
the engine's verbs, around what records a generation, and around every compiled kernel.
"""

import argparse
import importlib
import pkgutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import modelcollapse as mc
from benchmarks.cases import Case
from benchmarks.contenders import ENGINES
from benchmarks.report import table
from benchmarks.summaries import significant

VERBS = ("draw", "pick", "merge", "fit")
REST = "rest"


class Clock:
    """Seconds by what is being done: a kernel's time counts for the verb it is called in."""

    def __init__(self) -> None:
        self.doing = [REST]
        self.total: dict[str, float] = defaultdict(float)
        self.kernels: dict[tuple[str, str], float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)

    def verb(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Clock a function as a verb, less the verbs within it."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self.doing.append(name)
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                passed = time.perf_counter() - start
                self.doing.pop()
                self.calls[name] += 1
                self.total[name] += passed
                self.total[self.doing[-1]] -= passed

        return timed

    def kernel(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Clock a compiled kernel."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.kernels[self.doing[-1], name] += time.perf_counter() - start

        return timed


class Timed:
    """An engine with a clock around each verb."""

    def __init__(self, engine: Any, clock: Clock) -> None:
        self._engine = engine
        for name in VERBS:
            setattr(self, name, clock.verb(name, getattr(engine, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def kernels() -> Iterator[tuple[Any, str, Any]]:
    """Every place (module, name, kernel) where the package holds a compiled kernel that Python calls."""
    from numba.core.registry import CPUDispatcher

    for found in pkgutil.walk_packages(mc.__path__, "modelcollapse."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, CPUDispatcher) and value.signatures:
                yield module, name, value


@contextmanager
def clocked(name: str) -> Iterator[Clock]:
    """Put clocks into the package while a run goes on."""
    from modelcollapse import lab, results
    from modelcollapse.engines import ENGINES as engines
    from modelcollapse.families.mixture import Mixture

    clock, make = Clock(), engines[name]
    with ExitStack() as stack:
        put = stack.enter_context
        put(patch.dict(engines, {name: lambda *args: Timed(make(*args), clock)}))  # type: ignore[arg-type]
        put(patch.object(Mixture, "record", clock.verb("record", Mixture.record)))
        put(patch.object(results, "put", clock.verb("record", results.put)))
        put(patch.object(results, "assemble", clock.verb("assemble", results.assemble)))
        put(patch.object(lab, "generators", clock.verb("streams", lab.generators)))
        for module, attribute, kernel in list(kernels()):
            put(patch.object(module, attribute, clock.kernel(attribute, kernel)))
        yield clock


def breakdown(name: str, case: Case) -> str:
    """Time a run by verb: a table."""
    experiment = mc.Experiment(**case.recipe(name, 0))
    mc.run(experiment.changed(generations=3), threads=1, allow_large=True)
    start = time.perf_counter()
    mc.run(experiment, threads=1, allow_large=True)
    plain = time.perf_counter() - start
    with clocked(name) as clock:
        start = time.perf_counter()
        mc.run(experiment, threads=1, allow_large=True)
        whole = time.perf_counter() - start
    clock.total[REST] += whole
    steps = case.replicates * case.generations
    lines = []
    for verb in (*VERBS, "record", REST, "streams", "assemble"):
        if verb != REST and not clock.calls[verb]:
            continue
        inside = {kernel: s for (v, kernel), s in clock.kernels.items() if v == verb}
        compiled, total = sum(inside.values()), clock.total[verb]
        names = ", ".join(sorted(inside, key=lambda kernel: -inside[kernel])) or "-"
        cells = (1e3 * total / steps, 1e3 * compiled / steps, 1e3 * (total - compiled) / steps)
        lines.append((verb, *map(significant, cells), f"{100 * total / whole:.1f} %", names))
    head = ("verb", "ms", "in kernels", "NumPy and Python", "share", "kernels")
    text = (
        f"{name}: N = {case.n_samples:g}, {case.components} components, {case.replicates} replicates, "
        f"{case.generations} generations, one thread: {plain:.3g} s, with clocks {whole:.3g} s.\n"
        f"Milliseconds a replicate-generation:\n\n"
    )
    return text + "\n".join(table(head, lines))


def main() -> None:
    """Read the command line and print the tables."""
    from modelcollapse.engines import ENGINES as engines

    here = [name for name in ENGINES if name in engines]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.breakdown", description=__doc__)
    parser.add_argument("engines", nargs="*", help=f"of {', '.join(here)}; all of them if none is given")
    parser.add_argument("--items", type=lambda text: int(float(text)), default=10_000, help="N")
    parser.add_argument("--components", type=int, default=2)
    parser.add_argument("--replicates", type=int, default=8)
    parser.add_argument("--generations", type=int, default=200)
    options = parser.parse_args()
    case = Case(options.items, options.components, options.replicates, options.generations)
    for name in options.engines or here:
        if name not in here:
            parser.error(f"{name!r}: must be one of {', '.join(here)}")
        print(breakdown(name, case))


if __name__ == "__main__":
    main()
