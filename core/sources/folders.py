"""Pictures in folders: every file below the roots, and the bytes behind a picture."""

from __future__ import annotations

import os
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
    """A file seen on the disk. `path` starts with its root, as the store knows it."""

    path: str
    absolute: Path
    size: int
    mtime_ns: int


def walk(roots: Mapping[str, Path], skipped: Collection[Path]) -> Iterator[Found | Unreadable]:
    """Every file with a picture's suffix, hidden ones left out, links to folders not followed.

    A folder that cannot be listed comes as an Unreadable whose path ends in "/".
    """
    # One root may lie inside another (images/gallery in images): each is walked once.
    others = {folder.resolve() for folder in (*roots.values(), *skipped)}
    for prefix, root in roots.items():
        closed: list[OSError] = []
        for folder, folders, names in os.walk(root, onerror=closed.append):
            here = Path(folder)
            folders[:] = sorted(
                f for f in folders if not f.startswith(".") and (here / f).resolve() not in others
            )
            inside = "" if here == root else here.relative_to(root).as_posix() + "/"
            for name in sorted(names):
                if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                    yield from _look_at(prefix + inside + name, here / name)
        for error in closed:
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                continue  # it went away, and its files with it
            inside = Path(error.filename).relative_to(root).as_posix() + "/"
            path = prefix + ("" if inside == "./" else inside)
            yield Unreadable(_shown(path), "The folder may not be opened; change its permissions.")


def _look_at(path: str, file: Path) -> Iterator[Found | Unreadable]:
    if _shown(path) != path:
        yield Unreadable(_shown(path), "The file's name is not valid UTF-8; rename the file.")
        return
    try:
        status = file.stat()
        if file.is_file():  # no pipe, no device: opening one may wait for ever
            yield Found(path, file, status.st_size, status.st_mtime_ns)
    except OSError as error:
        yield Unreadable(path, why_unreadable(error))


def _shown(path: str) -> str:
    """The path with bytes that are no UTF-8 written as `\\udc80`: neither stored nor shown raw."""
    return path.encode("utf-8", "backslashreplace").decode()


def why_unreadable(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "The file may not be read; change its permissions."
    return f"The file cannot be read ({error.strerror or type(error).__name__})."
