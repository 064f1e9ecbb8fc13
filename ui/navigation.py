"""The four pages, and how a page that was opened alone finds its frame."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit import delta_generator
from streamlit.navigation.page import StreamlitPage

ENTERED = "entered"

# Before its first element Streamlit reads the source of every module to see whether somebody types
# at a prompt: a fifth of a second of the first start. Under `streamlit run` nobody does.
delta_generator._use_warning_has_been_displayed = True

# A file, not an icon's name: those are fetched from another host. Said before the navigation, or
# the browser fetches the icon of the page for its tab.
ICON = Path(__file__).with_name("icon.png")


def navigation() -> StreamlitPage:
    st.session_state[ENTERED] = True
    st.set_page_config(page_title="Vectorscope", page_icon=ICON, layout="wide")
    return st.navigation(
        [
            st.Page(
                "pages/text_search.py", title="Text search", icon=":material/search:", default=True
            ),
            st.Page("pages/image_search.py", title="Image search", icon=":material/image_search:"),
            st.Page("pages/explorer.py", title="Explorer", icon=":material/scatter_plot:"),
            st.Page("pages/indexing.py", title="Indexing", icon=":material/database:"),
        ],
        position="top",
    )


def require_frame() -> None:
    """Start over through the entry point if this page runs without it.

    Streamlit takes a folder named pages/ for its older kind of app until st.navigation was called
    once in the process: a deep link that is the first request after a start runs the page's script
    alone, without the page's settings and without the others.
    """
    if ENTERED not in st.session_state:
        navigation()
        st.rerun()
