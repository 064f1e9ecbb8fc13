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
from core.vectors import Measured, RawVector, Vector, measured

log = logging.getLogger(__name__)

# A vector of 1024 numbers takes 4 KB, so that the whole cache takes 4 MB.
CACHED = 1000

Key = tuple[str, str]
"""Names a query: ("text", the text) or ("image", the picture's id, or id and region)."""


class QueryVectors:
    """The vectors of what people search for, for one embedder.

    A paid vector is kept in the index for good; every vector is cached while the process runs.
    Two people who search for the same thing at once cause one call. Methods raise EmbedderError.

    heard: told of every paid query that a person has the vector of: its kind, its key, and whether
    it was kept, so that it cost no call. Must not raise.
    """

    def __init__(
        self,
        index: Index,
        embedder: Embedder,
        heard: Callable[[str, str, bool], object] = lambda kind, key, kept: None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._heard = heard
        self._cache: OrderedDict[Key, Measured] = OrderedDict()
        self._pending: dict[Key, _Pending] = {}
        self._guard = threading.Lock()

    def text(self, text: str, deadline: Deadline | None = None, *, heard: bool = True) -> Vector:
        """The vector of a text. Raises InputRefused for a text that cannot be embedded.

        deadline: without one, a person waits. heard: whether a person asked for it.
        """
        return self._text(text, deadline, heard).vector

    def text_length(self, text: str) -> float | None:
        """The length at which the vector of a text came; None where that was not kept.

        Raises InputRefused for a text that cannot be embedded.
        """
        return 1.0 if self._embedder.normalises else self._text(text).length

    def _text(self, text: str, deadline: Deadline | None = None, heard: bool = False) -> Measured:
        key = query_key(text)
        return self._ask(
            ("text", key), lambda until: self._embedder.embed_text(key, until), deadline, heard
        )

    def picture(self, picture_id: str) -> Vector | None:
        """The vector of a picture of the collection; None while it has none."""
        vector = self._index.vector(self._embedder.id, picture_id)
        return vector if vector is not None and self._is_usable(vector) else None

    def image(self, picture_id: str, data: bytes) -> Vector:
        """The vector of a picture brought by a visitor; `data` is what would be sent."""
        known = self.picture(picture_id)
        if known is not None:
            if self._embedder.paid:
                self._heard("image", picture_id, True)
            return known
        return self._ask(
            ("image", picture_id), lambda deadline: self._embedder.embed_images([data], deadline)[0]
        ).vector

    def link(self, url: str) -> Vector:
        """The vector of a picture that the service fetches. Not cached: the picture may change."""
        return measured(self._embedder.embed_link(url, Deadline.for_person())).vector

    def region(self, picture_id: str, region: Region, cut: Callable[[], bytes]) -> Vector:
        """The vector of a part of a picture; `cut` gives its JPEG, and is asked only if need be."""
        return self._ask(
            _region_key(picture_id, region),
            lambda deadline: self._embedder.embed_images([cut()], deadline)[0],
        ).vector

    def is_free(self, text: str) -> bool:
        """True if asking for this text costs no call."""
        return not self._embedder.paid or self.is_known(text)

    def is_known(self, text: str) -> bool:
        """True if this text was asked for before and its vector was kept."""
        return self._cached(("text", query_key(text))) is not None

    def is_region_free(self, picture_id: str, region: Region) -> bool:
        """True if asking for this part of a picture costs no call."""
        return not self._embedder.paid or self._cached(_region_key(picture_id, region)) is not None

    def _cached(self, key: Key) -> Measured | None:
        with self._guard:
            known = self._cache.get(key)
            if known is not None:
                self._cache.move_to_end(key)
                return known
        if not self._embedder.paid:
            return None  # embedding it again is cheaper than reading a row from the disk
        kept = self._index.query_vector(self._embedder.id, *key)
        return kept if kept is not None and self._is_usable(kept.vector) else None

    def _is_usable(self, vector: Vector) -> bool:
        # A damaged index may hold a vector of another number of dimensions: as good as none.
        return len(vector) == self._embedder.dimensions

    def _ask(
        self,
        key: Key,
        answer: Callable[[Deadline], RawVector],
        deadline: Deadline | None = None,
        heard: bool = True,
    ) -> Measured:
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
                known = self._cached(key)
                kept = known is not None
                if known is None:
                    known = self._cache_answer(key, answer(deadline))
                if heard and self._embedder.paid:
                    self._heard(*key, kept)
            finally:
                pending.lock.release()
        finally:
            with self._guard:
                pending.waiting -= 1
                if not pending.waiting:
                    del self._pending[key]
        return known

    def _cache_answer(self, key: Key, raw: RawVector) -> Measured:
        answer = measured(raw)
        with self._guard:
            self._cache[key] = answer
            if len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        if self._embedder.paid:
            try:
                self._index.add_query_vector(self._embedder.id, *key, raw)
            except IndexUnavailable:
                # The person gets the answer all the same; it stays in this cache.
                log.warning("A query's vector cannot be kept", exc_info=True)
        return answer


def _region_key(picture_id: str, region: Region) -> Key:
    sides = (region.left, region.top, region.right, region.bottom)
    return "image", ":".join([picture_id, *(f"{side:.6g}" for side in sides)])


class _Pending:
    """A query that is being embedded now, and how many callers wait for its vector."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0
