"""A collection laid out on a plane by principal component analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.vectors import Vectors

Floats = npt.NDArray[np.float64]

# Directions that each pass over the vectors adds to the subspace, so that few passes are needed;
# a product with eight columns takes little longer than reading the vectors.
BLOCK_DIRECTIONS = 8
# On vectors without structure, where the axes mean nothing anyway, it ends here.
MAX_PASSES = 14
# Angle by which the axes turn in the last pass. It falls by more than half with each, so that what
# is left is below a pixel on a map of 1000.
SETTLED = 1e-3
# What float32 leaves of a direction that was taken out.
ROUNDING = 1e-5
# Below this share of the largest, an axis is the rounding of float32 and not a direction; nor could
# it be seen on a map.
NO_VARIANCE = 1e-6


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


def project(vectors: Vectors) -> Projection:
    """The first two principal components of float32 vectors, shape (n, dimensions).

    Deterministic: a fixed start, and each axis points to where its largest component is positive.
    Any n from 0 on. Block Krylov iteration (Musco and Musco, arXiv:1504.05477) on vectors that
    are never centred in memory.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    n, dimensions = rows.shape
    mean = rows.mean(axis=0, dtype=np.float64) if n else np.zeros(dimensions)
    axes = np.zeros((2, dimensions))
    total = _variance(rows, mean)
    shares = [0.0, 0.0]
    if n > 1 and total > NO_VARIANCE * (total + mean @ mean):
        found, variances = _principal(rows, mean)
        for axis, variance in enumerate(variances):
            if variance > NO_VARIANCE * total:
                direction = found[axis]
                axes[axis] = direction * np.sign(direction[np.argmax(np.abs(direction))])
                shares[axis] = min(1.0, float(variance / total))
    points = rows @ axes.T.astype(np.float32) - mean @ axes.T
    return Projection(mean, axes, points, (shares[0], shares[1]))


def _variance(rows: Vectors, mean: Floats) -> float:
    """Sum over the dimensions of the population variance."""
    if len(rows) == 0:
        return 0.0
    squares = np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64)
    return float(squares / len(rows) - mean @ mean)


def _principal(rows: Vectors, mean: Floats) -> tuple[Floats, Floats]:
    """The two best directions, shape (2, dimensions), and the variance along each.

    Block Krylov: the best directions within all that the passes so far have reached.
    """
    n, dimensions = rows.shape
    start = np.random.default_rng(0).standard_normal((dimensions, BLOCK_DIRECTIONS))
    block, _ = np.linalg.qr(start[:, : min(n, dimensions)])
    basis: Floats = np.empty((dimensions, 0))
    spread = np.empty((n, 0), dtype=np.float32)
    gram: Floats = np.empty((0, 0))
    found: Floats = np.zeros((2, dimensions))
    variances: Floats = np.zeros(2)
    for _ in range(MAX_PASSES):
        reached = rows @ block.astype(np.float32) - (mean @ block).astype(np.float32)
        cross = spread.T @ reached
        gram = np.block([[gram, cross], [cross.T, reached.T @ reached]]).astype(np.float64)
        basis, spread = np.hstack([basis, block]), np.hstack([spread, reached])
        values, turn = np.linalg.eigh(gram / n)
        best = turn[:, :-3:-1]
        previous, found = found, np.zeros((2, dimensions))
        found[: best.shape[1]] = (basis @ best).T
        variances[: best.shape[1]] = values[:-3:-1]
        along = np.einsum("ij,ij->i", previous, found)[:, None]
        if (np.linalg.norm(found - previous * along, axis=1) < SETTLED).all():
            break
        pulled = rows.T @ reached - np.outer(mean, reached.sum(axis=0, dtype=np.float64))
        block = _beyond(basis, pulled)
        if block.shape[1] == 0:
            break
    return found, variances


def _beyond(basis: Floats, block: Floats) -> Floats:
    """Orthonormal columns for what the block adds to the basis; none if it adds nothing."""
    lengths = np.linalg.norm(block, axis=0)
    block = block - basis @ (basis.T @ block)
    block = block[:, np.linalg.norm(block, axis=0) > ROUNDING * lengths]
    block, _ = np.linalg.qr(block[:, : basis.shape[0] - basis.shape[1]])
    # Once more: the first time leaves rounding along the basis, which `qr` has magnified.
    cleaned, _ = np.linalg.qr(block - basis @ (basis.T @ block))
    return cleaned
