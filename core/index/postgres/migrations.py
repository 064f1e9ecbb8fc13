"""The tables in PostgreSQL, as the ordered migrations that make them.

As in the SQLite engine: a new index goes through all of them, an older one through those that it
has not seen. To change the tables, append one; one that was published is never edited.

Every key is COLLATE "C": in the order of a language, "images/ä/" lies inside "images/a/", and paths
are sorted in another way than everywhere else.
"""

from __future__ import annotations

from core.index.postgres.session import Session

# A B-tree takes keys of up to 2,700 bytes, and paths and addresses may be longer: they are unique
# by their MD5, and sorted and found by this many characters of at most four bytes each.
INDEXED_CHARACTERS = 500

# Each: its name, and its statements. "schema." stands for the schema that was set.
MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "the first tables",
        (
            'CREATE TABLE schema.meta (key text COLLATE "C" PRIMARY KEY, value text NOT NULL)',
            # How often something changed; core.index.postgres.session.Writing.
            'CREATE TABLE schema.counters (name text COLLATE "C" PRIMARY KEY, '
            "value bigint NOT NULL)",
            # vetted: the row was made from the picture's bytes here, and did not come with an
            # imported index.
            'CREATE TABLE schema.pictures (id text COLLATE "C" PRIMARY KEY, format text NOT NULL, '
            "width bigint NOT NULL, height bigint NOT NULL, bytes bigint NOT NULL, "
            "note text NOT NULL, vetted boolean NOT NULL, thumbnail bytea NOT NULL)",
            'CREATE TABLE schema.files (path text COLLATE "C" NOT NULL, '
            'picture_id text COLLATE "C" NOT NULL, size bigint, mtime_ns bigint)',
            "CREATE UNIQUE INDEX files_unique ON schema.files (md5(path))",
            f"CREATE INDEX files_by_path ON schema.files (left(path, {INDEXED_CHARACTERS}))",
            "CREATE INDEX files_by_picture ON schema.files (picture_id)",
            'CREATE TABLE schema.unreadable (path text COLLATE "C" NOT NULL, '
            'reason text COLLATE "C" NOT NULL, size bigint, mtime_ns bigint, '
            "cause text NOT NULL, kind text NOT NULL, reader bigint NOT NULL)",
            "CREATE UNIQUE INDEX unreadable_unique ON schema.unreadable (md5(path))",
            # A table of its own for each embedder, so that one is searched without the others and
            # has indexes of its own. length: of the vector as the service returned it, before it
            # was scaled to 1; NULL where it was not kept.
            'CREATE TABLE schema.vectors (embedder_id text COLLATE "C" NOT NULL, '
            'picture_id text COLLATE "C" NOT NULL, vector vector NOT NULL, '
            "altered boolean NOT NULL, length double precision, "
            "PRIMARY KEY (embedder_id, picture_id)) "
            "PARTITION BY LIST (embedder_id)",
            # again: the same call may go through later.
            'CREATE TABLE schema.failures (embedder_id text COLLATE "C" NOT NULL, '
            'picture_id text COLLATE "C" NOT NULL, path text COLLATE "C" NOT NULL, '
            'reason text COLLATE "C" NOT NULL, again boolean NOT NULL, '
            "PRIMARY KEY (embedder_id, picture_id))",
            # asked: seconds since 1970. length: as that of a picture's vector.
            'CREATE TABLE schema.queries (embedder_id text COLLATE "C" NOT NULL, '
            'kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, '
            "vector vector NOT NULL, asked double precision NOT NULL, length double precision)",
            "CREATE UNIQUE INDEX queries_unique ON schema.queries (embedder_id, kind, md5(key))",
            'CREATE TABLE schema.calls (embedder_id text COLLATE "C" NOT NULL, '
            'kind text COLLATE "C" NOT NULL, day text COLLATE "C" NOT NULL, '
            "count bigint NOT NULL, PRIMARY KEY (embedder_id, kind, day))",
            # face: picture ids, with a space between them. saved, asked: seconds since 1970.
            'CREATE TABLE schema.saved_searches (name text COLLATE "C" NOT NULL, '
            "address text NOT NULL, embedder_id text NOT NULL, face text NOT NULL, "
            "saved double precision NOT NULL)",
            "CREATE UNIQUE INDEX saved_searches_unique ON schema.saved_searches (md5(name))",
            'CREATE TABLE schema.history (address text COLLATE "C" NOT NULL, '
            "asked double precision NOT NULL)",
            "CREATE UNIQUE INDEX history_unique ON schema.history (md5(address))",
            'CREATE TABLE schema.signatures (picture_id text COLLATE "C" PRIMARY KEY, '
            "signature bytea NOT NULL)",
            # number: the group that the picture is in. place: where it stands in the group.
            'CREATE TABLE schema.near_duplicates (embedder_id text COLLATE "C" NOT NULL, '
            "number integer NOT NULL, place integer NOT NULL, picture_id text NOT NULL, "
            "PRIMARY KEY (embedder_id, number, place))",
            # Names this index among others: copies of its vectors on a disk belong to it alone.
            "INSERT INTO schema.meta (key, value) "
            "VALUES ('uid', left(replace(gen_random_uuid()::text, '-', ''), 12))",
        ),
    ),
    (
        "what became of a call, and for whom it was made",
        (
            # count: the calls that were answered or are being made. cached: answered from what was
            # kept. refused: by the service. capped: not made, because a cap was reached.
            "ALTER TABLE schema.calls ADD COLUMN cached bigint NOT NULL DEFAULT 0, "
            "ADD COLUMN refused bigint NOT NULL DEFAULT 0, "
            "ADD COLUMN capped bigint NOT NULL DEFAULT 0",
            # visitor: a name that means nothing to anybody else. count: as calls.count.
            'CREATE TABLE schema.visitor_calls (visitor text COLLATE "C" NOT NULL, '
            'day text COLLATE "C" NOT NULL, count bigint NOT NULL, PRIMARY KEY (visitor, day))',
        ),
    ),
    (
        "votes for one of two models",
        (
            # better, other: embedder ids. voted: seconds since 1970.
            'CREATE TABLE schema.votes (query text COLLATE "C" NOT NULL, '
            'better text COLLATE "C" NOT NULL, other text COLLATE "C" NOT NULL, '
            "voted double precision NOT NULL)",
            "CREATE UNIQUE INDEX votes_unique ON schema.votes (md5(query), better, other)",
        ),
    ),
    (
        "what is known of pictures",
        (
            # What pictures themselves say, or what came with them, as JSON: {column: text}.
            "ALTER TABLE schema.pictures ADD COLUMN facts text",
            # Made of these and of the files beside the pictures. name: the column. folded: the text
            # with large and small letters made the same. number: core.model.Value.number.
            'CREATE TABLE schema.facts (name text COLLATE "C" NOT NULL, '
            'picture_id text COLLATE "C" NOT NULL, text text COLLATE "C" NOT NULL, '
            'folded text COLLATE "C" NOT NULL, number double precision, '
            "PRIMARY KEY (name, picture_id))",
        ),
    ),
)


