"""The bank: texts whose cosines tell what is usual for a model and a collection."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from core.errors import InputRefused
from core.search.learning import Learning, LearningState
from core.search.query_vectors import QueryVectors
from core.vectors import Vector, Vectors


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
        self._learning = Learning(queries, texts)
        self._guard = threading.Lock()
        self._vectors: Vectors | None = None

    def state(self) -> LearningState:
        if self._at_once:
            known = len(self.words())
            return LearningState(known, known, learning=False, problem="")
        return self._learning.state()

    def is_learning(self) -> bool:
        """True while it asks for words."""
        return self._learning.is_on()

    def look_again(self) -> None:
        """Find out anew what is known."""
        self._learning.look_again()

    def vectors(self) -> Vectors | None:
        """Shape (texts, dimensions); None until they are all known."""
        with self._guard:
            if self._vectors is not None:
                return self._vectors
        complete = self.state().complete
        if not complete and self._by_itself:
            self.learn()
        if not complete or not self._texts:
            return None
        return self._stack()

    def words(self) -> list[str]:
        """The texts whose vectors `vectors` gives, in the same order."""
        return self._learning.texts()

    def learn(self) -> None:
        """Begin to ask for what is not known yet; returns at once."""
        self._learning.start()

    def stop(self) -> None:
        """Stop learning; what was learned is kept."""
        self._learning.stop()

    def _stack(self) -> Vectors | None:
        found: list[Vector] = []
        for text in self.words():
            try:
                found.append(self._queries.text(text, heard=False))
            except InputRefused:
                self._learning.leave_out(text)
        if not found:
            return None
        stacked: Vectors = np.stack(found)
        with self._guard:
            self._vectors = stacked
        return stacked
