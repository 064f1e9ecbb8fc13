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

from core.deadline import Deadline
from core.errors import DeadlinePassed

# The smallest per-second limit published for a paid resource; a free one allows 20 calls a minute,
# and so the first second cannot harm either.
START_PER_SECOND = 10.0
# Faster by this much every second: reaches every published limit (10 to 50 a second) within two
# seconds, and passes it only by what is in flight until the first refusal is heard.
RAMP_PER_SECOND = 30.0
# Just under the limit: twenty evenly spaced calls then take 1.02 s, so 20 ms of jitter do no harm.
MARGIN = 0.98
# A rate that was refused is never tried again as it was.
STEP_DOWN = 0.97
# But a pace that had held, and met with a refusal because calls bunched on their way, takes only
# this step, and calls go on at this share: such refusals are few, and stopping for them costs more.
JITTER_STEP_DOWN = 0.985
JITTER_EASE_SHARE = 0.8
# What one refusal may take off a rate that had been found: the guess may be wrong.
MOST_DOWN = 0.8
# The periods that gateways count by, in seconds. Retry-After tells which it is.
WINDOWS = (1.0, 10.0, 60.0)
# A gateway that counts by the second can say no less than "1": the refused call waits for it, the
# others go on at a part of the pace. Whoever says more than that is not called at all until then.
EASE_SECONDS = 1.0
EASE_SHARE = 0.5
RAMP_EASE_SHARE = 0.25
# Longest pause: the longest window. A gateway that asks for more (a quota) is asked again.
PAUSE_CAP = 60.0
# Looking above a limit that was found costs half a second if it fails; so at first once in this
# many seconds, half as often after every failure, and at least once an hour.
PROBE_SECONDS = 60.0
PROBE_LONGEST = 3600.0
PROBE_STEP = 1.05
# Sooner, as long as there is room between the pace and what was refused: after so many windows.
PROBE_WINDOWS = 7
ROOM = 1.01
# How much room is assumed once a pace has held that had been too fast before; twice as much, up to
# the pace itself, each time that it proves true.
FOLLOW = 0.1
# And if the first count may have missed calls of an earlier run, in larger steps.
UNSURE_STEP = 1.5
# A pace has held if nothing was refused for so many windows.
HELD_WINDOWS = 3
# A worker that wakes late may catch up this much; more would bunch calls and break a window.
CATCH_UP = 0.01
# Slow enough for a service that allows one call a minute.
SLOWEST = 1 / 60


