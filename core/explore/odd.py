"""The pictures that stand alone in a collection, and those that are most typical of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.explore.background import PerScope, Progress
from core.explore.neighbours import Neighbours, highest
from core.index import Sample, VectorSpace
from core.model import Scope
from core.vectors import Vectors

# The cosine with the fifth nearest tells how alone a picture is: with the very nearest, two odd
# pictures that are copies of each other would hide each other.
NTH = 5
# Of two pictures neither is odder than the other.
FEWEST = 3
# Pictures that are compared: their vectors take 80 MB meanwhile.
MOST_COMPARED = 20_000
# Above so many the comparison takes long enough to be felt by those who search meanwhile: then it
# rests after each block for as long as the block took, as the search for near-duplicates does.
LARGE = 5_000
# How many of each kind are told: what one still looks through.
TOLD = 24
# Where only a part was compared, so many times as many are held against all pictures: one that is
# alone in the part may have near ones outside of it.
SPARE = 3
# Scopes whose findings are kept, a few kilobytes each.
KEPT = 32
# Others that a picture is held against at a time, and pictures that are so together: 8 MB of
# cosines.
HELD_AGAINST, ROWS_AT_ONCE = 1_000, 2_000
# By so much two products of the same vectors may differ.
ROUNDING = 1e-5
EQUAL = 1 - ROUNDING


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
    """Compare the pictures of a scope, evenly thinned to MOST_COMPARED.

    Of a thinned scope, those found most alone are then held against all of its pictures.
    """
    sample = space.sample(scope, MOST_COMPARED)
    count = len(sample.ids)
    # Between the two questions the collection may have changed.
    total = max(space.count(scope), count)
    alone: list[Alone] = []
    typical: list[Typical] = []
    if count >= FEWEST:
        middle = sample.vectors.mean(axis=0, dtype=np.float64)
        # The square of its length is the mean of all cosines.
        if middle @ middle < EQUAL:
            alone = _alone(sample, space, scope, progress, whole=count == total)
            typical = _typical(sample)
    return Extremes(tuple(alone), tuple(typical), count, total, sample.generation)


def _alone(
    sample: Sample, space: VectorSpace, scope: Scope, progress: Progress, *, whole: bool
) -> list[Alone]:
    """whole: whether the sample holds all pictures of the scope."""
    resting = _resting(progress) if len(sample.ids) > LARGE else progress
    rows, near = most_alone(sample.vectors, TOLD if whole else TOLD * SPARE, resting)
    if whole:
        found = zip(rows, near.rows[:, 0], near.cosines, strict=True)
        return [
            Alone(sample.ids[row], sample.ids[nearest], float(cosines[0]), float(cosines[-1]))
            for row, nearest, cosines in found
        ]
    alone = []
    for row in rows:
        beside = space.nearest(sample.vectors[row], NTH + 1, scope, exact=True)
        others = [
            (picture_id, cosine)
            for picture_id, cosine in zip(beside.ids, beside.cosines, strict=True)
            if picture_id != sample.ids[row]
        ][:NTH]
        if others:  # else all but this one were deleted meanwhile
            alone.append(Alone(sample.ids[row], *others[0], others[-1][1]))
    return sorted(alone, key=lambda one: one.nth_cosine)[:TOLD]


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


def most_alone(
    vectors: Vectors, count: int, progress: Progress = lambda share: None
) -> tuple[npt.NDArray[np.intp], Neighbours]:
    """Rows of the pictures whose near neighbours are farthest, the most alone first; exact.

    vectors: float32 unit rows. Also gives the NTH nearest of each of those rows, or all others
    where there are fewer. A picture is held against some others after the other, and dropped once
    it has NTH that are nearer than what the most alone have: then it cannot be one of them (Bay and
    Schwabacher 2003). Pictures of a few subjects are soon dropped; if no two are alike, each is
    compared with each.
    """
    n = len(vectors)
    k, count = max(0, min(NTH, n - 1)), min(count, n)
    if not k or not count:
        none = np.zeros((count, 0))
        return np.arange(count), Neighbours(none.astype(np.intp), none.astype(np.float32))
    # In an order of its own, because neighbours may lie next to each other.
    order = np.random.default_rng(0).permutation(n)
    left = np.arange(n)
    nearest = np.full((n, k), -np.inf, dtype=np.float32)  # of each that is left, in no order
    known: dict[int, float] = {}
    for start in range(0, n, HELD_AGAINST):
        others = order[start : start + HELD_AGAINST]
        places = np.full(n, -1)
        places[others] = np.arange(len(others))
        against = vectors[others]
        for first in range(0, len(left), ROWS_AT_ONCE):
            rows = left[first : first + ROWS_AT_ONCE]
            cosines = vectors[rows] @ against.T
            own = np.flatnonzero(places[rows] >= 0)
            cosines[own, places[rows[own]]] = -np.inf
            both = np.hstack([nearest[first : first + ROWS_AT_ONCE], cosines])
            nearest[first : first + ROWS_AT_ONCE] = np.partition(both, -k, axis=1)[:, -k:]
            progress(min(1.0, (start + len(others) * (first + len(rows)) / len(left)) / n))
        nth = nearest.min(axis=1)
        promising = [row for row in left[np.argsort(nth)[:count]].tolist() if row not in known]
        exact = _nearest_of(vectors, np.array(promising, dtype=np.intp), k).cosines[:, -1]
        known.update(zip(promising, exact.tolist(), strict=True))
        bound = sorted(known.values())[count - 1] + ROUNDING
        left, nearest = left[nth <= bound], nearest[nth <= bound]
    rows = left[np.argsort(nearest.min(axis=1), kind="stable")[:count]]
    return rows, _nearest_of(vectors, rows, k)


def _nearest_of(vectors: Vectors, rows: npt.NDArray[np.intp], k: int) -> Neighbours:
    """The k nearest other rows of these few."""
    cosines = vectors[rows] @ vectors.T
    cosines[np.arange(len(rows)), rows] = -np.inf
    return Neighbours(*highest(cosines, k))


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
