"""A connection that statements go through, and one that writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import Cursor

Row = tuple[Any, ...]

# Rows that travel together: some megabytes.
ROWS_AT_ONCE = 10_000


class Session:
    """A borrowed connection. In its statements, "schema." stands for the schema that was set.

    The schema is written into each statement, because a search path is a state of the connection,
    which a pooler such as PgBouncer does not keep.
    """

    def __init__(self, connection: psycopg.Connection[Row], schema: str) -> None:
        self.connection = connection
        self.schema = schema
        # Tables that were found to hold some of the rows that were given.
        self.with_conflicts: set[str] = set()

    def execute(
        self, statement: str, parameters: Sequence[object] = (), *, binary: bool = False
    ) -> Cursor[Row]:
        """binary: the rows come in PostgreSQL's own form: vectors are read ten times faster."""
        return self.connection.execute(self.written(statement), parameters or None, binary=binary)

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        """The rows of a large answer, some thousands in memory at a time; within a transaction."""
        with self.connection.cursor("rows") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(self.written(statement), parameters or None)
            yield from cursor

    def executemany(self, statement: str, rows: Iterable[Sequence[object]]) -> int:
        """Run a statement for each row; returns how many rows of the tables were changed."""
        with self.connection.cursor() as cursor:
            cursor.executemany(self.written(statement), rows)
            return max(0, cursor.rowcount)

    def written(self, statement: str) -> str:
        """The statement with the name of the schema."""
        return in_schema(statement, self.schema)


class Writing(Session):
    """A session inside a transaction that changes something.

    What was told to `bump` is counted at the end: until the transaction is over, the row of a
    counter keeps every other writer waiting.
    """

    def __init__(self, connection: psycopg.Connection[Row], schema: str) -> None:
        super().__init__(connection, schema)
        self._changed: set[str] = set()

    def bump(self, counter: str) -> None:
        """Say that what `counter` stands for has changed.

        "live": the files, and what is known of pictures. "own_facts": what these say themselves.
        "vectors:<embedder id>": its vectors. "refused": failures, unreadable files.
        "near_duplicates:<embedder id>": the groups that were found of its pictures.
        """
        self._changed.add(counter)

    def count_changes(self) -> None:
        if self._changed:
            # In one order, so that two writers never wait for each other.
            self.execute(
                "INSERT INTO schema.counters SELECT name, 1 FROM unnest(%s::text[]) AS name "
                "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1",
                (sorted(self._changed),),
            )


@lru_cache(maxsize=1_000)
def in_schema(statement: str, schema: str) -> str:
    """The statement with the name of the schema, which is made of small letters, digits and _."""
    return statement.replace("schema.", f"{schema}.")
