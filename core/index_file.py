"""The index as a file: made, opened, checked, and mended where it is damaged."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.lock import FileLock

log = logging.getLogger(__name__)

# Another process may be in the middle of writing a batch; nothing here holds the file longer.
BUSY_SECONDS = 30.0

# Whoever opens the folder first checks the file: a second for a large one, longer to mend it.
OPENING_SECONDS = 60.0

# With less than this free, an input error is taken for a full disk.
FULL_BYTES = 256 * 1024

# How often a gap in a damaged table is halved. A row number may be damaged too, and the gap then
# have no end.
MOST_TRIES = 100_000

# SQLite's default since 2016, and fixed here: mending counts on it.
PAGE_BYTES = 4096

# Grows when the tables change: an older program must not write into a newer file.
SCHEMA_VERSION = 1

# A number above this in the file is no version but damage.
LATEST_VERSION = 1000

# What reading a damaged file raises: the message itself may quote bytes that are no text.
TROUBLE = (sqlite3.DatabaseError, UnicodeDecodeError)

FULL = "The disk is full: nothing was lost. Make room on it, then go on."

# Errors that say nothing about what is in the file.
CIRCUMSTANCES = tuple(
    f"SQLITE_{name}"
    for name in ("FULL", "CANTOPEN", "PERM", "BUSY", "LOCKED", "IOERR", "NOMEM", "PROTOCOL")
)

# pictures.vetted: 1 if its row was made from the bytes here, 0 if it came from a stranger's index.
# failures.again: 1 if the same call may go through later (no answer, the file was away).
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY, format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    bytes INTEGER NOT NULL, note TEXT NOT NULL, vetted INTEGER NOT NULL, thumbnail BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, picture_id TEXT NOT NULL, size INTEGER, mtime_ns INTEGER);
CREATE INDEX IF NOT EXISTS files_by_picture ON files (picture_id);
CREATE TABLE IF NOT EXISTS unreadable (
    path TEXT PRIMARY KEY, reason TEXT NOT NULL, size INTEGER, mtime_ns INTEGER);
CREATE TABLE IF NOT EXISTS vectors (
    embedder_id TEXT NOT NULL, picture_id TEXT NOT NULL, vector BLOB NOT NULL,
    altered INTEGER NOT NULL, UNIQUE (embedder_id, picture_id));
CREATE TABLE IF NOT EXISTS failures (
    embedder_id TEXT NOT NULL, picture_id TEXT NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL,
    again INTEGER NOT NULL, UNIQUE (embedder_id, picture_id));
CREATE TABLE IF NOT EXISTS queries (
    embedder_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL,
    asked REAL NOT NULL, UNIQUE (embedder_id, kind, key));
CREATE TABLE IF NOT EXISTS calls (
    embedder_id TEXT NOT NULL, kind TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL,
    UNIQUE (embedder_id, kind, day));
"""
TABLES = ("meta", "pictures", "files", "unreadable", "vectors", "failures", "queries", "calls")


class StoreError(Exception):
    """The index cannot be used as it is; `str(error)` is a sentence for the person."""


def open_index(path: Path, in_use: FileLock) -> str:
    """See to it that a sound index lies at `path`; returns what the person should know, or "".

    in_use: not taken yet; on return it is shared by everybody who has the index open. A damaged
    file is set aside and rebuilt from what can be read of it, unless somebody else has it open.
    Raises StoreError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        alone = in_use.acquire()
        if not alone and not in_use.acquire(OPENING_SECONDS, shared=True):
            raise StoreError("Another process is still opening the index; reload in a moment.")
        notice = _open(path, alone)
        if alone:
            in_use.release()
            in_use.acquire(OPENING_SECONDS, shared=True)
        return notice
    except sqlite3.Error as error:
        in_use.release()
        raise StoreError(sentence(error, path)) from error
    except OSError as error:
        in_use.release()
        if error.errno == errno.ENOSPC:
            raise StoreError(FULL) from error
        raise StoreError(
            f"The data folder cannot be used ({error.strerror}); set DATA_DIR to a folder that "
            "may be written to."
        ) from error
    except StoreError:
        in_use.release()
        raise


def _open(path: Path, alone: bool) -> str:
    if alone and not path.exists():
        _make(path)
    damage = _damage(path)
    if not damage:
        return ""
    log.warning("The index is damaged: %s", damage)
    if not alone:
        raise StoreError(
            "The index file is damaged, and another process has it open. Stop that one, and start "
            "again: what can be read is kept."
        )
    return _mend(path)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to an index that is there; it is never made by opening it."""
    db = sqlite3.connect(
        path.absolute().as_uri() + "?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        check_same_thread=False,
    )
    with contextlib.ExitStack() as undo:
        undo.callback(db.close)
        db.execute("PRAGMA journal_mode = WAL")
        # A paid answer must outlive a power cut, so every commit reaches the disk.
        db.execute("PRAGMA synchronous = FULL")
        undo.pop_all()
    return db


