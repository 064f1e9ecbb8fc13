"""The durable index: one SQLite file that knows pictures, files, vectors, failures and queries.

Identity is content: a picture is the SHA-256 of its bytes, a file is a path that holds one. A path
starts with its root (`gallery/`, `images/`, `uploads/`); the folder behind a root is the caller's
to know. Vectors outlive their files: a picture that comes back costs no call.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, LifoQueue

import numpy as np

from core.embedders.base import Vector
from core.lock import FileLock

log = logging.getLogger(__name__)

GALLERY = "gallery/"

# Typed queries are a few kilobytes each; beyond this the least recently used ones go.
QUERIES_KEPT = 20_000

# Another process may be in the middle of writing a batch; nothing here holds the file longer.
BUSY_SECONDS = 30.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY, format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    bytes INTEGER NOT NULL, note TEXT NOT NULL, thumbnail BLOB NOT NULL);
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
    UNIQUE (embedder_id, picture_id));
CREATE TABLE IF NOT EXISTS queries (
    embedder_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL,
    used REAL NOT NULL, UNIQUE (embedder_id, kind, key));
CREATE TABLE IF NOT EXISTS calls (
    embedder_id TEXT NOT NULL, kind TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL,
    UNIQUE (embedder_id, kind, day));
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("meta", "pictures", "files", "unreadable", "vectors", "failures", "queries", "calls")


class StoreError(Exception):
    """The index cannot be used as it is; `str(error)` is a sentence for the person."""


@dataclass(frozen=True)
class Picture:
    """What is known of a picture. `paths` are its files, best name first."""

    id: str
    format: str
    width: int
    height: int
    bytes: int
    note: str
    paths: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.paths[0].rsplit("/", 1)[-1] if self.paths else self.id[:12]


@dataclass(frozen=True)
class FileRow:
    """A file as the last scan left it; size and mtime_ns are None for an imported one."""

    path: str
    picture_id: str
    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True)
class Unreadable:
    path: str
    reason: str
    size: int | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True)
class Failure:
    """A picture that the embedder gave no vector for, and why."""

    picture_id: str
    path: str
    reason: str


@dataclass(frozen=True)
class Scope:
    """Which files are meant: a collection ("own", "gallery" or "all") and a folder inside it.

    `folder` is a path that ends in "/", or empty.
    """

    collection: str = "all"
    folder: str = ""

    def where(self) -> tuple[str, tuple[str, ...]]:
        """An SQL condition on `files.path` and its parameters."""
        if self.folder:
            # A range, not LIKE: a folder may be named with % and _. "0" follows "/".
            return "path >= ? AND path < ?", (self.folder, self.folder[:-1] + "0")
        if self.collection == "gallery":
            return "path >= 'gallery/' AND path < 'gallery0'", ()
        if self.collection == "own":
            return "NOT (path >= 'gallery/' AND path < 'gallery0')", ()
        return "1", ()


class Store:
    """Opens, or makes, the index in `data_dir`. Safe to use from many threads and processes.

    A damaged file is set aside and rebuilt from what can be read of it; `notices` then says so.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.path = data_dir / "index.sqlite"
        self.notices: list[str] = []
        self._pool: LifoQueue[sqlite3.Connection] = LifoQueue()
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The data folder cannot be made ({error.strerror}); set DATA_DIR to a folder "
                "that may be written to."
            ) from error
        self._open()
        self.uid = self.meta("uid")

    # -- opening, repairing ------------------------------------------------------------------

    def _open(self) -> None:
        try:
            self._prepare()
            return
        except sqlite3.OperationalError as error:
            # Full, read-only, locked: nothing is wrong with what is in the file.
            raise StoreError(_sentence(error)) from error
        except sqlite3.DatabaseError as error:
            log.warning("The index is damaged: %s", error)
        self._close_pool()
        lock = FileLock(self.data_dir / "repair.lock")
        if not lock.acquire():
            raise StoreError("The index is being repaired by another process; reload in a moment.")
        try:
            aside = self._set_aside()
            self._prepare()
            saved = self._salvage(aside)
        finally:
            lock.release()
        self.notices.append(
            f"The index file was damaged. It was set aside as {aside.name}; {saved:,} vectors "
            "could be read from it and are kept, and what is missing can be indexed again."
        )

    def _prepare(self) -> None:
        with self.connection() as db:
            db.executescript(SCHEMA)
            answer = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if answer != "ok":
                raise sqlite3.DatabaseError(answer)
            db.execute("INSERT OR IGNORE INTO meta VALUES ('uid', ?)", (uuid.uuid4().hex[:12],))

    def _set_aside(self) -> Path:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"index.damaged-{stamp}-{uuid.uuid4().hex[:4]}.sqlite")
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside

    def _salvage(self, aside: Path) -> int:
        """Copy every row that can still be read; the number of vectors saved."""
        try:
            old = sqlite3.connect(aside)
            old.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError:
            return 0
        with self.connection() as db:
            for table in TABLES:
                for row in _readable_rows(old, table):
                    if table == "meta" and row[0] == "uid":
                        continue  # the matrix files of the damaged index are not this index's
                    if table == "vectors" and not _is_unit(row[2]):
                        continue
                    marks = ",".join("?" * len(row))
                    try:
                        db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
                    except sqlite3.IntegrityError:
                        continue  # a torn row
            saved: int = db.execute("SELECT count(*) FROM vectors").fetchone()[0]
        old.close()
        return saved

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection with a transaction around it: committed on success, else rolled back."""
        try:
            db = self._pool.get_nowait()
        except Empty:
            db = self._connect()
        try:
            with db:
                yield db
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise StoreError(_sentence(error)) from error
            raise
        finally:
            self._pool.put(db)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Like `connection`, with the write lock taken first, so that what is read stays true."""
        with self.connection() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        # A paid answer must outlive a power cut, so every commit reaches the disk.
        db.execute("PRAGMA synchronous = FULL")
        return db

    def _close_pool(self) -> None:
        while True:
            try:
                self._pool.get_nowait().close()
            except Empty:
                return

    def close(self) -> None:
        self._close_pool()

    # -- small facts -------------------------------------------------------------------------

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
            return _generation(db, embedder_id)

    # -- files and pictures ------------------------------------------------------------------

    def files(self) -> dict[str, FileRow]:
        with self.connection() as db:
            rows = db.execute("SELECT path, picture_id, size, mtime_ns FROM files")
            return {row[0]: FileRow(*row) for row in rows}

    def unreadable(self) -> dict[str, Unreadable]:
        with self.connection() as db:
            rows = db.execute("SELECT path, reason, size, mtime_ns FROM unreadable ORDER BY path")
            return {row[0]: Unreadable(*row) for row in rows}

    def has_picture(self, picture_id: str) -> bool:
        with self.connection() as db:
            found = db.execute("SELECT 1 FROM pictures WHERE id = ?", (picture_id,)).fetchone()
        return found is not None

    def add_files(
        self, files: Sequence[FileRow], pictures: Sequence[tuple[Picture, bytes]] = ()
    ) -> None:
        """Record files, and the pictures (with their thumbnails) that were not known before."""
        with self.writing() as db:
            add_pictures(db, pictures)
            for file in files:
                row = (file.path, file.picture_id, file.size, file.mtime_ns)
                db.execute("DELETE FROM unreadable WHERE path = ?", (file.path,))
                db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", row)
            bump(db, "live")

    def add_unreadable(self, entries: Iterable[Unreadable]) -> None:
        with self.writing() as db:
            for entry in entries:
                row = (entry.path, entry.reason, entry.size, entry.mtime_ns)
                db.execute("INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?, ?)", row)
                db.execute("DELETE FROM files WHERE path = ?", (entry.path,))
            bump(db, "live")

    def forget_files(self, paths: Iterable[str]) -> list[str]:
        """Drop files that are gone; returns the ids of pictures that no file holds any more."""
        with self.writing() as db:
            for path in paths:
                db.execute("DELETE FROM files WHERE path = ?", (path,))
                db.execute("DELETE FROM unreadable WHERE path = ?", (path,))
            orphans = [
                row[0]
                for row in db.execute(
                    "SELECT id FROM pictures WHERE id NOT IN (SELECT picture_id FROM files)"
                )
            ]
            db.executemany("DELETE FROM pictures WHERE id = ?", [(i,) for i in orphans])
            db.executemany("DELETE FROM failures WHERE picture_id = ?", [(i,) for i in orphans])
            bump(db, "live")
        return orphans

    def pictures(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, Picture]:
        """What is known of these pictures; their files inside `scope` are named first."""
        if not ids:
            return {}
        condition, parameters = (scope or Scope()).where()
        found: dict[str, Picture] = {}
        with self.connection() as db:
            for start in range(0, len(ids), 500):  # SQLite caps the parameters of one statement
                some = list(ids[start : start + 500])
                marks = ",".join("?" * len(some))
                paths: dict[str, list[str]] = {}
                for picture_id, path in db.execute(
                    f"SELECT picture_id, path FROM files WHERE picture_id IN ({marks}) "
                    f"ORDER BY NOT ({condition}), path",
                    (*some, *parameters),
                ):
                    paths.setdefault(picture_id, []).append(path)
                for row in db.execute(
                    "SELECT id, format, width, height, bytes, note FROM pictures "
                    f"WHERE id IN ({marks})",
                    some,
                ):
                    if row[0] in paths:
                        found[row[0]] = replace(Picture(*row), paths=tuple(paths[row[0]]))
        return found

    def thumbnail(self, picture_id: str) -> bytes | None:
        with self.connection() as db:
            row = db.execute(
                "SELECT thumbnail FROM pictures WHERE id = ?", (picture_id,)
            ).fetchone()
        return row[0] if row else None

    def ids(self, scope: Scope) -> list[str]:
        """The distinct pictures that have a file in `scope`, sorted."""
        condition, parameters = scope.where()
        with self.connection() as db:
            rows = db.execute(
                f"SELECT DISTINCT picture_id FROM files WHERE {condition} ORDER BY picture_id",
                parameters,
            )
            return [row[0] for row in rows]

    def folders(self) -> list[tuple[str, int]]:
        """Every folder that holds pictures, at any depth, with how many files lie below it."""
        counts: dict[str, int] = {}
        with self.connection() as db:
            for (path,) in db.execute("SELECT path FROM files"):
                at = path.find("/")
                while at != -1:
                    folder = path[: at + 1]
                    counts[folder] = counts.get(folder, 0) + 1
                    at = path.find("/", at + 1)
        return sorted(counts.items())

    def counts(self, embedder_id: str, scope: Scope) -> tuple[int, int]:
        """(pictures with a vector of this embedder, pictures that have or can get one) in `scope`.

        A picture known only from an index of another embedder has no file to embed: not counted.
        """
        condition, parameters = scope.where()
        with self.connection() as db:
            row = db.execute(
                "SELECT count(v.picture_id), count(CASE WHEN v.picture_id IS NOT NULL OR on_disk "
                "THEN 1 END) FROM (SELECT picture_id, max(size IS NOT NULL) AS on_disk FROM files "
                f"WHERE {condition} GROUP BY picture_id) AS f "
                "LEFT JOIN vectors AS v ON v.embedder_id = ? AND v.picture_id = f.picture_id",
                (*parameters, embedder_id),
            ).fetchone()
        return row[0], row[1]

    # -- vectors -----------------------------------------------------------------------------

    def add_vectors(self, embedder_id: str, rows: Sequence[tuple[str, Vector, bool]]) -> None:
        """Record (picture id, unit vector, whether the bytes sent were altered)."""
        if not rows:
            return
        with self.writing() as db:
            for picture_id, vector, altered in rows:
                add_vector(db, embedder_id, picture_id, vector, altered)
                db.execute(
                    "DELETE FROM failures WHERE embedder_id = ? AND picture_id = ?",
                    (embedder_id, picture_id),
                )
            bump(db, f"vectors:{embedder_id}")

    def vector(self, embedder_id: str, picture_id: str) -> Vector | None:
        with self.connection() as db:
            row = db.execute(
                "SELECT vector FROM vectors WHERE embedder_id = ? AND picture_id = ?",
                (embedder_id, picture_id),
            ).fetchone()
        return np.frombuffer(row[0], np.float32) if row else None

    def was_altered(self, embedder_id: str, picture_id: str) -> bool:
        with self.connection() as db:
            row = db.execute(
                "SELECT altered FROM vectors WHERE embedder_id = ? AND picture_id = ?",
                (embedder_id, picture_id),
            ).fetchone()
        return bool(row and row[0])

    @contextmanager
    def searchable(
        self, embedder_id: str
    ) -> Iterator[tuple[int, list[str], Iterator[tuple[str, Vector]]]]:
        """One consistent read: (generation, sorted ids, rows in that order) of live pictures."""
        with self.connection() as db:
            db.execute("BEGIN")
            generation = _generation(db, embedder_id)
            live = "picture_id IN (SELECT picture_id FROM files)"
            ids = [
                row[0]
                for row in db.execute(
                    f"SELECT picture_id FROM vectors WHERE embedder_id = ? AND {live} "
                    "ORDER BY picture_id",
                    (embedder_id,),
                )
            ]
            rows = db.execute(
                f"SELECT picture_id, vector FROM vectors WHERE embedder_id = ? AND {live} "
                "ORDER BY picture_id",
                (embedder_id,),
            )
            yield (
                generation,
                ids,
                ((row[0], np.frombuffer(row[1], np.float32)) for row in rows),
            )

    def missing(self, embedder_id: str, scope: Scope) -> list[tuple[str, str]]:
        """(picture id, a path that holds it) without a vector or a failure, by path."""
        condition, parameters = scope.where()
        with self.connection() as db:
            rows = db.execute(
                "SELECT picture_id, min(path) AS first FROM files "
                f"WHERE {condition} AND size IS NOT NULL "
                "AND picture_id NOT IN (SELECT picture_id FROM vectors WHERE embedder_id = ?) "
                "AND picture_id NOT IN (SELECT picture_id FROM failures WHERE embedder_id = ?) "
                "GROUP BY picture_id ORDER BY first",
                (*parameters, embedder_id, embedder_id),
            )
            return [(row[0], row[1]) for row in rows]

    # -- failures ----------------------------------------------------------------------------

    def add_failure(self, embedder_id: str, failure: Failure) -> None:
        with self.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)",
                (embedder_id, failure.picture_id, failure.path, failure.reason),
            )

    def failures(self, embedder_id: str) -> list[Failure]:
        with self.connection() as db:
            rows = db.execute(
                "SELECT picture_id, path, reason FROM failures WHERE embedder_id = ? ORDER BY path",
                (embedder_id,),
            )
            return [Failure(*row) for row in rows]

    def clear_failures(self, embedder_id: str) -> None:
        with self.writing() as db:
            db.execute("DELETE FROM failures WHERE embedder_id = ?", (embedder_id,))

    # -- queries and calls -------------------------------------------------------------------

    def query_vector(self, embedder_id: str, kind: str, key: str) -> Vector | None:
        """A query answered before: kind "text" or "image", key the text or the picture id."""
        with self.connection() as db:
            row = db.execute(
                "SELECT vector FROM queries WHERE embedder_id = ? AND kind = ? AND key = ?",
                (embedder_id, kind, key),
            ).fetchone()
        return np.frombuffer(row[0], np.float32) if row else None

    def add_query_vector(self, embedder_id: str, kind: str, key: str, vector: Vector) -> None:
        with self.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?)",
                (embedder_id, kind, key, vector.tobytes(), time.time()),
            )
            db.execute(
                "DELETE FROM queries WHERE rowid IN "
                "(SELECT rowid FROM queries ORDER BY used DESC LIMIT -1 OFFSET ?)",
                (QUERIES_KEPT,),
            )

    def count_calls(self, embedder_id: str, counts: Mapping[str, int]) -> None:
        """Add answered calls by kind ("image", "text", "link") to today's."""
        with self.writing() as db:
            for kind, count in counts.items():
                db.execute(
                    "INSERT INTO calls VALUES (?, ?, ?, ?) ON CONFLICT (embedder_id, kind, day) "
                    "DO UPDATE SET count = count + excluded.count",
                    (embedder_id, kind, time.strftime("%Y-%m-%d"), count),
                )

    def calls(self, embedder_id: str, month: str) -> int:
        """Calls answered in a month ("2026-11")."""
        with self.connection() as db:
            row = db.execute(
                "SELECT coalesce(sum(count), 0) FROM calls "
                "WHERE embedder_id = ? AND substr(day, 1, 7) = ?",
                (embedder_id, month),
            ).fetchone()
        return int(row[0])


