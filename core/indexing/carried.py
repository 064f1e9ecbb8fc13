"""File contents that a scan has read, kept in memory for the embedding that follows it."""

from __future__ import annotations

import threading
from collections.abc import Collection


class Carried:
    """The bytes of pictures by picture id, never more than `limit` bytes in all.

    What comes first is kept: the embedding takes the pictures in much the same order as the scan,
    so these are the ones that it asks for first. Safe to use from many threads.
    """

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._room = limit
        self._data: dict[str, bytes] = {}

    def offer(self, picture_id: str, data: bytes) -> None:
        """Keep the bytes if there is room for them."""
        with self._lock:
            if len(data) <= self._room and picture_id not in self._data:
                self._data[picture_id] = data
                self._room -= len(data)

    def take(self, picture_id: str) -> bytes | None:
        """Hand the bytes over, which makes room; None if they are not here."""
        with self._lock:
            data = self._data.pop(picture_id, None)
            if data is not None:
                self._room += len(data)
            return data

    def keep_only(self, picture_ids: Collection[str]) -> None:
        """Let go of all other pictures."""
        for picture_id in self._data.keys() - set(picture_ids):
            self.take(picture_id)
