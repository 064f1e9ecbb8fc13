"""How a connection to the SQLite index is opened, what its errors mean, and a scope in SQL."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

from core.model import Filter, Scope

# Another process may be in the middle of writing a batch; nothing here holds the file longer.
BUSY_SECONDS = 30.0

# With less than this free, an input error is taken for a full disk.
FULL_BYTES = 256 * 1024

FULL = "The disk is full: nothing was lost. Make room on it, then go on."


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
    if is_damage(error):
        return (
            "The index file is damaged. Start the app again: the file is set aside then, and "
            "what can be read of it is kept."
        )
    return f"The index cannot be used just now ({error}); try again in a moment."


def is_damage(error: sqlite3.Error) -> bool:
    """True if the error says that the file's content is wrong."""
    return error_name(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL_BYTES
    except OSError:
        return False


def error_name(error: Exception) -> str:
    # What Python's own layer raises has none.
    return str(getattr(error, "sqlite_errorname", ""))


def scope_condition(scope: Scope) -> tuple[str, tuple[object, ...]]:
    """An SQL condition on the columns of `files`, and its parameters."""
    where, parameters = path_condition(scope)
    if scope.only is not None:
        where += " AND picture_id IN (SELECT value FROM json_each(?))"
        parameters = (*parameters, json.dumps(sorted(scope.only)))
    for wanted in scope.filters:
        told, given = _told(wanted)
        where += f" AND picture_id IN (SELECT picture_id FROM facts WHERE name = ? AND {told})"
        parameters = (*parameters, wanted.column, *given)
    return where, parameters


def _told(wanted: Filter) -> tuple[str, tuple[object, ...]]:
    """An SQL condition on the columns of `facts`, and its parameters."""
    if wanted.any_of:
        return "text IN (SELECT value FROM json_each(?))", (json.dumps(wanted.any_of),)
    if wanted.contains:
        return "instr(folded, ?)", (wanted.contains.casefold(),)
    bounds = (("number >= ?", wanted.low), ("number <= ?", wanted.high))
    there = [(condition, bound) for condition, bound in bounds if bound is not None]
    # Without a bound, every number.
    condition = " AND ".join(["number IS NOT NULL", *(condition for condition, _ in there)])
    return condition, tuple(bound for _, bound in there)


def path_condition(scope: Scope) -> tuple[str, tuple[object, ...]]:
    """Like `scope_condition`, on a column `path` alone: which pictures are meant is not asked."""
    if scope.folder:
        # A range, not LIKE: a folder may be named with % and _. "0" follows "/".
        return "path >= ? AND path < ?", (scope.folder, scope.folder[:-1] + "0")
    if scope.collection == "gallery":
        return "path >= 'gallery/' AND path < 'gallery0'", ()
    if scope.collection == "own":
        return "NOT (path >= 'gallery/' AND path < 'gallery0')", ()
    return "1", ()
