"""How fast a service may be called: one limiter for all workers, which finds the limit by itself.

`Pace` is arithmetic on times handed in, so it can be tried against any gateway in virtual time;
`Limiter` puts threads, a queue and a real clock around it.

The law is additive increase and multiplicative decrease, as TCP has refined it. Calls leave evenly
spaced, just under the limit: the most calls a second that have been seen to pass. Every few
windows, less often after each failure, a window is tried with a little more; what passes is the new
limit, and the next window tries twice the step (slowly at first, then faster, as in the convex
region of CUBIC, RFC 9438, section 4.5). A refused call lowers the pace, by more the larger the
share of refused calls in its window (DCTCP, RFC 8257, section 3.3), at most once a window, and the
pace then returns towards the limit (RFC 9438, section 4.4). Refusals that come though the window is
not full say nothing about the pace: their share is measured, and as many are excused. After a pause
one call is in flight, and more with each one that passes (slow start, RFC 5681, section 3.1). The
numbers below are this project's, tried with `python -m benchmarks.pacing`.
"""

from __future__ import annotations

import bisect
import itertools
import math
import threading
import time
from dataclasses import dataclass

from core.deadline import Deadline
from core.errors import DeadlinePassed

# Calls a second: the smallest limit published for a paid resource.
START_PER_SECOND = 10.0
# The free tier allows so many calls a minute. The call after them therefore leaves when all have
# been answered, and alone: if it is one too many, it is the only one.
START_CALLS = 20
# The periods that gateways count by, in seconds. Retry-After of more than 1 tells the longer one.
# Where nothing is told, refusals that outlast several guesses do.
SECOND, MINUTE, GUESSES = 1.0, 60.0, 8.0
# Just under the limit: twenty evenly spaced calls then take 1.02 s, so 20 ms of jitter do no harm.
CRUISE = 0.98
# A worker that wakes late may catch up this much (seconds); more would bunch calls in a window.
CATCH_UP = 0.02
# A probe adds at least so many calls to a window, because a fraction of one would show nothing, and
# this share of the limit. The largest step, that of the start too, is half as much again.
PROBE_CALLS, PROBE_SHARE, PROBE_MOST = 1.2, 0.05, 0.5
# Windows until the next probe. After a change it may soon change again; but each failed probe costs
# a refused call, so the wait doubles with each, up to the second number.
PROBE_SOON, PROBE_LATE = 2, 8
# At low rates a round of observation lasts for at least so many calls. Only a round in which calls
# used this share of the pace has tried it.
ROUND_CALLS, USED = 4, 0.85
# Each quiet round closes this part of the gap between the pace and the limit.
RETURN_PART = 1 / 3
# A refused share F takes F x (LIGHT + HEAVY x F) off the pace, at most F: a lone refusal may be an
# accident, but where many calls are refused, as much is taken off as did not pass.
LIGHT, HEAVY = 0.4, 3.0
# After a fall to less than this share, the limit itself has changed, and is not returned to.
FALL = 0.75
# A window with fewer accepted calls than this share of the limit is not full.
FULL = 0.9
# The share refused whatever the pace: averaged over about so many calls; over more of them while
# windows are full; and never believed to be higher than this.
NOISE_CALLS, NOISE_CALLS_FULL, NOISE_MOST = 80, 900, 0.06
# Refusals come irregularly, so somewhat more than their share is excused, a few at a time.
EXCUSED, EXCUSED_MOST = 1.4, 4.0
# So many refused calls in a row are no accident: everybody waits for as long as the service asks.
IN_A_ROW = 4
# Each call that passes after a pause lets half a call more be in flight. Whether one has landed is
# looked at so often (seconds); after so many seconds its answer may have been lost.
IN_FLIGHT_STEP, IN_FLIGHT_LOOK_UP, IN_FLIGHT_LONGEST = 0.5, 0.02, 5.0
# Longest pause: the longest window. A gateway that asks for more (a quota) is asked again.
PAUSE_CAP = 60.0
# Times that are kept: a minute of more calls than any published limit allows.
KEPT = 4000