def query_key(text: str) -> str:
    """Texts that no embedder tells apart share one key."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def add_pictures(db: sqlite3.Connection, pictures: Iterable[tuple[Picture, bytes]]) -> None:
    for picture, thumbnail in pictures:
        db.execute(
            "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                picture.id,
                picture.format,
                picture.width,
                picture.height,
                picture.bytes,
                picture.note,
                thumbnail,
            ),
        )


def add_vector(
    db: sqlite3.Connection,
    embedder_id: str,
    picture_id: str,
    vector: Vector,
    altered: bool,
    *,
    overwrite: bool = True,
) -> None:
    db.execute(
        f"INSERT OR {'REPLACE' if overwrite else 'IGNORE'} INTO vectors VALUES (?, ?, ?, ?)",
        (embedder_id, picture_id, np.ascontiguousarray(vector, np.float32).tobytes(), altered),
    )


def bump(db: sqlite3.Connection, counter: str) -> None:
    """Say that what `counter` stands for ("live", "vectors:<embedder id>") has changed."""
    db.execute(
        "INSERT INTO meta VALUES (?, '1') "
        "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
        (f"generation:{counter}",),
    )


def _generation(db: sqlite3.Connection, embedder_id: str) -> int:
    # Both counters only grow, so their sum names one state.
    rows = db.execute(
        "SELECT value FROM meta WHERE key IN ('generation:live', ?)",
        (f"generation:vectors:{embedder_id}",),
    )
    return sum(int(row[0]) for row in rows)


def _readable_rows(db: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    """Rows from both ends up to the damage between them."""
    for order in ("", " ORDER BY rowid DESC"):
        try:
            yield from db.execute(f"SELECT * FROM {table}{order}")
            return
        except sqlite3.DatabaseError:
            continue


def _is_unit(blob: object) -> bool:
    if not isinstance(blob, bytes) or len(blob) % 4:
        return False
    norm = float(np.linalg.norm(np.frombuffer(blob, np.float32)))
    return abs(norm - 1.0) < 1e-3


def _sentence(error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text:
        return (
            "The disk is full: nothing was lost, but nothing new can be kept until there is room."
        )
    if "readonly" in text or "unable to open" in text:
        return "The index cannot be written; set DATA_DIR to a folder that may be written to."
    return f"The index cannot be used just now ({text}); try again in a moment."
