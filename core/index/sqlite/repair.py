"""The SQLite file: made, opened, checked, and mended where it is damaged."""

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

from core.errors import IndexUnavailable
from core.file_lock import FileLock
from core.index.sqlite.tables import (
    FULL,
    PAGE_BYTES,
    SCHEMA_VERSION,
    TABLES,
    connect,
    error_name,
    make_tables,
    sentence,
)
from core.vectors import is_unit_blob

log = logging.getLogger(__name__)

# Whoever opens the folder first checks the file: a second for a large one, longer to mend it.
OPENING_SECONDS = 60.0

# How often a gap in a damaged table is halved. A row number may be damaged too, and the gap then
# have no end.
MOST_TRIES = 100_000

# A number above this in the file is no version but damage.
LATEST_VERSION = 1000

# What reading a damaged file raises: the message itself may quote bytes that are no text.
TROUBLE = (sqlite3.DatabaseError, UnicodeDecodeError)

# Errors that say nothing about what is in the file.
CIRCUMSTANCES = tuple(
    f"SQLITE_{name}"
    for name in ("FULL", "CANTOPEN", "PERM", "BUSY", "LOCKED", "IOERR", "NOMEM", "PROTOCOL")
)


def open_index(path: Path, in_use: FileLock) -> str:
    """See to it that a sound index lies at `path`; returns what the person should know, or "".

    in_use: not taken yet; on return it is shared by everybody who has the index open. A damaged
    file is set aside and rebuilt from what can be read of it, unless somebody else has it open.
    Raises IndexUnavailable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        alone = in_use.acquire()
        if not alone and not in_use.acquire(OPENING_SECONDS, shared=True):
            raise IndexUnavailable(
                "Another process is still opening the index; reload in a moment."
            )
        notice = _open(path, alone)
        if alone:
            in_use.release()
            in_use.acquire(OPENING_SECONDS, shared=True)
        return notice
    except sqlite3.Error as error:
        in_use.release()
        raise IndexUnavailable(sentence(error, path)) from error
    except OSError as error:
        in_use.release()
        if error.errno == errno.ENOSPC:
            raise IndexUnavailable(FULL) from error
        raise IndexUnavailable(
            f"The data folder cannot be used ({error.strerror}); set DATA_DIR to a folder that "
            "may be written to."
        ) from error
    except IndexUnavailable:
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
        raise IndexUnavailable(
            "The index file is damaged, and another process has it open. Stop that one, and start "
            "again: what can be read is kept."
        )
    return _mend(path)


# -- making, checking ------------------------------------------------------------------------


def _make(path: Path) -> None:
    """A new, empty index; under its own name only when it is whole."""
    draft = _draft(path)
    # Left by a kill between the two renames of _mend, it is a mended index.
    if not (draft.exists() and not _damage(draft)):
        _remove(draft)
        make_tables(draft).close()
    draft.replace(path)


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
            raise IndexUnavailable(
                "The index was made by a newer version of this app; update the app."
            )
        row = db.execute("SELECT value FROM meta WHERE key = 'uid'").fetchone()
        return "" if row else "no uid"
    except TROUBLE as error:
        if _is_damage(error, path):
            return str(error)
        raise
    finally:
        db.close()


def _is_damage(error: Exception, path: Path) -> bool:
    name = error_name(error)
    if name.startswith("SQLITE_READONLY"):
        # One wrong byte in the header says so too.
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return not name.startswith(CIRCUMSTANCES)


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
    with contextlib.closing(make_tables(draft)) as db:
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
        return is_unit_blob(row[2])
    if table == "queries":
        return is_unit_blob(row[3])
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
