"""Texts that a model is asked for once, one after the other, in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from core.deadline import Deadline
from core.errors import Cancelled, EmbedderError, IndexUnavailable, InputRefused
from core.search.query_vectors import QueryVectors

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LearningState:
    """How far it is: `known` of `total` texts; problem: why it stopped, a sentence or ""."""

    known: int
    total: int
    learning: bool
    problem: str

    @property
    def complete(self) -> bool:
        return self.known >= self.total

    def __add__(self, other: LearningState) -> LearningState:
        return LearningState(
            self.known + other.known,
            self.total + other.total,
            self.learning or other.learning,
            self.problem or other.problem,
        )

    @property
    def left(self) -> int:
        """How many texts are still to be asked for, each one call where calls are paid."""
        return self.total - self.known


class Learning:
    """Asks for each text once; the answers are kept like any query's. Safe to use by many threads.

    Those that the model refuses are left out. Stopped or ended, it goes on where it was.
    """

    def __init__(self, queries: QueryVectors, texts: Sequence[str]) -> None:
        self._queries = queries
        self._texts = texts
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._cancel = threading.Event()
        self._left: list[str] | None = None
        self._refused: set[str] = set()
        self._problem = ""

    def state(self) -> LearningState:
        with self._guard:
            total = len(self._texts) - len(self._refused)
            return LearningState(total - len(self._still()), total, self.is_on(), self._problem)

    def is_on(self) -> bool:
        """True while it asks."""
        return self._thread is not None and self._thread.is_alive()

    def texts(self) -> list[str]:
        """Those that the model has not refused, in their order."""
        return [text for text in self._texts if text not in self._refused]

    def leave_out(self, text: str) -> None:
        """The model refuses this text."""
        self._refused.add(text)

    def look_again(self) -> None:
        """Find out anew what is known: others may have asked for some of it meanwhile."""
        with self._guard:
            if not self.is_on():
                self._left = None

    def start(self) -> None:
        """Begin to ask for what is not known yet; returns at once."""
        with self._guard:
            if self.is_on():
                return
            self._problem = ""
            self._cancel = threading.Event()
            self._thread = threading.Thread(
                target=self._learn, args=(list(self._still()), self._cancel), daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Ask for nothing more; what was learned is kept."""
        self._cancel.set()

    def _learn(self, left: Sequence[str], cancel: threading.Event) -> None:
        try:
            for text in left:
                try:
                    self._queries.text(text, Deadline(cancel=cancel), heard=False)
                except InputRefused:
                    self._refused.add(text)
                with self._guard:
                    self._still().remove(text)
        except Cancelled:
            pass
        except (EmbedderError, IndexUnavailable) as error:
            self._problem = str(error)
            log.warning("Not all texts were asked for: %s", error)

    def _still(self) -> list[str]:
        if self._left is None:
            self._left = [text for text in self.texts() if not self._queries.is_known(text)]
        return self._left
