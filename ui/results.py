"""Results on the page: how many, the pictures page by page, the whole of a ranking as CSV."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.model import Hit, Order
from core.search import Answer, Ranking, Relevance, Results, Term
from core.story import EXPLORER
from core.workspace import Workspace
from ui.exactness import say_exactness
from ui.filters import NAME as WHERE
from ui.filters import asked_order, order_in_words
from ui.links import link, page_here
from ui.near_identical import collapse
from ui.numbers import count
from ui.other_models import offer_clip
from ui.plain_table import plain_table
from ui.query import NAMES as ASKING
from ui.scope import NAME as SCOPE
from ui.standing_out import say_what_stands_out, say_why_not
from ui.strictness import strictness_control
from ui.take_along import csv_button, sheet_of, take_along, to_take_along
from ui.wall import PER_PAGE, Marks, wall

# What of a search its map takes over.
SAID_ON_MAP = (*ASKING, SCOPE, WHERE)


def show_ranking(
    workspace: Workspace,
    ranking: Ranking,
    key: str,
    relevance: Relevance | None = None,
    title: str = "",
    terms: Sequence[Term] = (),
) -> None:
    """Draw a ranking.

    key: names the query, so that another one starts on its first page again. relevance: what
    stands out, where that can be told; those come first. title: what was asked for. terms: the
    parts of the query, which explain the results.
    """
    if not ranking:
        if not ranking.scope.filters:  # else it was said that no picture meets them
            st.info("No picture here has a vector yet.", icon=":material/hourglass_empty:")
        return
    offer_clip(workspace)
    hits = ranking.hits
    lined = relevance is not None and relevance.line is not None
    above = relevance.count if relevance is not None and lined else None
    sheet = sheet_of(workspace, terms, above)
    csv = to_take_along(sheet, ranking)
    if relevance is not None and lined:
        ranking = ranking.first(relevance.order.tolist())
    order = asked_order(workspace)
    if order is not None:
        ranking, key = by_column(workspace, ranking, order, above or 0), f"{key}-{order}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if relevance is not None and lined:
            say_what_stands_out(ranking, relevance.count, title)
        else:
            more = "The first " if ranking.cut else ""
            how = "most similar first" if order is None else "most similar"
            st.markdown(f"**{more}{count(len(ranking), 'picture')}**, {how}")
            say_why_not(workspace, ranking, relevance)
        st.space("stretch")
        shown = collapse(workspace, ranking)
        if lined:
            strictness_control()
        if terms:
            _show_on_the_map()
        take_along(workspace, to_take_along(sheet, ranking), key="ranking")
        csv_button(workspace, csv, "Download CSV", key="csv")
    say_exactness(workspace, ranking)
    if order is not None:
        of = f" Of the {len(ranking):,} most similar." if ranking.cut else ""
        st.caption(f"Sorted by {order_in_words(workspace, order)}.{of}")
    with st.container():
        answer = Answer(tuple(terms), shown) if terms else None
        # The two walls have different numbers of pages.
        key = key if len(shown) < len(ranking) else f"{key}-each"
        show_pages(workspace, shown, key, marks_of(hits, relevance), answer)


def by_column(workspace: Workspace, ranking: Ranking, order: Order, above: int) -> Ranking:
    """The hits sorted by a column: the first `above`, which stand out, and then the others."""
    ids = [hit.picture_id for hit in ranking.hits]
    first = workspace.known.sorted(ids[:above], order)
    rest = workspace.known.sorted(ids[above:], order)
    return ranking.first([*first, *(above + number for number in rest)])


def _show_on_the_map() -> None:
    asked = {name: st.query_params[name] for name in SAID_ON_MAP if name in st.query_params}
    link("Show on the map", EXPLORER, asked, key="on-the-map", here=page_here())


def marks_of(hits: Sequence[Hit], relevance: Relevance | None) -> Marks:
    """How far each picture stands out; none where that cannot be told.

    hits: in the order of the relevance.
    """
    if relevance is None:
        return {}
    # Where nothing stands out there is no line, and nothing that lies below it.
    above = relevance.stands_out if relevance.count else ~relevance.stands_out
    return {
        hit.picture_id: (float(prominence), bool(stands_out))
        for hit, prominence, stands_out in zip(hits, relevance.prominence, above, strict=True)
    }


def show_pages(
    workspace: Workspace,
    results: Results,
    key: str,
    marks: Marks | None = None,
    answer: Answer | None = None,
) -> None:
    """One page of the wall, and the way to the others.

    marks: how far each picture stands out, by id. answer: the query that the results answer.
    """
    place = st.container()
    first = first_of_page(len(results), key)
    with place:
        hung = results.page(first, PER_PAGE)
        wall(workspace, hung, key="results", marks=marks, answer=answer)
    if answer is not None:
        plain_table(workspace, hung, marks, key="as-table")


def first_of_page(results: int, key: str) -> int:
    """The number of the first result on the page that is chosen here; 0 where there is one page.

    results: how many there are. key: as of `show_ranking`.
    """
    pages = -(-results // PER_PAGE)
    if pages < 2:
        return 0
    page: int = st.pagination(pages, key=f"page-{key}")
    return (page - 1) * PER_PAGE
