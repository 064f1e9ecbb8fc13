"""The durable index: one SQLite file that knows pictures, files, vectors, failures and queries.

Identity is content: a picture is the SHA-256 of its bytes, a file is a path that holds one. A path
starts with its root (`gallery/`, `images/`, `uploads/`); the folder behind a root is the caller's
to know. Vectors outlive their files: a picture that comes back costs no call.
"""

from __future__ import annotations

import atexit
import contextlib
import sqlite3
import time
import weakref
from collections import Counter
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, TypeVar

import numpy as np

from core.errors import IndexUnavailable
from core.file_lock import FileLock
from core.index.port import ArchivedPicture
from core.index.sqlite.current_matrix import CurrentMatrix
from core.index.sqlite.matrix import Digests, digests, is_id
from core.index.sqlite.matrix_file import NumberedRows
from core.index.sqlite.repair import open_index
from core.index.sqlite.soundness import is_suspect, mark_sound, mark_suspect
from core.index.sqlite.tables import connect, is_damage, scope_condition, sentence
from core.index.sqlite.vector_space import MatrixSpace
from core.model import (
    EVERYTHING,
    Cause,
    Failure,
    FileRow,
    Missing,
    NotIndexed,
    Picture,
    Plan,
    Scope,
    Unreadable,
)
from core.vectors import Vector, is_unit_blob

# Typed queries are a few kilobytes each; beyond this the ones asked longest ago go.
QUERIES_KEPT = 20_000
QUERIES_DROPPED_AT_ONCE = 1_000

# A few per scope and embedder; every folder can be chosen as a scope.
ANSWERS_KEPT = 1_000

# The condition that every file meets.
ALL = scope_condition(EVERYTHING)

# What a scan did not take, and what the embedder (the one parameter) gave no vector for.
NOT_INDEXED = (
    "SELECT path, reason, cause, kind FROM unreadable "
    "UNION ALL SELECT path, reason, 'embedder', '' FROM failures WHERE embedder_id = ?"
)

# SQLite caps the parameters of one statement.
IDS_AT_ONCE = 500


T = TypeVar("T")


