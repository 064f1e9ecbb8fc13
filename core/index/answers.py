"""Answers that a whole collection must be read for, kept while the collection is the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

# A few per scope and embedder; every folder can be chosen as a scope.
ANSWERS_KEPT = 1_000

T = TypeVar("T")


class Answers:
    """Safe to use from many threads: at worst, two of them read the same."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[int, Any]] = {}

    def get(self, question: Hashable, state: int, read: Callable[[], T]) -> T:
        """What `read` says; kept while the state is the same."""
        known = self._known.get(question)
        if known is None or known[0] != state:
            if len(self._known) >= ANSWERS_KEPT:
                self._known.clear()
            self._known[question] = known = (state, read())
        answer: T = known[1]
        return answer
