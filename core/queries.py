"""Query vectors: each is asked for once, and remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from core.embedders.base import Call, Embedder, Vector
from core.store import Store, query_key

# A vector is 4 KB; a thousand of them are what a busy day types.
REMEMBERED = 1000


class QueryVectors:
    """The vectors of what people search for, for one embedder.

    A paid answer is kept in the store for good; every answer is remembered while the process runs.
    Two people who ask for the same thing at once cause one call. Methods raise EmbedderError.
    """

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._remembered: OrderedDict[tuple[str, str], Vector] = OrderedDict()
        self._asking: dict[tuple[str, str], threading.Lock] = {}
        self._guard = threading.Lock()

    def text(self, text: str) -> Vector:
        key = query_key(text)
        return self._ask("text", key, lambda: self._embedder.embed_text(key, Call.for_person()))

    def picture(self, picture_id: str) -> Vector | None:
        """The vector of a picture of the collection; None while it has none."""
        return self._store.vector(self._embedder.id, picture_id)

    def image(self, picture_id: str, data: bytes) -> Vector:
        """The vector of a picture brought by a visitor; `data` is what would be sent."""
        known = self.picture(picture_id)
        if known is not None:
            return known
        return self._ask(
            "image",
            picture_id,
            lambda: self._embedder.embed_images([data], Call.for_person())[0],
        )

    def link(self, url: str) -> Vector:
        """The vector of a picture that the service fetches. Not remembered: it may change there."""
        return self._embedder.embed_link(url, Call.for_person())

    def is_free(self, text: str) -> bool:
        """True if asking for this text costs no call."""
        return not self._embedder.paid or self._known("text", query_key(text)) is not None

    def _known(self, kind: str, key: str) -> Vector | None:
        with self._guard:
            vector = self._remembered.get((kind, key))
            if vector is not None:
                self._remembered.move_to_end((kind, key))
                return vector
        if not self._embedder.paid:
            return None  # asking again is cheaper than a row on the disk
        return self._store.query_vector(self._embedder.id, kind, key)

    def _ask(self, kind: str, key: str, answer: Callable[[], Vector]) -> Vector:
        with self._guard:
            lock = self._asking.setdefault((kind, key), threading.Lock())
        with lock:
            vector = self._known(kind, key)
            if vector is None:
                vector = answer()
                if self._embedder.paid:
                    self._store.add_query_vector(self._embedder.id, kind, key, vector)
            with self._guard:
                self._remembered[(kind, key)] = vector
                if len(self._remembered) > REMEMBERED:
                    self._remembered.popitem(last=False)
                self._asking.pop((kind, key), None)
        return vector
