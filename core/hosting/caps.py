"""The caps on paid calls: how many there may be, and what is said where one is reached.

They are a brake on the bill and no lock: a visitor is a session, and whoever opens the page anew
is another one. Only the cap of the day holds whoever asks.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.embedders import seconds_in_words
from core.index import ReachedCap
from core.settings import Settings

DAY_SECONDS = 86_400
MINUTE_SECONDS = 60.0

STILL = "What was asked before still answers."


@dataclass(frozen=True)
class Caps:
    """How many paid calls there may be; None where there is no cap, and 0 for none at all.

    per_day: of everybody, runs included. visitor_per_day, visitor_per_minute: of one visitor.
    """

    per_day: int | None = None
    visitor_per_day: int | None = None
    visitor_per_minute: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Caps:
        """The caps that a person configured."""
        return cls(
            settings.calls_per_day,
            settings.visitor_calls_per_day,
            settings.visitor_calls_per_minute,
        )

    @property
    def any(self) -> bool:
        """Whether there is a cap at all."""
        return (self.per_day, self.visitor_per_day, self.visitor_per_minute) != (None, None, None)


def utc_day(now: float) -> str:
    """The day of a time (seconds since 1970) in UTC, "2026-11-27"."""
    return time.strftime("%Y-%m-%d", time.gmtime(now))


def day_is_over(caps: Caps, reached: ReachedCap, now: float) -> str:
    """What a visitor is told where a cap of the day is reached. now: seconds since 1970."""
    most = caps.per_day if reached == "day" else caps.visitor_per_day
    if not most:
        return f"Nothing new is asked here. {STILL}"
    wait = seconds_in_words(DAY_SECONDS - now % DAY_SECONDS)
    whose = "Today’s" if reached == "day" else "Your"
    calls = f"{most:,} call" + ("s" if most > 1 else "")
    today = "" if reached == "day" else " of today"
    verb = "are" if most > 1 else "is"
    return (
        f"{whose} {calls} to the model{today} {verb} used up; new ones open again in {wait}, at "
        f"midnight UTC. {STILL}"
    )


def minute_is_full(most: int, wait: float) -> str:
    """What a visitor is told who asks too fast. wait: seconds until the next call may be made."""
    if not most:
        return f"Nothing new is asked here. {STILL}"
    calls = f"{most:,} new search" + ("es" if most > 1 else "")
    return f"At most {calls} a minute: please try again in {seconds_in_words(wait)}. {STILL}"


class LastMinute:
    """When each visitor's calls of the last minute were made. Safe to use from many threads.

    Kept in memory alone, and by a clock that nobody can set: a minute outlives no restart.
    """

    def __init__(self, most: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._guard = threading.Lock()
        self._calls: dict[str, deque[float]] = {}

    def take(self, visitor: str) -> float:
        """Make a call at once -> 0, or else in how many seconds there may be one."""
        if self._most is None or not visitor:
            return 0.0
        if not self._most:
            return MINUTE_SECONDS
        with self._guard:
            now = self._clock()
            self._forget(now)
            made = self._calls.setdefault(visitor, deque())
            if len(made) >= self._most:
                return made[0] + MINUTE_SECONDS - now
            made.append(now)
            return 0.0

    def give_back(self, visitor: str) -> None:
        """The visitor's last call was not made after all."""
        with self._guard:
            if self._calls.get(visitor):
                self._calls[visitor].pop()

    def _forget(self, now: float) -> None:
        for visitor, made in list(self._calls.items()):
            while made and made[0] <= now - MINUTE_SECONDS:
                made.popleft()
            if not made:
                del self._calls[visitor]
