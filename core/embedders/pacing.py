"""How fast a service may be called: one limiter for all workers, which finds the limit by itself.

`Pace` is arithmetic on times handed in, so it can be tried against any gateway in virtual time;
`Limiter` puts threads, a queue and a real clock around it.
"""

from __future__ import annotations

import bisect
import itertools
import math
import threading
import time
from collections import deque
from dataclasses import dataclass

from core.embedders.base import Call, DeadlinePassed

# The smallest per-second limit published for a paid resource; a free one allows 20 calls a minute,
# and so the first two seconds cannot harm either.
START_PER_SECOND = 10.0
# Reaches every published limit (10 to 50 a second) within two seconds, and passes it by a few calls
# only: what is in flight until the first refusal is heard.
RAMP_PER_SECOND = 30.0
# Just under: twenty evenly spaced calls then take 1.02 s, which leaves 20 ms for jitter.
MARGIN = 0.98
# Never the same rate again: a refusal takes at least this much off.
STEP_DOWN = 0.97
# How long the limits are that gateways count by, in seconds. Retry-After tells which it is.
WINDOWS = (1.0, 10.0, 60.0)
# Longest pause: the longest window. A gateway that asks for more (a quota) is asked again.
PAUSE_CAP = 60.0
# The first look above a found limit costs a second of waiting if it fails, so it is a percent of a
# minute and a half; every failure doubles the time to the next.
PROBE_SECONDS = 90.0
PROBE_STEP = 1.05
PROBE_CAP = 3600.0
# A worker that wakes late may catch up this much; more would bunch calls and break a window.
CATCH_UP = 0.01
# Slow enough for a service that allows one call a minute.
SLOWEST = 1 / 60


class Pace:
    """When the next call may leave, in seconds on any one clock. Not safe for threads by itself.

    told: calls per second that the person set; never exceeded, but a refusal still slows it.
    """

    def __init__(self, told: float | None = None) -> None:
        self._told = told
        self._rate = told or START_PER_SECOND
        self._ramping = told is None
        self._limit = math.inf if told is None else told  # what is believed, calls per second
        self._window = WINDOWS[0]
        self._started: float | None = None
        self._next_at = -math.inf
        self._last_at = -math.inf
        self._resumed_at = -math.inf
        self._resume_at = -math.inf
        self._refusal: float | None = None  # when the first refused call of this pause had left
        self._asked_pause = 0.0
        self._refusals: deque[float] = deque(maxlen=4)
        self._surprises = 0  # refusals under the believed limit, one after the other
        self._in_vain = 0  # pauses after which nothing at all was accepted
        self._probing = False
        self._probe_after = PROBE_SECONDS
        self._probe_step = PROBE_STEP
        self._held = 0.0  # seconds at this rate, with calls waiting all the while
        self._sends: deque[float] = deque()  # accepted, or not yet answered; ascending
        self._accepted = False  # anything, since the last pause

    @property
    def rate(self) -> float:
        """Calls per second at present."""
        return self._rate

    @property
    def resume_at(self) -> float:
        """Until then nothing leaves."""
        return self._resume_at

    def delay(self, now: float) -> float:
        """Seconds until the next call may leave; 0 if it may leave now."""
        return max(0.0, self._resume_at - now, self._next_at - now)

    def leave(self, now: float) -> None:
        """A call leaves: its name from here on is `now`."""
        if self._refusal is not None and now >= self._resume_at:
            self._settle(now)
        if self._started is None:
            self._started = now
        limited = now - self._next_at < max(0.05, 0.5 / self._rate)
        if limited:
            self._grow(now - self._last_at)
        self._next_at = max(self._next_at, now - CATCH_UP) + 1 / self._rate
        self._last_at = now
        self._sends.append(now)
        while self._sends and self._sends[0] < now - 2 * WINDOWS[-1]:
            self._sends.popleft()

    def accepted(self, left: float) -> None:
        """The call that left then was not refused for the rate."""
        if left >= self._resumed_at:
            self._accepted = True
            self._in_vain = 0

    def refused(self, left: float, now: float, retry_after: float | None) -> float:
        """The call that left then was refused for the rate -> seconds until it may try again."""
        if left in self._sends:
            self._sends.remove(left)
        if retry_after is None:
            retry_after = min(PAUSE_CAP, 2.0 ** min(self._in_vain, 8))
        pause = min(retry_after, PAUSE_CAP)
        if left >= self._resumed_at:  # not one more of those that were in flight at a refusal
            self._refusal = left if self._refusal is None else min(left, self._refusal)
            self._asked_pause = max(self._asked_pause, retry_after)
            self._resume_at = max(self._resume_at, now + pause)
        return pause

    def hold(self, until: float) -> None:
        """Nothing leaves before then (the service is overloaded and said so)."""
        self._resume_at = max(self._resume_at, until)

    def _grow(self, seconds: float) -> None:
        if self._ramping:
            self._rate += RAMP_PER_SECOND * min(seconds, 0.2)
            return
        ceiling = self._told or math.inf
        self._held += min(seconds, self._window)
        if self._probing:
            if self._held >= 3 * self._window:  # it holds: this is the limit known by now
                self._limit, self._held = self._rate, 0.0
                self._rate = min(ceiling, self._rate * self._probe_step)
                self._probe_after = max(PROBE_SECONDS, self._probe_after / 2)
        elif self._held >= self._probe_after and self._rate < ceiling:
            self._probing, self._held, self._surprises = True, 0.0, 0
            self._rate = min(ceiling, self._rate * self._probe_step)

    def _settle(self, now: float) -> None:
        """The pause is over and all its calls are answered: what do the refusals say?"""
        refusal, self._refusal = self._refusal, None
        assert refusal is not None
        pause, self._asked_pause = self._asked_pause, 0.0
        rate = self._rate
        self._next_at = now
        was_accepted, self._accepted = self._accepted, False
        self._resumed_at, self._held = now, 0.0
        was_probing, self._probing = self._probing, False
        if not was_accepted:
            # Nothing at all came through: this says nothing about the rate, so start over gently.
            self._in_vain += 1
            self._rate = max(SLOWEST, self._rate / 2)
            self._ramping = self._told is None
            return
        self._refusals.append(refusal)
        self._window = next((w for w in WINDOWS if pause <= w), WINDOWS[-1])
        counted = self._count(refusal - self._window, refusal) / self._window
        if self._ramping or (self._told is not None and self._limit == self._told):
            self._ramping = False
            self._limit = min(counted, rate) * MARGIN
            if self._window > 2 * (refusal - (self._started or refusal)):
                # Calls of an earlier run may have used part of this window: look again soon.
                self._probe_after, self._probe_step = self._window, 1.5
        elif was_probing:
            self._probe_after = min(PROBE_CAP, self._probe_after * 2)
            if self._probe_step > PROBE_STEP:
                self._limit = max(self._limit, min(counted, rate) * MARGIN)
                self._probe_step = PROBE_STEP
        else:
            self._surprises += 1
            explained = self._explain()
            self._limit = min(self._limit * STEP_DOWN, explained * MARGIN)
        self._limit = max(SLOWEST, self._limit)
        self._rate = self._limit

    def _count(self, start: float, end: float) -> int:
        sends = list(self._sends)
        return bisect.bisect_left(sends, end) - bisect.bisect_left(sends, start)

    def _explain(self) -> float:
        """Calls per second that account for refusals below the rate that a sliding window allows.

        One such refusal: the gateway counts in fixed windows, and the first count spanned two of
        them; find where they begin. Several: it has a bucket that had been full; then what went
        through between two refusals is the rate at which it is filled.
        """
        before, last = self._refusals[-2] if len(self._refusals) > 1 else None, self._refusals[-1]
        if before is None:
            return math.inf
        if self._surprises == 1:
            window = self._window

            def counts(phase: float) -> list[int]:
                return [self._count(e - (e - phase) % window, e) for e in (before, last)]

            grid = [last - window * k / 50 for k in range(50)]
            best = min(grid, key=lambda p: (abs(counts(p)[0] - counts(p)[1]), -sum(counts(p))))
            return max(counts(best)) / window
        if self._surprises == 2:
            return self._count(before, last) / (last - before)
        return math.inf


