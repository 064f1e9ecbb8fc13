"""A collection as points on a plane."""

from __future__ import annotations

from dataclasses import dataclass

from core.explore.projection import Projection, project
from core.index import Index, VectorSpace
from core.model import Picture, Scope

# A browser draws and picks among this many points without lag.
MOST_POINTS = 10_000


@dataclass(frozen=True, eq=False)
class CollectionMap:
    """ids[row] lies at projection.points[row]; pictures that were deleted meanwhile lack a name."""

    ids: tuple[str, ...]
    pictures: dict[str, Picture]
    projection: Projection


def collection_map(index: Index, space: VectorSpace, scope: Scope) -> CollectionMap:
    """Lay out the pictures in `scope`, evenly thinned to MOST_POINTS. Raises IndexUnavailable."""
    sample = space.sample(scope, MOST_POINTS)
    pictures = index.pictures(sample.ids, scope)
    return CollectionMap(sample.ids, pictures, project(sample.vectors))
