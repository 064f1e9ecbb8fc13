"""The connections to the SQLite file, the small facts in it, and what its tables share."""

from __future__ import annotations

import atexit
import contextlib
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

import numpy as np

from core.errors import IndexUnavailable
from core.file_lock import FileLock
from core.index.answers import Answers
from core.index.sqlite.repair import open_index
from core.index.sqlite.soundness import is_suspect, mark_sound, mark_suspect
from core.index.sqlite.tables import connect, is_damage, scope_condition, sentence
from core.model import EVERYTHING, Scope
from core.vectors import Vector, is_length, is_unit_blob

# The condition that every file meets.
ALL = scope_condition(EVERYTHING)


class Connections:
    """Opens, or makes, the index in `data_dir`. Safe to use from many threads and processes.

    Every method raises IndexUnavailable where the file cannot be used.
    """

    may_write = True
    place = ""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.path = data_dir / "index.sqlite"
        self._pool: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._in_use = FileLock(data_dir / "index.lock")
        self._answer = Answers().get
        notice = open_index(self.path, self._in_use)
        self.notices: list[str] = [notice] if notice else []
        self.uid = self.meta("uid")
        _open.add(self)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection with a transaction around it: committed on success, else rolled back."""
        db: sqlite3.Connection | None = None
        try:
            try:
                db = self._pool.get_nowait()
            except Empty:
                db = connect(self.path)
            with db:
                yield db
        except sqlite3.DatabaseError as error:
            if db is not None:
                db.close()
                db = None
            if is_damage(error):
                mark_suspect(self.path)
            raise IndexUnavailable(sentence(error, self.path)) from error
        finally:
            if db is not None:
                self._pool.put(db)

    @contextmanager
    def writing(self, *, to_disk: bool = True) -> Iterator[sqlite3.Connection]:
        """Like `connection`, with the write lock taken first, so that what is read stays true.

        to_disk: wait until the disk has it. Without, it outlives the process, and a power cut may
        lose it; waiting takes 4.5 ms on a disk where this takes 0.05.
        """
        with self.connection() as db:
            if to_disk:
                db.execute("BEGIN IMMEDIATE")
                yield db
                return
            db.execute("PRAGMA synchronous = NORMAL")
            try:
                with db:
                    db.execute("BEGIN IMMEDIATE")
                    yield db
            finally:
                db.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Let go of the file. It may be used again: then it is opened anew."""
        while True:
            try:
                self._pool.get_nowait().close()
            except Empty:
                break
        self._in_use.release()
        if self in _open:
            _open.discard(self)
            self._mark_sound()

    def _mark_sound(self) -> None:
        """Unless damage was met: the last to leave knows that nobody writes to the file now."""
        with contextlib.suppress(OSError):
            if self.path.exists() and self._in_use.acquire(0):
                if not is_suspect(self.path):
                    mark_sound(self.path)
                self._in_use.release()

    def meta(self, key: str, default: str = "") -> str:
        with self.connection() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def set_meta(self, key: str, value: str) -> None:
        with self.connection() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def generation(self, embedder_id: str) -> int:
        """Grows whenever the set of searchable vectors of this embedder changes."""
        with self.connection() as db:
            return generation_of(db, embedder_id)


_open: weakref.WeakSet[Connections] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A program that ends in good order leaves files that need not be read through again."""
    for index in list(_open):
        index.close()


def bump(db: sqlite3.Connection, counter: str) -> None:
    """Say that what `counter` stands for has changed.

    "live": the files, and what is known of pictures. "own_facts": what these say themselves.
    "vectors:<embedder id>": its vectors. "refused": failures, unreadable files.
    "near_duplicates:<embedder id>": the groups that were found of its pictures.
    """
    db.execute(
        "INSERT INTO meta VALUES (?, '1') "
        "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
        (f"generation:{counter}",),
    )


def condition_on_files(db: sqlite3.Connection, scope: Scope) -> tuple[str, tuple[object, ...]]:
    """Like `scope_condition`; ALL where no file lies outside, which SQLite answers much faster."""
    condition, parameters = scope_condition(scope)
    outside = db.execute(
        f"SELECT EXISTS (SELECT 1 FROM files WHERE NOT ({condition}))", parameters
    ).fetchone()
    return (condition, parameters) if outside[0] else ALL


def counter(db: sqlite3.Connection, name: str) -> int:
    """How often `bump` was told this name."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (f"generation:{name}",)).fetchone()
    return int(row[0]) if row else 0


def generation_of(db: sqlite3.Connection, embedder_id: str) -> int:
    """Names one state of what this embedder's searches can find."""
    # Both counters only grow, so their sum names one state.
    return counter(db, "live") + counter(db, f"vectors:{embedder_id}")


def blob_of(vector: Vector) -> bytes:
    """The vector as the tables hold it: float32, one number after the other."""
    return np.ascontiguousarray(vector, np.float32).tobytes()


def length_of(value: object) -> float | None:
    """The length of a vector out of its row; None for none and for a damaged one."""
    return float(value) if is_length(value) else None


def vector_of(row: Sequence[Any] | None) -> Vector | None:
    """The vector that is a row's first column; None for no row and for a damaged one."""
    # A damaged vector counts as none: it is made again.
    return np.frombuffer(row[0], np.float32) if row and is_unit_blob(row[0]) else None
