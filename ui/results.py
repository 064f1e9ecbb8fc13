"""Results on the page: how many, the pictures page by page, the whole of a ranking as CSV."""

from __future__ import annotations

import csv
import io

import streamlit as st

from core.search import Ranking, Results
from core.workspace import Workspace
from ui.numbers import count
from ui.other_models import offer_clip
from ui.wall import PER_PAGE, wall


def show_ranking(workspace: Workspace, ranking: Ranking, key: str) -> None:
    """Draw a ranking.

    key: names the query, so that another one starts on its first page again.
    """
    if not ranking:
        st.info("No picture here has a vector yet.", icon=":material/hourglass_empty:")
        return
    offer_clip(workspace)
    with st.container(horizontal=True, vertical_alignment="center"):
        more = "The first " if ranking.cut else ""
        st.markdown(f"**{more}{count(len(ranking), 'picture')}**, most similar first")
        st.space("stretch")
        st.download_button(
            "Download CSV",
            lambda: to_csv(ranking),
            file_name="ranking.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    with st.container():
        show_pages(workspace, ranking, key)


def show_pages(workspace: Workspace, results: Results, key: str) -> None:
    """One page of the wall, and the way to the others."""
    pages = max(1, -(-len(results) // PER_PAGE))
    place = st.container()
    page = 1
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center"):
            page = st.pagination(pages, key=f"page-{key}")
    with place:
        wall(workspace, results.page((page - 1) * PER_PAGE, PER_PAGE), key="results")


def to_csv(ranking: Ranking) -> str:
    """rank,name,id,similarity for every hit, nine decimals."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["rank", "name", "id", "similarity"])
    for result in ranking.page(0, len(ranking)):
        if result.hit is not None:
            name = harmless(result.picture.name)
            rows.writerow([result.hit.rank, name, result.picture.id, f"{result.hit.cosine:.9f}"])
    return text.getvalue()


def harmless(name: str) -> str:
    """A name that a spreadsheet would run as a formula gets the apostrophe that stops it."""
    return f"'{name}" if name[:1] in ("=", "+", "@", "\t", "\r") else name