class Pace:
    """When the next call may leave, in seconds on any one clock. Not safe for threads by itself.

    Calls leave evenly spaced, which satisfies every kind of window. Untold, the pace rises until
    the first refusal; the calls counted in the window before it are the limit, and the pace then
    stays just under. Refusals below that pace correct the count; now and then, rarer with every
    failure, it looks whether more goes through.

    told: calls per second that the person set; never exceeded, but a refusal still slows it.
    """

    def __init__(self, told: float | None = None) -> None:
        self._told = math.inf if told is None else told
        self._rate = START_PER_SECOND if told is None else told
        self._ramping = told is None
        self._limit = self._rate  # believed, once the ramp is over; calls per second
        self._refused_rate = self._rate / STEP_DOWN  # the lowest known to be too fast
        self._window = WINDOWS[0]
        self._sends: deque[float] = deque()  # accepted, or not yet answered; ascending
        self._refusals: deque[float] = deque(maxlen=4)
        self._started: float | None = None
        self._last_at = -math.inf
        self._next_at = -math.inf
        # One refusal, with all that follow from calls that had left before it was heard:
        self._refusal: float | None = None  # when the first refused call had left
        self._asked_for = 0.0  # seconds
        self._share = 1.0  # of the pace, at which calls still leave meanwhile
        self._eased_at = -math.inf
        self._ease_until = -math.inf
        self._resume_at = -math.inf
        self._settled_at = -math.inf  # when the one before was over
        self._any_accepted = False  # since then
        self._in_vain = 0  # refusals one after the other with nothing accepted between
        self._established = False  # the limit has held for some windows
        self._probing = False
        self._probe_seconds = PROBE_SECONDS
        self._follow = FOLLOW
        self._held = 0.0  # seconds at this rate, with calls waiting all the while

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
        """A call leaves: `now` is its name from here on."""
        if self._started is None:
            self._started = now
        if self._refusal is not None and now >= self._ease_until:
            self._settle(self._refusal, now)
        # Only a pace that calls had to wait for has been tried at all.
        waited = now - self._next_at < max(0.05, 0.5 / self._rate)
        if self._refusal is None and waited:
            self._rise(now - self._last_at)
        self._next_at = max(self._next_at, now - CATCH_UP) + self._interval()
        self._last_at = now
        self._sends.append(now)
        while self._sends[0] < now - 2 * WINDOWS[-1]:
            self._sends.popleft()

    def accepted(self, left: float) -> None:
        """The call that left then was not refused for the rate."""
        if left >= self._settled_at:
            self._any_accepted = True
            self._in_vain = 0

    def refused(self, left: float, now: float, retry_after: float | None) -> float:
        """The call that left then was one too many -> seconds until it may try again."""
        if left in self._sends:
            self._sends.remove(left)
        if retry_after is None:  # said nothing: twice as long after every refusal in vain
            retry_after = 2.0 ** min(self._in_vain, 8)
        pause = min(retry_after, PAUSE_CAP)
        if left < self._settled_at:  # belongs to a refusal that has been dealt with
            return pause
        if self._refusal is None:
            self._share = EASE_SHARE
            if self._ramping:
                self._share = RAMP_EASE_SHARE
            elif self._established and not self._probing:
                self._share = JITTER_EASE_SHARE
            self._eased_at = now
        elif left > self._eased_at and self._share > EASE_SHARE:  # not a matter of jitter
            self._share = EASE_SHARE
        elif left > self._eased_at + EASE_SECONDS:  # still too fast
            self._share /= 2
            self._eased_at = now
        self._refusal = left if self._refusal is None else min(left, self._refusal)
        self._asked_for = max(self._asked_for, retry_after)
        self._ease_until = max(self._ease_until, now + pause)
        self._next_at = max(self._next_at, self._last_at + self._interval())
        if pause > EASE_SECONDS or self._in_vain:
            self._resume_at = max(self._resume_at, now + pause)
        return pause

    def hold(self, until: float) -> None:
        """Nothing leaves before then: the service is overloaded and said so."""
        self._resume_at = max(self._resume_at, until)

    def _interval(self) -> float:
        return 1 / (self._rate if self._refusal is None else self._rate * self._share)

    def _rise(self, seconds: float) -> None:
        """This pace has been made use of for so many seconds more."""
        if self._ramping:
            self._rate += RAMP_PER_SECOND * min(seconds, 0.2)
            return
        self._held += min(seconds, self._window)
        self._established |= self._held >= HELD_WINDOWS * self._window
        if self._probing and self._held >= HELD_WINDOWS * self._window:
            self._probing, self._held, self._limit = False, 0.0, self._rate
            if self._limit >= self._refused_rate * STEP_DOWN:
                # More than was ever refused: the limit has moved, so follow it.
                self._refused_rate = self._limit * (1 + self._follow) / STEP_DOWN
                self._follow = min(1.0, self._follow * 2)
        room = self._refused_rate * STEP_DOWN / self._limit
        if room == math.inf:
            after, step = self._window, UNSURE_STEP
        elif room > ROOM:
            after, step = PROBE_WINDOWS * self._window, (1 + room) / 2
        else:
            after, step = self._probe_seconds, PROBE_STEP
        if self._probing or self._held < after:
            return
        if self._rate < self._told:
            self._probing = True
            self._rate = min(self._told, self._limit * step)
        self._held = 0.0

    def _settle(self, refusal: float, now: float) -> None:
        """Everything that had left before the refusal was heard is answered: what does it say?"""
        any_accepted, self._any_accepted = self._any_accepted, False
        asked_for, self._asked_for = self._asked_for, 0.0
        probing, self._probing = self._probing, False
        ramping, self._ramping = self._ramping, False
        self._refusal, self._settled_at, self._held, self._next_at = None, now, 0.0, now
        if not any_accepted:
            # Whatever this was, it was not the pace. Start over, and gently.
            self._in_vain += 1
            self._rate = self._limit = max(SLOWEST, self._rate / 2)
            self._ramping, self._refused_rate = self._told == math.inf, math.inf
            return
        self._window = next((w for w in WINDOWS if asked_for <= w), WINDOWS[-1])
        self._refusals.append(refusal)
        self._follow = FOLLOW
        counted = self._count(refusal - self._window, refusal) / self._window
        rate = self._rate
        if ramping:
            self._limit = min(rate, counted) * MARGIN
            self._refused_rate = self._limit / STEP_DOWN
            assert self._started is not None
            if refusal - self._started < self._window / 2:
                self._refused_rate = math.inf  # calls of an earlier run may be in this window
        elif probing:
            if self._refused_rate == math.inf:
                self._limit = max(self._limit, min(rate, counted, self._explain()) * MARGIN)
            self._refused_rate = min(self._refused_rate, rate)
            self._probe_seconds = min(PROBE_LONGEST, self._probe_seconds * 2)
        else:
            least = rate * MOST_DOWN
            if counted >= STEP_DOWN**2 * rate:
                # A window is over when a call goes through again: what it lacked is no more than
                # what would have left until then.
                least = max(least, rate * (1 - self._closed(refusal) / self._window) * MARGIN)
            else:
                self._established = False
            if self._established:
                self._limit = rate * JITTER_STEP_DOWN
            else:
                self._limit = max(least, min(rate * STEP_DOWN, self._explain() * MARGIN))
                self._refused_rate = min(self._refused_rate, rate)
        self._rate = self._limit = max(SLOWEST, self._limit)

    def _count(self, start: float, end: float) -> int:
        sends = list(self._sends)
        return bisect.bisect_left(sends, end) - bisect.bisect_left(sends, start)

    def _closed(self, refusal: float) -> float:
        """Seconds from a refused call to the next one that went through."""
        after = bisect.bisect_right(self._sends, refusal)
        return self._sends[after] - refusal if after < len(self._sends) else math.inf

    def _explain(self) -> float:
        """Calls per second that account for refusals below what a sliding window would allow.

        Either the gateway counts in fixed windows, and the first count spanned two of them: then
        some beginning of the windows gives every refusal the same count. Or it has a bucket, which
        had been full at first: then as much as went through between two refusals is what flows in.
        """
        window, refusals = self._window, list(self._refusals)
        if len(refusals) < 2:
            return math.inf
        fixed = []
        for part in range(50):  # of the window, before the last refusal: where it may have begun
            begun = refusals[-1] - window * part / 50
            counts = [self._count(at - (at - begun) % window, at) for at in refusals]
            fixed.append((max(counts) - min(counts), -sum(counts)))
        unlike, total = min(fixed)
        flows = [self._count(a, b) / (b - a) for a, b in itertools.pairwise(refusals)]
        if len(flows) > 1 and (max(flows) - min(flows)) * window < unlike - 1:
            return flows[-1]
        return -total / len(refusals) / window


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