def sentence(error: sqlite3.Error, path: Path) -> str:
    """What an SQLite error on the index at `path` means to the person."""
    name = _errorname(error)
    # The log's own index, which is mapped to memory, meets a full disk as an input error.
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _is_full(path.parent)):
        return FULL
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return "The index cannot be written; set DATA_DIR to a folder that may be written to."
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return (
            "The index file is damaged. Start the app again: the file is set aside then, and "
            "what can be read of it is kept."
        )
    return f"The index cannot be used just now ({error}); try again in a moment."


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL_BYTES
    except OSError:
        return False


def is_unit(blob: object) -> bool:
    """True for the bytes of a float32 vector of length one."""
    if not isinstance(blob, bytes) or len(blob) % 4 or not blob:
        return False
    values = np.frombuffer(blob, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        # NaN and infinity fail the comparison.
        return bool(abs(np.dot(values, values) - 1.0) < 2e-3)


# -- making, checking ------------------------------------------------------------------------


def _make(path: Path) -> None:
    """A new, empty index; under its own name only when it is whole."""
    draft = _draft(path)
    # Left by a kill between the two renames of _mend, it is a mended index.
    if not (draft.exists() and not _damage(draft)):
        _remove(draft)
        _fill(draft).close()
    draft.replace(path)


def _fill(draft: Path) -> sqlite3.Connection:
    db = sqlite3.connect(draft)
    with contextlib.ExitStack() as undo:
        undo.callback(db.close)
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.executescript(SCHEMA)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("INSERT INTO meta VALUES ('uid', ?)", (uuid.uuid4().hex[:12],))
        db.commit()
        undo.pop_all()
    return db


def _damage(path: Path) -> str:
    """What is wrong inside the file, in SQLite's words; "" if nothing is.

    Other errors (full, read-only, locked) say nothing about what is in it, and are raised.
    """
    if not path.stat().st_size:
        return "empty"
    try:
        db = connect(path)
    except TROUBLE as error:
        if _is_damage(error, path):
            return str(error)
        raise
    try:
        # Walks every page, 0.2 s for 10,000 pictures, but not the numbers: those carry their own
        # check, unit length.
        found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            return found
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if SCHEMA_VERSION < version <= LATEST_VERSION:
            raise StoreError("The index was made by a newer version of this app; update the app.")
        row = db.execute("SELECT value FROM meta WHERE key = 'uid'").fetchone()
        return "" if row else "no uid"
    except TROUBLE as error:
        if _is_damage(error, path):
            return str(error)
        raise
    finally:
        db.close()


def _is_damage(error: Exception, path: Path) -> bool:
    name = _errorname(error)
    if name.startswith("SQLITE_READONLY"):
        # One wrong byte in the header says so too.
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return not name.startswith(CIRCUMSTANCES)


def _errorname(error: Exception) -> str:
    # What Python's own layer raises has none.
    return str(getattr(error, "sqlite_errorname", ""))


def _draft(path: Path) -> Path:
    return path.with_name(f"{path.stem}.draft{path.suffix}")


def _parts(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]


def _remove(path: Path) -> None:
    for part in _parts(path):
        part.unlink(missing_ok=True)


# -- mending ---------------------------------------------------------------------------------


def _mend(path: Path) -> str:
    """Copy what can be read to a new file, and put it in the place of the damaged one.

    The damaged file stays where it is until the new one is whole: on a full disk, or killed in
    the middle, the next start tries again.
    """
    draft, copy = _draft(path), path.with_name(f"{path.stem}.copy{path.suffix}")
    with contextlib.ExitStack() as undo:
        undo.callback(_remove, draft)  # on a full disk its room is wanted
        try:
            saved = _rebuild(path, draft, copy)
        finally:
            _remove(copy)
        undo.pop_all()
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.stem}.damaged-{stamp}-{uuid.uuid4().hex[:4]}{path.suffix}")
    # The log first: a draft that takes the place of the file must never meet the old log.
    for part, moved in reversed(list(zip(_parts(path), _parts(aside), strict=True))):
        if part.exists():
            part.rename(moved)
    draft.replace(path)
    return (
        f"The index file was damaged. It was set aside as {aside.name}; {saved:,} vectors could "
        "be read from it and are kept, and what is missing can be indexed again."
    )


