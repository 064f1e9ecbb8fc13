"""The SQLite file: made, opened, checked, migrated, and mended where it is damaged."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import IndexUnavailable
from core.file_lock import FileLock
from core.index.sqlite.migrations import (
    PAGE_BYTES,
    RootPages,
    make_index,
    migrate,
    newest_version,
    parse_root_pages,
    recorded_version,
    tables,
    version,
)
from core.index.sqlite.soundness import is_as_marked, mark_sound, mark_suspect
from core.index.sqlite.tables import FULL, connect, error_name, sentence
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
    """See to it that a sound index of the newest version lies at `path`.

    Returns what the person should know, or "". in_use: not taken yet; on return it is shared by
    everybody who has the index open. Unless somebody else has it open, an older index is migrated,
    and a damaged one is set aside and rebuilt from what can be read of it. Raises
    IndexUnavailable.
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
    known_sound = is_as_marked(path)
    damage = _damage(path, read_through=not known_sound)
    if not damage:
        _bring_up_to_date(path, alone)
        if alone and not known_sound:
            mark_sound(path)
        return ""
    log.warning("The index is damaged: %s", damage)
    mark_suspect(path)
    if not alone:
        raise IndexUnavailable(
            "The index file is damaged, and another process has it open. Stop that one, and start "
            "again: what can be read is kept."
        )
    notice = _mend(path)
    mark_sound(path)
    return notice


def _bring_up_to_date(path: Path, alone: bool) -> None:
    with contextlib.closing(connect(path)) as db:
        found = version(db)
        if found == newest_version():
            return
        if not alone:
            # A process of this version would have migrated it before it shared the lock.
            raise IndexUnavailable(
                "The index was made by an older version of this app, and a process of that "
                "version still has it open. Stop that one, and start again: the index is brought "
                "up to date then, and nothing is lost."
            )
        migrate(db)
        log.info("The index was brought from version %d to %d", found, newest_version())


# -- making, checking ------------------------------------------------------------------------


def _make(path: Path) -> None:
    """A new, empty index; under its own name only when it is whole."""
    draft = _draft(path)
    # Left by a kill between the two renames of _mend, it is a mended index.
    if not (draft.exists() and not _damage(draft)):
        _remove(draft)
        make_index(draft).close()
    draft.replace(path)


def _damage(path: Path, read_through: bool = True) -> str:
    """What is wrong inside the file, in SQLite's words; "" if nothing is.

    read_through: look at every page, and not only at those that opening the file needs anyway.
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
        found = version(db)
        if newest_version() < found <= LATEST_VERSION:
            # Asked before the check for damage: mending the file here would lose what only the
            # newer program knows of.
            raise IndexUnavailable(
                "The index was made by a newer version of this app; update the app."
            )
        # Walks every page, and holds the keys of every index against its table, which quick_check
        # leaves out: 0.7 s instead of 0.3 for 100,000 pictures. The numbers are not looked at:
        # those carry their own check, unit length.
        if read_through:
            checked = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if checked != "ok":
                return checked
        recorded = recorded_version(db)
        if found != recorded:
            return f"version {found} in its header, {recorded} in its record of migrations"
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
    """Fill a new index with what can be read of the damaged one; the number of vectors saved.

    The new index is first made in the version of the damaged one, filled, and then migrated: rows
    that are saved go through the same migrations as those of a sound file.
    """
    _remove(draft)
    found = _find_tables(path, copy)
    with contextlib.closing(make_index(draft, found.version if found else None)) as db:
        if found:
            _salvage(found.path, db)
        # The next scan reads such files anew.
        db.execute("DELETE FROM files WHERE picture_id NOT IN (SELECT id FROM pictures)")
        saved: int = db.execute("SELECT count(*) FROM vectors").fetchone()[0]
        db.commit()
        migrate(db)
    return saved


class _Found(NamedTuple):
    """A damaged index in which every table of this version can be found."""

    path: Path
    version: int


def _find_tables(path: Path, copy: Path) -> _Found | None:
    """Where the tables can be found: in the damaged file, else in a copy with another first page.

    The first page lists the tables and the page on which each begins. Where it is damaged, or
    counts more pages than the file has, the copy gets a new one: made from the root pages that
    `migrate` keeps in the table meta, or else that of version 1, whose tables begin on the same
    pages in every index. None if the tables are not found with any of them.
    """
    if path.stat().st_size < PAGE_BYTES:
        return None
    if found := _version_found(path):
        return _Found(path, found)
    first = RootPages(1, {})
    _transplant_first_page(path, copy, first)
    recorded = _recorded_root_pages(copy)
    for layout in (recorded, first) if recorded else (first,):
        try:
            _transplant_first_page(path, copy, layout)
        except sqlite3.OperationalError as error:
            # Some builds of SQLite, Apple's among them, let no program change where a table begins.
            if error_name(error) != "SQLITE_ERROR":
                raise
            continue
        if _version_found(copy):
            return _Found(copy, layout.version)
    return None


def _version_found(path: Path) -> int:
    """The version of an index in which every table of that version is found; 0 if one is not."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        try:
            stated, there = version(db), tables(db)
        except TROUBLE as error:
            if _is_damage(error, path):
                return 0
            raise
    likely = stated if 1 <= stated <= newest_version() else newest_version()
    with contextlib.closing(make_index(":memory:", likely)) as db:
        whole = all(set(names) <= set(there.get(table, ())) for table, names in tables(db).items())
    return likely if whole else 0


