"""Where a search is answered: by a copy in memory, or by the database."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from core.deadline import Deadline
from core.index.in_memory import MatrixSpace
from core.index.port import Nearest, Neighbours, Sample, Spread, VectorSpace
from core.index.postgres.database_space import DatabaseSpace
from core.model import Scope
from core.tuning import Tuning
from core.vectors import Vector, Vectors

# Up to so many numbers the copy is the better exact search: 3 to 20 times faster than the database,
# read from a server of the same region within some seconds, and 1 GB on the disk. They are 250,000
# vectors of 1,024. Measured: benchmarks/README.md, "PostgreSQL".
MOST_NUMBERS_IN_MEMORY = 256_000_000

# Counting takes a pass over an index; while a run is on, the number changes all the time.
COUNTED_FOR_SECONDS = 10.0


class PostgresSpace:
    """`core.index.port.VectorSpace`, by the matrix or by the database.

    where: "memory" or "database"; "auto" takes the first up to MOST_NUMBERS_IN_MEMORY.
    """

    def __init__(
        self, where: str, memory: MatrixSpace, database: DatabaseSpace, dimensions: int
    ) -> None:
        self._where = where
        self.memory = memory
        self.database = database
        self._most = MOST_NUMBERS_IN_MEMORY // dimensions
        self._counted: tuple[float, int] | None = None
        self.tuning: Tuning | None = None

    def is_in_memory(self) -> bool:
        """True if searches are answered from the copy now."""
        return self._where == "memory" or (self._where == "auto" and self.may_be_in_memory())

    def may_be_in_memory(self) -> bool:
        """True if the vectors are few enough for a copy."""
        now = time.monotonic()
        if self._counted is None or now - self._counted[0] > COUNTED_FOR_SECONDS:
            self._counted = (now, len(self.database))
        return self._counted[1] <= self._most

    def _chosen(self) -> VectorSpace:
        return self.memory if self.is_in_memory() else self.database

    def __len__(self) -> int:
        return len(self._chosen())

    def generation(self) -> int:
        return self._chosen().generation()

    def nearest(self, vector: Vector, k: int, scope: Scope, *, exact: bool = False) -> Nearest:
        return self._chosen().nearest(vector, k, scope, exact=exact)

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        return self._chosen().vectors(ids)

    def having(self, ids: Iterable[str]) -> set[str]:
        return self._chosen().having(ids)

    def count(self, scope: Scope) -> int:
        return self._chosen().count(scope)

    def spread(self, column: str, scope: Scope, most: int) -> Spread:
        return self._chosen().spread(column, scope, most)

    def sample(self, scope: Scope, limit: int) -> Sample:
        return self._chosen().sample(scope, limit)

    def neighbours(self, k: int, deadline: Deadline) -> Neighbours:
        return self._chosen().neighbours(k, deadline)
