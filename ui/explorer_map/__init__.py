"""The explorer's map: a collection laid out, its regions, a query and a selection on it."""

from ui.explorer_map.view import map_view

__all__ = ["map_view"]
