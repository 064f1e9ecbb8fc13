"""The table of queries that were answered."""

from __future__ import annotations

import time

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
    """The vectors of queries."""

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
