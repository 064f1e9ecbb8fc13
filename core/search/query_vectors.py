"""The vectors of queries: each is embedded once, and cached."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from core.deadline import Deadline
from core.embedders import Embedder
from core.errors import DeadlinePassed, IndexUnavailable
from core.index import Index
from core.model import Region
from core.search.query import query_key
from core.vectors import Vector

log = logging.getLogger(__name__)

# A vector of 1024 numbers takes 4 KB, so that the whole cache takes 4 MB.
CACHED = 1000

Key = tuple[str, str]
"""Names a query: ("text", the text) or ("image", the picture's id, or id and region)."""


class QueryVectors:
    """The vectors of what people search for, for one embedder.

    A paid vector is kept in the index for good; every vector is cached while the process runs.
    Two people who search for the same thing at once cause one call. Methods raise EmbedderError.
    """

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        self._cache: OrderedDict[Key, Vector] = OrderedDict()
        self._pending: dict[Key, _Pending] = {}
        self._guard = threading.Lock()

    def text(self, text: str, deadline: Deadline | None = None) -> Vector:
        """The vector of a text. Raises InputRefused for a text that cannot be embedded.

        deadline: without one, a person waits.
        """
        key = query_key(text)
        return self._ask(
            ("text", key), lambda until: self._embedder.embed_text(key, until), deadline
        )

    def picture(self, picture_id: str) -> Vector | None:
        """The vector of a picture of the collection; None while it has none."""
        return self._usable(self._index.vector(self._embedder.id, picture_id))

    def image(self, picture_id: str, data: bytes) -> Vector:
        """The vector of a picture brought by a visitor; `data` is what would be sent."""
        known = self.picture(picture_id)
        if known is not None:
            return known
        return self._ask(
            ("image", picture_id), lambda deadline: self._embedder.embed_images([data], deadline)[0]
        )

    def link(self, url: str) -> Vector:
        """The vector of a picture that the service fetches. Not cached: the picture may change."""
        return self._embedder.embed_link(url, Deadline.for_person())

    def region(self, picture_id: str, region: Region, cut: Callable[[], bytes]) -> Vector:
        """The vector of a part of a picture; `cut` gives its JPEG, and is asked only if need be."""
        return self._ask(
            _region_key(picture_id, region),
            lambda deadline: self._embedder.embed_images([cut()], deadline)[0],
        )

    def is_free(self, text: str) -> bool:
        """True if asking for this text costs no call."""
        return not self._embedder.paid or self.is_known(text)

    def is_known(self, text: str) -> bool:
        """True if this text was asked for before and its vector was kept."""
        return self._cached(("text", query_key(text))) is not None

    def is_region_free(self, picture_id: str, region: Region) -> bool:
        """True if asking for this part of a picture costs no call."""
        return not self._embedder.paid or self._cached(_region_key(picture_id, region)) is not None

    def _cached(self, key: Key) -> Vector | None:
        with self._guard:
            vector = self._cache.get(key)
            if vector is not None:
                self._cache.move_to_end(key)
                return vector
        if not self._embedder.paid:
            return None  # embedding it again is cheaper than reading a row from the disk
        return self._usable(self._index.query_vector(self._embedder.id, *key))

    def _usable(self, vector: Vector | None) -> Vector | None:
        # A damaged index may hold a vector of another length: as good as none.
        return vector if vector is not None and len(vector) == self._embedder.dimensions else None

    def _ask(
        self, key: Key, answer: Callable[[Deadline], Vector], deadline: Deadline | None = None
    ) -> Vector:
        deadline = deadline or Deadline.for_person()
        with self._guard:
            pending = self._pending.setdefault(key, _Pending())
            pending.waiting += 1
        try:
            # Waiting for whoever came first counts too: nobody waits longer than one call may take.
            longest = min(deadline.remaining(), threading.TIMEOUT_MAX)
            if not pending.lock.acquire(timeout=longest):
                raise DeadlinePassed("No answer in time. Please try again.")
            try:
                vector = self._cached(key)
                if vector is None:
                    vector = answer(deadline)
                    self._cache_answer(key, vector)
            finally:
                pending.lock.release()
        finally:
            with self._guard:
                pending.waiting -= 1
                if not pending.waiting:
                    del self._pending[key]
        return vector

    def _cache_answer(self, key: Key, vector: Vector) -> None:
        with self._guard:
            self._cache[key] = vector
            if len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        if self._embedder.paid:
            try:
                self._index.add_query_vector(self._embedder.id, *key, vector)
            except IndexUnavailable:
                # The person gets the answer all the same; it stays in this cache.
                log.warning("A query's vector cannot be kept", exc_info=True)


def _region_key(picture_id: str, region: Region) -> Key:
    sides = (region.left, region.top, region.right, region.bottom)
    return "image", ":".join([picture_id, *(f"{side:.6g}" for side in sides)])


class _Pending:
    """A query that is being embedded now, and how many callers wait for its vector."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0
