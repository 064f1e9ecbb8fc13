"""Groups of pictures that lie near each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.vectors import Vectors

MAX_ROUNDS = 50


def find_clusters(vectors: Vectors, k: int, seed: int = 0) -> npt.NDArray[np.intp]:
    """Spherical k-means: a cluster number for each row, 0 for the largest; shape (n,).

    vectors: float32 unit rows. By cosine, because that is what the search ranks by, so that a
    cluster holds what a search from its middle would find. k-means is chosen over density-based
    clustering because it has no threshold: cosines crowd in a narrow band that differs from
    embedder to embedder. Deterministic for a seed (k-means++, Arthur and Vassilvitskii 2007).
    """
    n = len(vectors)
    k = min(k, n)
    if k < 1:
        return np.zeros(n, dtype=np.intp)
    centres = _spread_out(vectors, k, np.random.default_rng(seed))
    labels = np.full(n, -1, dtype=np.intp)
    for _ in range(MAX_ROUNDS):
        cosines = vectors @ centres.T
        fresh = cosines.argmax(axis=1)
        if (fresh == labels).all():
            break
        labels = fresh
        for cluster in range(k):
            members = vectors[labels == cluster]
            if len(members):
                middle = members.sum(axis=0)
                centres[cluster] = middle / max(float(np.linalg.norm(middle)), 1e-12)
    sizes = np.bincount(labels, minlength=k)
    firsts = [int(np.argmax(labels == cluster)) for cluster in range(k)]
    order = sorted(range(k), key=lambda cluster: (-sizes[cluster], firsts[cluster]))
    number = np.empty(k, dtype=np.intp)
    number[order] = np.arange(k)
    return number[labels]


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
