"""A page with a map and all that can lie on it, for tests and measurements of the map alone.

It takes the place of streamlit_app.py in a clone of the app. In the address: `show`, a list of what
lies on the map (regions, query, lit, texts, axes; "nothing" is a page without a map), and `view`,
three numbers.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import streamlit as st

from core.explore import DrawnMap
from core.model import EVERYTHING
from core.settings import load_settings
from core.workspace import Workspace
from ui.collection_map import (
    Axes,
    NamedRegion,
    QueryPoint,
    TextPoint,
    View,
    collection_map,
)
from ui.resources import ROOT

HOSTILE = "<img src=x onerror=alert(1)> [click](https://example.com)"


@st.cache_resource
def opened() -> Workspace:
    workspace = Workspace(load_settings(root=ROOT), ROOT)
    workspace.indexer.join(60)
    return workspace


@st.cache_resource
def drawn() -> DrawnMap:
    return opened().maps.by_difference(EVERYTHING)


def main() -> None:
    st.set_page_config(layout="wide")
    show = st.query_params.get("show", "").split()
    if "nothing" in show:
        opened()
        return
    files = drawn().files
    left, bottom, right, top = files.box
    width, height = right - left, top - bottom

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * width, bottom + y * height

    some = files.ids[: max(3, len(files.ids) // 20)]
    regions = [
        NamedRegion("blue night", ((at(0.6, 0.1), at(0.95, 0.1), at(0.95, 0.5), at(0.6, 0.5)),)),
        NamedRegion(HOSTILE, ((at(0.1, 0.6), at(0.4, 0.6), at(0.3, 0.9)),)),
    ]
    event = collection_map(
        "map",
        files,
        regions=regions if "regions" in show else (),
        query=QueryPoint(HOSTILE, *at(0.4, 0.4), some[:5]) if "query" in show else None,
        lit=some if "lit" in show else None,
        texts=[TextPoint("a red boat", *at(1.3, 0.5))] if "texts" in show else (),
        axes=Axes("night", "day", "nature", "city") if "axes" in show else None,
        selected=st.session_state.get("selected", ()),
        view=View(*map(float, st.query_params["view"].split(",")))
        if "view" in st.query_params
        else None,
    )
    if event is not None and event.selected is not None:
        st.session_state["selected"] = event.selected
    if event is not None:
        events = st.session_state.setdefault("events", [])
        events.append({name: value for name, value in asdict(event).items() if value})
    st.text(json.dumps(st.session_state.get("events", [])))


if __name__ == "__main__":
    main()
