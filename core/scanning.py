"""What lies in the folders now, against what the index knows of them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

from core.embedders.base import Call
from core.pictures import EXTENSIONS, MAX_FILE_BYTES, PictureError, check, picture_id
from core.store import FileRow, Picture, Store, Unreadable
from core.workers import Workers

log = logging.getLogger(__name__)

# Decoding releases the interpreter lock; two threads fill a small machine and leave room for pages.
WORKERS = 2

# A batch is committed at least this often, so that a stop loses little and pages see it grow.
COMMIT_SECONDS = 0.5


@dataclass(frozen=True)
class Found:
    """A file seen on the disk. `path` starts with its root, as the store knows it."""

    path: str
    absolute: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class ScanResult:
    """How many files were new, known under another name, as they were, gone, or unreadable."""

    new: int = 0
    moved: int = 0
    unchanged: int = 0
    gone: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class _Read:
    """A file that was read; `made` is its picture and thumbnail, None if they were known."""

    file: FileRow
    made: tuple[Picture, bytes] | None


def scan(
    store: Store,
    roots: Mapping[str, Path],
    call: Call,
    progress: Callable[[int, int], None] = lambda done, total: None,
    skipped: Collection[Path] = (),
) -> ScanResult:
    """Bring the index in line with the folders; reads only files whose path, size or time changed.

    roots: "images/" -> folder. skipped: folders that are nobody's pictures, wherever they lie.
    progress gets (files read, files to read). Raises Cancelled, with what was read by then kept,
    and StoreError. Pictures whose last file went are left as the store's orphans.
    """
    seen = _look(store, roots, skipped)
    batch = _Batch(store)
    batch.unreadable += seen.unreadable
    new = moved = 0
    try:
        with Workers(WORKERS, "scan") as workers:
            reads = (workers.submit(_read, store, found) for found in seen.changed)
            for done, outcome in enumerate(_bounded(reads, WORKERS * 2), 1):
                call.check()
                if isinstance(outcome, Unreadable):
                    batch.unreadable.append(outcome)
                elif outcome is not None:
                    batch.read.append(outcome)
                    new += outcome.made is not None
                    moved += outcome.made is None
                batch.commit(now=False)
                progress(done, len(seen.changed))
    finally:
        batch.commit(now=True)
    if seen.gone:
        # Last, so that a renamed file keeps its picture: its new path is known by now.
        store.forget_files(seen.gone)
    return ScanResult(new, moved, seen.unchanged, len(seen.gone), len(store.unreadable()))


@dataclass(frozen=True)
class _Seen:
    changed: list[Found]
    unreadable: list[Unreadable]  # only those that the store does not know as such
    gone: list[str]
    unchanged: int


def _look(store: Store, roots: Mapping[str, Path], skipped: Collection[Path]) -> _Seen:
    """What is different on the disk, by names, sizes and times."""
    known, refused = store.files(), store.unreadable()
    seen: set[str] = set()
    closed: list[str] = []
    changed: list[Found] = []
    unreadable: list[Unreadable] = []
    unchanged = 0
    for entry in _walk(roots, skipped):
        seen.add(entry.path)
        if isinstance(entry, Unreadable):
            if entry.path.endswith("/"):
                closed.append(entry.path)
            if refused.get(entry.path) != entry:
                unreadable.append(entry)
            continue
        before = known.get(entry.path) or refused.get(entry.path)
        if before is not None and (before.size, before.mtime_ns) == (entry.size, entry.mtime_ns):
            unchanged += 1
        else:
            changed.append(entry)
    # An imported file (no size) was never on this disk; what is behind a closed door may be there.
    gone = [path for path, row in known.items() if row.size is not None and path not in seen]
    gone += [path for path in refused if path not in seen]
    gone = [path for path in gone if not path.startswith(tuple(closed))]
    return _Seen(changed, unreadable, gone, unchanged)


class _Batch:
    """What was read since the last commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._committed = time.monotonic()
        self.read: list[_Read] = []
        self.unreadable: list[Unreadable] = []

    def commit(self, *, now: bool) -> None:
        if not now and time.monotonic() - self._committed < COMMIT_SECONDS:
            return
        read, self.read = self.read, []
        unreadable, self.unreadable = self.unreadable, []
        if read:
            self._store.add_files([r.file for r in read], [r.made for r in read if r.made])
        if unreadable:
            self._store.add_unreadable(unreadable)
        self._committed = time.monotonic()


def _bounded(
    futures: Iterator[Future[_Read | Unreadable | None]], ahead: int
) -> Iterator[_Read | Unreadable | None]:
    """Results as they come, with at most `ahead` files in memory."""
    running: set[Future[_Read | Unreadable | None]] = set()
    for future in futures:
        running.add(future)
        if len(running) >= ahead:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (f.result() for f in done)
    yield from (f.result() for f in running)


def _walk(roots: Mapping[str, Path], skipped: Collection[Path]) -> Iterator[Found | Unreadable]:
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
        yield Unreadable(path, _why(error))


def _shown(path: str) -> str:
    """The path with bytes that are no UTF-8 written as `\\udc80`: neither stored nor shown raw."""
    return path.encode("utf-8", "backslashreplace").decode()


def _read(store: Store, found: Found) -> _Read | Unreadable | None:
    """The file's row and, for bytes not seen before, its picture. None: it went away meanwhile."""
    if found.size > MAX_FILE_BYTES:
        reason = f"The file is larger than {MAX_FILE_BYTES // 2**20} MB."
        return Unreadable(found.path, reason, found.size, found.mtime_ns)
    try:
        data = found.absolute.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        # No size: what it takes to read it (a permission) changes neither size nor time.
        return Unreadable(found.path, _why(error))
    row = FileRow(found.path, picture_id(data), found.size, found.mtime_ns)
    if store.is_vetted(row.picture_id):
        return _Read(row, None)
    try:
        checked = check(data, found.absolute.name)
    except PictureError as error:
        return Unreadable(found.path, str(error), found.size, found.mtime_ns)
    except Exception:  # one file must never end the scan of all others
        log.exception("A picture could not be checked")
        reason = "Something unexpected happened while it was read; the log has the details."
        return Unreadable(found.path, reason, found.size, found.mtime_ns)
    picture = Picture(
        id=checked.id,
        format=checked.format,
        width=checked.width,
        height=checked.height,
        bytes=len(data),
        note=checked.note,
    )
    return _Read(row, (picture, checked.thumbnail))


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "The file may not be read; change its permissions."
    return f"The file cannot be read ({error.strerror or type(error).__name__})."
