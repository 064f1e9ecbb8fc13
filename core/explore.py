"""Pairwise similarity, a two-dimensional map, near-duplicates, clusters. Plain numpy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.embedders.base import Vectors

Floats = npt.NDArray[np.float64]

# Directions carried along besides the two that are wanted: the gap to the next ones is what makes
# subspace iteration converge.
SPARE_DIRECTIONS = 10
# On vectors without structure, where the axes mean nothing anyway, it ends here.
MAX_PASSES = 60
# Change of the two axes between passes, as an angle, at which they count as found.
SETTLED = 1e-6
# Below this share of the largest, an axis is the rounding of float32 and not a direction.
NO_VARIANCE = 1e-9

# Rows compared at once: 512 rows against 10,000 are 20 MB of cosines.
BLOCK_ROWS = 512

MAX_ROUNDS = 50


def similarity_matrix(vectors: Vectors) -> Floats:
    """Cosine of every pair, shape (n, n), exactly symmetric, 1.0 on the diagonal.

    vectors: shape (n, dimensions), rows of any length but zero. Computed in float64.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    if len(wide) == 0:
        return np.empty((0, 0))
    rows = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    product = rows @ rows.T
    cosines: Floats = np.clip((product + product.T) / 2, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return cosines


@dataclass(frozen=True, eq=False)
class Projection:
    """The plane in which a collection is spread out most (principal component analysis).

    mean: shape (dimensions,). axes: two unit rows, shape (2, dimensions); a row of zeros where
    the vectors have no second (or first) direction. points: the projected vectors, shape (n, 2).
    explained: share of the variance that each axis carries, 0 to 1.
    """

    mean: Floats
    axes: Floats
    points: Floats
    explained: tuple[float, float]

    def place(self, vectors: Vectors) -> Floats:
        """Where other vectors of the same space fall, shape (m, 2)."""
        wide = np.asarray(vectors, dtype=np.float64).reshape(-1, len(self.mean))
        placed: Floats = (wide - self.mean) @ self.axes.T
        return placed


def projection(vectors: Vectors) -> Projection:
    """The first two principal components of float32 vectors, shape (n, dimensions).

    Deterministic: a fixed start, and each axis points to where its largest component is positive.
    Any n from 0 on. Subspace iteration (Halko, Martinsson, Tropp, arXiv:0909.4061) on products
    that are never centred in memory: at 10,000 x 1024 a fraction of an exact decomposition's time.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    n, dimensions = rows.shape
    mean = rows.mean(axis=0, dtype=np.float64) if n else np.zeros(dimensions)
    axes = np.zeros((2, dimensions))
    total = _variance(rows, mean)
    size = min(2 + SPARE_DIRECTIONS, n, dimensions)
    shares = [0.0, 0.0]
    if size and total > NO_VARIANCE:
        found, variances = _principal(rows, mean, size)
        for axis, variance in enumerate(variances[:2]):
            if variance > NO_VARIANCE * total:
                direction = found[axis]
                axes[axis] = direction * np.sign(direction[np.argmax(np.abs(direction))])
                shares[axis] = min(1.0, float(variance / total))
    points = _times(rows, axes.T) - mean @ axes.T
    return Projection(mean, axes, points, (shares[0], shares[1]))


def _variance(rows: Vectors, mean: Floats) -> float:
    """Sum over the dimensions of the population variance."""
    if len(rows) == 0:
        return 0.0
    squares = np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64)
    return float(squares / len(rows) - mean @ mean)


def _principal(rows: Vectors, mean: Floats, size: int) -> tuple[Floats, Floats]:
    """`size` directions, best first, as rows (size, dimensions), and their variances."""
    start = np.random.default_rng(0).standard_normal((rows.shape[1], size))
    basis, _ = np.linalg.qr(start)
    directions: Floats = basis.T
    variances: Floats = np.zeros(size)
    for _ in range(MAX_PASSES):
        spread = _times(rows, basis) - mean @ basis
        # Rayleigh-Ritz: the best directions within the present subspace.
        variances, turn = np.linalg.eigh(spread.T @ spread / len(rows))
        variances, turn = variances[::-1], turn[:, ::-1]
        previous, directions = directions, (basis @ turn).T
        cosines = np.abs(np.einsum("ij,ij->i", previous[:2], directions[:2]))
        if (1 - cosines < SETTLED**2 / 2 + 1e-12).all():
            break
        pulled = _times(rows.T, spread) - np.outer(mean, spread.sum(axis=0))
        basis, _ = np.linalg.qr(pulled)
    return directions, variances


def _times(left: npt.NDArray[np.float32], right: Floats) -> Floats:
    """A product in float32, the type that the large factor is stored in."""
    product: Floats = (left @ right.astype(np.float32)).astype(np.float64)
    return product


@dataclass(frozen=True)
class Pair:
    """Two rows and their cosine; first < second."""

    first: int
    second: int
    similarity: float


def near_duplicates(vectors: Vectors, threshold: float, limit: int = 1000) -> list[Pair]:
    """The pairs whose cosine reaches the threshold, most alike first, at most `limit`.

    vectors: float32 unit rows, shape (n, dimensions). Every pair is looked at, in blocks, so that
    memory stays flat; the work grows with n².
    """
    found = np.empty((0, 3))
    for start in range(0, len(vectors), BLOCK_ROWS):
        block = vectors[start : start + BLOCK_ROWS]
        cosines = block @ vectors[start:].T
        first, second = np.nonzero(cosines >= threshold)
        later = second > first
        first, second = first[later], second[later]
        fresh = np.column_stack([first + start, second + start, cosines[first, second]])
        found = np.concatenate([found, fresh])
        found = found[np.lexsort((found[:, 1], found[:, 0], -found[:, 2]))][:limit]
    return [Pair(int(a), int(b), min(1.0, float(cosine))) for a, b, cosine in found]


def groups(pairs: Iterable[Pair]) -> list[list[int]]:
    """Rows that are joined by pairs, directly or through others; each group in ascending order."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = row = parent[parent[row]]
        return row

    for pair in pairs:
        low, high = sorted((root(pair.first), root(pair.second)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for row in sorted(parent):
        members.setdefault(root(row), []).append(row)
    return sorted(members.values())


def clusters(vectors: Vectors, k: int, seed: int = 0) -> npt.NDArray[np.intp]:
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
