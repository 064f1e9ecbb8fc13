"""Pictures that are nearly the same, by their cosine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.vectors import Vectors

# Rows compared at once: 512 rows against 10,000 are 20 MB of cosines.
BLOCK_ROWS = 512


@dataclass(frozen=True)
class Pair:
    """Two rows and their cosine; first < second."""

    first: int
    second: int
    similarity: float


def near_duplicates(vectors: Vectors, threshold: float, limit: int = 1000) -> list[Pair]:
    """The pairs whose cosine reaches the threshold, most alike first, at most `limit`.

    vectors: float32 unit rows, shape (n, dimensions). Every pair is looked at, in blocks, so that
    memory stays flat; the work grows with n².
    """
    found = np.empty((0, 3))
    for start in range(0, len(vectors), BLOCK_ROWS):
        block = vectors[start : start + BLOCK_ROWS]
        cosines = block @ vectors[start:].T
        first, second = np.nonzero(cosines >= threshold)
        later = second > first
        first, second = first[later], second[later]
        fresh = np.column_stack([first + start, second + start, cosines[first, second]])
        found = np.concatenate([found, fresh])
        found = found[np.lexsort((found[:, 1], found[:, 0], -found[:, 2]))][:limit]
    return [Pair(int(a), int(b), min(1.0, float(cosine))) for a, b, cosine in found]


def groups(pairs: Iterable[Pair]) -> list[list[int]]:
    """Rows that are joined by pairs, directly or through others; each group in ascending order."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = row = parent[parent[row]]
        return row

    for pair in pairs:
        low, high = sorted((root(pair.first), root(pair.second)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for row in sorted(parent):
        members.setdefault(root(row), []).append(row)
    return sorted(members.values())
