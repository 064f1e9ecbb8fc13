"""The pictures that stand alone in a collection, and those that are most typical of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.explore.background import PerScope, Progress
from core.explore.neighbours import Neighbours, nearest_neighbours
from core.index import Sample, VectorSpace
from core.model import Scope
from core.vectors import Vectors

# The cosine with the fifth nearest tells how alone a picture is: with the very nearest, two odd
# pictures that are copies of each other would hide each other.
NTH = 5
# Of two pictures neither is odder than the other.
FEWEST = 3
# Pictures that are compared each with each: 200 million pairs take some ten seconds, and the
# vectors 80 MB meanwhile.
MOST_COMPARED = 20_000
# Above so many the comparison takes long enough to be felt by those who search meanwhile: then it
# rests after each block for as long as the block took, as the search for near-duplicates does.
LARGE = 5_000
# How many of each kind are told: what one still looks through.
TOLD = 24
# Where only a part was compared, so many times as many are held against all pictures: one that is
# alone in the part may have near ones outside of it.
HELD_AGAINST_ALL = 3
# Scopes whose findings are kept, a few kilobytes each.
KEPT = 32
# Rounding makes the cosine of two equal vectors a little less than one.
EQUAL = 1 - 1e-5


@dataclass(frozen=True)
class Alone:
    """A picture without near neighbours, and the one nearest to it.

    cosine: of the two. nth_cosine: with the NTH nearest, or with the last where there are fewer.
    """

    picture_id: str
    nearest_id: str
    cosine: float
    nth_cosine: float


@dataclass(frozen=True)
class Typical:
    """A picture, and the mean of its cosines with all that it was compared with."""

    picture_id: str
    mean: float


@dataclass(frozen=True)
class Extremes:
    """What stands at the edge and what in the middle of a scope's pictures.

    alone, typical: the most alone and the most typical first; empty where there are fewer than
    FEWEST pictures, or where their vectors do not differ. compared: how many were compared with
    each other, of `total`. generation: the state of the index that this is true of.
    """

    alone: tuple[Alone, ...]
    typical: tuple[Typical, ...]
    compared: int
    total: int
    generation: int


def extremes_finder(space: VectorSpace, is_running: Callable[[], bool]) -> PerScope[Extremes]:
    """Finds `extremes` of scopes in the background."""
    return PerScope(
        space,
        lambda scope, progress: extremes(space, scope, progress),
        is_running,
        name="odd pictures",
        held=KEPT,
    )


def extremes(space: VectorSpace, scope: Scope, progress: Progress) -> Extremes:
    """Compare the pictures of a scope, evenly thinned to MOST_COMPARED, each with each.

    Of a thinned scope, those found most alone are then held against all of its pictures.
    """
    sample = space.sample(scope, MOST_COMPARED)
    count = len(sample.ids)
    # Between the two questions the collection may have changed.
    total = max(space.count(scope), count)
    alone: list[Alone] = []
    typical: list[Typical] = []
    if count >= FEWEST:
        resting = _resting(progress) if count > LARGE else progress
        neighbours = nearest_neighbours(sample.vectors, NTH, resting)
        if neighbours.cosines.min() < EQUAL:
            alone = _alone(sample, neighbours, space, scope, whole=count == total)
            typical = _typical(sample)
    return Extremes(tuple(alone), tuple(typical), count, total, sample.generation)


def _alone(
    sample: Sample, neighbours: Neighbours, space: VectorSpace, scope: Scope, *, whole: bool
) -> list[Alone]:
    """whole: whether the sample holds all pictures of the scope."""
    if whole:
        return [
            Alone(
                sample.ids[row],
                sample.ids[neighbours.rows[row, 0]],
                float(neighbours.cosines[row, 0]),
                float(neighbours.cosines[row, -1]),
            )
            for row in most_alone(neighbours, TOLD)
        ]
    found = []
    for row in most_alone(neighbours, TOLD * HELD_AGAINST_ALL):
        near = space.nearest(sample.vectors[row], NTH + 1, scope)
        others = [
            (cosine, picture_id)
            for picture_id, cosine in zip(near.ids, near.cosines, strict=True)
            if picture_id != sample.ids[row]
        ][:NTH]
        if others:  # else all but this one were deleted meanwhile
            cosine, picture_id = others[0]
            found.append(Alone(sample.ids[row], picture_id, cosine, others[-1][0]))
    return sorted(found, key=lambda one: one.nth_cosine)[:TOLD]


def _typical(sample: Sample) -> list[Typical]:
    rows = most_typical(sample.vectors, TOLD)
    means = mean_cosines(sample.vectors)[rows].tolist()
    return [Typical(sample.ids[row], mean) for row, mean in zip(rows, means, strict=True)]


def _resting(progress: Progress) -> Progress:
    """Waits, after each report, for as long as the work took since the one before."""
    began = time.monotonic()

    def report(share: float) -> None:
        nonlocal began
        progress(share)
        time.sleep(time.monotonic() - began)
        began = time.monotonic()

    return report


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
    return np.argsort(-mean_cosines(vectors), kind="stable")[:count]


def mean_cosines(vectors: Vectors) -> npt.NDArray[np.float32]:
    """The mean of each row's cosines with all rows, itself among them, shape (n,)."""
    if len(vectors) == 0:
        return np.zeros(0, dtype=np.float32)
    middle = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    means: npt.NDArray[np.float32] = vectors @ middle
    return means
