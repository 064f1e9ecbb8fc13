"""How near vectors lie to each other, by three metrics, and the arithmetic behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.vectors import Vector, Vectors

Floats = npt.NDArray[np.float64]


class Metric(StrEnum):
    """What is computed of two vectors. The values stand in the address of a page."""

    COSINE = "cosine"
    INNER_PRODUCT = "inner"
    EUCLIDEAN = "euclidean"

    @property
    def smaller_is_nearer(self) -> bool:
        return self is Metric.EUCLIDEAN


class Contribution(NamedTuple):
    """What one dimension, counted from 0, adds to the dot product of two vectors."""

    dimension: int
    one: float
    other: float

    @property
    def product(self) -> float:
        return self.one * self.other


@dataclass(frozen=True)
class Arithmetic:
    """Two vectors, number by number: dot_product / (lengths[0] * lengths[1]) is the cosine.

    largest: the dimensions that add or take away most, the largest product first.
    """

    dot_product: float
    lengths: tuple[float, float]
    cosine: float
    distance: float
    largest: tuple[Contribution, ...]


def similarity_matrix(vectors: Vectors) -> Floats:
    """Cosine of every pair, shape (n, n), exactly symmetric, 1.0 on the diagonal.

    vectors: shape (n, dimensions), rows of any length but zero. Computed in float64.
    """
    rows = _directions(vectors)
    cosines: Floats = np.clip(_products(rows), -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return cosines


def metric_matrix(metric: Metric, vectors: Vectors, lengths: Sequence[float | None]) -> Floats:
    """The metric of every pair of few vectors, shape (n, n), exactly symmetric.

    vectors: shape (n, dimensions), rows of any length but zero. lengths: those at which the vectors
    are compared; NaN stands where one is needed and is not known. Computed in float64.
    """
    if metric is Metric.COSINE:
        return similarity_matrix(vectors)
    known = np.array([np.nan if length is None else length for length in lengths])
    rows = _directions(vectors) * known[:, None]
    if metric is Metric.INNER_PRODUCT:
        return _products(rows)
    # From the differences, so that equal vectors are exactly 0 apart.
    distances: Floats = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    np.fill_diagonal(distances, 0.0)
    return distances


def arithmetic(
    one: Vector, other: Vector, lengths: tuple[float, float], count: int = 5
) -> Arithmetic:
    """The numbers from two vectors, at these lengths, to their cosine and their distance.

    one, other: shape (dimensions,), of any length but zero. count: how many dimensions to name.
    """
    rows = _directions(np.stack([one, other])) * np.array(lengths)[:, None]
    products = rows[0] * rows[1]
    dot_product = float(products.sum())
    largest = np.argsort(-np.abs(products), kind="stable")[:count]
    return Arithmetic(
        dot_product=dot_product,
        lengths=lengths,
        cosine=min(max(dot_product / (lengths[0] * lengths[1]), -1.0), 1.0),
        distance=float(np.linalg.norm(rows[0] - rows[1])),
        largest=tuple(Contribution(int(d), float(rows[0, d]), float(rows[1, d])) for d in largest),
    )


def _directions(vectors: Vectors) -> Floats:
    wide = np.asarray(vectors, dtype=np.float64)
    rows: Floats = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    return rows


def _products(rows: Floats) -> Floats:
    product = rows @ rows.T
    symmetric: Floats = (product + product.T) / 2
    return symmetric
