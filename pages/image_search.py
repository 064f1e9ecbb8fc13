"""Image search: bring a picture, see what is like it."""

import streamlit as st

from core.model import Hit
from core.search import Part
from ui.empty_state import nothing_to_search
from ui.query_picture import ask_for_picture, chosen_picture, follow_id
from ui.resources import open_workspace
from ui.results import show_pages, show_results
from ui.scope import choose_scope
from ui.shell import page_frame

space = open_workspace()
page_frame(space, "Search with a picture")
if nothing_to_search(space):
    st.stop()

follow_id(space)
ways, shown = st.columns([3, 2], gap="large")
with ways:
    ask_for_picture(space)
    scope = choose_scope(space)

query = chosen_picture()
if isinstance(query, str):
    st.warning(query, icon=":material/broken_image:")
elif query is None:
    ids = space.store.ids(scope)
    st.caption("Bring a picture of your own, or start from one of the collection.")
    show_pages(space, [Hit(i, 0.0, 0, ()) for i in ids], scope, key=f"all-{scope}", scored=False)
else:
    with shown, st.container(key="query-picture"):
        if query.shown is not None:
            st.image(query.shown, alt=query.title)
        st.text(query.title)
        if query.note:
            st.caption(query.note)
    show_results(
        space,
        [Part(query.vector)],
        scope,
        key=f"image-{query.key}-{scope}",
        leave_out=query.picture_id,
    )
