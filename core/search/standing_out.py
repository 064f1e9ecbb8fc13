"""What stands out in a ranking, judged by what other words score on the same collection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from core.index import VectorSpace
from core.model import EVERYTHING, Hit
from core.search.relevance import Background, Relevance, learn_background, relevance
from core.vectors import Vector, Vectors

# Pictures that stand for the collection. The line of 2,000 is that of all within what the
# benchmark tells apart ("a quarter of the pictures", benchmarks/README.md).
SAMPLED = 2000


class StandingOut:
    """Judges rankings of one embedder. Safe to use from many threads.

    bank: gives the vectors of the bank's texts, shape (texts, dimensions); asked for once, with
    the first judgement. What the bank says of the collection is learned once for each state of it:
    0.1 s for 2,000 pictures, kept until the next. While a run changes the collection all the time
    (`is_running`), the state before is used.
    """

    def __init__(
        self, space: VectorSpace, bank: Callable[[], Vectors], is_running: Callable[[], bool]
    ) -> None:
        self._space = space
        self._bank = bank
        self._is_running = is_running
        self._learned: _Learned | None = None
        self._learning = threading.Lock()

    def judge(
        self, query: Vector, words: Sequence[Vector], hits: Sequence[Hit], strictness: float
    ) -> Relevance:
        """Which of the hits stand out.

        query, words: unit vectors of the whole query and of its own words asked singly.
        hits: the best of a ranking, best first. strictness: from -1 (loose) to 1 (strict).
        """
        learned = self._learn()
        ids, vectors = self._space.vectors([hit.picture_id for hit in hits])
        others = learned.sample[~np.isin(learned.ids, ids)]
        pictures = np.concatenate([vectors, others])
        offsets = learned.background.offsets(learned.bank @ pictures.T)
        rows = np.stack([query, *words]) @ pictures.T - offsets
        return relevance(rows[0], rows[1:], learned.background, len(vectors), strictness)

    def _learn(self) -> _Learned:
        with self._learning:
            generation = self._space.generation()
            learned = self._learned
            stale = learned is None or learned.generation != generation
            if learned is None or (stale and not self._is_running()):
                sample = self._space.sample(EVERYTHING, SAMPLED)
                bank = learned.bank if learned is not None else self._bank()
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
