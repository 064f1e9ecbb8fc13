"""Searching the vectors of one embedder in the matrix that is current."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.deadline import Deadline
from core.index.in_memory.columns import ColumnInMemory, column_in_memory
from core.index.in_memory.current_matrix import CurrentMatrix, MatrixSource
from core.index.in_memory.matrix import (
    Matrix,
    digests,
    hex_ids,
    is_id,
    scores,
    top_k,
)
from core.index.port import Nearest, Neighbours, Sample, Spread
from core.model import Scope
from core.vectors import Vector, Vectors

# A mask of 100,000 pictures is 100 kB, and every folder can be chosen as a scope.
MASKS_KEPT = 64

# What a column says of 100,000 pictures is some 3 MB, and its texts.
COLUMNS_KEPT = 16

# Cosines that are computed at once when all pictures are compared: 8 MB, so that the next pass over
# them finds them in the processor's cache, and a search waits for one such block at most.
COSINES_AT_ONCE = 2_000_000
# Above so many pictures the comparison takes long enough to be felt by those who search meanwhile:
# then it rests after each block for as long as the block took, and compares shorter vectors, of
# SHORT numbers: what is nearly the same is so in these too. Measured: benchmarks/README.md,
# "Near-duplicates".
LARGE = 5_000
SHORT = 128
# Vectors that the directions of the short ones are learned from.
LEARNED_FROM = 4_000


class MatrixSpace:
    """`core.index.port.VectorSpace`, exact: one product of the whole matrix with the query."""

    tuning = None

    def __init__(self, index: MatrixSource, current: CurrentMatrix) -> None:
        self._index = index
        self._current = current
        # Which rows lie in a scope, for the generation that is current.
        self._masks: dict[Scope, tuple[int, npt.NDArray[np.bool_] | None]] = {}
        # What columns say of the rows, likewise.
        self._columns: dict[str, tuple[int, ColumnInMemory]] = {}

    def __len__(self) -> int:
        return len(self._current.get())

    def generation(self) -> int:
        return self._current.get().generation

    def nearest(self, vector: Vector, k: int, scope: Scope, *, exact: bool = False) -> Nearest:
        matrix = self._current.get()
        if not len(matrix):
            return Nearest((), ())
        cosines = scores(matrix, vector)
        rows = top_k(cosines, k, self._mask(matrix, scope))
        return Nearest(hex_ids(matrix.ids[rows]), tuple(cosines[rows].tolist()))

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        matrix = self._current.get()
        found, rows = _found(matrix, ids)
        return found, np.asarray(matrix.vectors[rows])

    def having(self, ids: Iterable[str]) -> set[str]:
        return set(_found(self._current.get(), ids)[0])

    def count(self, scope: Scope) -> int:
        matrix = self._current.get()
        mask = self._mask(matrix, scope)
        return len(matrix) if mask is None else int(np.count_nonzero(mask))

    def spread(self, column: str, scope: Scope, most: int) -> Spread:
        matrix = self._current.get()
        return self._column(matrix, column).spread(self._mask(matrix, scope), most)

    def sample(self, scope: Scope, limit: int) -> Sample:
        matrix = self._current.get()
        mask = self._mask(matrix, scope)
        rows = np.arange(len(matrix)) if mask is None else np.flatnonzero(mask)
        # Evenly spaced: ids are hashes, so that any regular choice is a fair one.
        kept = min(limit, len(rows))
        rows = rows[np.linspace(0, len(rows) - 1, kept, dtype=np.intp)] if kept else rows[:0]
        return Sample(hex_ids(matrix.ids[rows]), matrix.vectors[rows], matrix.generation)

    def neighbours(self, k: int, deadline: Deadline) -> Neighbours:
        matrix = self._current.get()
        count = len(matrix)
        k = max(0, min(k, count - 1))
        nearest = np.empty((count, k), dtype=np.intp)
        vectors = shortened(matrix.vectors) if count > LARGE else matrix.vectors
        step = max(1, COSINES_AT_ONCE // max(1, count))
        for start in range(0, count, step):
            deadline.check()
            began = time.monotonic()
            cosines = vectors[start : start + step] @ vectors.T
            rows = np.arange(len(cosines))
            cosines[rows, start + rows] = -np.inf
            for place in range(k):
                # A few passes for the highest take a fifth of the time of a partition.
                best = cosines.argmax(axis=1)
                nearest[start + rows, place] = best
                cosines[rows, best] = -np.inf
            if count > LARGE:
                deadline.wait(time.monotonic() - began)
        return Neighbours(hex_ids(matrix.ids), nearest, matrix.generation)

    def _mask(self, matrix: Matrix, scope: Scope) -> npt.NDArray[np.bool_] | None:
        """Which rows of the matrix lie in `scope`, shape (n,); None for all of them."""
        known = self._masks.get(scope)
        if known is None or known[0] != matrix.generation:
            if len(self._masks) >= MASKS_KEPT:
                self._masks.clear()
            self._masks[scope] = known = (matrix.generation, self._new_mask(matrix, scope))
        return known[1]

    def _new_mask(self, matrix: Matrix, scope: Scope) -> npt.NDArray[np.bool_] | None:
        if scope.filters:
            base = self._mask(matrix, replace(scope, filters=()))
            mask = np.ones(len(matrix), dtype=bool) if base is None else base.copy()
            for wanted in scope.filters:
                mask &= self._column(matrix, wanted.column).mask(wanted, len(matrix))
            return mask
        if self._index.holds_all(scope):
            return None
        rows = matrix.rows_of(digests(self._index.ids(scope)))
        mask = np.zeros(len(matrix), dtype=bool)
        mask[rows[rows >= 0]] = True
        return mask

    def _column(self, matrix: Matrix, name: str) -> ColumnInMemory:
        known = self._columns.get(name)
        if known is None or known[0] != matrix.generation:
            if len(self._columns) >= COLUMNS_KEPT:
                self._columns.clear()
            column = column_in_memory(matrix, self._index.fact_rows(name))
            self._columns[name] = known = (matrix.generation, column)
        return known[1]


def shortened(vectors: Vectors) -> Vectors:
    """The vectors along the SHORT directions in which they differ most, shape (n, SHORT).

    Their products come as near to those of the vectors as products of so few numbers can. Vectors
    that are no longer stay as they are.
    """
    if vectors.shape[1] <= SHORT:
        return vectors
    some = vectors[:: max(1, len(vectors) // LEARNED_FROM)]
    # In ascending order of how much of the vectors lies along each direction.
    directions = np.linalg.eigh(some.T @ some)[1][:, -SHORT:]
    short: Vectors = vectors @ directions
    return short


def _found(matrix: Matrix, ids: Iterable[str]) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Those of the ids that are in the matrix, and their rows. Ids come from visitors too."""
    ids = [i for i in ids if is_id(i)]
    rows = matrix.rows_of(digests(ids))
    return [i for i, row in zip(ids, rows, strict=True) if row >= 0], rows[rows >= 0]
