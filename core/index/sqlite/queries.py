"""The tables of queries that were answered, and of calls."""

from __future__ import annotations

import time
from collections.abc import Mapping

from core.index.sqlite.connections import (
    Connections,
    blob_of,
    vector_of,
)
from core.vectors import Vector

# Typed queries are a few kilobytes each; beyond this the ones asked longest ago go.
QUERIES_KEPT = 20_000
QUERIES_DROPPED_AT_ONCE = 1_000


class Queries(Connections):
    """The vectors of queries, and how many calls were answered."""

    def query_vector(self, embedder_id: str, kind: str, key: str) -> Vector | None:
        """A query answered before: kind "text" or "image", key the text or the picture id."""
        with self.connection() as db:
            row = db.execute(
                "SELECT vector FROM queries WHERE embedder_id = ? AND kind = ? AND key = ?",
                (embedder_id, kind, key),
            ).fetchone()
        return vector_of(row)

    def add_query_vector(self, embedder_id: str, kind: str, key: str, vector: Vector) -> None:
        with self.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?)",
                (embedder_id, kind, key, blob_of(vector), time.time()),
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
