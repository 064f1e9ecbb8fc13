"""Why a picture has its place in a ranking: figures that can be shown to whoever asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.search.ranking import Ranking


def found(ranking: Ranking) -> int | None:
    """How many pictures a search compared; None where it kept only the best of them."""
    if ranking.cut:
        return None
    return len({one.picture_id for hit in ranking.hits for one in (hit, *hit.alike)})


def nearer_than(rank: int, count: int) -> int:
    """The share of `count` ranked pictures that rank 1, 2, ... is nearer than: a whole per cent.

    Rounded down, so that nothing is said to be nearer than all, itself included.

    >>> nearer_than(8, 264)
    96
    """
    return 100 * max(0, count - rank) // count


def main_reason(first: Sequence[float], second: Sequence[float]) -> tuple[int, float]:
    """The part that speaks most for the nearer of two pictures, and by how much.

    first, second: the two pictures' shares, in the order of the parts; shares of one picture add up
    to its cosine. The nearer picture is the one with the higher sum.
    """
    differences = np.subtract(first, second)
    if differences.sum() < 0:
        differences = -differences
    part = int(differences.argmax())
    return part, float(differences[part])
