"""Exploring: what the vectors of a collection say about each other. Plain numpy."""

from core.explore.clusters import find_clusters
from core.explore.collection_map import CollectionMap, collection_map
from core.explore.map_files import MapFiles, MapFolder
from core.explore.projection import Projection, project
from core.explore.similarity import similarity_matrix

__all__ = [
    "CollectionMap",
    "MapFiles",
    "MapFolder",
    "Projection",
    "collection_map",
    "find_clusters",
    "project",
    "similarity_matrix",
]
