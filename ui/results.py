"""A ranking: how many, the pictures page by page, the whole of it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import streamlit as st

from core.model import Hit, Scope
from core.search import Part, search
from core.workspace import Workspace
from ui.wall import PER_PAGE, wall
from ui.wording import count

# What "Download CSV" holds at most, and how far one can page.
LONGEST = 1000


def show_results(
    space: Workspace,
    parts: Sequence[Part],
    scope: Scope,
    key: str,
    leave_out: str = "",
) -> None:
    """Rank the pictures in `scope` and draw them.

    key: names the query, so that another one starts on its first page again.
    leave_out: a picture id, the query itself.
    """
    matrix = space.matrix()
    hits = search(matrix, parts, LONGEST + 1, space.allowed(matrix, scope))
    hits = rank_again([h for h in hits if h.picture_id != leave_out][:LONGEST])
    if not hits:
        st.info("No picture here has a vector yet.", icon=":material/hourglass_empty:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        more = "The first " if len(hits) == LONGEST else ""
        st.markdown(f"**{more}{count(len(hits), 'picture')}**, most similar first")
        st.space("stretch")
        st.download_button(
            "Download CSV",
            lambda: to_csv(space, hits, scope),
            file_name="ranking.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    with st.container():
        show_pages(space, hits, scope, key)


def show_pages(
    space: Workspace, hits: Sequence[Hit], scope: Scope, key: str, scored: bool = True
) -> None:
    """One page of the wall, and the way to the others."""
    pages = max(1, -(-len(hits) // PER_PAGE))
    place = st.container()
    page = 1
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center"):
            page = st.pagination(pages, key=f"page-{key}")
    with place:
        first = (page - 1) * PER_PAGE
        wall(space, hits[first : first + PER_PAGE], scope, key="results", scored=scored)


def rank_again(hits: Sequence[Hit]) -> list[Hit]:
    return [Hit(h.picture_id, h.cosine, rank, h.shares) for rank, h in enumerate(hits, 1)]


def to_csv(space: Workspace, hits: Sequence[Hit], scope: Scope) -> str:
    """rank,name,id,similarity for every hit, nine decimals."""
    pictures = space.store.pictures([hit.picture_id for hit in hits], scope)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["rank", "name", "id", "similarity"])
    for hit in hits:
        if hit.picture_id in pictures:
            name = harmless(pictures[hit.picture_id].name)
            rows.writerow([hit.rank, name, hit.picture_id, f"{hit.cosine:.9f}"])
    return text.getvalue()


def harmless(name: str) -> str:
    """A name that a spreadsheet would run as a formula gets the apostrophe that stops it."""
    return f"'{name}" if name[:1] in ("=", "+", "@", "\t", "\r") else name
