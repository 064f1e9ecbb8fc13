"""Text search: describe a picture, see what is nearest."""

import streamlit as st

from core.errors import EmbedderError, QueryError
from core.search import parse_text, query_key
from ui.address import follow_address, write_address
from ui.empty_state import nothing_to_search
from ui.examples import example_queries
from ui.query_parts import show_parts
from ui.resources import open_workspace
from ui.results import show_pages, show_ranking
from ui.scope import choose_scope
from ui.shell import page_frame
from ui.strictness import chosen_strictness
from ui.vocabulary_notice import say_how_it_was_read, say_what_is_known

workspace = open_workspace()
page_frame(workspace, "Describe a picture")
if nothing_to_search(workspace):
    st.stop()

start = follow_address("q", "query")
with st.container(horizontal=True, vertical_alignment="bottom"):
    text = st.text_input(
        "Search",
        value=start,
        key="query",
        type="search",
        placeholder="a blue house in the snow",
        # Typing costs nothing only where a call costs nothing. True is a pause of 250 ms; to read
        # one of our own, Streamlit would import pandas, a third of a second of the first start.
        live=not workspace.embedder.paid,
        on_change=lambda: write_address("q", query_key(st.session_state["query"])),
    )
    scope = choose_scope(workspace)
example_queries(workspace)
say_what_is_known(workspace)

query = query_key(text or "")
try:
    terms = parse_text(query)
    if len(terms) > 1 or any(term.weight < 0 for term in terms):
        show_parts(terms)
    ranking = workspace.search(workspace.parts_of(terms), scope) if terms else None
except (EmbedderError, QueryError) as error:
    st.warning(str(error), icon=":material/search_off:")
    st.stop()
if ranking is not None:
    say_how_it_was_read(workspace, " ".join(term.text for term in terms))
    relevance = workspace.standing_out(terms, ranking, chosen_strictness())
    show_ranking(workspace, ranking, f"text-{query}-{scope}", relevance, title=query)
else:
    pictures = workspace.browse(scope)
    st.caption(f"{len(pictures):,} pictures. Type what you are looking for, or press an example.")
    show_pages(workspace, pictures, key=f"all-{scope}")
