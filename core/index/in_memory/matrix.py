"""The cached numpy embedding matrix and exact top-k."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.vectors import Vector, Vectors

Digests: TypeAlias = npt.NDArray[np.bytes_]
"""Picture ids as the 32 bytes that their 64 hex digits stand for, dtype "S32", shape (n,).

A hundred thousand of them are 3 MB that can be mapped from a file; as text they are 11 MB of
Python objects, and a dictionary of them as much again. Their order is the order of the texts.
"""

DIGEST_BYTES = 32

# Up to here, `np.vecdot` (one thread) is used instead of `@`, whose BLAS threads wait for each
# other: 0.2 against 7 ms at 1,000 x 1024 when the other core is busy. At 100,000 it is the reverse.
ONE_THREAD_NUMBERS = 4_000_000


@dataclass(frozen=True, eq=False)
class Matrix:
    """All vectors of one embedder, ready to be searched.

    ids: picture ids in ascending order, each once; ids[row] belongs to vectors[row].
    vectors: float32 unit rows, shape (n, dimensions), read-only, possibly memory-mapped, like ids.
    generation: the state of the index that this is a copy of.
    """

    ids: Digests
    vectors: Vectors
    generation: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])

    def rows_of(self, ids: Digests) -> npt.NDArray[np.intp]:
        """The row of each id, shape (len(ids),); -1 for an id that is not there."""
        if not len(self.ids):
            return np.full(len(ids), -1)
        rows = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[rows] == ids, rows, -1)


def digests(ids: Sequence[str]) -> Digests:
    """Picture ids in hex -> digests. Raises ValueError if one is no id."""
    # All at once: one call for each id would take ten times as long.
    data = bytes.fromhex("".join(ids))
    if len(data) != DIGEST_BYTES * len(ids) or any(len(i) != 2 * DIGEST_BYTES for i in ids):
        raise ValueError("a picture id that is not 64 hex digits")
    return np.frombuffer(data, f"S{DIGEST_BYTES}")


def is_id(value: object) -> bool:
    """True for 64 lower-case hex digits, which is what a picture id is."""
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def hex_ids(found: Digests) -> tuple[str, ...]:
    """Digests -> picture ids in hex."""
    # Not through `bytes` objects: numpy takes zeros at their end for padding, and drops them.
    text = np.ascontiguousarray(found).tobytes().hex()
    length = 2 * DIGEST_BYTES
    return tuple(text[at : at + length] for at in range(0, len(text), length))


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
