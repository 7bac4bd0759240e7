"""A study's folder: made, opened, grown, put right. What is in it is in ``archive``."""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelcollapse import results
from modelcollapse.errors import DataError, Problem, RecipeError, StorageError
from modelcollapse.studies import disk, environment, layout
from modelcollapse.studies.archive import ROOT, SCHEMA, Archive
from modelcollapse.studies.holding import read_held
from modelcollapse.studies.layout import COMMIT
from modelcollapse.studies.lock import CLAIM
from modelcollapse.studies.study import Study
from modelcollapse.version import __version__

NEXT = ".next.json"
"""The metadata of a study that is growing, until all files of it are there."""


def is_study(path: str | Path) -> bool:
    """Whether a folder holds a study, as far as its metadata can be read."""
    try:
        with open(Path(path) / ROOT, "rb") as file:
            return b'"block"' in file.read() and (Path(path) / COMMIT).is_dir()
    except (OSError, ValueError):
        return False


def open_study(path: str | Path) -> Archive:
    """Open a study's folder.

    Raises
    ------
    DataError
        Where there is no such folder.
    StorageError
        Where it is no study, is damaged, or was written by a newer version.
    """
    place = Path(path)
    try:
        content = (place / ROOT).read_bytes()
    except FileNotFoundError:
        if not place.exists():
            raise DataError("no such study", str(place)) from None
        raise StorageError("is no study of modelcollapse: it has no zarr.json", str(place)) from None
    except OSError as error:
        raise StorageError(f"cannot be read: {error.strerror or error}", str(place)) from None
    try:
        attributes = json.loads(content)["attributes"]
        schema, digest = attributes["schema"], attributes.pop("digest")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StorageError("is no study of modelcollapse, or its zarr.json is damaged", str(place)) from None
    if "block" not in attributes and "recipe" in attributes:
        raise StorageError("is the result of one recipe, and no study", str(place))
    if type(schema) is not int or schema < 1:
        raise StorageError("is no study of modelcollapse", str(place))
    if schema > SCHEMA:
        by = attributes.get("modelcollapse_version")
        raise StorageError(
            f"written by version {by}; this is {__version__}, which cannot read it", str(place)
        )
    return _opened(place, attributes, _checked(place, content, digest))


def _checked(place: Path, content: bytes, digest: object) -> dict[str, Any]:
    """What a ``zarr.json`` holds, where it is to the byte what was written and hashed."""
    try:
        document: dict[str, Any] = json.loads(content)
        document["attributes"].pop("digest")
        hashed = hashlib.sha256(layout.as_json(document)).hexdigest()
        document["attributes"]["digest"] = digest
        written = layout.as_json(document)
    except (ValueError, RecursionError):  # NaN is read, and never written
        raise StorageError("is damaged: its zarr.json holds what is never written", str(place)) from None
    if hashed != digest:
        raise StorageError("is damaged: its zarr.json does not have the hash stored with it", str(place))
    if written != content:
        raise StorageError("is damaged: its zarr.json is not as it was written", str(place))
    return document


def _opened(place: Path, attributes: Mapping[str, Any], document: Mapping[str, Any]) -> Archive:
    try:
        arrays = document["consolidated_metadata"]["metadata"]
        held = [read_held(place, arrays[name]) for name, _ in results.HELD.values() if name in arrays]
        study, block = Study.from_json(attributes["recipe"], held[0] if held else None), attributes["block"]
        if type(block) is not int or not 1 <= block <= study.replicates:
            raise ValueError(f"{block!r} replicates in a block")
        archive = Archive(place, study, block, _environments(attributes["environments"]))
        archive.variables  # noqa: B018  cells are made, and refused where this version knows them not
        return archive
    except (RecipeError, DataError) as error:
        raise StorageError(f"its recipe cannot be read ({error})", str(place)) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StorageError(f"is damaged: {type(error).__name__}: {error}", str(place)) from None


def _environments(text: str) -> tuple[Mapping[str, Any], ...]:
    """The versions a study was run with, in their order; ValueError where there are none."""
    found = json.loads(text)
    if not isinstance(found, dict) or not found:
        raise ValueError("it does not say with which versions it was begun")
    names = set(environment.versions())
    if not all(isinstance(one, dict) and set(one) == names for one in found.values()):
        raise ValueError("it does not say with which versions it was run")
    return tuple(found.values())


