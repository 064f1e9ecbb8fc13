"""Image search: bring a picture, see what is like it."""

from dataclasses import replace

import streamlit as st

from core.search import Term, query_key
from core.story import IMAGE_SEARCH
from ui.address import follow_address, write_address
from ui.answer import agree_to, asked_for
from ui.empty_state import nothing_to_search
from ui.filters import filtered
from ui.kept_searches import remember_search
from ui.page_over import end_page
from ui.query import write_terms
from ui.query_picture import bring_picture
from ui.resources import open_workspace
from ui.scope import choose_scope
from ui.searches import searches
from ui.shell import page_frame
from ui.shown_picture import show_picture
from ui.side_by_side import show_found, side_by_side_switch
from ui.within import narrowed

workspace = open_workspace()
page_frame(workspace, "Search with a picture")
if nothing_to_search(workspace):
    end_page()

start = follow_address("q", "words")
ways, shown = st.columns([3, 2], gap="large")
with ways:
    bring_picture(workspace, lambda own: write_terms([Term(picture_id=own.id)]))
    terms = asked_for(workspace)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if terms:
            st.text_input(
                "And in words",
                value=start,
                key="words",
                placeholder="at night - snow",
                on_change=lambda: write_address("q", query_key(st.session_state["words"])),
            )
        searches(workspace, IMAGE_SEARCH)
        side_by_side_switch(workspace)
        scope = choose_scope(workspace)
    scope = filtered(workspace, narrowed(workspace, scope), sortable=True)

pictures = [number for number, term in enumerate(terms) if term.picture_id]
if pictures:
    with shown, st.container(key="query-picture"):
        first = pictures[0]
        show_picture(
            workspace,
            terms[first],
            lambda region: agree_to(
                workspace,
                [*terms[:first], replace(terms[first], region=region), *terms[first + 1 :]],
            ),
        )
hint = "Bring a picture of your own, or start from one of the collection."
ranking = show_found(workspace, terms, scope, hint)
remember_search(workspace, IMAGE_SEARCH, ranking)
