"""What stands out in a ranking, judged by what other words score on the same collection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.index import VectorSpace
from core.model import EVERYTHING, Hit
from core.search.relevance import (
    Background,
    Relevance,
    learn_background,
    relevance,
    together,
    without_line,
)
from core.vectors import Vector, Vectors

# Pictures that stand for the collection. The line of 2,000 is that of all within what the
# benchmark tells apart ("a quarter of the pictures", benchmarks/README.md).
SAMPLED = 2000


@dataclass(frozen=True, eq=False)
class AskedText:
    """A text part of a query. vector: of the whole text; words: of its words asked singly."""

    vector: Vector
    words: tuple[Vector, ...]
    weight: float


class StandingOut:
    """Judges rankings of one embedder. Safe to use from many threads.

    bank: gives the vectors of the bank's texts, shape (texts, dimensions), or None while they are
    not known. What the bank says of the collection is learned once for each state of it: 0.1 s for
    2,000 pictures, kept until the next. While a run changes the collection all the time
    (`is_running`), the state before is used.
    """

    def __init__(
        self,
        space: VectorSpace,
        bank: Callable[[], Vectors | None],
        is_running: Callable[[], bool],
    ) -> None:
        self._space = space
        self._bank = bank
        self._is_running = is_running
        self._learned: _Learned | None = None
        self._learning = threading.Lock()

    def judge(
        self,
        whole: Vector,
        texts: Sequence[AskedText],
        hits: Sequence[Hit],
        strictness: float,
    ) -> Relevance | None:
        """Which of the hits stand out; None while the bank is not known.

        What stands out does so for every text that counts for, and for none that counts against. A
        query without a text that counts for has no line: the cosines of pictures fall off evenly.

        whole: the unit vector of the whole query. hits: the best of a ranking, best first.
        strictness: from -1 (loose) to 1 (strict).
        """
        learned = self._learn()
        if learned is None:
            return None
        ids, vectors = self._space.vectors([hit.picture_id for hit in hits])
        others = learned.sample[~np.isin(learned.ids, ids)]
        pictures = np.concatenate([vectors, others])
        if not any(text.weight > 0 for text in texts):
            return without_line(pictures @ whole, len(vectors))
        offsets = learned.background.offsets(learned.bank @ pictures.T)

        def judged(text: AskedText) -> Relevance:
            rows = np.stack([text.vector, *text.words]) @ pictures.T - offsets
            strict = strictness if text.weight > 0 else -strictness
            return relevance(rows[0], rows[1:], learned.background, len(vectors), strict)

        return together(
            [judged(text) for text in texts if text.weight > 0],
            [judged(text) for text in texts if text.weight < 0],
        )

    def _learn(self) -> _Learned | None:
        with self._learning:
            generation = self._space.generation()
            learned = self._learned
            stale = learned is None or learned.generation != generation
            if learned is None or (stale and not self._is_running()):
                bank = learned.bank if learned is not None else self._bank()
                if bank is None:
                    return None
                sample = self._space.sample(EVERYTHING, SAMPLED)
                background = learn_background(bank @ sample.vectors.T)
                learned = _Learned(generation, sample.ids, sample.vectors, bank, background)
                self._learned = learned
            return learned


class _Learned:
    """What the bank says of one state of the collection, and the sample that it was asked of."""

    def __init__(
        self,
        generation: int,
        ids: Sequence[str],
        sample: Vectors,
        bank: Vectors,
        background: Background,
    ) -> None:
        self.generation = generation
        self.ids = np.array(ids)
        self.sample = sample
        self.bank = bank
        self.background = background
