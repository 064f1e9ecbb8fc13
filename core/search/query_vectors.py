"""Query vectors: each is asked for once, and remembered."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from core.deadline import Deadline
from core.embedders import Embedder
from core.errors import DeadlinePassed, IndexUnavailable
from core.index import Index
from core.search.query import query_key
from core.vectors import Vector

log = logging.getLogger(__name__)

# A vector is 4 KB; a thousand of them are what a busy day types.
REMEMBERED = 1000

Key = tuple[str, str]
"""What was asked: ("text", the text) or ("image", the picture's id)."""


class QueryVectors:
    """The vectors of what people search for, for one embedder.

    A paid answer is kept in the index for good; every answer is remembered while the process runs.
    Two people who ask for the same thing at once cause one call. Methods raise EmbedderError.
    """

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        self._remembered: OrderedDict[Key, Vector] = OrderedDict()
        self._asking: dict[Key, _Asking] = {}
        self._guard = threading.Lock()

    def text(self, text: str) -> Vector:
        key = query_key(text)
        return self._ask(("text", key), lambda deadline: self._embedder.embed_text(key, deadline))

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
        """The vector of a picture that the service fetches. Not remembered: it may change there."""
        return self._embedder.embed_link(url, Deadline.for_person())

    def is_free(self, text: str) -> bool:
        """True if asking for this text costs no call."""
        return not self._embedder.paid or self._known(("text", query_key(text))) is not None

    def _known(self, key: Key) -> Vector | None:
        with self._guard:
            vector = self._remembered.get(key)
            if vector is not None:
                self._remembered.move_to_end(key)
                return vector
        if not self._embedder.paid:
            return None  # asking again is cheaper than a row on the disk
        return self._usable(self._index.query_vector(self._embedder.id, *key))

    def _usable(self, vector: Vector | None) -> Vector | None:
        # A damaged index may hold a vector of another length: as good as none.
        return vector if vector is not None and len(vector) == self._embedder.dimensions else None

    def _ask(self, key: Key, answer: Callable[[Deadline], Vector]) -> Vector:
        deadline = Deadline.for_person()
        with self._guard:
            asking = self._asking.setdefault(key, _Asking())
            asking.people += 1
        try:
            # The wait for the first who asked counts: nobody waits longer than one call may take.
            if not asking.lock.acquire(timeout=deadline.remaining()):
                raise DeadlinePassed("No answer in time. Please try again.")
            try:
                vector = self._known(key)
                if vector is None:
                    vector = answer(deadline)
                    self._keep(key, vector)
            finally:
                asking.lock.release()
        finally:
            with self._guard:
                asking.people -= 1
                if not asking.people:
                    del self._asking[key]
        return vector

    def _keep(self, key: Key, vector: Vector) -> None:
        with self._guard:
            self._remembered[key] = vector
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        if self._embedder.paid:
            try:
                self._index.add_query_vector(self._embedder.id, *key, vector)
            except IndexUnavailable:
                # The person gets the answer all the same; it is remembered while this runs.
                log.warning("A query's vector cannot be kept", exc_info=True)


class _Asking:
    """A question that is on its way, and how many wait for its answer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.people = 0
