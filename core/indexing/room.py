"""Memory that several threads share: whoever wants some waits until there is room."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """`with room.taken(size):` at most `limit` bytes are taken at once; more alone than that, too.

    Safe between threads, as long as nobody takes twice.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._change = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        size = min(size, self._limit)
        with self._change:
            self._change.wait_for(lambda: self._taken + size <= self._limit)
            self._taken += size
        try:
            yield
        finally:
            with self._change:
                self._taken -= size
                self._change.notify_all()
