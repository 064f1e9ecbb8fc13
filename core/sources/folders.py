"""Pictures in folders: every file below the roots, and the bytes behind a picture."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TypeAlias

from core.deadline import Deadline
from core.model import REMOTE, Cause, Picture, Unreadable
from core.pictures import EXTENSIONS, picture_id
from core.sources.left_out import HIDDEN, why_left_out


def read_picture(
    picture: Picture,
    roots: Mapping[str, Path],
    elsewhere: Callable[[str], bytes | None] = lambda path: None,
) -> bytes | None:
    """The picture's bytes from any of its files; None if none holds them any more.

    elsewhere: gives the bytes of a file that lies below none of the roots. It is asked last.
    """
    for path in picture.paths:
        file = on_disk(path, roots)
        if file is None:
            continue
        try:
            data = file.read_bytes()
        except (OSError, ValueError):  # ValueError: an imported name that no system takes
            continue
        if picture_id(data) == picture.id:
            return data
    for path in picture.paths:
        if path.startswith(REMOTE):
            fetched = elsewhere(path)
            if fetched is not None and picture_id(fetched) == picture.id:
                return fetched
    return None


def on_disk(path: str, roots: Mapping[str, Path]) -> Path | None:
    """Where a path of the index lies on this machine; None if that is below none of the roots."""
    prefix, _, rest = path.partition("/")
    root = roots.get(prefix + "/")
    inside = PurePath(rest)
    # An imported name may be one that leads elsewhere on this system.
    if root is None or inside.is_absolute() or inside.drive or ".." in inside.parts:
        return None
    return root / inside


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

    @property
    def named_as_picture(self) -> bool:
        """True if the name ends like that of a format that is read."""
        return self.absolute.suffix.lower() in EXTENSIONS

    @property
    def name(self) -> str:
        return self.absolute.name

    def head(self, count: int) -> bytes:
        """The first bytes of the file. Raises OSError."""
        with self.absolute.open("rb") as file:
            return file.read(count)

    def read(self, deadline: Deadline) -> bytes:
        """Raises OSError."""
        return self.absolute.read_bytes()


@dataclass(frozen=True)
class Place:
    """A root or a linked folder, each of which may lie on a drive that comes and goes.

    path: ends in "/". there: False if there is no such folder now.
    """

    path: str
    there: bool


Seen: TypeAlias = Found | Unreadable | Place


def walk(roots: Mapping[str, Path], skipped: Collection[Path]) -> Iterator[Seen]:
    """Every file below the roots, each place before what lies in it.

    A folder is read once, however many ways lead to it: where it lies, or else below the first
    link to it by path. A link is not followed to a folder that holds a root, which would be a
    circle, nor into one of `skipped`, which hold nobody's pictures.
    What is not followed, or left out by its name, comes as an Unreadable, and so does a folder that
    cannot be listed; the path of a folder ends in "/". No attribute of a file or a folder ends the
    walk.
    """
    yield from _Walk(roots, skipped).everything()


class _Walk:
    """One walk, and what it has seen so far."""

    def __init__(self, roots: Mapping[str, Path], skipped: Collection[Path]) -> None:
        self._roots = {prefix: (root, root.resolve()) for prefix, root in roots.items()}
        # One root may lie inside another (images/gallery in images): each is walked once.
        self._others = {real for _, real in self._roots.values()}
        self._others |= {folder.resolve() for folder in skipped}
        self._linked: dict[Path, str] = {}  # folders that were read below a link -> their path
        self._links: list[tuple[str, Path]] = []  # links to folders that are still to be looked at

    def everything(self) -> Iterator[Seen]:
        for prefix, (root, real) in self._roots.items():
            yield Place(prefix, _is_there(root))
            yield from self._below(prefix, root, real)
        # After all roots, so that a folder that lies in one is read there and not below a link.
        while self._links:
            links, self._links = sorted(self._links), []
            for path, link in links:
                yield from self._follow(path, link)

    def _follow(self, path: str, link: Path) -> Iterator[Seen]:
        real = link.resolve()
        reason = self._why_not_followed(real)
        if reason:
            yield Unreadable(_shown(path), reason, cause=Cause.LINK)
            return
        yield Place(path, there=True)
        yield from self._below(path, link, real, linked=True)

    def _why_not_followed(self, real: Path) -> str:
        if real in self._linked:
            return f"The linked folder is read already, as {self._linked[real]}."
        for _, root in self._roots.values():
            if root.is_relative_to(real) and root != real:
                return "The link leads back to a folder that these pictures lie in."
            if real.is_relative_to(root):
                return "The linked folder is read already where it lies."
        if any(real.is_relative_to(other) for other in self._others):
            return "The link leads into a folder of this program."
        return ""

    def _below(
        self, prefix: str, top: Path, real_top: Path, linked: bool = False
    ) -> Iterator[Seen]:
        """Everything below one folder, the files of a folder before its folders, both by name.

        Not `os.walk`: in Python 3.11 it calls itself for each level, and a RecursionError ends it
        in a tree of a thousand levels.
        """
        waiting = [""]  # folders below the top that are still to be listed, the next one last
        while waiting:
            inside = waiting.pop()
            if linked:
                self._linked[real_top / inside] = _shown(prefix + inside)
            try:
                with os.scandir(top / inside) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except (FileNotFoundError, NotADirectoryError):
                continue  # It went away, and its files with it.
            except OSError as error:
                yield Unreadable(_shown(prefix + inside), why_unreadable(error, "folder"))
                continue
            folders = []
            for entry in entries:
                path = prefix + inside + entry.name
                is_folder = _is_folder(entry)
                left_out = why_left_out(entry.name)
                if left_out is not None:
                    yield from _left_out(path, is_folder, *left_out)
                elif not is_folder:
                    yield from _look_at(path, entry)
                elif _is_link(entry):
                    self._links.append((path + "/", Path(entry.path)))
                elif (real := real_top / inside / entry.name) in self._linked:
                    reason = f"The folder is read already, as {self._linked[real]}."
                    yield Unreadable(_shown(path + "/"), reason, cause=Cause.LINK)
                elif real not in self._others:
                    folders.append(f"{inside}{entry.name}/")
            waiting += reversed(folders)


def _is_there(root: Path) -> bool:
    try:
        return root.is_dir()
    except OSError:
        return True  # Nobody can tell; why it cannot be listed is said next.


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # such as a link that leads to itself


def _is_link(entry: os.DirEntry[str]) -> bool:
    """True for a symbolic link and, from Python 3.12 on, for a junction of Windows."""
    return entry.is_symlink() or bool(getattr(entry, "is_junction", lambda: False)())


def _left_out(path: str, is_folder: bool, kind: str, reason: str) -> Iterator[Unreadable]:
    """What was left out, if it may hold a picture: nobody misses a hidden file of another kind."""
    if is_folder:
        path += "/"
    elif kind == HIDDEN and PurePath(path).suffix.lower() not in EXTENSIONS:
        return
    yield Unreadable(_shown(path), reason, cause=Cause.LEFT_OUT, kind=kind)


def _look_at(path: str, entry: os.DirEntry[str]) -> Iterator[Seen]:
    if _shown(path) != path:
        yield Unreadable(_shown(path), "The file's name is not valid UTF-8; rename the file.")
        return
    try:
        status = entry.stat()
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        if entry.is_symlink():
            # It may have led to a folder, on a drive that is away now.
            yield Place(path + "/", there=False)
            reason = "The link leads to nothing that is there now."
            yield Unreadable(path, reason if gone else why_unreadable(error))
        elif not gone:
            yield Unreadable(path, why_unreadable(error))
        return
    if stat.S_ISREG(status.st_mode):  # Opening a pipe or a device may wait for ever.
        mtime_ns = _in_64_bits(status.st_mtime_ns)
        yield Found(path, Path(entry.path), status.st_size, mtime_ns)


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
