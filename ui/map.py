"""The collection on a plane: near things lie near each other, as far as two dimensions allow."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from core.explore import CollectionMap
from core.model import Scope
from core.search import Result
from core.workspace import Workspace
from ui.scope import choose_scope
from ui.wall import address, wall

# Beyond this many (the gallery fits) pictures cover each other: dots, with the picture on hover.
AS_PICTURES = 300

HEIGHT = 680


@st.cache_resource(max_entries=16, show_spinner="Drawing the map …")
def _collection_map(state: str, scope: Scope, _workspace: Workspace) -> CollectionMap:
    # The state stands for the vectors: hashing them would read only a sample.
    return _workspace.map_of(scope)


def map_view(workspace: Workspace) -> None:
    """The chart, and below it the picture that was clicked."""
    scope = choose_scope(workspace)
    layout = _collection_map(workspace.map_state(), scope, workspace)
    if len(layout.ids) < 2:
        st.caption("A map needs at least two pictures.")
        return
    share = sum(layout.projection.explained)
    st.caption(
        f"{len(layout.ids):,} pictures by the two directions in which they differ most (PCA); the "
        f"plane shows {share:.0%} of their differences. Click one."
    )
    picked = draw(workspace, layout, scope)
    if picked in layout.pictures:
        wall(workspace, [Result(layout.pictures[picked], None, searchable=True)], key="picked")


def draw(workspace: Workspace, layout: CollectionMap, scope: Scope) -> str:
    """The chart; the id of the picture that was clicked, or ""."""
    ids, points, known = layout.ids, layout.projection.points, layout.pictures
    table = pd.DataFrame(
        {
            "x": points[:, 0],
            "y": points[:, 1],
            "id": ids,
            "name": [known[i].name if i in known else "" for i in ids],
            # Vega's tooltip draws a field of this name.
            "image": [address(workspace, i) for i in ids],
        }
    )
    picked = alt.selection_point(name="picture", fields=["id"], empty=False)
    base = alt.Chart(table).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(zero=False, padding=40)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False, padding=40)),
        tooltip=["image:N", "name:N"],
    )
    if len(ids) <= AS_PICTURES:
        side = 64 if len(ids) <= 80 else 46
        marks = base.mark_image(width=side, height=side, cursor="pointer").encode(
            url="image:N", opacity=alt.condition(picked, alt.value(1), alt.value(0.92))
        )
    else:
        marks = base.mark_circle(size=70, cursor="pointer").encode(
            color=alt.condition(picked, alt.value("#2b6cb0"), alt.value("#c8643c")),
            opacity=alt.condition(picked, alt.value(1), alt.value(0.55)),
        )
    answer = st.altair_chart(
        marks.add_params(picked).properties(width="container", height=HEIGHT),
        key=f"map-{scope}-{len(ids)}",
        on_select="rerun",
        selection_mode="picture",
        alt="The collection as a map",
    )
    chosen = answer["selection"]["picture"]
    return str(chosen[0]["id"]) if chosen else ""
