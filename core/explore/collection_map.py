"""A collection as points on a plane."""

from __future__ import annotations

from dataclasses import dataclass

from core.explore.projection import Projection, project
from core.index import Index, VectorSpace
from core.model import Scope

# A browser draws and picks among this many points without lag.
MOST_POINTS = 20_000


@dataclass(frozen=True, eq=False)
class CollectionMap:
    """The picture ids[row], whose file is called names[row], lies at projection.points[row].

    proportions: width divided by height of each picture.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    proportions: tuple[float, ...]
    projection: Projection


def collection_map(index: Index, space: VectorSpace, scope: Scope) -> CollectionMap:
    """Lay out the pictures in `scope`, evenly thinned to MOST_POINTS. Raises IndexUnavailable."""
    sample = space.sample(scope, MOST_POINTS)
    known = index.pictures(sample.ids, scope)
    # Those deleted meanwhile have no name.
    names = tuple(known[i].name if i in known else "" for i in sample.ids)
    proportions = tuple(known[i].width / known[i].height if i in known else 1.0 for i in sample.ids)
    return CollectionMap(sample.ids, names, proportions, project(sample.vectors))
