"""Cosine similarity of every pair."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.vectors import Vectors

Floats = npt.NDArray[np.float64]


def similarity_matrix(vectors: Vectors) -> Floats:
    """Cosine of every pair, shape (n, n), exactly symmetric, 1.0 on the diagonal.

    vectors: shape (n, dimensions), rows of any length but zero. Computed in float64.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    if len(wide) == 0:
        return np.empty((0, 0))
    rows = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    product = rows @ rows.T
    cosines: Floats = np.clip((product + product.T) / 2, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return cosines
