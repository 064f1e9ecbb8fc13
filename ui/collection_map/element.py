"""What Python tells the map in the browser, and what it hears from it."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from core.explore import MapFiles
from ui.component import component
from ui.selection import MOST

Point: TypeAlias = tuple[float, float]

# Relative: a host may serve the app below a path of its own.
MAPS = "app/static/maps/"
THUMBNAILS = "app/static/thumbs/"


# Of an outline's numbers, 0 to 1: below a pixel also where the map is enlarged a hundred times.
PLACES = 5


@dataclass(frozen=True)
class NamedRegion:
    """Parts of the map under one name, which stands in the first.

    outlines: the corners around each part, in the layout's coordinates.
    """

    name: str
    outlines: tuple[Sequence[Point], ...]


@dataclass(frozen=True)
class QueryPoint:
    """A query on the map: where it lies, and the ids of the pictures that lines lead to."""

    label: str
    x: float
    y: float
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True)
class TextPoint:
    """A text that lies on the map beside the pictures."""

    text: str
    x: float
    y: float


@dataclass(frozen=True)
class Axes:
    """What the two directions of the map run from and to."""

    left: str
    right: str
    bottom: str
    top: str


@dataclass(frozen=True)
class Colours:
    """A frame around each picture. of: the number of its colour in `palette`, in the order of the
    map's pictures; -1 for none. palette: in the words of CSS."""

    of: Sequence[int]
    palette: Sequence[str]


@dataclass(frozen=True)
class View:
    """What is seen of the map: its middle, 0 to 1 across and down, and how often it is enlarged.

    zoom: 1 for the whole map.
    """

    x: float
    y: float
    zoom: float


@dataclass(frozen=True)
class MapEvent:
    """What a person did on the map since the last run; each part is None where it is nothing.

    clicked: the id of a picture. region: the number of a region in the order given. selected: all
    pictures that are selected now, cut to MOST; found: how many were drawn around before the cut.
    """

    clicked: str | None = None
    region: int | None = None
    selected: tuple[str, ...] | None = None
    found: int = 0
    view: View | None = None


_map = component("collection_map", __file__, "map")


def collection_map(
    key: str,
    files: MapFiles,
    *,
    regions: Sequence[NamedRegion] = (),
    query: QueryPoint | None = None,
    lit: Collection[str] | None = None,
    texts: Sequence[TextPoint] = (),
    axes: Axes | None = None,
    colours: Colours | None = None,
    selected: Collection[str] = (),
    view: View | None = None,
) -> MapEvent | None:
    """Draw the map; what the person did on it, or None.

    lit: the ids of the pictures that are not dimmed; None for all. view: what is seen at first; a
    view other than the last one given moves the map. All places are the layout's, but for the view.
    """
    payload = {
        "points": _address(files, files.points),
        "sheets": [_address(files, name) for name in files.sheets],
        "cell": files.grid.side,
        "columns": files.grid.columns,
        "perSheet": files.grid.per_sheet,
        "thumbs": "" if files.held else THUMBNAILS,
        "box": files.box,
        "regions": [
            {"name": one.name, "outlines": [_rounded(files, part) for part in one.outlines]}
            for one in regions
        ],
        "query": _query(files, query),
        "lit": None if lit is None else _rows(files, lit),
        "texts": [
            {"text": one.text, **_spot(files, one.x, one.y)}
            for one in texts
            if math.isfinite(one.x) and math.isfinite(one.y)
        ],
        "axes": [axes.left, axes.right, axes.bottom, axes.top] if axes else None,
        "colours": colours and list(colours.of),
        "palette": colours and list(colours.palette),
        "selected": [one for one in selected if one in files.rows],
        "view": [view.x, view.y, view.zoom] if view else None,
        "most": MOST,
    }
    event = _map(
        key=key,
        data=json.dumps(payload).encode(),
        on_clicked_change=_rerun,
        on_region_change=_rerun,
        on_selected_change=_rerun,
        on_view_change=_rerun,
    )
    return _read(files, len(regions), event.clicked, event.region, event.selected, event.view)


def _rerun() -> None:
    """With a callback, even one that does nothing, a trigger is always there to be read."""


def _address(files: MapFiles, name: str) -> str | None:
    """Where the browser finds a file; None for one that does not exist."""
    if not files.held:
        return MAPS + name
    if name not in files.held:
        return None
    kind = "application/json" if name == files.points else "image/jpeg"
    return f"data:{kind};base64,{base64.b64encode(files.held[name]).decode()}"


def _rounded(files: MapFiles, outline: Sequence[Point]) -> list[list[float]]:
    placed: list[list[float]] = files.place(outline).round(PLACES).tolist()
    return placed


def _rows(files: MapFiles, ids: Collection[str]) -> list[int]:
    return [files.rows[one] for one in ids if one in files.rows]


def _spot(files: MapFiles, x: float, y: float) -> dict[str, float]:
    across, down = files.place([x, y])[0].tolist()
    return {"x": across, "y": down}


def _query(files: MapFiles, query: QueryPoint | None) -> dict[str, object] | None:
    if query is None or not (math.isfinite(query.x) and math.isfinite(query.y)):
        return None
    return {
        "label": query.label,
        **_spot(files, query.x, query.y),
        "nearest": _rows(files, query.nearest),
    }


def _read(
    files: MapFiles, regions: int, clicked: object, region: object, selected: object, view: object
) -> MapEvent | None:
    """What a browser says is anybody's: only pictures and regions that are on the map count."""
    ids, found = None, 0
    if isinstance(selected, dict) and isinstance(selected.get("ids"), list):
        known = [one for one in selected["ids"] if isinstance(one, str) and one in files.rows]
        ids = tuple(dict.fromkeys(known))[:MOST]
        number = selected.get("found")
        found = min(number, len(files.ids)) if _is_count(number) else 0
        found = max(found, len(ids))
    event = MapEvent(
        clicked=clicked if isinstance(clicked, str) and clicked in files.rows else None,
        region=region if _is_count(region) and region < regions else None,
        selected=ids,
        found=found,
        view=_view(view),
    )
    return None if event == MapEvent() else event


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _view(value: object) -> View | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    if not all(isinstance(one, (int, float)) and math.isfinite(one) for one in value):
        return None
    x, y, zoom = (float(one) for one in value)
    return View(x, y, max(1.0, zoom))
