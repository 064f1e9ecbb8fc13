"""The nearest neighbours of every picture among the others: exact, in blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.vectors import Vectors

# Cosines held at a time. Their ranks take twice as much again: together about 50 MB.
BLOCK = 4_000_000


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Of each row the nearest other rows, nearest first.

    rows, cosines: shape (n, k).
    """

    rows: npt.NDArray[np.intp]
    cosines: npt.NDArray[np.float32]


def nearest_neighbours(
    vectors: Vectors, k: int, progress: Callable[[float], None] = lambda share: None
) -> Neighbours:
    """The k nearest other rows of each of the float32 unit rows; all others where there are fewer.

    Never the row itself, even if there are identical ones. progress: called with the share that is
    done, 0 to 1; what it raises ends the work.
    """
    n = len(vectors)
    k = max(0, min(k, n - 1))
    rows = np.empty((n, k), dtype=np.intp)
    cosines = np.empty((n, k), dtype=np.float32)
    step = max(1, BLOCK // max(n, 1))
    for start in range(0, n if k else 0, step):
        block = vectors[start : start + step] @ vectors.T
        own = np.arange(len(block))
        block[own, start + own] = -np.inf
        rows[start : start + step], cosines[start : start + step] = highest(block, k)
        progress(min(1.0, (start + step) / n))
    return Neighbours(rows, cosines)


def highest(
    scores: npt.NDArray[np.float32], k: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """The columns of the k highest scores of each row and those scores, highest first."""
    columns = np.argpartition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k :]
    found = np.take_along_axis(scores, columns, axis=1)
    # By score, and equal ones by column, so that the order does not hang on the machine.
    order = np.lexsort((columns, -found), axis=1)
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(found, order, axis=1)