def _rebuild(path: Path, draft: Path, copy: Path) -> int:
    """Fill a new index with what can be read of the damaged one; the number of vectors saved."""
    _remove(draft)
    with contextlib.closing(_fill(draft)) as db:
        if not _salvage(path, db):
            # Its first page is damaged, or speaks of more pages than there are.
            _transplant_first_page(draft, path, copy)
            _salvage(copy, db)
        # The next scan reads such files anew.
        db.execute("DELETE FROM files WHERE picture_id NOT IN (SELECT id FROM pictures)")
        saved: int = db.execute("SELECT count(*) FROM vectors").fetchone()[0]
        db.commit()
    return saved


def _transplant_first_page(healthy: Path, damaged: Path, copy: Path) -> None:
    """A copy of a damaged index with the first page of a new one, and its own number of pages.

    Every index is made by the same statements, so its tables begin on the same pages.
    """
    shutil.copyfile(damaged, copy)
    with healthy.open("rb") as file:
        page = bytearray(file.read(PAGE_BYTES))
    # Offset 28: the size in pages. Source: sqlite.org/fileformat.html, 1.3.7.
    page[28:32] = (copy.stat().st_size // PAGE_BYTES).to_bytes(4, "big")
    with copy.open("r+b") as file:
        file.write(page)
        file.truncate(copy.stat().st_size // PAGE_BYTES * PAGE_BYTES)


def _salvage(path: Path, db: sqlite3.Connection) -> bool:
    """Copy every row that can still be read; False if not even the tables can be found."""
    if path.stat().st_size < PAGE_BYTES:
        return False
    old = sqlite3.connect(path)
    try:
        for table in TABLES:
            old.execute(f"SELECT 1 FROM {table} WHERE rowid = 0")
    except TROUBLE:
        old.close()
        return False
    try:
        for table in TABLES:
            columns = len(db.execute(f"PRAGMA table_info({table})").fetchall())
            marks = ",".join("?" * columns)
            for row in _readable_rows(old, table):
                if len(row) == columns and _is_whole(table, row):
                    # A torn row has a NULL where none may be: it is ignored, like a repetition.
                    db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
    finally:
        old.close()
    return True


def _is_whole(table: str, row: tuple[object, ...]) -> bool:
    if table == "meta":
        # The matrix files of the damaged index are not this one's.
        return isinstance(row[0], str) and row[0] != "uid"
    if table == "vectors":
        return is_unit(row[2])
    if table == "queries":
        return is_unit(row[3])
    if table == "pictures":
        thumbnail = row[-1]
        return (
            isinstance(thumbnail, bytes)
            and thumbnail.startswith(b"\xff\xd8")
            and thumbnail.endswith(b"\xff\xd9")
        )
    return True


def _readable_rows(db: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    """Every row that can be read: from both ends to the damage, then between by halving."""
    first, last = -1, -1
    try:
        for rowid, *row in db.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid"):
            yield tuple(row)
            first = rowid
        return
    except TROUBLE:
        pass
    try:
        for rowid, *row in db.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid DESC"):
            yield tuple(row)
            last = rowid
        return
    except TROUBLE:
        pass
    spans = [(first + 1, last - 1)] if last > first else []
    for _ in range(MOST_TRIES):
        if not spans:
            return
        low, high = spans.pop()
        if low > high:
            continue
        try:
            found = db.execute(
                f"SELECT * FROM {table} WHERE rowid BETWEEN ? AND ?", (low, high)
            ).fetchall()
        except TROUBLE:
            if low < high:
                middle = (low + high) // 2
                spans += [(low, middle), (middle + 1, high)]
            continue
        yield from found
