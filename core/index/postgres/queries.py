"""The table of queries that were answered."""

from __future__ import annotations

import time

from core.index.postgres.connections import Connections, numbers_of
from core.vectors import Measured, RawVector, measured

# Typed queries are a few kilobytes each; beyond this the ones asked longest ago go.
QUERIES_KEPT = 20_000
QUERIES_DROPPED_AT_ONCE = 1_000


class Queries(Connections):
    """The vectors of queries; see `core.index.port.Index`."""

    def query_vector(self, embedder_id: str, kind: str, key: str) -> Measured | None:
        with self.reading() as db:
            row = db.execute(
                "SELECT vector, length FROM schema.queries "
                "WHERE embedder_id = %s AND kind = %s AND md5(key) = md5(%s)",
                (embedder_id, kind, key),
                binary=True,
            ).fetchone()
        return Measured(numbers_of(row[0]), row[1]) if row else None

    def add_query_vector(self, embedder_id: str, kind: str, key: str, vector: RawVector) -> None:
        given = measured(vector)
        with self.writing() as db:
            db.execute(
                "INSERT INTO schema.queries (embedder_id, kind, key, vector, asked, length) "
                "VALUES (%s, %s, %s, %b, %s, %s) ON CONFLICT (embedder_id, kind, md5(key)) "
                "DO UPDATE SET vector = excluded.vector, asked = excluded.asked, "
                "length = excluded.length",
                (embedder_id, kind, key, given.vector, time.time(), given.length),
            )
            kept = db.execute("SELECT count(*) FROM schema.queries").fetchone()
            if kept is not None and kept[0] > QUERIES_KEPT:
                db.execute(
                    "DELETE FROM schema.queries WHERE ctid IN "
                    "(SELECT ctid FROM schema.queries ORDER BY asked LIMIT %s)",
                    (kept[0] - QUERIES_KEPT + QUERIES_DROPPED_AT_ONCE,),
                )

    def query_keys(self, embedder_id: str) -> list[tuple[str, str]]:
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT kind, key FROM schema.queries WHERE embedder_id = %s ORDER BY kind, key",
                (embedder_id,),
            )
            return [(kind, key) for kind, key in rows]
