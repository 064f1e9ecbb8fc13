"""The collection on a plane: near things lie near each other, as far as two dimensions allow."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import pandas as pd
import streamlit as st

from core.model import Scope
from core.search import Result
from core.workspace import Workspace
from ui.scope import choose_scope
from ui.wall import address, wall

# Beyond this many (the gallery fits) pictures cover each other: dots, with the picture on hover.
AS_PICTURES = 300

HEIGHT = 680


@dataclass(frozen=True)
class Points:
    """A map as it is sent to the browser: columns x, y, id and name; `shown` is the plane's share
    of the differences between the pictures."""

    table: pd.DataFrame
    shown: float


@st.cache_resource(max_entries=16, show_spinner="Drawing the map …")
def _points(state: str, scope: Scope, _workspace: Workspace) -> Points:
    # The state stands for the vectors: hashing them would read only a sample.
    layout = _workspace.map_of(scope)
    x, y = layout.projection.points.T.astype("float32")  # far finer than a pixel
    if len(layout.ids) > AS_PICTURES:
        # The pointer asks for few of the thumbnails, but each at once.
        _workspace.map_files(layout, layout.projection.points)
    table = pd.DataFrame({"x": x, "y": y, "id": layout.ids, "name": layout.names})
    return Points(table, sum(layout.projection.explained))


def map_view(workspace: Workspace) -> None:
    """The chart, and below it the picture that was clicked."""
    scope = choose_scope(workspace)
    points = _points(workspace.map_state(), scope, workspace)
    if len(points.table) < 2:
        st.caption("A map needs at least two pictures.")
        return
    st.caption(
        f"{len(points.table):,} pictures by the two directions in which they differ most (PCA); "
        f"the plane shows {points.shown:.0%} of their differences. Click one."
    )
    picked = draw(workspace, points.table, scope)
    picture = workspace.picture(picked, scope) if picked else None
    if picture is not None:
        wall(workspace, [Result(picture, None, searchable=True)], key="picked")


def draw(workspace: Workspace, table: pd.DataFrame, scope: Scope) -> str:
    """The chart; the id of the picture that was clicked, or ""."""
    ids = table["id"]
    picked = alt.selection_point(name="picture", fields=["id"], empty=False)
    tooltip = ["image:N", "name:N"]  # Vega draws the picture at an address in a field of this name
    if len(ids) <= AS_PICTURES:
        chart = alt.Chart(table.assign(image=[address(workspace, i) for i in ids]))
    else:
        # Each address is its id between the same two ends: the browser puts it together.
        first = address(workspace, ids[0])
        start, _, end = first.partition(ids[0])
        chart = alt.Chart(table)
        if end:
            chart = chart.transform_calculate(image=f"'{start}' + datum.id + '{end}'").properties(
                # Streamlit's own choice for so many, but not behind a transform.
                usermeta={"embedOptions": {"renderer": "canvas"}}
            )
        else:  # no way to write the files, and too many to be sent along
            tooltip.remove("image:N")
    base = chart.encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(zero=False, padding=40)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False, padding=40)),
        tooltip=tooltip,
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
