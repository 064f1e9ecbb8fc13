"""Pictures on a map, moved apart as far as is needed to see them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

# Share of the map's area that the pictures may cover: fuller, and they would have to move so far
# that the arrangement is lost.
COVERED = 0.4
# A map that is a line has no area; it is taken for one that is a tenth as wide as it is long.
NARROWEST = 0.1
# Rounds of pushing: fewer leave pictures hidden, more change nothing that can be seen.
ROUNDS = 40
# Overlaps of less than this share of a side are left.
TOLERATED = 0.05
# Of pictures that lie in one place, each is pushed by at most this many of every cell around it, so
# that thousands in one place do not take a step for every pair.
PUSHED_BY = 6
# Angle between one picture and the next where several lie on one point: no two directions repeat.
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
# A cell and the half of its neighbours that have not looked at it already, as (column, row).
AHEAD = ((0, 0), (1, 0), (-1, 1), (0, 1), (1, 1))


def picture_side(points: Points) -> float:
    """The side of pictures that together cover COVERED of a map's area; 1 where there is none.

    The area is that of the ellipse with the same spread, which a few far pictures hardly change.
    """
    if len(points) < 2:
        return 1.0
    long, short = np.sort(np.sqrt(np.abs(np.linalg.eigvalsh(np.cov(points.T)))))[::-1]
    area = 4 * np.pi * long * max(short, NARROWEST * long)
    side = float(np.sqrt(COVERED * area / len(points)))
    return side if side > 0 else 1.0


def spread(points: Points, side: float) -> Points:
    """The points, shape (n, 2), pushed apart until pictures of this side hardly overlap.

    Every picture moves only as far as its neighbours push it, so the arrangement stays.
    Deterministic. Points that coincide are first set around their place in a spiral.
    """
    places = points + _spiral(points, side)
    for _ in range(ROUNDS):
        pushes, most = _pushes(places, side)
        if most < TOLERATED * side:
            break
        places += pushes
    return places


def _spiral(points: Points, side: float) -> Points:
    """For points that share a place, offsets with about one picture's room each; else zeros."""
    _, group = np.unique(np.round(points / (side / 10)), axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    number = np.empty(len(points), dtype=np.intp)
    number[order] = np.arange(len(points)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    radius = side * np.sqrt(number / np.pi)
    angle = number * GOLDEN_ANGLE
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _pushes(places: Points, side: float) -> tuple[Points, float]:
    """How far each point gives way, and the largest overlap of two."""
    n = len(places)
    cells = np.floor((places - places.min(axis=0, initial=0.0)) / side).astype(np.int64) + 1
    wide = int(cells[:, 1].max(initial=0)) + 2
    order = np.argsort(cells[:, 0] * wide + cells[:, 1], kind="stable")
    cells, sorted_places = cells[order], places[order]
    numbers = cells[:, 0] * wide + cells[:, 1]
    moves, most = np.zeros((n, 2)), 0.0
    for column, row in AHEAD:
        there = numbers + column * wide + row
        first, last = np.searchsorted(numbers, there), np.searchsorted(numbers, there, "right")
        if column == row == 0:
            first = np.arange(1, n + 1)
        for step in range(PUSHED_BY):
            here = np.flatnonzero(first + step < last)
            if len(here) == 0:
                break
            other = first[here] + step
            apart = sorted_places[here] - sorted_places[other]
            distance = np.sqrt((apart * apart).sum(axis=1))
            near = distance < side
            here, other, apart, distance = here[near], other[near], apart[near], distance[near]
            if len(here) == 0:
                continue
            most = max(most, float((side - distance).max()))
            push = apart * ((side - distance) / (2 * np.maximum(distance, 1e-9 * side)))[:, None]
            for axis in (0, 1):
                moves[:, axis] += np.bincount(here, push[:, axis], n)
                moves[:, axis] -= np.bincount(other, push[:, axis], n)
    lengths = np.sqrt((moves * moves).sum(axis=1, keepdims=True))
    # Together, pushes from several sides would throw a picture over its neighbours.
    moves *= np.minimum(1.0, side / 2 / np.maximum(lengths, 1e-12))
    unsorted = np.empty_like(moves)
    unsorted[order] = moves
    return unsorted, most
