"""What is asked for: weighted parts, combined into one unit vector."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import QueryError
from core.vectors import Vector, unit


def query_key(text: str) -> str:
    """Texts that no embedder tells apart share one key.

    >>> query_key("  a   blue house ")
    'a blue house'
    """
    # Half of a surrogate pair, which a browser can send, cannot be stored.
    whole = text.encode("utf-8", "replace").decode()
    return " ".join(unicodedata.normalize("NFC", whole).split())


# A sum of unit vectors that is shorter than this is what rounding leaves of parts that are equal
# and opposite; its direction would mean nothing.
CANCELLED = 1e-6


@dataclass(frozen=True)
class Part:
    """One part of a query: a unit vector and how much it counts (negative: away from it)."""

    vector: Vector
    weight: float = 1.0


def combine(parts: Sequence[Part]) -> Vector:
    """The query's unit vector: the weighted sum of its parts, normalised again.

    Raises QueryError if there is no part, or if the parts cancel out.
    """
    if len(parts) == 1 and parts[0].weight > 0:
        return parts[0].vector
    if not parts:
        raise QueryError("There is nothing to search for yet.")
    total = weighted_sum(parts)
    if not np.linalg.norm(total) > CANCELLED:
        raise QueryError(
            "The parts of this query cancel each other out: nothing is left to search for. "
            "Change a weight, or remove a part."
        )
    return unit(total)


def weighted_sum(parts: Sequence[Part]) -> npt.NDArray[np.float64]:
    """The sum of the parts' vectors times their weights, shape (dimensions,), not normalised."""
    total = np.zeros(parts[0].vector.shape)
    for part in parts:
        total += part.weight * part.vector
    return total