def newest_version() -> int:
    """The version of the index that this program reads and writes."""
    return len(MIGRATIONS)


def version(session: Session) -> int:
    """The number of the last migration that this index went through; 0 where there is none."""
    there = session.execute("SELECT to_regclass('schema.migrations')").fetchone()
    if there is None or there[0] is None:
        return 0
    row = session.execute("SELECT max(number) FROM schema.migrations").fetchone()
    return int(row[0] or 0) if row else 0


def migrate(session: Session) -> None:
    """Bring the index to the newest version, all in one transaction. Raises psycopg.Error."""
    with session.connection.transaction():
        # Whoever else is at it is waited for.
        session.execute("SELECT pg_advisory_xact_lock(hashtextextended('schema.', 0))")
        exists = session.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (session.schema,)
        ).fetchone()
        if exists is None:
            session.execute(f"CREATE SCHEMA {session.schema}")
        if not version(session):
            session.execute(
                "CREATE TABLE IF NOT EXISTS schema.migrations (number integer PRIMARY KEY, "
                "name text NOT NULL UNIQUE, applied timestamptz NOT NULL DEFAULT now())"
            )
        done = version(session)
        for number, (name, statements) in enumerate(MIGRATIONS, 1):
            if number > done:
                for statement in statements:
                    session.execute(statement)
                session.execute(
                    "INSERT INTO schema.migrations (number, name) VALUES (%s, %s)", (number, name)
                )
