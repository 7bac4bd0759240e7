"""One contender in a process of its own: it reads jobs, a JSON line each, and answers each with a line.

A process of its own keeps one library's threads, memory and settings from the others; between jobs it
waits and takes no time. ``python -m benchmarks.worker NAME THREADS``.
"""

import json
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

from benchmarks import contenders
from benchmarks.cases import Case
from benchmarks.contenders import BY_NAME, Unavailable

AT_LEAST = 0.3
"""A timing repeats its case, with other seeds, until it has taken this many seconds."""


def peak_memory() -> int:
    """Bytes of memory this process has had at most: its own, where getrusage would count its parent's too."""
    try:
        with open("/proc/self/status") as file:
            line = next(line for line in file if line.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    except (OSError, StopIteration):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@cache
def _rival(name: str) -> Any:
    return contenders.ready(BY_NAME[name])


def _once(name: str, table: dict[str, Any], seed: int) -> None:
    """One replicate in a process of the pool."""
    warnings.simplefilter("ignore")
    contenders.run(BY_NAME[name], _rival(name), Case(**table), seed, 1)


class Worker:
    """Answers jobs for one contender on a number of threads."""

    def __init__(self, name: str, threads: int) -> None:
        self.contender, self.threads = BY_NAME[name], threads
        self.rival = _rival(name)
        self.pool = None
        if threads > 1 and not self.contender.ours and self.contender.threading == "processes":
            self.pool = ProcessPoolExecutor(threads, get_context("spawn"))

    def run(self, case: Case, seed: int) -> None:
        """Do a case once."""
        if self.pool is None:
            contenders.run(self.contender, self.rival, case, seed, self.threads)
            return
        one = Case(**{**case.table(), "replicates": 1})
        jobs = [
            self.pool.submit(_once, self.contender.name, one.table(), seed + r)
            for r in range(case.replicates)
        ]
        for job in jobs:
            job.result()

    def time(self, case: Case, seed: int) -> dict[str, float]:
        """Seconds of one case, the mean of as many as it takes."""
        repeats, start = 0, time.perf_counter()
        while True:
            self.run(case, seed + 100 * repeats)
            repeats += 1
            passed = time.perf_counter() - start
            if passed >= AT_LEAST:
                return {"seconds": passed / repeats, "repeats": repeats}

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do one job."""
        case = Case(**job["case"])
        if job["do"] == "time":
            return self.time(case, job["seed"])
        if job["do"] == "once":
            start, before = time.perf_counter(), peak_memory()
            self.run(case, job["seed"])
            return {"seconds": time.perf_counter() - start, "before": before, "peak": peak_memory()}
        return {"gap": contenders.gap(self.contender, self.rival, case, job["seed"])}


def main() -> None:
    """Answer until standard input ends; libraries may print what they like on standard error."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    try:
        worker = Worker(sys.argv[1], int(sys.argv[2]))
    except Unavailable as reason:
        print(json.dumps({"unavailable": str(reason)}), file=out)
        return
    print(json.dumps({"version": worker.contender.version()}), file=out)
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:
            answer = {"unavailable": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=out)
    if worker.pool is not None:
        worker.pool.shutdown()


if __name__ == "__main__":
    main()
