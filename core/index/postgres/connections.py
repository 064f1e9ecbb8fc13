"""The connections to PostgreSQL, the small facts in it, and what its tables share."""

from __future__ import annotations

import atexit
import math
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np
import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from core.errors import IndexUnavailable
from core.index.answers import Answers
from core.index.postgres.connecting import configure, connect, parameters, prepare
from core.index.postgres.migrations import INDEXED_CHARACTERS
from core.index.postgres.refusals import ALL_TAKEN, may_only_read, sentence
from core.index.postgres.session import Row, Session, Writing
from core.model import Filter, Scope
from core.settings import Settings
from core.vectors import Vector

# Twenty visitors share these, a few milliseconds each. The smallest server at Azure has 35.
MOST_CONNECTIONS = 6

# Then a connection is tried outside the pool, for the cause: together less than ten seconds.
POOL_SECONDS = 4.0

# A page asks many things, one after the other: only the first waits for a server that is away.
AWAY_SECONDS = 2.0


class Connections:
    """Opens, or makes, the index in a database. Safe to use from many threads and processes.

    Every method raises IndexUnavailable where the database cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data_dir = settings.data_dir
        # The pool hides why it has no connection, so that the first is made without it.
        with connect(settings) as first:
            self.may_write = prepare(first, settings)
        self.place = f"PostgreSQL at {settings.postgres_host}"
        self.notices: list[str] = []
        if not self.may_write and not settings.read_only:
            self.notices.append(may_only_read(settings))
        self.answer = Answers().get
        # When the server was last found to be away, and the sentence on it.
        self._away = (-math.inf, "")
        # The embedders whose table of vectors is known to be there.
        self._tables: set[str] = set()
        self._pool = self._new_pool()
        self.uid = self.meta("uid")
        _open.add(self)

    def _new_pool(self) -> ConnectionPool[psycopg.Connection[Row]]:
        return ConnectionPool(
            # Asked for each new connection, as a token does not last.
            kwargs=lambda: parameters(self.settings),
            min_size=1,
            max_size=MOST_CONNECTIONS,
            timeout=POOL_SECONDS,
            configure=configure,
            # A server that was restarted and a firewall leave connections that only look alive.
            check=ConnectionPool.check_connection,
            name="postgres",
            open=True,
        )

    @contextmanager
    def _borrowed(self) -> Iterator[psycopg.Connection[Row]]:
        if self._pool.closed:
            self._pool = self._new_pool()
        if time.monotonic() - self._away[0] < AWAY_SECONDS:
            raise IndexUnavailable(self._away[1])
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            try:
                connect(self.settings).close()
            except IndexUnavailable as cause:
                self._away = (time.monotonic(), str(cause))
                raise
            raise IndexUnavailable(ALL_TAKEN) from error
        except psycopg.Error as error:
            words = sentence(error, self.settings)
            if not words:
                raise
            raise IndexUnavailable(words) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """For statements that each stand alone."""
        with self._borrowed() as connection:
            yield Session(connection, self.settings.postgres_schema)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """For several reads of one state, which may take their time."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield Session(connection, self.settings.postgres_schema)

    @contextmanager
    def searching(self, settings: str) -> Iterator[Session]:
        """A transaction that only reads, begun with statements for it alone."""
        with self._borrowed() as connection:
            connection.execute(f"BEGIN READ ONLY; {settings}".encode())
            try:
                yield Session(connection, self.settings.postgres_schema)
            finally:
                # Nothing was changed; this also ends what failed.
                _roll_back(connection)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """A transaction that changes something: kept on success, else undone."""
        with self._transaction("BEGIN") as connection:
            session = Writing(connection, self.settings.postgres_schema)
            yield session
            session.count_changes()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[psycopg.Connection[Row]]:
        with self._borrowed() as connection:
            # One round trip; only locks are not waited for as long as one likes.
            connection.execute(f"{begin}; SET LOCAL statement_timeout = 0".encode())
            with ExitStack() as undo:
                undo.callback(_roll_back, connection)
                yield connection
                undo.pop_all()
            connection.commit()

    def close(self) -> None:
        """Let go of the connections. It may be used again: then new ones are made."""
        self._pool.close()
        _open.discard(self)

    # -- small facts

    def meta(self, key: str, default: str = "") -> str:
        with self.reading() as db:
            row = db.execute("SELECT value FROM schema.meta WHERE key = %s", (key,)).fetchone()
        return row[0] if row else default

    def set_meta(self, key: str, value: str) -> None:
        with self.writing() as db:
            db.execute(
                "INSERT INTO schema.meta (key, value) VALUES (%s, %s) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    def generation(self, embedder_id: str) -> int:
        with self.reading() as db:
            return generation_of(db, embedder_id)


def _roll_back(connection: psycopg.Connection[Row]) -> None:
    # One that is broken has nothing to undo.
    with suppress(psycopg.Error):
        connection.rollback()


_open: weakref.WeakSet[Connections] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """The threads of a pool would otherwise be ended in the middle of what they do."""
    for index in list(_open):
        index.close()


def state_of(db: Session, *counters: str) -> int:
    """How often all of these were bumped, together: they only grow, so it names one state."""
    row = db.execute(
        "SELECT coalesce(sum(value), 0)::bigint FROM schema.counters WHERE name = ANY(%s)",
        (list(counters),),
    ).fetchone()
    assert row is not None
    return int(row[0])


def generation_of(db: Session, embedder_id: str) -> int:
    """Names one state of what this embedder's searches can find."""
    return state_of(db, "live", f"vectors:{embedder_id}")


def path_condition(scope: Scope) -> tuple[str, list[object]]:
    """An SQL condition on a column `path`, and its parameters: folder and collection."""
    if scope.folder:
        return _below(scope.folder)
    condition, parameters = _below("gallery/")
    if scope.collection == "gallery":
        return condition, parameters
    if scope.collection == "own":
        return f"NOT ({condition})", parameters
    return "true", []


def _below(folder: str) -> tuple[str, list[object]]:
    if len(folder) > INDEXED_CHARACTERS:
        return "starts_with(path, %s)", [folder]
    # The form that the index answers. "0" follows "/".
    start = f"left(path, {INDEXED_CHARACTERS})"
    return f"({start} >= %s AND {start} < %s)", [folder, folder[:-1] + "0"]


def scope_condition(scope: Scope) -> tuple[str, list[object]]:
    """An SQL condition on the columns of `files`, and its parameters."""
    condition, parameters = path_condition(scope)
    if scope.only is not None:
        condition += " AND picture_id = ANY(%s)"
        parameters = [*parameters, sorted(i for i in scope.only if i.isascii())]
    for wanted in scope.filters:
        told, given = _told(wanted)
        condition += (
            f" AND picture_id IN (SELECT picture_id FROM schema.facts WHERE name = %s AND {told})"
        )
        parameters = [*parameters, wanted.column, *given]
    return condition, parameters


def _told(wanted: Filter) -> tuple[str, list[object]]:
    """An SQL condition on the columns of `facts`, and its parameters."""
    if wanted.any_of:
        return "text = ANY(%s)", [list(wanted.any_of)]
    if wanted.contains:
        return "strpos(folded, %s) > 0", [wanted.contains.casefold()]
    bounds = (("number >= %s", wanted.low), ("number <= %s", wanted.high))
    there = [(condition, bound) for condition, bound in bounds if bound is not None]
    # Without a bound, every number.
    condition = " AND ".join(["number IS NOT NULL", *(condition for condition, _ in there)])
    return condition, [bound for _, bound in there]


def numbers_of(vector: Any) -> Vector:
    """A column of type vector, read in binary form -> float32, shape (dimensions,)."""
    return np.asarray(vector.to_numpy(), np.float32)


def vector_of(row: Sequence[Any] | None) -> Vector | None:
    """The vector that is a row's first column; None for no row."""
    return numbers_of(row[0]) if row else None
