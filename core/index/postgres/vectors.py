"""The table of vectors: reading, writing, taking along."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from psycopg import sql

from core.index.in_memory import Digests, NumberedRows, digests, slug
from core.index.port import ArchivedPicture
from core.index.postgres.connections import (
    Connections,
    generation_of,
    numbers_of,
    scope_condition,
    vector_of,
)
from core.index.postgres.facts import add_own_facts
from core.index.postgres.files import BY_PATH, add_pictures
from core.index.postgres.loading import load
from core.index.postgres.session import Session, Writing
from core.model import Scope
from core.vectors import UNIT_TOLERANCE, Measured, RawVector, Vector, measured

# Rows of an import that are sent together.
ROWS_AT_ONCE = 500

VECTOR_COLUMNS = (
    ("embedder_id", "text"),
    ("picture_id", "text"),
    ("vector", "vector"),
    ("length", "double precision"),
    ("altered", "boolean"),
)

# So many numbers fit on a page of 8 kB with the rest of their row. Kept there, and not beside the
# table where long values go, they are read twice as fast and by several workers at once.
PLAIN_DIMENSIONS = 1_900

# A table that looks small to the planner is read by one process, though each row takes long.
WORKERS = 2


class VectorTable(Connections):
    """The vectors of every embedder; see `core.index.port.Index`."""

    def add_vectors(self, embedder_id: str, rows: Sequence[tuple[str, RawVector, bool]]) -> None:
        if not rows:
            return
        # Each once, the last one counts; in one order, for those who write at the same time.
        last = {row[0]: row for row in rows}
        given = [
            (embedder_id, picture_id, *measured(raw), altered)
            for picture_id, raw, altered in (last[i] for i in sorted(last))
        ]
        self._make_table(embedder_id, len(rows[0][1]))
        with self.writing() as db:
            load(
                db,
                "vectors",
                VECTOR_COLUMNS,
                given,
                "(embedder_id, picture_id) DO UPDATE SET vector = excluded.vector, "
                "altered = excluded.altered, length = excluded.length",
            )
            if db.execute(
                "DELETE FROM schema.failures WHERE embedder_id = %s AND picture_id = ANY(%s)",
                (embedder_id, [row[0] for row in rows]),
            ).rowcount:
                db.bump("refused")
            db.bump(f"vectors:{embedder_id}")

    def vector(self, embedder_id: str, picture_id: str) -> Vector | None:
        with self.reading() as db:
            row = db.execute(
                "SELECT vector FROM schema.vectors WHERE embedder_id = %s AND picture_id = %s",
                (embedder_id, picture_id),
                binary=True,
            ).fetchone()
        return vector_of(row)

    def lengths(self, embedder_id: str, ids: Sequence[str]) -> dict[str, float]:
        with self.reading() as db:
            rows = db.execute(
                "SELECT picture_id, length FROM schema.vectors WHERE embedder_id = %s "
                "AND picture_id = ANY(%s) AND length IS NOT NULL",
                (embedder_id, list(ids)),
            )
            return dict(rows.fetchall())

    def was_altered(self, embedder_id: str, picture_id: str) -> bool:
        with self.reading() as db:
            row = db.execute(
                "SELECT altered FROM schema.vectors WHERE embedder_id = %s AND picture_id = %s",
                (embedder_id, picture_id),
            ).fetchone()
        return bool(row and row[0])

    def embedders(self) -> list[str]:
        with self.snapshot() as db:
            rows = db.execute("SELECT DISTINCT embedder_id FROM schema.vectors ORDER BY 1")
            return [row[0] for row in rows]

    def held(self, embedder_id: str, ids: Sequence[str]) -> set[str]:
        with self.reading() as db:
            rows = db.execute(
                "SELECT picture_id FROM schema.vectors WHERE embedder_id = %s "
                "AND picture_id = ANY(%s)",
                (embedder_id, list(ids)),
            )
            return {row[0] for row in rows}

    def dimensions(self, embedder_id: str) -> int | None:
        with self.reading() as db:
            row = db.execute(
                "SELECT vector_dims(vector) FROM schema.vectors WHERE embedder_id = %s LIMIT 1",
                (embedder_id,),
            ).fetchone()
        return row[0] if row else None

    def named(self, embedder_id: str, limit: int) -> list[tuple[str, str]]:
        with self.reading() as db:
            # The first path of each, in the order of the index on paths: reading ends early.
            rows = db.execute(
                "SELECT picture_id, path FROM schema.files AS f WHERE EXISTS "
                "(SELECT 1 FROM schema.vectors AS v WHERE v.embedder_id = %s "
                "AND v.picture_id = f.picture_id) AND NOT EXISTS (SELECT 1 FROM schema.files AS g "
                "WHERE g.picture_id = f.picture_id AND g.path < f.path) "
                f"ORDER BY {BY_PATH} LIMIT %s",
                (embedder_id, limit),
            )
            return [(picture_id, path) for picture_id, path in rows]

    def counts(self, embedder_id: str, scope: Scope) -> tuple[int, int]:
        condition, parameters = scope_condition(scope)
        with self.reading() as db:
            row = db.execute(
                "SELECT count(v.picture_id), "
                "count(*) FILTER (WHERE v.picture_id IS NOT NULL OR on_disk) "
                "FROM (SELECT picture_id, bool_or(size IS NOT NULL) AS on_disk FROM schema.files "
                f"WHERE {condition} GROUP BY picture_id) AS f "
                "LEFT JOIN schema.vectors AS v "
                "ON v.embedder_id = %s AND v.picture_id = f.picture_id",
                (*parameters, embedder_id),
            ).fetchone()
        assert row is not None
        return row[0], row[1]

    @contextmanager
    def searchable(self, embedder_id: str) -> Iterator[tuple[int, Digests, NumberedRows]]:
        """One consistent read of the pictures that have a vector and a file.

        Gives (generation, ids in ascending order, their rows in the order of the table). Raises
        ValueError for an id that is none.
        """
        found = (
            "FROM schema.vectors AS v WHERE embedder_id = {} AND EXISTS "
            "(SELECT 1 FROM schema.files AS f WHERE f.picture_id = v.picture_id)"
        )
        with self.snapshot() as db:
            generation = generation_of(db, embedder_id)
            rows = db.execute(
                f"SELECT picture_id {found.format('%s')} ORDER BY picture_id", (embedder_id,)
            )
            ids = digests([row[0] for row in rows])

            def numbered() -> Iterator[tuple[int, Vector]]:
                some = _copied(db, f"SELECT picture_id, vector {found}", embedder_id)
                while block := list(itertools.islice(some, ROWS_AT_ONCE)):
                    numbers = np.searchsorted(ids, digests([row[0] for row in block]))
                    for number, (_, vector) in zip(numbers.tolist(), block, strict=True):
                        yield number, vector

            yield generation, ids, numbered

    @contextmanager
    def export(
        self, embedder_id: str, scope: Scope
    ) -> Iterator[tuple[dict[str, bool], Iterator[tuple[str, Measured]]]]:
        if self.may_write:
            self.drop_unusable_vectors(embedder_id, self.dimensions(embedder_id) or 0)
        condition, parameters = scope_condition(scope)
        found = (
            "FROM schema.vectors WHERE embedder_id = %s AND picture_id IN "
            f"(SELECT picture_id FROM schema.files WHERE {condition}) ORDER BY picture_id"
        )
        given = (embedder_id, *parameters)
        with self.snapshot() as db:
            altered: dict[str, bool] = dict(
                db.execute(f"SELECT picture_id, altered {found}", given).fetchall()
            )
            # Some at a time: all vectors of a large index together would fill the memory.
            with db.connection.cursor("export", binary=True) as cursor:
                cursor.itersize = ROWS_AT_ONCE
                cursor.execute(db.written(f"SELECT picture_id, vector, length {found}"), given)
                yield (
                    altered,
                    (
                        (picture_id, Measured(numbers_of(vector), length))
                        for picture_id, vector, length in cursor
                    ),
                )

    def import_pictures(
        self, embedder_id: str, pictures: Iterable[ArchivedPicture], *, trusted: bool
    ) -> None:
        remaining = iter(pictures)
        with self.writing() as db:
            while some := list(itertools.islice(remaining, ROWS_AT_ONCE)):
                self._make_table_in(db, embedder_id, len(some[0].vector))
                add_pictures(db, [(i.picture, i.thumbnail) for i in some], vetted=trusted)
                load(
                    db,
                    "vectors",
                    VECTOR_COLUMNS,
                    [
                        (embedder_id, i.picture.id, _float32(i.vector), i.length, i.altered)
                        for i in some
                    ],
                    "DO NOTHING",
                )
                # A file that a scan has seen knows better.
                load(
                    db,
                    "files",
                    (("path", "text"), ("picture_id", "text")),
                    [(path, i.picture.id) for i in some for path in i.picture.paths],
                    "DO NOTHING",
                )
                # As above; what is known of it here stays.
                add_own_facts(db, {i.picture.id: i.facts for i in some if i.facts}, overwrite=False)
            db.bump("own_facts")
            db.bump("live")

    def drop_unusable_vectors(self, embedder_id: str, dimensions: int) -> int:
        """Forget what is no unit vector of that many numbers, or no picture's; returns how many."""
        with self.writing() as db:
            dropped = db.execute(
                "DELETE FROM schema.vectors WHERE embedder_id = %s AND NOT "
                "(picture_id ~ '^[0-9a-f]{64}$' AND vector_dims(vector) = %s "
                "AND abs(vector_norm(vector) - 1) < %s)",
                (embedder_id, dimensions, UNIT_TOLERANCE),
            ).rowcount
            if dropped:
                db.bump(f"vectors:{embedder_id}")
        return dropped

    # -- the table of one embedder

    def _make_table(self, embedder_id: str, dimensions: int) -> None:
        """Make the embedder's table if it is not there, in a transaction of its own."""
        if embedder_id in self._tables:
            return
        with self.writing() as db:
            self._make_table_in(db, embedder_id, dimensions)
        self._tables.add(embedder_id)

    def _make_table_in(self, db: Writing, embedder_id: str, dimensions: int) -> None:
        if embedder_id in self._tables:
            return
        name = table_of(embedder_id)
        # Making one keeps everybody out of all vectors for a moment; it is done once.
        if db.execute(f"SELECT to_regclass('schema.{name}')").fetchone() != (None,):
            return
        db.execute("SELECT pg_advisory_xact_lock(hashtextextended('schema.vectors', 0))")
        db.connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {schema}.{name} PARTITION OF {schema}.vectors "
                "(CHECK (vector_dims(vector) = {dimensions})) FOR VALUES IN ({embedder_id}) "
                "WITH (parallel_workers = {workers})"
            ).format(
                schema=sql.Identifier(db.schema),
                name=sql.Identifier(name),
                dimensions=sql.Literal(dimensions),
                embedder_id=sql.Literal(embedder_id),
                workers=sql.Literal(WORKERS),
            )
        )
        if dimensions <= PLAIN_DIMENSIONS:
            db.execute(f"ALTER TABLE schema.{name} ALTER COLUMN vector SET STORAGE PLAIN")


def _float32(vector: Vector) -> Vector:
    return np.asarray(vector, np.float32)


def table_of(embedder_id: str) -> str:
    """The name of the table of an embedder's vectors, in letters, digits and _."""
    return f"vectors_{slug(embedder_id).replace('-', '_')}"


def _copied(db: Session, statement: str, embedder_id: str) -> Iterator[tuple[str, Vector]]:
    """The rows of (picture id, vector) as they stream in, in PostgreSQL's own form."""
    query = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(
        sql.SQL(db.written(statement)).format(sql.Literal(embedder_id))
    )
    with db.connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.set_types(["text", "vector"])
        for picture_id, vector in copy.rows():
            yield picture_id, numbers_of(vector)
