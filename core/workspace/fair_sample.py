"""Vectors that stand for the whole collection."""

from __future__ import annotations

from core.index import Sample, VectorSpace
from core.model import EVERYTHING
from core.vectors import Vectors

# Pictures that stand for the collection where the spread of a query's cosines is wanted: the
# standard deviation of so many is within some two per cent of that of all.
SAMPLED = 1000


class FairSample:
    """Taken once for each state of the collection."""

    def __init__(self, space: VectorSpace) -> None:
        self._space = space
        self._sampled: Sample | None = None

    def vectors(self) -> Vectors:
        """Vectors that stand for the collection, shape (n, dimensions), n up to SAMPLED."""
        generation = self._space.generation()
        if self._sampled is None or self._sampled.generation != generation:
            self._sampled = self._space.sample(EVERYTHING, SAMPLED)
        return self._sampled.vectors
