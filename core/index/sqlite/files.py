"""The tables of files and pictures."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from core.index.file_rows import FileRows
from core.index.sqlite.connections import (
    ALL,
    Connections,
    bump,
    condition_on_files,
    counter,
)
from core.index.sqlite.tables import path_condition, scope_condition
from core.model import (
    Cause,
    FileRow,
    Order,
    Picture,
    Scope,
    Unreadable,
)

# SQLite caps the parameters of one statement.
IDS_AT_ONCE = 500


class Files(Connections):
    """What is known of files, and of the pictures that they hold."""

    def files(self) -> FileRows:
        with self.connection() as db:
            return FileRows(
                db.execute("SELECT path, picture_id, size, mtime_ns FROM files ORDER BY path")
            )

    def files_below(self, prefix: str) -> list[str]:
        """The paths that begin with a prefix ending in "/", sorted."""
        condition, parameters = path_condition(Scope(folder=prefix))
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
            for table in ("failures", "signatures"):
                db.executemany(f"DELETE FROM {table} WHERE picture_id = ? {unheld}", orphans)
            bump(db, "refused")

    def pictures(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, Picture]:
        """What is known of these pictures; their files inside `scope` are named first.

        Ids come from visitors too: what is none is not found, whatever it is.
        """
        ids = [i for i in ids if i.isascii()]
        condition, parameters = path_condition(scope or Scope())
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
            condition, parameters = condition_on_files(db, scope)
            row = db.execute(
                f"SELECT count(DISTINCT picture_id) FROM files WHERE {condition}", parameters
            ).fetchone()
            return int(row[0])

        with self.connection() as db:
            db.execute("BEGIN")
            return self._answer(("count", scope), counter(db, "live"), lambda: read(db))

    def page(self, scope: Scope, first: int, count: int, order: Order | None = None) -> list[str]:
        """The ids of `count` pictures in `scope` from number `first` on; see the port."""
        with self.connection() as db:
            db.execute("BEGIN")
            condition, parameters = condition_on_files(db, scope)
            chosen = f"SELECT DISTINCT picture_id FROM files WHERE {condition}"
            if order is None:
                statement = f"{chosen} ORDER BY picture_id"
            else:
                way = "DESC" if order.descending else "ASC"
                statement = (
                    f"SELECT picture_id FROM ({chosen}) LEFT JOIN (SELECT picture_id, number, "
                    "folded FROM facts WHERE name = ?) USING (picture_id) ORDER BY "
                    f"number IS NULL, number {way}, folded IS NULL, folded {way}, picture_id"
                )
                parameters = (*parameters, order.column)
            rows = db.execute(f"{statement} LIMIT ? OFFSET ?", (*parameters, count, first))
            return [row[0] for row in rows]

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
            return condition_on_files(db, scope) == ALL

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
            return list(self._answer("folders", counter(db, "live"), lambda: read(db)))


def add_pictures(
    db: sqlite3.Connection, pictures: Iterable[tuple[Picture, bytes]], *, vetted: bool
) -> None:
    """What was made from the bytes here takes the place of what a stranger's index said."""
    db.executemany(
        "INSERT INTO pictures (id, format, width, height, bytes, note, vetted, thumbnail) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "format = excluded.format, width = excluded.width, height = excluded.height, "
        "bytes = excluded.bytes, note = excluded.note, vetted = 1, thumbnail = excluded.thumbnail "
        "WHERE excluded.vetted AND NOT vetted",
        (
            (p.id, p.format, p.width, p.height, p.bytes, p.note, vetted, thumbnail)
            for p, thumbnail in pictures
        ),
    )


def _holds(db: sqlite3.Connection, file: FileRow) -> bool:
    """True if the file is known, on this disk, as one of this picture."""
    found = db.execute(
        "SELECT 1 FROM files WHERE path = ? AND picture_id = ? AND size IS NOT NULL",
        (file.path, file.picture_id),
    ).fetchone()
    return found is not None
