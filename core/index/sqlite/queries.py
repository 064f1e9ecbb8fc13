"""The tables of queries that were answered, and of calls."""

from __future__ import annotations

import time
from collections.abc import Mapping

from core.index.sqlite.connections import (
    Connections,
    blob_of,
    length_of,
    vector_of,
)
from core.vectors import Measured, RawVector, measured

# Typed queries are a few kilobytes each; beyond this the ones asked longest ago go.
QUERIES_KEPT = 20_000
QUERIES_DROPPED_AT_ONCE = 1_000


class Queries(Connections):
    """The vectors of queries, and how many calls were answered."""

    def query_vector(self, embedder_id: str, kind: str, key: str) -> Measured | None:
        """A query answered before: kind "text" or "image", key the text or the picture id."""
        with self.connection() as db:
            row = db.execute(
                "SELECT vector, length FROM queries WHERE embedder_id = ? AND kind = ? AND key = ?",
                (embedder_id, kind, key),
            ).fetchone()
        vector = vector_of(row)
        return None if vector is None else Measured(vector, length_of(row[1]))

    def add_query_vector(self, embedder_id: str, kind: str, key: str, vector: RawVector) -> None:
        """Keep the embedder's answer to a query, as `add_vectors` does."""
        unit_vector, length = measured(vector)
        with self.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO queries (embedder_id, kind, key, vector, asked, length) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (embedder_id, kind, key, blob_of(unit_vector), time.time(), length),
            )
            kept: int = db.execute("SELECT count(*) FROM queries").fetchone()[0]
            if kept > QUERIES_KEPT:
                db.execute(
                    "DELETE FROM queries WHERE rowid IN "
                    "(SELECT rowid FROM queries ORDER BY asked LIMIT ?)",
                    (kept - QUERIES_KEPT + QUERIES_DROPPED_AT_ONCE,),
                )

    def query_keys(self, embedder_id: str) -> list[tuple[str, str]]:
        """The (kind, key) of every query whose vector was kept, in order."""
        with self.connection() as db:
            return db.execute(
                "SELECT kind, key FROM queries WHERE embedder_id = ? ORDER BY kind, key",
                (embedder_id,),
            ).fetchall()

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
