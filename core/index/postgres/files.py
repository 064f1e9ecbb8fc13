"""The tables of files and pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from core.index.file_rows import FileRows
from core.index.postgres.connections import (
    Connections,
    path_condition,
    scope_condition,
    state_of,
)
from core.index.postgres.loading import load
from core.index.postgres.migrations import INDEXED_CHARACTERS
from core.index.postgres.session import Session, Writing
from core.model import Cause, FileRow, Order, Picture, Scope, Unreadable

PICTURE_COLUMNS = (
    ("id", "text"),
    ("format", "text"),
    ("width", "bigint"),
    ("height", "bigint"),
    ("bytes", "bigint"),
    ("note", "text"),
    ("vetted", "boolean"),
    ("thumbnail", "bytea"),
)

# The order of paths, in the form that the index gives without sorting all of them.
BY_PATH = f"left(path, {INDEXED_CHARACTERS}), path"


class Files(Connections):
    """What is known of files, and of the pictures that they hold; see `core.index.port.Index`."""

    def files(self) -> FileRows:
        with self.snapshot() as db:
            # Names are COLLATE "C": in the order that Python has too.
            return FileRows(
                db.rows("SELECT path, picture_id, size, mtime_ns FROM schema.files ORDER BY path")
            )

    def files_below(self, prefix: str) -> list[str]:
        condition, parameters = path_condition(Scope(folder=prefix))
        with self.reading() as db:
            rows = db.execute(
                f"SELECT path FROM schema.files WHERE {condition} ORDER BY {BY_PATH}", parameters
            )
            return [row[0] for row in rows]

    def unreadable(self) -> dict[str, Unreadable]:
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT path, reason, size, mtime_ns, cause, kind, reader FROM schema.unreadable "
                "ORDER BY path"
            )
            return {
                path: Unreadable(path, reason, size, mtime_ns, Cause(cause), kind, reader)
                for path, reason, size, mtime_ns, cause, kind, reader in rows
            }

    def is_vetted(self, picture_id: str) -> bool:
        with self.reading() as db:
            found = db.execute(
                "SELECT 1 FROM schema.pictures WHERE id = %s AND vetted", (picture_id,)
            ).fetchone()
        return found is not None

    def add_files(
        self, files: Sequence[FileRow], pictures: Sequence[tuple[Picture, bytes]] = ()
    ) -> None:
        paths = [file.path for file in files]
        with self.writing() as db:
            add_pictures(db, pictures, vetted=True)
            if _delete_paths(db, "unreadable", paths):
                db.bump("refused")
            # A file that was only read again changes nothing for those who search.
            if pictures or not _holds_all(db, files):
                db.bump("live")
            db.executemany(
                "INSERT INTO schema.files (path, picture_id, size, mtime_ns) "
                "VALUES (%s, %s, %s, %s) ON CONFLICT (md5(path)) DO UPDATE SET "
                "picture_id = excluded.picture_id, size = excluded.size, "
                "mtime_ns = excluded.mtime_ns",
                sorted((f.path, f.picture_id, f.size, f.mtime_ns) for f in files),
            )

    def add_unreadable(self, entries: Sequence[Unreadable]) -> None:
        with self.writing() as db:
            db.executemany(
                "INSERT INTO schema.unreadable "
                "(path, reason, size, mtime_ns, cause, kind, reader) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (md5(path)) DO UPDATE SET "
                "reason = excluded.reason, size = excluded.size, mtime_ns = excluded.mtime_ns, "
                "cause = excluded.cause, kind = excluded.kind, reader = excluded.reader",
                [
                    (e.path, e.reason, e.size, e.mtime_ns, str(e.cause), e.kind, e.reader)
                    for e in sorted(entries, key=lambda entry: entry.path)
                ],
            )
            db.bump("refused")
            if _delete_paths(db, "files", [entry.path for entry in entries]):
                db.bump("live")

    def read_again(self, *, only_refused: bool) -> None:
        with self.writing() as db:
            # No file on the disk has this time. An imported row, which has no size, has no file.
            for table in ("unreadable",) if only_refused else ("unreadable", "files"):
                db.execute(f"UPDATE schema.{table} SET mtime_ns = NULL WHERE size IS NOT NULL")

    def forget_files(self, paths: Iterable[str]) -> None:
        gone = list(paths)
        with self.writing() as db:
            if _delete_paths(db, "unreadable", gone):
                db.bump("refused")
            if _delete_paths(db, "files", gone):
                db.bump("live")

    def orphans(self) -> list[str]:
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT id FROM schema.pictures AS p WHERE NOT EXISTS "
                "(SELECT 1 FROM schema.files AS f WHERE f.picture_id = p.id)"
            )
            return [row[0] for row in rows]

    def forget_pictures(self, ids: Iterable[str]) -> None:
        orphans = list(ids)
        tables = (("pictures", "id"), ("failures", "picture_id"), ("signatures", "picture_id"))
        with self.writing() as db:
            for table, column in tables:
                db.execute(
                    f"DELETE FROM schema.{table} AS t WHERE {column} = ANY(%s) AND NOT EXISTS "
                    f"(SELECT 1 FROM schema.files AS f WHERE f.picture_id = t.{column})",
                    (orphans,),
                )
            db.bump("refused")

    def pictures(self, ids: Sequence[str], scope: Scope | None = None) -> dict[str, Picture]:
        # Ids come from visitors too: what is none is not found, whatever it is.
        ids = [i for i in ids if i.isascii()]
        condition, parameters = path_condition(scope or Scope())
        with self.reading() as db:
            rows = db.execute(
                "SELECT id, format, width, height, bytes, note, paths FROM schema.pictures "
                f"JOIN (SELECT picture_id, array_agg(path ORDER BY NOT ({condition}), path) "
                "AS paths FROM schema.files WHERE picture_id = ANY(%s) GROUP BY picture_id) AS f "
                "ON f.picture_id = id",
                (*parameters, ids),
            )
            return {
                i: Picture(i, kind, width, height, size, note, tuple(paths))
                for i, kind, width, height, size, note, paths in rows
            }

    def thumbnail(self, picture_id: str) -> bytes | None:
        with self.reading() as db:
            row = db.execute(
                "SELECT thumbnail FROM schema.pictures WHERE id = %s", (picture_id,), binary=True
            ).fetchone()
        return row[0] if row else None

    def count(self, scope: Scope) -> int:
        condition, parameters = scope_condition(scope)

        def read() -> int:
            row = db.execute(
                f"SELECT count(DISTINCT picture_id) FROM schema.files WHERE {condition}", parameters
            ).fetchone()
            assert row is not None
            return int(row[0])

        with self.reading() as db:
            return self.answer(("count", scope), state_of(db, "live"), read)

    def page(self, scope: Scope, first: int, count: int, order: Order | None = None) -> list[str]:
        condition, parameters = scope_condition(scope)
        chosen = f"SELECT DISTINCT picture_id FROM schema.files WHERE {condition}"
        if order is None:
            statement = f"{chosen} ORDER BY picture_id"
        else:
            way = "DESC" if order.descending else "ASC"
            statement = (
                f"SELECT picture_id FROM ({chosen}) AS chosen LEFT JOIN (SELECT picture_id, "
                "number, folded FROM schema.facts WHERE name = %s) AS told USING (picture_id) "
                f"ORDER BY number IS NULL, number {way}, folded IS NULL, folded {way}, picture_id"
            )
            parameters = [*parameters, order.column]
        with self.reading() as db:
            rows = db.execute(f"{statement} LIMIT %s OFFSET %s", (*parameters, count, first))
            return [row[0] for row in rows]

    def ids(self, scope: Scope) -> list[str]:
        """The distinct pictures that have a file in `scope`, sorted."""
        condition, parameters = scope_condition(scope)
        with self.snapshot() as db:
            rows = db.execute(f"SELECT picture_id FROM schema.files WHERE {condition}", parameters)
            return sorted({row[0] for row in rows})

    def holds_all(self, scope: Scope) -> bool:
        """True if no file lies outside `scope`."""
        condition, parameters = scope_condition(scope)
        with self.reading() as db:
            outside = db.execute(
                f"SELECT 1 FROM schema.files WHERE NOT ({condition}) LIMIT 1", parameters
            ).fetchone()
        return outside is None

    def folders(self) -> list[tuple[str, int]]:
        def read() -> list[tuple[str, int]]:
            # The paths stay where they are: only their folders travel.
            rows = db.execute(
                "SELECT regexp_replace(path, '[^/]*$', ''), count(*) FROM schema.files GROUP BY 1"
            )
            counts: Counter[str] = Counter()
            for folder, files in rows:
                at = folder.find("/")
                while at != -1:
                    counts[folder[: at + 1]] += files
                    at = folder.find("/", at + 1)
            return sorted(counts.items())

        with self.reading() as db:
            return list(self.answer("folders", state_of(db, "live"), read))


def add_pictures(db: Writing, pictures: Iterable[tuple[Picture, bytes]], *, vetted: bool) -> None:
    """What was made from the bytes here takes the place of what a stranger's index said."""
    # Each once, as one statement changes no row twice; in one order, so that two who write wait for
    # each other in one direction only.
    unique = sorted({p.id: (p, thumbnail) for p, thumbnail in pictures}.items())
    load(
        db,
        "pictures",
        PICTURE_COLUMNS,
        [
            (i, p.format, p.width, p.height, p.bytes, p.note, vetted, thumbnail)
            for i, (p, thumbnail) in unique
        ],
        "(id) DO UPDATE SET format = excluded.format, width = excluded.width, "
        "height = excluded.height, bytes = excluded.bytes, note = excluded.note, "
        "vetted = true, thumbnail = excluded.thumbnail "
        "WHERE excluded.vetted AND NOT known.vetted",
    )


def _delete_paths(db: Session, table: str, paths: Sequence[str]) -> int:
    return db.execute(
        f"DELETE FROM schema.{table} WHERE md5(path) = ANY "
        "(ARRAY(SELECT md5(gone) FROM unnest(%s::text[]) AS gone))",
        (paths,),
    ).rowcount


def _holds_all(db: Session, files: Sequence[FileRow]) -> bool:
    """True if each of these files is known, on this disk, as one of its picture."""
    row = db.execute(
        "SELECT count(*) FROM unnest(%s::text[], %s::text[]) AS given (path, picture_id) "
        "JOIN schema.files AS f ON md5(f.path) = md5(given.path) "
        "AND f.picture_id = given.picture_id AND f.size IS NOT NULL",
        ([file.path for file in files], [file.picture_id for file in files]),
    ).fetchone()
    return row is not None and int(row[0]) == len(files)
