"""What lies in the folders and the sources now, against what the index knows of them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from core.deadline import Deadline
from core.errors import Cancelled
from core.index import Index
from core.indexing.away import MANY, keep_away
from core.indexing.read import Read, read_file
from core.indexing.room import Room
from core.indexing.workers import Workers
from core.model import REMOTE, Away, Cause, FileRow, Unreadable
from core.pictures import READER_VERSION
from core.sources import Found, Place, RemoteFile, SourceAway, Sources, walk

# A file that is being read; its result is None where the file went away meanwhile.
_Reading: TypeAlias = Future[Read | Unreadable | None]

# Decoding releases the interpreter lock; two threads fill a small machine and leave room for pages.
WORKERS = 2

# Files of sources on their way at once. More would help no host that is far away, and a home's line
# is full with them.
FETCHERS = 20

# Bytes of files that are being fetched, by their listed sizes; a file whose size nobody says counts
# as an ordinary photograph.
FETCHED_BYTES = 64 * 2**20
ASSUMED_BYTES = 3 * 2**20

# A batch is committed at least this often, so that a stop loses little and pages see it grow.
COMMIT_SECONDS = 0.5


@dataclass(frozen=True)
class ScanResult:
    """How many files were new, known under another name, as they were, or gone.

    unreadable: pictures and films that cannot be read.
    """

    new: int = 0
    moved: int = 0
    unchanged: int = 0
    gone: int = 0
    unreadable: int = 0


def scan(
    index: Index,
    roots: Mapping[str, Path],
    deadline: Deadline,
    progress: Callable[[int, int], None] = lambda done, total: None,
    skipped: Collection[Path] = (),
    carry: Callable[[str, bytes], None] = lambda picture_id, data: None,
    sources: Sources | None = None,
    told: Callable[[bytes], Mapping[str, str]] = lambda data: {},
) -> ScanResult:
    """Bring the index in line with the folders; reads only files whose path, size or time changed.

    The files of sources are listed, and fetched only where the listing tells of a change. One that
    cannot be fetched now stays as it was.

    roots: "images/" -> folder. skipped: folders that are nobody's pictures, wherever they lie.
    progress gets (files read, files to read). carry gets the id and the bytes of every picture that
    the index did not know, for whoever needs them next; it is called on several threads.
    told: what a picture's bytes say of it, of the columns OWN_COLUMNS; likewise.
    Raises Cancelled, with what was read by then kept, and IndexUnavailable. Pictures whose last
    file went are left as the index's orphans.
    """
    seen = _look(index, roots, skipped, sources, deadline)
    keep_away(index, seen.away)
    batch = _Batch(index)
    batch.unreadable += seen.unreadable
    new = moved = unchanged = 0
    try:
        outcomes = _read_all(index, seen.changed, carry, told, deadline, idle=batch.commit_if_due)
        with contextlib.closing(outcomes):
            for done, outcome in enumerate(outcomes, 1):
                deadline.check()
                if isinstance(outcome, Unreadable):
                    if _is_still_good(outcome, seen.known):
                        unchanged += 1
                    else:
                        batch.unreadable.append(outcome)
                elif outcome is not None:
                    batch.read.append(outcome)
                    before = seen.known.get(outcome.file.path)
                    if outcome.made is not None:
                        new += 1
                    elif before is not None and before.picture_id == outcome.file.picture_id:
                        unchanged += 1  # only its time has changed, or it was to be read again
                    else:
                        moved += 1
                batch.commit_if_due()
                progress(done, len(seen.changed))
    finally:
        batch.commit()
    if seen.gone:
        # Last, so that a renamed file keeps its picture: its new path is known by now.
        index.forget_files(seen.gone)
    return ScanResult(
        new=new,
        moved=moved,
        unchanged=seen.unchanged + unchanged,
        gone=len(seen.gone),
        unreadable=_unread_pictures(index),
    )


def _is_still_good(outcome: Unreadable, known: Mapping[str, FileRow]) -> bool:
    """True for a file of a source that cannot be fetched now, and whose picture is known."""
    passes = outcome.size is None and outcome.path.startswith(REMOTE)
    return passes and outcome.path in known


def _unread_pictures(index: Index) -> int:
    counts = index.not_indexed_counts("")
    return sum(counts[key] for key in counts if key[0] in (Cause.REFUSED, Cause.KIND))


@dataclass(frozen=True)
class _Seen:
    known: Mapping[str, FileRow]  # the files of the index, before this scan
    changed: list[Found | RemoteFile]
    unreadable: list[Unreadable]  # only those that the index does not know as such
    gone: list[str]
    away: list[Away]
    unchanged: int


def _look(
    index: Index,
    roots: Mapping[str, Path],
    skipped: Collection[Path],
    sources: Sources | None,
    deadline: Deadline,
) -> _Seen:
    """What is different on the disk and in the sources, by names, sizes and times."""
    known, refused = index.files(), index.unreadable()
    # What is not seen on the way is gone. An imported file (no size) was never on this disk.
    gone_files = {path for path, row in known.items() if row.size is not None}
    gone_refused = set(refused)
    places: list[Place] = []
    alive: set[str] = set()  # places that hold a picture
    closed: list[str] = []
    broken: list[SourceAway] = []
    changed: list[Found | RemoteFile] = []
    unreadable: list[Unreadable] = []
    unchanged = 0
    here = ""
    elsewhere = sources.walk(deadline) if sources is not None else ()
    for entry in chain(walk(roots, skipped), elsewhere):
        if isinstance(entry, SourceAway):
            broken.append(entry)
            closed.append(entry.path)
            continue
        if isinstance(entry, Place):
            places.append(entry)
            here = entry.path if entry.there else here
            continue
        gone_files.discard(entry.path)
        gone_refused.discard(entry.path)
        if isinstance(entry, Unreadable):
            if entry.path.endswith("/") and entry.cause is Cause.REFUSED:
                closed.append(entry.path)
            if refused.get(entry.path) != entry:
                unreadable.append(entry)
            continue
        if entry.named_as_picture or entry.path in known:
            alive.add(here)
        if _is_unchanged(entry, known.get(entry.path) or refused.get(entry.path)):
            unchanged += 1
        else:
            changed.append(entry)
    # What is behind a closed door may be there.
    behind = tuple(closed)
    away = _away(places, alive, [path for path in gone_files if not path.startswith(behind)])
    away += [Away(source.path, _below(known, source.path), source.reason) for source in broken]
    if sources is not None:
        away += _without_source(gone_files, [*(place.path for place in places), *behind])
    missing = [place.path for place in places if not place.there]
    kept = (*closed, *missing, *(place.path for place in away))
    gone = [path for path in (*gone_files, *gone_refused) if not path.startswith(kept)]
    return _Seen(known, changed, unreadable, gone, away, unchanged)


def _below(known: Mapping[str, FileRow], place: str) -> int:
    return sum(path.startswith(place) for path in known)


def _without_source(missed: Collection[str], places: Sequence[str]) -> list[Away]:
    """The sources that nobody names any more: a setting may be missing only for this start."""
    named = tuple(places)
    files = Counter(
        "/".join(path.split("/", 2)[:2]) + "/"
        for path in missed
        if path.startswith(REMOTE) and not path.startswith(named)
    )
    reason = "The settings do not name this source any more."
    return [Away(place, number, reason) for place, number in sorted(files.items())]


def _is_unchanged(found: Found | RemoteFile, before: FileRow | Unreadable | None) -> bool:
    if before is None or (before.size, before.mtime_ns) != (found.size, found.mtime_ns):
        return False
    # What another reader refused may be read by this one.
    return isinstance(before, FileRow) or before.reader == READER_VERSION


def _away(places: Sequence[Place], alive: Collection[str], missed: Sequence[str]) -> list[Away]:
    """The places that are not there, or that look like a drive that is not mounted.

    alive: the places that hold a picture. missed: the files that were not seen. A whole folder that
    is missing inside a place that holds others was deleted.
    """
    found: list[Away] = []
    for place in places:
        if any(other.startswith(place.path) for other in alive):
            continue
        files = sum(path.startswith(place.path) for path in missed)
        inside = any(place.path.startswith(other.path) for other in found)
        if not inside and files >= (MANY if place.there else 1):
            found.append(Away(place.path, files))
    return found


def _read_all(
    index: Index,
    changed: Sequence[Found | RemoteFile],
    carry: Callable[[str, bytes], None],
    told: Callable[[bytes], Mapping[str, str]],
    deadline: Deadline,
    idle: Callable[[], None],
) -> Generator[Read | Unreadable | None, None, None]:
    """What each file came to: first those on the disk, then those of sources, many at a time.

    idle: called every COMMIT_SECONDS in which nothing came.
    """
    here = [found for found in changed if isinstance(found, Found)]
    if here:
        with Workers(WORKERS, "scan") as workers:
            reads = (
                workers.submit(read_file, index, found, carry, told, deadline) for found in here
            )
            yield from _bounded(reads, WORKERS * 2, idle)
    there = [found for found in changed if isinstance(found, RemoteFile)]
    if not there:
        return
    decoding, room = threading.Semaphore(WORKERS), Room(FETCHED_BYTES)

    def fetch(found: RemoteFile) -> Read | Unreadable | None:
        if deadline.cancel.is_set():
            raise Cancelled("Stopped.")  # what waits in the queue is not begun
        with room.taken(found.size or ASSUMED_BYTES):
            return read_file(index, found, carry, told, deadline, decoding)

    with Workers(FETCHERS, "fetch") as workers:
        fetches = (workers.submit(fetch, found) for found in there)
        yield from _bounded(fetches, FETCHERS * 2, idle)


class _Batch:
    """What was read since the last commit."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._committed = time.monotonic()
        self.read: list[Read] = []
        self.unreadable: list[Unreadable] = []

    def commit_if_due(self) -> None:
        if time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit()

    def commit(self) -> None:
        read, self.read = self.read, []
        unreadable, self.unreadable = self.unreadable, []
        if read:
            self._index.add_files([r.file for r in read], [r.made for r in read if r.made])
            self._index.add_own_facts({r.file.picture_id: r.told for r in read})
            signatures = {r.file.picture_id: r.signature for r in read if r.signature}
            if signatures:
                self._index.add_signatures(signatures)
        if unreadable:
            self._index.add_unreadable(unreadable)
        self._committed = time.monotonic()


def _bounded(
    futures: Iterator[_Reading], ahead: int, idle: Callable[[], None]
) -> Iterator[Read | Unreadable | None]:
    """Results as they come, with at most `ahead` files in memory."""
    running: set[_Reading] = set()
    for future in futures:
        running.add(future)
        if len(running) >= ahead:
            done, running = _some(running, idle)
            yield from (f.result() for f in done)
    while running:
        done, running = _some(running, idle)
        yield from (f.result() for f in done)


def _some(running: set[_Reading], idle: Callable[[], None]) -> tuple[set[_Reading], set[_Reading]]:
    """Those that are done, one at least, and those that are not."""
    while True:
        done, rest = wait(running, timeout=COMMIT_SECONDS, return_when=FIRST_COMPLETED)
        if done:
            return done, rest
        idle()  # a host that hangs keeps no picture of another from being committed
