"""The query picture, on which a part can be chosen: an element of its own."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from core.model import Region
from ui.component import component

_region = component("region", __file__, "region")


def choose_region(
    source: str,
    name: str,
    region: Region | None,
    calls: int,
    change: Callable[[Region | None], None],
) -> None:
    """Draw the picture, on which a part can be chosen.

    source: an address or the data of the picture. calls: what searching with another part costs.
    change: called with the part that the person chose, None for the whole picture.
    """
    key = "region"

    def take() -> None:
        chosen = _read(st.session_state[key].get("take"))
        if chosen is not None:
            change(chosen)

    price = f" · {calls} call" if calls else ""
    sides = None if region is None else [region.left, region.top, region.right, region.bottom]
    _region(
        key=key,
        data=json.dumps(
            {"source": source, "name": name, "region": sides, "take": f"Search this part{price}"}
        ).encode(),
        on_take_change=take,
        on_whole_change=lambda: change(None),
    )


def _read(sides: object) -> Region | None:
    """What a browser says is anybody's: a rectangle inside the picture, or None."""
    if not isinstance(sides, list) or len(sides) != 4:
        return None
    if not all(isinstance(side, (int, float)) and 0 <= side <= 1 for side in sides):
        return None
    left, top, right, bottom = (float(side) for side in sides)
    return Region(left, top, right, bottom) if left < right and top < bottom else None
