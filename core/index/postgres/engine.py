"""The durable index in a PostgreSQL database with pgvector."""

from __future__ import annotations

from collections.abc import Callable

from core.index.in_memory import CurrentMatrix, MatrixSpace
from core.index.port import VectorSpace
from core.index.postgres.calls import Calls
from core.index.postgres.database_space import DatabaseSpace
from core.index.postgres.duplicates import Duplicates
from core.index.postgres.facts import Facts
from core.index.postgres.files import Files
from core.index.postgres.queries import Queries
from core.index.postgres.run_lock import PostgresRunLock
from core.index.postgres.searches import Searches
from core.index.postgres.tuning import PostgresTuning
from core.index.postgres.unfinished import Unfinished
from core.index.postgres.vector_space import PostgresSpace
from core.index.postgres.vectors import VectorTable, table_of
from core.index.postgres.votes import Votes


class PostgresIndex(
    Files, VectorTable, Unfinished, Queries, Calls, Searches, Duplicates, Votes, Facts
):
    """Keeps the promises of `core.index.port.Index` in the schema that the settings name."""

    def run_lock(self) -> PostgresRunLock:
        return PostgresRunLock(self)

    def vector_space(
        self,
        embedder_id: str,
        dimensions: int,
        is_running: Callable[[], bool],
        dropped: Callable[[], object],
    ) -> VectorSpace:
        matrix = CurrentMatrix(self, embedder_id, dimensions, is_running, dropped)
        space = PostgresSpace(
            self.settings.postgres_search,
            MatrixSpace(self, matrix),
            DatabaseSpace(self, embedder_id, dimensions, table_of(embedder_id)),
            dimensions,
        )
        space.tuning = PostgresTuning(self, embedder_id, dimensions, space)
        return space
