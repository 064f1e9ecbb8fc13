"""Files from hosts that may be slow, busy or gone: tried again, and given up together."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPResponse
from typing import TypeVar
from urllib.parse import urlsplit

from core.deadline import Deadline
from core.errors import LinkUnavailable
from core.sources.links import Network, follow

T = TypeVar("T")

# For one file, from the connection to the last byte: a slow line takes 20 MB in that time.
FILE_SECONDS = 60.0
ATTEMPTS = 3
FIRST_PAUSE = 0.5
# A host that asks to wait longer is tried again at the next scan.
LONGEST_PAUSE = 20.0
# So many files in a row of which nothing came: the host is away, and is not asked for the rest.
SILENT_IN_A_ROW = 5
# After that it is tried again: a person may look at a picture long after the scan.
GIVEN_UP_SECONDS = 60.0


class Hosts:
    """How many files in a row each host has not given, for one scan. Safe between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._silent: Counter[str] = Counter()
        self._last: dict[str, float] = {}  # when each host was silent last

    def check(self, host: str) -> None:
        """Raises LinkUnavailable for a host that was given up."""
        fresh = time.monotonic() - self._last.get(host, 0.0) < GIVEN_UP_SECONDS
        if fresh and self._silent[host] >= SILENT_IN_A_ROW:
            raise LinkUnavailable(
                f"Its host gave none of {SILENT_IN_A_ROW} files in a row, so that it was not asked "
                "for more. The next scan tries again."
            )

    def note(self, host: str, *, answered: bool) -> None:
        with self._guard:
            self._silent[host] = 0 if answered else self._silent[host] + 1
            if not answered:
                self._last[host] = time.monotonic()


def patiently(
    url: str,
    deadline: Deadline,
    network: Network,
    take: Callable[[HTTPResponse], T],
    headers: dict[str, str] | None = None,
    hosts: Hosts | None = None,
    seconds: float = FILE_SECONDS,
) -> T:
    """As `follow`, within `seconds` for each attempt, and tried again where that may help.

    A person who waits is not made to wait for another attempt.
    """
    host = urlsplit(url).netloc
    attempts = 1 if deadline.interactive else ATTEMPTS
    for attempt in range(attempts):
        if hosts is not None:
            hosts.check(host)
        at = min(deadline.at, time.monotonic() + seconds)
        try:
            found = follow(url, Deadline(at, deadline.cancel), network, take, headers)
        except LinkUnavailable as error:
            if attempt + 1 == attempts or error.after > LONGEST_PAUSE:
                if hosts is not None:
                    hosts.note(host, answered=False)
                raise
            deadline.wait(max(error.after, FIRST_PAUSE * 2**attempt))
        else:
            if hosts is not None:
                hosts.note(host, answered=True)
            return found
    raise AssertionError("unreachable")
