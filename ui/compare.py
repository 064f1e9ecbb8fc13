"""The explorer's view "Compare": what lies on the table, every pair of it, and one pair closely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.explore import Metric, by_likeness, metric_matrix, similarity_matrix
from core.model import EVERYTHING
from core.search import Part, query_key
from core.workspace import Workspace
from ui.address import choice_in_address
from ui.comparison import MOST, table_pictures, table_texts
from ui.heat_map import heat_map, matrix_csv
from ui.numbers import count
from ui.pair import begin_with_pair, choose_pair, follow_pair, is_missing, show_pair
from ui.table_items import items_on_table, lengths_of

# More names than this make a list that nobody scrolls, and a page that is slow to send.
LISTED = 2000

METRICS: dict[str, str] = {
    Metric.COSINE: "Cosine",
    Metric.INNER_PRODUCT: "Inner product",
    Metric.EUCLIDEAN: "Euclidean distance",
}
EXPLAINED = {
    Metric.COSINE: "The cosine of the angle between two vectors; their lengths play no part.",
    Metric.INNER_PRODUCT: "The dot product of two vectors at the lengths that the model gave them.",
    Metric.EUCLIDEAN: (
        "How far two vectors lie apart, at the lengths that the model gave them: smaller is nearer."
    ),
}
# Where the model gives every vector the length 1.
ALL_UNIT = {
    Metric.COSINE: "",
    Metric.INNER_PRODUCT: " This model gives all of them the length 1, so it is the cosine.",
    Metric.EUCLIDEAN: (
        " This model gives all of them the length 1, so it orders pairs as the cosine does."
    ),
}
FILES = {
    Metric.COSINE: "similarities.csv",
    Metric.INNER_PRODUCT: "inner_products.csv",
    Metric.EUCLIDEAN: "distances.csv",
}
NOT_THERE = "The pair that the address names is not on the table (any more)."
ORDERS = {"chosen": "As chosen", "likeness": "By likeness"}


def compare_view(workspace: Workspace) -> None:
    st.markdown("Put pictures and texts on the table: every cell compares two of their vectors.")
    begin_with_pair()
    choose(workspace)
    items = items_on_table(workspace)
    pair = follow_pair(items)
    if len(items) < 2:
        if is_missing(pair):
            st.caption(NOT_THERE)
        st.caption("Choose at least two, or press Compare on any search result.")
        if not items and st.button("Show an example", icon=":material/auto_awesome:"):
            put_example(workspace)
            st.rerun()
        return
    with st.container(horizontal=True):
        metric = Metric(choice_in_address("Metric", "metric", METRICS))
        order = choice_in_address("Order", "order", ORDERS)
    if order == "likeness":
        cosines = similarity_matrix(np.stack([item.vector for item in items]))
        items = [items[place] for place in by_likeness(cosines)]
        pair = follow_pair(items)
    lengths: list[float | None] = [None] * len(items)
    if metric is not Metric.COSINE:
        lengths = lengths_of(workspace, items)
    explain(metric, lengths, workspace.embedder.normalises)
    values = metric_matrix(metric, np.stack([item.vector for item in items]), lengths)
    left, right = st.columns([3, 2], gap="large")
    with left:
        heat_map(items, values, metric, METRICS[metric], pair)
        st.download_button(
            "Download matrix CSV",
            lambda: matrix_csv(items, values),
            file_name=FILES[metric],
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    with right:
        choose_pair(items, pair)
        if pair is not None:
            show_pair(workspace, items, values, metric, METRICS[metric], pair)
        elif is_missing(pair):
            st.caption(NOT_THERE)
        else:
            st.caption("Click a cell, or choose two here, to see them side by side.")


def explain(metric: Metric, lengths: Sequence[float | None], normalised: bool) -> None:
    """What the metric is, and for which of the vectors it is not known.

    normalised: the model gives every vector the length 1.
    """
    st.caption(EXPLAINED[metric] + (ALL_UNIT[metric] if normalised else ""))
    unknown = lengths.count(None)
    if metric is not Metric.COSINE and unknown:
        was, them = ("was", "it") if unknown == 1 else ("were", "them")
        st.info(
            f"{count(unknown, 'vector')} on the table {was} indexed or asked for before lengths "
            f"were kept; of {them}, only the cosine is known."
        )


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
            on_change=_take_texts,
        )


def _take_texts() -> None:
    texts = (query_key(text) for text in st.session_state["chosen-texts"] if text.strip())
    # Two that differ in their spaces alone are one.
    st.session_state["table-texts"] = list(dict.fromkeys(texts))


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
