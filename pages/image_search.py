"""Image search: bring a picture, see what is like it."""

import streamlit as st

from core.search import Part
from ui.empty_state import nothing_to_search
from ui.query_picture import ask_for_picture, chosen_picture, follow_id
from ui.resources import open_workspace
from ui.results import show_pages, show_ranking
from ui.scope import choose_scope
from ui.shell import page_frame

workspace = open_workspace()
page_frame(workspace, "Search with a picture")
if nothing_to_search(workspace):
    st.stop()

follow_id(workspace)
ways, shown = st.columns([3, 2], gap="large")
with ways:
    ask_for_picture(workspace)
    scope = choose_scope(workspace)

query = chosen_picture()
if isinstance(query, str):
    st.warning(query, icon=":material/broken_image:")
elif query is None:
    st.caption("Bring a picture of your own, or start from one of the collection.")
    show_pages(workspace, workspace.browse(scope), key=f"all-{scope}")
else:
    with shown, st.container(key="query-picture"):
        if query.shown is not None:
            st.image(query.shown, alt=query.title)
        st.text(query.title)
        if query.note:
            st.caption(query.note)
    itself = [query.picture_id] if query.picture_id else []
    ranking = workspace.search([Part(query.vector)], scope, leave_out=itself)
    show_ranking(workspace, ranking, key=f"image-{query.key}-{scope}")
