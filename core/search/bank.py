"""The bank: texts whose cosines tell what is usual for a model and a collection."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.deadline import Deadline
from core.errors import Cancelled, EmbedderError, IndexUnavailable, InputRefused
from core.search.query_vectors import QueryVectors
from core.vectors import Vector, Vectors

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BankState:
    """How far the bank is: `known` of `total` texts; problem: why it stopped, a sentence or ""."""

    known: int
    total: int
    learning: bool
    problem: str

    @property
    def complete(self) -> bool:
        return self.known >= self.total


class Bank:
    """The vectors of the bank's texts. Each is asked for once, and kept like any query's.

    texts: what is asked; those that the model refuses are left out. at_once: asking takes no time
    worth a thread. by_itself: learning begins with the first question, because it costs nothing.
    Without either, somebody has to call `learn`. Safe to use from many threads.
    """

    def __init__(
        self,
        queries: QueryVectors,
        texts: Sequence[str],
        *,
        at_once: bool = False,
        by_itself: bool = False,
    ) -> None:
        self._queries = queries
        self._texts = texts
        self._at_once = at_once
        self._by_itself = by_itself
        self._guard = threading.Lock()
        self._learning: threading.Thread | None = None
        self._cancel = threading.Event()
        self._left: list[str] | None = None
        self._refused: set[str] = set()
        self._problem = ""
        self._vectors: Vectors | None = None

    def state(self) -> BankState:
        with self._guard:
            left = 0 if self._at_once else len(self._texts_left())
            learning = self._learning is not None and self._learning.is_alive()
            total = len(self._texts) - len(self._refused)
            return BankState(total - left, total, learning, self._problem)

    def vectors(self) -> Vectors | None:
        """Shape (texts, dimensions); None until they are all known."""
        with self._guard:
            if self._vectors is not None:
                return self._vectors
            left = 0 if self._at_once else len(self._texts_left())
        if left and self._by_itself:
            self.learn()
        if left or not self._texts:
            return None
        return self._stack()

    def words(self) -> list[str]:
        """The texts whose vectors `vectors` gives, in the same order."""
        return [text for text in self._texts if text not in self._refused]

    def learn(self) -> None:
        """Begin to ask for what is not known yet; returns at once."""
        with self._guard:
            if self._learning is not None and self._learning.is_alive():
                return
            self._problem = ""
            self._learning = threading.Thread(target=self._learn, name="word bank", daemon=True)
            self._learning.start()

    def close(self) -> None:
        """Stop learning; what was learned is kept."""
        self._cancel.set()

    def _learn(self) -> None:
        try:
            with self._guard:
                left = list(self._texts_left())
            for text in left:
                try:
                    self._queries.text(text, Deadline(cancel=self._cancel), heard=False)
                except InputRefused:
                    self._refused.add(text)
                with self._guard:
                    assert self._left is not None
                    self._left.remove(text)
        except Cancelled:
            pass
        except (EmbedderError, IndexUnavailable) as error:
            self._problem = str(error)
            log.warning("The word bank is not complete: %s", error)

    def _texts_left(self) -> list[str]:
        if self._left is None:
            self._left = [text for text in self._texts if not self._queries.is_known(text)]
        return self._left

    def _stack(self) -> Vectors | None:
        found: list[Vector] = []
        for text in self.words():
            try:
                found.append(self._queries.text(text, heard=False))
            except InputRefused:
                self._refused.add(text)
        if not found:
            return None
        stacked: Vectors = np.stack(found)
        with self._guard:
            self._vectors = stacked
        return stacked
