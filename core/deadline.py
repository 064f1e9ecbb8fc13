"""When work has to give up, and what stops it earlier."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

from core.errors import Cancelled, DeadlinePassed

# Longer than this and a person believes that the page hangs.
INTERACTIVE_SECONDS = 10.0


@dataclass(frozen=True)
class Deadline:
    """When work has to end, what cancels it, and whether a person is waiting for it.

    at: seconds on the clock of `time.monotonic()`; infinite by default.
    cancel: set by whoever wants the work to stop.
    interactive: goes ahead of the indexing job's calls.
    """

    at: float = math.inf
    cancel: threading.Event = field(default_factory=threading.Event)
    interactive: bool = False

    @classmethod
    def for_person(cls, seconds: float = INTERACTIVE_SECONDS) -> Deadline:
        """A deadline `seconds` from now, for work that a person waits for."""
        return cls(at=time.monotonic() + seconds, interactive=True)

    def remaining(self) -> float:
        """Seconds left, possibly infinite, never negative."""
        return max(0.0, self.at - time.monotonic())

    def check(self) -> None:
        """Raise `Cancelled` or `DeadlinePassed` if the work has to end here."""
        if self.cancel.is_set():
            raise Cancelled("Stopped.")
        if self.remaining() <= 0:
            raise DeadlinePassed("No answer in time. Please try again.")

    def wait(self, seconds: float) -> None:
        """Pause up to `seconds`; raise at once when cancelled or out of time."""
        self.check()
        if self.cancel.wait(min(seconds, self.remaining())):
            raise Cancelled("Stopped.")
        self.check()
