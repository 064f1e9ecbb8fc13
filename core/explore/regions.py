"""The parts of a map in which the pictures of one cluster lie, as outlines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Cells = npt.NDArray[np.bool_]
Corner = tuple[int, int]

# The grid that the regions are made of has so many cells for each picture's room and side: finer
# ones follow every single picture, coarser ones cut through them.
CELLS_PER_PICTURE = 2.0
FEWEST_CELLS, MOST_CELLS = 8, 160
# How far a picture's presence reaches, in cells: beyond half the way to its neighbours, so that a
# cluster's pictures grow together.
REACH = 1.3
# A cell belongs to a region where the presence of pictures is this many times what one picture
# alone has in its middle: one that lies far from all others tints nothing.
PRESENT = 1.1
# A piece that holds a smaller share of its cluster is left out: a map of specks cannot be read.
SMALLEST_PIECE = 0.1
# Rounds in which corners are cut (Chaikin 1974), by the number of cells on a side: large ones show
# their corners, and each round doubles what is sent to a browser.
ROUNDINGS = ((40, 3), (80, 2), (MOST_CELLS, 1))


@dataclass(frozen=True, eq=False)
class MapRegion:
    """Where the pictures of a cluster lie: outlines of shape (m, 2), the one with most first.

    No outline where they are spread so thinly that they lie nowhere more than others do.
    """

    cluster: int
    outlines: tuple[Points, ...]


def map_regions(points: Points, labels: npt.NDArray[np.intp]) -> list[MapRegion]:
    """A region for each of the clusters 0, 1, ...; they do not overlap.

    points: shape (n, 2), finite. labels: the cluster of each point, shape (n,); one
    below 0 belongs to none. Where pictures of
    several clusters lie among each other, a place belongs to the cluster with the most of them.
    """
    clusters = int(labels.max(initial=-1)) + 1
    if clusters == 0:
        return []
    points, labels = points[labels >= 0], labels[labels >= 0]
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    cells = int(np.clip(CELLS_PER_PICTURE * np.sqrt(len(points)), FEWEST_CELLS, MOST_CELLS))
    margin = int(np.ceil(3 * REACH))
    cell = np.where(extent > 0, extent, 1.0) / cells
    places = np.clip(((points - low) / cell).astype(np.intp), 0, cells - 1) + margin
    size = cells + 2 * margin
    blur = np.exp(-((np.arange(size)[:, None] - np.arange(size)) ** 2) / (2 * REACH**2))
    presence = np.zeros((clusters, size, size))
    np.add.at(presence, (labels, places[:, 0], places[:, 1]), 1.0)
    presence = blur @ presence @ blur
    rounds = next(rounds for most, rounds in ROUNDINGS if cells <= most)
    # Many pictures in one place reach far; the border stays free, so that outlines close.
    presence[:, [0, -1]] = presence[:, :, [0, -1]] = 0.0
    owner = np.where(presence.sum(axis=0) >= PRESENT, presence.argmax(axis=0), -1)
    return [
        MapRegion(
            cluster,
            tuple(
                low + (_rounded(_outline(piece), rounds) - margin) * cell
                for piece in _pieces(owner == cluster, places[labels == cluster])
            ),
        )
        for cluster in range(clusters)
    ]


def _pieces(cells: Cells, places: npt.NDArray[np.intp]) -> list[Cells]:
    """The connected parts of the cells that hold enough of these places, the fullest first."""
    found: list[tuple[int, int, Cells]] = []
    left = cells.copy()
    for x, y in np.argwhere(cells).tolist():
        if left[x, y]:
            piece = _connected(left, (x, y))
            left &= ~piece
            found.append((int(piece[places[:, 0], places[:, 1]].sum()), len(found), piece))
    least = max(1.0, SMALLEST_PIECE * len(places))
    return [
        piece
        for count, _, piece in sorted(found, key=lambda one: (-one[0], one[1]))
        if count >= least
    ]


def _connected(cells: Cells, start: Corner) -> Cells:
    """The cells that are reached from one of them by steps across and along."""
    piece = np.zeros_like(cells)
    piece[start] = True
    ahead = [start]
    while ahead:
        x, y = ahead.pop()
        for there in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if cells[there] and not piece[there]:
                piece[there] = True
                ahead.append(there)
    return piece


def _outline(piece: Cells) -> Points:
    """The corners around a connected piece that touches no border of its grid, shape (m, 2)."""
    following: dict[Corner, list[Corner]] = {}
    for start, end in _edges(piece):
        following.setdefault(start, []).append(end)
    loops = []
    while following:
        first = here = next(iter(following))
        loop = []
        while here in following:
            loop.append(here)
            ways = following[here]
            following[here] = ways[1:]
            if len(ways) == 1:
                del following[here]
            here = ways[0]
            if here == first:
                break
        loops.append(np.array(loop, dtype=np.float64))
    # The others go around holes.
    return max(loops, key=_area)


def _edges(piece: Cells) -> Iterator[tuple[Corner, Corner]]:
    """The sides of cells beyond which the piece ends, each with the piece on its left."""
    for x, y in np.argwhere(piece).tolist():
        if not piece[x, y - 1]:
            yield (x, y), (x + 1, y)
        if not piece[x + 1, y]:
            yield (x + 1, y), (x + 1, y + 1)
        if not piece[x, y + 1]:
            yield (x + 1, y + 1), (x, y + 1)
        if not piece[x - 1, y]:
            yield (x, y + 1), (x, y)


def _area(loop: Points) -> float:
    x, y = loop.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _rounded(loop: Points, rounds: int) -> Points:
    """The loop without steps, its corners cut."""
    # The middles of the steps first: a staircase becomes a slope.
    loop = (loop + np.roll(loop, -1, axis=0)) / 2
    for _ in range(rounds):
        ahead = np.roll(loop, -1, axis=0)
        loop = np.stack([0.75 * loop + 0.25 * ahead, 0.25 * loop + 0.75 * ahead], axis=1)
        loop = loop.reshape(-1, 2)
    return loop
