"""Exploring: what the vectors of a collection say about each other. Plain numpy."""

from core.explore.arranger import Arrangement, Arranger
from core.explore.axes import along_axis
from core.explore.background import PerScope
from core.explore.clusters import find_clusters, how_many
from core.explore.gap import Modalities, modalities
from core.explore.layout import layout, place
from core.explore.map_files import MOST_POINTS, MapFiles, MapFolder
from core.explore.maps import Clusters, DrawnMap, Maps
from core.explore.names import name_clusters
from core.explore.neighbours import Neighbours, nearest_neighbours
from core.explore.odd import FEWEST, NTH, Extremes, extremes_finder, most_alone, most_typical
from core.explore.projection import Projection, project
from core.explore.regions import MapRegion, map_regions
from core.explore.seriation import by_likeness
from core.explore.similarity import (
    Arithmetic,
    Metric,
    arithmetic,
    metric_matrix,
    similarity_matrix,
)
from core.explore.spread import picture_side, spread
from core.explore.words import (
    KnownWords,
    NearWord,
    best_of,
    known_words,
    nearest_words,
    profiles,
)

__all__ = [
    "FEWEST",
    "MOST_POINTS",
    "NTH",
    "Arithmetic",
    "Arrangement",
    "Arranger",
    "Clusters",
    "DrawnMap",
    "Extremes",
    "KnownWords",
    "MapFiles",
    "MapFolder",
    "MapRegion",
    "Maps",
    "Metric",
    "Modalities",
    "NearWord",
    "Neighbours",
    "PerScope",
    "Projection",
    "along_axis",
    "arithmetic",
    "best_of",
    "by_likeness",
    "extremes_finder",
    "find_clusters",
    "how_many",
    "known_words",
    "layout",
    "map_regions",
    "metric_matrix",
    "modalities",
    "most_alone",
    "most_typical",
    "name_clusters",
    "nearest_neighbours",
    "nearest_words",
    "picture_side",
    "place",
    "profiles",
    "project",
    "similarity_matrix",
    "spread",
]
