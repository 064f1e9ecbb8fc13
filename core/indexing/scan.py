"""What lies in the folders now, against what the index knows of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

from core.deadline import Deadline
from core.errors import PictureError
from core.index import Index
from core.indexing.workers import Workers
from core.model import FileRow, Picture, Unreadable
from core.pictures import MAX_FILE_BYTES, check, picture_id
from core.sources import Found, walk, why_unreadable

log = logging.getLogger(__name__)

# Decoding releases the interpreter lock; two threads fill a small machine and leave room for pages.
WORKERS = 2

# A batch is committed at least this often, so that a stop loses little and pages see it grow.
COMMIT_SECONDS = 0.5


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
    index: Index,
    roots: Mapping[str, Path],
    deadline: Deadline,
    progress: Callable[[int, int], None] = lambda done, total: None,
    skipped: Collection[Path] = (),
    carry: Callable[[str, bytes], None] = lambda picture_id, data: None,
) -> ScanResult:
    """Bring the index in line with the folders; reads only files whose path, size or time changed.

    roots: "images/" -> folder. skipped: folders that are nobody's pictures, wherever they lie.
    progress gets (files read, files to read). carry gets the id and the bytes of every picture that
    the index did not know, for whoever needs them next; it is called on several threads.
    Raises Cancelled, with what was read by then kept, and IndexUnavailable. Pictures whose last
    file went are left as the index's orphans.
    """
    seen = _look(index, roots, skipped)
    batch = _Batch(index)
    batch.unreadable += seen.unreadable
    new = moved = 0
    try:
        with Workers(WORKERS, "scan") as workers:
            reads = (workers.submit(_read, index, found, carry) for found in seen.changed)
            for done, outcome in enumerate(_bounded(reads, WORKERS * 2), 1):
                deadline.check()
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
        index.forget_files(seen.gone)
    return ScanResult(new, moved, seen.unchanged, len(seen.gone), len(index.unreadable()))


@dataclass(frozen=True)
class _Seen:
    changed: list[Found]
    unreadable: list[Unreadable]  # only those that the index does not know as such
    gone: list[str]
    unchanged: int


def _look(index: Index, roots: Mapping[str, Path], skipped: Collection[Path]) -> _Seen:
    """What is different on the disk, by names, sizes and times."""
    known, refused = index.files(), index.unreadable()
    # An imported file (no size) was never on this disk.
    gone = {path for path, row in known.items() if row.size is not None} | refused.keys()
    closed: list[str] = []
    changed: list[Found] = []
    unreadable: list[Unreadable] = []
    unchanged = 0
    for entry in walk(roots, skipped):
        gone.discard(entry.path)
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
    # What is behind a closed door may be there.
    kept = tuple(closed)
    return _Seen(changed, unreadable, [g for g in gone if not g.startswith(kept)], unchanged)


class _Batch:
    """What was read since the last commit."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._committed = time.monotonic()
        self.read: list[_Read] = []
        self.unreadable: list[Unreadable] = []

    def commit(self, *, now: bool) -> None:
        if not now and time.monotonic() - self._committed < COMMIT_SECONDS:
            return
        read, self.read = self.read, []
        unreadable, self.unreadable = self.unreadable, []
        if read:
            self._index.add_files([r.file for r in read], [r.made for r in read if r.made])
        if unreadable:
            self._index.add_unreadable(unreadable)
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


def _read(
    index: Index, found: Found, carry: Callable[[str, bytes], None]
) -> _Read | Unreadable | None:
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
        return Unreadable(found.path, why_unreadable(error))
    row = FileRow(found.path, picture_id(data), found.size, found.mtime_ns)
    if index.is_vetted(row.picture_id):
        return _Read(row, None)
    try:
        checked = check(data, found.absolute.name, row.picture_id)
    except PictureError as error:
        return Unreadable(found.path, str(error), found.size, found.mtime_ns)
    except Exception:  # one file must never end the scan of all others
        log.exception("A picture could not be checked")
        reason = "Something unexpected happened while it was read; the log has the details."
        return Unreadable(found.path, reason, found.size, found.mtime_ns)
    carry(row.picture_id, data)
    picture = Picture(
        id=checked.id,
        format=checked.format,
        width=checked.width,
        height=checked.height,
        bytes=len(data),
        note=checked.note,
    )
    return _Read(row, (picture, checked.thumbnail))
