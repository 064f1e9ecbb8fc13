"""Building the approximate indexes of an embedder's vectors, and comparing the ways to search."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
import psycopg
from psycopg import errors

from core.errors import IndexUnavailable
from core.index.postgres import approximate
from core.index.postgres.approximate import Way
from core.index.postgres.connecting import connect
from core.index.postgres.connections import Connections
from core.index.postgres.database_space import DatabaseSpace
from core.index.postgres.refusals import sentence
from core.index.postgres.session import Session
from core.index.postgres.vector_space import PostgresSpace
from core.index.postgres.vectors import table_of
from core.model import EVERYTHING
from core.tuning import (
    RECALL_AT,
    Building,
    Comparison,
    EngineState,
    Measurement,
)
from core.vectors import Vector

log = logging.getLogger(__name__)

# Queries that the recall of a new index is measured with: within some .01 of that of all.
MEASURED_WITH = 50

# Or by the queries of this time, where the exact search takes seconds each.
MEASURING_SECONDS = 60.0

# Then a comparison ends with the queries that it has: the exact search in the database takes
# seconds where there are millions.
COMPARE_SECONDS = 20.0

# Phases beside those that PostgreSQL tells.
STARTING = "starting"
MEASURING = "measuring what it finds"

# How often a build looks whether it is to be cancelled.
LOOK_SECONDS = 0.1

# Otherwise whoever searches waits for it, and it for whoever writes.
DROP = "DROP INDEX CONCURRENTLY IF EXISTS"

UNEXPECTED = "The index could not be built; the log has the details."

# Memory that building HNSW takes for each row beside its numbers: without it, the build slows down
# several times. Measured: 2.8 KB for 1,024 half-precision numbers.
ROW_BYTES = 800


class PostgresTuning:
    """Keeps the promises of `core.tuning.Tuning`."""

    def __init__(
        self, index: Connections, embedder_id: str, dimensions: int, space: PostgresSpace
    ) -> None:
        self._index = index
        self._embedder_id = embedder_id
        self._dimensions = dimensions
        self._space = space
        self._table = table_of(embedder_id)
        self._guard = threading.Lock()
        self._own: Building | None = None  # what the thread is at
        self._cancel = threading.Event()
        self._problem = ""

    @property
    def _database(self) -> DatabaseSpace:
        return self._space.database

    def state(self) -> EngineState:
        rows = len(self._database)
        way = self._database.way()
        search = "memory" if self._space.is_in_memory() else way.kind if way else "database"
        with self._index.reading() as db:
            found = approximate.indexes(db, self._embedder_id, self._table)
            size = db.execute(
                "SELECT coalesce(pg_table_size(to_regclass(%s)), 0)", (self._regclass(db),)
            ).fetchone()
            building = self._building(db)
        assert size is not None
        return EngineState(search, rows, int(size[0]), tuple(found), building, self._problem)

    def is_approximate(self) -> bool:
        return not self._space.is_in_memory() and self._database.way() is not None

    def suggested(self, kind: str) -> Mapping[str, int]:
        return approximate.suggested(kind, len(self._database))

    def build(self, kind: str, parameters: Mapping[str, int]) -> bool:
        approximate.check(kind, parameters)
        with self._guard, self._index.reading() as db:
            if self._building(db) is not None:
                return False
            self._problem = ""
            self._cancel.clear()
            self._own = Building(kind, STARTING, None)
            threading.Thread(
                target=self._build, args=(kind, dict(parameters)), name="build", daemon=True
            ).start()
        return True

    def cancel(self) -> None:
        self._cancel.set()
        # Of a build of another program, nobody here waits for the event.
        with self._index.reading() as db:
            db.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index "
                "WHERE relid = to_regclass(%s)",
                (self._regclass(db),),
            )

    def drop(self, kind: str) -> None:
        name = approximate.name_of(self._table, kind)
        with self._index.reading() as db:
            db.execute(f"{DROP} schema.{name}")
        with self._index.writing() as db:
            db.execute(
                "DELETE FROM schema.meta WHERE key = %s",
                (approximate.facts_key(self._embedder_id, kind),),
            )
        self._database.look_again()

    def compare(self, queries: int, widths: Mapping[str, int]) -> Comparison:
        with self._index.reading() as db:
            found = approximate.indexes(db, self._embedder_id, self._table)
        ways = [Way(each.kind, widths[each.kind]) for each in found if each.kind in widths]
        for way in ways:
            low, high = approximate.WIDTHS[way.kind]
            if not low <= way.width <= high:
                raise ValueError(f"a width from {low} to {high}")
        vectors = list(self._database.sample(EVERYTHING, queries).vectors)
        if not vectors:
            return Comparison(0)
        truths, exact_times = self._timed(
            lambda vector: self._database.exactly(vector, RECALL_AT, EVERYTHING, patient=True).ids,
            vectors,
        )
        vectors = vectors[: len(truths)]
        measured = [_measurement("database", 0, exact_times, truths, truths)]
        if self._space.may_be_in_memory():
            memory = self._space.memory
            memory.nearest(vectors[0], 1, EVERYTHING)  # the copy is made once, before any query
            answers, times = self._timed(
                lambda vector: memory.nearest(vector, RECALL_AT, EVERYTHING).ids, vectors
            )
            measured.insert(0, _measurement("memory", 0, times, answers, truths))
        for way in ways:
            answers, times = self._timed(partial(self._ids, way), vectors)
            measured.append(_measurement(way.kind, way.width, times, answers, truths))
        return Comparison(len(vectors), tuple(measured))

    # -- what these are made of

    def _ids(self, way: Way, vector: Vector) -> tuple[str, ...]:
        return self._database.approximately(way, vector, RECALL_AT, EVERYTHING).ids

    def _timed(
        self, answer: Callable[[Vector], tuple[str, ...]], vectors: Sequence[Vector]
    ) -> tuple[list[tuple[str, ...]], list[float]]:
        """The answers and what each took, in seconds; fewer where that takes too long."""
        answers, times = [], []
        give_up = time.monotonic() + COMPARE_SECONDS
        for vector in vectors:
            started = time.perf_counter()
            answers.append(answer(vector))
            times.append(time.perf_counter() - started)
            if time.monotonic() > give_up:
                break
        return answers, times

    def _building(self, db: Session) -> Building | None:
        row = db.execute(
            "SELECT p.phase, p.tuples_done, p.tuples_total, p.blocks_done, p.blocks_total, a.query "
            "FROM pg_stat_progress_create_index AS p JOIN pg_stat_activity AS a USING (pid) "
            "WHERE p.relid = to_regclass(%s)",
            (self._regclass(db),),
        ).fetchone()
        if row is None:
            return self._own
        phase, *counts, query = row
        kind = approximate.IVFFLAT if "USING ivfflat" in (query or "") else approximate.HNSW
        done, total = counts[:2] if counts[1] else counts[2:]
        share = min(1.0, done / total) if total else None
        return Building(kind, phase.removeprefix("building index: "), share)

    def _regclass(self, db: Session) -> str:
        return f"{db.schema}.{self._table}"

    # -- on the thread of a build

    def _build(self, kind: str, parameters: dict[str, int]) -> None:
        started = time.monotonic()
        try:
            with connect(self._index.settings) as connection:
                session = Session(connection, self._index.settings.postgres_schema)
                self._create(session, kind, parameters)
            seconds = time.monotonic() - started
            self._own = Building(kind, MEASURING, None)
            width, recall = self._wide_enough(kind)
            facts = {"seconds": round(seconds, 1), "width": width, "recall": recall}
            self._index.set_meta(approximate.facts_key(self._embedder_id, kind), json.dumps(facts))
        except psycopg.Error as error:
            if not (self._cancel.is_set() and isinstance(error, errors.QueryCanceled)):
                log.warning("An index was not built", exc_info=True)
                self._problem = sentence(error, self._index.settings) or UNEXPECTED
        except IndexUnavailable as error:
            self._problem = str(error)
        except Exception:
            log.exception("An index was not built")
            self._problem = UNEXPECTED
        finally:
            self._database.look_again()
            self._own = None

    def _create(self, session: Session, kind: str, parameters: Mapping[str, int]) -> None:
        name = approximate.name_of(self._table, kind)
        session.execute("SET statement_timeout = 0")
        _give_memory(session, len(self._database) * (2 * self._dimensions + ROW_BYTES))
        # One whose build was cancelled is left as an invalid one, which nothing would mend.
        session.execute(f"{DROP} schema.{name}")
        options = ", ".join(f"{option} = {value}" for option, value in parameters.items())
        statement = (
            f"CREATE INDEX CONCURRENTLY {name} ON schema.{self._table} USING {kind} "
            f"({approximate.expression(kind, self._dimensions)} "
            f"{approximate.operator_class(kind)}) WITH ({options})"
        )
        try:
            try:
                self._execute(session, statement)
            except errors.DiskFull:
                # In a container, the memory that several workers share is often 64 MB.
                session.execute(f"{DROP} schema.{name}")
                session.execute("SET max_parallel_maintenance_workers = 0")
                self._execute(session, statement)
        except psycopg.Error:
            if not session.connection.closed:
                session.execute(f"{DROP} schema.{name}")
            raise

    def _execute(self, session: Session, statement: str) -> None:
        """Execute what can be cancelled from its first moment to its last.

        A request to cancel that comes before the server has begun is forgotten there, so that it is
        made again until the statement has ended. Raises psycopg.Error.
        """
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                if self._cancel.wait(LOOK_SECONDS):
                    with suppress(psycopg.Error):
                        session.connection.cancel_safe()
                    over.wait(LOOK_SECONDS)

        watcher = threading.Thread(target=watch, name="cancel", daemon=True)
        watcher.start()
        try:
            session.execute(statement)
        finally:
            over.set()
            watcher.join()

    def _wide_enough(self, kind: str) -> tuple[int, float]:
        """The width that finds ENOUGH_RECALL of the nearest, or the widest; and what it finds."""
        with self._index.reading() as db:
            found = approximate.indexes(db, self._embedder_id, self._table)
        parameters = next((each.parameters for each in found if each.kind == kind), {})
        first = approximate.default_width(kind, parameters)
        truths: list[tuple[Vector, Sequence[str]]] = []
        give_up = time.monotonic() + MEASURING_SECONDS
        for vector in self._database.sample(EVERYTHING, MEASURED_WITH).vectors:
            if self._cancel.is_set() or time.monotonic() > give_up:
                break
            nearest = self._database.exactly(vector, RECALL_AT, EVERYTHING, patient=True)
            truths.append((vector, nearest.ids))
        if not truths:
            return first, 1.0
        for times in approximate.WIDER:
            way = Way(kind, min(first * times, approximate.WIDTHS[kind][1]))
            shares = [_share(self._ids(way, vector), truth) for vector, truth in truths]
            recall = round(float(np.mean(shares)), 4)
            if recall >= approximate.ENOUGH_RECALL or self._cancel.is_set():
                break
        return way.width, recall


def _give_memory(session: Session, needed: int) -> None:
    """Room for the whole graph, within a quarter of the server's memory.

    That is what shared_buffers is set to on a server that somebody looked after.
    """
    row = session.execute(
        "SELECT least(%s::bigint, greatest(pg_size_bytes(current_setting('shared_buffers')), "
        "pg_size_bytes(current_setting('maintenance_work_mem')))) / 1024",
        (needed,),
    ).fetchone()
    kilobytes = max(65_536, int(row[0])) if row else 65_536
    session.execute("SELECT set_config('maintenance_work_mem', %s, false)", (f"{kilobytes}kB",))


def _share(found: Sequence[str], truth: Sequence[str]) -> float:
    return len(set(found) & set(truth)) / len(truth) if truth else 1.0


def _measurement(
    search: str,
    width: int,
    times: Sequence[float],
    answers: Sequence[Sequence[str]],
    truths: Sequence[Sequence[str]],
) -> Measurement:
    if not times:
        return Measurement(search, width, 0.0, 0.0, 1.0)
    median, p95 = np.percentile(np.array(times) * 1000, [50, 95]).tolist()
    shares = [_share(found, truth) for found, truth in zip(answers, truths, strict=False)]
    return Measurement(search, width, median, p95, float(np.mean(shares)))
