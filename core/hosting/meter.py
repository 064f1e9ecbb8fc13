"""The meter: every paid call is counted before it is made, and held to the caps."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from core.errors import CapReached, EmbedderRefused, IndexUnavailable
from core.hosting.caps import Caps, LastMinute, day_is_over, minute_is_full, utc_day
from core.hosting.usage import Usage, span, sum_up
from core.index import Index, Outcome, PaidCall, ReachedCap

log = logging.getLogger(__name__)

# A page asks for the same again each time it is drawn; so many questions are remembered, each with
# who asked it, so that it is counted once. Some 200 bytes each.
REMEMBERED = 10_000


class CallMeter:
    """Counts the paid calls of one embedder. Safe to use from many threads and processes.

    A call is reserved before it is made: counted in the index as answered, in one step with the
    look at the caps. So no number of callers at once exceeds a cap, and a kill loses no call. One
    that is not charged is released. What may wait for a moment (releases, answers from the cache)
    is written by a thread of its own, so that an answer that is kept waits for nothing.

    visitor: names who is asking on this thread, "" for nobody. now: seconds since 1970. clock:
    seconds that only grow. beside: the meter of another embedder, whose calls count for the same
    minute of a visitor.
    """

    def __init__(
        self,
        index: Index,
        embedder_id: Callable[[], str],
        caps: Caps,
        visitor: Callable[[], str],
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        beside: CallMeter | None = None,
    ) -> None:
        self._index = index
        self._embedder_id = embedder_id
        self._caps = caps
        self._visitor = visitor
        self._now = now
        self._last_minute: LastMinute = (
            beside._last_minute if beside else LastMinute(caps.visitor_per_minute, clock)
        )
        self._asked: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        # Guards the two that follow.
        self._guard = threading.Lock()
        self._unwritten: Counter[tuple[PaidCall, Outcome]] = Counter()
        self._writer: threading.Thread | None = None
        self._writing = threading.Lock()

    def reserve(self, kind: str) -> Reservation:
        """Count a call of a kind ("image", "text", "link") that is about to be made.

        Raises CapReached, or EmbedderRefused where there is a cap and the call cannot be counted.
        """
        now = self._now()
        call = PaidCall(kind, utc_day(now), self._visitor())
        if wait := self._last_minute.take(call.visitor):
            self._count_soon(call, "capped", 1)
            raise CapReached(minute_is_full(self._caps.visitor_per_minute or 0, wait))
        reached: ReachedCap = ""
        try:
            reached = self._reserve(call)
        except IndexUnavailable as error:
            if self._caps.any:
                self._last_minute.give_back(call.visitor)
                raise EmbedderRefused(
                    f"{error} Until then no call is made, because none could be counted."
                ) from error
            log.warning("A call is counted later: %s", error)
            self._count_soon(call, "answered", 1)
        if reached:
            self._last_minute.give_back(call.visitor)
            self._count_soon(call, "capped", 1)
            raise CapReached(day_is_over(self._caps, reached, now))
        return Reservation(self, call)

    def _reserve(self, call: PaidCall) -> ReachedCap:
        if self._caps.any:
            self._write()  # what was released may be what is missing
        return self._index.reserve_call(
            self._embedder_id(), call, self._caps.per_day, self._caps.visitor_per_day
        )

    def release(self, call: PaidCall, refused: bool) -> None:
        """Take a reserved call back; for `Reservation`."""
        self._last_minute.give_back(call.visitor)
        self._count_soon(call, "answered", -1)
        if refused:
            self._count_soon(call, "refused", 1)

    def heard(self, kind: str, key: str, kept: bool) -> None:
        """Somebody asked for a vector and has it. kept: without a call.

        Counted once for each visitor: the same is asked for whenever a page is drawn anew.
        """
        asked = (self._visitor(), kind, key)
        with self._guard:
            known = asked in self._asked
            self._asked[asked] = None
            self._asked.move_to_end(asked)
            if len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)
        if kept and not known:
            self._count_soon(PaidCall(kind, utc_day(self._now())), "cached", 1)

    def usage(self) -> Usage:
        """What was used, up to now. Raises IndexUnavailable."""
        self.flush()
        today = utc_day(self._now())
        return sum_up(self._index.calls(self._embedder_id(), *span(today)), today)

    def flush(self) -> bool:
        """Write what is not written yet; False where that is not possible now: it is kept."""
        try:
            self._write()
            return True
        except IndexUnavailable as error:
            log.warning("The calls cannot be counted now: %s", error)
            return False

    def _count_soon(self, call: PaidCall, outcome: Outcome, number: int) -> None:
        with self._guard:
            self._unwritten[call, outcome] += number
            if self._writer is None:
                self._writer = threading.Thread(
                    target=self._write_soon, name="call meter", daemon=True
                )
                self._writer.start()

    def _write_soon(self) -> None:
        while True:
            written = self.flush()
            with self._guard:
                # What could not be written waits for the next count, or for the end.
                if not written or not self._unwritten:
                    self._writer = None
                    return

    def _write(self) -> None:
        # Whoever reads the counts afterwards must not overtake a write that is under way.
        with self._writing:
            with self._guard:
                changes, self._unwritten = self._unwritten, Counter()
            if not changes:
                return
            try:
                self._index.count_calls(self._embedder_id(), changes)
            except IndexUnavailable:
                with self._guard:
                    self._unwritten.update(changes)
                raise


class Reservation:
    """A call that was counted before it is made. What is said of it first holds."""

    def __init__(self, meter: CallMeter, call: PaidCall) -> None:
        self._meter = meter
        self._call = call
        self._open = threading.Lock()

    def settle(self) -> None:
        """The service answered, and charges for it: the count stands."""
        self._open.acquire(blocking=False)

    def release(self, *, refused: bool = False) -> None:
        """It is not charged for. refused: the service said so."""
        if self._open.acquire(blocking=False):
            self._meter.release(self._call, refused)
