"""The tables of paid calls: by day, kind and outcome, and by visitor."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from core.index.call_counts import (
    COLUMNS,
    VISITORS_DROPPED_AT_ONCE,
    VISITORS_KEPT,
    reached_cap,
)
from core.index.in_memory import CallsInMemory
from core.index.port import CallCount, Outcome, PaidCall, ReachedCap
from core.index.postgres.connections import Connections
from core.index.postgres.refusals import counts_alone
from core.index.postgres.session import Writing
from core.settings import Settings

log = logging.getLogger(__name__)

# A user who may only read the pictures may still be let to write these two.
MAY_COUNT = (
    "SELECT bool_and(has_table_privilege(name, right_)) AND NOT pg_is_in_recovery() "
    "AND NOT current_setting('default_transaction_read_only')::boolean "
    "FROM unnest(ARRAY['schema.calls', 'schema.visitor_calls']) AS name, "
    "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS right_"
)

# One process at a time looks at the counts and adds to them: no two take the last call of a cap,
# and no two wait for each other's rows. A count that a power cut loses is not worth a disk's time.
BEGIN = (
    "SELECT pg_advisory_xact_lock(hashtextextended('schema.calls', 0)), "
    "set_config('synchronous_commit', 'off', true)"
)


class Calls(Connections):
    """How many paid calls were made, and whether one more may be; see `core.index.port.Index`.

    For a user who may not write to these tables, in the memory of this process alone.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._in_memory: CallsInMemory | None = None
        with self.reading() as db:
            if db.execute(MAY_COUNT).fetchone() != (True,):
                self._in_memory = CallsInMemory()
        if self._in_memory is not None:
            words = counts_alone(settings)
            log.warning(words)
            if not settings.read_only:
                self.notices.append(words)

    @contextmanager
    def _counting(self) -> Iterator[Writing]:
        with self.writing() as db:
            db.execute(BEGIN)
            yield db

    def reserve_call(
        self,
        embedder_id: str,
        call: PaidCall,
        most: int | None = None,
        visitor_most: int | None = None,
    ) -> ReachedCap:
        if self._in_memory is not None:
            return self._in_memory.reserve_call(embedder_id, call, most, visitor_most)
        with self._counting() as db:
            reached = reached_cap(
                call,
                most,
                visitor_most,
                lambda: _of_the_day(db, call.day),
                lambda: _of_the_visitor(db, call),
            )
            if not reached:
                _add(db, embedder_id, call, "answered", 1)
        return reached

    def count_calls(
        self, embedder_id: str, changes: Mapping[tuple[PaidCall, Outcome], int]
    ) -> None:
        if self._in_memory is not None:
            self._in_memory.count_calls(embedder_id, changes)
            return
        with self._counting() as db:
            for (call, outcome), number in changes.items():
                _add(db, embedder_id, call, outcome, number)

    def calls(self, embedder_id: str, first: str, last: str) -> list[CallCount]:
        if self._in_memory is not None:
            return self._in_memory.calls(embedder_id, first, last)
        with self.reading() as db:
            rows = db.execute(
                "SELECT day, kind, count, cached, refused, capped FROM schema.calls "
                "WHERE embedder_id = %s AND day BETWEEN %s AND %s ORDER BY day, kind",
                (embedder_id, first, last),
            ).fetchall()
        return [CallCount(*row) for row in rows]


def _of_the_day(db: Writing, day: str) -> int:
    row = db.execute(
        "SELECT coalesce(sum(count), 0)::bigint FROM schema.calls WHERE day = %s", (day,)
    ).fetchone()
    return int(row[0]) if row else 0


def _of_the_visitor(db: Writing, call: PaidCall) -> int:
    row = db.execute(
        "SELECT count FROM schema.visitor_calls WHERE visitor = %s AND day = %s",
        (call.visitor, call.day),
    ).fetchone()
    return int(row[0]) if row else 0


def _add(db: Writing, embedder_id: str, call: PaidCall, outcome: Outcome, number: int) -> None:
    column = COLUMNS[outcome]
    others = ("count, " if column != "count" else "") + column
    zero = "0, " if column != "count" else ""
    db.execute(
        f"INSERT INTO schema.calls (embedder_id, kind, day, {others}) "
        f"VALUES (%s, %s, %s, {zero}greatest(0, %s)) ON CONFLICT (embedder_id, kind, day) "
        f"DO UPDATE SET {column} = greatest(0, calls.{column} + %s)",
        (embedder_id, call.kind, call.day, number, number),
    )
    if call.visitor and outcome == "answered":
        _add_to_visitor(db, call, number)


def _add_to_visitor(db: Writing, call: PaidCall, number: int) -> None:
    added = db.execute(
        "INSERT INTO schema.visitor_calls (visitor, day, count) "
        "VALUES (%s, %s, greatest(0, %s)) ON CONFLICT (visitor, day) "
        # xmax: 0 where the row is new.
        "DO UPDATE SET count = greatest(0, visitor_calls.count + %s) RETURNING xmax = 0",
        (call.visitor, call.day, number, number),
    ).fetchone()
    if added is None or not added[0]:
        return
    kept = db.execute("SELECT count(*) FROM schema.visitor_calls").fetchone()
    if kept is not None and kept[0] > VISITORS_KEPT:
        db.execute(
            "DELETE FROM schema.visitor_calls WHERE ctid IN "
            "(SELECT ctid FROM schema.visitor_calls ORDER BY day, visitor LIMIT %s)",
            (kept[0] - VISITORS_KEPT + VISITORS_DROPPED_AT_ONCE,),
        )
