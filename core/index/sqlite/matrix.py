"""The cached numpy embedding matrix and exact top-k."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.vectors import Vector, Vectors

# Up to here, `np.vecdot` (one thread) is used instead of `@`, whose BLAS threads wait for each
# other: 0.2 against 7 ms at 1,000 x 1024 when the other core is busy. At 100,000 it is the reverse.
ONE_THREAD_NUMBERS = 4_000_000


@dataclass(frozen=True, eq=False)
class Matrix:
    """All vectors of one embedder, ready to be searched.

    ids: picture ids in ascending order; ids[row] belongs to vectors[row].
    vectors: float32 unit rows, shape (n, dimensions), read-only, possibly memory-mapped.
    generation: the state of the store that this is a copy of.
    """

    ids: tuple[str, ...]
    vectors: Vectors
    generation: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {picture: row for row, picture in enumerate(self.ids)}


def scores(matrix: Matrix, query: Vector) -> npt.NDArray[np.float32]:
    """Cosine of every row with a unit `query` of shape (dimensions,) -> (n,) float32.

    Raises ValueError for a query of another shape.
    """
    if query.shape != (matrix.dimensions,):
        raise ValueError(f"a query of shape {query.shape} for {matrix.dimensions} dimensions")
    query = np.asarray(query, dtype=np.float32)
    found: npt.NDArray[np.float32] = (
        np.vecdot(matrix.vectors, query)
        if matrix.vectors.size <= ONE_THREAD_NUMBERS
        else matrix.vectors @ query
    )
    return found


def top_k(
    scores: npt.NDArray[np.float32], k: int, allowed: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.intp]:
    """Rows of the k highest scores, best first; equal scores in row order.

    scores: shape (n,), no NaN. allowed: shape (n,), the rows that may be returned.
    Fewer than k rows come back where there are fewer.
    """
    if allowed is not None:
        rows = np.flatnonzero(allowed)
        return rows[top_k(scores[rows], k)]
    n = len(scores)
    k = min(k, n)
    if k <= 0:
        return np.empty(0, dtype=np.intp)
    cutoff = np.partition(scores, n - k)[n - k]
    above = np.flatnonzero(scores > cutoff)
    # Which of the equal scores at the border come in must not depend on the partition.
    level = np.flatnonzero(scores == cutoff)[: k - len(above)]
    best = np.concatenate([above, level])
    order: npt.NDArray[np.intp] = best[np.lexsort((best, -scores[best]))]
    return order
