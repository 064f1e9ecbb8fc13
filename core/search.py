"""A query of weighted parts -> ranked hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.embedders.base import Vector, unit
from core.matrix import Matrix, scores, top_k


@dataclass(frozen=True)
class Part:
    """One part of a query: a unit vector and how much it counts (negative: away from it)."""

    vector: Vector
    weight: float = 1.0


@dataclass(frozen=True)
class Hit:
    """A picture, its true cosine with the query, and each part's exact share of that cosine."""

    picture_id: str
    cosine: float
    rank: int
    shares: tuple[float, ...]


def combine(parts: Sequence[Part]) -> Vector:
    """The query's unit vector: the weighted sum of its parts, normalised again.

    Raises ValueError if there is no part, or if the parts cancel out.
    """
    if len(parts) == 1 and parts[0].weight > 0:
        return parts[0].vector
    if not parts:
        raise ValueError("a query without parts")
    return unit(_weighted_sum(parts))


def search(
    matrix: Matrix,
    parts: Sequence[Part],
    k: int,
    allowed: npt.NDArray[np.bool_] | None = None,
) -> list[Hit]:
    """The k nearest pictures, best first; equal cosines are ordered by picture id.

    allowed: shape (n,), True for the rows that may be found.
    """
    if not matrix.ids:
        return []
    cosines = scores(matrix, combine(parts))
    # The parts' shares add up to the cosine: a dot product of a sum is the sum of dot products.
    length = 1.0 if len(parts) == 1 else float(np.linalg.norm(_weighted_sum(parts)))
    hits = []
    for rank, row in enumerate(top_k(cosines, k, allowed), 1):
        picture = matrix.vectors[row]
        if len(parts) == 1:
            shares: tuple[float, ...] = (float(cosines[row]),)
        else:
            shares = tuple(float(p.weight * np.dot(p.vector, picture) / length) for p in parts)
        hits.append(Hit(matrix.ids[row], float(cosines[row]), rank, shares))
    return hits


def _weighted_sum(parts: Sequence[Part]) -> npt.NDArray[np.float64]:
    total = np.zeros(parts[0].vector.shape)
    for part in parts:
        total += part.weight * part.vector
    return total
