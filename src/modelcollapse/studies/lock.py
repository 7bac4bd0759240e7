"""One sweep a store: a file that says who is at work, and is taken over from whoever holds it no more.

No file is locked in the system's sense: shared file systems do not all know that. A link to a finished file
either comes to be or not, on all of them.
"""

import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from modelcollapse.errors import StorageError, printable
from modelcollapse.studies import disk

NAME, CLAIM = "lock.json", ".taken-"
HOLDS = set[str]()
"""What this process holds, by a name that each hold has.

A lock that could not be removed is not in the way of the process whose it was; others see it held until that
process ends.
"""


class Lock:
    """A lock that is held: what it says can be changed, for others to read."""

    def __init__(self, path: Path, owner: Mapping[str, Any]) -> None:
        """Keep where it lies and whose it is."""
        self._path, self._owner = path, dict(owner)

    def say(self, **more: Any) -> None:
        """Let others read how the work stands; nothing depends on it."""
        with suppress(OSError):
            mine = holder(self._path.parent) or {}
            if all(mine.get(name) == value for name, value in self._owner.items()):
                disk.put(self._path, _text({**self._owner, **more}))


@contextmanager
def held(store: Path, taken: list[str]) -> Iterator[Lock]:
    """Hold a store's lock.

    Parameters
    ----------
    store
        The study's folder.
    taken
        Gets a sentence where a lock was taken over: of a process that is gone, or holds it no more.

    Raises
    ------
    StorageError
        Where somebody holds it, or where nobody can know, as on another computer.
    """
    path, owner = store / NAME, _myself()
    HOLDS.add(owner["hold"])
    try:
        _take(path, owner, taken)
        yield Lock(path, owner)
    finally:
        try:
            mine = holder(store) or {}
            if all(mine.get(name) == value for name, value in owner.items()):
                with suppress(OSError):
                    disk.remove(path)
        finally:  # last: what is being removed must not be taken over
            HOLDS.discard(owner["hold"])


def _take(path: Path, owner: Mapping[str, Any], taken: list[str]) -> None:
    """Make the lock, or take it over; refuse where somebody has it."""
    while not _put_new(path, owner):
        if path.is_symlink():  # where it leads to nothing, it is neither there nor can it be made
            raise StorageError(f"{path.name} is a link, and no lock of a sweep; remove it", str(path.parent))
        with suppress(FileNotFoundError):  # it may be gone just now
            content = path.read_bytes()
            other = _read(content)
            if _lives(other):
                raise StorageError(_refusal(other, path), str(path.parent))
            if _take_over(path, content, owner):
                whose = printable(f"{other.get('pid')}")
                taken.append(f"took over the lock of process {whose}, which holds it no more")
                return


def _put_new(path: Path, owner: Mapping[str, Any]) -> bool:
    """Write a lock where none is."""
    try:
        return disk.put_new(path, _text(owner))
    except FileNotFoundError:  # whoever has it is removing what is left over, and this for it
        if not path.parent.is_dir():
            raise
        return False


def holder(store: Path) -> dict[str, Any] | None:
    """What a store's lock says; None where there is none. One that cannot be read is nobody's."""
    try:
        return _read((store / NAME).read_bytes())
    except FileNotFoundError:
        return None
    except OSError:
        return {}


def _read(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def at_work(store: Path) -> dict[str, Any] | None:
    """What the lock of a process says that is at work, as far as one can know; None where nobody is.

    Whatever was written there, ``pid``, ``host`` and the list ``failed`` can be shown.
    """
    found = holder(store)
    if not found or not _lives(found):
        return None
    failed = found.get("failed")
    said = [printable(f"{one}") for one in failed] if isinstance(failed, list) else []
    return {**found, "host": printable(f"{found.get('host')}"), "failed": said}


def _lives(owner: Mapping[str, Any]) -> bool:
    """Whether somebody may hold a lock: of a process on another computer nobody can know."""
    pid = owner.get("pid")
    if not isinstance(pid, int) or isinstance(pid, bool) or pid < 1:
        return False
    if owner.get("host") != socket.gethostname():
        return True
    if owner.get("boot") != _boot():
        return False
    if owner.get("space") != _space():  # of another container: its numbers mean nothing here
        return True
    if pid == os.getpid():
        return owner.get("hold") in HOLDS
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return bool(_begun(pid) == owner.get("begun"))


def _take_over(path: Path, content: bytes, owner: Mapping[str, Any]) -> bool:
    """Put a lock in the place of one that nobody holds; False where another was quicker.

    Who may do so is settled by a file of that lock's own, which one process can make: no lock is ever moved
    that somebody may hold.
    """
    claim = path.with_name(f"{CLAIM}{hashlib.sha256(content).hexdigest()[:16]}")
    if not _put_new(claim, owner):
        with suppress(FileNotFoundError):
            if not _lives(_read(claim.read_bytes())):
                os.unlink(claim)
        return False
    try:
        if path.read_bytes() != content:
            return False
        disk.put(path, _text(owner))
        return True
    finally:
        disk.remove(claim)


def _refusal(other: Mapping[str, Any], path: Path) -> str:
    here = other.get("host") == socket.gethostname() and other.get("space") == _space()
    hint = "" if here else f"; if that process is gone, remove {path.name} there"
    return f"is at work: process {other['pid']} on {other.get('host')} holds it{hint}"


def _myself() -> dict[str, Any]:
    pid = os.getpid()
    return {
        "host": socket.gethostname(),
        "pid": pid,
        "begun": _begun(pid),
        "boot": _boot(),
        "space": _space(),
        "hold": secrets.token_hex(8),
    }


def _begun(pid: int) -> str:
    """When a process began, in the system's own count: another with its number has another.

    One that has ended, and whose parent has not asked for its exit code yet, is there in name alone.
    """
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return "" if state in "ZX" else rest[18]
    except (OSError, IndexError, ValueError):
        return ""


def _boot() -> str:
    """Which run of the system this is: process numbers begin anew with each."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _space() -> str:
    """Which processes one sees: a container may share its host's name and have numbers of its own."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _text(owner: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(owner)).encode()
