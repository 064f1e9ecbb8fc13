"""The tables of the SQLite index, as the ordered migrations that make them.

A new index goes through every migration, an older one through those that it has not seen yet: the
tables are described here and nowhere else. To change them, append a migration. One that was
published is never edited, because indexes exist that went through it as it was.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

# SQLite's default since 2016, and fixed here: repair reads and replaces whole pages of this size.
PAGE_BYTES = 4096

# SQLite numbers its pages in 32 bits. Source: sqlite.org/fileformat.html, 1.2.
MOST_PAGES = 2**32 - 2

FIRST_NAME = "the first tables"


@dataclass(frozen=True)
class Migration:
    """One change of the tables, from version `number - 1` of the index to version `number`.

    statements: SQL, each a single statement, run in this order in one transaction.
    """

    number: int
    name: str
    statements: tuple[str, ...]


class RootPages(NamedTuple):
    """Where the tables and indexes of an index of this version begin: name -> page number."""

    version: int
    pages: dict[str, int]


# pictures.vetted: 1 if the row was made from the picture's bytes on this machine, 0 if it came
# with an imported index.
# failures.again: 1 if the same call may go through later (no answer, the file was away).
MIGRATIONS = (
    Migration(
        1,
        FIRST_NAME,
        (
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
            "CREATE TABLE pictures (id TEXT PRIMARY KEY, format TEXT NOT NULL, "
            "width INTEGER NOT NULL, height INTEGER NOT NULL, bytes INTEGER NOT NULL, "
            "note TEXT NOT NULL, vetted INTEGER NOT NULL, thumbnail BLOB NOT NULL)",
            "CREATE TABLE files (path TEXT PRIMARY KEY, picture_id TEXT NOT NULL, "
            "size INTEGER, mtime_ns INTEGER)",
            "CREATE INDEX files_by_picture ON files (picture_id)",
            "CREATE TABLE unreadable (path TEXT PRIMARY KEY, reason TEXT NOT NULL, "
            "size INTEGER, mtime_ns INTEGER)",
            "CREATE TABLE vectors (embedder_id TEXT NOT NULL, picture_id TEXT NOT NULL, "
            "vector BLOB NOT NULL, altered INTEGER NOT NULL, UNIQUE (embedder_id, picture_id))",
            "CREATE TABLE failures (embedder_id TEXT NOT NULL, picture_id TEXT NOT NULL, "
            "path TEXT NOT NULL, reason TEXT NOT NULL, again INTEGER NOT NULL, "
            "UNIQUE (embedder_id, picture_id))",
            "CREATE TABLE queries (embedder_id TEXT NOT NULL, kind TEXT NOT NULL, "
            "key TEXT NOT NULL, vector BLOB NOT NULL, asked REAL NOT NULL, "
            "UNIQUE (embedder_id, kind, key))",
            "CREATE TABLE calls (embedder_id TEXT NOT NULL, kind TEXT NOT NULL, "
            "day TEXT NOT NULL, count INTEGER NOT NULL, UNIQUE (embedder_id, kind, day))",
            # Names this index among others: the matrix files beside it belong to it alone.
            "INSERT INTO meta (key, value) VALUES ('uid', lower(hex(randomblob(6))))",
        ),
    ),
    Migration(
        2,
        "a record of migrations",
        (
            # applied: the time in UTC. NULL for the first, which came before there was a record.
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
            "applied TEXT)",
            f"INSERT INTO migrations (number, name) VALUES (1, '{FIRST_NAME}')",
        ),
    ),
    Migration(
        3,
        "the reader that refused a file, and the length of a vector",
        (
            # The version of the reader that refused the file; 0 came before they were numbered.
            "ALTER TABLE unreadable ADD COLUMN reader INTEGER NOT NULL DEFAULT 0",
            # The Euclidean length of the vector as the service returned it, before it was scaled
            # to 1. NULL where it was not kept.
            "ALTER TABLE vectors ADD COLUMN length REAL",
        ),
    ),
    Migration(
        4,
        "the cause for which a file is not indexed",
        (
            # core.model.Cause, and in a word what it is about. Whatever was kept before had the
            # name of a picture and could not be read.
            "ALTER TABLE unreadable ADD COLUMN cause TEXT NOT NULL DEFAULT 'refused'",
            "ALTER TABLE unreadable ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
        ),
    ),
    Migration(
        5,
        "saved searches and the history",
        (
            # face: picture ids, with a space between them. saved, asked: seconds since 1970.
            "CREATE TABLE saved_searches (name TEXT PRIMARY KEY, address TEXT NOT NULL, "
            "embedder_id TEXT NOT NULL, face TEXT NOT NULL, saved REAL NOT NULL)",
            "CREATE TABLE history (address TEXT PRIMARY KEY, asked REAL NOT NULL)",
        ),
    ),
    Migration(
        6,
        "near-duplicates",
        (
            # signature: of core.pictures.signature. A new kind of it takes a migration that
            # empties this table: what is missing is made from the thumbnails.
            "CREATE TABLE signatures (picture_id TEXT PRIMARY KEY, signature BLOB NOT NULL)",
            # number: the group that the picture is in, of those found for this embedder.
            "CREATE TABLE near_duplicates (embedder_id TEXT NOT NULL, picture_id TEXT NOT NULL, "
            "number INTEGER NOT NULL, UNIQUE (embedder_id, picture_id))",
        ),
    ),
    Migration(
        7,
        "the length of a query's vector",
        (
            # As vectors.length; NULL for what was asked before.
            "ALTER TABLE queries ADD COLUMN length REAL",
        ),
    ),
    Migration(
        8,
        "what became of a call, and for whom it was made",
        (
            # count: the calls that were answered or are being made. cached: answered from what was
            # kept. refused: by the service. capped: not made, because a cap was reached.
            "ALTER TABLE calls ADD COLUMN cached INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE calls ADD COLUMN refused INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE calls ADD COLUMN capped INTEGER NOT NULL DEFAULT 0",
            # visitor: a name that means nothing to anybody else. count: as calls.count.
            "CREATE TABLE visitor_calls (visitor TEXT NOT NULL, day TEXT NOT NULL, "
            "count INTEGER NOT NULL, UNIQUE (visitor, day))",
        ),
    ),
    Migration(
        9,
        "votes for one of two models",
        (
            # better, other: embedder ids. voted: seconds since 1970.
            "CREATE TABLE votes (query TEXT NOT NULL, better TEXT NOT NULL, "
            "other TEXT NOT NULL, voted REAL NOT NULL, UNIQUE (query, better, other))",
        ),
    ),
    Migration(
        10,
        "what is known of pictures",
        (
            # What pictures themselves say, or what came with them, as JSON: {column: text}.
            "ALTER TABLE pictures ADD COLUMN facts TEXT",
            # Made of these and of the files beside the pictures. name: the column. folded: the text
            # with large and small letters made the same. number: core.model.Value.number. Few
            # words, because the description of all tables has to fit on the first page.
            "CREATE TABLE facts (name, picture_id, text, folded, number, "
            "UNIQUE (name, picture_id))",
        ),
    ),
)


def newest_version() -> int:
    """The version of the index that this program reads and writes."""
    return MIGRATIONS[-1].number


def version(db: sqlite3.Connection) -> int:
    """The number of the last migration that this index went through; 0 for an empty file."""
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    return found


def recorded_version(db: sqlite3.Connection) -> int:
    """The version that the table `migrations` speaks of: 1 without that table, 0 if it is empty.

    In a sound index it is the same number as `version`.
    """
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return 1
    found: int | None = db.execute("SELECT max(number) FROM migrations").fetchone()[0]
    return found or 0


def migrate(db: sqlite3.Connection, target: int | None = None) -> None:
    """Bring an index to version `target` (None: the newest), one transaction per migration.

    Killed or failing in the middle, it leaves the index at the version of the last migration that
    was completed; the next call goes on from there. Raises sqlite3.Error.
    """
    for migration in MIGRATIONS[:target]:
        if version(db) >= migration.number:
            continue
        with db:
            db.execute("BEGIN IMMEDIATE")
            # Another process may have done it in the meantime: not every file system has locks
            # that keep it out.
            if version(db) < migration.number:
                for statement in migration.statements:
                    db.execute(statement)
                _record(db, migration)


def make_index(path: Path | str, target: int | None = None) -> sqlite3.Connection:
    """A connection to a new, empty index of version `target` (None: the newest).

    path: a file that is not there yet, or ":memory:". Raises sqlite3.Error.
    """
    db = sqlite3.connect(path)
    with contextlib.ExitStack() as undo:
        undo.callback(db.close)
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        migrate(db, target)
        undo.pop_all()
    return db


def tables(db: sqlite3.Connection) -> dict[str, list[str]]:
    """The tables that hold what the index knows, and their columns in order.

    Left out is the record of migrations, which is about the file itself.
    """
    names = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'migrations' "
        "AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return {
        name: [row[0] for row in db.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        for (name,) in names
    }


def parse_root_pages(text: object) -> RootPages | None:
    """Read what `migrate` keeps in meta under "root_pages"; None for anything else."""
    try:
        payload = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, dict) or not isinstance(payload.get("pages"), dict):
        return None
    version, pages = payload.get("version"), payload["pages"]
    if type(version) is not int or not 1 <= version <= newest_version():
        return None
    if not all(type(page) is int and 0 < page <= MOST_PAGES for page in pages.values()):
        return None
    return RootPages(version, pages)


def _record(db: sqlite3.Connection, migration: Migration) -> None:
    if migration.number > 1:
        db.execute(
            "INSERT INTO migrations (number, name, applied) "
            "VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
            (migration.number, migration.name),
        )
    # In an index that holds rows already, a new table begins on whichever page is free. SQLite
    # keeps the number of that page on the first page only; this second copy lets a repair do
    # without the first page.
    pages = dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))
    db.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('root_pages', ?)",
        (json.dumps(RootPages(migration.number, pages)._asdict()),),
    )
    db.execute(f"PRAGMA user_version = {migration.number}")
