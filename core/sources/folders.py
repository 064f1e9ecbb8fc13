"""Pictures in folders: every file below the roots, and the bytes behind a picture."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from core.model import Picture, Unreadable
from core.pictures import EXTENSIONS, picture_id


def read_picture(picture: Picture, roots: Mapping[str, Path]) -> bytes | None:
    """The picture's bytes from any of its files; None if none holds them any more."""
    for path in picture.paths:
        prefix, _, rest = path.partition("/")
        root = roots.get(prefix + "/")
        inside = PurePath(rest)
        # An imported name may be one that leads elsewhere on this system.
        if root is None or inside.is_absolute() or inside.drive or ".." in inside.parts:
            continue
        try:
            data = (root / inside).read_bytes()
        except (OSError, ValueError):  # ValueError: an imported name that no system takes
            continue
        if picture_id(data) == picture.id:
            return data
    return None


@dataclass(frozen=True)
class Found:
    """A file seen on the disk.

    path: as the index knows it, beginning with its root ("images/"). size: bytes. mtime_ns: when
    it was last changed, only good for a comparison with another such number (see `_in_64_bits`).
    """

    path: str
    absolute: Path
    size: int
    mtime_ns: int


def walk(roots: Mapping[str, Path], skipped: Collection[Path]) -> Iterator[Found | Unreadable]:
    """Every file with a picture's suffix, hidden ones left out, links to folders not followed.

    A folder that cannot be listed comes as an Unreadable whose path ends in "/". No attribute of
    a file or a folder ends the walk.
    """
    # One root may lie inside another (images/gallery in images): each is walked once.
    others = {folder.resolve() for folder in (*roots.values(), *skipped)}
    for prefix, root in roots.items():
        yield from _walk_root(prefix, root, others)


def _walk_root(prefix: str, root: Path, others: Collection[Path]) -> Iterator[Found | Unreadable]:
    """Everything below one root, the files of a folder before its folders, both by name.

    Not `os.walk`: in Python 3.11 it calls itself for each level, and a RecursionError ends it in a
    tree of a thousand levels.
    """
    real_root = root.resolve()
    waiting = [""]  # folders below the root that are still to be listed, the next one last
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(root / inside) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue  # It went away, and its files with it.
        except OSError as error:
            yield Unreadable(_shown(prefix + inside), why_unreadable(error, "folder"))
            continue
        folders = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                if not entry.is_symlink() and real_root / inside / entry.name not in others:
                    folders.append(f"{inside}{entry.name}/")
            elif Path(entry.name).suffix.lower() in EXTENSIONS:
                yield from _look_at(prefix + inside + entry.name, Path(entry.path))
        waiting += reversed(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # such as a link that leads to itself


def _look_at(path: str, file: Path) -> Iterator[Found | Unreadable]:
    if _shown(path) != path:
        yield Unreadable(_shown(path), "The file's name is not valid UTF-8; rename the file.")
        return
    try:
        status = file.stat()
    except OSError as error:
        yield Unreadable(path, why_unreadable(error))
        return
    if stat.S_ISREG(status.st_mode):  # Opening a pipe or a device may wait for ever.
        yield Found(path, file, status.st_size, _in_64_bits(status.st_mtime_ns))


def _in_64_bits(nanoseconds: int) -> int:
    """The same number if it fits into 64 bits with a sign, which is what an index can store.

    A file may say that it was changed in the year 2413, but nanoseconds since 1970 fit only from
    the year 1677 to 2262. Beyond that the number begins anew at the other end. Nobody reads a date
    from it: it is only compared with what the last scan saw, and two times that differ still do.
    """
    return (nanoseconds + 2**63) % 2**64 - 2**63


def _shown(path: str) -> str:
    """The path with bytes that are no UTF-8 written as `\\udc80`: neither stored nor shown raw."""
    return path.encode("utf-8", "backslashreplace").decode()


def why_unreadable(error: OSError, kind: str = "file") -> str:
    """What to tell the person about a file, or another `kind` of thing, that cannot be opened."""
    if isinstance(error, PermissionError):
        verb = "opened" if kind == "folder" else "read"
        return f"The {kind} may not be {verb}; change its permissions."
    if error.errno == errno.ENAMETOOLONG:
        return f"The {kind}'s path is longer than this system can open; move it further up."
    return f"The {kind} cannot be read ({error.strerror or type(error).__name__})."
