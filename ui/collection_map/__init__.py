"""The map of pictures in the browser: an element that draws, moves, names and selects them."""

from ui.collection_map.element import (
    Axes,
    Colours,
    MapEvent,
    NamedRegion,
    QueryPoint,
    TextPoint,
    View,
    collection_map,
)

__all__ = [
    "Axes",
    "Colours",
    "MapEvent",
    "NamedRegion",
    "QueryPoint",
    "TextPoint",
    "View",
    "collection_map",
]
