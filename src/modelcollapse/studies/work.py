"""What a worker does: it gets a unit of a study as data, runs its replicates, and commits them.

The payload is JSON: a recipe, a range of replicates, a place. No code travels, and a unit is a pure function
of its payload, so it may be lost, or done twice.
"""

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from modelcollapse.errors import StorageError
from modelcollapse.studies.layout import Variable


def payload(archive: Any, number: int) -> str:
    """Say in JSON what a worker must know of a unit of an archive."""
    block = archive.place(number)
    first = block.block * archive.block
    cell = archive.study.cell(block.index)
    held = {name: _sha(value) for name, value in archive.held.items()}
    return json.dumps(
        {
            "store": str(archive.path.absolute()),
            "versions": dict(_versions()),
            "recipe": cell.to_json(),
            "held": held,
            "replicates": [first, first + block.rows],
            "index": block.index,
            "block": block.block,
            "key": block.key.hex(),
            "variables": [_described(variable) for variable in block.variables],
            "record": _described(block.record),
        }
    )


def do(text: str) -> bool:
    """Run a unit and commit it, in a worker.

    Returns
    -------
    bool
        False where the same unit was there already.

    Raises
    ------
    StorageError
        Where it cannot be written, or another result was there.
    OtherVersions
        Where this process would draw, or compute, other numbers than the one that asks.
    """
    from modelcollapse import lab
    from modelcollapse.experiment import Experiment
    from modelcollapse.studies.blocks import Block, commit
    from modelcollapse.studies.environment import environment

    _one_thread()
    unit = json.loads(text)
    ours = _versions()
    if unit["versions"] != ours:
        raise OtherVersions(f"a worker has {ours}; the study is run with {unit['versions']}")
    store = Path(unit["store"])
    if not store.is_dir():
        raise StorageError("a worker does not see this folder", str(store))
    data = [_held(store, name, sha) for name, sha in unit["held"].items()]
    experiment = Experiment.from_json(unit["recipe"], data[0] if data else None)
    first, stop = unit["replicates"]
    values = lab.block(experiment, first, stop)
    variables = tuple(_variable(described) for described in unit["variables"])
    place = Block(
        store,
        tuple(unit["index"]),
        unit["block"],
        stop - first,
        bytes.fromhex(unit["key"]),
        variables,
        _variable(unit["record"]),
    )
    return commit(place, values, environment(ours))


class OtherVersions(RuntimeError):
    """A worker runs another version of this program, of NumPy or of numba."""


def _versions() -> dict[str, Any]:
    from modelcollapse.studies.environment import versions

    return versions()


def _described(variable: Variable) -> list[Any]:
    return [variable.name, variable.dtype.name, list(variable.chunk)]


def _variable(described: list[Any]) -> Variable:
    name, dtype, chunk = described
    return Variable(name, (), np.dtype(dtype), (), tuple(chunk))


@lru_cache(maxsize=1)
def _held(store: Path, name: str, sha: str) -> Any:
    """What the truth's file held, from the store; refused where it is not what the study began with."""
    from modelcollapse.studies.holding import read_held

    values = read_held(store, json.loads((store / name / "zarr.json").read_bytes()))
    if _sha(values) != sha:
        raise StorageError(f"{name} is damaged", str(store))
    return values


def _sha(values: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


@lru_cache(maxsize=1)
def _one_thread() -> Any:
    """Linear algebra takes one thread a worker: workers are as many as there are cores."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def begin() -> None:
    """Prepare a worker's process: it ends with its parent, and leaves Ctrl-C to it."""
    import multiprocessing
    import signal
    import threading
    from multiprocessing.connection import wait

    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            wait([parent.sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
