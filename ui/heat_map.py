"""The explorer's table: cosine similarity of every pair, as a heat map that can be clicked."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from core.errors import EmbedderError
from core.explore import similarity_matrix
from core.model import EVERYTHING
from core.search import Part, harmless, query_key
from core.workspace import Workspace
from ui.comparison import MOST, table_pictures, table_texts
from ui.wall import address, thumbnail

# More names than this make a list that nobody scrolls, and a page that is slow to send.
LISTED = 2000

# Readable on the light and on the dark page.
INK = "#857b6f"

CELL = 72  # pixels; twelve of them fit a laptop


@dataclass(frozen=True)
class Item:
    """Something on the table: a picture (with its id and its thumbnail's address) or a text."""

    label: str
    vector: np.ndarray
    picture_id: str = ""
    thumbnail: str = ""


def compare_view(workspace: Workspace) -> None:
    st.markdown(
        "Put pictures and texts on the table: every cell is the **cosine similarity** of two of "
        "their vectors."
    )
    choose(workspace)
    items = items_on_table(workspace)
    if len(items) < 2:
        st.caption("Choose at least two, or press Compare on any search result.")
        if not items and st.button("Show an example", icon=":material/auto_awesome:"):
            put_example(workspace)
            st.rerun()
        return
    similarities = similarity_matrix(np.stack([item.vector for item in items]))
    left, right = st.columns([3, 2], gap="large")
    with left:
        picked = heat_map(items, similarities)
        st.download_button(
            "Download matrix CSV",
            lambda: matrix_csv(items, similarities),
            file_name="similarities.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    with right:
        if picked is None:
            st.caption("Click a cell to see the two side by side.")
        else:
            side_by_side(workspace, items, similarities, *picked)


def choose(workspace: Workspace) -> None:
    listed = workspace.named_pictures(LISTED)
    kept = {p.id: p.name for p, _ in workspace.with_vectors(table_pictures())}
    names = {i: path.rsplit("/", 1)[-1] for i, path in listed} | kept
    options = list(dict.fromkeys([*kept, *(i for i, _ in listed)]))
    pictures, texts = st.columns(2)
    for_pictures, for_texts = MOST - len(table_texts()), MOST - len(kept)
    with pictures:
        # The table is the truth; the widget starts from it on every visit.
        st.session_state["chosen-pictures"] = list(kept)
        st.multiselect(
            "Pictures",
            options,
            format_func=names.__getitem__,
            key="chosen-pictures",
            max_selections=max(1, for_pictures),
            disabled=not for_pictures,
            placeholder="Choose by name",
            on_change=lambda: st.session_state.update(
                {"table-pictures": st.session_state["chosen-pictures"]}
            ),
        )
    with texts:
        st.session_state["chosen-texts"] = table_texts()
        st.multiselect(
            "Texts",
            table_texts(),
            key="chosen-texts",
            accept_new_options=True,
            max_selections=max(1, for_texts),
            disabled=not for_texts,
            placeholder="Type a text and press Enter",
            on_change=lambda: st.session_state.update(
                {
                    "table-texts": [
                        query_key(t) for t in st.session_state["chosen-texts"] if t.strip()
                    ]
                }
            ),
        )


def put_example(workspace: Workspace) -> None:
    """Two texts and the pictures nearest to them; where texts are paid, a few pictures apart."""
    texts = () if workspace.embedder.paid else ("a blue house", "boats on the sea")
    ids = workspace.some_pictures(6)
    if texts:
        rankings = [
            workspace.search([Part(workspace.queries.text(text))], EVERYTHING) for text in texts
        ]
        ids = list(dict.fromkeys(hit.picture_id for r in rankings for hit in r.hits[:3]))
    st.session_state["table-pictures"] = ids
    st.session_state["table-texts"] = list(texts)


def items_on_table(workspace: Workspace) -> list[Item]:
    items = [
        Item(picture.name, vector, picture.id, address(workspace, picture.id))
        for picture, vector in workspace.with_vectors(table_pictures())
    ]
    for text in table_texts():
        try:
            items.append(Item(text, workspace.queries.text(text)))
        except EmbedderError as error:
            st.text(f"“{text}”: {error}")
    return items


def heat_map(items: Sequence[Item], similarities: np.ndarray) -> tuple[int, int] | None:
    """Draw the matrix; the cell that was clicked, as (row, column)."""
    n = len(items)
    rows, columns = np.indices((n, n))
    cells = pd.DataFrame(
        {
            "row": rows.ravel(),
            "column": columns.ravel(),
            "similarity": similarities.ravel(),
            "one": [item.label for item in items for _ in items],
            "other": [item.label for _ in items for item in items],
        }
    )
    off = similarities[~np.eye(n, dtype=bool)]
    low, high = float(off.min()), float(off.max())
    middle = (low + high) / 2
    ends = pd.DataFrame(
        [
            {
                "place": place,
                "edge": -1,
                "label": item.label,
                "lines": _lines(item.label),
                "url": item.thumbnail or None,
            }
            for place, item in enumerate(items)
        ]
    )
    across = alt.Scale(domain=[-1.5, n - 0.5], nice=False, zero=False)
    down = alt.Scale(domain=[-1.5, n - 0.5], nice=False, zero=False, reverse=True)
    picked = alt.selection_point(name="cell", fields=["row", "column"], empty=False)
    base = alt.Chart(cells)
    half = 0.48
    squares = (
        base.transform_calculate(
            x1=f"datum.column - {half}",
            x2=f"datum.column + {half}",
            y1=f"datum.row - {half}",
            y2=f"datum.row + {half}",
        )
        .mark_rect(cornerRadius=4, cursor="pointer")
        .encode(
            x=alt.X("x1:Q", scale=across, axis=None),
            x2="x2:Q",
            y=alt.Y("y1:Q", scale=down, axis=None),
            y2="y2:Q",
            color=alt.Color(
                "similarity:Q",
                # The diagonal is always 1: left in, it would wash out all the rest.
                scale=alt.Scale(domain=[low, high], scheme="yelloworangebrown", clamp=True),
                legend=None,
            ),
            strokeWidth=alt.condition(picked, alt.value(3), alt.value(0)),
            stroke=alt.value("#2b6cb0"),
            tooltip=[
                alt.Tooltip("one:N", title="one"),
                alt.Tooltip("other:N", title="other"),
                alt.Tooltip("similarity:Q", title="cosine", format=".4f"),
            ],
        )
        .add_params(picked)
    )
    numbers = base.mark_text(
        fontSize=alt.expr(f"width / {n + 1} < 45 ? 10 : 13"), cursor="pointer"
    ).encode(
        x=alt.X("column:Q", scale=across, axis=None),
        y=alt.Y("row:Q", scale=down, axis=None),
        text=alt.Text("similarity:Q", format=".2f"),
        color=alt.condition(
            alt.datum.similarity > middle + (high - low) * 0.1,
            alt.value("#ffffff"),
            alt.value("#2a1a10"),
        ),
    )
    layers = [squares, numbers]
    # Every thing stands at the head of its column and of its row.
    heads = pd.concat(
        [
            ends.rename(columns={"place": "x", "edge": "y"}),
            ends.rename(columns={"edge": "x", "place": "y"}),
        ]
    )
    here = {"x": alt.X("x:Q", scale=across, axis=None), "y": alt.Y("y:Q", scale=down, axis=None)}
    pictures = alt.Chart(heads[heads["url"].notna()])
    words = alt.Chart(heads[heads["url"].isna()])
    # On a phone the columns are narrower than CELL.
    side = alt.expr(f"min({CELL - 10}, width / {n + 1} - 4)")
    small = alt.expr(f"width / {n + 1} < 60 ? 9 : 12")
    layers += [
        pictures.mark_image(width=side, height=side).encode(
            url="url:N", tooltip=alt.Tooltip("label:N", title="picture"), **here
        ),
        words.mark_text(color=INK, fontSize=small, lineBreak="\n").encode(
            text="lines:N", tooltip=alt.Tooltip("label:N", title="text"), **here
        ),
    ]
    chart = alt.layer(*layers).properties(width="container", height=CELL * (n + 1))
    chart = chart.configure_view(strokeWidth=0)
    answer = st.altair_chart(
        chart,
        key=f"heat-{'-'.join(i.picture_id[:8] or i.label for i in items)}",
        on_select="rerun",
        selection_mode="cell",
        alt="Cosine similarity of every pair on the table",
    )
    points = answer["selection"]["cell"]
    if not points:
        return None
    row, column = int(points[0]["row"]), int(points[0]["column"])
    return (row, column) if row < n and column < n else None


def _lines(text: str) -> str:
    """At most three short lines, so that a text fits its square."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 10 and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    lines = [line if len(line) <= 11 else f"{line[:10]}…" for line in lines]
    return "\n".join(lines if len(lines) <= 3 else [*lines[:2], f"{lines[2]} …"])


def side_by_side(
    workspace: Workspace, items: Sequence[Item], similarities: np.ndarray, row: int, column: int
) -> None:
    off = similarities[np.triu_indices(len(items), 1)]
    value = float(similarities[row, column])
    with st.container(key="wall-pair"):
        for place, at in zip(st.columns(2), (row, column), strict=True):
            with place:
                item = items[at]
                if item.picture_id:
                    st.image(thumbnail(workspace, item.picture_id), alt=item.label, width="stretch")
                st.text(item.label)
    st.metric("Cosine similarity", f"{value:.4f}")
    if row == column:
        st.caption("The same thing twice: a vector's cosine with itself is 1.")
    elif len(off) > 1:
        number = int((off > value).sum()) + 1
        st.caption(f"Number {number} of the {len(off)} pairs on the table.")


def matrix_csv(items: Sequence[Item], similarities: np.ndarray) -> str:
    """The matrix with its names on both sides, nine decimals."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    names = [harmless(item.label) for item in items]
    rows.writerow(["name", *names])
    for name, line in zip(names, similarities, strict=True):
        rows.writerow([name, *(f"{value:.9f}" for value in line)])
    return text.getvalue()
