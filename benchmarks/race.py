"""Contenders side by side: a process each, timed in turn, round after round."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from benchmarks import summaries
from benchmarks.cases import Case
from benchmarks.contenders import BASELINE, BY_NAME, Contender, Unavailable

ROOT = Path(__file__).parents[1]
REST = 0.25
"""Seconds between timings: a library's threads may spin for a while after their work."""
PATIENCE = 300.0
"""Seconds after which a job is given up."""


def environment(threads: int) -> dict[str, str]:
    """The environment of a process on a number of threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    path = os.pathsep.join([str(ROOT), *map(os.path.abspath, given)])
    return {**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONPATH": path}


def cores(threads: int) -> set[int]:
    """The cores a process on so many threads is held to: the last ones, since the first serve interrupts."""
    return set(sorted(os.sched_getaffinity(0))[-threads:])


class Entrant(Protocol):
    """Something that can be timed."""

    contender: Contender
    threads: int

    def ask(self, do: str, case: Case, seed: int) -> dict[str, Any]:
        """Do a job and answer."""


class Process:
    """A contender's worker; `Unavailable` where it cannot run here."""

    def __init__(self, name: str, threads: int = 1, extra: Mapping[str, str] | None = None) -> None:
        self.contender, self.threads = BY_NAME[name], threads
        inside = 1 if self.contender.threading == "processes" else threads
        held = cores(threads) if hasattr(os, "sched_setaffinity") else None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env={**environment(inside), **(extra or {})},
            preexec_fn=(lambda: os.sched_setaffinity(0, held)) if held else None,
        )
        self.version = self._read()["version"]

    def ask(self, do: str, case: Case, seed: int) -> dict[str, Any]:
        """Do a job: "time", "once" or "gap"."""
        assert self.process.stdin is not None
        try:
            print(json.dumps({"do": do, "case": case.table(), "seed": seed}), file=self.process.stdin)
        except BrokenPipeError:
            raise Unavailable("its process has ended") from None
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE):
                self.process.kill()
                raise Unavailable(f"no answer within {PATIENCE:.0f} seconds")
        line = self.process.stdout.readline()
        if not line:
            raise Unavailable(f"its process ended with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "unavailable" in answer:
            raise Unavailable(answer["unavailable"])
        return answer

    def close(self) -> None:
        """End the process."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # a broken pipe cannot be flushed
                    pipe.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def race(
    entries: Sequence[tuple[Entrant, Case]], rounds: int, baseline: str = BASELINE, rest: float = REST
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Time all entries in turn, round after round; rows, and what fell out with its reason.

    The seeds of a round are the same for all. Ratios are to the first entry of the baseline on one thread.
    """
    times: list[list[float]] = [[] for _ in entries]
    out: dict[int, str] = {}
    for turn in range(rounds):
        for i, (entrant, case) in enumerate(entries):
            if i in out:
                continue
            time.sleep(rest)
            try:
                times[i].append(entrant.ask("time", case, 10_000 * (turn + 1))["seconds"])
            except Unavailable as reason:
                out[i] = str(reason)
    each = [
        [summaries.milliseconds(s, case.replicates, case.generations) for s in seconds]
        for seconds, (_, case) in zip(times, entries, strict=True)
    ]
    first = next(
        (i for i, (e, _) in enumerate(entries) if e.contender.name == baseline and e.threads == 1), None
    )
    reference = each[first] if first is not None and first not in out else None
    rows = [
        row(entrant, case, each[i], reference) for i, (entrant, case) in enumerate(entries) if i not in out
    ]
    return rows, [{"name": entries[i][0].contender.name, "reason": reason} for i, reason in out.items()]


def row(
    entrant: Entrant, case: Case, each: Sequence[float], reference: Sequence[float] | None
) -> dict[str, Any]:
    """One row: who, what, milliseconds a replicate-generation, and times the baseline's speed."""
    contender = entrant.contender
    return {
        "contender": contender.name,
        "label": contender.label,
        "threads": entrant.threads,
        "threading": contender.threading,
        **case.table(),
        "rounds": len(each),
        "each": list(each),
        "ms": summaries.spread(each),
        "ratio": None if reference is None else summaries.ratios(reference, each),
        "maximum": contender.maximum,
        "stop": contender.stop,
    }
