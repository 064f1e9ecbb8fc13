"""The collection on a plane: near things lie near each other, as far as two dimensions allow."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from core.explore import Projection, project
from core.index.sqlite.matrix import Matrix
from core.model import Hit, Scope
from core.workspace import Workspace
from ui.scope import choose_scope
from ui.wall import address, wall

# Beyond this many (the gallery fits) pictures cover each other: dots, with the picture on hover.
AS_PICTURES = 300
# A browser draws and picks among this many dots without lag.
MOST_DOTS = 10_000

HEIGHT = 680


@st.cache_data(max_entries=16, show_spinner="Drawing the map …")
def _projected(key: str, _matrix: Matrix, _rows: np.ndarray) -> Projection:
    # The key stands for the arrays: hashing them would read only a sample.
    return project(np.asarray(_matrix.vectors[_rows]))


def map_view(space: Workspace) -> None:
    scope = choose_scope(space)
    matrix = space.matrix()
    allowed = space.allowed(matrix, scope)
    rows = np.arange(len(matrix)) if allowed is None else np.flatnonzero(allowed)
    if len(rows) > MOST_DOTS:
        rows = rows[:: -(-len(rows) // MOST_DOTS)]
    if len(rows) < 2:
        st.caption("A map needs at least two pictures.")
        return
    key = f"{space.embedder.id}-{matrix.generation}-{scope}"
    flat = _projected(key, matrix, rows)
    ids = [matrix.ids[row] for row in rows]
    share = float(np.sum(flat.explained))
    st.caption(
        f"{len(rows):,} pictures by the two directions in which they differ most (PCA); the plane "
        f"shows {share:.0%} of their differences. Click one."
    )
    picked = draw(space, ids, flat.points, scope)
    if picked in matrix.row_of:
        cosine = 1.0
        wall(space, [Hit(picked, cosine, 1, ())], scope, key="picked", scored=False)


def draw(space: Workspace, ids: list[str], points: np.ndarray, scope: Scope) -> str:
    """The chart; the id of the picture that was clicked, or ""."""
    known = space.store.pictures(ids, scope)
    table = pd.DataFrame(
        {
            "x": points[:, 0],
            "y": points[:, 1],
            "id": ids,
            "name": [known[i].name if i in known else "" for i in ids],
            # Vega's tooltip draws a field of this name.
            "image": [address(space, i) for i in ids],
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
