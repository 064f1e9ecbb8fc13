"""The tables of paid calls: by day, kind and outcome, and by visitor."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from core.index.call_counts import (
    COLUMNS,
    VISITORS_DROPPED_AT_ONCE,
    VISITORS_KEPT,
    reached_cap,
)
from core.index.port import CallCount, Outcome, PaidCall, ReachedCap
from core.index.sqlite.connections import Connections


class Calls(Connections):
    """How many paid calls were made, and whether one more may be."""

    def reserve_call(
        self,
        embedder_id: str,
        call: PaidCall,
        most: int | None = None,
        visitor_most: int | None = None,
    ) -> ReachedCap:
        """Count a call as answered before it is made; see `core.index.port.Index.reserve_call`."""
        with self.writing(to_disk=False) as db:
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
        """Add to the counts; see `core.index.port.Index.count_calls`."""
        with self.writing(to_disk=False) as db:
            for (call, outcome), number in changes.items():
                _add(db, embedder_id, call, outcome, number)

    def calls(self, embedder_id: str, first: str, last: str) -> list[CallCount]:
        """The calls from one day to another, both counted in, by day and kind in this order."""
        with self.connection() as db:
            rows = db.execute(
                "SELECT day, kind, count, cached, refused, capped FROM calls "
                "WHERE embedder_id = ? AND day BETWEEN ? AND ? ORDER BY day, kind",
                (embedder_id, first, last),
            ).fetchall()
        return [CallCount(*row) for row in rows]


def _of_the_day(db: sqlite3.Connection, day: str) -> int:
    row = db.execute("SELECT coalesce(sum(count), 0) FROM calls WHERE day = ?", (day,)).fetchone()
    return int(row[0])


def _of_the_visitor(db: sqlite3.Connection, call: PaidCall) -> int:
    row = db.execute(
        "SELECT count FROM visitor_calls WHERE visitor = ? AND day = ?", (call.visitor, call.day)
    ).fetchone()
    return int(row[0]) if row else 0


def _add(
    db: sqlite3.Connection, embedder_id: str, call: PaidCall, outcome: Outcome, number: int
) -> None:
    row = (embedder_id, call.kind, call.day)
    db.execute(
        "INSERT OR IGNORE INTO calls (embedder_id, kind, day, count) VALUES (?, ?, ?, 0)", row
    )
    column = COLUMNS[outcome]
    db.execute(
        f"UPDATE calls SET {column} = max(0, {column} + ?) "
        "WHERE embedder_id = ? AND kind = ? AND day = ?",
        (number, *row),
    )
    if call.visitor and outcome == "answered":
        _add_to_visitor(db, call, number)


def _add_to_visitor(db: sqlite3.Connection, call: PaidCall, number: int) -> None:
    row = (call.visitor, call.day)
    new = db.execute("INSERT OR IGNORE INTO visitor_calls VALUES (?, ?, 0)", row).rowcount
    db.execute(
        "UPDATE visitor_calls SET count = max(0, count + ?) WHERE visitor = ? AND day = ?",
        (number, *row),
    )
    kept: int = db.execute("SELECT count(*) FROM visitor_calls").fetchone()[0] if new else 0
    if kept > VISITORS_KEPT:
        db.execute(
            "DELETE FROM visitor_calls WHERE rowid IN "
            "(SELECT rowid FROM visitor_calls ORDER BY day, rowid LIMIT ?)",
            (kept - VISITORS_KEPT + VISITORS_DROPPED_AT_ONCE,),
        )
