"""The tables of the SQLite index, how a connection to them is opened, and what its errors mean."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import uuid
from pathlib import Path

from core.model import Scope

# Another process may be in the middle of writing a batch; nothing here holds the file longer.
BUSY_SECONDS = 30.0

# With less than this free, an input error is taken for a full disk.
FULL_BYTES = 256 * 1024

# SQLite's default since 2016, and fixed here: mending counts on it.
PAGE_BYTES = 4096

# Grows when the tables change: an older program must not write into a newer file.
SCHEMA_VERSION = 1

FULL = "The disk is full: nothing was lost. Make room on it, then go on."

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
    name = error_name(error)
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


def make_tables(draft: Path) -> sqlite3.Connection:
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


def error_name(error: Exception) -> str:
    # What Python's own layer raises has none.
    return str(getattr(error, "sqlite_errorname", ""))


def scope_condition(scope: Scope) -> tuple[str, tuple[str, ...]]:
    """An SQL condition on a column `path`, and its parameters."""
    if scope.folder:
        # A range, not LIKE: a folder may be named with % and _. "0" follows "/".
        return "path >= ? AND path < ?", (scope.folder, scope.folder[:-1] + "0")
    if scope.collection == "gallery":
        return "path >= 'gallery/' AND path < 'gallery0'", ()
    if scope.collection == "own":
        return "NOT (path >= 'gallery/' AND path < 'gallery0')", ()
    return "1", ()