class SqliteIndex:
    """Opens, or makes, the index in `data_dir`. Safe to use from many threads and processes.

    A damaged file is set aside and rebuilt from what can be read of it; `notices` then says so.
    Every method raises IndexUnavailable where the file cannot be used.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.path = data_dir / "index.sqlite"
        self._pool: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._in_use = FileLock(data_dir / "index.lock")
        # Answers that a whole collection must be read for, each with the state it belongs to.
        self._answers: dict[Hashable, tuple[int, Any]] = {}
        notice = open_index(self.path, self._in_use)
        self.notices: list[str] = [notice] if notice else []
        self.uid = self.meta("uid")
        _open.add(self)

    def vector_space(
        self,
        embedder_id: str,
        dimensions: int,
        is_running: Callable[[], bool],
        dropped: Callable[[], object],
    ) -> MatrixSpace:
        """The vectors of one embedder; see `core.index.port.Index.vector_space`."""
        return MatrixSpace(self, CurrentMatrix(self, embedder_id, dimensions, is_running, dropped))

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
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Like `connection`, with the write lock taken first, so that what is read stays true."""
        with self.connection() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db

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

    def files_below(self, prefix: str) -> list[str]:
        """The paths that begin with a prefix ending in "/", sorted."""
        condition, parameters = scope_condition(Scope(folder=prefix))
        with self.connection() as db:
            rows = db.execute(f"SELECT path FROM files WHERE {condition} ORDER BY path", parameters)
            return [row[0] for row in rows]

    def unreadable(self) -> dict[str, Unreadable]:
        with self.connection() as db:
            rows = db.execute(
                "SELECT path, reason, size, mtime_ns, cause, kind, reader FROM unreadable "
                "ORDER BY path"
            )
            return {
                path: Unreadable(path, reason, size, mtime_ns, Cause(cause), kind, reader)
                for path, reason, size, mtime_ns, cause, kind, reader in rows
            }

    def is_vetted(self, picture_id: str) -> bool:
        """True for a picture whose description was made from its bytes, here."""
        with self.connection() as db:
            found = db.execute(
                "SELECT 1 FROM pictures WHERE id = ? AND vetted", (picture_id,)
            ).fetchone()
        return found is not None

    def add_files(
        self, files: Sequence[FileRow], pictures: Sequence[tuple[Picture, bytes]] = ()
    ) -> None:
        """Record files, and the pictures (with their thumbnails) that were made from them."""
        with self.writing() as db:
            add_pictures(db, pictures, vetted=True)
            if db.executemany(
                "DELETE FROM unreadable WHERE path = ?", [(f.path,) for f in files]
            ).rowcount:
                bump(db, "refused")
            # A file that was only read again changes nothing for those who search.
            if pictures or not all(_holds(db, file) for file in files):
                bump(db, "live")
            db.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                [(f.path, f.picture_id, f.size, f.mtime_ns) for f in files],
            )

    def add_unreadable(self, entries: Sequence[Unreadable]) -> None:
        paths = [(entry.path,) for entry in entries]
        with self.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO unreadable "
                "(path, reason, size, mtime_ns, cause, kind, reader) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (e.path, e.reason, e.size, e.mtime_ns, e.cause, e.kind, e.reader)
                    for e in entries
                ],
            )
            bump(db, "refused")
            if db.executemany("DELETE FROM files WHERE path = ?", paths).rowcount:
                bump(db, "live")

    def read_again(self, *, only_refused: bool) -> None:
        """Let the next scan read every file again, or only those that were not taken."""
        with self.writing() as db:
            # No file on the disk has this time. An imported row, which has no size, has no file.
            for table in ("unreadable",) if only_refused else ("unreadable", "files"):
                db.execute(f"UPDATE {table} SET mtime_ns = NULL WHERE size IS NOT NULL")

    def forget_files(self, paths: Iterable[str]) -> None:
        """Drop files that are gone. Their pictures stay until `forget_pictures`."""
        gone = [(path,) for path in paths]
        with self.writing() as db:
            if db.executemany("DELETE FROM unreadable WHERE path = ?", gone).rowcount:
                bump(db, "refused")
            if db.executemany("DELETE FROM files WHERE path = ?", gone).rowcount:
                bump(db, "live")

    def orphans(self) -> list[str]:
        """The pictures that no file holds any more."""
        with self.connection() as db:
            rows = db.execute(
                "SELECT id FROM pictures WHERE id NOT IN (SELECT picture_id FROM files)"
            )
            return [row[0] for row in rows]

    def forget_pictures(self, ids: Iterable[str]) -> None:
        """Drop what is known of pictures that no file holds; their vectors stay."""
        orphans = [(i, i) for i in ids]
        unheld = "AND NOT EXISTS (SELECT 1 FROM files WHERE picture_id = ?)"
        with self.writing() as db:
            db.executemany(f"DELETE FROM pictures WHERE id = ? {unheld}", orphans)
            db.executemany(f"DELETE FROM failures WHERE picture_id = ? {unheld}", orphans)
            bump(db, "refused")

    def pictures(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, Picture]:
        """What is known of these pictures; their files inside `scope` are named first.

        Ids come from visitors too: what is none is not found, whatever it is.
        """
        ids = [i for i in ids if i.isascii()]
        condition, parameters = scope_condition(scope or Scope())
        found: dict[str, Picture] = {}
        with self.connection() as db:
            for start in range(0, len(ids), IDS_AT_ONCE):
                some = ids[start : start + IDS_AT_ONCE]
                marks = ",".join("?" * len(some))
                paths: dict[str, list[str]] = {}
                for picture_id, path in db.execute(
                    f"SELECT picture_id, path FROM files WHERE picture_id IN ({marks}) "
                    f"ORDER BY NOT ({condition}), path",
                    (*some, *parameters),
                ):
                    paths.setdefault(picture_id, []).append(path)
                for i, kind, width, height, size, note in db.execute(
                    "SELECT id, format, width, height, bytes, note FROM pictures "
                    f"WHERE id IN ({marks})",
                    some,
                ):
                    if i in paths:
                        found[i] = Picture(i, kind, width, height, size, note, tuple(paths[i]))
        return found

    def thumbnail(self, picture_id: str) -> bytes | None:
        with self.connection() as db:
            row = db.execute(
                "SELECT thumbnail FROM pictures WHERE id = ?", (picture_id,)
            ).fetchone()
        return row[0] if row else None

    def count(self, scope: Scope) -> int:
        """How many distinct pictures have a file in `scope`."""

        def read(db: sqlite3.Connection) -> int:
            condition, parameters = _condition(db, scope)
            row = db.execute(
                f"SELECT count(DISTINCT picture_id) FROM files WHERE {condition}", parameters
            ).fetchone()
            return int(row[0])

        with self.connection() as db:
            db.execute("BEGIN")
            return self._answer(("count", scope), _counter(db, "live"), lambda: read(db))

    def _answer(self, question: Hashable, state: int, read: Callable[[], T]) -> T:
        """What `read` says; kept while the state is the same."""
        known = self._answers.get(question)
        if known is None or known[0] != state:
            if len(self._answers) >= ANSWERS_KEPT:
                self._answers.clear()
            self._answers[question] = known = (state, read())
        answer: T = known[1]
        return answer

    def page(self, scope: Scope, first: int, count: int) -> list[str]:
        """The ids of `count` pictures in `scope` from number `first` on, in ascending order."""
        with self.connection() as db:
            db.execute("BEGIN")
            condition, parameters = _condition(db, scope)
            rows = db.execute(
                f"SELECT DISTINCT picture_id FROM files WHERE {condition} ORDER BY picture_id "
                "LIMIT ? OFFSET ?",
                (*parameters, count, first),
            )
            return [row[0] for row in rows]

    def named(self, embedder_id: str, limit: int) -> list[tuple[str, str]]:
        """(id, first path) of at most `limit` pictures that have a vector, by path."""
        found: dict[str, str] = {}
        with self.connection() as db:
            # By path, so that reading ends after `limit` pictures and not after all of them.
            for picture_id, path in db.execute(
                "SELECT picture_id, path FROM files AS f WHERE EXISTS (SELECT 1 FROM vectors AS v "
                "WHERE v.embedder_id = ? AND v.picture_id = f.picture_id) ORDER BY path",
                (embedder_id,),
            ):
                found.setdefault(picture_id, path)
                if len(found) == limit:
                    break
        return list(found.items())

    def ids(self, scope: Scope) -> list[str]:
        """The distinct pictures that have a file in `scope`, sorted."""
        condition, parameters = scope_condition(scope)
        with self.connection() as db:
            rows = db.execute(f"SELECT picture_id FROM files WHERE {condition}", parameters)
            # Sorting here takes half as long as in SQL.
            return sorted({row[0] for row in rows})

    def holds_all(self, scope: Scope) -> bool:
        """True if no file lies outside `scope`."""
        with self.connection() as db:
            db.execute("BEGIN")
            return _condition(db, scope) == ALL

    def folders(self) -> list[tuple[str, int]]:
        """Every folder that holds pictures, at any depth, with how many files lie below it."""

        def read(db: sqlite3.Connection) -> list[tuple[str, int]]:
            counts: Counter[str] = Counter()
            for (path,) in db.execute("SELECT path FROM files"):
                at = path.find("/")
                while at != -1:
                    counts[path[: at + 1]] += 1
                    at = path.find("/", at + 1)
            return sorted(counts.items())

        with self.connection() as db:
            db.execute("BEGIN")
            return list(self._answer("folders", _counter(db, "live"), lambda: read(db)))

    def counts(self, embedder_id: str, scope: Scope) -> tuple[int, int]:
        """(pictures with a vector of this embedder, pictures that have or can get one) in `scope`.

        A picture known only from an index of another embedder has no file to embed: not counted.
        """
        with self.connection() as db:
            db.execute("BEGIN")
            condition, parameters = _condition(db, scope)
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
                if db.execute(
                    "DELETE FROM failures WHERE embedder_id = ? AND picture_id = ?",
                    (embedder_id, picture_id),
                ).rowcount:
                    bump(db, "refused")
            bump(db, f"vectors:{embedder_id}")

    def vector(self, embedder_id: str, picture_id: str) -> Vector | None:
        with self.connection() as db:
            row = db.execute(
                "SELECT vector FROM vectors WHERE embedder_id = ? AND picture_id = ?",
                (embedder_id, picture_id),
            ).fetchone()
        return _vector(row)

    def was_altered(self, embedder_id: str, picture_id: str) -> bool:
        with self.connection() as db:
            row = db.execute(
                "SELECT altered FROM vectors WHERE embedder_id = ? AND picture_id = ?",
                (embedder_id, picture_id),
            ).fetchone()
        return bool(row and row[0])

    def dimensions(self, embedder_id: str) -> int | None:
        """How many numbers this embedder's vectors have; None while there is none."""
        with self.connection() as db:
            row = db.execute(
                "SELECT length(vector) FROM vectors WHERE embedder_id = ? LIMIT 1", (embedder_id,)
            ).fetchone()
        return row[0] // 4 if row else None

    @contextmanager
    def searchable(self, embedder_id: str) -> Iterator[tuple[int, Digests, NumberedRows]]:
        """One consistent read of the pictures that have a vector and a file.

        Gives (generation, ids in ascending order, their rows in the order of the file: read in any
        other, a large index takes many times as long from a disk). Raises ValueError for an id that
        is none.
        """
        with self.connection() as db:
            db.execute("BEGIN")
            generation = _generation(db, embedder_id)
            names: list[str] = []
            number_of: dict[int, int] = {}
            for number, (picture_id, rowid) in enumerate(
                db.execute(
                    "SELECT picture_id, rowid FROM vectors WHERE embedder_id = ? AND picture_id IN "
                    "(SELECT picture_id FROM files) ORDER BY picture_id",
                    (embedder_id,),
                )
            ):
                names.append(str(picture_id))  # damage may have made it something else
                number_of[rowid] = number
            ids = digests(names)
            del names

            def rows() -> Iterator[tuple[int, Vector]]:
                for rowid, blob in db.execute(
                    "SELECT rowid, vector FROM vectors NOT INDEXED WHERE embedder_id = ? "
                    "ORDER BY rowid",
                    (embedder_id,),
                ):
                    if rowid in number_of:
                        yield number_of[rowid], np.frombuffer(blob, np.float32)

            yield generation, ids, rows

    @contextmanager
    def export(
        self, embedder_id: str, scope: Scope
    ) -> Iterator[tuple[dict[str, bool], Iterator[tuple[str, Vector]]]]:
        """One consistent read of the pictures in `scope` that have a vector, by id.

        Gives (picture id -> whether a smaller copy was sent) and an iterator of (picture id,
        vector) in the same order. Damaged vectors are dropped first.
        """
        self.drop_unusable_vectors(embedder_id, self.dimensions(embedder_id) or 0)
        condition, parameters = scope_condition(scope)
        chosen = (
            "FROM vectors WHERE embedder_id = ? AND picture_id IN "
            f"(SELECT picture_id FROM files WHERE {condition}) ORDER BY picture_id"
        )
        given = (embedder_id, *parameters)
        with self.connection() as db:
            db.execute("BEGIN")
            altered = {
                picture_id: bool(flag)
                for picture_id, flag in db.execute(f"SELECT picture_id, altered {chosen}", given)
            }
            rows = db.execute(f"SELECT picture_id, vector {chosen}", given)
            yield altered, ((i, np.frombuffer(blob, np.float32)) for i, blob in rows)

    def import_pictures(
        self, embedder_id: str, pictures: Iterable[ArchivedPicture], *, trusted: bool
    ) -> None:
        """Take them all or, if the iterable raises, none of them.

        Never over a vector or a description that was made here. trusted: the descriptions need
        not be checked again against the files' bytes.
        """
        with self.writing() as db:
            for item in pictures:
                picture = item.picture
                add_pictures(db, [(picture, item.thumbnail)], vetted=trusted)
                add_vector(db, embedder_id, picture.id, item.vector, item.altered, overwrite=False)
                # A file that a scan has seen knows better.
                db.executemany(
                    "INSERT OR IGNORE INTO files VALUES (?, ?, NULL, NULL)",
                    [(path, picture.id) for path in picture.paths],
                )
            bump(db, "live")

    def drop_unusable_vectors(self, embedder_id: str, dimensions: int) -> int:
        """Forget what is no unit vector of that many numbers, or no picture's; returns how many.

        SQLite does not check what is in its pages: numbers on a bad sector are found only here.
        """
        with self.writing() as db:
            bad = [
                (rowid,)
                for rowid, picture_id, blob in db.execute(
                    "SELECT rowid, picture_id, vector FROM vectors WHERE embedder_id = ?",
                    (embedder_id,),
                )
                if not is_id(picture_id) or len(blob) != 4 * dimensions or not is_unit_blob(blob)
            ]
            db.executemany("DELETE FROM vectors WHERE rowid = ?", bad)
            if bad:
                bump(db, f"vectors:{embedder_id}")
        return len(bad)

    def plan(self, embedder_id: str, scope: Scope) -> Plan:
        """What is left to do for the files in `scope`, by the last scan."""
        with self.connection() as db:
            db.execute("BEGIN")
            state = _generation(db, embedder_id) + _counter(db, "refused")
            return self._answer(
                ("plan", embedder_id, scope), state, lambda: self._plan(db, embedder_id, scope)
            )

    def _plan(self, db: sqlite3.Connection, embedder_id: str, scope: Scope) -> Plan:
        condition, parameters = _condition(db, scope)
        files, pictures = db.execute(
            f"SELECT count(*), count(DISTINCT picture_id) FROM files WHERE {condition}",
            parameters,
        ).fetchone()
        condition, parameters = scope_condition(scope)
        skipped = db.execute(
            f"SELECT count(*) FROM unreadable WHERE cause IN ('refused', 'kind') AND {condition}",
            parameters,
        ).fetchone()[0]
        failed = db.execute(
            "SELECT count(*) FROM failures WHERE embedder_id = ? AND NOT again",
            (embedder_id,),
        ).fetchone()[0]
        return Plan(
            calls=len(self.missing(embedder_id, scope)),
            duplicates=files - pictures,
            skipped=skipped,
            failed=failed,
        )

    def missing(self, embedder_id: str, scope: Scope) -> list[Missing]:
        """The pictures to embed, by path: no vector, and no refusal that would be repeated."""
        condition, parameters = scope_condition(scope)
        with self.connection() as db:
            rows = db.execute(
                "SELECT f.picture_id, f.first, p.bytes FROM ("
                "SELECT picture_id, min(path) AS first FROM files "
                f"WHERE {condition} AND size IS NOT NULL GROUP BY picture_id) AS f "
                "JOIN pictures AS p ON p.id = f.picture_id "
                "WHERE NOT EXISTS (SELECT 1 FROM vectors AS v "
                "WHERE v.embedder_id = ? AND v.picture_id = f.picture_id) "
                "AND NOT EXISTS (SELECT 1 FROM failures AS x "
                "WHERE x.embedder_id = ? AND x.picture_id = f.picture_id AND NOT x.again) "
                "ORDER BY f.first",
                (*parameters, embedder_id, embedder_id),
            )
            return [Missing(*row) for row in rows]

    # -- failures ----------------------------------------------------------------------------

    def add_failures(self, embedder_id: str, failures: Sequence[Failure]) -> None:
        if not failures:
            return
        with self.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
                [(embedder_id, f.picture_id, f.path, f.reason, f.again) for f in failures],
            )
            bump(db, "refused")

    def failures(self, embedder_id: str) -> list[Failure]:
        with self.connection() as db:
            rows = db.execute(
                "SELECT picture_id, path, reason, again FROM failures WHERE embedder_id = ? "
                "ORDER BY path",
                (embedder_id,),
            )
            return [Failure(i, path, reason, bool(again)) for i, path, reason, again in rows]

    def clear_failures(self, embedder_id: str) -> None:
        with self.writing() as db:
            db.execute("DELETE FROM failures WHERE embedder_id = ?", (embedder_id,))
            bump(db, "refused")

    # -- what is not indexed -----------------------------------------------------------------

    def not_indexed_counts(self, embedder_id: str) -> dict[tuple[Cause, str], int]:
        """How many files were seen and are not in the index, by cause and kind."""
        with self.connection() as db:
            db.execute("BEGIN")
            state = _counter(db, "refused")
            return self._answer(
                ("not indexed", embedder_id),
                state,
                lambda: {
                    (Cause(cause), kind): number
                    for cause, kind, number in db.execute(
                        f"SELECT cause, kind, count(*) FROM ({NOT_INDEXED}) GROUP BY cause, kind",
                        (embedder_id,),
                    )
                },
            )

    def not_indexed(
        self,
        embedder_id: str,
        causes: Collection[Cause],
        text: str = "",
        first: int = 0,
        count: int | None = None,
    ) -> tuple[int, list[NotIndexed]]:
        """How many files are not indexed for one of these causes, and some of them, by path."""
        marks = ",".join("?" * len(causes))
        # instr and not LIKE, because a name may hold % and _.
        wanted = f"cause IN ({marks}) AND instr(lower(path || ' ' || reason), lower(?))"
        given = (*causes, text)
        with self.connection() as db:
            db.execute("BEGIN")
            total: int = db.execute(
                f"SELECT count(*) FROM ({NOT_INDEXED}) WHERE {wanted}", (embedder_id, *given)
            ).fetchone()[0]
            # Each half in the order of its path, which its table gives without sorting 100,000.
            refused = "SELECT *, 'embedder' AS cause FROM failures WHERE embedder_id = ?"
            rows = db.execute(
                f"SELECT path, reason, cause FROM unreadable WHERE {wanted} UNION ALL "
                f"SELECT path, reason, cause FROM ({refused}) WHERE {wanted} "
                "ORDER BY path LIMIT ? OFFSET ?",
                (*given, embedder_id, *given, -1 if count is None else count, first),
            )
            return total, [NotIndexed(path, reason, Cause(cause)) for path, reason, cause in rows]

    # -- queries and calls -------------------------------------------------------------------

    def query_vector(self, embedder_id: str, kind: str, key: str) -> Vector | None:
        """A query answered before: kind "text" or "image", key the text or the picture id."""
        with self.connection() as db:
            row = db.execute(
                "SELECT vector FROM queries WHERE embedder_id = ? AND kind = ? AND key = ?",
                (embedder_id, kind, key),
            ).fetchone()
        return _vector(row)

    def add_query_vector(self, embedder_id: str, kind: str, key: str, vector: Vector) -> None:
        with self.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?)",
                (embedder_id, kind, key, _blob(vector), time.time()),
            )
            kept: int = db.execute("SELECT count(*) FROM queries").fetchone()[0]
            if kept > QUERIES_KEPT:
                db.execute(
                    "DELETE FROM queries WHERE rowid IN "
                    "(SELECT rowid FROM queries ORDER BY asked LIMIT ?)",
                    (kept - QUERIES_KEPT + QUERIES_DROPPED_AT_ONCE,),
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


_open: weakref.WeakSet[SqliteIndex] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A program that ends in good order leaves files that need not be read through again."""
    for index in list(_open):
        index.close()


def add_pictures(
    db: sqlite3.Connection, pictures: Iterable[tuple[Picture, bytes]], *, vetted: bool
) -> None:
    """What was made from the bytes here takes the place of what a stranger's index said."""
    db.executemany(
        "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "format = excluded.format, width = excluded.width, height = excluded.height, "
        "bytes = excluded.bytes, note = excluded.note, vetted = 1, thumbnail = excluded.thumbnail "
        "WHERE excluded.vetted AND NOT vetted",
        (
            (p.id, p.format, p.width, p.height, p.bytes, p.note, vetted, thumbnail)
            for p, thumbnail in pictures
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
        f"INSERT OR {'REPLACE' if overwrite else 'IGNORE'} INTO vectors "
        "(embedder_id, picture_id, vector, altered) VALUES (?, ?, ?, ?)",
        (embedder_id, picture_id, _blob(vector), altered),
    )


def bump(db: sqlite3.Connection, counter: str) -> None:
    """Say that what `counter` stands for has changed.

    "live": the files. "vectors:<embedder id>": its vectors. "refused": failures, unreadable files.
    """
    db.execute(
        "INSERT INTO meta VALUES (?, '1') "
        "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
        (f"generation:{counter}",),
    )


def _condition(db: sqlite3.Connection, scope: Scope) -> tuple[str, tuple[str, ...]]:
    """Like `scope_condition`; ALL where no file lies outside, which SQLite answers much faster."""
    condition, parameters = scope_condition(scope)
    outside = db.execute(
        f"SELECT EXISTS (SELECT 1 FROM files WHERE NOT ({condition}))", parameters
    ).fetchone()
    return (condition, parameters) if outside[0] else ALL


def _holds(db: sqlite3.Connection, file: FileRow) -> bool:
    """True if the file is known, on this disk, as one of this picture."""
    found = db.execute(
        "SELECT 1 FROM files WHERE path = ? AND picture_id = ? AND size IS NOT NULL",
        (file.path, file.picture_id),
    ).fetchone()
    return found is not None


def _counter(db: sqlite3.Connection, name: str) -> int:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (f"generation:{name}",)).fetchone()
    return int(row[0]) if row else 0


def _generation(db: sqlite3.Connection, embedder_id: str) -> int:
    # Both counters only grow, so their sum names one state.
    return _counter(db, "live") + _counter(db, f"vectors:{embedder_id}")


def _blob(vector: Vector) -> bytes:
    return np.ascontiguousarray(vector, np.float32).tobytes()


def _vector(row: tuple[bytes] | None) -> Vector | None:
    # A damaged vector counts as none: it is made again.
    return np.frombuffer(row[0], np.float32) if row and is_unit_blob(row[0]) else None
