"""Groups of pictures that lie near each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.explore.neighbours import nearest_neighbours
from core.vectors import Vectors

MAX_ROUNDS = 50
# Numbers of clusters that are tried where none is asked for: fewer say little of a collection, more
# names are not read on a map, and between two of these little changes.
TRIED = range(4, 17, 2)
# A cluster of fewer pictures than this, on average, is not worth a name.
FEWEST_IN_EACH = 5
# The number is chosen on at most this many pictures, evenly taken; more do not change it.
ENOUGH = 4000
# Neighbours by which it is judged whether clusters keep together what lies together.
NEIGHBOURS = 5
# k-means ends in different clusters from different starts; of these, the tightest are taken.
STARTS = 4


def find_clusters(vectors: Vectors, k: int | None = None, seed: int = 0) -> npt.NDArray[np.intp]:
    """Spherical k-means: a cluster number for each row, 0 for the largest; shape (n,).

    k: how many; None for `how_many`.

    vectors: float32 unit rows. By cosine, because that is what the search ranks by, so that a
    cluster holds what a search from its middle would find. k-means is chosen over density-based
    clustering because it has no threshold: cosines crowd in a narrow band that differs from
    embedder to embedder. Deterministic for a seed (k-means++, Arthur and Vassilvitskii 2007).
    """
    n = len(vectors)
    k = min(how_many(vectors, seed) if k is None else k, n)
    if k < 1:
        return np.zeros(n, dtype=np.intp)
    random = np.random.default_rng(seed)
    starts = [_spread_out(vectors, k, random) for _ in range(STARTS if k > 1 else 1)]
    labels, _ = max((_k_means(vectors, centres) for centres in starts), key=lambda found: found[1])
    sizes = np.bincount(labels, minlength=k)
    firsts = [int(np.argmax(labels == cluster)) for cluster in range(k)]
    order = sorted(range(k), key=lambda cluster: (-sizes[cluster], firsts[cluster]))
    number = np.empty(k, dtype=np.intp)
    number[order] = np.arange(k)
    return number[labels]


def _k_means(vectors: Vectors, centres: Vectors) -> tuple[npt.NDArray[np.intp], float]:
    """The nearest centre of each row, once they are settled, and the mean cosine with it."""
    labels = np.full(len(vectors), -1, dtype=np.intp)
    numbers = np.arange(len(centres))[:, None]
    for _ in range(MAX_ROUNDS):
        cosines = vectors @ centres.T
        fresh = cosines.argmax(axis=1)
        if (fresh == labels).all():
            break
        labels = fresh
        middles = (labels == numbers).astype(np.float32) @ vectors
        lengths = np.linalg.norm(middles, axis=1, keepdims=True)
        # A centre that lost all its rows stays where it was.
        centres = np.where(lengths > 0, middles / np.maximum(lengths, 1e-12), centres)
    return labels, float(cosines.max(axis=1).mean())


def _spread_out(vectors: Vectors, k: int, random: np.random.Generator) -> Vectors:
    """k rows to start from, each likely to be far from those before it."""
    n = len(vectors)
    chosen = [int(random.integers(n))]
    distance = np.maximum(0.0, 1.0 - vectors @ vectors[chosen[0]]).astype(np.float64)
    while len(chosen) < k:
        total = distance.sum()
        # With fewer distinct rows than clusters, any row is as good as another.
        weights = distance / total if total > 0 else None
        chosen.append(int(random.choice(n, p=weights)))
        distance = np.minimum(distance, np.maximum(0.0, 1.0 - vectors @ vectors[chosen[-1]]))
    return np.array(vectors[chosen])


def how_many(vectors: Vectors, seed: int = 0) -> int:
    """The number of clusters with the highest modularity among the nearest neighbours.

    Modularity (Newman 2006) is the share of neighbours that lie in one cluster, less the share
    that would by chance: few clusters keep neighbours together anyway, many tear them apart. One
    for a collection too small for clusters.
    """
    rows = vectors[:: max(1, -(-len(vectors) // ENOUGH))]
    most = len(rows) // FEWEST_IN_EACH
    if most < 2:
        return min(1, len(rows))
    neighbours = nearest_neighbours(rows, NEIGHBOURS).rows
    tried = [k for k in TRIED if k <= most] or [most]
    return max(tried, key=lambda k: modularity(find_clusters(rows, k, seed), neighbours))


def modularity(labels: npt.NDArray[np.intp], neighbours: npt.NDArray[np.intp]) -> float:
    """How much more often neighbours share a cluster than by chance, -1 to 1.

    labels: shape (n,). neighbours: rows of each picture's neighbours, shape (n, k).
    """
    inside = float((labels[neighbours] == labels[:, None]).mean())
    sizes = np.bincount(labels) / len(labels)
    drawn = np.bincount(labels[neighbours].ravel(), minlength=len(sizes)) / neighbours.size
    return inside - float(sizes @ drawn)
