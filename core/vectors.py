"""Embeddings as plain arrays: what a vector is, and what counts as unit length."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]
"""One embedding, shape (dimensions,), float32, unit length."""

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Embeddings, shape (n, dimensions), float32, unit rows."""

RawVector: TypeAlias = npt.NDArray[np.float32]
"""One embedding as its model gave it, shape (dimensions,), float32, of any length but zero."""

RawVectors: TypeAlias = npt.NDArray[np.float32]
"""Embeddings as their model gave them, shape (n, dimensions), float32."""

# How far a length may be from 1. Rounding a unit row of a few thousand numbers to float32 changes
# its length by less than 1e-5; a damaged number is further off than this.
UNIT_TOLERANCE = 1e-3

# No vector of float32 numbers is longer: the largest is 3.4e38, and a vector has some thousand.
LONGEST = 1e42

# A length this near to 1 is 1 but for the rounding of a unit vector's numbers.
ROUNDING = 1e-5


class Measured(NamedTuple):
    """A vector at unit length, and the Euclidean length at which its model gave it.

    length: None where it was not kept.
    """

    vector: Vector
    length: float | None


def measured(raw: RawVector) -> Measured:
    """Tell the direction and the length of a vector apart.

    One that came at unit length keeps its numbers as they are. Raises ValueError for anything that
    is not finite or has no direction.
    """
    wide = np.asarray(raw, dtype=np.float64)
    length = math.sqrt(wide @ wide)  # numpy.linalg.norm takes several times as long
    if abs(length - 1) < ROUNDING:
        return Measured(np.asarray(raw, dtype=np.float32), 1.0)
    if not is_length(length):
        raise ValueError("a vector without a direction")
    return Measured((wide / length).astype(np.float32), length)


def unit(vector: npt.NDArray[np.floating]) -> Vector:
    """Scale to unit length along the last axis.

    Raises ValueError for anything that is not finite or has no direction.
    """
    wide = np.asarray(vector, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not np.isfinite(norms).all() or (norms <= 0).any():
        raise ValueError("a vector without a direction")
    rows: Vector = (wide / norms).astype(np.float32)
    return rows


def are_unit(rows: Vectors) -> bool:
    """True if every row of shape (n, dimensions) has length one; NaN and infinity have not."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", rows, rows)
        # The square of a length is twice as far from 1 as the length itself.
        return bool((np.abs(squares - 1.0) < 2 * UNIT_TOLERANCE).all())


def is_length(value: object) -> TypeGuard[float]:
    """True for what can be the length of a vector that has a direction."""
    return isinstance(value, float) and 0 < value < LONGEST


def is_unit_blob(blob: object) -> bool:
    """True for the bytes of one float32 vector of unit length."""
    if not isinstance(blob, bytes) or len(blob) % 4 or not blob:
        return False
    return are_unit(np.frombuffer(blob, np.float32)[None])