def _recorded_root_pages(path: Path) -> RootPages | None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        rows = dict(_readable_rows(db, "meta", ["key", "value"]))
    return parse_root_pages(rows.get("root_pages"))


def _transplant_first_page(damaged: Path, copy: Path, layout: RootPages) -> None:
    """A copy of a damaged index with a new first page, and its own number of pages."""
    _remove(copy)
    with contextlib.closing(make_index(copy, layout.version)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.executemany(
            "UPDATE sqlite_master SET rootpage = ? WHERE name = ?",
            [(page, name) for name, page in layout.pages.items()],
        )
        db.commit()
    with copy.open("rb") as file:
        page = bytearray(file.read(PAGE_BYTES))
    pages = damaged.stat().st_size // PAGE_BYTES
    # Offset 28: the size in pages. Source: sqlite.org/fileformat.html, 1.3.7.
    page[28:32] = pages.to_bytes(4, "big")
    shutil.copyfile(damaged, copy)
    with copy.open("r+b") as file:
        file.write(page)
        file.truncate(pages * PAGE_BYTES)


def _salvage(path: Path, db: sqlite3.Connection) -> None:
    """Copy every row that can still be read, by the names of its columns.

    path: an index with every table and column of `db`, their order aside.
    """
    with contextlib.closing(sqlite3.connect(path)) as old:
        for table, columns in tables(db).items():
            names, marks = ",".join(columns), ",".join("?" * len(columns))
            for row in _readable_rows(old, table, columns):
                if _is_whole(table, dict(zip(columns, row, strict=True))):
                    # A torn row has a NULL where none may be: it is ignored, like a repetition.
                    db.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)


def _is_whole(table: str, row: Mapping[str, object]) -> bool:
    if table == "meta":
        # The matrix files of the damaged index are not this one's, nor are its root pages.
        return isinstance(row["key"], str) and row["key"] not in ("uid", "root_pages")
    if table in ("vectors", "queries"):
        return is_unit_blob(row["vector"])
    if table == "pictures":
        thumbnail = row["thumbnail"]
        return (
            isinstance(thumbnail, bytes)
            and thumbnail.startswith(b"\xff\xd8")
            and thumbnail.endswith(b"\xff\xd9")
        )
    if table in ("calls", "visitor_calls"):
        return all(isinstance(value, str | int) for value in row.values())
    if table in ("saved_searches", "history"):
        return all(isinstance(value, str | float) for value in row.values())
    return True


def _readable_rows(
    db: sqlite3.Connection, table: str, columns: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """These columns of every row that can be read.

    Read from both ends to the damage, then between by halving; a row may come twice.
    """
    names = ",".join(columns)
    first, last = -1, -1
    try:
        for rowid, *row in db.execute(f"SELECT rowid, {names} FROM {table} ORDER BY rowid"):
            yield tuple(row)
            first = rowid
        return
    except TROUBLE:
        pass
    try:
        for rowid, *row in db.execute(f"SELECT rowid, {names} FROM {table} ORDER BY rowid DESC"):
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
                f"SELECT {names} FROM {table} WHERE rowid BETWEEN ? AND ?", (low, high)
            ).fetchall()
        except TROUBLE:
            if low < high:
                middle = (low + high) // 2
                spans += [(low, middle), (middle + 1, high)]
            continue
        yield from found
