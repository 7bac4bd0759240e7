"""Files that survive a power cut: written beside their place, synced, renamed. All writing is here.

A reader sees a file whole or not at all. What is renamed is on the disk before its name is, and the name is
on the disk before whatever is written next: so a record that is there speaks of data that are there.
"""

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

PART = ".part"
"""How the names of files end that are not yet in their place. Readers know no such names."""
SIDE_BY_SIDE = 16
"""Files that are synced at a time."""


def put(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; what was there before is replaced."""
    put_all({path: content})


def put_all(files: Mapping[Path, bytes]) -> None:
    """Write files: first all of them beside their places, then each into its place.

    When this returns they are on the disk. A process that is killed leaves some old and some new files,
    each whole.
    """
    parts = {path: _beside(path) for path in files}
    try:
        each(lambda path: _write(parts[path], files[path]), files)
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            with suppress(OSError):
                os.unlink(part)
    each(sync_folder, dict.fromkeys(path.parent for path in files))


def each(act: Callable[[Path], Any], paths: Iterable[Path]) -> None:
    """Do something with each, side by side: a disk syncs many files in the time of one."""
    paths = list(paths)
    if len(paths) == 1:
        act(paths[0])
        return
    with ThreadPoolExecutor(min(len(paths), SIDE_BY_SIDE) or 1) as pool:
        for _ in pool.map(act, paths):
            pass


def put_new(path: Path, content: bytes) -> bool:
    """Write a file where none is; False where one is, which is left alone. Of two writers one wins."""
    part = _beside(path)
    _write(part, content)
    try:
        os.link(part, path)
    except FileExistsError:
        if os.stat(part).st_nlink < 2:  # else it is ours: a file server may do a thing and say that it failed
            return False
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)
    sync_folder(path.parent)
    return True


def remove(path: Path) -> None:
    """Remove a file, if it is there, before anything that is written next."""
    with suppress(FileNotFoundError):
        os.unlink(path)
        sync_folder(path.parent)


def move(old: Path, new: Path) -> None:
    """Rename a folder, or a file, within a folder."""
    os.rename(old, new)
    sync_folder(new.parent)


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk. Systems that cannot open a folder do so themselves."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clear_parts(folder: Path) -> None:
    """Remove what killed processes have left beside their places."""
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if entry.name.endswith(PART)]
    for path in left:
        with suppress(FileNotFoundError):
            os.unlink(path)


def said(error: OSError) -> str:
    """Why the system refused, and the file, where it names one."""
    reason, place = error.strerror or str(error), error.filename2 or error.filename
    return reason if place is None else f"{reason} ({os.fsdecode(place)})"


def _beside(path: Path) -> Path:
    """A name for a file that is not yet in its place."""
    return path.with_name(f".{secrets.token_hex(8)}{PART}")


def _write(part: Path, content: bytes) -> None:
    """Write a new file, down to the disk."""
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        finally:
            os.close(handle)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise
