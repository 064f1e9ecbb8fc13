"""A query of weighted parts -> ranked hits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.index.sqlite.matrix import Matrix, scores, top_k
from core.model import Hit
from core.search.query import Part, combine, weighted_sum


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
    length = 1.0 if len(parts) == 1 else float(np.linalg.norm(weighted_sum(parts)))
    hits = []
    for rank, row in enumerate(top_k(cosines, k, allowed), 1):
        picture = matrix.vectors[row]
        if len(parts) == 1:
            shares: tuple[float, ...] = (float(cosines[row]),)
        else:
            shares = tuple(float(p.weight * np.dot(p.vector, picture) / length) for p in parts)
        hits.append(Hit(matrix.ids[row], float(cosines[row]), rank, shares))
    return hits
