"""Pictures along an axis from one meaning to another, as from "day" to "night"."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.vectors import Vector, Vectors


def along_axis(vectors: Vectors, start: Vector, end: Vector) -> npt.NDArray[np.float64]:
    """Where each picture lies between two texts or pictures, shape (n,).

    The cosine with the end less the cosine with the start: above zero is nearer to the end. All
    unit rows of one embedder. Where cosines of texts and of pictures differ in level, this holds
    for a text at one end and a picture at the other only in its order.
    """
    return np.asarray(vectors @ end, dtype=np.float64) - np.asarray(vectors @ start, np.float64)