@dataclass(order=True, frozen=True)
class _Ticket:
    rank: int  # 0: a person waits; 1: the job
    number: int


class Limiter:
    """Lets calls go one by one, at the pace of one service, for every thread that shares it."""

    # Waiters look up at least this often (seconds), so that a changed pace reaches all of them.
    LOOK_UP = 0.25

    def __init__(self, told: float | None = None) -> None:
        self._lock = threading.Lock()
        self._pace = Pace(told)
        self._queue: list[_Ticket] = []
        self._numbers = itertools.count()

    @property
    def rate(self) -> float:
        """Calls per second at present."""
        with self._lock:
            return self._pace.rate

    def take(self, call: Call) -> float:
        """Wait for this call's turn -> the time it left (`time.monotonic()`), to report back.

        A person's call goes before the job's. Raises Cancelled; DeadlinePassed at once if the
        service has asked for a pause that is longer than the call may last.
        """
        ticket = _Ticket(0 if call.interactive else 1, next(self._numbers))
        with self._lock:
            bisect.insort(self._queue, ticket)
        try:
            while True:
                call.check()
                with self._lock:
                    now = time.monotonic()
                    delay = self._pace.delay(now)
                    place = self._queue.index(ticket)
                    if place == 0 and delay <= 0:
                        self._pace.leave(now)
                        return now
                    pause = self._pace.resume_at - now
                    delay += place / self._pace.rate
                if pause > call.remaining():
                    raise DeadlinePassed(
                        "The limit of calls is reached; the service takes the next one in "
                        f"{seconds_in_words(pause)}. Please try again then."
                    )
                call.wait(min(max(delay, 0.001), self.LOOK_UP))
        finally:
            with self._lock:
                self._queue.remove(ticket)

    def accepted(self, left: float) -> None:
        """The call that left at that time was answered, with anything but "too many"."""
        with self._lock:
            self._pace.accepted(left)

    def refused(self, left: float, retry_after: float | None) -> float:
        """The call that left at that time was one too many -> seconds until it may try again."""
        with self._lock:
            return self._pace.refused(left, time.monotonic(), retry_after)

    def hold(self, seconds: float) -> None:
        """Let nothing go for so long, at most PAUSE_CAP."""
        with self._lock:
            self._pace.hold(time.monotonic() + min(seconds, PAUSE_CAP))


def seconds_in_words(seconds: float) -> str:
    """40 -> "40 seconds", 186688 -> "2 days"; rounded up to what a person would say."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            count = round(seconds / size)
            return f"{count} {name}" + ("s" if count != 1 else "")
    count = max(1, math.ceil(seconds))
    return f"{count} second" + ("s" if count != 1 else "")
