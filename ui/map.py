"""The collection on a plane: near things lie near each other, as far as two dimensions allow."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.explore import MapFiles
from core.model import Scope
from core.search import Result
from core.workspace import Workspace
from ui.collection_map import collection_map
from ui.scope import choose_scope
from ui.wall import wall


@dataclass(frozen=True)
class Drawn:
    """The files of a map; `shown` is the plane's share of the differences between the pictures."""

    files: MapFiles
    shown: float


@st.cache_resource(
    max_entries=16,
    show_spinner="Drawing the map …",
    validate=lambda drawn: drawn.files.are_there(),
)
def _drawn(state: str, scope: Scope, _workspace: Workspace) -> Drawn:
    # The state stands for the vectors: hashing them would read only a sample.
    layout = _workspace.map_of(scope)
    files = _workspace.map_files(layout, layout.projection.points)
    return Drawn(files, sum(layout.projection.explained))


def map_view(workspace: Workspace) -> None:
    """The map, and below it the picture that was clicked."""
    scope = choose_scope(workspace)
    drawn = _drawn(workspace.map_state(), scope, workspace)
    if len(drawn.files.ids) < 2:
        st.caption("A map needs at least two pictures.")
        return
    st.caption(
        f"{len(drawn.files.ids):,} pictures by the two directions in which they differ most (PCA); "
        f"the plane shows {drawn.shown:.0%} of their differences. Click one."
    )
    _map(workspace, drawn.files, scope)


@st.fragment
def _map(workspace: Workspace, files: MapFiles, scope: Scope) -> None:
    event = collection_map("map", files)
    if event is not None and event.clicked is not None:
        st.session_state["map-picked"] = event.clicked
    picked = st.session_state.get("map-picked", "")
    picture = workspace.picture(picked, scope) if picked in files.rows else None
    if picture is not None:
        wall(workspace, [Result(picture, None, searchable=True)], key="picked")
