"""How many paid calls were answered: what a bill can be compared with."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from core.errors import IndexUnavailable
from core.index import Index

log = logging.getLogger(__name__)

# Calls come twenty a second, and each count written on its own would cost a write to the disk.
FLUSH_SECONDS = 1.0


class CallCounter:
    """Counts from many threads, and writes to the index once a second. Never raises."""

    def __init__(self, index: Index, embedder_id: Callable[[], str]) -> None:
        self._index = index
        self._embedder_id = embedder_id
        self._counts: Counter[str] = Counter()
        self._flushed = 0.0
        self._guard = threading.Lock()

    def count(self, kind: str) -> None:
        """One answered call of a kind ("image", "text", "link")."""
        with self._guard:
            self._counts[kind] += 1
            due = time.monotonic() - self._flushed >= FLUSH_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        with self._guard:
            counts, self._counts = self._counts, Counter()
            self._flushed = time.monotonic()
        if not counts:
            return
        try:
            self._index.count_calls(self._embedder_id(), counts)
        except IndexUnavailable:
            log.warning("The calls cannot be counted now", exc_info=True)
            with self._guard:
                self._counts += counts

    def this_month(self) -> int:
        self.flush()
        return self._index.calls(self._embedder_id(), time.strftime("%Y-%m"))
