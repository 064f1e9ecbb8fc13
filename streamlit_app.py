"""Vectorscope: search pictures by meaning."""

import streamlit as st

st.set_page_config(page_title="Vectorscope", page_icon=":material/image_search:", layout="wide")

st.navigation(
    [
        st.Page(
            "pages/text_search.py", title="Text search", icon=":material/search:", default=True
        ),
        st.Page("pages/image_search.py", title="Image search", icon=":material/image_search:"),
        st.Page("pages/explorer.py", title="Explorer", icon=":material/scatter_plot:"),
        st.Page("pages/indexing.py", title="Indexing", icon=":material/database:"),
    ],
    position="top",
).run()
