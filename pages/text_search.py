"""Text search: describe a picture, see what is nearest."""

import streamlit as st

from core.search import Term, query_key
from core.story import TEXT_SEARCH
from ui.address import follow_address, write_address
from ui.answer import asked_for
from ui.empty_state import nothing_to_search
from ui.examples import example_queries
from ui.filters import filtered
from ui.kept_searches import remember_search
from ui.links import STORY
from ui.page_over import end_page
from ui.query import add_term
from ui.query_picture import bring_picture
from ui.resources import open_workspace
from ui.scope import choose_scope
from ui.searches import searches
from ui.shell import page_frame
from ui.side_by_side import costs_calls, show_found, side_by_side_switch
from ui.story import offer_story
from ui.vocabulary_notice import say_what_is_known
from ui.within import narrowed

workspace = open_workspace()
page_frame(workspace, "Describe a picture")
if nothing_to_search(workspace):
    end_page()

start = follow_address("q", "query")
with st.container(horizontal=True, vertical_alignment="bottom"):
    st.text_input(
        "Search",
        value=start,
        key="query",
        type="search",
        placeholder="a blue house in the snow",
        # Typing costs nothing only where a call costs nothing. True is a pause of 250 ms; to read
        # one of our own, Streamlit would import pandas, a third of a second of the first start.
        live=not costs_calls(workspace),
        on_change=lambda: write_address("q", query_key(st.session_state["query"])),
    )
    with st.popover("Add a picture", icon=":material/add_photo_alternate:"):
        bring_picture(
            workspace, lambda own: add_term(workspace, Term(picture_id=own.id)), key="add-"
        )
    searches(workspace, TEXT_SEARCH)
    side_by_side_switch(workspace)
    scope = choose_scope(workspace)
scope = filtered(workspace, narrowed(workspace, scope), sortable=True)
if STORY not in st.query_params:  # the story says itself what to ask, and needs the room
    example_queries(workspace)
    if not st.query_params:
        offer_story(workspace)
    say_what_is_known(workspace)

terms, hint = asked_for(workspace), ""
if not terms:
    count = len(workspace.browse(scope))
    hint = f"{count:,} pictures. Type what you are looking for, or press an example."
ranking = show_found(workspace, terms, scope, hint)
remember_search(workspace, TEXT_SEARCH, ranking)
