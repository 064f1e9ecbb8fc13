"""Files beside the pictures that say something of them, as Hugging Face's ImageFolder has them.

A `metadata.csv`, `metadata.tsv` or `metadata.jsonl` has a column `file_name`, relative to its own
folder; what its other columns say is known of the picture.
Source: https://huggingface.co/docs/datasets/image_dataset
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import MetadataError
from core.metadata.faults import Fault, Faults
from core.metadata.tables import rows
from core.metadata.text import Raw, key_of, quoted
from core.sources import on_disk

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.tsv")

# Stands in each state, so that files are read anew by a program that reads them in another way.
VERSION = 1


@dataclass(frozen=True)
class Beside:
    """What the files say.

    raw: texts by the pictures' paths. problems: whole sentences for the person, each naming its
    file. state: changes when there may be something else to read.
    """

    raw: Raw
    problems: tuple[str, ...]
    state: str


def facts_beside(
    roots: Mapping[str, Path], paths: Collection[str], before: str = ""
) -> Beside | None:
    """What the files in the folders of the pictures, and above these within the roots, say.

    roots: beginning of a path ("images/") -> its folder on the disk. paths: the pictures' files.
    before: the state of the last time. None if nothing has changed since.
    What a file nearer to the picture says replaces what one further up says, column by column.
    """
    files = [file for folder in _folders(paths) for file in _files_in(folder, roots)]
    state = _state(files, paths)
    if state == before:
        return None
    if not files:
        return Beside({}, (), state)
    pictures = _Pictures(paths)
    raw: Raw = {}
    problems: list[str] = []
    spelling: dict[str, str] = {}  # key of a column -> its name as it was met first
    for file in files:
        faults = Faults()
        try:
            found = _facts(file, pictures, faults)
        except MetadataError as error:
            problems.append(f"{file.path} {error}")
            continue
        problems += (f"{file.path}: {sentence}" for sentence in faults.sentences())
        for path, facts in found.items():
            known = raw.setdefault(path, {})
            for name, text in facts.items():
                known[spelling.setdefault(key_of(name), name)] = text
    return Beside({path: facts for path, facts in raw.items() if facts}, tuple(problems), state)


@dataclass(frozen=True)
class _File:
    """folder: as in paths, without a "/" at its end. mark: changes when the file does."""

    folder: str
    name: str
    absolute: Path
    mark: str

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"


def _folders(paths: Collection[str]) -> list[str]:
    """The folders of the pictures and those above them, each after the one that it lies in."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(folders)


def _files_in(folder: str, roots: Mapping[str, Path]) -> Iterator[_File]:
    absolute = on_disk(f"{folder}/", roots)
    if absolute is None:
        return
    try:
        with os.scandir(absolute) as listing:
            names = sorted(entry.name for entry in listing if entry.name.lower() in NAMES)
    except (OSError, ValueError):  # The scan says what is wrong with a folder.
        return
    for name in names:
        file = absolute / name
        try:
            status = file.stat()
            # The time of the last change of permissions too: they may be what is mended.
            facts = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            yield _File(folder, name, file, str(facts))
        except OSError as error:
            yield _File(folder, name, file, f"error {error.errno}")


def _state(files: list[_File], paths: Collection[str]) -> str:
    digest = hashlib.sha256(f"{VERSION}".encode())
    for line in (*(f"{file.path}\0{file.mark}" for file in files), "", *sorted(paths)):
        digest.update(line.encode("utf-8", "backslashreplace") + b"\0\n")
    return digest.hexdigest()


def _facts(file: _File, pictures: _Pictures, faults: Faults) -> Raw:
    """What one file says of the pictures that are here. Raises MetadataError."""
    found: Raw = {}
    for row in rows(file.absolute, faults):
        if not row.file:
            faults.add(Fault.NAMELESS, row.line)
            continue
        path = pictures.named(file.folder, row.file)
        if isinstance(path, Fault):
            faults.add(path, quoted(row.file))
            continue
        if path in found:
            faults.add(Fault.AGAIN, quoted(row.file))
        found[path] = row.facts
    return found


class _Pictures:
    """The pictures' paths, and what a line calls them."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._loosely: dict[str, str | None] = {}

    def named(self, folder: str, name: str) -> str | Fault:
        """The path of the picture that a line of a file in this folder names.

        Where none has just this name, Windows' backslashes are followed, and one that differs only
        in letters large and small or in how its accents are coded is taken, if there is one only.
        """
        if (path := f"{folder}/{name}") in self._paths:
            return path
        plain = posixpath.normpath(name.replace("\0", "").replace("\\", "/"))
        if plain.split("/")[0] in ("", "..") or re.match("[A-Za-z]:", plain):
            return Fault.OUTSIDE
        if (path := f"{folder}/{plain}") in self._paths:
            return path
        if not self._loosely:
            for path in self._paths:
                key = _loose(path)
                self._loosely[key] = None if key in self._loosely else path
        return self._loosely.get(_loose(f"{folder}/{plain}")) or Fault.UNKNOWN


def _loose(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
