"""Searching the vectors of one embedder where they are: in the database."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np

from core.deadline import Deadline
from core.index.in_memory import is_id
from core.index.port import Nearest, Neighbours, Sample, Spread
from core.index.postgres.approximate import (
    HNSW,
    Way,
    expression,
    indexes,
    settings_for,
)
from core.index.postgres.connections import (
    Connections,
    generation_of,
    numbers_of,
    scope_condition,
)
from core.model import Scope
from core.vectors import Vector, Vectors

# Pictures whose neighbours are looked for in one statement.
COMPARED_AT_ONCE = 50

# Each picture's neighbours take one pass over all vectors: 20,000 take an hour already, and nobody
# is shown near-duplicates of more.
MOST_COMPARED = 20_000


# Four pages of results: as many as one pass of the index with EF_SEARCH candidates gives. Asked for
# a thousand, it takes five times as long, and misses more of them.
MOST_APPROXIMATE = 96

# After that, an index that another host has built or dropped is noticed.
LOOKED_FOR_SECONDS = 10.0


class DatabaseSpace:
    """`core.index.port.VectorSpace`: no vector leaves the server, however many there are.

    Exact, and slower than the matrix; through an approximate index where there is one.
    """

    tuning = None

    def __init__(self, index: Connections, embedder_id: str, dimensions: int, table: str) -> None:
        self._index = index
        self._embedder_id = embedder_id
        self._dimensions = dimensions
        self._table = table
        self._looked: tuple[float, Way | None] | None = None

    def __len__(self) -> int:
        return self.count(Scope())

    def generation(self) -> int:
        return self._index.generation(self._embedder_id)

    def way(self) -> Way | None:
        """The approximate way to search; None where there is no index for it."""
        now = time.monotonic()
        if self._looked is None or now - self._looked[0] > LOOKED_FOR_SECONDS:
            with self._index.reading() as db:
                found = indexes(db, self._embedder_id, self._table)
            # HNSW comes first.
            ways = [Way(i.kind, i.width, i.recall) for i in found]
            self._looked = looked = (now, ways[0] if ways else None)
            return looked[1]
        return self._looked[1]

    def look_again(self) -> None:
        """An index was built or dropped."""
        self._looked = None

    def nearest(self, vector: Vector, k: int, scope: Scope, *, exact: bool = False) -> Nearest:
        if vector.shape != (self._dimensions,):
            raise ValueError(f"a query of shape {vector.shape} for {self._dimensions} dimensions")
        vector = np.asarray(vector, np.float32)
        way = None if exact else self.way()
        if way is not None:
            wanted = min(k, MOST_APPROXIMATE)
            answer = self.approximately(way, vector, wanted, scope)
            # Fewer may be all that there are, or all that a filter left of those that it read.
            if len(answer.ids) == wanted:
                return answer
        return self.exactly(vector, k, scope)

    def exactly(self, vector: Vector, k: int, scope: Scope, *, patient: bool = False) -> Nearest:
        """The nearest by a pass over all vectors in `scope`.

        patient: however long it takes; a person is told after STATEMENT_SECONDS that it takes too
        long.
        """
        found, given = self._found(scope)
        with self._index.snapshot() if patient else self._index.reading() as db:
            rows = db.execute(
                f"SELECT picture_id, -(vector <#> %b) {found} "
                f"ORDER BY vector <#> %b, picture_id LIMIT {max(0, int(k))}",
                (vector, *given, vector),
            ).fetchall()
        return Nearest(tuple(row[0] for row in rows), tuple(row[1] for row in rows))

    def approximately(self, way: Way, vector: Vector, k: int, scope: Scope) -> Nearest:
        """The nearest by an index, of which it may miss some; fewer than k even if there are k."""
        found, given = self._found(scope)
        cast = "::halfvec" if way.kind == HNSW else ""
        with self._index.searching(settings_for(way)) as db:
            # The true cosines of what was found, and their order.
            rows = db.execute(
                f"WITH near AS MATERIALIZED (SELECT picture_id, vector {found} "
                f"ORDER BY {expression(way.kind, self._dimensions)} <#> %b{cast} "
                f"LIMIT {max(0, int(k))}) SELECT picture_id, -(vector <#> %b) AS cosine "
                "FROM near ORDER BY cosine DESC, picture_id",
                (*given, vector, vector),
            ).fetchall()
        return Nearest(
            tuple(row[0] for row in rows), tuple(row[1] for row in rows), False, way.recall
        )

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        found, given = self._found(Scope())
        with self._index.snapshot() as db:
            rows = db.execute(
                f"SELECT picture_id, vector {found} AND picture_id = ANY(%s)",
                (*given, _only_ids(ids)),
                binary=True,
            )
            known = {picture_id: numbers_of(vector) for picture_id, vector in rows}
        there = [i for i in ids if i in known]
        return there, _stacked([known[i] for i in there], self._dimensions)

    def having(self, ids: Iterable[str]) -> set[str]:
        found, given = self._found(Scope())
        with self._index.reading() as db:
            rows = db.execute(
                f"SELECT picture_id {found} AND picture_id = ANY(%s)", (*given, _only_ids(ids))
            )
            return {row[0] for row in rows}

    def count(self, scope: Scope) -> int:
        found, given = self._found(scope)

        def read() -> int:
            row = db.execute(f"SELECT count(*) {found}", given).fetchone()
            assert row is not None
            return int(row[0])

        with self._index.reading() as db:
            generation = generation_of(db, self._embedder_id)
            return self._index.answer(("space", self._embedder_id, scope), generation, read)

    def spread(self, column: str, scope: Scope, most: int) -> Spread:
        found, given = self._found(scope)
        inside = (
            "FROM schema.facts AS told WHERE name = %s AND picture_id IN "
            f"(SELECT picture_id {found})"
        )

        def read() -> Spread:
            row = db.execute(
                f"SELECT count(*), min(number), max(number) {inside}", (column, *given)
            ).fetchone()
            assert row is not None
            pictures, low, high = row
            values = db.execute(
                f"SELECT text, count(*) AS pictures {inside} GROUP BY text "
                "ORDER BY pictures DESC, text LIMIT %s",
                (column, *given, most),
            ).fetchall()
            return Spread(pictures, low, high, tuple((text, number) for text, number in values))

        with self._index.reading() as db:
            generation = generation_of(db, self._embedder_id)
            question = ("spread", self._embedder_id, column, scope, most)
            return self._index.answer(question, generation, read)

    def sample(self, scope: Scope, limit: int) -> Sample:
        found, given = self._found(scope)
        with self._index.snapshot() as db:
            generation = generation_of(db, self._embedder_id)
            total = db.execute(f"SELECT count(*) {found}", given).fetchone()
            assert total is not None
            # Evenly spaced: ids are hashes, so that any regular choice is a fair one.
            places = np.linspace(0, max(0, total[0] - 1), min(limit, total[0]), dtype=np.intp)
            rows = db.execute(
                "SELECT picture_id, vector FROM (SELECT picture_id, vector, "
                f"row_number() OVER (ORDER BY picture_id) - 1 AS place {found}) AS numbered "
                "WHERE place = ANY(%s) ORDER BY picture_id",
                (*given, places.tolist()),
                binary=True,
            ).fetchall()
        vectors = _stacked([numbers_of(row[1]) for row in rows], self._dimensions)
        return Sample(tuple(row[0] for row in rows), vectors, generation)

    def neighbours(self, k: int, deadline: Deadline) -> Neighbours:
        found, given = self._found(Scope())
        with self._index.snapshot() as db:
            generation = generation_of(db, self._embedder_id)
            rows = db.execute(f"SELECT picture_id {found} ORDER BY picture_id", given)
            ids = tuple(row[0] for row in rows)
            if len(ids) > MOST_COMPARED:
                return Neighbours((), np.empty((0, 0), np.intp), generation)
            place_of = {picture_id: place for place, picture_id in enumerate(ids)}
            nearest = np.empty((len(ids), max(0, min(k, len(ids) - 1))), np.intp)
            for start in range(0, len(ids), COMPARED_AT_ONCE):
                deadline.check()
                others: dict[str, list[int]] = {}
                for picture_id, other in db.execute(
                    "SELECT one.picture_id, other.picture_id FROM schema.vectors AS one, LATERAL "
                    f"(SELECT picture_id {found} AND picture_id <> one.picture_id "
                    f"ORDER BY vector <#> one.vector, picture_id LIMIT {nearest.shape[1]}) "
                    "AS other WHERE one.embedder_id = %s AND one.picture_id = ANY(%s)",
                    (*given, self._embedder_id, list(ids[start : start + COMPARED_AT_ONCE])),
                ):
                    others.setdefault(picture_id, []).append(place_of[other])
                for picture_id, places in others.items():
                    nearest[place_of[picture_id]] = places
        deadline.check()
        return Neighbours(ids, nearest, generation)

    def _found(self, scope: Scope) -> tuple[str, tuple[object, ...]]:
        """The part of a statement from FROM on: the vectors of the pictures in `scope`."""
        condition, parameters = scope_condition(scope)
        return (
            "FROM schema.vectors AS v WHERE embedder_id = %s AND EXISTS (SELECT 1 "
            f"FROM schema.files AS f WHERE f.picture_id = v.picture_id AND {condition})",
            (self._embedder_id, *parameters),
        )


def _only_ids(ids: Iterable[str]) -> list[str]:
    """Without what is no picture id: ids come from visitors too."""
    return [i for i in ids if is_id(i)]


def _stacked(rows: Sequence[Vector], dimensions: int) -> Vectors:
    return np.stack(rows) if rows else np.empty((0, dimensions), np.float32)
