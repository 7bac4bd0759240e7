"""A folder made ready for a sweep: there, of this study, right but for what is to be computed."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np

from modelcollapse.errors import Problem, StorageError
from modelcollapse.studies import blocks, disk, environment, folder
from modelcollapse.studies.archive import ROOT, Archive, Scan
from modelcollapse.studies.driver import KEPT_GOING
from modelcollapse.studies.study import Study

UNIT_SECONDS = 10.0
"""What a unit should take, by estimate: long against the 10 ms of its writing, short against a night."""
UNIT_BYTES = 64 * 2**20
"""Memory of a unit's numbers at most."""


def there(path: Path) -> bool:
    """Whether a study is there; refuse a place that holds anything else."""
    try:
        if folder.is_study(path) or (path / ROOT).exists():
            return True
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise StorageError(
                [Problem("--out", str(path), "is something else than a study, and is left alone")]
            )
    except OSError as error:
        raise StorageError([Problem("--out", str(path), f"cannot be used: {error}")]) from None
    return False


def make(path: Path, study: Study, block: int | None) -> None:
    """Make the folder, unless another process does so at this moment."""
    try:
        if not path.parent.is_dir():
            raise StorageError([Problem("--out", str(path), "its folder does not exist")])
        _check_room(path.parent, path, study.estimate().disk)
        folder.create(path, study, block or choose_block(study))
    except OSError as error:
        if not folder.is_study(path):
            reason = f"cannot be written: {error.strerror or error}"
            raise StorageError([Problem("--out", str(path), reason)]) from None


def _check_room(there: Path, path: Path, needed: float, ending: str = StorageError.ending) -> None:
    """Refuse where the disk has less than is needed; ``ending`` says how all stands then."""
    free = shutil.disk_usage(there).free
    if free < needed:
        wanted = f"{needed:.0f} bytes are needed and {free} are free"
        full = StorageError([Problem("--out", str(path), wanted)])
        full.ending = ending
        raise full


def choose_block(study: Study) -> int:
    """Replicates of a unit, so that it takes some seconds; by estimate, the same on each computer."""
    estimate = study.estimate()
    each = estimate.seconds / (study.size * study.replicates)
    bytes_each = max(1.0, estimate.disk / (study.size * study.replicates))
    most = min(UNIT_SECONDS / max(each, 1e-9), UNIT_BYTES / bytes_each, study.replicates)
    return max(1, math.ceil(study.replicates / math.ceil(study.replicates / max(1.0, most))))


def prepare(
    path: Path, study: Study, accept: bool, tell: Callable[[str], None], stop: Event
) -> tuple[Archive, Scan]:
    """Open the folder for a study: metadata right, room for all of it, damaged units out of the way."""
    archive = folder.open_study(path)
    folder.settle(archive)
    wrong = folder.damaged_metadata(archive)
    if wrong:
        mend = "`modelcollapse check --repair` writes it anew"
        raise StorageError(f"is damaged: {'; '.join(wrong[:5])}; {mend}", str(path))
    differences = folder.foreign(archive, study)
    if differences:
        allowed = "holds another study; these differ, or are not asked for any more"
        other = Problem("--out", str(path), allowed)
        raise StorageError([other, *differences])
    said = environment.check(archive.versions, str(archive.path), accept)
    if said:
        tell(said)
        archive = folder.note_versions(archive)
    merged = study.ordered_after(archive.study)
    if merged.to_json() != archive.study.to_json():
        before = archive.study
        archive = folder.grow(archive, merged)
        tell(f"the study grows from {_size(before)} to {_size(merged)}")
    folder.tidy(archive)
    scan = archive.scan(stop=stop)
    if not stop.is_set():  # else what was not looked at passes for missing
        missing = 1.0 - scan.count(blocks.WHOLE) / archive.size
        _check_room(path, path, archive.study.estimate().disk * missing, KEPT_GOING)
    damaged = np.flatnonzero(scan.states == blocks.DAMAGED).tolist()
    for number in damaged:
        disk.remove(archive.place(number).record_path())
    if damaged:
        named = "; ".join(scan.problems[:5])
        tell(
            f"{len(damaged)} damaged blocks are computed again: {named}{'; ...' if len(damaged) > 5 else ''}"
        )
    return archive, scan


def _size(study: Study) -> str:
    return f"{study.size} cells of {study.replicates} replicates"
