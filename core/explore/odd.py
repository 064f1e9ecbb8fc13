"""The pictures that stand alone in a collection, and those that are most typical of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.explore.neighbours import Neighbours
from core.vectors import Vectors

# The cosine with the fifth nearest tells how alone a picture is: with the very nearest, two odd
# pictures that are copies of each other would hide each other.
NTH = 5


def most_alone(neighbours: Neighbours, count: int) -> npt.NDArray[np.intp]:
    """Rows of the pictures whose near neighbours are farthest, the most alone first."""
    nearness = _nearness(neighbours)
    return np.argsort(nearness, kind="stable")[:count]


def _nearness(neighbours: Neighbours) -> npt.NDArray[np.float32]:
    """The cosine with the fifth nearest neighbour, or with the last where there are fewer."""
    n, k = neighbours.cosines.shape
    if k == 0:
        return np.zeros(n, dtype=np.float32)
    nearness: npt.NDArray[np.float32] = neighbours.cosines[:, min(NTH, k) - 1]
    return nearness


def most_typical(vectors: Vectors, count: int) -> npt.NDArray[np.intp]:
    """Rows of the pictures with the highest mean cosine with all, the most typical first."""
    if len(vectors) == 0:
        return np.zeros(0, dtype=np.intp)
    middle = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    return np.argsort(-(vectors @ middle), kind="stable")[:count]
