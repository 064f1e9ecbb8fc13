"""Where this visitor's searches are kept, and how one of them is named, opened and remembered."""

from __future__ import annotations

import time
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from core.errors import IndexUnavailable, QueryError
from core.search import (
    Asked,
    KeptSearches,
    Ranking,
    SessionSearches,
    in_words,
    parse_filters,
    remember,
    written_parts,
)
from core.story import IMAGE_SEARCH, TEXT_SEARCH
from core.workspace import Workspace
from ui.brought import brought, name_of
from ui.links import STORY
from ui.query import read_terms, terms_in
from ui.visitor import manage, visitor

# As many pictures as make a saved search known again at a glance.
FACE = 3


def kept_searches(workspace: Workspace) -> KeptSearches:
    """In the index for those who may manage it; for others in their session, and for it alone."""
    if visitor(workspace).may_manage:
        return manage(workspace).kept_searches
    own: SessionSearches = st.session_state.setdefault("kept-searches", SessionSearches())
    return own


def address_now(page: str) -> str:
    """What is asked on this page now, as its address says it.

    Texts alone are the same query on either page, and the text search is where they belong.
    """
    if not {"pic", "id"} & set(st.query_params):
        page = TEXT_SEARCH
    asked = {name: value for name, value in st.query_params.items() if name != STORY}
    return f"{page}?{urlencode(asked, errors='replace')}"


def remember_search(workspace: Workspace, page: str, ranking: Ranking | None) -> None:
    """Bring what was answered into the history; the last thing that a page does.

    A rerun of the same query writes nothing. A picture that the visitor brought is known to this
    session only, so that a query with one is not remembered.
    """
    if ranking is None:
        return
    address = address_now(page)
    st.session_state["answered"] = address, tuple(h.picture_id for h in ranking.hits[:FACE])
    if has_own_picture(workspace):
        return
    last: Asked = st.session_state.get("asked", Asked())
    # A disk that is full keeps nobody from searching.
    with suppress(IndexUnavailable):
        st.session_state["asked"] = remember(
            kept_searches(workspace), last, address, time.time(), live=not workspace.embedder.paid
        )


def face_of(address: str) -> tuple[str, ...]:
    """The first pictures of the last answer, if it was to this address."""
    answered, face = st.session_state.get("answered", ("", ()))
    return face if answered == address else ()


def words_of(workspace: Workspace, address: str) -> str:
    """The query of an address in its text form, with names for pictures."""
    parameters = parameters_of(address)
    try:
        terms = terms_in(workspace, parameters).terms
    except QueryError:
        terms = ()
    words, _ = written_parts(terms, [name_of(workspace, term) for term in terms])
    where = f" in {parameters['in']}" if parameters.get("in") else ""
    known = workspace.known.columns()
    types = {column.name: column.type for column in known}
    said = [
        f"{wanted.column} {in_words(wanted, types[wanted.column])}"
        for wanted in parse_filters(parameters.get("where", ""), known).filters
    ]
    filters = f" · {', '.join(said)}" if said else ""
    return f"{words or parameters.get('q', '') or 'A search'}{where}{filters}"


def parameters_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(address.partition("?")[2]))


def page_of(address: str, page: str) -> str:
    """The page where it was asked. page: the one for an address that names none."""
    there = address.partition("?")[0]
    return there if there in (TEXT_SEARCH, IMAGE_SEARCH) else page


def has_own_picture(workspace: Workspace) -> bool:
    """Whether the query of this page holds a picture that only this session knows."""
    try:
        return any(term.picture_id in brought() for term in read_terms(workspace).terms)
    except QueryError:
        return False
