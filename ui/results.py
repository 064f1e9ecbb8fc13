"""Results on the page: how many, the pictures page by page, the whole of a ranking as CSV."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.search import Answer, Ranking, Relevance, Results, Term
from core.workspace import Workspace
from ui.numbers import count
from ui.other_models import offer_clip
from ui.strictness import strictness_control
from ui.take_along import csv_button, take_along, to_take_along
from ui.wall import PER_PAGE, Marks, wall


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
        st.info("No picture here has a vector yet.", icon=":material/hourglass_empty:")
        return
    offer_clip(workspace)
    marks = _marks(ranking, relevance)
    above = relevance.count if relevance is not None and marks else None
    csv = to_take_along(workspace, terms, ranking, above)
    if relevance is not None and marks:
        ranking = ranking.first(relevance.order.tolist())
    with st.container(horizontal=True, vertical_alignment="center"):
        if relevance is not None and marks:
            _say_what_stands_out(ranking, relevance.count, title)
        else:
            more = "The first " if ranking.cut else ""
            st.markdown(f"**{more}{count(len(ranking), 'picture')}**, most similar first")
        st.space("stretch")
        if marks:
            strictness_control()
        take_along(workspace, to_take_along(workspace, terms, ranking, above), key="ranking")
        csv_button(csv, "Download CSV", key="csv")
    with st.container():
        answer = Answer(tuple(terms), ranking) if terms else None
        show_pages(workspace, ranking, key, marks, answer)


def _marks(ranking: Ranking, relevance: Relevance | None) -> Marks:
    """How far each picture stands out; none where that cannot be told."""
    if relevance is None or relevance.line is None:
        return {}
    # Where nothing stands out there is no line, and nothing that lies below it.
    above = relevance.stands_out if relevance.count else ~relevance.stands_out
    return {
        hit.picture_id: (float(prominence), bool(stands_out))
        for hit, prominence, stands_out in zip(
            ranking.hits, relevance.prominence, above, strict=True
        )
    }


def _say_what_stands_out(ranking: Ranking, number: int, title: str) -> None:
    if number:
        of = f"of {'more than ' if ranking.cut else ''}{len(ranking):,}"
        verb = "stands" if number == 1 else "stand"
        st.markdown(f"**{number:,} {of} {verb} out**")
    else:
        # st.text: the query is a visitor's.
        st.text(f"Nothing here stands out for “{title}”. The nearest are:")


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
    pages = max(1, -(-len(results) // PER_PAGE))
    place = st.container()
    page = 1
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center"):
            page = st.pagination(pages, key=f"page-{key}")
    with place:
        hung = results.page((page - 1) * PER_PAGE, PER_PAGE)
        wall(workspace, hung, key="results", marks=marks, answer=answer)
