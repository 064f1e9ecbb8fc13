"""The tables of queries that were answered, and of calls."""

from __future__ import annotations

import time
from collections.abc import Mapping

from core.index.postgres.connections import Connections, numbers_of
from core.vectors import Measured, RawVector, measured

# Typed queries are a few kilobytes each; beyond this the ones asked longest ago go.
QUERIES_KEPT = 20_000
QUERIES_DROPPED_AT_ONCE = 1_000


class Queries(Connections):
    """The vectors of queries, and how many calls were answered; see `core.index.port.Index`."""

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

    def count_calls(self, embedder_id: str, counts: Mapping[str, int]) -> None:
        with self.writing() as db:
            db.executemany(
                "INSERT INTO schema.calls (embedder_id, kind, day, count) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (embedder_id, kind, day) "
                "DO UPDATE SET count = calls.count + excluded.count",
                [
                    (embedder_id, kind, time.strftime("%Y-%m-%d"), count)
                    for kind, count in sorted(counts.items())
                ],
            )

    def calls(self, embedder_id: str, month: str) -> int:
        with self.reading() as db:
            row = db.execute(
                "SELECT coalesce(sum(count), 0)::bigint FROM schema.calls "
                "WHERE embedder_id = %s AND left(day, 7) = %s",
                (embedder_id, month),
            ).fetchone()
        assert row is not None
        return int(row[0])