class Pace:
    """When the next call may leave, in seconds on any one clock. Not safe for threads by itself.

    told: calls per second that the person set; never exceeded, but a refusal still slows it.
    """

    def __init__(self, told: float | None = None) -> None:
        self._told = math.inf if told is None else told
        self._rate = START_PER_SECOND if told is None else told
        self._limit = self._rate if told is None else told / CRUISE
        self._limit_found = told is not None
        self._window = SECOND
        self._resume_at = self._next_at = -math.inf
        # Times at which calls left, ascending.
        self._passed: list[float] = []  # accepted, or not yet answered
        self._refused: list[float] = []
        self._in_flight: list[float] = []
        self._in_flight_most = math.inf
        self._in_flight_since = -math.inf  # calls that left earlier say nothing about it
        self._calls = 0
        # A round: calls that left at one pace.
        self._round_began = -math.inf
        self._round_passed = self._round_refused = 0
        self._settled_at = -math.inf  # refusals of calls that left earlier have been acted upon
        self._probing = told is None
        self._step = PROBE_MOST
        self._rounds = 0  # since the last probe
        self._probe_after = PROBE_SOON
        self._noise = 0.0  # share of calls that is refused whatever the pace
        self._excuses = 0.0
        self._in_a_row = 0

    @property
    def rate(self) -> float:
        """Calls per second at present."""
        return self._rate

    @property
    def limit(self) -> float | None:
        """The calls per second that the service takes, as told or found; None while unknown."""
        if math.isfinite(self._told):
            return self._told
        return self._limit if self._limit_found else None

    @property
    def resume_at(self) -> float:
        """Until then nothing leaves."""
        return self._resume_at

    def delay(self, now: float) -> float:
        """Seconds until the next call may leave, or until it is worth asking again; else 0."""
        while self._in_flight and self._in_flight[0] < now - IN_FLIGHT_LONGEST:
            self._in_flight.pop(0)
        busy = len(self._in_flight) > self._in_flight_most - 1
        return max(IN_FLIGHT_LOOK_UP * busy, self._resume_at - now, self._next_at - now)

    def leave(self, now: float) -> None:
        """A call leaves: `now` is its name from here on."""
        self._next_at = max(self._next_at, now - CATCH_UP) + 1 / self._rate
        self._passed.append(now)
        self._in_flight.append(now)
        for times in (self._passed, self._refused):
            del times[:-KEPT]
        self._calls += 1
        self._round_began = max(self._round_began, self._passed[0])
        if self._calls == START_CALLS:
            self._in_flight_most, self._in_flight_since = 1, math.nextafter(now, math.inf)

    def accepted(self, left: float) -> None:
        """The call that left then was not refused for the rate."""
        self._in_flight = [other for other in self._in_flight if other != left]
        self._in_a_row = 0
        if left >= self._in_flight_since:
            self._in_flight_most += IN_FLIGHT_STEP
        more = self._excuses + EXCUSED * self._noise
        self._excuses = min(more, EXCUSED_MOST * self._noise / NOISE_MOST)
        if left >= self._settled_at:
            self._noise *= 1 - 1 / (NOISE_CALLS_FULL if self._is_full(left) else NOISE_CALLS)
        if left < self._round_began:
            return
        self._round_passed += 1
        seconds = left - self._round_began
        if seconds >= self._span:
            self._end_round(left, self._round_passed / seconds)

    def refused(self, left: float, now: float, retry_after: float | None) -> float:
        """The call that left then was one too many -> seconds until it may try again.

        retry_after: as the service said, in seconds; None if it said nothing.
        """
        self._in_flight = [other for other in self._in_flight if other != left]
        if left in self._passed:
            self._passed.remove(left)
        bisect.insort(self._refused, left)
        self._in_a_row += 1
        longest = SECOND if retry_after is not None else GUESSES
        if retry_after is None:  # twice as long after every refusal in vain
            retry_after = 2.0 ** min(max(0, self._in_a_row - IN_A_ROW), 8)
        pause, counts_seconds = min(retry_after, PAUSE_CAP), retry_after <= longest
        if not counts_seconds:
            self._window = MINUTE
        if self._in_flight_most == 1 or not counts_seconds or self._in_a_row >= IN_A_ROW:
            self._resume_at = self._in_flight_since = max(self._resume_at, now + pause)
            self._in_flight_most = 1
            if counts_seconds:  # what comes after the pause is new evidence
                self._settled_at = min(self._settled_at, self._resume_at)
        speed = self._speed(left)
        if 2 < self._in_a_row <= IN_A_ROW and speed and counts_seconds:
            # Nothing passes any more: the window is full, and what it holds is the limit.
            self._limit = min(self._limit, speed)
            self._rate = min(self._rate, self._limit * CRUISE)
        if left < self._settled_at or not speed:
            return pause
        self._round_refused += 1
        if counts_seconds:
            if not self._is_full(left):
                self._noise = min(NOISE_MOST, self._noise + (1 - self._noise) / NOISE_CALLS)
            if self._excuses >= 1:
                self._excuses -= 1
                return pause
        self._lower(left, now, speed)
        self._settled_at = now + self._window if counts_seconds else self._resume_at
        self._next_at = max(self._next_at, now)
        return pause

    def hold(self, until: float) -> None:
        """Nothing leaves before then: the service is overloaded and said so."""
        self._resume_at = max(self._resume_at, until)

    def _end_round(self, now: float, speed: float) -> None:
        """Calls have passed for a window, at this speed (calls per second): raise the pace?"""
        if not self._probing:
            self._rounds += speed > USED * self._rate
            if self._rounds >= self._probe_after and self._rate < self._told:
                self._probe(now)
            else:
                self._go(now, self._rate + (self._limit * CRUISE - self._rate) * RETURN_PART)
        elif speed / (1 - self._noise) >= (self._limit + self._rate) / 2:
            self._limit = max(self._limit, min(speed, self._rate))
            self._step, self._probe_after = self._step * 2, PROBE_SOON
            self._probe(now)
        elif self._round_refused:
            self._step = PROBE_SHARE
            self._go(now, self._limit * CRUISE)
        else:
            self._go(now, self._rate, probing=True)

    def _lower(self, left: float, now: float, speed: float) -> None:
        """A refusal speaks against the pace: lower it."""
        if self._probing:
            self._probe_after = min(PROBE_LATE, self._probe_after * 2)
            least = self._limit if self._limit_found else 0.0
            self._limit = min(self._rate, max(speed, least))
            if self._window == MINUTE and not self._limit_found:
                self._limit = min(self._limit, START_CALLS / MINUTE)
            rate = self._limit * CRUISE
        else:
            refused = len(self._refused) - bisect.bisect(self._refused, left - self._span)
            share = max(0.0, refused / (refused + self._count(left)) - self._noise)
            rate = self._rate * (1 - share * min(1.0, LIGHT + HEAVY * share))
            if left < self._resume_at + 2 * self._window:
                rate = min(rate, speed)
            self._limit = min(self._limit, self._rate)
            if rate < FALL * self._limit or self._window == MINUTE:
                self._limit, rate = rate, rate * CRUISE
                self._probe_after, self._rounds, self._noise = PROBE_SOON, 0, 0.0
        self._limit, self._limit_found = max(1 / self._window, self._limit), True
        self._step = PROBE_SHARE
        self._go(now, rate)

    def _probe(self, now: float) -> None:
        least = PROBE_CALLS / (self._limit * self._window)
        self._step = min(PROBE_MOST, max(self._step, least))
        self._rounds = 0
        self._go(now, self._limit * (1 + self._step), probing=True)

    def _go(self, now: float, rate: float, probing: bool = False) -> None:
        """Begin a round at this pace."""
        self._rate = min(self._told, max(1 / self._window, rate))  # no window allows less than 1
        self._probing = probing
        self._round_began, self._round_passed, self._round_refused = now, 0, 0

    @property
    def _span(self) -> float:
        """Seconds that are looked at together: a window, or longer for the sake of a few calls."""
        return max(self._window, ROUND_CALLS / self._rate)

    def _count(self, left: float) -> int:
        """Calls that passed in the span before that time."""
        begin = bisect.bisect_left(self._passed, left - self._span)
        return bisect.bisect_left(self._passed, left) - begin

    def _speed(self, left: float) -> float:
        """Calls per second that passed before that refused call; 0 if none did since the last."""
        passed, seconds = self._count(left), self._span
        if passed <= 1 and left < self._resume_at + 2 * self._window:
            before = self._refused[-2] if len(self._refused) > 1 else -math.inf
            passed = bisect.bisect_left(self._passed, left) - bisect.bisect(self._passed, before)
            seconds = max(seconds, left - before)
        elif self._calls <= START_CALLS and self._window == SECOND:  # no window is over yet
            return self._rate
        return passed / seconds

    def _is_full(self, left: float) -> bool:
        """Whether as many calls passed in the window before that time as are known to."""
        return self._count(left) >= FULL * self._limit * self._span


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

    @property
    def limit(self) -> float | None:
        """The calls per second that the service takes, as told or found; None while unknown."""
        with self._lock:
            return self._pace.limit

    def take(self, deadline: Deadline) -> float:
        """Wait for this call's turn -> the time it left (`time.monotonic()`), to report back.

        A person's call goes before the job's. Raises Cancelled; DeadlinePassed at once if the
        service has asked for a pause that is longer than the call may last.
        """
        ticket = _Ticket(0 if deadline.interactive else 1, next(self._numbers))
        with self._lock:
            bisect.insort(self._queue, ticket)
        try:
            while True:
                deadline.check()
                with self._lock:
                    now = time.monotonic()
                    delay = self._pace.delay(now)
                    place = self._queue.index(ticket)
                    if place == 0 and delay <= 0:
                        self._pace.leave(now)
                        return now
                    pause = self._pace.resume_at - now
                    delay += place / self._pace.rate
                if pause > deadline.remaining():
                    raise DeadlinePassed(
                        "The service has asked for a pause: it takes the next call in "
                        f"{seconds_in_words(pause)}. Please try again then."
                    )
                deadline.wait(min(max(delay, 0.001), self.LOOK_UP))
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
