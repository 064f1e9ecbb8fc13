"""A collection laid out on a plane so that pictures keep their nearest neighbours.

This is t-SNE (van der Maaten and Hinton 2008) with three choices of its own. Every picture is drawn
to the same few nearest neighbours with the same force, because those are what the map shall keep;
the forces by distance of the original cost more and kept fewer. The repulsion between all pictures
is summed on a grid (`core.explore.repulsion`). And a weak pull to the middle holds together what no
neighbour connects. The axes of such a map mean nothing, and neither do large distances.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from core.explore.neighbours import BLOCK, highest, nearest_neighbours
from core.explore.projection import project
from core.explore.repulsion import Line, repulsion
from core.vectors import Vectors

Points = npt.NDArray[np.float64]
"""Places on the plane, shape (n, 2)."""

# Neighbours that a picture is drawn to: as many as somebody sees around a picture.
NEIGHBOURS = 10
# With fewer pictures nearly all would be neighbours of each other, so the plane in which they are
# spread out most is the better map.
FEWEST = 12
# At first the pull is exaggerated, so that what belongs together gathers before it is in the way.
GATHERING_STEPS = 150
EXAGGERATION = 6.0
STEPS = 500
# Momentum while gathering and afterwards.
MOMENTUM = (0.5, 0.8)
# Points begin this near to each other; the noise is what sets identical pictures apart.
START_SPREAD = 1e-2
NOISE = 1e-4
# The pull to the middle, for each unit of distance, as a share of a picture's whole pull.
TO_THE_MIDDLE = 1e-4
# The rate at which points follow the forces is the number of pictures over the exaggeration
# (Belkina et al. 2019), but at least this.
LEAST_RATE = 20.0
# Share of the time that finding the neighbours takes, for the progress.
SEARCHING = 0.3
# The balance of a new picture's pulls moves by less than can be seen after these.
BALANCING_STEPS = 20


def layout(
    vectors: Vectors, seed: int = 0, progress: Callable[[float], None] = lambda share: None
) -> Points:
    """Places for float32 unit rows, shape (n, 2), centred; deterministic for a seed.

    Any n from 0 on. progress: called with the share that is done, 0 to 1; what it raises ends the
    work.
    """
    n = len(vectors)
    start = project(vectors).points
    if n < FEWEST:
        progress(1.0)
        return start
    neighbours = nearest_neighbours(
        vectors, _neighbours_for(n), lambda share: progress(SEARCHING * share)
    )
    largest = float(np.abs(start).max())
    noise = np.random.default_rng(seed).normal(0, NOISE, start.shape)
    points = start * (START_SPREAD / largest if largest > 0 else 1.0) + noise
    relaxed = _relaxed(
        points.astype(np.float32),
        *_edges(neighbours.rows),
        lambda share: progress(SEARCHING + (1 - SEARCHING) * share),
    )
    return relaxed.astype(np.float64)


def _edges(
    rows: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Line]:
    """From, to and weight of every pull, sorted by from; all weights add up to one.

    Both ways, because a picture may be a neighbour of one that is none of its own.
    """
    n, k = rows.shape
    here, there = np.repeat(np.arange(n), k), rows.ravel()
    both = np.concatenate([here * n + there, there * n + here])
    edges, count = np.unique(both, return_counts=True)
    return edges // n, edges % n, (count / len(both)).astype(np.float32)


def _relaxed(
    points: npt.NDArray[np.float32],
    here: npt.NDArray[np.intp],
    there: npt.NDArray[np.intp],
    weights: Line,
    progress: Callable[[float], None],
) -> npt.NDArray[np.float32]:
    """Follow the forces; the steps of a point grow while it keeps its direction (Jacobs 1988)."""
    n = len(points)
    firsts = np.searchsorted(here, np.arange(n))
    # Coordinates as rows: each is used alone, and in one piece it is read faster.
    places = np.ascontiguousarray(points.T)
    moving, gains = np.zeros_like(places), np.ones_like(places)
    for step in range(STEPS):
        gathering = step < GATHERING_STEPS
        exaggeration = EXAGGERATION if gathering else 1.0
        across, along = places[:, here] - places[:, there]
        pulls = weights / (1 + across * across + along * along)
        pairs, push_x, push_y = repulsion(places[0], places[1])
        slope = np.stack(
            [
                np.add.reduceat(pulls * across, firsts) * exaggeration - push_x / max(pairs, 1.0),
                np.add.reduceat(pulls * along, firsts) * exaggeration - push_y / max(pairs, 1.0),
            ]
        )
        slope += places * np.float32(TO_THE_MIDDLE / n)
        turned = slope * moving > 0
        gains = np.maximum(np.where(turned, gains * 0.8, gains + 0.2), 0.01).astype(np.float32)
        rate = np.float32(4 * max(n / exaggeration, LEAST_RATE))
        moving = np.float32(MOMENTUM[not gathering]) * moving - rate * gains * slope
        places += moving
        places -= places.mean(axis=1, keepdims=True)
        progress((step + 1) / STEPS)
    return places.T


def place(new_vectors: Vectors, vectors: Vectors, points: Points) -> Points:
    """Where new pictures go on a map whose pictures stay where they are, shape (m, 2).

    Each goes where the pulls of its nearest neighbours balance, with forces as in the layout: among
    those that lie together, however far away the others are. vectors, points: what is on the map,
    shapes (n, dimensions) and (n, 2), in the scale in which `layout` returned them.
    """
    count = _neighbours_for(len(points))
    placed = np.zeros((len(new_vectors), 2))
    step = max(1, BLOCK // max(len(points), 1))
    for start in range(0, len(new_vectors) if len(points) else 0, step):
        rows, _ = highest(new_vectors[start : start + step] @ vectors.T, count)
        placed[start : start + step] = balance(points[rows])
    return placed


def balance(around: Points) -> Points:
    """Where the pulls towards points, shape (m, k, 2), balance; shape (m, 2).

    Of several such places the one that begins at the point with the strongest pull.
    """
    offsets = around[:, :, None] - around[:, None]
    pull = (1 / (1 + (offsets * offsets).sum(axis=3))).sum(axis=2)
    place: Points = around[np.arange(len(around)), pull.argmax(axis=1)]
    for _ in range(BALANCING_STEPS):
        offsets = around - place[:, None]
        weights = 1 / (1 + (offsets * offsets).sum(axis=2, keepdims=True))
        place = (weights * around).sum(axis=1) / weights.sum(axis=1)
    return place


def _neighbours_for(n: int) -> int:
    """Fewer for few pictures: whoever is drawn to all others is drawn nowhere."""
    return max(min(NEIGHBOURS, n // 4), min(n, 1))