def create(path: Path, study: Study, block: int) -> Archive:
    """Make a study's folder: whole, or not at all."""
    beside = path.with_name(f"{_beside(path)}{secrets.token_hex(8)}{disk.PART}")
    archive = Archive(path, study, block, (environment.versions(),))
    try:
        beside.mkdir()
        files = {beside / file.relative_to(path): content for file, content in archive.files().items()}
        files[beside / ROOT] = layout.as_json(archive.document())
        for folder in dict.fromkeys(file.parent for file in files):
            folder.mkdir(exist_ok=True)
        disk.put_all(files)
        disk.sync_folder(beside)
        disk.move(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return archive


def _beside(path: Path) -> str:
    """How the names begin of folders that are to become this one: its own name may be too long for more."""
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-"


def grow(archive: Archive, study: Study) -> Archive:
    """Make room for more values and replicates. What is there stays as it is, file by file.

    All new files are written before the study's own metadata change, in one moment. If the process is killed
    before, `settle` puts back what was.
    """
    grown = Archive(archive.path, study, archive.block, archive.environments)
    document = layout.as_json(grown.document())
    disk.put(archive.path / NEXT, document)
    for name in {path.parent for path in grown.files()}:
        name.mkdir(exist_ok=True)
    disk.put_all(grown.files())
    disk.put(archive.path / ROOT, document)
    disk.remove(archive.path / NEXT)
    return grown


def note_versions(archive: Archive) -> Archive:
    """Keep the versions of this process beside those of the study: a record has but their hash."""
    ours = environment.versions()
    if ours in archive.environments:
        return archive
    archive = replace(archive, environments=(*archive.environments, ours))
    disk.put(archive.path / ROOT, layout.as_json(archive.document()))
    return archive


def settle(archive: Archive) -> None:
    """Put back the metadata of a study whose growth was interrupted."""
    if (archive.path / NEXT).exists():
        disk.put_all(archive.files())
        grown = _growing(archive)
        for path in set() if grown is None else grown.files().keys() - archive.files().keys():
            disk.remove(path)
        disk.remove(archive.path / NEXT)


def foreign(archive: Archive, study: Study) -> list[Problem]:
    """Why a folder cannot take a study: it holds another one. Empty where it can.

    What the study has more, or would add, is no reason, and is not named among them.
    """
    differences = study.same_but(archive.study)
    if differences:
        return differences
    grown = Archive(archive.path, study, archive.block, archive.environments).variables
    no_room = "is larger, or new, in the cells that are added: there is no room, begin another --out"
    return [
        Problem(name, None, no_room)
        for name, variable in grown.items()
        if name not in archive.variables or archive.variables[name].chunk != variable.chunk
    ]


def damaged_metadata(archive: Archive) -> list[str]:
    """Files of metadata and coordinates that are not what they must be.

    While the study grows, or where that was interrupted, some are those of what it is to become.
    """
    wrong = [path for path, content in archive.files().items() if not _holds(path, content)]
    later = {} if not wrong or (grown := _growing(archive)) is None else grown.files()
    return [
        f"{path.relative_to(archive.path)} is {'damaged' if path.exists() else 'missing'}"
        for path in wrong
        if path not in later or not _holds(path, later[path])
    ]


def _growing(archive: Archive) -> Archive | None:
    """What the study is to become, where it is growing, or was when its process was killed."""
    try:
        document = json.loads((archive.path / NEXT).read_bytes())
        return _opened(archive.path, document["attributes"], document)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def tidy(archive: Archive) -> None:
    """Remove what killed processes have left beside their places, and beside the folder."""
    for folder in [archive.path, *(archive.path / variable.name for variable in archive.arrays())]:
        disk.clear_parts(folder)
    for path in archive.path.glob(f"{CLAIM}*"):
        disk.remove(path)
    for path in archive.path.parent.glob(f"{_beside(archive.path)}*{disk.PART}"):
        shutil.rmtree(path, ignore_errors=True)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False
