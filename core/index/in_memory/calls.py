"""Paid calls counted in this process alone, for an index that cannot be written to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from core.index.call_counts import reached_cap
from core.index.port import CallCount, Outcome, PaidCall, ReachedCap


class CallsInMemory:
    """Keeps what `core.index.port.Index` promises of calls until the process ends."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts: Counter[tuple[str, str, str, Outcome]] = Counter()
        self._of_visitors: Counter[tuple[str, str]] = Counter()

    def reserve_call(
        self,
        embedder_id: str,
        call: PaidCall,
        most: int | None = None,
        visitor_most: int | None = None,
    ) -> ReachedCap:
        with self._guard:
            reached = reached_cap(
                call,
                most,
                visitor_most,
                lambda: self._of_the_day(call.day),
                lambda: self._of_visitors[call.visitor, call.day],
            )
            if not reached:
                self._add(embedder_id, call, "answered", 1)
        return reached

    def count_calls(
        self, embedder_id: str, changes: Mapping[tuple[PaidCall, Outcome], int]
    ) -> None:
        with self._guard:
            for (call, outcome), number in changes.items():
                self._add(embedder_id, call, outcome, number)

    def calls(self, embedder_id: str, first: str, last: str) -> list[CallCount]:
        found: dict[tuple[str, str], Counter[Outcome]] = {}
        with self._guard:
            for (embedder, day, kind, outcome), number in self._counts.items():
                if embedder == embedder_id and first <= day <= last:
                    found.setdefault((day, kind), Counter())[outcome] = number
        return [
            CallCount(day, kind, of["answered"], of["cached"], of["refused"], of["capped"])
            for (day, kind), of in sorted(found.items(), key=lambda item: item[0])
        ]

    def _of_the_day(self, day: str) -> int:
        return sum(
            number
            for (_, counted, _, outcome), number in self._counts.items()
            if counted == day and outcome == "answered"
        )

    def _add(self, embedder_id: str, call: PaidCall, outcome: Outcome, number: int) -> None:
        key = (embedder_id, call.day, call.kind, outcome)
        self._counts[key] = max(0, self._counts[key] + number)
        if call.visitor and outcome == "answered":
            by = (call.visitor, call.day)
            self._of_visitors[by] = max(0, self._of_visitors[by] + number)
